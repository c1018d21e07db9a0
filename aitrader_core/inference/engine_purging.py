"""Which engines nobody will ask for again."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.engine_cache import EngineCache, Entry
from aitrader_core.inference.engine_key import RUNTIMES, EngineKey, Runtime
from aitrader_core.inference.engines import NATIVE
from aitrader_core.inference.tensorrt_module import load_tensorrt


@dataclass(frozen=True, slots=True)
class Purged:
    """`gone` are the engines that went, or would; `ruins` the names of what was never finished;
    `kept` those that are being built."""

    gone: Sequence[Entry]
    ruins: Sequence[str]
    kept: Sequence[Entry]


def purge(cache: EngineCache, entries: Collection[Entry], *, ruins: bool, dry_run: bool) -> Purged:
    """Removes `entries`, and what builders left who were killed, but nothing that is being
    built."""
    broken = cache.ruins() if ruins else []
    kept = [entry for entry in entries if entry.is_being_built]
    gone = [entry for entry in entries if entry not in kept]
    if not dry_run:
        late = [entry for entry in gone if not cache.remove(entry.key.name)]
        kept, gone = kept + late, [entry for entry in gone if entry not in late]
        broken = [name for name in broken if cache.remove(name)]
    return Purged(gone, [n for n in broken if n not in _names(gone)], kept)


def stale(
    entries: Collection[Entry], digests: Collection[str], versions: Mapping[Runtime, str]
) -> list[Entry]:
    """Those of a network that is none of `digests`, or of a runtime that is not the installed."""
    return [
        entry
        for entry in entries
        if entry.key.digest not in digests or not _runs(entry.key, versions[entry.key.runtime])
    ]


def installed() -> dict[Runtime, str]:
    """The version of each runtime; nothing of one that is not here."""
    found: dict[Runtime, str] = dict.fromkeys(RUNTIMES, "")
    for runtime in NATIVE:
        with suppress(InferenceError):
            found[runtime] = load_tensorrt(runtime).__version__
    with suppress(PackageNotFoundError):
        found["ort-tensorrt"] = version("onnxruntime-gpu")
    return found


def _runs(key: EngineKey, here: str) -> bool:
    """ONNX Runtime's engines tell its version and TensorRT's."""
    return here == (key.version.split()[0] if key.runtime == "ort-tensorrt" else key.version)


def _names(entries: Collection[Entry]) -> set[str]:
    return {entry.key.name for entry in entries}
