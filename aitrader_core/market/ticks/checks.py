"""What the lines of a recording contradict: signs, spreads, the order of times and of ids."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from aitrader_core.domain.errors import TickFileError
from aitrader_core.market.ticks.findings import Finding, Kind
from aitrader_core.market.ticks.numbers import as_floats
from aitrader_core.market.ticks.recording import DIFF, NO_ID, Recording, level_places
from aitrader_core.simulation.ticks import QUOTE, TRADE

Mask = NDArray[np.bool_]
Ids = NDArray[np.int64]
# A value that leaps ahead by more than this, and falls back on the next line, is itself wrong.
_LEAP_NS, _LEAP_IDS = 60 * 10**9, 10**9


@dataclass
class Check:
    """A recording under examination: `keep` has the events that nothing speaks against."""

    recording: Recording
    keep: Mask

    def tell(self, kind: Kind, at: int, sentence: str) -> None:
        """One reason to drop a line is enough."""
        if kind.drops and not self.keep[at]:
            return
        if kind.drops:
            self.keep[at] = False
        events = self.recording.events
        file, line = self.recording.files[events.file[at]], int(events.line[at])
        self.recording.findings.add(Finding(file, line, kind, sentence))

    def kept(self) -> Recording:
        """By receive time, file order among equals."""
        events = self.recording.events.take(self.keep)
        order = np.argsort(events.received, kind="stable")
        return replace(self.recording, events=events.take(order))


def checked_stream(recording: Recording, whole: Mask) -> Recording:
    """Of an exchange: all lines of a file have one clock, and each stream has ids.

    `whole` are the events that could be read whole.
    """
    check = Check(recording, whole)
    _values(check)
    _spreads(check)
    _one_market(check)
    for symbol in range(len(recording.symbols)):
        _ids(check, recording.events.symbol == symbol)
    for file in range(len(recording.files)):
        _times(check, np.flatnonzero(recording.events.file == file))
    return check.kept()


def checked_trades(recording: Recording, whole: Mask) -> Recording:
    """Of files of trades: each symbol of a file has its own order, and nothing is told twice."""
    check, events = Check(recording, whole), recording.events
    _values(check)
    for file in range(len(recording.files)):
        for symbol in range(len(recording.symbols)):
            _times(check, np.flatnonzero((events.file == file) & (events.symbol == symbol)))
    _repeats(check)
    return check.kept()


def _values(check: Check) -> None:
    """Prices above 0; volumes too, but for levels of a diff, where 0 removes."""
    events, levels = check.recording.events, check.recording.levels
    of_diff = np.zeros(len(levels), np.bool_)
    owner = np.repeat(np.arange(len(events)), events.bids + events.asks)
    where = level_places(events)
    of_diff[where] = events.kind[owner] == DIFF
    owners = np.full(len(levels), -1)
    owners[where] = owner
    wrong = (
        (Kind.BAD_PRICE, "price", levels.price <= 0, levels.price),
        (Kind.BAD_VOLUME, "volume", levels.quantity < 0, levels.quantity),
        (Kind.BAD_VOLUME, "volume", (levels.quantity == 0) & ~of_diff, levels.quantity),
    )
    for kind, what, mask, digits in wrong:
        for level in np.flatnonzero(mask & (owners >= 0)).tolist():
            if check.keep[at := int(owners[level])]:
                sign = "negative" if digits[level] < 0 else "0"
                check.tell(kind, at, f"a {what} is {sign}")


def _spreads(check: Check) -> None:
    """A recorded quote whose bid is not below its ask is none."""
    events, levels = check.recording.events, check.recording.levels
    quotes = np.flatnonzero((events.kind == QUOTE) & check.keep)
    prices = as_floats(levels.price, levels.price_decimals)
    bid, ask = prices[events.start[quotes]], prices[events.start[quotes] + 1]
    for at in np.flatnonzero(bid >= ask).tolist():
        kind = Kind.LOCKED_QUOTE if bid[at] == ask[at] else Kind.CROSSED_QUOTE
        is_what = "at" if bid[at] == ask[at] else "above"
        sentence = f"the bid {bid[at]:.15g} is {is_what} the ask {ask[at]:.15g}"
        check.tell(kind, int(quotes[at]), sentence)


def _one_market(check: Check) -> None:
    """Spot and futures share names of symbols; a session of both at once would be neither."""
    events, recording = check.recording.events, check.recording
    is_future = np.where(events.kind == DIFF, events.previous_id != NO_ID, events.event_ms != 0)
    tells = np.isin(events.kind, (DIFF, QUOTE)) & check.keep
    for symbol, name in enumerate(recording.exchange_symbols):
        its = tells & (events.symbol == symbol)
        spot, futures = (np.unique(events.file[its & m]) for m in (~is_future, is_future))
        if len(spot) and len(futures):
            one, other = recording.files[spot[0]], recording.files[futures[0]]
            raise TickFileError(
                f"{name} is told of the spot market in {one} and of futures in {other}: "
                "choose the files of one of them"
            )


def _times(check: Check, lines: Ids) -> None:
    """Drops those that were received before a line above them."""
    lines = lines[check.keep[lines]]
    received = check.recording.events.received[lines]
    for at in np.flatnonzero(_leaps(received, _LEAP_NS)).tolist():
        ahead = int(received[at] - received[at + 1])
        sentence = f"its receive time is {ahead / 1e9:.9g} s ahead of the next line's"
        check.tell(Kind.OUT_OF_ORDER, int(lines[at]), sentence)
    standing = check.keep[lines]
    lines, received = lines[standing], received[standing]
    latest = np.maximum.accumulate(received)
    for at in np.flatnonzero(received < latest).tolist():
        behind = int(latest[at] - received[at])
        sentence = f"its receive time is {behind / 1e9:.9g} s before that of a line above"
        check.tell(Kind.OUT_OF_ORDER, int(lines[at]), sentence)


def _leaps(values: Ids, leap: int) -> Mask:
    """Values far above the one before, which the next one does not follow."""
    found = np.zeros(len(values), np.bool_)
    if len(values) > 1:
        before = np.concatenate((values[1:2], values[:-2]))
        found[:-1] = (values[:-1] - before > leap) & (values[1:] < values[:-1])
    return found


def _ids(check: Check, of_symbol: Mask) -> None:
    """What repeats or runs backwards within a stream is dropped, what it skips is told.

    Lines that were dropped for other reasons tell their ids all the same.
    """
    events = check.recording.events
    for kind, ids in ((TRADE, events.trade_id), (QUOTE, events.last_id), (DIFF, events.last_id)):
        lines = _ascending(check, np.flatnonzero(of_symbol & (events.kind == kind)), ids)
        if kind == TRADE:
            _skipped_trades(check, lines)
        elif kind == DIFF:
            _skipped_updates(check, lines)


def _ascending(check: Check, lines: Ids, column: Ids) -> Ids:
    """The lines whose ids go up; the others are told."""
    ids = column[lines]
    leaps = _leaps(ids, _LEAP_IDS)
    for at in np.flatnonzero(leaps).tolist():
        sentence = f"its id {ids[at]} is ahead of the next one's, {ids[at + 1]}"
        check.tell(Kind.OUT_OF_ORDER, int(lines[at]), sentence)
    lines, ids = lines[~leaps], ids[~leaps]
    latest = np.concatenate(([NO_ID], np.maximum.accumulate(ids)[:-1])) if len(ids) else ids
    late = ids <= latest
    firsts = set(np.unique(ids, return_index=True)[1].tolist()) if late.any() else set()
    for at in np.flatnonzero(late).tolist():
        if at in firsts:
            sentence = f"its id {ids[at]} is below {latest[at]} of a line above"
            check.tell(Kind.OUT_OF_ORDER, int(lines[at]), sentence)
        else:
            check.tell(Kind.DUPLICATE, int(lines[at]), f"its id {ids[at]} was told before")
    return lines[~late]


def _skipped_trades(check: Check, lines: Ids) -> None:
    ids = check.recording.events.trade_id[lines]
    for at in np.flatnonzero(np.diff(ids) > 1).tolist():
        missing = int(ids[at + 1] - ids[at] - 1)
        sentence = f"trade {ids[at + 1]} follows {ids[at]}: {missing:,} between them are missing"
        check.tell(Kind.GAP, int(lines[at + 1]), sentence)


def _skipped_updates(check: Check, lines: Ids) -> None:
    events = check.recording.events
    for before, at in pairwise(lines.tolist()):
        last, previous = int(events.last_id[before]), int(events.previous_id[at])
        if not follows(last, int(events.first_id[at]), previous):
            told = f"pu {previous}" if previous != NO_ID else f"U {events.first_id[at]}"
            check.tell(Kind.GAP, at, f"the diff before it ends with update {last}, it has {told}")


def follows(last: int, first_id: int, previous_id: int) -> bool:
    """Whether a diff comes right after update `last`: futures say which, spot ids have no holes."""
    return first_id == last + 1 if previous_id == NO_ID else previous_id == last


def _repeats(check: Check) -> None:
    """Trades of equal symbol, time, price, volume and seq: told twice."""
    events, levels = check.recording.events, check.recording.levels
    lines = np.flatnonzero(check.keep)
    start = events.start[lines]
    price = as_floats(levels.price, levels.price_decimals)[start]
    volume = as_floats(levels.quantity, levels.quantity_decimals)[start]
    keys = (volume, price, events.trade_id[lines], events.received[lines], events.symbol[lines])
    order = np.lexsort(keys)  # stable: the first of equals stands
    same = np.ones(max(len(order) - 1, 0), np.bool_)
    for key in keys:
        same &= np.diff(key[order]) == 0
    for at in sorted(lines[order[1:][same]].tolist()):
        check.tell(Kind.DUPLICATE, at, "this time, price, volume and seq were told before")
