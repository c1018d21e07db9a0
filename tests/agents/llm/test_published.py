"""A day is read off whatever a search engine writes, and never guessed."""

from datetime import date

import pytest

from aitrader_core.agents.llm.published import day_of, published

FIFTH, SIXTH = date(2012, 6, 5), date(2012, 6, 6)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2012-06-05", FIFTH),
        ("2012-06-05T10:00:00Z", FIFTH),
        ("2012-06-05 08:00:00 UTC", FIFTH),
        ("2012/6/5 08:00", FIFTH),
        ("Jun 5, 2012", FIFTH),
        ("June 5th, 2012", FIFTH),
        ("Tuesday, June 5, 2012, 10:30 AM", FIFTH),
        ("5 June 2012", FIFTH),
        ("Tue, 05 Jun 2012 08:00:00 GMT", FIFTH),
        ("2012-06-05T23:30:00-05:00", SIXTH),  # in Greenwich
        ("2012-06-06T01:00:00+09:00", SIXTH),  # there
        ("Tue, 05 Jun 2012 23:00:00 -0500", SIXTH),
        ("9999-12-31T23:59:59-12:00", date.max),
    ],
)
def test_a_date_is_read(text: str, day: date) -> None:
    assert day_of(text) == day


@pytest.mark.parametrize(
    "text",
    [
        *("3 days ago", "yesterday", "Updated 2012-06-05", "1 hour ago, Jun 5, 2012"),
        *("06/05/2012", "Jun 2012", "2012", "Foo 5, 2012", "May 3 12:30 2012", "Jun 5, 20123"),
        *("2012-02-31", "0000-00-00", "June 31, 2012", "", "5" * 1000, None, 20120605, ["2012"]),
    ],
)
def test_what_is_no_date_is_none(text: object) -> None:
    assert day_of(text) is None


def test_the_latest_day_counts() -> None:
    page = {"metadata": {"article:published_time": "2012-06-01"}}
    assert published({"date": "2 days ago", **page}) == date(2012, 6, 1)
    assert published({"publishedTime": "2012-06-05T09:00:00Z", **page}) == FIFTH
    assert published({"date": "2012-06-05", "modifiedTime": "2012-06-06"}) == SIXTH
    assert published({"modifiedTime": "2012-06-05"}) is None
    assert published({"metadata": "2012-06-05"}) is None
