"""A scan proposes what the model then does, and leaves no trace in any ledger."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from aitrader_core.agents.rules import Momentum
from aitrader_core.domain.account import Account
from aitrader_core.domain.denials import Denial
from aitrader_core.domain.errors import InputError
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.domain.orders import Fill, Order, Side
from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.runner.import_prices import import_files
from aitrader_core.runner.suggestions import scan
from aitrader_core.simulation.desk import Desk
from aitrader_core.storage.suggestion import Scan, Suggestion
from aitrader_core.storage.suggestions import Suggestions
from tests.small import DAYS, A, B, Small
from tests.traded import walked

D = Decimal
WEEK = DAYS[:6]
ROWS = {A: "10/11 12/13 14/15 16/12 6/9.5 10/5.5", B: "20 21 22/25 23 24 25/27"}
OURS = ("suggestions", "suggestion_scans", "alembic_version")


@pytest.fixture
def traded(small: Small) -> Small:
    """Momentum and a language model over four of six sessions; AAA splits on the fifth."""
    small.model("momentum", kind="momentum", lookback=2, top=1, every="session")
    small.configure(costs="us_retail", models=["momentum", "random", "scripted_llm"], history=20)
    import_files(small.floor, small.prices(ROWS), small.actions(f"{A},{WEEK[4]},split,2"))
    walked(small, WEEK[:4], models=("momentum", "random", "scripted_llm"))
    return small


def looked(small: Small, model: str = "momentum", **how: Any) -> Scan:
    found = Suggestions(small.engine).get(scan(small.floor, model, **how))
    assert found is not None
    assert found.count == len(found.scan.suggestions)
    return found.scan


def everything(small: Small) -> Mapping[str, str]:
    """Every table but those of scans, and the model calls, which a language model may add to."""
    names = "select tablename from pg_tables where schemaname = 'public'"
    with small.engine.connect() as connection:
        return {
            table: connection.scalar(
                text(
                    f"select coalesce(string_agg(t::text, '|' order by t::text), '') from {table} t"
                )
            )
            for table in connection.scalars(text(names)).all()
            if table not in OURS and not table.startswith("model_call")
        }


def traded_as(day: ModelDay) -> list[tuple[object, ...]]:
    return [
        (o.order.symbol, o.order.side, o.order.quantity, o.price if isinstance(o, Fill) else o.code)
        for o in day.blotter
    ]


def proposed_as(found: Scan) -> list[tuple[object, ...]]:
    return [(s.symbol, s.side, s.quantity, s.code or s.price) for s in found.suggestions]


def test_it_is_what_the_model_then_does(traded: Small) -> None:
    for model in ("momentum", "random", "scripted_llm"):
        before = everything(traded)
        found = looked(traded, model)
        assert everything(traded) == before
        assert (found.session, found.priced_on, found.account) == (WEEK[4], WEEK[4], "own")
        walked(traded, WEEK[4:5], models=[model])
        day = traded.floor.model_days.get("small", model, WEEK[4])
        assert day is not None
        assert proposed_as(found) == traded_as(day)
        assert found.suggestions or model == "scripted_llm"
        assert found.portfolio["after"] == str(WEEK[3])
        assert found.manifest["prices"] == day.manifest.prices
        assert found.remark in {entry.text for entry in day.transcript}
        assert looked(traded, model, session=WEEK[4]).suggestions == found.suggestions


def test_without_prices_of_its_own_a_session_opens_where_the_last_one_closed(traded: Small) -> None:
    walked(traded, WEEK[4:], models=["momentum"])
    found = looked(traded)
    assert (found.session, found.priced_on) == (DAYS[6], WEEK[5])
    sold, bought = found.suggestions
    slip = traded.floor.arena.costs.slippage
    assert (sold.symbol, sold.side, sold.price) == (A, "sell", D("5.5") * (1 - slip))
    assert (bought.symbol, bought.side, bought.price) == (B, "buy", 27 * (1 + slip))
    assert bought.score == pytest.approx(27 / 23 - 1, abs=5e-5)
    assert f"BBB {bought.score:+.4f}" in bought.reason
    assert bought.reason == found.remark
    traded.priced({A: f"{ROWS[A]} 5.5", B: f"{ROWS[B]} 27"}, "more.csv")  # and so it came
    assert looked(traded).priced_on == DAYS[6]
    assert looked(traded).suggestions == found.suggestions


def test_a_split_to_come_is_reckoned_with(traded: Small) -> None:
    walked(traded, WEEK[4:], models=["momentum"])
    splits = [f"{A},{WEEK[4]},split,2", f"{A},{DAYS[6]},split,4"]
    import_files(traded.floor, traded.prices(ROWS), traded.actions(*splits))
    slip = traded.floor.arena.costs.slippage
    held = looked(traded).portfolio["positions"]
    sold = looked(traded).suggestions[0]
    assert (sold.quantity, sold.price) == (D(4) * D(held[A]), D("1.375") * (1 - slip))


class Broker:
    """One that would be noticed if it were asked for more than it holds."""

    def snapshot(self) -> Account:
        held = {A: D(10), Symbol("ELSE"): D(3), B: D(4)}
        return Account(
            now=1, as_of=1, cash=D(100), value_at_start=D(200), positions=held, reserved=D(40),
            outgoing={B: D(4)},
        )  # fmt: skip

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"a scan called {name}")


def test_an_account_is_looked_at_and_left_alone(traded: Small) -> None:
    before = everything(traded)
    found = looked(traded, account=Broker().snapshot(), whose="paper")
    assert everything(traded) == before
    assert (found.account, found.session, found.priced_on) == ("paper", DAYS[6], WEEK[5])
    assert found.portfolio == {
        "cash": "60", "positions": {A: "10"}, "after": str(WEEK[5]), "left_out": ["ELSE"],
    }  # fmt: skip
    assert [s.side for s in found.suggestions] == ["sell", "buy"]
    assert found.suggestions[0].quantity == 10
    with pytest.raises(InputError, match="the account owes cash or shares"):
        looked(traded, account=Portfolio(D(1), {A: D(-1)}))


def test_one_that_never_traded_looks_with_the_initial_cash(traded: Small) -> None:
    traded.configure(models=["momentum", "buy_and_hold"])
    found = looked(traded, "buy_and_hold", session=WEEK[0])
    assert (found.account, found.portfolio["cash"]) == ("initial cash", "1000")
    walked(traded, WEEK[:1], models=["buy_and_hold"])
    day = traded.floor.model_days.get("small", "buy_and_hold", WEEK[0])
    assert day is not None
    assert proposed_as(found) == traded_as(day)
    assert len(found.suggestions) == 2


def test_what_can_not_be_looked_at_is_a_sentence(traded: Small) -> None:
    wrong: Sequence[tuple[dict[str, Any], str]] = (
        ({"session": WEEK[5]}, "stored up to 2012-06-06, not up to 2012-06-07: .* of 2012-06-07"),
        ({"session": DAYS[8], "account": Portfolio(D(5))}, "no prices"),
        ({"session": WEEK[0].replace(day=2)}, "week-end"),
        ({"model": "momentun"}, "did you mean momentum"),
    )
    for how, sentence in wrong:
        with pytest.raises(InputError, match=sentence):
            looked(traded, **how)
    assert Suggestions(traded.engine).latest() == []


def test_what_risk_denies_says_why(traded: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(self: Momentum, desk: Desk) -> Ending:  # noqa: ARG001
        desk.say("all of it and more")
        desk.buy(B, D(1_000_000))
        desk.submit(Order(Symbol("ZZZ"), Side.SELL, D("NaN")))
        return Ending.DONE

    monkeypatch.setattr(Momentum, "trade", greedy)
    dear, none = looked(traded).suggestions
    assert (dear.code, dear.price) == (Denial.FREE_CASH, D(24))
    assert dear.denial is not None
    assert "cash" in dear.denial
    assert (none.symbol, none.quantity, none.price, none.code) == ("ZZZ", None, None, "quantity")
    assert {s.reason for s in (dear, none)} == {"all of it and more"}


def test_a_model_that_fails_is_a_failed_scan(
    traded: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Momentum, desk: Desk) -> Iterator[Suggestion]:
        raise ZeroDivisionError(f"{desk.view.session}, {self.top}")

    monkeypatch.setattr(Momentum, "trade", broken)
    found = looked(traded)
    assert (found.status, found.reason) == ("failed", "ZeroDivisionError: 2012-06-07, 1")
    assert found.suggestions == ()
