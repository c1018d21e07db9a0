"""Every figure that is shown is defined, and nothing else is."""

from dataclasses import fields

import pytest

from aitrader_core.results.definitions import DEFINITIONS
from aitrader_core.results.judgement import FamilyVerdict, Gap, Judgement
from aitrader_core.results.metrics import Metrics
from aitrader_core.results.standings import Standing
from aitrader_core.runner.scoring import BESIDE, ROW

DEFINED = (Metrics, Standing, Judgement, FamilyVerdict, Gap)


def test_each_figure_has_a_definition_and_each_definition_a_figure() -> None:
    shown = {field.name for each in DEFINED for field in fields(each)}
    assert shown | set(ROW) | set(BESIDE) == set(DEFINITIONS)


@pytest.mark.parametrize("key", DEFINITIONS)
def test_a_definition_is_a_sentence_with_its_source(key: str) -> None:
    found = DEFINITIONS[key]
    assert found.key == key
    assert found.sentence.endswith(".")
    assert all((found.title, found.formula, found.unit, found.source))
