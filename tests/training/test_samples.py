"""What is learnt from: seen as a trader saw it, known when it could be known, before the demo."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from aitrader_core.agents.onnx.features import LOOKBACK, features
from aitrader_core.domain.errors import ConfigError, LedgerError
from aitrader_core.domain.market import Bar, Split
from aitrader_core.market.bundled import history as bundled
from aitrader_core.market.source import Prices, Wanted
from aitrader_core.patterns.windows import LENGTH, normalised
from aitrader_core.runner.arena import load_stage
from aitrader_core.runner.settings import project_root
from aitrader_core.simulation.tape import Playhead, Tape
from aitrader_core.training.history import History, history_of
from aitrader_core.training.samples import Samples, daily_samples, window_samples
from tests.simulation.tapes import A, B, tape_of

FAR = date(2099, 1, 1)


def handmade(a: str, b: str, *, before: int, split: int | None = None) -> History:
    """Flat bars, then the given ones; A splits 2:1 at the open of bar `split` of the given."""
    rows = {A: f"{'100 ' * before}{a}", B: f"{'50 ' * before}{b}"}
    tape = tape_of(rows, depth=before + 10)
    if split is not None:
        actions = [Split(A, tape.sessions[before + split], Decimal(2))]
        tape = tape_of(rows, actions, depth=before + 10)
    return History(tape, "handmade", "digest", FAR)


def by_session(samples: Samples) -> dict[tuple[int, str], float]:
    keys = zip(samples.at.tolist(), samples.symbols, strict=True)
    return dict(zip(keys, samples.targets.tolist(), strict=True))


def test_a_daily_target_by_hand() -> None:
    """From open to open two sessions later, less the mean; A's first 100 is 50 after its split."""
    given = handmade("100/1 100/1 60/1 80/1", "50/9 50/9 50/9 60/9", before=LOOKBACK, split=1)
    found = by_session(daily_samples(given, 2))
    n = LOOKBACK
    expected = {(n, A): 0.1, (n, B): -0.1, (n + 1, A): -0.2, (n + 1, B): 0.2}
    assert found == pytest.approx(expected)


def test_a_target_of_windows_by_hand() -> None:
    """Whether the second close after the window is above its last one; equal is not above."""
    given = handmade("9/101 9/99 9/102 9/1", "9/25 9/50 9/25 9/1", before=LENGTH)
    found = by_session(window_samples(given, 2))
    n = LENGTH
    assert found == {(n, A): 0, (n, B): 0, (n + 1, A): 1, (n + 1, B): 0}


def test_a_rise_across_a_split_is_a_rise() -> None:
    given = handmade("9/100 9/51 9/51", "9/50 9/50 9/50", before=LENGTH, split=1)
    assert by_session(window_samples(given, 2))[LENGTH, A] == 1


def test_a_session_of_one_symbol_has_nothing_to_compare() -> None:
    rows = {A: "100 " * (LOOKBACK + 5), B: "- " * LOOKBACK + "50 " * 5}
    given = History(tape_of(rows, depth=LOOKBACK + 9), "handmade", "digest", FAR)
    assert not len(daily_samples(given, 2))


def whole() -> Tape:
    """The demo included, as a trader's venue has it."""
    arena, prices = load_stage(project_root() / "configs", "us"), bundled()
    return Tape(arena.sessions, prices.bars, prices.actions, depth=arena.history)


SEEN = (date(2003, 2, 19), date(2005, 2, 28), date(2012, 5, 23))  # at and after splits; the last


def test_inputs_are_what_a_trader_sees(daily: Samples, windowed: Samples) -> None:
    """One who came to the market only then, on a tape that goes on."""
    tape = whole()
    for session in SEEN:
        view = Playhead(tape, session).advance()
        at = daily.sessions.index(session)
        symbols, rows = features(view)
        mine = np.flatnonzero(daily.at == at)
        assert tuple(daily.symbols[n] for n in mine) == symbols
        assert daily.inputs[mine].tobytes() == rows.tobytes()
        for n in np.flatnonzero(windowed.at == at):
            closes = [float(c) for c in view.closes(windowed.symbols[n], LENGTH)]
            assert windowed.inputs[n].tobytes() == normalised(np.array(closes)).tobytes()


def test_nothing_reaches_the_demo(history: History, daily: Samples, windowed: Samples) -> None:
    assert history.demo == date(2012, 6, 1)
    assert history.tape.sessions[-1] == date(2012, 5, 31)
    assert (
        max(bar.session for row in history.tape.bars.values() for bar in row.values())
        < history.demo
    )
    for samples in (daily, windowed):
        told_at = samples.at.max() + samples.horizon  # the session whose view tells the target
        assert samples.sessions[told_at] == date(2012, 5, 31)


COLUMNS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class Otherwise:
    """The bundled prices, others `since` some session, told whatever it is asked for."""

    since: date
    factor: Decimal
    name: str = "otherwise"

    def coverage(self) -> None:
        return None

    def fetch(self, wanted: Wanted, now: datetime) -> Iterator[Prices]:  # noqa: ARG002
        def changed(bar: Bar) -> Bar:
            if bar.session < self.since:
                return bar
            told: Any = {key: getattr(bar, key) * self.factor for key in COLUMNS}
            return replace(bar, **told)

        prices = bundled()
        yield Prices(tuple(map(changed, prices.bars)), prices.actions, self.name, "first")


def test_another_future_changes_nothing(
    history: History, daily: Samples, windowed: Samples
) -> None:
    arena = load_stage(project_root() / "configs", "us")
    other = history_of(replace(arena, source=Otherwise(history.demo, Decimal(3))))
    assert other.digest == history.digest
    assert daily_samples(other, daily.horizon).digest == daily.digest
    assert window_samples(other, windowed.horizon).digest == windowed.digest


def test_another_past_changes_it(history: History, windowed: Samples) -> None:
    """So that the test above can fail: the last two sessions before the demo are enough."""
    arena = load_stage(project_root() / "configs", "us")
    last = history.tape.sessions[-2]
    other = history_of(replace(arena, source=Otherwise(last, Decimal("0.8"))))
    assert other.digest != history.digest
    assert window_samples(other, windowed.horizon).digest != windowed.digest


def test_a_tape_that_reaches_the_demo_is_refused(history: History) -> None:
    reaching = replace(history, demo=history.tape.sessions[70])
    with pytest.raises(LedgerError, match="the demo begins 2000-06-"):
        daily_samples(reaching, 5)


def test_an_arena_without_a_demo() -> None:
    arena = load_stage(project_root() / "configs", "us")
    with pytest.raises(ConfigError, match="the arena us has no sessions before a demo"):
        history_of(replace(arena, demo=None))
