"""Writes a run manifest, after it was verified as another machine would."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from aitrader_core.domain.errors import InputError, ManifestError
from aitrader_core.exchange.archive import archived
from aitrader_core.exchange.run_manifest import Asked, members_of
from aitrader_core.exchange.run_verifying import verify_run
from aitrader_core.runner.floor import Floor


@dataclass(frozen=True, slots=True)
class Exported:
    """`digest` is that of the run, `size` that of the file in bytes."""

    digest: str
    size: int
    days: dict[str, int]


def export(
    floor: Floor,
    config_dir: Path,
    asked: Asked,
    around: Mapping[str, str],
    path: Path,
    *,
    with_prices: bool = True,
) -> Exported:
    """`around` is the environment here, whose secrets may stand nowhere in the file.

    InputError for what could not be verified elsewhere; nothing is written then.
    """
    members = members_of(floor, config_dir, asked, around, with_prices=with_prices)
    content = archived(members)
    with TemporaryDirectory(prefix="aitrader-run-") as folder:
        draft = Path(folder) / "run.zip"
        draft.write_bytes(content)
        try:
            verdict = verify_run(draft, trust_code=True)  # it is our own
        except ManifestError as error:
            told = str(error).replace(str(draft), path.name)
            raise InputError(f"nothing is written: {told}") from None
    if verdict.faults:
        raise InputError(f"nothing is written: {verdict.faults[0]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise InputError(
            f"{path}: can't be written ({error.strerror}): choose another place"
        ) from None
    return Exported(verdict.digest, len(content), verdict.days)
