"""An order book that follows its stream, and knows when it can't be trusted."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from aitrader_core.market.ticks.book import Best, Book, Pairs
from aitrader_core.market.ticks.checks import follows
from aitrader_core.market.ticks.findings import Kind
from aitrader_core.market.ticks.recording import NO_ID

RECENT = 4096  # diffs that are kept for a snapshot that comes after them


class Diff(NamedTuple):
    """One change of the book; `event` is its index."""

    event: int
    first_id: int
    last_id: int
    previous_id: int
    levels: Callable[[], tuple[Pairs, Pairs]]


@dataclass
class FollowedBook:
    """Of one symbol. `tell` is told what is wrong, and with which event.

    An exchange takes its snapshot while diffs go on: those that were received before it and
    reach past it belong on top of it. `early_diffs` off leaves them out, as naive readers do.

    A book isn't trusted before its snapshot, and no longer once an update is missing, it is
    crossed, or recorded quotes say otherwise. It is again with the next snapshot, or when it
    agrees with the recorded quote at the same update; where no quotes are recorded, a book that
    was crossed is trusted again once both its best levels have been told anew.
    """

    tell: Callable[[Kind, int, str], None]
    price: Callable[[int], str]  # as sentences say one
    early_diffs: bool = True
    book: Book | None = None
    is_trusted: bool = False
    compared: int = 0  # diffs after which a recorded quote of the same update is known
    agreed: int = 0
    _since: int = 0  # the update after which it is not trusted
    _was_crossed: bool = False
    _is_fresh: bool = False  # no diff since the snapshot
    _recent: deque[Diff] = field(default_factory=lambda: deque(maxlen=RECENT))
    _pending: deque[tuple[int, int, Best]] = field(default_factory=deque)
    _quotes: deque[tuple[int, Best]] = field(default_factory=lambda: deque(maxlen=16 * RECENT))

    @property
    def best(self) -> Best:
        """Of a book that can be trusted; nothing of one that can't."""
        return self.book.best if self.book and self.is_trusted else _NOTHING

    def snapshot(self, index: int, last_id: int, bids: Pairs, asks: Pairs) -> None:
        """Begin again, with the diffs that came before and reach past it."""
        early = [diff for diff in self._recent if diff.last_id > last_id]
        if self.book and not self.early_diffs and self.book.last_id > last_id:
            return
        self.book, self.is_trusted = Book(last_id, bids, asks), True
        self._is_fresh, self._was_crossed = True, False
        self._pending.clear()
        if self.early_diffs:
            for diff in early:
                sentence = f"was received before the snapshot and reaches past its update {last_id}"
                self.tell(Kind.EARLY_DIFF, diff.event, f"{sentence}: it is applied after it")
                self._apply(self.book, diff)
        self._look(self.book, index)

    def diff(self, diff: Diff) -> None:
        self._recent.append(diff)
        if self.book is None or diff.last_id <= self.book.last_id:
            return
        self._apply(self.book, diff)
        self._look(self.book, diff.event)
        self._pending.append((diff.event, self.book.last_id, self.book.best))
        self._settle()

    def quote(self, last_id: int, quote: Best) -> None:
        """A recorded one: what was best after an update, until the next recorded one."""
        self._quotes.append((last_id, quote))
        self._settle()

    def _settle(self) -> None:
        """Compare where it is known what was recorded as of an update: a later quote came, too."""
        quotes = self._quotes
        while quotes and self._pending and self._pending[0][1] <= quotes[-1][0]:
            event, update, best = self._pending.popleft()
            while len(quotes) > 1 and quotes[1][0] <= update:
                quotes.popleft()
            if quotes[0][0] <= update:
                self._compare(event, update, best, quotes[0][1])

    def _apply(self, book: Book, diff: Diff) -> None:
        if not self._continues(book, diff):
            last = book.last_id
            self._lose(diff.event, diff.last_id, f"update {diff.first_id} does not follow {last}")
        self._is_fresh = False
        book.update(diff.last_id, *diff.levels())

    def _continues(self, book: Book, diff: Diff) -> bool:
        if self._is_fresh:  # it may begin before the snapshot, but not after it
            begins = diff.first_id if diff.previous_id == NO_ID else diff.previous_id
            return begins <= book.last_id + 1
        return follows(book.last_id, diff.first_id, diff.previous_id)

    def _look(self, book: Book, index: int) -> None:
        """After a change: is it crossed, has it recovered?"""
        if book.is_crossed:
            bid, ask = self.price(book.best.bid), self.price(book.best.ask)
            is_what = "at" if bid == ask else "above"
            dropped = ", ".join(
                f"{side} {self.price(price)} of update {told}"
                for side, price, _, told in book.uncross()
            )
            sentence = f"the book's bid {bid} is {is_what} its ask {ask}: dropped {dropped}"
            self.tell(Kind.CROSSED_BOOK, index, sentence)
            self._was_crossed |= self.is_trusted  # one that misses updates, too, stays so
            self.is_trusted, self._since = False, book.last_id
        elif self._was_crossed and not self._quotes and book.told > self._since:
            self._trust()

    def _lose(self, index: int, update: int, why: str) -> None:
        if self.is_trusted:
            self.tell(Kind.STALE_BOOK, index, f"{why}: the book isn't trusted from here on")
        self.is_trusted, self._since, self._was_crossed = False, update, False

    def _trust(self) -> None:
        self.is_trusted, self._was_crossed = True, False

    def _compare(self, index: int, update: int, best: Best, quote: Best) -> None:
        self.compared += 1
        self.agreed += best == quote
        if best == quote:
            if not self.is_trusted and update > self._since:
                self._trust()
        elif self.is_trusted:
            mine, its = self._told(best), self._told(quote)
            self._lose(index, update, f"after update {update} its best are {mine}, recorded {its}")

    def _told(self, best: Best) -> str:
        return f"{self.price(best.bid)} and {self.price(best.ask)}"


_NOTHING = Best(0, 0, 0, 0)
