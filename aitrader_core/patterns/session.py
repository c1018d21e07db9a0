"""One model trading one session of ticks: the same path for a replay in chunks and a live feed."""

from decimal import ROUND_DOWN
from math import isfinite
from typing import TYPE_CHECKING

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.model_day import Ending
from aitrader_core.domain.money import STEP, ZERO, plain, plain_quantity
from aitrader_core.domain.orders import Order, Refused
from aitrader_core.domain.signals import Signal
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.execution.mandate import Mandate
from aitrader_core.execution.oms import Oms
from aitrader_core.patterns.engine import Engine
from aitrader_core.patterns.playback import Playback
from aitrader_core.patterns.shown import also_told
from aitrader_core.patterns.strategy import decide, exact
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.feed import Feed
from aitrader_core.simulation.tick_venue import TickVenue
from aitrader_core.simulation.ticks import Tick, Ticks

if TYPE_CHECKING:  # it comes to the session, not the session to it
    from aitrader_core.patterns.pattern_trader import PatternTrader


def trade_ticks(trader: "PatternTrader", desk: Desk) -> Ending:
    """Play the desk's feed to its end."""
    assert desk.feed is not None
    session = TickSession(trader, desk)
    for ticks in desk.feed.chunks():
        session.play(ticks)
    return session.close()


class TickSession:
    """An engine that sees, a strategy that decides, an order path and a venue, on one clock.

    The clock is the ticks' receive time. At each tick what is due at the venue comes first, then
    the venue sees the tick, then the engine, and then the strategy decides: its order gets to the
    venue after this tick, whatever its latency. `play` and `on_tick` do the same, one chunk or one
    tick at a time.
    """

    def __init__(self, trader: "PatternTrader", desk: Desk) -> None:
        feed = desk.feed
        assert feed is not None
        self.desk, self._trader = desk, trader
        self._index = {symbol: at for at, symbol in enumerate(feed.symbols)}
        self._engine, self._scorer = _engine(trader, feed), trader.scorer(feed.symbols)
        self._prices = dict(desk.view.opens)  # until there is a trade
        self._venue = TickVenue(
            feed.terms, feed.symbols, desk.rules.quantity_step, quoted=feed.quoted
        )
        mandate = _mandate(trader, desk, feed)
        self.oms = Oms(desk, self._venue, mandate, self._prices, feed.trading)
        self._lasts: dict[Symbol, float] = {}  # what `_prices` were made of
        self.signals = 0  # so far
        self._now = 0

    def play(self, ticks: Ticks) -> None:
        """The next chunk of the session."""
        at, end, received = 0, len(ticks), ticks.received
        engine, venue, scorer, scored = self._engine, self._venue, self._scorer, 0
        while at < end:
            if (now := int(received[at])) >= venue.wake_at:
                self._listen(now)
            step = engine.advance(ticks, at, venue.wake_at, venue.watch)
            at = step.next
            if step.watched or step.signal is not None:
                tick = ticks.at(at - 1)
                self._now = tick.received
                if step.watched:
                    venue.on_tick(tick)
                if step.signal is not None:
                    if scorer is not None:
                        scorer.follow(ticks, scored, at)
                        scored = at
                    self._on_signal(step.signal)
        if scorer is not None:
            scorer.follow(ticks, scored, end)
        if end:
            self._now = int(received[end - 1])

    def on_tick(self, tick: Tick) -> int:
        """The next tick of the session; returns how many orders left for the venue."""
        self._now = now = tick.received
        if now >= self._venue.wake_at:
            self._listen(now)
        self._venue.on_tick(tick)
        assert isinstance(self._engine, Engine)  # what is known already is played in chunks
        signal = self._engine.on_tick(tick)
        if self._scorer is not None:
            self._scorer.on_tick(tick)
        return 0 if signal is None else self._on_signal(signal)

    def kill(self, state: TradingState, reason: str, at: int) -> bool:
        """Throw the kill switch, as of `at` or of the last tick if that was later."""
        return self.oms.kill(state, reason, max(at, self._now))

    def close(self) -> Ending:
        """The session's end: what the venue has executed is booked, and what is open expires."""
        self.oms.listen(self._now)
        self.oms.expire_all(self._now)
        return Ending.DONE

    def _listen(self, now: int) -> None:
        self.oms.listen(now)
        self.oms.reconcile(now)

    def _on_signal(self, signal: Signal) -> int:
        self.signals += 1
        self._reprice(signal.symbol)
        if self._is_working(signal.symbol):
            return 0  # one at a time: what the last one does is not known yet
        at = self._index[signal.symbol]
        account = self.oms.account(signal.at)
        prediction = None if self._scorer is None else self._scorer.prediction(at)
        order = decide(
            signal,
            prediction,
            account,
            self._trader.strategy,
            self.desk.rules,
            bid=self._engine.last_bid(at),
            ask=self._engine.last_ask(at),
        )
        self.desk.say(_told(signal, also_told(self._trader.score, prediction), order))
        if order is None:
            return 0
        return 0 if isinstance(self.oms.submit(order, signal.at), Refused) else 1

    def _reprice(self, symbol: Symbol) -> None:
        """The last trades of what is held, and of what may be ordered."""
        for known in (symbol, *self.desk.portfolio.positions):
            if (at := self._index.get(known)) is not None:
                last = self._engine.last_price(at)
                if isfinite(last) and last != self._lasts.get(known):
                    self._lasts[known] = last
                    self._prices[known] = exact(last)

    def _is_working(self, symbol: Symbol) -> bool:
        state = self.oms.state
        return symbol in state.incoming or symbol in state.outgoing


def _engine(trader: "PatternTrader", feed: Feed) -> "Engine | Playback":
    """What sees the patterns; or what plays signals that are known already."""
    if feed.signals is None:
        return Engine(trader.patterns, feed.symbols)
    return Playback(feed.signals, feed.symbols)


def _mandate(trader: "PatternTrader", desk: Desk, feed: Feed) -> Mandate:
    """A market buy may go up by as much as the strategy keeps back for it, fees apart."""
    terms, kept = feed.terms, trader.strategy.fee_margin
    margin = max((1 + kept) / (1 + terms.taker_fee) - 1, ZERO)
    value = desk.portfolio.value(desk.view.opens)
    return Mandate(
        feed.session_key,
        value,
        trader.limits,
        fee_rate=max(terms.taker_fee, terms.maker_fee),
        margin=margin.quantize(STEP, ROUND_DOWN),
    )


def _told(signal: Signal, also: str, order: Order | None) -> str:
    seen = ", ".join(f"{name} {value:.3g}" for name, value in signal.features.items())
    said = f"signal {signal.number}: {signal.symbol} scores {signal.score:.3f} at {signal.price:g}"
    said += also
    if order is None:
        return f"{said} ({seen}): nothing to do"
    price = "the market" if order.limit is None else plain(order.limit)
    return f"{said} ({seen}): {order.side} {plain_quantity(order.quantity)} at {price}"
