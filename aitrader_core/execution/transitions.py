"""The life of an order: from which status which step leads where, and what is impossible."""

from collections.abc import Mapping
from enum import StrEnum

from aitrader_core.domain.errors import ImpossibleReport
from aitrader_core.domain.trail import OrderStatus as S


class Step(StrEnum):
    """What may happen to an order that was submitted."""

    ACCEPT = "accept"
    FILL_PART = "fill_part"
    FILL = "fill"  # of all that was left
    ASK_CANCEL = "ask_cancel"
    CANCEL = "cancel"
    REFUSE_CANCEL = "refuse_cancel"
    REJECT = "reject"
    EXPIRE = "expire"


_AT_WORK: Mapping[Step, S | None] = {
    Step.ACCEPT: None,  # told again, or overtaken by an execution
    Step.FILL_PART: S.PARTIALLY_FILLED,
    Step.FILL: S.FILLED,
    Step.ASK_CANCEL: S.CANCEL_PENDING,
    Step.CANCEL: S.CANCELED,  # by the venue itself
    Step.REFUSE_CANCEL: None,
    Step.EXPIRE: S.EXPIRED,
}

# None is news of old: legal, and nothing changes. What is not listed is impossible.
TRANSITIONS: Mapping[S, Mapping[Step, S | None]] = {
    S.SUBMITTED: {**_AT_WORK, Step.ACCEPT: S.ACCEPTED, Step.REJECT: S.REJECTED},
    S.ACCEPTED: _AT_WORK,
    S.PARTIALLY_FILLED: _AT_WORK,
    S.CANCEL_PENDING: {
        **_AT_WORK,
        Step.FILL_PART: S.CANCEL_PENDING,
        Step.REFUSE_CANCEL: S.ACCEPTED,  # or what it was: see `standing`
        Step.REJECT: S.REJECTED,
    },
    S.FILLED: {Step.ACCEPT: None, Step.REFUSE_CANCEL: None},
    S.CANCELED: {
        Step.ACCEPT: None,
        Step.FILL_PART: S.CANCELED,  # late: executed before the cancel, told after it
        Step.FILL: S.CANCELED,
        Step.CANCEL: None,
        Step.REFUSE_CANCEL: None,
        Step.EXPIRE: None,
    },
    S.EXPIRED: {  # by ourselves, maybe: with the session
        Step.ACCEPT: None,
        Step.REJECT: None,
        Step.FILL_PART: S.EXPIRED,
        Step.FILL: S.EXPIRED,
        Step.CANCEL: None,
        Step.REFUSE_CANCEL: None,
        Step.EXPIRE: None,
    },
    S.REJECTED: {Step.REJECT: None, Step.REFUSE_CANCEL: None},
    S.DENIED: {},  # the venue never saw it
}

OPEN = frozenset({S.SUBMITTED, S.ACCEPTED, S.PARTIALLY_FILLED, S.CANCEL_PENDING})
_NOTHING: Mapping[Step, S | None] = {}


def after(status: S, step: Step, order_id: str) -> S | None:
    """The status that `step` leads to; None when it is news of old.

    Raises ImpossibleReport for what can't be: a bug of ours, or a venue that lies.
    """
    steps = TRANSITIONS.get(status, _NOTHING)
    if step not in steps:
        raise ImpossibleReport(f"order {order_id} is {status}, and yet it is told to {step}")
    return steps[step]
