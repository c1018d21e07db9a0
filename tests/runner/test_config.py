"""A mistake in a configuration names the file, the key and what is allowed."""

import shutil
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from aitrader_core.agents.llm.language_model import LanguageModel
from aitrader_core.agents.rules import Momentum, RandomTrader
from aitrader_core.domain.errors import ConfigError
from aitrader_core.domain.model_day import Ending
from aitrader_core.runner import config
from aitrader_core.runner.arena import load_arena, load_arenas
from aitrader_core.runner.settings import project_root
from aitrader_core.simulation.desk import Desk

D = Decimal
RULES = "buy_and_hold, equal_weight, inverse_volatility, mean_reversion, momentum, pattern, random"
MODELS = RULES.replace("buy_and_hold", "buy_and_hold, daily_mlp")
NAMED = MODELS.replace("equal_weight", "equal_weight, gpt-5-mini")
KINDS = RULES.replace("mean_reversion", "llm, mcp, mean_reversion").replace(
    "pattern", "onnx, pattern"
)


def edit(config_dir: Path, file: str, old: str, new: str) -> Path:
    """Replace `old`, which is there once, in configs/`file`."""
    path = config_dir / file
    content = path.read_text()
    assert content.count(old) == 1
    path.write_text(content.replace(old, new))
    return path


def fault(config_dir: Path) -> str:
    with pytest.raises(ConfigError) as error:
        load_arena(config_dir, "us")
    return str(error.value)


def test_the_committed_arena() -> None:
    arenas = load_arenas(project_root() / "configs")
    arena = arenas["us"]
    assert (arena.market, arena.currency, arena.history) == ("us", "USD", 252)
    assert (arena.initial_cash, arena.rules.quantity_step) == (D(10_000), D(1))
    assert (arena.sessions[0], arena.sessions[-1]) == (date(2000, 3, 1), date(2013, 3, 1))
    assert len(arena.sessions) == 3270
    assert arena.costs.commission_per_share == D("0.005")  # as it is written, not as a float
    assert arena.costs.slippage == D("0.0002")
    assert ", ".join(arena.models) == f"{MODELS}, scripted_llm"
    assert arena.models["momentum"].agent == Momentum(lookback=126, top=2, every="week")
    assert arena.models["random"].agent == RandomTrader(seed=7, turnover=0.1)


ARENA, MARKET, COSTS = "arenas/us.yaml", "markets/us.yaml", "costs/us_retail.yaml"
MODEL = "models/momentum.yaml"
ARENA_KEYS = (
    "accepted_jumps, bars, calls, costs, demo, first_session, history, initial_cash, "
    "last_session, market, models, prices, start_session, symbols, ticks, venue"
)
COST_KEYS = "commission_minimum, commission_per_share, commission_rate, slippage"
TYPOS = {
    "of an arena": (
        (ARENA, "initial_cash:", "intial_cash:"),
        "initial_cash: is missing; intial_cash: unknown key; did you mean initial_cash? "
        f"allowed are {ARENA_KEYS}",
    ),
    "of a market": (
        (MARKET, "currency:", "curency:"),
        "currency: is missing; curency: unknown key; did you mean currency? "
        "allowed are currency, exchange, rules",
    ),
    "of a cost profile": (
        (COSTS, "slippage:", "slipage:"),
        f"slipage: unknown key; did you mean slippage? allowed are {COST_KEYS}",
    ),
    "of a model": (
        (MODEL, "lookback:", "look_back:"),
        "look_back: unknown key; did you mean lookback? allowed are every, lookback, top",
    ),
    "of a model without parameters": (
        ("models/buy_and_hold.yaml", "kind: buy_and_hold", "kind: buy_and_hold\nevery: week"),
        "every: unknown key; allowed are none",
    ),
    "of a model's limits": (
        ("models/pattern.yaml", "max_orders:", "max_order:"),
        "limits.max_order: unknown key; did you mean max_orders? allowed are max_account_age_ms, "
        "max_daily_loss, max_gross_exposure, max_notional, max_orders, max_position, "
        "max_position_share, max_quantity, price_collar, rate_window_ms",
    ),
    "of no likeness": (
        (MODEL, "top: 2", "top: 2\nzzz: 1"),
        "zzz: unknown key; allowed are every, lookback, top",
    ),
}


@pytest.mark.parametrize("where", TYPOS)
def test_a_mistyped_key(config_dir: Path, where: str) -> None:
    change, sentence = TYPOS[where]
    path = edit(config_dir, *change)
    assert fault(config_dir) == f"{path}: {sentence}"


def test_a_mistyped_key_in_the_demo(config_dir: Path) -> None:
    path = edit(config_dir, ARENA, "demo:\n", "demo:\n  last: 2012-07-02\n")
    assert fault(config_dir).startswith(f"{path}: demo.last: unknown key; ")


def test_what_is_allowed_in_the_demo(config_dir: Path) -> None:
    edit(config_dir, ARENA, "demo:\n", "demo:\n  last: 2012-07-02\n")
    assert fault(config_dir).endswith("allowed are first_session, last_session")


VALUES = {
    "a model with a comma": (
        (ARENA, "- random", '- "gpt-5,mini"'),
        "models.7: 'gpt-5,mini' can't be a model's name, which is a partition key and a file's "
        "name: letters, digits and . _ - @, no comma and no bar",
    ),
    "a model with a bar": ((ARENA, "- random", '- "a|b"'), "models.7: 'a|b' can't be a model's"),
    "a model elsewhere": ((ARENA, "- random", "- ../random"), "models.7: '../random' can't be"),
    "a model without a name": ((ARENA, "- random", '- ""'), "models.7: '' can't be a model's"),
    "cash that is no number": ((ARENA, "10000", ".nan"), "initial_cash: Input should be a finite"),
    "cash without end": ((ARENA, "10000", ".inf"), "initial_cash: Input should be a finite"),
    "no cash": ((ARENA, "10000", "0"), "initial_cash: Input should be greater than 0"),
    "debts": ((ARENA, "10000", "-5"), "initial_cash: Input should be greater than 0"),
    "cash in words": ((ARENA, "10000", "plenty"), "initial_cash: Input should be a valid decimal"),
    "cash below a hundred-millionth": (
        (ARENA, "10000", '"0.000000001"'),
        "initial_cash: Decimal input should have no more than 8 decimal places",
    ),
    "no history": ((ARENA, "252", "0"), "history: Input should be greater than or equal to 1"),
    "a start on a Sunday": (
        (ARENA, "start_session: 2012-06-01", "start_session: 2012-06-03"),
        "start_session: 2012-06-03 is not an XNYS session (week-end); the nearest are "
        "2012-06-01 and 2012-06-04",
    ),
    "a start outside": (
        (ARENA, "start_session: 2012-06-01", "start_session: 2013-06-03"),
        "start_session: 2013-06-03 is not within the arena's sessions",
    ),
    "a reversed span": (
        (ARENA, "first_session: 2000-03-01", "first_session: 2013-03-04"),
        "first_session: 2013-03-04 is not within the arena's sessions",
    ),
    "a reversed demo": (
        (ARENA, "first_session: 2012-06-01\n", "first_session: 2013-03-01\n"),
        "demo: its last session is before its first",
    ),
    "a date that is none": (
        (ARENA, "start_session: 2012-06-01", "start_session: soon"),
        "start_session: Input should be a valid date",
    ),
    "an unknown source": (
        (ARENA, "prices: bundled", "prices: bundeld"),
        "prices: kind: bundeld is unknown; there are",
    ),
    "a step of nothing": (
        (MARKET, "rules: t_plus_0", "rules: {kind: t_plus_0, quantity_step: 0}"),
        "rules: quantity_step is 0, must be above 0, of 8 decimals at most",
    ),
    "a lot that is no multiple": (
        (MARKET, "rules: t_plus_0", 'rules: {kind: t_plus_0, lot_size: "1.5"}'),
        "rules: lot_size is 1.5, no multiple of 1",
    ),
    "rules of no kind": (
        (MARKET, "rules: t_plus_0", "rules: t_plus_7"),
        "rules: kind: t_plus_7 is unknown; there are t_plus_0, t_plus_1, or module:Class for one",
    ),
    "a negative fee": (
        (COSTS, "commission_minimum: 1", "commission_minimum: -1"),
        "commission_minimum is -1, must be 0 or more",
    ),
    "a fee that is no number": ((COSTS, "commission_minimum: 1", "commission_minimum: .nan"), ""),
    "slippage of everything": ((COSTS, "0.0002", "1"), "slippage is 1, must be below 1"),
    "an unknown kind": (
        (MODEL, "kind: momentum", "kind: momentun"),
        f"kind: momentun is unknown; there are {KINDS}, recorded, or module:Class for one of your",
    ),
    "a kind that is not there": (
        (MODEL, "kind: momentum", "kind: nowhere.at_all:Agent"),
        "kind: nowhere.at_all:Agent can't be imported: No module named 'nowhere'",
    ),
    "a class that is not there": (
        (MODEL, "kind: momentum", "kind: decimal:Agent"),
        "kind: decimal:Agent can't be imported: module 'decimal' has no attribute 'Agent'",
    ),
    "no kind": ((MODEL, "kind: momentum\n", ""), "kind: is missing"),
    "a lookback beyond the history": (
        (MODEL, "lookback: 126", "lookback: 252"),
        "lookback: 252 needs more than the 252 bars of history that the arena gives",
    ),
    "a lookback of nothing": (
        (MODEL, "lookback: 126", "lookback: 1"),
        "lookback: Input should be greater than or equal to 2",
    ),
    "a period that is none": (
        (MODEL, "every: week", "every: fortnight"),
        "every: Input should be 'session', 'week' or 'month'",
    ),
}


@pytest.mark.parametrize("what", VALUES)
def test_a_value_that_makes_no_sense(config_dir: Path, what: str) -> None:
    change, sentence = VALUES[what]
    path = edit(config_dir, *change)
    found = fault(config_dir)
    assert found.startswith(f"{path}: ")
    assert sentence in found


def test_no_model_at_all(config_dir: Path) -> None:
    path = config_dir / ARENA
    content = path.read_text().splitlines()
    path.write_text("\n".join(line for line in content if not line.startswith("  - ")))
    assert "models: Input should be a valid tuple" in fault(config_dir)


FILES = {
    "costs": ((ARENA, "costs: us_retail", "costs: us_retial"), "us_retial", "free, us_retail"),
    "models": ((ARENA, "- random", "- randon"), "randon", f"{NAMED}, scripted_llm"),
}


@pytest.mark.parametrize("folder", FILES)
def test_a_file_that_is_not_there(config_dir: Path, folder: str) -> None:
    change, name, there = FILES[folder]
    edit(config_dir, *change)
    path = config_dir / folder / f"{name}.yaml"
    assert fault(config_dir) == f"{path} does not exist; {folder} has {there}"


def test_a_market_that_is_not_there(config_dir: Path) -> None:
    (config_dir / MARKET).rename(config_dir / "markets/uk.yaml")
    assert fault(config_dir) == f"{config_dir / MARKET} does not exist; markets has cn, crypto, uk"


def test_an_exchange_that_is_not_known(config_dir: Path) -> None:
    edit(config_dir, MARKET, "XNYS", "XMARS")
    assert fault(config_dir) == "no calendar 'XMARS'; available: 24/7, XNYS, XSHG"


def test_an_arena_that_is_not_there(config_dir: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"arenas/uk\.yaml does not exist; arenas has btc, cn, crypto, us"
    ):
        load_arena(config_dir, "uk")
    shutil.rmtree(config_dir / "arenas")
    with pytest.raises(ConfigError, match=r"arenas has no arena: put one there, such as us\.yaml"):
        load_arenas(config_dir)


@pytest.mark.parametrize("content", ["a: [", "\x00", "a: b: c"])
def test_a_file_that_is_not_yaml(config_dir: Path, content: str) -> None:
    path = config_dir / MODEL
    path.write_text(content)
    assert fault(config_dir).startswith(f"{path} is not YAML: ")


@pytest.mark.parametrize("content", ["", "- kind: momentum", "momentum"])
def test_a_file_that_is_no_mapping(config_dir: Path, content: str) -> None:
    path = config_dir / MODEL
    path.write_text(content)
    assert fault(config_dir).startswith(f"{path}: ")


# A kind of one's own ------------------------------------------------------------------------


@dataclass(frozen=True)
class Patient:
    """Waits, and has a parameter."""

    for_what: str
    lookback: int = 20

    def trade(self, desk: Desk) -> Ending:
        desk.say(f"waits for {self.for_what}")
        return Ending.DONE


@pytest.fixture
def own_kind(config_dir: Path) -> Path:
    content = f"kind: {Patient.__module__}:Patient\nfor_what: Godot\n"
    (config_dir / MODEL).write_text(content)
    return config_dir


def test_a_kind_of_ones_own(own_kind: Path) -> None:
    model = load_arena(own_kind, "us").models["momentum"]
    assert model.agent == Patient(for_what="Godot")
    assert model.config.parameters == {"for_what": "Godot"}


def test_its_parameters_are_checked_too(own_kind: Path) -> None:
    path = edit(own_kind, MODEL, "for_what: Godot", "lookback: long")
    sentence = fault(own_kind)
    assert sentence.startswith(f"{path}: for_what: is missing; lookback: Input should be a valid")


def test_a_typo_among_them_is_an_error(own_kind: Path) -> None:
    edit(own_kind, MODEL, "for_what: Godot", "for_what: Godot\nlook_back: 5")
    assert "look_back: unknown key; did you mean lookback?" in fault(own_kind)


class NoDataclass:
    def trade(self, desk: Desk) -> Ending:
        raise NotImplementedError


@dataclass(frozen=True)
class NoAgent:
    """Has parameters, and can't trade."""


@pytest.mark.parametrize(
    "kind",
    [
        NoDataclass,
        NoAgent,
    ],
)
def test_a_kind_must_be_a_dataclass_that_trades(config_dir: Path, kind: type) -> None:
    path = config_dir / MODEL
    path.write_text(f"kind: {kind.__module__}:{kind.__name__}\n")
    assert fault(config_dir).startswith(f"{path}: kind: ")


def test_a_lot_below_what_is_stored(config_dir: Path) -> None:
    rules = 'rules: {kind: t_plus_0, quantity_step: "0.000000001"}'
    path = edit(config_dir, MARKET, "rules: t_plus_0", rules)
    assert fault(config_dir).startswith(f"{path}: rules: quantity_step is 1E-9, must be")


# What decides a result ----------------------------------------------------------------------


HASHED = [
    (MODEL, "top: 2", "top: 3"),
    (ARENA, "10000", "20000"),
    (ARENA, "history: 252", "history: 251"),
    (ARENA, "[AAPL, FB,", "[AAPL,"),
    (COSTS, "0.0002", "0.0003"),
    (MARKET, "rules: t_plus_0", "rules: t_plus_1"),
]


@pytest.mark.parametrize("change", HASHED, ids=" ".join)
def test_another_configuration_has_another_hash(
    config_dir: Path, change: tuple[str, str, str]
) -> None:
    before = load_arena(config_dir, "us").models["momentum"].config_hash
    edit(config_dir, *change)
    assert load_arena(config_dir, "us").models["momentum"].config_hash != before


def test_a_comment_is_no_change(config_dir: Path) -> None:
    before = load_arena(config_dir, "us").models["momentum"].config_hash
    edit(config_dir, MODEL, "# sessions", "# of them")
    edit(config_dir, ARENA, "last_session: 2013-03-01", "last_session: 2013-02-28")
    assert load_arena(config_dir, "us").models["momentum"].config_hash == before


def test_a_typo_within_a_part_of_a_model_names_what_that_part_has() -> None:
    spec = {"model": "scripted", "budget": {"day": {"dolars": 1}}}
    with pytest.raises(ConfigError, match="budget.day.dolars: unknown key; did you mean dollars"):
        config.parse(spec, LanguageModel, "one.yaml")
