"""Where the next page begins, as a word that is nobody's business."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from datetime import date

from aitrader_core.storage.reading import Place
from aitrader_core.web.problems import Problem


def cursor_of(place: Place | None) -> str | None:
    if place is None:
        return None
    return urlsafe_b64encode(f"{place.session} {place.model}".encode()).decode().rstrip("=")


def place_of(cursor: str | None) -> Place | None:
    """Problem 422 for one that we did not give."""
    if cursor is None:
        return None
    try:
        told = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        session, _, model = told.partition(" ")
        if not model or not model.isprintable():
            raise ValueError(told)
        return Place(date.fromisoformat(session), model)
    except (Error, ValueError):
        raise Problem(
            422, "cursor: it is none of ours", "take it from `next` of the page before, or leave it"
        ) from None
