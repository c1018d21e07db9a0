"""aitrader engines: build, list, purge."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from aitrader_core.cli.opening import as_json_option
from aitrader_core.cli.printing import console, counted, print_json, print_table, say
from aitrader_core.inference.options import PRECISIONS, Precision

if TYPE_CHECKING:
    from aitrader_core.inference.engine_cache import EngineCache, Entry
    from aitrader_core.inference.engine_key import Runtime
    from aitrader_core.inference.engine_purging import Purged
    from aitrader_core.inference.engines import Built
    from aitrader_core.runner.settings import Settings

COLUMNS = ("engine", "network", "runtime", "for", "rows", "type", "size")
UNBROKEN = ("engine", "size")
_RUNTIMES = ("tensorrt", "tensorrt-rtx", "ort-tensorrt")


@click.group()
def engines() -> None:
    """Networks compiled for NVIDIA devices: build them in advance, and see what is kept."""


def _rows(_: object, __: object, given: str | None) -> tuple[int, int, int] | None:
    """MIN,OPT,MAX."""
    if given is None:
        return None
    try:
        least, best, most = map(int, given.split(","))
    except ValueError:
        raise click.BadParameter(f"{given!r} is not MIN,OPT,MAX, such as 1,64,4096") from None
    if not 1 <= least <= best <= most:
        raise click.BadParameter(f"{given!r} must be 1 or more, and rise")
    return least, best, most


@engines.command()
@click.argument("networks", nargs=-1, required=True, metavar="NETWORK...")
@click.option(
    "--backend",
    type=click.Choice(_RUNTIMES),
    help="The runtime; AITRADER_INFERENCE_BACKEND if that is one, else tensorrt.",
)
@click.option("--precision", type=click.Choice(PRECISIONS), help="AITRADER_INFERENCE_PRECISION.")
@click.option("--rows", callback=_rows, metavar="MIN,OPT,MAX", help="Batches that it takes.")
@click.option("--for", "aims", metavar="SM89,...", help="Devices, for tensorrt-rtx alone.")
@as_json_option
def build(
    networks: tuple[str, ...],
    backend: "Runtime | None",
    precision: Precision | None,
    rows: tuple[int, int, int] | None,
    aims: str | None,
    as_json: bool,
) -> None:
    """Build the engine of each NETWORK of configs/networks, unless it is there.

    tensorrt and ort-tensorrt build for the device that is here. tensorrt-rtx needs none: it builds
    for Ampere and later, or for the devices that --for names.
    """
    from dataclasses import replace

    from aitrader_core.inference.engines import build_engine
    from aitrader_core.inference.network import read_network
    from aitrader_core.runner.settings import load_settings, runner_options

    settings = load_settings()
    options = runner_options(settings)
    options = replace(options, precision=precision or options.precision)
    runtime = backend or _runtime(options.backend)
    read = [read_network(settings.config_dir, name) for name in networks]
    done = []
    for network in read:
        with _working(f"building {network.name} with {runtime}"):
            capabilities = aims.split(",") if aims else ()
            done.append(build_engine(network, options, runtime, capabilities, rows))
        if not as_json:
            say(_told(done[-1]))
    if as_json:
        print_json(
            [{**_as_json(b.entry), "new": b.is_new, "seconds": round(b.seconds, 3)} for b in done]
        )


@engines.command("list")
@as_json_option
def list_engines(as_json: bool) -> None:
    """What is built, the newest first."""
    cache, _ = _open()
    found = cache.entries()
    if as_json:
        print_json([_as_json(entry) for entry in found])
    elif found:
        print_table(COLUMNS, map(_row, found), right=UNBROKEN)
        say(f"{counted(len(found), 'engine')} in {cache.folder}")
    else:
        say(f"there are no engines in {cache.folder}: aitrader engines build NETWORK")


@engines.command()
@click.argument("networks", nargs=-1, metavar="NETWORK...")
@click.option("--stale", is_flag=True, help="Of networks and runtimes that are not here any more.")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and delete nothing.")
@as_json_option
def purge(
    networks: tuple[str, ...], stale: bool, everything: bool, dry_run: bool, as_json: bool
) -> None:
    """Delete the engines of each NETWORK, or stale ones, or all; none that is being built.

    An engine that is asked for again is built again.
    """
    from aitrader_core.inference import engine_purging

    if sum((bool(networks), stale, everything)) != 1:
        raise click.UsageError("say which: networks by their names, or --stale, or --all")
    cache, settings = _open()
    found = cache.entries()
    if stale:
        digests = _digests(settings)
        chosen = engine_purging.stale(found, digests, engine_purging.installed())
    else:
        chosen = [e for e in found if everything or e.network in networks]
        _check_known(networks, found)
    done = engine_purging.purge(cache, chosen, ruins=not networks, dry_run=dry_run)
    if as_json:
        gone = [_as_json(entry) for entry in done.gone]
        kept = [_as_json(entry) for entry in done.kept]
        print_json({"dry_run": dry_run, "gone": gone, "unfinished": done.ruins, "kept": kept})
    else:
        _print_purged(done, "would go" if dry_run else "went")


def _open() -> "tuple[EngineCache, Settings]":
    from aitrader_core.inference.engine_cache import EngineCache
    from aitrader_core.runner.settings import load_settings, runner_options

    settings = load_settings()
    folder = runner_options(settings).engines
    assert folder is not None
    return EngineCache(folder), settings


def _digests(settings: "Settings") -> set[str]:
    from aitrader_core.inference.network import FOLDER, read_network

    files = (settings.config_dir / FOLDER).glob("*.onnx")
    return {read_network(settings.config_dir, path.stem).digest for path in files}


def _check_known(networks: tuple[str, ...], found: "list[Entry]") -> None:
    from aitrader_core.domain.errors import InputError

    known = sorted({entry.network for entry in found})
    for name in networks:
        if name not in known:
            raise InputError(
                f"there is no engine of {name}: there are those of {', '.join(known) or 'none'}"
            )


def _runtime(backend: str) -> "Runtime":
    from aitrader_core.inference.engine_key import RUNTIMES

    return next((runtime for runtime in RUNTIMES if runtime == backend), "tensorrt")


@contextmanager
def _working(what: str) -> Iterator[None]:
    """That something is going on: on a terminal with a clock's hand, elsewhere in a line."""
    screen = console(err=True)
    if screen.is_terminal:
        with screen.status(f"{what} ..."):
            yield
    else:
        click.echo(f"{what} ...", err=True)
        yield


def _told(built: "Built") -> str:
    entry = built.entry
    did = f"built in {built.seconds:.1f} s" if built.is_new else "was there"
    return f"{entry.network}: engine {entry.key.name} {did}, {_size(entry)}"


def _row(entry: "Entry") -> tuple[str, ...]:
    key = entry.key
    return (
        key.name,
        entry.network,
        f"{key.runtime} {key.version}",
        key.compute_capability,
        ",".join(map(str, key.profile)),
        key.precision,
        "being built" if entry.is_being_built else _size(entry),
    )


def _size(entry: "Entry") -> str:
    kilobytes = entry.size / 1_000
    return f"{kilobytes:,.0f} kB" if kilobytes < 10_000 else f"{kilobytes / 1_000:,.0f} MB"


def _as_json(entry: "Entry") -> dict[str, Any]:
    from datetime import UTC, datetime

    return {
        "engine": entry.key.name,
        "network": entry.network,
        **entry.key.told,
        "bytes": entry.size,
        "built": datetime.fromtimestamp(entry.built, UTC),
        "being_built": entry.is_being_built,
    }


def _print_purged(done: "Purged", did: str) -> None:
    if done.gone:
        print_table(COLUMNS, map(_row, done.gone), right=UNBROKEN)
    left = f" and {len(done.ruins):,} that nobody finished" if done.ruins else ""
    if done.gone or done.ruins:
        say(f"{counted(len(done.gone), 'engine')}{left} {did}")
    else:
        say("nothing is to go")
    for entry in done.kept:
        say(f"{entry.key.name} of {entry.network} is being built, and stays")
