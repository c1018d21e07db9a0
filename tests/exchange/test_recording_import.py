"""A model's name goes into an arena's file, and nothing else of it changes."""

import pytest
import yaml

from aitrader_core.exchange.recording_import import with_model

FILES = {
    "a list": (
        "a: 1\nmodels:   # theirs\n  - one\n  - two  # the last\n\nb: 2\n",
        "  - two  # the last\n  - new\n",
    ),
    "a list at the end": ("models:\n- one", "- one\n- new\n"),
    "in a row": ("models: [one, two] # all\nb: 2\n", "models: [one, two, new] # all\n"),
    "in rows": ("models: [\n  one,\n  two\n]\n", "  two, new\n]\n"),
    "quoted": ("models:\n  - 'one'\nb: [x]\n", "  - 'one'\n  - new\nb: [x]\n"),
}


@pytest.mark.parametrize("what", FILES)
def test_a_name_is_added(what: str) -> None:
    text, part = FILES[what]
    after = with_model(text, "new")
    assert after is not None
    assert part in after
    was = yaml.safe_load(text)
    assert yaml.safe_load(after) == {**was, "models": [*was["models"], "new"]}
    assert with_model(after, "new") == after


@pytest.mark.parametrize(
    "text", ["models: &m [one]\nothers: *m\n", "models: []\n", "x: &m\n  - a\nmodels: *m\n"]
)
def test_where_it_can_t_be_sure_it_says_so(text: str) -> None:
    assert with_model(text, "new") is None
