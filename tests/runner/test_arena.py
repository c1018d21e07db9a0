"""An arena is built of parts that its files name: rules, a price source, models of its own."""

from decimal import Decimal

import pytest

from aitrader_core.agents.recorded import Recorded
from aitrader_core.domain.risk import NextSessionSettlement, TradingRules
from aitrader_core.market.alpha_vantage import AlphaVantage
from aitrader_core.market.files import PriceFile
from aitrader_core.runner.arena import load_arena
from tests.small import Small


def test_the_shipped_markets_have_their_rules(small: Small) -> None:
    rules = {name: load_arena(small.config_dir, name).rules for name in ("us", "cn", "crypto")}
    assert rules == {
        "us": TradingRules(),
        "cn": NextSessionSettlement(lot_size=Decimal(100)),
        "crypto": TradingRules(quantity_step=Decimal("0.00001")),
    }


def test_a_relative_path_counts_from_the_folder_of_configs(small: Small) -> None:
    small.configure(prices={"kind": "file", "path": "data/prices.csv", "actions": "/actions.csv"})
    source = small.floor.arena.source
    assert isinstance(source, PriceFile)
    assert source.path == small.config_dir.parent / "data/prices.csv"
    assert str(source.actions) == "/actions.csv"


def test_a_model_of_one_arena_comes_before_one_of_all(small: Small) -> None:
    small.model("random", kind="random", seed=99)
    small.model("gpt", kind="recorded", file="gpt/position.jsonl")
    small.configure(models=["random", "gpt", "buy_and_hold"])
    models = small.floor.arena.models
    assert models["random"].config.parameters == {"seed": 99}
    assert models["buy_and_hold"].config.parameters == {}
    assert models["gpt"].agent == Recorded(small.config_dir.parent / "gpt/position.jsonl")
    assert load_arena(small.config_dir, "us").models["random"].config.parameters["seed"] == 7


def test_a_recording_that_changed_is_another_configuration(small: Small) -> None:
    small.model("gpt", kind="recorded", file="position.jsonl")
    small.configure(models=["gpt"])
    hashes = [small.floor.arena.models["gpt"].config_hash]
    for content in ("one", "two"):
        small.file("position.jsonl", content)
        hashes.append(small.floor.arena.models["gpt"].config_hash)
    assert len(set(hashes)) == 3


@pytest.mark.parametrize(("given", "found"), [({}, "secret"), ({"key": "mine"}, "mine")])
def test_a_key_is_of_the_arena_or_of_the_environment(
    small: Small, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], found: str
) -> None:
    monkeypatch.setenv("ALPHAVANTAGE_API_KEY", "secret")
    small.configure(prices={"kind": "alpha_vantage", **given})
    source = small.floor.arena.source
    assert isinstance(source, AlphaVantage)
    assert source.key == found
    assert found not in repr(source)
