"""The colours of style.css: enough contrast for everyone, in light and in dark."""

import re
from itertools import combinations

import pytest

from aitrader_core.web.pages.charts import COLOURS, looks
from aitrader_core.web.pages.rendering import STATIC

STYLE = (STATIC / "style.css").read_text()
LIGHT, DARK = (
    dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", block))
    for block in re.findall(r":root \{(.*?)\n *\}", STYLE, re.S)[:2]
)
TEXT, LINE = 4.5, 3.0  # WCAG 2.2, AA: of text, and of what a chart is drawn with


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_everything_can_be_seen(colours: dict[str, str]) -> None:
    for name in ("ink", "muted", "accent", "warn"):
        for ground in ("paper", "tint", "accent-tint"):
            assert contrast(colours[name], colours[ground]) >= TEXT, (name, ground)
    for number in range(1, COLOURS + 1):
        assert contrast(colours[f"series-{number}"], colours["paper"]) >= LINE, number
    assert contrast(colours["baseline"], colours["paper"]) >= LINE


def test_no_two_lines_of_a_chart_look_alike() -> None:
    models = [f"m{n}" for n in range(40)]
    found = looks(models, baselines=models[35:])
    told = [(look["meta"]["colour"], look["line"]["dash"]) for look in found.values()]
    assert all(a != b for a, b in combinations(told, 2))
