"""The patterns in plain Python, from their definitions: what the compiled kernel is held against.

Written to be read, one class for each indicator, and equal to the kernel to the last bit: both
reckon in doubles, use nothing but + - * / and square roots, which IEEE 754 rounds in one way
only, and do so in the order of the formulas below.

- EMA: a new value weighs 2 / (span + 1); Appel (1979).
- Wilder's averages, RSI and average true range: New Concepts in Technical Trading Systems (1978).
- Volatility: EMA of squared relative moves, without their mean; RiskMetrics (1996).
- VWAP: money over volume; Berkowitz, Logue and Noser (1988).
- Who took, where it is not told: the tick rule; Lee and Ready (1991).
- Imbalance of the best bid and ask: Cont, Kukanov and Stoikov (2014).
"""

from dataclasses import dataclass, field
from math import inf, isnan, nan, sqrt

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.signals import Signal
from aitrader_core.patterns.parameters import PatternParameters
from aitrader_core.simulation.ticks import QUOTE, TRADE, Tick


def can_be_true(tick: Tick) -> bool:
    """Whether to learn from it: NaN, infinite, negative or absurd values happen."""
    if tick.kind not in (TRADE, QUOTE):
        return False
    above_zero = [price for price in (tick.bid, tick.ask) if not isnan(price)]
    if tick.kind == TRADE:
        above_zero += [tick.price, tick.volume]
    sizes = (tick.bid_size, tick.ask_size)
    return all(1e-18 <= v <= 1e18 for v in above_zero) and all(0 <= s <= 1e18 for s in sizes)


@dataclass
class Ema:
    """Starts at its first value."""

    span: int
    value: float = nan

    def add(self, value: float) -> None:
        if isnan(self.value):
            self.value = value
        else:
            self.value += 2.0 / (self.span + 1) * (value - self.value)


@dataclass
class Average:
    """The plain mean of its first values, until a new one weighs no more than `weight`.

    With 1 / n that is Wilder's: the mean of the first n, then ((n - 1) * old + new) / n. What
    has faded below 1e-100 is 0.
    """

    weight: float
    value: float = 0.0
    count: int = 0

    def add(self, value: float) -> None:
        self.count += 1
        self.value += max(self.weight, 1.0 / self.count) * (value - self.value)
        if self.value <= 1e-100:
            self.value = 0.0


@dataclass
class Crossover:
    """Tells when the fast EMA last came to the other side of the slow one."""

    above: int = 0
    direction: int = 0
    trades_since: int = 0

    def add(self, fast: float, slow: float) -> None:
        above = 1 if fast > slow else -1 if fast < slow else self.above
        if above == -self.above != 0:
            self.direction, self.trades_since = above, 0
        else:
            self.trades_since += 1
        self.above = above


@dataclass
class Volatility:
    """Moves from trade to trade, told in usual moves at the price before."""

    weight: float
    price: float = nan
    surprise: float = 0.0

    def __post_init__(self) -> None:
        self.variance = Average(self.weight)

    def usual_moves(self, distance: float) -> float:
        usual = self.price * sqrt(self.variance.value)
        return distance * (1.0 / usual if usual else 0.0)

    def add(self, price: float) -> None:
        if not isnan(self.price):
            self.surprise = self.usual_moves(price - self.price)
            relative = (price - self.price) / self.price
            self.variance.add(relative * relative)
        self.price = price


@dataclass
class Bars:
    """Bars of so many trades, and Wilder's indicators over them."""

    trades: int
    rsi_period: int
    atr_period: int
    prices: list[float] = field(default_factory=list)  # of the bar that is open
    close: float | None = None

    def __post_init__(self) -> None:
        self.gain, self.loss = Average(1.0 / self.rsi_period), Average(1.0 / self.rsi_period)
        self.atr = Average(1.0 / self.atr_period)

    def add(self, price: float) -> None:
        self.prices.append(price)
        if len(self.prices) == self.trades:
            self._end(max(self.prices), min(self.prices), price)
            self.prices.clear()

    def _end(self, high: float, low: float, close: float) -> None:
        if self.close is None:
            self.atr.add(high - low)
        else:
            self.gain.add(max(close - self.close, 0.0))
            self.loss.add(max(self.close - close, 0.0))
            self.atr.add(max(high, self.close) - min(low, self.close))
        self.close = close

    @property
    def rsi(self) -> float:
        both = self.gain.value + self.loss.value
        return 100.0 * (self.gain.value / both) if both else 50.0


class Watcher:
    """All that is known of one symbol."""

    def __init__(self, told: PatternParameters) -> None:
        self.told = told
        self.fast, self.slow, self.crossover = Ema(told.fast), Ema(told.slow), Crossover()
        self.usual_volume = Average(2.0 / (told.volume_span + 1))
        self.volatility = Volatility(2.0 / (told.volatility_span + 1))
        self.bars = Bars(told.bar, told.rsi_period, told.atr_period)
        self.trades, self.skipped = 0, 0
        self.notional, self.volume = 0.0, 0.0
        self.volume_ratio, self.side = 1.0, 0
        self.imbalance = 0.0
        self.price = nan
        self.quiet_until: float = -inf

    def add(self, tick: Tick) -> bool:
        """Whether it could be true."""
        if not can_be_true(tick):
            self.skipped += 1
            return False
        if tick.kind == TRADE:
            self._trade(tick)
        sizes = tick.bid_size + tick.ask_size
        known = not (isnan(tick.bid) or isnan(tick.ask)) and sizes > 0
        self.imbalance = (tick.bid_size - tick.ask_size) / sizes if known else 0.0
        return True

    def _trade(self, tick: Tick) -> None:
        price, volume = tick.price, tick.volume
        if self.trades:
            self.volume_ratio = volume / self.usual_volume.value
        self.side = tick.side or (price > self.price) - (price < self.price) or self.side
        self.trades += 1
        self.price = price
        self.fast.add(price)
        self.slow.add(price)
        if self.trades > 1:
            self.crossover.add(self.fast.value, self.slow.value)
        self.volatility.add(price)
        self.usual_volume.add(volume)
        self.notional += price * volume
        self.volume += volume
        self.bars.add(price)

    @property
    def vwap(self) -> float:
        return self.notional / self.volume

    def said(self) -> dict[str, float]:
        """By each pattern, from -1 to 1."""
        told, moves = self.told, self.volatility.usual_moves
        fading = max(1.0 - self.crossover.trades_since * (1.0 / told.fast), 0.0)
        excess = max(self.volume_ratio - 1.0, 0.0)
        values = {
            "crossover": self.crossover.direction * fading,
            "trend": moves(self.fast.value - self.slow.value) * (1.0 / told.trend),
            "vwap_reversion": moves(self.vwap - self.price) * (1.0 / told.reversion),
            "volume_spike": self.side * excess * (1.0 / (told.spike - 1.0)),
            "breakout": self.volatility.surprise * (1.0 / told.breakout),
            "imbalance": self.imbalance,
            "rsi_reversion": (50.0 - self.bars.rsi) * 0.02,
        }
        return {name: min(max(value, -1.0), 1.0) + 0.0 for name, value in values.items()}  # no -0.0


class Oracle:
    """An engine that takes its time."""

    def __init__(self, parameters: PatternParameters, symbols: tuple[Symbol, ...]) -> None:
        self.parameters, self.symbols = parameters, symbols
        self.watchers = [Watcher(parameters) for _ in symbols]
        self.signals = 0

    def on_tick(self, tick: Tick) -> Signal | None:
        told, watcher = self.parameters, self.watchers[tick.symbol]
        if not watcher.add(tick) or watcher.trades < told.warmup:
            return None
        if tick.received < watcher.quiet_until:
            return None
        said, score = watcher.said(), 0.0
        for name, value in said.items():
            score += told.weights.get(name, 0.0) * value
        score = min(max(score, -1.0), 1.0)
        if abs(score) < told.threshold:
            return None
        watcher.quiet_until = tick.received + round(told.cooldown * 1_000_000_000)
        self.signals += 1
        return Signal(
            self.signals,
            self.symbols[tick.symbol],
            tick.received,
            watcher.price,
            score,
            watcher.bars.atr.value,
            {**said, "rsi": watcher.bars.rsi, "vwap": watcher.vwap},
        )
