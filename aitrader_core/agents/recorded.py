"""Trades what a recording says, so that a session someone recorded is a model like any other."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Literal

from aitrader_core.agents.agent import Terms
from aitrader_core.agents.recorded_log import logs_in, read_log
from aitrader_core.agents.recording import Record, Recording, distance, is_due, read_recording
from aitrader_core.domain.errors import RecordingError
from aitrader_core.domain.market import DAILY, Moment, Symbol
from aitrader_core.domain.model_day import Ending
from aitrader_core.domain.money import ZERO, plain_quantity, times
from aitrader_core.domain.orders import Fill, Order, Refused, Side
from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.simulation.desk import Desk

DRIFT = Decimal("0.000001")  # recorders keep cash in binary floating point
ROUNDING = Decimal("0.005")  # a difference below half a cent is taken for one
BEFORE_THE_TRADE = "before the trade: rolled back, or not recorded"  # how such a reason ends
REPORTER = "recording"  # who says in a transcript that a record can't be so


@dataclass(frozen=True, slots=True)
class Recorded:
    """The orders of an AI-Trader position.jsonl, in the order of the file.

    `enforced`: ours is the ledger; what the market or the cash does not allow is refused, and a
    record that does not follow from the one before it is reported. `as_recorded`: the recording
    is the ledger; what it has that our own rules and prices do not give is booked as a correction
    that names the line, so that ours still closes.

    `logs` is the folder that has what the model said, in a log.jsonl per session or bar: it comes
    into the transcript before the orders.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    file: Path
    mode: Literal["enforced", "as_recorded"] = "enforced"
    logs: Path | None = None

    @property
    def fingerprint(self) -> str:
        """Of the recording, and of what was said, which are part of the model's configuration."""
        try:
            content = sha256(self.file.read_bytes())
            for (session, at), path in logs_in(self.logs) if self.logs else ():
                content.update(f"\n{session} {at}\n".encode() + path.read_bytes())
        except (OSError, RecordingError):
            return "unreadable"
        return content.hexdigest()[:16]

    def check(self, terms: Terms) -> None:
        """Raises RecordingError for a recording that can't be traded in such an arena."""
        recording = read_recording(self.file)
        for record, symbol in recording.unlisted(set(terms.symbols)):
            raise RecordingError(
                f"{self.file}:{record.line}: {symbol} is not among the arena's symbols: add it "
                "there, or is this another market's recording?"
            )
        if recording.is_intraday != terms.is_intraday:
            has, wants = ("intraday", "daily") if recording.is_intraday else ("daily", "intraday")
            raise RecordingError(
                f"{self.file}:{recording.records[-1].line}: this is a recording of {has} bars, "
                f"and the arena has {wants} ones"
            )
        self._check_logs(intraday=terms.is_intraday)

    def trade(self, desk: Desk) -> Ending:
        recording, view = read_recording(self.file), desk.view
        now = view.session, view.at
        after = None if desk.is_first else view.previous
        due = recording.due(after, now)
        if self.logs is not None:
            _quote(desk, self.logs, after, now, is_expected=bool(due))
        before = recording.before(due[0] if due else None, now)
        if desk.is_first:
            self._open(desk, recording, before)
        for record in due:
            if self.mode == "as_recorded":
                _follow(desk, record, recording.place(record))
            else:
                _enforce(desk, record, before, recording.place(record))
            before = record
        return Ending.DONE

    def _check_logs(self, *, intraday: bool) -> None:
        for (_, at), path in logs_in(self.logs) if self.logs else ():
            read_log(path)
            if at != DAILY and not intraday:
                raise RecordingError(f"{path}: is of a bar, and the arena has daily ones")

    def _open(self, desk: Desk, recording: Recording, opening: Record) -> None:
        moved, cash = distance(opening, desk.portfolio)
        if not moved and abs(cash) <= DRIFT:
            return
        reason = f"{recording.place(opening)}: opens with {_listed(moved, cash)} more than we do"
        if self.mode == "as_recorded":
            _correct(desk, moved, cash, reason)
        else:
            desk.transcript.add(REPORTER, reason)


def _quote(desk: Desk, logs: Path, after: Moment | None, now: Moment, *, is_expected: bool) -> None:
    """What the model said from `after` on; that it is not known, where it acted."""
    found = [(m, path) for m, path in logs_in(logs) if is_due(m, after, now)]
    for (session, _), path in found:
        if session != now[0]:
            desk.transcript.add(REPORTER, f"said on {session}:")
        for entry in read_log(path):
            desk.transcript.add(entry.role, entry.text, entry.tool, entry.id)
    if is_expected and not found:
        desk.transcript.add(
            REPORTER, f"{logs.name}: has nothing of {now[0]}, when the recording acts"
        )


def _follow(desk: Desk, record: Record, place: str) -> None:
    """The record's order, and corrections until our portfolio is the record's."""
    if record.cash < 0 or any(quantity < 0 for quantity in record.positions.values()):
        raise RecordingError(
            f"{place}: cash or a position is below zero, which no ledger here can follow: set "
            "the model's mode to enforced"
        )
    order, outcome = record.order, None
    if order is not None and record.session == desk.view.session:
        _roll_back(desk, record, order, place)
        outcome = desk.submit(order)
    moved, cash = distance(record, desk.portfolio)
    if moved or abs(cash) > DRIFT:
        _correct(desk, moved, cash, f"{place}: {_why(desk, record, outcome, moved, cash)}")


def _roll_back(desk: Desk, record: Record, order: Order, place: str) -> None:
    """Quantities that the trade does not explain were changed before it."""
    if order.symbol not in desk.view.opens:
        return  # nobody can say what it would have made
    traded = _after(desk.portfolio, order, desk.view.opens)
    moved, cash = distance(record, traded)
    target = {s: desk.portfolio.held(s) + q for s, q in moved.items()}
    if moved and desk.portfolio.cash + cash >= 0 and all(q >= 0 for q in target.values()):
        reason = f"{place}: {_listed(moved, cash)} {BEFORE_THE_TRADE}"
        _correct(desk, moved, cash, reason)


def _enforce(desk: Desk, record: Record, before: Record, place: str) -> None:
    """The record's order; what its state has beyond it is reported."""
    order = record.order
    if order is not None and record.session != desk.view.session:
        desk.transcript.add(REPORTER, f"{place}: trades on {record.session}, which is no session")
        return
    if order is not None:
        desk.submit(order)
    moved, cash = distance(record, _after(_state(before), order, desk.view.opens))
    if moved or abs(cash) > DRIFT:
        what = f"{_listed(moved, cash)} beyond what the record before and its trade give"
        desk.transcript.add(REPORTER, f"{place}: {what}")


def _state(record: Record) -> Portfolio:
    return Portfolio(record.cash, record.positions)


def _after(portfolio: Portfolio, order: Order | None, opens: Mapping[Symbol, Decimal]) -> Portfolio:
    """What the recorder's own book has after a trade at the open, whatever the rules say."""
    if order is None or order.symbol not in opens:
        return portfolio
    sign = 1 if order.side is Side.BUY else -1
    held = portfolio.held(order.symbol) + sign * order.quantity
    cash = portfolio.cash - sign * times(order.quantity, opens[order.symbol])
    return Portfolio(cash, {**portfolio.positions, order.symbol: held})


def _correct(desk: Desk, moved: Mapping[Symbol, Decimal], cash: Decimal, reason: str) -> None:
    if len(moved) == 1:
        ((symbol, quantity),) = moved.items()
        desk.correct(symbol, quantity, cash, reason)
        return
    for symbol, quantity in moved.items():
        desk.correct(symbol, quantity, ZERO, reason)
    if cash:
        desk.correct(None, ZERO, cash, reason)


def _why(
    desk: Desk,
    record: Record,
    outcome: Fill | Refused | None,
    moved: Mapping[Symbol, Decimal],
    cash: Decimal,
) -> str:
    what = _listed(moved, cash)
    if isinstance(outcome, Refused):
        return f"{what} though refused: {outcome.reason}"
    if record.session != desk.view.session:
        return f"{what} on {record.session}, which is no session"
    if isinstance(outcome, Fill) and not moved:
        return f"{what}: {_misfit(outcome, cash)}"
    return f"{what} without a trade that explains it"


def _misfit(fill: Fill, cash: Decimal) -> str:
    """What the recorded cash says of a trade: that it was rounded, or had another price."""
    if abs(cash) < ROUNDING:
        return "rounded"
    sign = -1 if fill.order.side is Side.BUY else 1
    price = fill.price + sign * cash / fill.order.quantity
    return f"traded at {_price(price)}, which is not the open, {_price(fill.price)}"


def _price(value: Decimal) -> str:
    return plain_quantity(round(value, 6))


def _listed(moved: Mapping[Symbol, Decimal], cash: Decimal) -> str:
    changes = [f"{symbol} {_signed(quantity)}" for symbol, quantity in moved.items()]
    return ", ".join([*changes, *([f"cash {_signed(cash)}"] if cash else [])])


def _signed(number: Decimal) -> str:
    return f"{'+' if number > 0 else '-'}{plain_quantity(abs(number))}"
