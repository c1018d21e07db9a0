"""The rule as a plain loop over dicts of floats: the least that Python can do for it."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from benchmarks.rules.workload import Cents, Prices, Rule

Quantities = dict[str, int]
ByName = dict[str, float]


class Row(NamedTuple):
    """What the loop keeps of a session: `trades` are symbol, signed quantity and price."""

    session: date
    cash: float
    value: float
    held: Quantities
    trades: list[tuple[str, int, float]]


def prepare(prices: Prices, rule: Rule) -> Callable[[], list[Row]]:
    opens, closes = _by_name(prices, prices.opens), _by_name(prices, prices.closes)
    return lambda: _run(prices.sessions, opens, closes, rule)


def equity(rows: list[Row]) -> Decimal:
    """The value at the last close, to the cent."""
    return Decimal(f"{rows[-1].value:.2f}")


def target(value: float, rule: Rule, price: float) -> int:
    """Whole shares of an equal part of `value`.

    What a float loses must not cost a share: a quotient that is no whole number is much further
    from one than the 1e-9 that are added.
    """
    return int(round(value, 2) / rule.top / price + 1e-9)


def _run(
    sessions: tuple[date, ...], opens: list[ByName], closes: list[ByName], rule: Rule
) -> list[Row]:
    cash, held, rows = float(rule.cash), Quantities(), list[Row]()
    for at, session in enumerate(sessions):
        trades = []
        if rule.trades_on(at):
            chosen = _best(closes[at - 1], closes[at - 1 - rule.lookback], rule.top)
            trades = _trades(cash, held, chosen, opens[at], rule)
            for symbol, quantity, price in trades:
                cash -= quantity * price
                held[symbol] = held.get(symbol, 0) + quantity
            held = {s: q for s, q in held.items() if q}
        rows.append(Row(session, cash, _value(cash, held, closes[at]), dict(held), trades))
    return rows


def _best(now: ByName, then: ByName, top: int) -> list[str]:
    """Names come in order, and sorting keeps the order of what is equal."""
    return sorted(now, key=lambda symbol: now[symbol] / then[symbol], reverse=True)[:top]


def _trades(
    cash: float, held: Quantities, chosen: list[str], opens: ByName, rule: Rule
) -> list[tuple[str, int, float]]:
    """Sales first."""
    value = _value(cash, held, opens)
    targets = {s: target(value, rule, opens[s]) for s in chosen}
    changes = {s: targets.get(s, 0) - held.get(s, 0) for s in {**held, **targets}}
    wanted = [(s, change, opens[s]) for s, change in changes.items() if change]
    return sorted(wanted, key=lambda trade: trade[1] > 0)


def _value(cash: float, held: Quantities, prices: ByName) -> float:
    return cash + sum(quantity * prices[symbol] for symbol, quantity in held.items())


def _by_name(prices: Prices, cents: Cents) -> list[ByName]:
    return [dict(zip(prices.symbols, row, strict=True)) for row in (cents / 100).tolist()]
