"""The tools of one desk. None takes a date, none reaches past the clock of the session."""

import ast
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Literal

from pydantic import Field
from simpleeval import DEFAULT_OPERATORS, InvalidExpression, SimpleEval

from aitrader_core.agents.llm.arguments import (
    Arguments,
    Quantity,
    Whole,
    Word,
    nearest,
    read_arguments,
    schema,
)
from aitrader_core.agents.llm.dialect import Tool
from aitrader_core.agents.llm.disguise import Disguise
from aitrader_core.domain.errors import ToolError
from aitrader_core.domain.market import DAILY, Bar, Symbol
from aitrader_core.domain.money import plain, plain_quantity
from aitrader_core.domain.orders import Order, Refused, Side
from aitrader_core.simulation.desk import Desk

ToolName = Literal["portfolio", "prices", "history", "buy", "sell", "news", "calculate"]
EVERY_TOOL: tuple[ToolName, ...] = (
    "portfolio",
    "prices",
    "history",
    "buy",
    "sell",
    "news",
    "calculate",
)
WITHOUT_NEWS: tuple[ToolName, ...] = tuple(t for t in EVERY_TOOL if t != "news")
News = Callable[[str], Sequence[dict[str, str]]]


class _Nothing(Arguments):
    pass


class _Symbol(Arguments):
    symbol: Word = Field(description="A symbol that the market lists, in its own spelling.")


class _History(_Symbol):
    bars: Whole = Field(
        default=20, description="How many bars, the newest of them the one before the clock."
    )


class _Order(_Symbol):
    quantity: Quantity = Field(description="How many to trade, above 0.")


class _Query(Arguments):
    query: Word = Field(description="What to search for.")


class _Expression(Arguments):
    expression: Word = Field(description="Such as (560.01 - 540) / 540 * 100.")


@dataclass(frozen=True)
class DeskTools:
    """A toolbox for `desk`, seen through `disguise`; with `news` where there is a search."""

    desk: Desk
    disguise: Disguise
    names: Sequence[ToolName] = WITHOUT_NEWS
    news: News | None = None

    @property
    def tools(self) -> Sequence[Tool]:
        return [told(name) for name in self.names]

    def use(self, name: str, arguments: str) -> str:
        """The answer as JSON. ToolError for what can't be answered, and how to ask instead."""
        if name not in self.names:
            raise no_such_tool(name, self.names)
        wanted, _ = _TOLD[name]
        use: Callable[[Any], object] = getattr(self, f"_{name}")
        answer = use(read_arguments(arguments, wanted))
        return json.dumps(answer, ensure_ascii=False, default=_number)

    def _portfolio(self, _: _Nothing) -> object:
        desk, opens = self.desk, self.desk.view.opens
        held = desk.portfolio.positions
        return {
            "cash": desk.portfolio.cash,
            "positions": [
                {
                    "symbol": self.disguise.name(symbol),
                    "quantity": plain_quantity(held[symbol]),
                    "sellable_now": plain_quantity(desk.sellable(symbol)),
                    "price": opens[symbol],
                    "value": held[symbol] * opens[symbol],
                }
                for symbol in sorted(held, key=self.disguise.name)
            ],
            "value": desk.portfolio.value(opens),
            "orders_this_session": [self._outcome(outcome) for outcome in desk.blotter],
        }

    def _prices(self, _: _Nothing) -> object:
        view = self.desk.view
        opens = {self.disguise.name(s): view.opens[s] for s in view.symbols}
        return {"time": self.clock, "open": dict(sorted(opens.items()))}

    def _history(self, asked: _History) -> object:
        symbol, depth = self._symbol(asked.symbol), self.desk.view.depth
        wanted = asked.bars if "bars" in asked.model_fields_set else min(asked.bars, depth)
        if wanted > depth:
            raise ToolError(f"bars is {wanted}: at most {depth} can be looked back at")
        rows = [self._bar(bar) for bar in self.desk.view.history(symbol, wanted)]
        return {"symbol": asked.symbol, "columns": _COLUMNS, "bars": rows}

    def _buy(self, asked: _Order) -> object:
        return self._submit(Side.BUY, asked)

    def _sell(self, asked: _Order) -> object:
        return self._submit(Side.SELL, asked)

    def _news(self, asked: _Query) -> object:
        if self.news is None:
            raise ToolError("news can't be searched here")
        return {"query": asked.query, "results": list(self.news(asked.query))}

    def _calculate(self, asked: _Expression) -> object:
        try:
            value = _value(asked.expression.strip())
        except (InvalidExpression, ArithmeticError, ValueError, TypeError, SyntaxError) as error:
            raise ToolError(f"{asked.expression[:80]!r} can't be calculated: {error}") from None
        except (RecursionError, MemoryError):
            raise ToolError(f"{asked.expression[:80]!r} can't be calculated") from None
        return {"expression": asked.expression, "value": value}

    def _submit(self, side: Side, asked: _Order) -> object:
        symbol, quantity = self._symbol(asked.symbol), asked.quantity
        whole = quantity.is_finite() and quantity == quantity.to_integral_value()
        if self.desk.rules.quantity_step % 1 == 0 and whole and quantity.as_tuple().exponent != 0:
            raise ToolError(
                f"quantity is {quantity}: this market trades whole shares, write "
                f"{plain_quantity(quantity)}"
            )
        return self._outcome(self.desk.submit(Order(symbol, side, quantity)))

    def _outcome(self, outcome: Any) -> object:
        order = outcome.order
        wish = {
            "order": order.side.value,
            "quantity": plain_quantity(order.quantity),
            "symbol": self.disguise.name(order.symbol),
        }
        if isinstance(outcome, Refused):
            return {**wish, "outcome": "refused", "reason": self.disguise.text(outcome.reason)}
        return {
            **wish,
            "outcome": "filled",
            "price": outcome.price,
            "commission": outcome.commission,
            "cash_now": self.desk.portfolio.cash,
        }

    def _symbol(self, name: str) -> Symbol:
        symbol, listed = self.disguise.symbol(name), self.desk.view.symbols
        if symbol is None or symbol not in self.desk.view.opens:
            shown = sorted(self.disguise.name(s) for s in listed)
            hint = nearest(name, shown)
            raise ToolError(
                f"symbol is {name[:80]!r}, which is not traded at this open: {hint}there are "
                f"{_all(shown)}"
            )
        return symbol

    @property
    def clock(self) -> str:
        """The bar that is open, as the model knows it."""
        view = self.desk.view
        day = self.disguise.shown(view.session).isoformat()
        return day if view.at == DAILY else f"{day} {view.at:%H:%M}"

    def _bar(self, bar: Bar) -> list[object]:
        """A row of `_COLUMNS`: names at each figure would double what a model pays to read them."""
        day = self.disguise.shown(bar.session).isoformat()
        volume = None if bar.volume is None else plain_quantity(bar.volume)
        time = day if bar.at == DAILY else f"{day} {bar.at:%H:%M}"
        return [time, bar.open, bar.high, bar.low, bar.close, volume]


_COLUMNS = ("time", "open", "high", "low", "close", "volume")
_TOLD: dict[str, tuple[type[Arguments], str]] = {
    "portfolio": (_Nothing, "Your cash, what you hold, and your orders of this session so far."),
    "prices": (_Nothing, "The price of every symbol at this open, at which orders are filled."),
    "history": (_History, "Bars of one symbol before this open, oldest first."),
    "buy": (_Order, "Buy at this open. Filled whole, or refused with the reason."),
    "sell": (_Order, "Sell what you hold at this open. Filled whole, or refused with the reason."),
    "news": (_Query, "News from before this session."),
    "calculate": (_Expression, "Arithmetic: + - * / // % **, parentheses, min, max, abs, round."),
}
_FUNCTIONS = {"min": min, "max": max, "abs": abs, "round": round}
_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    **{
        kind: DEFAULT_OPERATORS[kind]
        for kind in (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.USub, ast.UAdd)
    },
    ast.Pow: math.pow,  # exact powers of large numbers take minutes
}


_LARGEST = 10**100
_ARITHMETIC = (
    *(ast.Expression, ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Load, ast.Constant),
    *_OPERATORS,
)


def _value(expression: str) -> str:
    """Raises what Python and simpleeval raise for what is no arithmetic."""
    parsed = ast.parse(expression, mode="eval")
    for node in ast.walk(parsed):
        if not isinstance(node, _ARITHMETIC) or isinstance(
            getattr(node, "value", 0), bool | str | bytes | complex
        ):
            raise ValueError("it is more than arithmetic")
    value = SimpleEval(_OPERATORS, _FUNCTIONS, {}).eval(expression, parsed.body)
    if not isinstance(value, int | float):
        raise ValueError("it gives no number")
    if isinstance(value, float):
        return f"{value:.10g}"
    if abs(value) >= _LARGEST:
        raise ValueError("it gives a number of more than 100 digits")
    return str(value)


@cache
def told(name: str) -> Tool:
    """What a model is told of a tool."""
    wanted, description = _TOLD[name]
    return Tool(name, description, schema(wanted))


def no_such_tool(name: str, names: Sequence[str]) -> ToolError:
    """What to raise when `name` is called and only `names` are there."""
    hint = nearest(name, names)
    return ToolError(f"there is no tool {name[:80]!r}: {hint}there are {_all(names)}")


def _all(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _number(value: object) -> object:
    """Decimals as text, which every reader takes exactly."""
    if isinstance(value, Decimal):
        return plain(value)
    raise TypeError(f"{value!r} is no answer")
