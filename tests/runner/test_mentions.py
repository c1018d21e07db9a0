"""Dates and the numbers that stand by symbols, in words and in JSON."""

from datetime import date

import pytest

from aitrader_core.domain.market import Symbol
from aitrader_core.runner.mentions import Figures, dates_in

NAMES = {name: Symbol(name) for name in ("AAA", "BBB", "600519.SH")}
FIFTH = date(2012, 6, 5)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2012-06-05", [FIFTH]),
        ('{"time": "2012-06-05 10:30"}', [FIFTH]),
        ("on 2012/6/5, 2012-06-05T10:30Z and 20120605T103000", [FIFTH] * 3),
        ("June 5, 2012; 5 June 2012; 5 Jun 2012; Jun 5 2012", [FIFTH] * 4),
        ("JUNE 5th, 2012 and the 5th of June, 2012 and Sept. 1 2012", [FIFTH] * 2),
        ("2012-13-05, 2012-06-31, 12-06-05, 2012-06, June 2012, 5 June; 2012-06-055", []),
        ("order 20120605, 12012-06-05, 2012-06/05, May 5, 20125", []),
    ],
)
def test_dates(text: str, days: list[date]) -> None:
    found = [dated.day for dated in dates_in(text)]
    assert sorted(found) == sorted([*days, *([date(2012, 9, 1)] if "Sept." in text else [])])


FIGURES = {
    "AAA closes at 21.12.": ["AAA 21.12"],
    "At 21.12 AAA is cheap; 30.50 is not": ["AAA 21.12"],
    "AAA at $1,021.12, BBB at 41.32 (up 12.34 %), then 9:30 on 2012-06-05": [
        "AAA 1021.12",
        "BBB 41.32",
    ],
    "AAA and BBB close at 21.12 and 41.32": [
        f"{symbol} {number}" for number in ("21.12", "41.32") for symbol in ("AAA", "BBB")
    ],
    "AAA is one line\n21.12 is another": [],
    "AAAB 21.12, XAAA 21.12, x.AAA 21.12; AAA 21": [],
    "{'AAA_price': 21.12, 'BBB_price': 41.32}": ["AAA 21.12", "BBB 41.32"],
    "600519.SH at 1433.33": ["600519.SH 1433.33"],
    '{"open": {"AAA": "21.12", "BBB": 41.32}}': ["AAA 21.12", "BBB 41.32"],
    '{"symbol": "AAA", "bars": [{"time": "2012-06-05", "close": "21.12"}], "n": 20}': ["AAA 21.12"],
    '[{"symbol": "AAA", "price": "21.12"}, {"symbol": "BBB", "price": "41.32"}]': [
        "AAA 21.12",
        "BBB 41.32",
    ],
    '{"symbol": "AAA", "note": "will be 21.12, and BBB 41.32"}': ["AAA 21.12", "BBB 41.32"],
    '{"cash": "21.12"}': [],
    '"AAA 21.12"': ["AAA 21.12"],
    "21.12": [],
}


@pytest.mark.parametrize("text", FIGURES)
def test_numbers_by_symbols(text: str) -> None:
    found = [f"{figure.symbol} {figure.number}" for figure in Figures(NAMES).found_in(text)]
    assert found == FIGURES[text]


def test_what_stands_around_is_shown() -> None:
    text = f"{'x ' * 50}AAA closes\nat 21.12{' y' * 50}"
    (figure,) = Figures(NAMES).found_in(text.replace("\n", " "))
    assert figure.around.startswith("...x x")
    assert "AAA closes at 21.12 y y" in figure.around
    assert figure.around.endswith(" y...")
    (figure,) = Figures(NAMES).found_in('{"symbol": "AAA", "close": 21.12}')
    assert figure.around == '{"symbol": "AAA", "close": 21.12}'
