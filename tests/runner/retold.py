"""What a model has made, told again from its fills, the bars and the corporate actions alone.

A plain loop that takes nothing from the project: neither its ledger's columns nor its statistics.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from math import sqrt
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from aitrader_core.runner.board import Board
from aitrader_core.runner.floor import Floor

D = Decimal

YEARLY = {"annual_return", "volatility", "sharpe", "sortino", "calmar", "turnover", "beta", "alpha"}
FILLS = """
select d.session, o.bar_time, o.side, f.symbol, f.quantity, f.price, f.commission, o.outcome
  from orders o
  join model_days d on d.id = o.model_day_id
  left join fills f on (f.model_day_id, f.number) = (o.model_day_id, o.number)
 where d.market = :market and d.model = :model and d.superseded_at is null
 order by d.session, o.number
"""
BARS = """
select distinct on (session, bar_time, symbol) session, bar_time, symbol, open, close
  from bars where market = :market and session between :first and :last
 order by session, bar_time, symbol, vintage_id desc
"""
ACTIONS = """
select distinct on (ex_date, symbol, kind) ex_date, symbol, kind, value
  from corporate_actions where market = :market order by ex_date, symbol, kind, vintage_id desc
"""


@dataclass
class Retold:
    """Its own running figures, session by session."""

    cash: Decimal
    held: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    values: list[float] = field(default_factory=list)  # the first is what it began with
    traded: float = 0.0
    kept: float = 1.0  # what costs have left of each unit of money
    commission: Decimal = field(default=D(0))
    fills: int = 0
    refusals: int = 0

    @property
    def returns(self) -> list[float]:
        return [b / a - 1 for a, b in zip(self.values, self.values[1:], strict=False)]


def retell(
    engine: Engine, market: str, model: str, first: date, last: date, cash: Decimal
) -> Retold:
    with engine.connect() as connection:
        bars = _rows(connection, BARS, market=market, first=first, last=last)
        actions = _rows(connection, ACTIONS, market=market)
        orders = _rows(connection, FILLS, market=market, model=model)
    told = Retold(cash, values=[float(cash)])
    for session in sorted({bar["session"] for bar in bars}):
        today = [bar for bar in bars if bar["session"] == session]
        opens = {(bar["symbol"], bar["bar_time"]): bar["open"] for bar in today}
        first_opens = {bar["symbol"]: bar["open"] for bar in reversed(today)}
        for action in (a for a in actions if a["ex_date"] == session):
            _act(told, action, first_opens)
        paid = D(0)
        for order in (o for o in orders if o["session"] == session):
            paid += _trade(told, order, opens)
        told.kept *= 1 - float(paid) / told.values[-1]
        marks = {b["symbol"]: b["close"] for b in today}
        if any(marks[symbol] is None for symbol, count in told.held.items() if count):
            marks = {b["symbol"]: b["open"] for b in today}
        worth = sum(count * marks[symbol] for symbol, count in told.held.items() if count)
        told.values.append(float(told.cash + worth))
    return told


def _act(told: Retold, action: dict[str, Any], opens: dict[str, Decimal]) -> None:
    count = told.held[action["symbol"]]
    if action["kind"] == "cash_dividend":
        told.cash += count * action["value"]
    elif count:
        whole = int(count * action["value"])
        told.cash += (count * action["value"] - whole) * opens[action["symbol"]]
        told.held[action["symbol"]] = D(whole)


def _trade(told: Retold, order: dict[str, Any], opens: dict[Any, Decimal]) -> Decimal:
    """What the order cost beyond its shares."""
    if order["outcome"] == "refused":
        told.refusals += 1
        return D(0)
    sign = 1 if order["side"] == "buy" else -1
    count, price, commission = order["quantity"], order["price"], order["commission"]
    told.cash -= sign * count * price + commission
    told.held[order["symbol"]] += sign * count
    told.traded += float(count * price)
    told.commission += commission
    told.fills += 1
    fair: Decimal = opens[order["symbol"], order["bar_time"]]
    return Decimal(commission + abs(price - fair) * count)


def figures(told: Retold, market: Retold, year: int) -> dict[str, float]:
    """By the names that a leaderboard has them under."""
    moves, others = told.returns, market.returns
    count = len(moves)
    mean, mean_other = sum(moves) / count, sum(others) / count
    scatter = sqrt(sum((m - mean) ** 2 for m in moves) / (count - 1))
    losses = sqrt(sum(min(m, 0) ** 2 for m in moves) / count)
    total = told.values[-1] / told.values[0] - 1
    yearly = (1 + total) ** (year / count) - 1
    fall, peak = 0.0, 0.0
    for value in told.values:
        peak = max(peak, value)
        fall = min(fall, value / peak - 1)
    shared = sum((m - mean) * (o - mean_other) for m, o in zip(moves, others, strict=True))
    beta = shared / sum((o - mean_other) ** 2 for o in others)
    return {
        "sessions": count,
        "value": told.values[-1],
        "total_return": total,
        "cumulative_return": total,
        "max_drawdown": fall,
        "annual_return": yearly,
        "volatility": scatter * sqrt(year),
        "sharpe": mean / scatter * sqrt(year),
        "sortino": mean * year / (losses * sqrt(year)),
        "calmar": yearly / -fall,
        "win_rate": sum(m > 0 for m in moves) / count,
        "turnover": told.traded / (sum(told.values[1:]) / count) * year / count,
        "beta": beta,
        "alpha": (1 + mean - beta * mean_other) ** year - 1,
        "cost_drag": 1 - told.kept,
        "fills": told.fills,
        "refusals": told.refusals,
        "commission": float(told.commission),
        "invalid_order_rate": told.refusals / ((told.fills + told.refusals) or 1),
    }


def equals_another_path(floor: Floor, board: Board, benchmark: str) -> None:
    """Every figure of every row, to nine digits."""
    arena, year = floor.arena, floor.arena.calendar.sessions_a_year
    told = {
        row["model"]: retell(
            floor.engine,
            arena.market,
            row["model"],
            date.fromisoformat(row["first"]),
            date.fromisoformat(row["last"]),
            arena.initial_cash,
        )
        for row in board.rows
    }
    for row in board.rows:
        for name, figure in figures(told[row["model"]], told[benchmark], year).items():
            shown = row[name]
            if name in YEARLY and row["sessions"] < 20:
                assert shown is None
                continue
            assert shown is not None, name
            assert float(shown) == pytest.approx(figure, rel=1e-9, abs=1e-12), (row["model"], name)


def _rows(connection: Connection, query: str, **bound: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(text(query), bound).mappings()]
