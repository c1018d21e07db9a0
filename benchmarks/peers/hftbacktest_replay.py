"""hftbacktest's numba loops over the stream, as its own documentation writes them.

A quote becomes an event for each side that it changes: the new level, then the end of the old one.
Of each event it updates two order books, the exchange's and the one that is seen after the feed's
latency, and looks which orders have arrived; the books are vectors over the stream's own range of
prices, the faster of its two kinds (its other one, by hashes, takes half as long again). `feed` and
`rule` return to the loop at each tick, `elapse` every 100 ms of market time alone. `rule` moves two
averages by the middle of the book and turns the position by a market order where they cross; it is
filled after 5 ms and reported after as many. Trades reach resting orders and are not kept.
"""

from collections.abc import Callable
from typing import Any

import hftbacktest
import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    GTC,
    LOCAL_EVENT,
    MARKET,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    ROIVectorMarketDepthBacktest,
)
from hftbacktest.types import event_dtype
from numba import njit

from benchmarks.peers.replay import FAST, LOT, ORDER, QUOTE, SLOW, TICK, Columns, Replay, main

LATENCY = 5_000_000  # ns, there and back
BAR = 100_000_000  # ns that `elapse` goes on by
HOUR = 3_600_000_000_000


def _feed(hbt: Any) -> tuple[int, int]:
    """Stops at each tick; returns how many there were, and 0 orders."""
    ticks = 0
    while hbt.wait_next_feed(False, HOUR) == 2:
        ticks += 1
    return ticks, 0


def _elapse(hbt: Any) -> tuple[int, int]:
    stops = 0
    while hbt.elapse(BAR) == 0:
        stops += 1
    return stops, 0


def _rule(hbt: Any) -> tuple[int, int]:
    """Long while the fast average is above the slow one, and short below."""
    fast = slow = 0.0
    ticks = orders = position = 0
    while hbt.wait_next_feed(False, HOUR) == 2:
        depth = hbt.depth(0)
        middle = (depth.best_bid + depth.best_ask) / 2
        if ticks == 0:
            fast = slow = middle
        fast += (middle - fast) * 2 / (FAST + 1)
        slow += (middle - slow) * 2 / (SLOW + 1)
        ticks += 1
        wanted = 1 if fast > slow else -1
        if ticks > SLOW and wanted != position:
            orders += 1
            size = ORDER if position == 0 else 2 * ORDER
            position = wanted
            hbt.clear_inactive_orders(0)
            if wanted > 0:
                hbt.submit_buy_order(0, orders, depth.best_ask, size, GTC, MARKET, False)
            else:
                hbt.submit_sell_order(0, orders, depth.best_bid, size, GTC, MARKET, False)
    return ticks, orders


def _prepare(columns: Columns, loop: Callable[[Any], tuple[int, int]]) -> Replay:
    events, compiled, ticks = _events(columns), njit(loop), len(columns["kind"])
    compiled(_backtest(events[:100]))

    def replay() -> int:
        backtest = _backtest(events)
        stops, orders = compiled(backtest)
        backtest.close()
        if loop is not _elapse and stops + 1 < ticks:  # the last one is told as the end
            raise RuntimeError(f"the loop stopped at {stops} of {ticks} ticks")
        return int(orders)

    return replay


def _backtest(events: Any) -> Any:
    asset = (
        BacktestAsset()
        .data([events])
        .linear_asset(1.0)
        .constant_order_latency(LATENCY, LATENCY)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0002, 0.0004)
        .tick_size(TICK)
        .lot_size(LOT)
        .roi_lb(float(events["px"].min()))
        .roi_ub(float(events["px"].max()))
        .last_trades_capacity(0)
    )
    return ROIVectorMarketDepthBacktest([asset])


def _events(columns: Columns) -> Any:
    """In the order of the ticks; of one tick the side that the price moves away to first."""
    is_quote = columns["kind"] == QUOTE
    at = np.flatnonzero(is_quote)
    up = _change(columns["ask"][at]) > 0
    bid, ask = (_resized(columns, name, at) for name in ("bid", "ask"))
    parts = [
        _trades(columns, np.flatnonzero(~is_quote)),
        *_side(columns, "bid", BUY_EVENT, at, bid | ~ask, np.where(up, 2, 0)),
        *_side(columns, "ask", SELL_EVENT, at, ask, np.where(up, 0, 2)),
    ]
    events, order = zip(*parts, strict=True)
    return np.concatenate(events)[np.argsort(np.concatenate(order), kind="stable")]


def _side(columns: Columns, name: str, side: int, at: Any, told: Any, rank: Any) -> list[Any]:
    """The levels that `told` quotes set, and those that they leave behind."""
    price, size = columns[name][at], columns[f"{name}_size"][at]
    gone = np.flatnonzero(_change(price))
    return [
        _depth(columns, at[told], side, price[told], size[told], rank[told]),
        _depth(columns, at[gone], side, price[gone - 1], 0.0, rank[gone] + 1),
    ]


def _resized(columns: Columns, name: str, at: Any) -> Any:
    changed = (_change(columns[name][at]) != 0) | (_change(columns[f"{name}_size"][at]) != 0)
    changed[0] = True
    return changed


def _change(values: Any) -> Any:
    return np.diff(values, prepend=values[0])


def _trades(columns: Columns, at: Any) -> tuple[Any, Any]:
    side = np.where(columns["side"][at] > 0, BUY_EVENT, SELL_EVENT)
    return _made(
        columns, at, TRADE_EVENT | side, columns["price"][at], columns["volume"][at]
    ), at * 4


def _depth(
    columns: Columns, at: Any, side: int, price: Any, size: Any, rank: Any
) -> tuple[Any, Any]:
    return _made(columns, at, DEPTH_EVENT | side, price, size), at * 4 + rank


def _made(columns: Columns, at: Any, kind: Any, price: Any, size: Any) -> Any:
    events = np.zeros(len(at), event_dtype)
    events["ev"] = kind | EXCH_EVENT | LOCAL_EVENT
    events["exch_ts"], events["local_ts"] = columns["exchange"][at], columns["received"][at]
    events["px"], events["qty"] = price, size
    return events


if __name__ == "__main__":
    main(
        hftbacktest.__version__,
        {
            "elapse": lambda columns: _prepare(columns, _elapse),
            "feed": lambda columns: _prepare(columns, _feed),
            "rule": lambda columns: _prepare(columns, _rule),
        },
    )
