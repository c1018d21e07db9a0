"""aitrader infer bench and parity."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from aitrader_core.cli.infer import chosen_networks
from aitrader_core.cli.opening import as_json_option
from aitrader_core.cli.printing import counted, print_json, print_table, say
from aitrader_core.inference.options import BACKENDS, MOST_ROWS, PRECISIONS, Backend, Precision

if TYPE_CHECKING:
    from aitrader_core.inference.network import Network
    from aitrader_core.inference.options import RunnerOptions
    from aitrader_core.inference.parity import Absent, Compared
    from aitrader_core.inference.runner import RunnerInfo
    from aitrader_core.inference.timing import Benched, Timed

_SEED = 7


class Batches(click.ParamType[tuple[int, ...]]):
    """Numbers of rows, by commas."""

    name = "batches"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        sizes = [each.strip() for each in str(value).split(",")]
        if not all(size.isascii() and size.isdigit() and len(size) < 9 for size in sizes):
            self.fail(f"{value} is no list of sizes: write them like 1,256,4096", param, ctx)
        found = tuple(dict.fromkeys(map(int, sizes)))
        if not 1 <= min(found) <= max(found) <= MOST_ROWS:
            self.fail(f"{value}: a batch has 1 to {MOST_ROWS:,} rows", param, ctx)
        return found


_networks_argument = click.argument("networks", nargs=-1, metavar="[NETWORK...]")
_backend_option = click.option(
    "--backend", "backends", multiple=True, type=click.Choice(BACKENDS[1:]),
    help="May be repeated; otherwise all.",
)  # fmt: skip


@click.command()
@_networks_argument
@_backend_option
@click.option("--precision", type=click.Choice(PRECISIONS), default="fp32", show_default=True)
@click.option(
    "--batch", "batches", type=Batches(), default="1,256,4096", show_default=True, metavar="ROWS",
    help="Sizes, by commas.",
)  # fmt: skip
@as_json_option
def bench(
    networks: Sequence[str],
    backends: Sequence[Backend],
    precision: Precision,
    batches: tuple[int, ...],
    as_json: bool,
) -> None:
    """Time networks on each backend that is here, from rows in memory to answers in memory.

    The CPU is timed beside the bare call of ONNX Runtime.
    """
    found = list(_benched(networks, backends or BACKENDS[1:], precision, batches))
    if as_json:
        print_json([_bench_json(network, backend, each) for network, backend, each in found])
        return
    here = [(network, each) for network, _, each in found if not isinstance(each, str)]
    if here:
        rows = [row for network, each in here for row in _bench_rows(network, each)]
        columns = ("network", "backend", "rows", "p50", "p99", "rows/s", "to bare")
        print_table(columns, rows, right=columns[2:])
        say("p50 and p99 of a call are in microseconds")
    for told in dict.fromkeys(_on_what(each.info) for _, each in here):
        say(told)
    _say_absent((backend, precision, each) for _, backend, each in found if isinstance(each, str))


@click.command()
@_networks_argument
@_backend_option
@click.option(
    "--precision", "precisions", multiple=True, type=click.Choice(PRECISIONS),
    help="May be repeated; otherwise both.",
)  # fmt: skip
@click.option("--rows", type=click.IntRange(2, MOST_ROWS), default=4096, show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=_SEED, show_default=True)
@as_json_option
def parity(
    networks: Sequence[str],
    backends: Sequence[Backend],
    precisions: Sequence[Precision],
    rows: int,
    seed: int,
    as_json: bool,
) -> None:
    """Compare each backend that is here with the CPU on random rows; exit 1 if one differs.

    fp32 has to be within 1e-4 and 0.1 %, fp16 within 5e-3; and 999 of 1,000 rows are to be decided
    alike: to have the same largest output, or where there is only one, the same order.
    """
    from aitrader_core.inference.parity import Absent, compare, random_rows

    named, options = _asked(networks)
    found: list[tuple[Network, Compared | Absent]] = []
    for network in named:
        click.echo(f"{network.name} ...", err=True)
        asked = random_rows(_row_of(network, options), rows, seed)
        made = compare(network, asked, options, backends or BACKENDS[1:], precisions or PRECISIONS)
        found += [(network, each) for each in made]
    if as_json:
        print_json([_parity_json(network, each) for network, each in found])
    else:
        _print_parity(found, rows, seed)
    if any(not isinstance(each, Absent) and not each.difference.is_within for _, each in found):
        sys.exit(1)


def _asked(names: Sequence[str]) -> "tuple[list[Network], RunnerOptions]":
    from aitrader_core.runner.settings import load_settings, runner_options

    settings = load_settings()
    return chosen_networks(settings, names), runner_options(settings)


def _row_of(network: "Network", options: "RunnerOptions") -> tuple[int, ...]:
    from aitrader_core.inference.opening import open_runner

    on_the_cpu = replace(options, backend="ort-cpu", precision="fp32", strict=True)
    return open_runner(network, on_the_cpu).signature.row


def _benched(
    names: Sequence[str],
    backends: Sequence[Backend],
    precision: Precision,
    batches: Sequence[int],
) -> "Iterator[tuple[Network, Backend, Benched | str]]":
    """Or why the backend is not here."""
    from aitrader_core.domain.errors import InferenceError
    from aitrader_core.inference.timing import time_network

    named, options = _asked(names)
    for network in named:
        for backend in backends:
            click.echo(f"{network.name} on {backend} ...", err=True)
            asked = replace(options, backend=backend, precision=precision, strict=True)
            try:
                yield network, backend, time_network(network, asked, batches)
            except InferenceError as error:
                yield network, backend, str(error)


def _bench_rows(network: "Network", each: "Benched") -> Iterator[tuple[str, ...]]:
    bare: tuple[Timed | None, ...] = each.bare or (None,) * len(each.ours)
    for ours, theirs in zip(each.ours, bare, strict=True):
        ratio = "" if theirs is None else f"{ours.p50 / theirs.p50:.2f} x"
        rate = f"{ours.rows_per_second:,.0f}"
        figures = (f"{ours.rows:,}", f"{ours.p50:,.1f}", f"{ours.p99:,.1f}", rate, ratio)
        yield (network.name, each.info.actual, *figures)


def _on_what(info: "RunnerInfo") -> str:
    versions = ", ".join(f"{name} {v}" for name, v in sorted(info.versions.items()))
    return f"{info.actual}, {info.precision}: {info.device}, {versions}"


def _say_absent(absent: Iterable[tuple[Backend, Precision, str]]) -> None:
    """A sentence for each backend, and one more for each other reason that it has."""
    told: dict[tuple[Backend, str], set[Precision]] = {}
    for backend, precision, reason in absent:
        told.setdefault((backend, reason), set()).add(precision)
    for (backend, reason), precisions in told.items():
        what = backend if len(precisions) > 1 else f"{backend} in {min(precisions)}"
        say(f"{what} is not here: {reason}")


def _bench_json(network: "Network", backend: Backend, each: "Benched | str") -> dict[str, Any]:
    head = {"network": network.name, "digest": network.digest, "backend": backend}
    if isinstance(each, str):
        return {**head, "absent": each}
    told = {name: [_timed_json(t) for t in getattr(each, name)] for name in ("ours", "bare")}
    return {**head, "runner": asdict(each.info), **told}


def _timed_json(timed: "Timed") -> dict[str, Any]:
    return {**asdict(timed), "rows_per_second": timed.rows_per_second}


def _print_parity(
    found: "Sequence[tuple[Network, Compared | Absent]]", rows: int, seed: int
) -> None:
    from aitrader_core.inference.parity import Absent

    here = [(network, each) for network, each in found if not isinstance(each, Absent)]
    if here:
        columns = ("network", "backend", "precision", "largest difference", "alike", "verdict")
        told = [_parity_row(network, each) for network, each in here]
        print_table(columns, told, right=columns[3:5])
        say(f"{counted(rows, 'random row')} (seed {seed}), against ort-cpu in fp32")
    for _, compared in here:
        if compared.difference.fault:
            say(f"{compared.info.actual} in {compared.info.precision}: {compared.difference.fault}")
    for sentence in dict.fromkeys(_on_what(each.info) for _, each in here):
        say(sentence)
    _say_absent(
        (each.backend, each.precision, each.reason) for _, each in found if isinstance(each, Absent)
    )


def _parity_row(network: "Network", each: "Compared") -> tuple[str, ...]:
    found = each.difference
    worst = "not finite" if found.worst is None else f"{found.worst:.2e}" if found.worst else "none"
    verdict = "same" if found.is_within else "DIFFERS"
    info = each.info
    return network.name, info.actual, info.precision, worst, f"{100 * found.order:.2f} %", verdict


def _parity_json(network: "Network", each: "Compared | Absent") -> dict[str, Any]:
    from aitrader_core.inference.parity import Absent

    head = {"network": network.name, "digest": network.digest}
    if isinstance(each, Absent):
        return {**head, "backend": each.backend, "precision": each.precision, "absent": each.reason}
    told = {"backend": each.info.actual, "precision": each.info.precision}
    return {**head, **told, "runner": asdict(each.info), **asdict(each.difference)}
