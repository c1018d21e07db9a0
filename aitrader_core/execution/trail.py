"""The audit trail: writing it, and making the state of a session's orders again from it alone."""

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from aitrader_core.domain.denials import Denial
from aitrader_core.domain.errors import LedgerError
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.orders import Outcome, Refused
from aitrader_core.domain.portfolio import Adjustment, AdjustmentKind, Portfolio
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.domain.trail import GENESIS, TrailEntry, chained, first_broken
from aitrader_core.execution import facts as f
from aitrader_core.execution.facts import Event
from aitrader_core.execution.state import OmsState
from aitrader_core.execution.transitions import Step


class Trail:
    """Appends to `entries`, and to nothing else."""

    def __init__(self, entries: list[TrailEntry]) -> None:
        self.entries = entries
        self._last = entries[-1].hash if entries else GENESIS

    def add(self, at: int, event: str, order_id: str, facts: str) -> None:
        entries = self.entries
        number = len(entries) + 1
        self._last = last = chained(self._last, number, at, event, order_id, facts)
        # past the constructor of the named tuple, which takes 0.13 us
        entries.append(tuple.__new__(TrailEntry, (number, at, event, order_id, facts, last)))


Booked = Outcome | Adjustment


def replay(
    trail: Sequence[TrailEntry],
    opening: Portfolio,
    trading: TradingState = TradingState.ACTIVE,
    book: Callable[[Booked], None] | None = None,
) -> OmsState:
    """The state after `trail`, from the portfolio and the kill switch of its beginning.

    `book` is told of each fill, denial and correction, in order. Raises LedgerError for a trail
    that was changed.
    """
    if (number := first_broken(trail)) is not None:
        raise LedgerError(f"the audit trail of orders was changed: entry {number} does not hold")
    state = OmsState(opening, trading)
    replayed = _Replay(state, book)
    for entry in trail:
        replayed.take(entry)
    return state


class _Replay:
    def __init__(self, state: OmsState, book: Callable[[Booked], None] | None) -> None:
        self._state = state
        self._book = book
        self._take: dict[str, Callable[[TrailEntry, dict[str, Any]], None]] = {
            Event.SUBMITTED: self._submitted,
            Event.DENIED: self._denied,
            Event.DUPLICATE_ID: self._duplicate,
            Event.EXECUTED: self._executed,
            Event.EXECUTED_LATE: self._executed,
            Event.TRADING: self._trading,
            Event.CORRECTED: self._corrected,
            **dict.fromkeys(STEPS, self._moved),
        }

    def take(self, entry: TrailEntry) -> None:
        if entry.event in self._take:
            self._take[entry.event](entry, json.loads(entry.facts))
        self._state.count(entry.event)

    def _submitted(self, entry: TrailEntry, facts: dict[str, Any]) -> None:
        order = f.order_of(entry.order_id, facts)
        self._state.submit(order, f.quote_of(facts), f.wish(order), entry.at)

    def _denied(self, entry: TrailEntry, facts: dict[str, Any]) -> None:
        refused = _refused(entry, facts)
        self._state.deny(refused, f.wish(refused.order))
        self._tell(refused)

    def _duplicate(self, entry: TrailEntry, facts: dict[str, Any]) -> None:
        self._tell(_refused(entry, facts))

    def _executed(self, entry: TrailEntry, facts: dict[str, Any]) -> None:
        ticket = self._state.tickets[entry.order_id]
        names = ("quantity", "price", "fee")
        quantity, price, fee = (Decimal(facts[name]) for name in names)
        status = self._state.after_fill(ticket, quantity, price, fee)
        fill = ticket.part(quantity, price, fee)
        self._state.portfolio = self._state.portfolio.apply(fill)
        self._state.fill(ticket, status, facts["execution"], fill)
        self._tell(fill)

    def _moved(self, entry: TrailEntry, facts: dict[str, Any]) -> None:
        ticket = self._state.tickets[entry.order_id]
        told = facts.get("filled")
        self._state.step(
            ticket,
            STEPS[entry.event],
            None if told is None else Decimal(told),
            facts.get("reason", ""),
        )

    def _trading(self, entry: TrailEntry, facts: dict[str, Any]) -> None:  # noqa: ARG002
        self._state.trading = TradingState(facts["state"])

    def _corrected(self, entry: TrailEntry, facts: dict[str, Any]) -> None:  # noqa: ARG002
        symbol = None if facts["symbol"] is None else Symbol(facts["symbol"])
        quantity, cash = Decimal(facts["quantity"]), Decimal(facts["cash"])
        correction = Adjustment(
            symbol, AdjustmentKind.CORRECTION, quantity, cash, reason=facts["reason"]
        )
        self._state.portfolio = self._state.portfolio.apply(correction)
        self._tell(correction)

    def _tell(self, fact: Booked) -> None:
        if self._book is not None:
            self._book(fact)


STEPS = {
    Event.ACCEPTED: Step.ACCEPT,
    Event.CANCEL_PENDING: Step.ASK_CANCEL,
    Event.CANCEL_REJECTED: Step.REFUSE_CANCEL,
    Event.CANCELED: Step.CANCEL,
    Event.REJECTED: Step.REJECT,
    Event.EXPIRED: Step.EXPIRE,
}


def _refused(entry: TrailEntry, facts: dict[str, Any]) -> Refused:
    code = None if facts["code"] is None else Denial(facts["code"])
    return Refused(f.order_of(entry.order_id, facts), facts["reason"], code)
