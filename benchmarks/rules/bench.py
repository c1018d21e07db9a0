"""Rule-based model-days a second in process, and the same final equity to the cent."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from benchmarks.line import Line, rate
from benchmarks.rules import loop, ours, peers
from benchmarks.rules.workload import Prices, Rule, random_walk
from benchmarks.timing import Contestant, take_turns

NAME = "rules"
AIM = 100_000
SEED = 7
OURS = "aitrader, full records"
EQUITY: Mapping[str, Callable[[Any], Decimal]] = {
    OURS: ours.equity,
    "plain loop over dicts": loop.equity,
    "backtrader, cheat_on_open": lambda value: value,
    "bt": lambda value: round(Decimal(value), 2),
}
EXACT = tuple(EQUITY)[:3]  # bt trades and values at the opens alone


def run(*, quick: bool) -> list[Line]:
    """100 symbols x 1,260 sessions, weekly top-10 momentum; raises if an equity differs."""
    prices = random_walk(SEED, symbols=100, sessions=252 if quick else 1_260)
    timed = take_turns(_contestants(prices, Rule(), quick=quick))
    equity = {name: EQUITY[name](entry.results[-1]) for name, entry in timed.items()}
    check({name: value for name, value in equity.items() if name in EXACT})
    return [
        rate(
            NAME,
            name,
            len(prices.sessions),
            entry.seconds,
            ours=None if name == OURS else timed[OURS].seconds,
            aim=AIM if name == OURS else None,
            note=f"final equity {equity[name]:,}",
        )
        for name, entry in timed.items()
    ]


def check(equity: Mapping[str, Decimal]) -> None:
    """RuntimeError unless all of them are the same to the cent."""
    if len(set(equity.values())) > 1:
        told = ", ".join(f"{name} {value:,}" for name, value in equity.items())
        raise RuntimeError(f"the engines end with different equity: {told}")


def _contestants(prices: Prices, rule: Rule, *, quick: bool) -> dict[str, Contestant[Any]]:
    few, many = (1, 3) if quick else (3, 9)
    mine, bare = ours.prepare(prices, rule), loop.prepare(prices, rule)
    contestants = (
        Contestant[Any](lambda: mine, many),
        Contestant[Any](lambda: bare, many),
        Contestant[Any](lambda: peers.prepare_backtrader(prices, rule), few),
        Contestant[Any](lambda: peers.prepare_bt(prices, rule), many),
    )
    return dict(zip(EQUITY, contestants, strict=True))
