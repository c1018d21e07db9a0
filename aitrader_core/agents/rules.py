"""Models that are plain rules: the baselines that anything cleverer has to beat.

Each is a frozen dataclass whose fields are its configuration.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from random import Random
from statistics import fmean, pstdev, stdev
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from aitrader_core.agents.sizing import affordable, begins, equal_weights, rebalance
from aitrader_core.domain.market import MarketView, Symbol
from aitrader_core.domain.model_day import Ending
from aitrader_core.domain.money import plain_quantity, whole_steps
from aitrader_core.simulation.desk import Desk

Period = Literal["session", "week", "month"]
Lookback = Annotated[int, Field(ge=2)]  # sessions
_STRICT = {"extra": "forbid"}  # an unknown key in a configuration is an error


@dataclass(frozen=True, slots=True)
class BuyAndHold:
    """Buys everything on offer in equal parts on its first session and never trades again."""

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    def trade(self, desk: Desk) -> Ending:
        if desk.is_first:
            desk.say("the first session: buy everything on offer in equal parts")
            rebalance(desk, equal_weights(desk.view.symbols))
        return Ending.DONE


@dataclass(frozen=True, slots=True)
class EqualWeight:
    """Everything on offer in equal parts, brought back to them at the start of each period."""

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    every: Period = "month"

    def trade(self, desk: Desk) -> Ending:
        if desk.is_first or begins(self.every, desk.view):
            desk.say(f"back to equal parts, as at the start of every {self.every}")
            rebalance(desk, equal_weights(desk.view.symbols))
        return Ending.DONE


@dataclass(frozen=True, slots=True)
class Momentum:
    """The `top` symbols by return over `lookback` sessions that rose, in equal parts.

    Cross-sectional momentum: Jegadeesh and Titman (1993).
    """

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    lookback: Lookback = 126
    top: Annotated[int, Field(ge=1)] = 2
    every: Period = "week"

    def trade(self, desk: Desk) -> Ending:
        if not (desk.is_first or begins(self.every, desk.view)):
            return Ending.DONE
        returns = {s: r for s in desk.view.symbols if (r := self._return(desk.view, s)) is not None}
        ranked = sorted(returns, key=lambda s: (-returns[s], s))
        chosen = [s for s in ranked[: self.top] if returns[s] > 0]
        desk.say(_listed(f"return over {self.lookback} sessions", ranked, returns))
        rebalance(desk, {s: Decimal(1) / self.top for s in chosen})
        return Ending.DONE

    def _return(self, view: MarketView, symbol: Symbol) -> float | None:
        closes = view.closes(symbol, self.lookback + 1)
        return float(closes[-1] / closes[0]) - 1 if len(closes) > self.lookback else None


@dataclass(frozen=True, slots=True)
class MeanReversion:
    """Buys what closed `entry` standard deviations below its mean; sells it back at the mean.

    Bollinger bands over `lookback` sessions; every symbol has an equal part of the value.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    lookback: Lookback = 20
    entry: Annotated[float, Field(gt=0)] = 1.5

    def trade(self, desk: Desk) -> Ending:
        view, held = desk.view, desk.portfolio.positions
        scores = {s: z for s in view.symbols if (z := self._score(view, s)) is not None}
        kept = {s for s in held if scores.get(s, 0.0) < 0}
        entered = {s for s, z in scores.items() if z <= -self.entry} - set(held)
        if kept == set(held) and not entered:
            return Ending.DONE
        desk.say(_listed("deviations from the mean", sorted(scores), scores))
        for symbol in sorted(set(held) - kept):
            if quantity := desk.sellable(symbol):
                desk.sell(symbol, quantity)
        part = desk.portfolio.value(view.opens) / len(view.symbols)
        for symbol in sorted(entered):
            wanted = whole_steps(part / view.opens[symbol], desk.rules.lot)
            if quantity := affordable(desk, symbol, wanted):
                desk.buy(symbol, quantity)
        return Ending.DONE

    def _score(self, view: MarketView, symbol: Symbol) -> float | None:
        closes = [float(c) for c in view.closes(symbol, self.lookback)]
        if len(closes) < self.lookback or not (deviation := pstdev(closes)):
            return None
        return (closes[-1] - fmean(closes)) / deviation


@dataclass(frozen=True, slots=True)
class RandomTrader:
    """Moves `turnover` of its value each session from one symbol to another, both drawn by lot.

    The draw depends on `seed` and the session alone, so a day is the same whenever it is run.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    seed: int = 0
    turnover: Annotated[float, Field(gt=0, le=1)] = 0.1

    def repeated(self, number: int) -> "RandomTrader":
        """The repeat of that number draws by a seed of its own."""
        return replace(self, seed=self.seed + number - 1)

    def trade(self, desk: Desk) -> Ending:
        view, held = desk.view, desk.portfolio.positions
        if not held:
            rebalance(desk, equal_weights(view.symbols))
            return Ending.DONE
        lot = Random(f"{self.seed} {view.session}")
        source = lot.choice(sorted(held))
        target = lot.choice([s for s in view.symbols if s != source] or [source])
        moved = desk.portfolio.value(view.opens) * Decimal(str(self.turnover))
        step = desk.rules.lot
        sold = min(desk.sellable(source), whole_steps(moved / view.opens[source], step))
        wanted = whole_steps(moved / view.opens[target], step)
        desk.say(f"by lot: {plain_quantity(sold)} {source} into {target}")
        if sold:
            desk.sell(source, sold)
        if quantity := affordable(desk, target, wanted):
            desk.buy(target, quantity)
        return Ending.DONE


@dataclass(frozen=True, slots=True)
class InverseVolatility:
    """Weights in inverse proportion to volatility over `lookback` sessions: naive risk parity."""

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    lookback: Lookback = 60
    every: Period = "month"

    def trade(self, desk: Desk) -> Ending:
        if not (desk.is_first or begins(self.every, desk.view)):
            return Ending.DONE
        risks = {s: v for s in desk.view.symbols if (v := self._volatility(desk.view, s))}
        total = sum(1 / v for v in risks.values())
        weights = {s: Decimal(str(1 / v / total)) for s, v in risks.items()}
        desk.say(_listed(f"daily volatility over {self.lookback} sessions", sorted(risks), risks))
        rebalance(desk, weights)
        return Ending.DONE

    def _volatility(self, view: MarketView, symbol: Symbol) -> float | None:
        closes = [float(c) for c in view.closes(symbol, self.lookback + 1)]
        if len(closes) <= self.lookback:
            return None
        return stdev(b / a - 1 for a, b in pairwise(closes))


def _listed(what: str, symbols: list[Symbol], figures: dict[Symbol, float]) -> str:
    listed = ", ".join(f"{s} {figures[s]:+.4f}" for s in symbols)
    return f"{what}: {listed or 'not enough history'}"
