"""The networks that come with aitrader are those that training makes, and as their cards say."""

from hashlib import sha256

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from aitrader_core.agents.onnx import features
from aitrader_core.inference.network import FOLDER
from aitrader_core.patterns import windows
from aitrader_core.runner.settings import project_root
from aitrader_core.training.card_prose import FEATURES
from aitrader_core.training.evidence import calling
from aitrader_core.training.making import final
from aitrader_core.training.recipes import RECIPES, TICK_CNN
from aitrader_core.training.samples import Samples
from aitrader_core.training.shelf import shelf

CONFIGS = project_root() / "configs"
CARDS = {each.name: each for each in shelf(CONFIGS, {})}


def test_the_committed_bytes_are_made_again(windowed: Samples) -> None:
    """With what the card says of them in sample. `aitrader models train --check` makes the held-out
    years again, too; of the other network, tests/cli/test_networks.py has it do so."""
    content, rises = final(TICK_CNN, windowed)
    assert content == (CONFIGS / FOLDER / "tick_cnn.onnx").read_bytes()
    base = np.full(len(rises), windowed.targets.mean())
    called = calling(windowed, rises, base, np.ones(len(rises), np.bool_))
    assert called.as_yaml() == CARDS["tick_cnn"].card["in_sample"]
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    (told,) = session.run(None, {"input": windowed.inputs[:, None, :]})
    np.testing.assert_allclose(told[:, 1], rises, atol=1e-5)


def test_a_card_tells_of_its_file(daily: Samples, windowed: Samples) -> None:
    assert set(CARDS) == set(RECIPES)
    for name, samples in (("daily_mlp", daily), ("tick_cnn", windowed)):
        card, recipe = CARDS[name].card, RECIPES[name]
        assert CARDS[name].is_of_its_card
        assert (
            card["sha256"] == sha256((CONFIGS / FOLDER / f"{name}.onnx").read_bytes()).hexdigest()
        )
        assert (card["recipe_sha256"], card["seed"]) == (recipe.digest, recipe.seed)
        assert card["trained_on"]["sha256"] == samples.digest
        assert card["trained_on"]["last_session"] < card["demo_begins"] == "2012-06-01"
        assert [fold["year"] for fold in card["folds"]] == list(range(2004, 2013))
        assert sum(f["samples"] for f in card["folds"]) == card["out_of_sample"]["samples"]
        assert all(fold["trained"][1] < fold["tested"][0] for fold in card["folds"])


def test_a_file_says_what_it_is_to_be_asked() -> None:
    versions = {
        "daily_mlp": ("aitrader.features", features.VERSION),
        "tick_cnn": ("aitrader.windows", windows.VERSION),
    }
    for name, (key, version) in versions.items():
        model = onnx.load(CONFIGS / FOLDER / f"{name}.onnx")
        told = {prop.key: prop.value for prop in model.metadata_props}
        assert told == {
            key: version,
            "aitrader.first_session": "2000-03-01",
            "aitrader.last_session": "2012-05-31",
            "aitrader.seed": "1",
        }
        assert CARDS[name].card["features"]["version"] == version


def test_they_are_small() -> None:
    sizes = [path.stat().st_size for path in (CONFIGS / FOLDER).glob("*.onnx")]
    assert sum(sizes) < 1_000_000


def test_every_feature_is_described() -> None:
    assert tuple(FEATURES) == features.NAMES
    assert tuple(CARDS["daily_mlp"].card["features"]["columns"]) == features.NAMES


@pytest.mark.parametrize("name", RECIPES)
def test_the_text_says_what_was_found(name: str) -> None:
    text = " ".join((CONFIGS / FOLDER / f"{name}.md").read_text().split())
    told = CARDS[name].card
    t = (told["out_of_sample"].get("rank_ic") or told["out_of_sample"]["log_loss_gain"])["t"]
    assert f"**{told['verdict']}**" in text
    if abs(t) < 1.9:
        assert "indistinguishable" in told["verdict"]
