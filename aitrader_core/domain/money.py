"""Exact money: decimals quantized once, where a fact is made, and only added after that."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

STEP = Decimal("0.00000001")  # as NUMERIC(28, 8) keeps it
ZERO = Decimal(0)
_DIGITS = 28  # of what is written without being reckoned with

_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)  # ties go away from zero, as in SQL's round()
_quantize, _multiply = _EXACT.quantize, _EXACT.multiply


def money(value: Decimal) -> Decimal:
    """`value` to eight decimals."""
    return _quantize(value, STEP)


def times(quantity: Decimal, price: Decimal) -> Decimal:
    """quantity x price to eight decimals."""
    return _quantize(_multiply(quantity, price), STEP)


def whole_steps(quantity: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `quantity` (which is not negative)."""
    return (quantity / step).to_integral_value(ROUND_DOWN) * step


def plain(value: Decimal) -> str:
    """For sentences: two decimals where they are exact, all of them otherwise.

    >>> plain(Decimal("900")), plain(Decimal("0.125"))
    ('900.00', '0.125')
    """
    written = str(value)
    if written[-3:-2] == ".":
        return written  # as most are, or
    two = written.find(".") + 3  # where two decimals end
    if 3 <= two < len(written) <= _DIGITS and "E" not in written:
        kept = written.rstrip("0")  # a third of what `format` takes
        return kept if len(kept) > two else written[:two]
    if not _printable(value):
        return written
    text = f"{value:.2f}"
    return text if Decimal(text) == value else f"{value.normalize():f}"


def plain_quantity(value: Decimal) -> str:
    """For sentences: no more decimals than there are.

    >>> plain_quantity(Decimal("10.00000000")), plain_quantity(Decimal("0.5"))
    ('10', '0.5')
    """
    written = str(value)
    if written.isdigit() and written[0] != "0":
        return written
    return f"{value.normalize():f}" if _printable(value) else written


def _printable(value: Decimal) -> bool:
    return value.is_finite() and abs(value.adjusted()) < 40
