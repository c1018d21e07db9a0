"""A thousand hostile replies: whatever a model says, its day is a good day of the ledger."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

import httpx2
import pytest

from aitrader_core.agents.llm import scripted
from aitrader_core.agents.llm.calls import CallStore, MemoryCalls
from aitrader_core.agents.llm.connections import Connections
from aitrader_core.agents.llm.language_model import LanguageModel, PreparedModel
from aitrader_core.domain.errors import ProviderError
from aitrader_core.domain.market import Bar
from aitrader_core.domain.model_day import Ending, ModelDay, Opening, Performance
from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.runner.settings import project_root
from aitrader_core.runner.walk import Broken, Made, Plan, Step, walk
from aitrader_core.simulation.tape import Tape
from aitrader_core.storage.rows import entries_json
from aitrader_core.storage.store import Origin
from tests.agents.llm.hostile import Api, harmless_text, reply_text
from tests.simulation.tapes import MONDAY, SYMBOLS, A, B, run_days, weekdays
from tests.small import DAYS, Small

D = Decimal
SESSIONS = weekdays(9, MONDAY)
TODAY = SESSIONS[6]
FUTURE = "987654"  # what every price begins with that nobody may know yet


@dataclass
class Provider:
    """Answers with hostile replies in a row, and then harmlessly; counts them."""

    api: Api
    lot: Random
    replies: int
    left: int = field(init=False)
    said: int = 0

    def __post_init__(self) -> None:
        self.left = self.replies

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        json.loads(request.content)  # we send JSON, whatever we were told
        if not self.left:
            return httpx2.Response(200, text=harmless_text(self.api))
        self.left -= 1
        self.said += 1
        return httpx2.Response(200, text=reply_text(self.lot, self.api))


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Provider:
    """Behind the endpoint `scripted`: the real client, and no network."""
    made = Provider(request.param, Random(f"hostile {request.param}"), 0)
    monkeypatch.setattr(scripted, "transport_for", lambda: httpx2.MockTransport(made.answer))
    return made


async def at_once(_seconds: float) -> None:
    """Nobody waits here."""


def model(api: Api, calls: CallStore, **spec: Any) -> PreparedModel:
    spec = {"api": api, "tries": 20, "max_steps": 6, **spec}
    prepared = LanguageModel("m", endpoint="scripted", **spec).prepared(
        project_root() / "configs", {}, SYMBOLS
    )
    return prepared.connected(Connections("test", "model", calls=calls, sleep=at_once))


def tape() -> Tape:
    """Of today only the open is ordinary."""
    return Tape(SESSIONS, list(_bars()), (), depth=5, prices="handmade")


def _bars() -> Iterator[Bar]:
    for number, session in enumerate(SESSIONS):
        for symbol, price in ((A, D(10)), (B, D(20))):
            known = price + number
            secret = D(f"{FUTURE}.{number:02d}")
            open_ = known if session <= TODAY else secret
            rest = known if session < TODAY else secret
            yield Bar(symbol, session, open_, rest, rest, rest, D(1000))


def check(day: ModelDay, calls: CallStore) -> None:
    """The ledger folds exactly, and nothing that is stored knows the future."""
    portfolio = day.opening.portfolio
    for fact in day.facts():
        portfolio = portfolio.apply(fact)  # raises for what goes below zero
    assert portfolio == day.closing
    assert portfolio.cash >= 0
    assert all(quantity > 0 for quantity in portfolio.positions.values())
    assert isinstance(day.ending, Ending)
    kept = calls.of_day(day.market, day.model, day.session)
    stored = json.dumps(entries_json(day.transcript), ensure_ascii=False)
    stored += "".join(call.asked + call.reply for call in kept)
    stored.encode()  # without half a surrogate pair
    assert "\0" not in stored
    assert FUTURE not in stored


@pytest.mark.parametrize(
    ("provider", "replies"), [("chat", 700), ("responses", 300)], indirect=["provider"]
)
def test_a_thousand_hostile_replies(provider: Provider, replies: int) -> None:
    endings, traded, opens = set[Ending](), 0, tape()
    while provider.said < replies:
        provider.left = provider.lot.randint(1, 8)
        calls = MemoryCalls()
        opening = Opening(Portfolio(D(1000), {A: D(3)}), Performance.starting_with(D(1000)))
        agent = model(provider.api, calls, anonymise=provider.lot.random() < 0.3)
        (day,) = run_days(agent, opens, TODAY, 1, opening=opening)
        check(day, calls)
        endings.add(day.ending)
        traded += len(day.fills)
    assert {Ending.DONE, Ending.STEP_LIMIT} <= endings
    assert traded > replies / 50


@pytest.mark.parametrize("provider", ["chat"], indirect=True)
def test_hostile_days_are_stored_and_replayed(provider: Provider, small: Small) -> None:
    small.model("hostile", kind="llm", model="m", endpoint="scripted", max_steps=6, tries=1)
    small.configure(models=["hostile"])
    small.priced()
    made = []
    for session in DAYS[:6]:
        provider.left = 4
        step = _step(small, session, "recorded")
        while isinstance(step, Broken):
            assert isinstance(step.error, ProviderError)  # its only try came back as garbage
            step = _step(small, session, "recorded")
        assert isinstance(step, Made)
        check(step.day, small.floor.calls)
        stored = small.floor.model_days.get("small", "hostile", session)
        assert stored is not None
        assert entries_json(stored.transcript) == entries_json(step.day.transcript)
        made.append(step.day)
    assert provider.said > 12
    assert any(day.fills for day in made)

    small.configure(models=["hostile"], calls="replay")
    said = provider.said
    for day in made:
        again = _step(small, day.session, "replayed")
        assert isinstance(again, Made)
        assert entries_json(again.day.transcript) == entries_json(day.transcript)
        assert (again.day.blotter, again.day.ending) == (day.blotter, day.ending)
    assert provider.said == said


def _step(small: Small, session: date, request: str) -> Step:
    plan = Plan("hostile", (session,), Origin(request, request))
    (step,) = walk(small.floor, plan)
    return step
