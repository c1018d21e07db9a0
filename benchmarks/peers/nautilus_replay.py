"""nautilus_trader's BacktestEngine over the stream, logging and the analysis afterwards left out.

Of each tick it advances its clocks, passes the quote or trade through the simulated exchange of
one level, keeps it in its cache, and calls the strategy's `on_quote_tick` or `on_trade_tick` (of
Python) over its message bus. `noop` does nothing there; `rule` feeds two of its own averages with
the middle of each quote and turns the position by a market order where they cross.
"""

from typing import Any

import nautilus_trader
import numpy as np
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.common.config import LoggingConfig
from nautilus_trader.indicators import ExponentialMovingAverage
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import QuoteTick, TradeTick
from nautilus_trader.model.enums import AccountType, AggressorSide, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

from benchmarks.peers.replay import FAST, ORDER, QUOTE, SLOW, Columns, Replay, main

INSTRUMENT = TestInstrumentProvider.btcusdt_perp_binance()  # steps of 0.1 and 0.001


class Noop(Strategy):  # type: ignore[misc]
    """Hears every tick."""

    orders = 0

    def on_start(self) -> None:
        self.subscribe_quote_ticks(INSTRUMENT.id)
        self.subscribe_trade_ticks(INSTRUMENT.id)

    def on_quote_tick(self, tick: Any) -> None:
        pass

    def on_trade_tick(self, tick: Any) -> None:
        pass


class Rule(Noop):
    """Long while the fast average is above the slow one, and short below."""

    def __init__(self) -> None:
        super().__init__()
        self.fast = ExponentialMovingAverage(int(FAST))
        self.slow = ExponentialMovingAverage(int(SLOW))
        self.is_long: bool | None = None

    def on_quote_tick(self, tick: Any) -> None:
        middle = (tick.bid_price.as_double() + tick.ask_price.as_double()) / 2
        self.fast.update_raw(middle)
        self.slow.update_raw(middle)
        if self.slow.initialized and (self.fast.value > self.slow.value) is not self.is_long:
            self._turn()

    def _turn(self) -> None:
        size = ORDER if self.is_long is None else 2 * ORDER
        self.is_long = self.fast.value > self.slow.value
        side = OrderSide.BUY if self.is_long else OrderSide.SELL
        quantity = INSTRUMENT.make_qty(size)
        self.submit_order(self.order_factory.market(INSTRUMENT.id, side, quantity))
        self.orders += 1

    def on_reset(self) -> None:
        self.fast.reset()
        self.slow.reset()
        self.is_long, self.orders = None, 0


def _prepare(columns: Columns, strategy: Noop) -> Replay:
    config = BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False)
    engine = BacktestEngine(config)
    engine.add_venue(
        venue=Venue("BINANCE"),
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        base_currency=None,
        starting_balances=[Money(1_000_000, USDT)],
    )
    engine.add_instrument(INSTRUMENT)
    engine.add_strategy(strategy)
    engine.add_data(_quotes(columns), validate=False, sort=False)
    engine.add_data(_trades(columns), validate=False)

    def replay() -> int:
        engine.run()
        orders = strategy.orders
        if engine.iteration != len(columns["kind"]):
            raise RuntimeError(f"{engine.iteration} of {len(columns['kind'])} ticks were replayed")
        engine.reset()
        return orders

    return replay


def _quotes(columns: Columns) -> list[Any]:
    at = columns["kind"] == QUOTE
    prices = [columns[name][at] for name in ("bid", "ask", "bid_size", "ask_size")]
    quotes: list[Any] = QuoteTick.from_raw_arrays_to_list(
        INSTRUMENT.id, 1, 3, *prices, *_times(columns, at)
    )
    return quotes


def _trades(columns: Columns) -> list[Any]:
    at = columns["kind"] != QUOTE
    sides = np.where(columns["side"][at] > 0, AggressorSide.BUYER, AggressorSide.SELLER)
    trades: list[Any] = TradeTick.from_raw_arrays_to_list(
        INSTRUMENT.id,
        1,
        3,
        columns["price"][at],
        columns["volume"][at],
        sides.astype(np.uint8),
        [str(number) for number in range(int(at.sum()))],
        *_times(columns, at),
    )
    return trades


def _times(columns: Columns, at: Any) -> list[Any]:
    return [columns[name][at].astype(np.uint64) for name in ("exchange", "received")]


if __name__ == "__main__":
    main(
        nautilus_trader.__version__,
        {
            "noop": lambda columns: _prepare(columns, Noop()),
            "rule": lambda columns: _prepare(columns, Rule()),
        },
    )
