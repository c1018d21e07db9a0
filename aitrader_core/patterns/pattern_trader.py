"""The kind of model `pattern`: patterns on ticks, sized by a strategy, within limits.

Where a session has no ticks, its past bars are read as coarse ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from aitrader_core.domain.account import Account
from aitrader_core.domain.errors import ConfigError
from aitrader_core.domain.limits import Limits, PreTrade
from aitrader_core.domain.model_day import Ending
from aitrader_core.domain.money import plain, plain_quantity
from aitrader_core.domain.orders import Order
from aitrader_core.domain.signals import Signal
from aitrader_core.patterns.bar_account import account_of, stamp
from aitrader_core.patterns.parameters import PatternParameters
from aitrader_core.patterns.strategy import StrategyParameters, decide
from aitrader_core.simulation.desk import Desk

_TOLD = 3  # patterns in a sentence


@dataclass(frozen=True, slots=True)
class PatternTrader:
    """Trades on the signals of a pattern engine; its fields are its configuration.

    Of ticks it is woken by each signal of the session. Of bars it is asked at each open: the last
    `lookback` bars are read as ticks by an engine that knows nothing yet, and only what the bar
    just over says is acted on, at once and at the market. So a day is the same wherever a run
    began.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    patterns: PatternParameters = field(default_factory=PatternParameters)
    strategy: StrategyParameters = field(default_factory=StrategyParameters)
    limits: Limits = field(default_factory=Limits)
    lookback: Annotated[int, Field(ge=0)] = 0  # bars that warm the engine up; 0: ticks alone
    score: Literal["none"] = "none"  # of a model, beside the patterns'

    def __post_init__(self) -> None:
        if self.lookback and self.lookback < self.patterns.warmup:
            raise ValueError(
                f"lookback is {self.lookback}, must be patterns.warmup, {self.patterns.warmup}, or "
                "more: each bar is a trade, and before that many there is no signal"
            )

    @property
    def made_of(self) -> Mapping[str, str]:
        return {"patterns": self.patterns.digest, "score": self.score}

    def trade(self, desk: Desk) -> Ending:
        if desk.feed is not None:
            from aitrader_core.patterns.session import trade_ticks

            return trade_ticks(self, desk)
        if not self.lookback:
            raise ConfigError(
                "there are no ticks to trade on, and lookback is 0: configure the model with the "
                "bars to look back at, patterns.warmup or more"
            )
        self._trade_bar(desk)
        return Ending.DONE

    def _trade_bar(self, desk: Desk) -> None:
        ordered_before = len(desk.blotter)

        def account() -> Account:
            return account_of(desk, recent=len(desk.blotter) - ordered_before)

        desk.guard = PreTrade(self.limits, account)
        at_market = replace(self.strategy, orders="market")  # an open is one price for all
        for signal in self._signals(desk):
            at_open = replace(signal, price=float(desk.view.opens[signal.symbol]))
            order = decide(at_open, None, account(), at_market, desk.rules)
            desk.say(f"{told(signal, self.patterns)}: {_decided(order)}")
            if order is not None:
                desk.submit(order)

    def _signals(self, desk: Desk) -> list[Signal]:
        """Of the bar just over: sales first, so that they fund buys, then the strongest first."""
        from aitrader_core.patterns.bar_ticks import bar_ticks
        from aitrader_core.patterns.engine import Engine

        before = desk.view.previous
        if before is None:
            return []
        ticks = bar_ticks(desk.view, self.lookback)
        found = Engine(self.patterns, ticks.symbols).run(ticks)
        last = [signal for signal in found if signal.at == stamp(before)]
        return sorted(last, key=lambda s: (s.score > 0, -abs(s.score), s.symbol))


def told(signal: Signal, patterns: PatternParameters) -> str:
    """What was seen, with the patterns that mattered most."""
    weighed = {
        name: weight * said
        for name, weight in patterns.weights.items()
        if weight and (said := signal.features.get(name))
    }
    most = sorted(weighed, key=lambda name: (-abs(weighed[name]), name))[:_TOLD]
    why = ", ".join(f"{name} {signal.features[name]:+.2f}" for name in most)
    seen = f"{signal.symbol} scores {signal.score:+.2f} at {signal.price:g}"
    return f"{seen} ({why}), ATR {signal.atr:.4g}" if why else f"{seen}, ATR {signal.atr:.4g}"


def _decided(order: Order | None) -> str:
    if order is None:
        return "nothing to do"
    at = "" if order.limit is None else f" at {plain(order.limit)}"
    return f"{order.side} {plain_quantity(order.quantity)}{at}"
