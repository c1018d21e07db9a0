"""The kill switch: what an arena, or one model of it, may do at all."""

from enum import StrEnum


class TradingState(StrEnum):
    """`reducing` lets through only what makes a position smaller; `halted` nothing, and cancels
    what is open."""

    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"
