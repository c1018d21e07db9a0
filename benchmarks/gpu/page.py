"""The page benchmarks/gpu.md: figures with what they were taken on, and who was not there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.gpu.measuring import COMPARED, Contestant, Measured, Missing
from benchmarks.gpu.networks import ABOUT

Found = Sequence[Measured | Missing]

HEAD = """# Networks on CPU and GPU

Written by `tools/gpu benchmark`, which takes every backend that loads on the machine that it runs
on; without a GPU by `.venv/bin/python -m benchmarks.gpu --write`. How backends are installed:
[docs/gpu.md](../docs/gpu.md).

From rows in memory to answers in memory, our checks included. *cold* is the first load, with an
engine to build where there is one, *cached* the second; both in a process whose device is awake.
*p50* and *p99* are of single rows. *worst* is the largest difference to the CPU's answers in fp32
on {compared:,} seeded random rows, *alike* the share of them whose largest output is the same. Rows
that are *resident* never leave the device.
"""


@dataclass(frozen=True, slots=True)
class _Best:
    """The fastest one for a network and a size of batch."""

    contestant: Contestant
    rate: float


def page(found: Found, machine: str) -> str:
    here = [each for each in found if isinstance(each, Measured)]
    absent = [each for each in found if isinstance(each, Missing)]
    parts = [HEAD.format(compared=COMPARED), _taken_on(here, machine)]
    parts += [_network(name, [e for e in here if e.network == name]) for name in ABOUT]
    parts += [f"## Where the CPU wins\n\n{where_the_cpu_wins(here)}\n"]
    if absent:
        parts.append(f"## Not here\n\n{_absent(absent)}")
    return "\n".join(part for part in parts if part)


def where_the_cpu_wins(here: Sequence[Measured]) -> str:
    """A sentence for each network, reckoned from the figures."""
    if not any(_is_on_device(each) for each in here):
        return (
            "No figure of a GPU was measured yet: there was none here. The figures above are of\n"
            "the CPU alone, and say nothing about where it wins."
        )
    return "\n".join(f"- {told}" for told in _verdicts(here))


def _verdicts(here: Sequence[Measured]) -> Iterator[str]:
    for name in dict.fromkeys(each.network for each in here):
        ours = [each for each in here if each.network == name]
        sizes = [timed.rows for timed in ours[0].timed]
        won = [size for size in sizes if not _is_device(_best(ours, size).contestant)]
        lost = [size for size in sizes if size not in won]
        told = (
            f"*{name}*: the CPU is fastest with {_listed(won)} rows"
            if won
            else (f"*{name}*: the CPU is fastest with no size of batch")
        )
        if lost:
            best = _best(ours, lost[-1])
            on_cpu = max(_rate(e, lost[-1]) for e in ours if not _is_on_device(e))
            told += (
                f"; with {lost[-1]:,} rows {best.contestant} is, {best.rate / on_cpu:.1f} times as "
                "fast as the CPU"
            )
        yield f"{told}."


def _best(ours: Sequence[Measured], size: int) -> _Best:
    best = max(ours, key=lambda each: _rate(each, size))
    return _Best(best.contestant, _rate(best, size))


def _rate(each: Measured, size: int) -> float:
    return next(timed.rows_per_second for timed in each.timed if timed.rows == size)


def _is_on_device(each: Measured) -> bool:
    return _is_device(each.contestant)


def _is_device(contestant: Contestant) -> bool:
    return contestant.backend != "ort-cpu"


def _taken_on(here: Sequence[Measured], machine: str) -> str:
    told = dict.fromkeys(f"- {each.info.device}: {each.info.told['versions']}" for each in here)
    return "\n".join([f"Taken on {machine}.\n", *told, ""])


def _network(name: str, here: Sequence[Measured]) -> str:
    if not here:
        return ""
    sizes = [timed.rows for timed in here[0].timed]
    loads = ("", "cold s", "cached s", "p50 us", "p99 us", "worst", "alike")
    batches = ("rows/s of batches of", *(f"{size:,}" for size in sizes if size > 1))
    rows = [_loads(each) for each in here]
    rates = [rate for each in here for rate in _rates(each)]
    return "\n".join(
        [
            f"## {name}\n",
            f"{ABOUT[name]}.\n",
            _table(loads, rows),
            _table(batches, rates),
        ]
    )


def _loads(each: Measured) -> Sequence[str]:
    single, differs = each.timed[0], each.difference
    worst = "no answer" if differs.worst is None else f"{differs.worst:.1e}"
    if not differs.is_within:
        worst += " (too far)"
    return (
        str(each.contestant),
        f"{each.cold:.3f}",
        f"{each.cached:.3f}",
        f"{single.p50:.1f}",
        f"{single.p99:.1f}",
        worst,
        f"{100 * differs.order:.2f} %",
    )


def _rates(each: Measured) -> Iterator[Sequence[str]]:
    yield (str(each.contestant), *(f"{t.rows_per_second:,.0f}" for t in each.timed if t.rows > 1))
    if each.resident:
        rates = (f"{rate:,.0f}" for size, rate in each.resident if size > 1)
        yield (f"{each.contestant}, resident", *rates)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rules = ["---", *("---:" for _ in columns[1:])]
    return "".join(f"| {' | '.join(row)} |\n" for row in (columns, rules, *rows))


def _absent(absent: Sequence[Missing]) -> str:
    """One line for each reason, with all that it holds for."""
    by_reason: dict[str, list[str]] = {}
    for each in absent:
        by_reason.setdefault(each.reason, []).append(str(each.contestant))
    return "".join(f"- {'; '.join(names)}: {why}\n" for why, names in by_reason.items())


def _listed(sizes: Sequence[int]) -> str:
    told = [f"{size:,}" for size in sizes]
    return " and ".join([", ".join(told[:-1]), told[-1]]) if len(told) > 1 else told[0]
