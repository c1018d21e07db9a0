"""AI-Trader's own configuration files are arenas: what is in them counts, or is refused."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aitrader_core.agents.llm.language_model import PreparedModel
from aitrader_core.domain.errors import ConfigError
from aitrader_core.runner.arena import Arena, load_arena, load_arenas
from aitrader_core.runner.board import standing_rows
from aitrader_core.runner.requests import submit
from aitrader_core.runner.settings import alphavantage_key
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.storage.store import Origin
from tests.small import DAYS, A, B, Small

D = Decimal
TERMS = {"max_steps": 30, "max_retries": 3, "base_delay": 1.0}
UNSET = {
    "openai_base_url": "Optional: YOUR_OPENAI_BASE_URL,you can write them in .env file",
    "openai_api_key": "Optional: YOUR_OPENAI_API_KEY,you can write them in .env file",
}


def listed(model: str, *, enabled: bool, signature: str = "", **more: Any) -> dict[str, Any]:
    name = model.partition("/")[2] or model
    told = {"name": name, "basemodel": model, "signature": signature or name, "enabled": enabled}
    return {**told, **more}


# As they are published, keys and all.
DEFAULT = {
    "agent_type": "BaseAgent",
    "date_range": {"init_date": "2025-10-01", "end_date": "2025-10-21"},
    "models": [
        listed("anthropic/claude-3.7-sonnet", enabled=False, **UNSET),
        listed("deepseek/deepseek-chat-v3.1", enabled=False),
        listed("qwen/qwen3-max", enabled=False),
        listed("google/gemini-2.5-flash", enabled=False),
        listed("openai/gpt-5", enabled=True),
        listed("minimax/minimax-m2", enabled=False),
    ],
    "agent_config": {**TERMS, "initial_cash": 10000.0},
    "log_config": {"log_path": "./data/agent_data"},
}
CRYPTO = {
    "agent_type": "BaseAgentCrypto",
    "market": "crypto",
    "date_range": {"init_date": "2025-11-01", "end_date": "2025-11-15"},
    "models": [
        listed("anthropic/claude-3.7-sonnet", enabled=True, **UNSET),
        listed("openai/gpt-5", enabled=False),
    ],
    "agent_config": {**TERMS, "max_steps": 10, "initial_cash": 60000.0},
    "log_config": {"log_path": "./data/agent_data_crypto"},
}
ASTOCK_HOUR = {
    "agent_type": "BaseAgentAStock_Hour",
    "market": "cn",
    "date_range": {"init_date": "2025-10-01 8:30:00", "end_date": "2025-11-22 16:00:00"},
    "models": [
        listed("claude-3-7-sonnet-20250219", enabled=True, signature="claude-astock-hour"),
        listed("qwen3-max", enabled=True, signature="qwen3-max-astock-hour"),
    ],
    "agent_config": {**TERMS, "initial_cash": 100000.0, "verbose": False},
    "log_config": {"log_path": "./data/agent_data_astock_hour"},
}
Write = Callable[..., Path]


@pytest.fixture
def write(config_dir: Path) -> Write:
    """`write(config, models=[...])`: configs/arenas/theirs.json, with what is given changed."""

    def put(found: dict[str, Any], **changes: Any) -> Path:
        path = config_dir / "arenas" / "theirs.json"
        path.write_text(json.dumps({**found, **changes}))
        return path

    return put


def arena_of(path: Path) -> Arena:
    return load_arena(path.parents[1], "theirs")


def model_of(arena: Arena, name: str) -> PreparedModel:
    agent = arena.models[name].agent
    assert isinstance(agent, PreparedModel)
    return agent


def test_the_default_one(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_BASE", raising=False)
    path = write(DEFAULT)
    arena, us = arena_of(path), load_arena(path.parents[1], "us")
    assert list(arena.models) == ["gpt-5"]  # those that are not enabled are not there
    assert (arena.market, arena.currency, arena.is_intraday) == ("theirs", "USD", False)
    assert (arena.symbols, arena.costs, arena.rules) == (us.symbols, us.costs, us.rules)
    assert (arena.start_session, arena.last_session) == (date(2025, 10, 1), date(2025, 10, 21))
    assert arena.first_session == us.first_session
    assert (arena.initial_cash, arena.demo) == (D(10_000), None)
    spec = model_of(arena, "gpt-5").spec
    assert (spec.model, spec.max_steps, spec.tries) == ("openai/gpt-5", 30, 3)
    assert spec.api_key_variable == "OPENAI_API_KEY"
    assert model_of(arena, "gpt-5").base_url == "https://api.openai.com/v1"
    assert "<FINISH_SIGNAL>" in model_of(arena, "gpt-5").instructions


def test_the_one_of_coins(write: Write) -> None:
    arena = arena_of(write(CRYPTO))
    assert (arena.currency, arena.initial_cash) == ("USDT", D(60_000))
    assert list(arena.models) == ["claude-3.7-sonnet"]
    assert arena.sessions[-1] == date(2025, 11, 15)  # a Saturday
    assert model_of(arena, "claude-3.7-sonnet").spec.max_steps == 10


def test_the_one_of_hours_of_chinese_shares(write: Write) -> None:
    """Its range begins in a week of holidays and ends on a Saturday."""
    arena = arena_of(write(ASTOCK_HOUR))
    assert arena.is_intraday
    assert (arena.start_session, arena.last_session) == (date(2025, 10, 9), date(2025, 11, 21))
    assert list(arena.models) == ["claude-astock-hour", "qwen3-max-astock-hour"]
    assert arena.rules.lot_size == 100


def test_what_is_not_said_is_as_here(write: Write) -> None:
    model = {"basemodel": "gpt-5", "name": "my-gpt"}
    bare = {"date_range": {"init_date": "1990-01-01", "end_date": "2090-12-31"}, "models": [model]}
    arena = arena_of(write(bare))
    calendar = arena.calendar
    assert (arena.start_session, arena.last_session) == (
        calendar.sessions[0],
        calendar.sessions[-1],
    )
    assert arena.initial_cash == 10_000
    assert list(arena.models) == ["my-gpt"]
    spec = model_of(arena, "my-gpt").spec
    assert (spec.max_steps, spec.tries) == (30, 4)


def test_an_arena_of_ones_own_can_be_its_market(write: Write, small: Small) -> None:
    small.configure(initial_cash=5_000, symbols=[A])
    found = {**DEFAULT, "market": "small", "agent_config": {}}
    arena = arena_of(write(found))
    assert (arena.symbols, arena.initial_cash) == ((A,), D(5_000))
    assert arena.first_session == DAYS[0]


def one(**changes: Any) -> list[dict[str, Any]]:
    return [listed("gpt-5", enabled=True, **changes)]


KEY = "sk-proj-abcdefghij0123456789"
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "a key": (
        {"models": one(openai_api_key=KEY)},
        "models.0: openai_api_key: keys are not kept in files: put it into an environment variable "
        'and write its name here, such as "$MY_KEY", or nothing for OPENAI_API_KEY',
    ),
    "a key of a model that is not enabled": (
        {"models": [*one(), listed("b", enabled=False, openai_api_key=KEY)]},
        "models.1: openai_api_key: keys are not kept in files",
    ),
    "a key that is no text": (
        {"models": one(openai_api_key=[KEY])},
        "models.0.openai_api_key: Input should be a valid string",
    ),
    "a URL with a password": (
        {"models": one(openai_base_url=f"https://me:{KEY}@proxy/v1")},
        "models.0: openai_base_url: a URL with a password or a query would be stored",
    ),
    "no URL": (
        {"models": one(openai_base_url=KEY)},
        "models.0: openai_base_url: is no URL such as https://api.openai.com/v1",
    ),
    "a variable that is not set": (
        {"models": one(openai_base_url="${NOBODYS_URL}")},
        "models.0: openai_base_url: NOBODYS_URL is not set: export NOBODYS_URL",
    ),
    "an unknown key": (
        {"date_rnage": {}},
        "date_rnage: unknown key; did you mean date_range? allowed are agent_config, agent_type, "
        "date_range, log_config, market, models",
    ),
    "an unknown key of a model": (
        {"models": one(enbled=True)},
        "models.0.enbled: unknown key; did you mean enabled? allowed are basemodel, enabled, name, "
        "openai_api_key, openai_base_url, signature",
    ),
    "an unknown key of the agent": (
        {"agent_config": {"max_step": 3}},
        "agent_config.max_step: unknown key; did you mean max_steps? allowed are base_delay, "
        "initial_cash, max_retries, max_steps, verbose",
    ),
    "no model": ({"models": []}, "models: Tuple should have at least 1 item"),
    "none enabled": (
        {"models": [listed("gpt-5", enabled=False)]},
        "models: none is enabled: set one's `enabled` to true",
    ),
    "no basemodel": ({"models": one(basemodel=None)}, "models.0: basemodel: is missing"),
    "a signature with a comma": (
        {"models": one(signature="gpt-5,mini")},
        "models.0: signature: 'gpt-5,mini' can't be a model's name, which is a partition key and",
    ),
    "two of a name": ({"models": [*one(), *one()]}, "models.1: signature: there are two of gpt-5"),
    "a market that is not here": (
        {"market": "forex"},
        "market: there is no CONFIGS/arenas/forex.yaml to take its symbols, prices and costs from; "
        "there are btc, cn, crypto, us",
    ),
    "an agent for another market": (
        {"agent_type": "BaseAgentAStock", "market": "us"},
        "market: is us, and agent_type BaseAgentAStock is for cn: remove one",
    ),
    "an unknown agent": (
        {"agent_type": "BaseAgentHour"},
        "agent_type: BaseAgentHour is unknown; did you mean BaseAgent_Hour? known are BaseAgent,",
    ),
    "a range without a session": (
        {"date_range": {"init_date": "2025-10-04", "end_date": "2025-10-05"}},
        "date_range: XNYS has no session from 2025-10-04 to 2025-10-05 that we know of",
    ),
    "a reversed range": (
        {"date_range": {"init_date": "2025-10-21", "end_date": "2025-10-01"}},
        "date_range: XNYS has no session from 2025-10-21 to 2025-10-01",
    ),
    "no date": (
        {"date_range": {"init_date": "soon", "end_date": "2025-10-05"}},
        "date_range.init_date: Input should be a valid date",
    ),
    "no steps": (
        {"agent_config": {"max_steps": 0}},
        "agent_config.max_steps: Input should be greater than or equal to 1",
    ),
}


@pytest.mark.parametrize("what", FAULTS)
def test_what_makes_no_sense_is_told_and_no_key_with_it(write: Write, what: str) -> None:
    changes, sentence = FAULTS[what]
    path = write(DEFAULT, **changes)
    with pytest.raises(ConfigError) as error:
        arena_of(path)
    told = str(error.value).replace(str(path.parents[1]), "CONFIGS")
    assert told.startswith(f"CONFIGS/arenas/theirs.json: {sentence}")
    assert KEY not in told


@pytest.mark.parametrize("content", ['{"openai_api_key": "' + KEY, "- " + KEY, "[]"])
def test_a_file_that_is_none(write: Write, content: str) -> None:
    path = write({})
    path.write_text(content)
    with pytest.raises(ConfigError) as error:
        arena_of(path)
    assert str(error.value).startswith(str(path))
    assert KEY not in str(error.value)


@pytest.mark.parametrize("written", ["$MY_KEY", "${MY_KEY}"])
def test_a_key_is_the_variable_that_is_named(write: Write, written: str) -> None:
    agent = model_of(arena_of(write(DEFAULT, models=one(openai_api_key=written))), "gpt-5")
    assert agent.spec.api_key_variable == "MY_KEY"


@pytest.mark.parametrize("unset", [None, "", *UNSET.values()])
def test_what_is_not_filled_in_is_the_environment_s(
    write: Write, monkeypatch: pytest.MonkeyPatch, unset: str | None
) -> None:
    monkeypatch.setenv("OPENAI_API_BASE", "https://proxy.invalid/v1/")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    models = one(openai_base_url=unset, openai_api_key=unset)
    agent = model_of(arena_of(write(DEFAULT, models=models)), "gpt-5")
    assert (agent.base_url, agent.has_key) == ("https://proxy.invalid/v1", True)
    assert KEY not in repr(agent)
    monkeypatch.setenv("OPENAI_API_BASE", "proxy")
    with pytest.raises(ConfigError, match=r"theirs.json: gpt-5: OPENAI_API_BASE: is no URL"):
        arena_of(write(DEFAULT, models=models))


def test_a_url_may_be_a_variable_too(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_PROXY", "https://proxy.invalid/v1")
    arena = arena_of(write(DEFAULT, models=one(openai_base_url="$MY_PROXY")))
    assert model_of(arena, "gpt-5").base_url == "https://proxy.invalid/v1"


def test_the_vendor_s_key_has_the_name_it_has_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALPHAVANTAGE_API_KEY", raising=False)
    monkeypatch.setenv("ALPHAADVANTAGE_API_KEY", "theirs")
    assert alphavantage_key() == "theirs"
    monkeypatch.setenv("ALPHAVANTAGE_API_KEY", "the vendor's own")
    assert alphavantage_key() == "the vendor's own"


def test_it_is_an_arena_among_others(write: Write) -> None:
    path = write(DEFAULT)
    assert list(load_arenas(path.parents[1])) == ["btc", "cn", "crypto", "theirs", "us"]
    with pytest.raises(ConfigError, match="arenas has btc, cn, crypto, theirs, us"):
        load_arena(path.parents[1], "ours")
    again = path.rename(path.with_name("us.json"))
    with pytest.raises(ConfigError) as error:
        load_arenas(path.parents[1])
    assert str(error.value) == (
        f"{again.with_suffix('.yaml')}: us.json has the same name: rename one"
    )
    odd = again.rename(path.with_name("my config.json"))
    with pytest.raises(ConfigError, match="can't be an arena's name") as error:
        load_arena(path.parents[1], "us")
    assert str(odd) in str(error.value)


def test_its_models_trade(write: Write, small: Small) -> None:
    """Over a week, asked of the script that stands in for a language model."""
    write(
        DEFAULT,
        market="small",
        models=one(openai_base_url="scripted", signature="scripted"),
        date_range={"init_date": "2012-06-02", "end_date": "2012-06-09"},
        agent_config={**TERMS, "initial_cash": 2500.5},
    )
    small.configure(history=20)
    theirs = Small(small.config_dir, small.engine, "theirs")
    theirs.priced()
    floor, sessions = theirs.floor, tuple(DAYS[1:6])
    submit(floor, str(sessions[0]), str(sessions[-1]), ["scripted"], source="test")
    plan = Plan("scripted", sessions, Origin("test", "test"), may_start=True)
    made = [step.day for step in walk(floor, plan) if isinstance(step, Made)]
    assert [day.session for day in made] == list(sessions)
    assert made[0].opening.portfolio.cash == D("2500.5")
    assert [f.order.symbol for f in made[0].fills] == [B]  # on Monday, what rose least
    assert [row["model"] for row in standing_rows(floor)] == ["scripted"]
