"""What a tick changes of what is known of its symbol, compiled."""

import math

from aitrader_core.patterns.compiling import compiled
from aitrader_core.patterns.records import Row, Terms
from aitrader_core.simulation.ticks import TRADE, Tick, is_possible

FADED = 1e-100  # an average that decayed below it is 0: subnormal numbers are slow and coarse
possible = compiled(is_possible)


@compiled
def _average(old: float, new: float, count: float, weight: float) -> float:
    """Of values from 0 up: the plain mean until the new one, number `count`, weighs `weight`."""
    part = weight if count * weight >= 1.0 else 1.0 / count
    moved = old + part * (new - old)
    return moved if moved > FADED else 0.0


@compiled
def _quoted(row: Row, tick: Tick) -> None:
    row.bid = tick.bid
    row.ask = tick.ask
    sizes = tick.bid_size + tick.ask_size
    known = not math.isnan(tick.bid) and not math.isnan(tick.ask) and sizes > 0.0
    row.imbalance = (tick.bid_size - tick.ask_size) / sizes if known else 0.0


@compiled
def _traded(row: Row, tick: Tick, terms: Terms) -> None:
    price = tick.price
    if row.trades == 0:
        row.fast = price
        row.slow = price
        row.volume_ratio = 1.0
    else:
        _moved(row, price, terms)
        row.volume_ratio = tick.volume / row.usual_volume
    if tick.side != 0:
        row.side = float(tick.side)
    else:  # the tick rule of Lee and Ready (1991)
        up = 1.0 * (price > row.price) - 1.0 * (price < row.price)
        row.side = up + (1.0 - abs(up)) * row.side
    row.price = price
    row.trades += 1
    row.usual_volume = _average(
        row.usual_volume, tick.volume, float(row.trades), terms.usual_volume
    )
    row.notional += price * tick.volume
    row.volume += tick.volume
    row.vwap = row.notional / row.volume
    _in_bar(row, price, terms)


@compiled
def _moved(row: Row, price: float, terms: Terms) -> None:
    """From `row.price` to `price`."""
    change = price - row.price
    relative = change / row.price
    row.surprise = change * row.per_move
    row.variance = _average(row.variance, relative * relative, float(row.trades), terms.variance)
    row.per_move = 1.0 / (price * math.sqrt(row.variance)) if row.variance > 0.0 else 0.0
    row.fast += terms.fast * (price - row.fast)
    row.slow += terms.slow * (price - row.slow)
    row.since_cross += 1.0
    if row.fast != row.slow:
        above = math.copysign(1.0, row.fast - row.slow)
        if above * row.above < 0.0:
            row.crossed = above
            row.since_cross = 0.0
        row.above = above


@compiled
def _in_bar(row: Row, price: float, terms: Terms) -> None:
    if row.bar_trades == 0:
        row.bar_high = price
        row.bar_low = price
    else:
        row.bar_high = max(row.bar_high, price)
        row.bar_low = min(row.bar_low, price)
    row.bar_trades += 1
    if row.bar_trades == terms.bar:
        _bar_closed(row, price, terms)
        row.bar_trades = 0


@compiled
def _bar_closed(row: Row, close: float, terms: Terms) -> None:
    """Wilder's RSI and average true range; the first bar has no close before it."""
    high, low = row.bar_high, row.bar_low
    if row.bars > 0:
        before = row.bar_close
        high, low = max(high, before), min(low, before)
        rise = close - before
        count = float(row.bars)
        row.gain = _average(row.gain, max(rise, 0.0), count, terms.rsi)
        row.loss = _average(row.loss, max(-rise, 0.0), count, terms.rsi)
        both = row.gain + row.loss
        row.rsi = 100.0 * (row.gain / both) if both > 0.0 else 50.0
    row.bars += 1
    row.atr = _average(row.atr, high - low, float(row.bars), terms.atr)
    row.bar_close = close


@compiled
def learn(row: Row, tick: Tick, terms: Terms) -> bool:
    """Whether the tick can be true and was learnt from."""
    if not possible(tick):
        row.skipped += 1
        return False
    if tick.kind == TRADE:
        _traded(row, tick, terms)
    _quoted(row, tick)
    return True
