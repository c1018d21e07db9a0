"""Model-days of ticks in the ledger: stored, checked, replayed, beside those of any other model."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from aitrader_core.domain.errors import ConfigError, MarketDataError
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.execution.trail import replay as replay_trail
from aitrader_core.market.ticks.files import TickFiles
from aitrader_core.market.ticks.recording import Recording
from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.board import board_now
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.import_prices import import_missing
from aitrader_core.runner.lookahead import lookahead_faults
from aitrader_core.runner.replaying import replay
from aitrader_core.runner.rescoring import rescore
from aitrader_core.runner.signals import pattern_models, signals_of
from aitrader_core.runner.ticks import keep_ticks, kept_ticks
from aitrader_core.runner.verify import verify
from aitrader_core.runner.walk import Broken, Made, Plan, walk
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.storage.store import Origin
from tests.conftest import NOW
from tests.small import Small
from tests.ticking import BTC, DAYS, ticking

MODELS = ("buy_and_hold", "pattern")


@pytest.fixture
def floor(small: Small, tmp_path: Path) -> Floor:
    opened = ticking(small.config_dir, small.engine, tmp_path / "home")
    import_missing(opened, DAYS[0], DAYS[-1], NOW)
    return opened


def walked(floor: Floor, model: str) -> Iterator[ModelDay]:
    for step in walk(floor, Plan(model, DAYS, Origin("r", "run"), may_start=True)):
        assert isinstance(step, Made), step
        yield step.day


def test_a_model_of_ticks_is_kept_and_made_again_like_any_other(floor: Floor) -> None:
    days = list(walked(floor, "pattern"))
    list(walked(floor, "buy_and_hold"))
    for day in days:
        assert len(day.fills) > 4
        assert day.manifest.agent["trading"] == "active"
        stored = floor.model_days.get("ticking", "pattern", day.session)
        assert stored == day
        state = replay_trail(day.trail, day.opening.portfolio)
        assert state.portfolio == day.closing
        assert {outcome.order.id for outcome in day.blotter} <= state.tickets.keys()
    assert days[1].opening.portfolio == days[0].closing

    for verified in verify(floor, MODELS):
        assert (verified.days, verified.differences) == (2, ())
    for replayed in replay(floor, MODELS):
        assert (replayed.days, replayed.differences) == (2, ())
    assert lookahead_faults(floor, 2, "seed") == []

    rows = {row["model"]: row for row in board_now(floor).rows}
    assert rows.keys() >= set(MODELS)
    assert rows["pattern"]["fills"] == sum(len(day.fills) for day in days)

    dear = rescore(floor, "pattern", CostProfile(commission_rate=Decimal("0.002")))
    assert dear.days[0].commission > days[0].commission * 4
    assert [f.price for f in dear.days[0].fills] == [f.price for f in days[0].fills]


def test_a_changed_trail_is_found_out(floor: Floor) -> None:
    (day, _) = walked(floor, "pattern")
    with floor.engine.begin() as connection:
        connection.execute(text("alter table order_events disable trigger user"))
        connection.execute(
            text(
                "update order_events set facts = replace(facts, '0', '1') where number = 3"
                " and model_day_id = (select min(id) from model_days)"
            )
        )
    (verified,) = verify(floor, ["pattern"])
    assert "trail of its orders is not what was written, from entry 3 on" in str(
        verified.differences[0]
    )
    assert verified.differences[0].session == day.session


def test_a_session_without_ticks_fails_alone_and_says_so(floor: Floor) -> None:
    (source := Path(floor.arena.ticks.folder) / "trades_20240809.csv").unlink()  # type: ignore[union-attr]
    made, broken = walk(floor, Plan("pattern", DAYS, Origin("r", "run"), may_start=True))
    assert isinstance(made, Made)
    assert isinstance(broken, Broken)
    assert "has no ticks of 2024-08-09" in broken.reason
    assert "begin with 2024-08-08 and end with 2024-08-08" in broken.reason
    assert not source.exists()


def test_models_of_several_runs_may_want_a_session_at_once(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, loads = TickFiles.load, []

    def slowly(source: TickFiles, session: date, symbols: Sequence[Symbol]) -> Recording:
        loads.append(session)
        time.sleep(0.05)  # so that all of them are on their way
        return read(source, session, symbols)

    monkeypatch.setattr(TickFiles, "load", slowly)
    with ThreadPoolExecutor(4) as threads:
        names = list(threads.map(lambda _: kept_ticks(floor, DAYS[0]).name(DAYS[0]), range(4)))
        assert (len(set(names)), loads) == (1, [DAYS[0]])
        (looked_for,) = pattern_models(floor).values()
        found = list(
            threads.map(lambda _: signals_of(floor, looked_for.patterns, DAYS[0]), range(4))
        )
    assert len(found[0].signals) > 4
    assert found == [signals_of(floor, looked_for.patterns, DAYS[0])] * 4


def test_a_session_of_nothing_but_faults_says_which(floor: Floor) -> None:
    source = Path(floor.arena.ticks.folder) / "trades_20240808.csv"  # type: ignore[union-attr]
    source.write_text("symbol,price,volume,timestamp\n" + f"{BTC},-5,1,1723161255000\n" * 3)
    with pytest.raises(MarketDataError, match="of its files is told 3 bad_price, first.*csv:2"):
        keep_ticks(floor, DAYS[0])
    source.write_text("symbol,price,volume,timestamp\nXRP,5,1,1723161255000\n")
    with pytest.raises(MarketDataError, match="csv:2: unknown_symbol: 'XRP' is none of BTC-USDT"):
        keep_ticks(floor, DAYS[0])


def test_an_arena_of_ticks_has_one_bar_a_session(small: Small, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="an arena of ticks has one bar a session"):
        ticking(small.config_dir, small.engine, tmp_path, bars="intraday")


def test_what_the_venue_takes_is_part_of_the_configuration(small: Small, tmp_path: Path) -> None:
    first = ticking(small.config_dir, small.engine, tmp_path).arena.model("pattern").config_hash
    other = ticking(small.config_dir, small.engine, tmp_path, venue={"taker_fee": "0.001"})
    assert other.arena.model("pattern").config_hash != first
    with pytest.raises(ConfigError, match=r"venue.takerfee: unknown key; did you mean taker_fee"):
        ticking(small.config_dir, small.engine, tmp_path, venue={"takerfee": "0.001"})
    assert load_arena(small.config_dir, "small").ticks is None
