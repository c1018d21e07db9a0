"""Why we deny an order, as a code beside the sentence; a venue's own refusal is a rejection."""

from enum import StrEnum


class Denial(StrEnum):
    """Told apart by programs; the sentence that comes with it names the figures."""

    HALTED = "halted"  # the kill switch lets nothing through
    REDUCING = "reducing"  # the kill switch lets through what makes a position smaller
    QUANTITY = "quantity"
    NOT_OFFERED = "not_offered"
    NOT_HELD = "not_held"
    PRICE_COLLAR = "price_collar"
    NOTIONAL = "notional"
    POSITION = "position"
    GROSS_EXPOSURE = "gross_exposure"
    DAILY_LOSS = "daily_loss"
    FREE_CASH = "free_cash"
    DUPLICATE_ID = "duplicate_id"
    RATE = "rate"
    STALE_ACCOUNT = "stale_account"
