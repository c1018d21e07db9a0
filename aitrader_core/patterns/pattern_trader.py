"""The kind of model `pattern`: patterns on ticks, sized by a strategy, within limits.

Where a session has no ticks, its past bars are read as coarse ones.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from aitrader_core.domain.account import Account
from aitrader_core.domain.errors import ConfigError, LedgerError
from aitrader_core.domain.limits import Limits, PreTrade
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.model_day import Ending
from aitrader_core.domain.money import plain, plain_quantity
from aitrader_core.domain.orders import Order
from aitrader_core.domain.signals import Signal
from aitrader_core.patterns.bar_account import account_of, stamp
from aitrader_core.patterns.parameters import PatternParameters
from aitrader_core.patterns.shown import LENGTH, also_told
from aitrader_core.patterns.strategy import StrategyParameters, decide
from aitrader_core.simulation.desk import Desk

if TYPE_CHECKING:  # numpy is for those who have ticks
    from aitrader_core.patterns.scorer import Scorer

NO_SCORE = "none"
_TOLD = 3  # patterns in a sentence


@dataclass(frozen=True, slots=True)
class PatternTrader:
    """Trades on the signals of a pattern engine; its fields are its configuration.

    Of ticks it is woken by each signal of the session. Of bars it is asked at each open: the last
    `lookback` bars are read as ticks by an engine that knows nothing yet, and only what the bar
    just over says is acted on, at once and at the market. So a day is the same wherever a run
    began. `score` is a network of configs/networks: what it makes of a symbol's last trades is
    weighed together with the signal's own score, by the strategy.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    patterns: PatternParameters = field(default_factory=PatternParameters)
    strategy: StrategyParameters = field(default_factory=StrategyParameters)
    limits: Limits = field(default_factory=Limits)
    lookback: Annotated[int, Field(ge=0)] = 0  # bars that warm the engine up; 0: ticks alone
    score: str = NO_SCORE

    def __post_init__(self) -> None:
        if self.lookback and self.lookback < self.patterns.warmup:
            raise ValueError(
                f"lookback is {self.lookback}, must be patterns.warmup, {self.patterns.warmup}, or "
                "more: each bar is a trade, and before that many there is no signal"
            )
        if self.lookback and self.is_scored and self.lookback < LENGTH:
            raise ValueError(
                f"lookback is {self.lookback}, must be {LENGTH} or more with a score: each bar is "
                "a trade, and a network is shown so many"
            )

    @property
    def is_scored(self) -> bool:
        return self.score != NO_SCORE

    @property
    def made_of(self) -> Mapping[str, str]:
        return {"patterns": self.patterns.digest, "score": self.score}

    def prepared(
        self, config_dir: Path, environment: Mapping[str, str], symbols: Iterable[Symbol]
    ) -> "PatternTrader":
        """With its network read, if it has one. Raises ConfigError."""
        del environment, symbols
        if not self.is_scored:
            return self
        from aitrader_core.inference.network import read_network
        from aitrader_core.patterns.scored_trader import ScoredTrader

        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return ScoredTrader(**told, network=read_network(config_dir, self.score))

    def scorer(self, symbols: tuple[Symbol, ...]) -> "Scorer | None":  # noqa: ARG002
        """What predicts, from the first tick of a stream on; None without a network."""
        if self.is_scored:
            raise LedgerError(f"{self.score} is not prepared")  # a bug of ours: run by no arena
        return None

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
        for signal, prediction in self._signals(desk):
            at_open = replace(signal, price=float(desk.view.opens[signal.symbol]))
            order = decide(at_open, prediction, account(), at_market, desk.rules)
            seen = told(signal, self.patterns) + also_told(self.score, prediction)
            desk.say(f"{seen}: {_decided(order)}")
            if order is not None:
                desk.submit(order)

    def _signals(self, desk: Desk) -> list[tuple[Signal, float | None]]:
        """Of the bar just over, with what the network predicts: sales first, so that they fund
        buys, then the strongest first."""
        from aitrader_core.patterns.bar_ticks import bar_ticks
        from aitrader_core.patterns.engine import Engine

        before = desk.view.previous
        if before is None:
            return []
        ticks = bar_ticks(desk.view, self.lookback)
        found = Engine(self.patterns, ticks.symbols).run(ticks)
        last = [signal for signal in found if signal.at == stamp(before)]
        last.sort(key=lambda s: (s.score > 0, -abs(s.score), s.symbol))
        if (scorer := self.scorer(ticks.symbols)) is None:
            return [(signal, None) for signal in last]
        scorer.follow(ticks, 0, len(ticks))
        index = {symbol: at for at, symbol in enumerate(ticks.symbols)}
        return [(signal, scorer.prediction(index[signal.symbol])) for signal in last]


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
