"""A live session does what its replay does, however its feed comes and whatever ends it."""

import gzip
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest

from aitrader_core.domain.errors import ConfigError, InputError, StorageError
from aitrader_core.domain.model_day import Ending
from aitrader_core.domain.orders import Fill
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.domain.trail import TrailEntry
from aitrader_core.market.ticks.findings import Kind
from aitrader_core.market.ticks.making import make_ticks
from aitrader_core.market.ticks.playing import Line
from aitrader_core.market.ticks.reading import read_streams
from aitrader_core.market.ticks.recording import session_of as day_of
from aitrader_core.patterns.session import TickSession
from aitrader_core.runner.live import Live, LiveEnding
from aitrader_core.runner.live_desk import LiveDesk, pattern_trader
from aitrader_core.runner.live_inlet import WINDOW, connect
from aitrader_core.runner.live_rehearsal import rehearse
from aitrader_core.runner.live_summary import summary_of
from aitrader_core.runner.live_trail import TrailFile, read_trail
from aitrader_core.simulation.ticks import Tick, Ticks
from aitrader_core.storage.trading_states import ALL, Throw
from tests.patterns.scoring import TREND, scored
from tests.recordings import SHARED, needs_recordings
from tests.runner.live_feeds import BTC, T0, Player, Trading, as_file, btc, columns, lines, ticks_of

ARENA, SCORED = btc(), btc(scored)
LINES = lines()
FEED = b"".join(line for _, line in LINES)
TICKS = ticks_of(ARENA, LINES)


def replayed(trading: Trading, ticks: Ticks) -> LiveDesk:
    """The same session, in one chunk."""
    session = day_of(int(ticks.received[0]))
    there = replace(trading, folder=trading.folder / "replayed").opened(session)
    assert isinstance(there.session, TickSession)
    there.session.play(ticks)
    there.close()
    return there


def session_of(live: Live) -> tuple[LiveDesk, TickSession]:
    assert live.desk is not None
    assert isinstance(live.desk.session, TickSession)
    return live.desk, live.desk.session


def same(live: Live, replay: LiveDesk) -> None:
    there, session = session_of(live)
    ours, theirs = there.desk, replay.desk
    assert ours.trail == theirs.trail
    assert ours.blotter == theirs.blotter
    assert ours.portfolio == theirs.portfolio
    assert tuple(ours.transcript) == tuple(theirs.transcript)
    assert session.signals == replay.session.signals
    assert read_trail(there.trail.path) == theirs.trail


def test_a_feed_over_a_socket_gives_what_the_replay_of_its_ticks_gives(tmp_path: Path) -> None:
    trading = Trading(ARENA, tmp_path)
    with Player(LINES).listening() as port, connect("127.0.0.1", port) as feed:
        live = trading.live(feed.fileno())
        assert live.run() is LiveEnding.FEED_ENDED
    replay = replayed(trading, columns(ARENA, TICKS))
    assert sum(isinstance(outcome, Fill) for outcome in replay.desk.blotter) > 5
    same(live, replay)
    assert live.inlet.size == len(FEED)
    told = summary_of(live, "btc", "pattern")
    assert told.traded is not None
    assert told.traded.orders == told.tick_to_order["count"] == told.per_order["count"]
    last = Decimal(repr(TICKS[-1].price))
    assert told.traded.value == replay.desk.portfolio.value({BTC: last})
    assert (told.ticks, told.lines, told.per_tick["count"]) == (6_000, 6_000, 6_000)


def test_a_network_says_the_same_live_as_in_a_replay(tmp_path: Path) -> None:
    with as_file(FEED) as descriptor:
        live = Trading(SCORED, tmp_path).live(descriptor)
        live.run()
    replay = replayed(Trading(SCORED, tmp_path), columns(ARENA, TICKS))
    same(live, replay)
    unscored = replayed(Trading(ARENA, tmp_path / "unscored"), columns(ARENA, TICKS))
    assert sum(TREND in entry.text for entry in replay.desk.transcript) > 5
    assert unscored.desk.blotter != replay.desk.blotter


@needs_recordings
def test_a_real_recording_gives_live_what_its_replay_gives(tmp_path: Path) -> None:
    with gzip.open(SHARED / "ticks" / "usdm_btcusdt_20240808.gz") as recorded:
        data = b"".join(islice(recorded, 30_000))
    file, trading = tmp_path / "usdm.jsonl", Trading(ARENA, tmp_path)
    file.write_bytes(data)
    with file.open("rb") as feed:
        live = trading.live(feed.fileno())
        live.run()
    recording = read_streams([file], ARENA.symbols, getattr(ARENA.ticks, "symbols", {}))
    replay = replayed(trading, make_ticks(recording).ticks)
    assert len(replay.desk.blotter) > 10
    same(live, replay)


class Slow:
    """Takes a while now and then, and looks how much is on its way to it."""

    def __init__(self, player: Player, told: list[Line]) -> None:
        self.signals = self.ticks = self.taken = self.most_under_way = 0
        self._player, self._told = player, told

    def on_tick(self, _: Tick) -> int:
        self.taken += len(self._told[self.ticks][1])
        self.ticks += 1
        if self.ticks % 500 == 0:
            time.sleep(0.001)
            self.most_under_way = max(self.most_under_way, self._player.sent - self.taken)
        return 0

    def kill(self, *_: object) -> bool:
        return True

    def close(self) -> Ending:
        return Ending.DONE


def test_who_sends_waits_for_who_is_slow_and_nothing_is_lost(tmp_path: Path) -> None:
    player = Player(told := lines(12_000))
    slow = Slow(player, told)
    with player.listening() as port, connect("127.0.0.1", port) as feed:
        Trading(ARENA, tmp_path, session=slow).live(feed.fileno()).run()
    assert slow.ticks == 24_000
    assert slow.taken == player.sent > 8 * WINDOW
    assert 0 < slow.most_under_way < 4 * WINDOW


def test_bad_lines_and_a_torn_end_change_nothing_else(tmp_path: Path) -> None:
    half = len(LINES) // 2
    before, after = (b"".join(line for _, line in part) for part in (LINES[:half], LINES[half:]))
    noise = b"\xff\xfe\n{}\n1 {}\n" + LINES[10][1]
    with as_file(before + noise + after + b'1723161603 {"da') as descriptor:
        live = Trading(ARENA, tmp_path).live(descriptor)
        assert live.run() is LiveEnding.FEED_ENDED
    same(live, replayed(Trading(ARENA, tmp_path), columns(ARENA, TICKS)))
    assert live.stream.findings.counts == {
        Kind.BAD_TIME: 3,
        Kind.OUT_OF_ORDER: 1,
        Kind.TRUNCATED: 1,
    }
    assert [f.line for f in live.stream.findings] == [3001, 3002, 3003, 3004, 6005]


RESTING = btc(orders="limit", offset=Decimal("-0.009"))


def throw_of(state: TradingState, reason: str) -> Throw:
    return Throw(ALL, state, reason, "test", datetime(2024, 8, 9, tzinfo=UTC))


def thrown(trading: Trading, state: TradingState) -> Iterator[Throw | None]:
    """Once an order is at the venue that waits for its price."""
    while not session_of(trading.running)[1].oms.open_orders:
        yield None
    while True:
        yield throw_of(state, "enough for today")


@pytest.mark.parametrize("state", [TradingState.HALTED, TradingState.REDUCING])
def test_the_kill_switch_leaves_nothing_open_that_it_does_not_let_stand(
    state: TradingState, tmp_path: Path
) -> None:
    trading = Trading(RESTING, tmp_path)
    looks = thrown(trading, state)
    trading.throw = lambda: None if trading.running.desk is None else next(looks)
    with as_file(FEED) as descriptor:
        ending = trading.live(descriptor).run()
    desk, session = session_of(trading.running)
    trail = desk.desk.trail
    (at,) = [n for n, entry in enumerate(trail) if entry.event == "trading"]
    assert "enough for today" in trail[at].facts
    assert session.oms.open_orders == ()
    assert "cancel_pending" in [entry.event for entry in trail[at:]]
    assert not [e for e in trail[at:] if e.event == "submitted" and '"side":"buy"' in e.facts]
    halted = state is TradingState.HALTED
    assert ending is (LiveEnding.HALTED if halted else LiveEnding.FEED_ENDED)
    assert (trading.running.measured.ticks < len(LINES)) == halted
    assert read_trail(desk.trail.path) == trail


def test_where_trading_is_halted_no_session_begins(tmp_path: Path) -> None:
    halted = throw_of(TradingState.HALTED, "the exchange is down")
    with as_file(FEED) as descriptor, pytest.raises(InputError, match="the exchange is down"):
        Trading(ARENA, tmp_path, throw=lambda: halted).live(descriptor).run()
    assert not list(tmp_path.iterdir())


def test_a_switch_that_cannot_be_read_ends_the_session_in_order(tmp_path: Path) -> None:
    trading = Trading(RESTING, tmp_path)

    def throw() -> None:
        if trading.running.desk is not None and session_of(trading.running)[1].oms.open_orders:
            raise ConnectionError("the database is gone")

    trading.throw = throw
    with as_file(FEED) as descriptor, pytest.raises(ConnectionError, match="is gone"):
        trading.live(descriptor).run()
    desk, session = session_of(trading.running)
    assert session.oms.open_orders == ()
    assert read_trail(desk.trail.path)[-1].event == "expired"


def test_the_next_sessions_first_tick_ends_this_one(tmp_path: Path) -> None:
    tomorrow = T0 + 86_400 * 10**9
    late = LINES[1][1].replace(str(LINES[1][0]).encode(), str(tomorrow).encode())
    late = late.replace(b'"t":1,', b'"t":9999,')
    with as_file(FEED + late + late) as descriptor:
        live = Trading(ARENA, tmp_path).live(descriptor)
        assert live.run() is LiveEnding.SESSION_OVER
    same(live, replayed(Trading(ARENA, tmp_path), columns(ARENA, TICKS)))


def test_the_time_that_it_was_given_ends_a_session(tmp_path: Path) -> None:
    with as_file(FEED) as descriptor:
        live = Trading(ARENA, tmp_path, limit=1_000_000_000).live(descriptor)
        assert live.run() is LiveEnding.TIME_LIMIT
    assert 0 < live.measured.ticks < len(LINES)


def test_a_rehearsal_gets_as_far_as_orders() -> None:
    assert rehearse(ARENA, "pattern", pattern_trader(ARENA, "pattern")) > 0


def test_only_pattern_models_trade_live() -> None:
    from aitrader_core.runner.arena import load_arena
    from aitrader_core.runner.settings import project_root

    arena = load_arena(project_root() / "configs", "btc", {})
    with pytest.raises(ConfigError, match="is of kind momentum: only models of kind pattern"):
        pattern_trader(arena, "momentum")


def trail(number: int) -> list[TrailEntry]:
    from aitrader_core.execution.trail import Trail

    kept = Trail([])
    for n in range(number):
        kept.add(n, "trading", "", '{"reason":"a \\"b\\""}')
    return kept.entries


def test_a_trail_is_kept_as_it_grows_and_never_written_over(tmp_path: Path) -> None:
    path, entries = tmp_path / "live" / "2024-08-09.jsonl", trail(5)
    file = TrailFile(path)
    for number in (2, 2, 5):
        file.keep(entries[:number])
        assert read_trail(path) == entries[:number]
    file.close()
    with pytest.raises(InputError, match="with 5 entries in .*2024-08-09.jsonl: say --again"):
        TrailFile(path)
    for number in (1, 2):
        TrailFile(path, again=True).close()
        assert read_trail(path) == []
        assert path.with_name(f"2024-08-09.{number}.jsonl").exists()
    assert read_trail(path.with_name("2024-08-09.1.jsonl")) == entries


def test_a_trail_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "live").write_text("no folder")
    with pytest.raises(StorageError, match="trail.jsonl: can't be written: File exists"):
        TrailFile(tmp_path / "live" / "trail.jsonl")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [(b'"at":1', b'"at":7', 2), (b'"number":3', b'"number":4', 3), (b'"}\n', b'"}', 5)],
)
def test_a_trail_that_was_changed_or_torn_is_told_by_line(
    old: bytes, new: bytes, line: int, tmp_path: Path
) -> None:
    path = tmp_path / "trail.jsonl"
    file = TrailFile(path)
    file.keep(trail(5))
    file.close()
    content = path.read_bytes()
    head, tail = content[: content.rindex(b"\n{")], content[content.rindex(b"\n{") :]
    changed = (head + tail.replace(old, new)) if line == 5 else content.replace(old, new)
    path.write_bytes(changed)
    with pytest.raises(InputError, match=f"trail.jsonl:{line}: "):
        read_trail(path)
    with pytest.raises(InputError, match="its trail is broken"):
        TrailFile(path)
