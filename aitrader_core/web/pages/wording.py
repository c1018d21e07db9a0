"""Figures as people read them: units, signs and what is said where there is none."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from aitrader_core.results.definitions import DEFINITIONS

Figure = float | Decimal
NONE = "\u2013"  # where a figure has no meaning, or is not known
_THIN = "\u202f"  # no line breaks between a number and its unit
_MINUS = "\u2212"
_SYMBOLS: Mapping[str, str] = {"USD": "$", "CNY": "¥", "EUR": "€"}


def percent(fraction: Figure | None, places: int = 2) -> str:
    """A change, with its sign."""
    return NONE if fraction is None else f"{_signed(100 * fraction, places)}{_THIN}%"


def share(fraction: Figure | None, places: int = 1) -> str:
    """A part of something, which has no sign."""
    return NONE if fraction is None else f"{_plain(100 * fraction, places)}{_THIN}%"


def ratio(figure: Figure | None, places: int = 2) -> str:
    return NONE if figure is None else _plain(figure, places)


def count(number: int | None) -> str:
    return NONE if number is None else f"{number:,}"


def money(value: Figure | str | None, currency: str = "") -> str:
    """Two digits after the point; the currency as a sign where it has one."""
    if value is None:
        return NONE
    figure = Decimal(value)
    text = _plain(abs(figure), 2)
    sign = _MINUS if figure < 0 and text.strip("0.,") else ""
    if (symbol := _SYMBOLS.get(currency)) is not None:
        return f"{sign}{symbol}{text}"
    return f"{sign}{text}{_THIN}{currency}" if currency else f"{sign}{text}"


def quantity(value: Figure | str) -> str:
    """As many digits as it has."""
    text = f"{Decimal(value):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def dollars(value: Figure | str | None) -> str:
    """What was spent on language models: cents are large there."""
    if value is None:
        return NONE
    spent = Decimal(value)
    return f"${spent:,.2f}" if not spent or spent >= 1 else f"${spent:,.4f}"


def chance(p_value: float | None) -> str:
    if p_value is None:
        return NONE
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def day(session: date | str) -> str:
    """2 March 2012."""
    found = date.fromisoformat(session) if isinstance(session, str) else session
    return f"{found.day} {found:%B %Y}"


def moment(at: datetime) -> str:
    return f"{day(at.date())}, {at:%H:%M} {at:%Z}".rstrip()


def clock(at: datetime) -> str:
    """To the millisecond."""
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"


def lasting(span: int) -> str:
    """Of ns: 11.2 ms, 1.204 s, 4 min 3.5 s."""
    seconds = span / 1e9
    if seconds < 1:
        return f"{1000 * seconds:.1f}{_THIN}ms"
    if seconds < 60:
        return f"{seconds:.3f}{_THIN}s"
    return f"{int(seconds // 60):,}{_THIN}min {seconds % 60:.1f}{_THIN}s"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(names: list[str] | tuple[str, ...], last: str = "and") -> str:
    """a, b and c."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def _signed(figure: Figure, places: int) -> str:
    text = f"{figure:+,.{places}f}"
    if not text.strip("+-0.,"):
        text = text[1:]  # nothing has no sign
    return text.replace("-", _MINUS)


def _plain(figure: Figure, places: int) -> str:
    text = f"{figure:,.{places}f}"
    return (text if text.strip("-0.,") else text.lstrip("-")).replace("-", _MINUS)


def unit(key: str) -> str:
    """How a metric is written: percent, share, count, dollars or ratio."""
    return _UNITS.get(key, "ratio")


def title(key: str) -> str:
    return DEFINITIONS[key].title


def span(first: date | str | None, last: date | str | None) -> str:
    if first and first == last:
        return f"on {day(first)}"
    since, until = first and f"from {day(first)}", last and f"to {day(last)}"
    return " ".join(part for part in (since, until) if part)


_UNITS: Mapping[str, str] = {
    "sessions": "count",
    "cumulative_return": "percent",
    "annual_return": "percent",
    "volatility": "share",
    "max_drawdown": "percent",
    "win_rate": "share",
    "alpha": "percent",
    "cost_drag": "share",
    "invalid_order_rate": "share",
    "dollars_per_return": "dollars",
}
