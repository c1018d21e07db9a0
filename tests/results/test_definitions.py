"""Every figure is defined, in a sentence and with its source."""

from dataclasses import fields

import pytest

from aitrader_core.results.definitions import DEFINITIONS
from aitrader_core.results.judgement import FamilyVerdict, Gap, Judgement
from aitrader_core.results.metrics import Metrics
from aitrader_core.results.standings import Standing


@pytest.mark.parametrize("shown", [Metrics, Standing, Judgement, FamilyVerdict, Gap])
def test_each_figure_is_defined(shown: type) -> None:
    assert {field.name for field in fields(shown)} <= set(DEFINITIONS)


def test_a_definition_is_a_sentence_with_its_source() -> None:
    for key, found in DEFINITIONS.items():
        assert found.key == key
        assert found.sentence.endswith(".")
        assert all((found.title, found.formula, found.unit, found.source))
