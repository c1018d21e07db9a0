"""What the database itself refuses, whoever writes to it and however."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date, time
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from aitrader_core.domain.market import CashDividend, Split
from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.domain.money import times
from aitrader_core.domain.orders import Order, Side
from aitrader_core.runner.floor import Floor
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.desk import Desk
from aitrader_core.storage import rows, schema
from aitrader_core.storage.store import Origin
from tests.simulation.tapes import A, B, C, run_days, tape_of, weekdays

D = Decimal
CENT, LAST_DIGIT = D("0.01"), D("0.00000001")
DAYS = weekdays(3)
TAPE = tape_of(
    {A: "10 11 6", B: "20 21 22"},
    [CashDividend(A, DAYS[1], D("0.5")), CashDividend(A, DAYS[2], D(1)), Split(A, DAYS[2], D(2))],
)
CHILDREN = (
    schema.orders,
    schema.fills,
    schema.adjustments,
    schema.marks,
    schema.holdings,
    schema.transcripts,
)


@dataclass(frozen=True)
class Plan:
    by_session: Mapping[date, Sequence[Order]]

    def trade(self, desk: Desk) -> Ending:
        desk.say("as planned")
        for order in self.by_session[desk.view.session]:
            desk.submit(order)
        return Ending.DONE


PLAN = Plan(
    {
        DAYS[0]: [Order(A, Side.BUY, D(3)), Order(B, Side.BUY, D(3))],
        DAYS[1]: [Order(A, Side.BUY, D(1)), Order(B, Side.SELL, D(1))],
        DAYS[2]: [
            Order(C, Side.BUY, D(1)),
            Order(A, Side.BUY, D(2)),
            Order(B, Side.SELL, D(1)),
        ],
    }
)


@dataclass
class Draft:
    """A model-day as rows, for a test to falsify."""

    day: dict[str, Any]
    children: dict[str, list[dict[str, Any]]]

    @property
    def fills(self) -> list[dict[str, Any]]:
        return self.children["fills"]

    def add(self, name: str, amount: Decimal | int) -> None:
        self.day[name] += amount


def draft_of(day: ModelDay, previous_id: int | None) -> Draft:
    origin = {"request": "r", "run_id": "r", "revision": 1, "previous_id": previous_id}
    return Draft(
        {**rows.day_row(day), **origin},
        {
            "orders": rows.order_rows(day),
            "fills": rows.fill_rows(day),
            "adjustments": rows.adjustment_rows(day),
            "marks": [{"bar_time": time(10), "value_open": D(1), "value_close": None}],
            "holdings": rows.holding_rows(day),
            "transcripts": [{"entries": rows.entries_json(day.transcript)}],
        },
    )


def write(connection: Connection, draft: Draft) -> None:
    returned = insert(schema.model_days).values(draft.day).returning(schema.model_days.c.id)
    day_id = connection.execute(returned).scalar_one()
    for table in CHILDREN:
        if children := draft.children[table.name]:
            connection.execute(insert(table), [{**c, "model_day_id": day_id} for c in children])


def everything(engine: Engine) -> list[list[tuple[Any, ...]]]:
    with engine.connect() as connection:
        return [
            [tuple(row) for row in connection.execute(select(t).order_by(*t.primary_key))]
            for t in (schema.model_days, *CHILDREN)
        ]


@pytest.fixture(scope="module")
def days() -> list[ModelDay]:
    return run_days(PLAN, TAPE, DAYS[0], 3, costs=CostProfile(commission_minimum=D(1)))


@pytest.fixture(scope="module")
def engine(module_floor: Floor, days: list[ModelDay]) -> Engine:
    """Two sessions of `model` are stored, an intraday one of `other`, and an older try at it."""
    (mark,) = days[0].marks
    other = replace(days[0], model="other", marks=(replace(mark, at=time(10)),))
    for day in (*days[:2], other, other):
        module_floor.model_days.put(day, Origin("job-1", "run-1"))
    return module_floor.engine


@pytest.fixture
def unchanged(engine: Engine) -> Iterator[None]:
    before = everything(engine)
    yield
    assert everything(engine) == before


def id_of(engine: Engine, session: date, model: str = "model", *, live: bool = True) -> int:
    days = schema.model_days.c
    superseded = days.superseded_at.is_(None) if live else days.superseded_at.is_not(None)
    query = select(days.id).where(days.model == model, days.session == session, superseded)
    with engine.connect() as connection:
        return int(connection.execute(query).scalar_one())


@pytest.fixture
def third(engine: Engine, days: list[ModelDay]) -> Draft:
    """The third session, whole and true, as it could be stored."""
    return deepcopy(draft_of(days[2], id_of(engine, DAYS[1])))


@pytest.mark.usefixtures("unchanged")
def test_the_true_day_would_be_taken(engine: Engine, third: Draft) -> None:
    """Without this, the refusals below could all have another reason than theirs."""
    assert len(third.children["orders"]) == len(third.fills) + 1
    assert len(third.children["adjustments"]) == 2
    with engine.connect() as connection:
        write(connection, third)
        connection.execute(text("set constraints all immediate"))
        connection.rollback()


# What is wrong with a day -------------------------------------------------------------------


def a_fill_of(quantity: Decimal, number: int) -> Callable[[Draft], None]:
    """Fill `number` has that quantity, and cash and holdings agree: only the outcome can be bad."""

    def falsify(draft: Draft) -> None:
        fill = next(f for f in draft.fills if f["number"] == number)
        sign = 1 if fill["side"] == "buy" else -1
        more = quantity - fill["quantity"]
        fill["quantity"], fill["notional"] = quantity, quantity * fill["price"]
        draft.add("bought" if sign > 0 else "sold", more * fill["price"])
        draft.add("closing_cash", -sign * more * fill["price"])
        held = next(h for h in draft.children["holdings"] if h["symbol"] == fill["symbol"])
        held["quantity"] += sign * more

    return falsify


def add(**amounts: Decimal | int) -> Callable[[Draft], None]:
    def falsify(draft: Draft) -> None:
        for name, amount in amounts.items():
            draft.add(name, amount)

    return falsify


def put(**values: Any) -> Callable[[Draft], None]:
    return lambda draft: draft.day.update(values)


def child(table: str, **values: Any) -> Callable[[Draft], None]:
    """The last row of `table` has `values`."""
    return lambda draft: draft.children[table][-1].update(values)


def extra(table: str, **values: Any) -> Callable[[Draft], None]:
    return lambda draft: draft.children[table].append(values)


def lost(table: str, which: int = -1) -> Callable[[Draft], None]:
    def falsify(draft: Draft) -> None:
        draft.children[table].pop(which)

    return falsify


def both(*steps: Callable[[Draft], None]) -> Callable[[Draft], None]:
    def falsify(draft: Draft) -> None:
        for step in steps:
            step(draft)

    return falsify


def corrected(**values: Any) -> Callable[[Draft], None]:
    """A correction of nothing but what is given."""
    nothing = {"bar_time": time(0), "symbol": B, "quantity_change": D(0), "cash_change": D(0)}
    correction = {**nothing, "number": 3, "after_order": 1, "kind": "correction", "reason": "why"}
    counted = add(correction_count=1, total_corrections=1)
    return both(extra("adjustments", **{**correction, **values}), counted)


FLOWS = "its cash flows are not those of its fills and adjustments"
OPENS = "does not open with the cash of its previous close"
TOTALS = "its totals are not those of the day before and its own"
FALSE: dict[str, tuple[Callable[[Draft], None], str]] = {
    "closing cash off by a cent": (add(closing_cash=CENT), "ck_model_days_cash_balances"),
    "closing cash off by its last digit": (
        add(closing_cash=LAST_DIGIT),
        "ck_model_days_cash_balances",
    ),
    "a cent that no action paid": (add(closing_cash=CENT, adjustment_cash=CENT), FLOWS),
    "a cent that no fill took": (add(closing_cash=-CENT, bought=CENT), FLOWS),
    "a cent that no fill brought": (add(closing_cash=CENT, sold=CENT), FLOWS),
    "a commission left out": (add(closing_cash=CENT, commission=-CENT), FLOWS),
    "a count of fills that is none": (put(fill_count=1), FLOWS),
    "a count of refusals that is none": (
        add(refusal_count=1, total_refusals=1),
        "its refusals and corrections are not as many as it says",
    ),
    "a session counted twice": (add(total_sessions=1), TOTALS),
    "a total that leaves a cent out": (add(total_traded=-CENT), TOTALS),
    "tokens that nobody took": (add(total_tokens=1), TOTALS),
    "a total of dollars that is not known, though each is": (put(total_dollars=None), TOTALS),
    "a lost fill": (lost("fills"), "its fills are not those of its orders"),
    "a lost order": (lost("orders"), "its fills are not those of its orders"),
    "a lost dividend": (lost("adjustments", 0), FLOWS),
    "a lost split": (lost("adjustments"), "it loses or gains AAA"),
    "opening cash off by a cent": (add(opening_cash=CENT, closing_cash=CENT), OPENS),
    "another model's close": (put(model="other"), OPENS),
    "another market's close": (put(market="elsewhere"), OPENS),
    "a close that is not earlier": (put(session=DAYS[1]), "ix_model_days_(live|revision)"),
    "a close that is later": (put(session=date(2023, 12, 29)), OPENS),
    "no close, and not the initial cash": (
        put(previous_id=None, model="new"),
        "it has no previous day, yet does not open with the initial cash",
    ),
    "a close that does not exist": (put(previous_id=-1), "fk_model_days_previous_id"),
    "negative cash": (a_fill_of(D(10_000), 2), "ck_model_days_closing_cash"),
    "less than nothing paid": (
        add(bought=D(-1000), closing_cash=D(1000)),
        "ck_model_days_flows",
    ),
    "a negative holding": (a_fill_of(D(5), 3), "ck_holdings_quantity"),
    "a holding of nothing": (extra("holdings", symbol=C, quantity=D(0)), "ck_holdings_quantity"),
    "a holding of NaN": (extra("holdings", symbol=C, quantity=D("NaN")), "ck_holdings_quantity"),
    "a share from nowhere": (extra("holdings", symbol=C, quantity=D(1)), "loses or gains CCC"),
    "a share that is gone": (lost("holdings"), "it loses or gains BBB"),
    "a holding off by its last digit": (
        child("holdings", quantity=1 + LAST_DIGIT),
        "it loses or gains",
    ),
    "a split that gave another number": (
        child("adjustments", quantity_change=D(5)),
        "it loses or gains AAA",
    ),
    "a notional off by its last digit": (
        both(
            lambda draft: draft.fills[0].update(notional=12 - LAST_DIGIT),
            add(bought=-LAST_DIGIT, closing_cash=LAST_DIGIT),
        ),
        "ck_fills_notional",
    ),
    "a fill of nothing": (child("fills", quantity=D(0), notional=D(0)), "ck_fills_quantity"),
    "a fill of less": (child("fills", quantity=D(-1), notional=D(-22)), "ck_fills_quantity"),
    "a fill of NaN": (child("fills", quantity=D("NaN"), notional=D("NaN")), "ck_fills_quantity"),
    "a fill for nothing": (child("fills", price=D(0), notional=D(0)), "ck_fills_price"),
    "a fill at NaN": (child("fills", price=D("NaN"), notional=D("NaN")), "ck_fills_price"),
    "a fee that pays": (child("fills", commission=D(-1)), "ck_fills_commission"),
    "neither bought nor sold": (child("fills", side="short"), "ck_fills_side"),
    "refused without a reason": (
        lambda draft: draft.children["orders"][0].update(reason=None),
        "ck_orders_reason",
    ),
    "filled with a reason": (child("orders", reason="why not"), "ck_orders_reason"),
    "neither filled nor refused": (child("orders", outcome="partly"), "ck_orders_outcome"),
    "an order twice": (lambda d: d.children["orders"].append(d.children["orders"][0]), "pk_orders"),
    "a correction without a reason": (
        child("adjustments", kind="correction"),
        "ck_adjustments_reason",
    ),
    "a quantity of nothing in particular": (
        child("adjustments", symbol=None),
        "ck_adjustments_symbol",
    ),
    "a correction that the holdings do not have": (
        corrected(quantity_change=D(1)),
        "it loses or gains BBB",
    ),
    "a correction that the cash does not have": (corrected(cash_change=CENT), FLOWS),
    "a correction of cash that the close does not have": (
        both(corrected(symbol=None, cash_change=CENT), add(adjustment_cash=CENT)),
        "ck_model_days_cash_balances",
    ),
    "a correction that is half there": (
        both(
            corrected(quantity_change=D(1), cash_change=CENT),
            add(adjustment_cash=CENT, closing_cash=CENT),
        ),
        "it loses or gains BBB",
    ),
    "a reason of what is no correction": (
        child("adjustments", reason="why"),
        "ck_adjustments_reason",
    ),
    "an adjustment of no kind": (child("adjustments", kind="gift"), "ck_adjustments_kind"),
    "two adjustments of one number": (corrected(number=1), "pk_adjustments"),
    "two marks of one bar": (
        lambda d: d.children["marks"].append(d.children["marks"][0]),
        "pk_marks",
    ),
    "a mark below nothing": (child("marks", value_open=D(-1)), "ck_marks_value_open"),
    "a mark of NaN": (child("marks", value_close=D("NaN")), "ck_marks_value_close"),
    "two transcripts": (extra("transcripts", entries=[]), "pk_transcripts"),
}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("fault", FALSE)
def test_a_false_day_is_refused(engine: Engine, third: Draft, fault: str) -> None:
    falsify, complaint = FALSE[fault]
    falsify(third)
    with pytest.raises(IntegrityError, match=complaint), engine.begin() as connection:
        write(connection, third)


MONEY = [c.name for c in schema.model_days.c if isinstance(c.type, type(schema.Money))]


def test_the_money_columns_are_found() -> None:
    assert len(MONEY) == 16


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("column", MONEY)
def test_money_is_a_number(engine: Engine, third: Draft, column: str) -> None:
    third.day[column] = D("NaN")
    with engine.connect() as connection:
        with pytest.raises(IntegrityError):
            write(connection, third)
        connection.rollback()


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("column", MONEY)
def test_money_is_finite(engine: Engine, third: Draft, column: str) -> None:
    third.day[column] = D("Infinity")
    with pytest.raises(DBAPIError, match="overflow"), engine.begin() as connection:
        write(connection, third)


@pytest.mark.usefixtures("unchanged")
def test_a_superseded_close_is_no_opening(engine: Engine, days: list[ModelDay]) -> None:
    superseded = id_of(engine, DAYS[0], "other", live=False)
    draft = draft_of(replace(days[1], model="other"), superseded)
    with pytest.raises(IntegrityError, match=OPENS), engine.begin() as connection:
        write(connection, draft)


@pytest.mark.usefixtures("unchanged")
def test_a_session_is_live_once(engine: Engine, days: list[ModelDay]) -> None:
    draft = draft_of(days[1], id_of(engine, DAYS[0]))
    draft.day["revision"] = 2
    with pytest.raises(IntegrityError, match="ix_model_days_live"), engine.begin() as connection:
        write(connection, draft)


# What is stored, stays ----------------------------------------------------------------------

LATE: dict[str, dict[str, Any]] = {
    "orders": {"number": 9, "symbol": "AAA", "side": "buy", "outcome": "refused", "reason": "no"},
    "fills": {
        "number": 9,
        "symbol": "AAA",
        "side": "buy",
        "quantity": 1,
        "price": 1,
        "notional": 1,
        "commission": 0,
    },
    "adjustments": {
        "number": 9,
        "after_order": 0,
        "symbol": "ZZZ",
        "kind": "split",
        "quantity_change": 1,
        "cash_change": 0,
    },
    "marks": {"bar_time": time(11), "value_open": 1, "value_close": 1},
    "holdings": {"symbol": "ZZZ", "quantity": 1},
    "transcripts": {"entries": []},
}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("table", CHILDREN, ids=str)
def test_a_sealed_day_takes_no_more_rows(engine: Engine, table: Any) -> None:
    late = {"model_day_id": id_of(engine, DAYS[0]), **LATE[table.name]}
    sealed = "already sealed|pk_transcripts"  # which has its one row
    with pytest.raises(IntegrityError, match=sealed), engine.begin() as connection:
        connection.execute(insert(table).values(late))


CHANGES = [
    "update model_days set closing_cash = closing_cash, profit = profit + 1",
    "update model_days set superseded_at = now(), profit = profit + 1 where superseded_at is null",
    "update model_days set superseded_at = null where superseded_at is not null",
    "update model_days set superseded_at = now() where superseded_at is not null",
    "update model_days set sealed_by = txid_current()",
    "update orders set quantity = quantity + 1",
    "update fills set commission = 0",
    "update adjustments set cash_change = cash_change + 1",
    "update marks set value_close = 1",
    "update holdings set quantity = quantity + 1",
    "update transcripts set entries = '[]'",
    *(f"delete from {name}" for name in ("model_days", *LATE)),
]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("statement", CHANGES)
def test_what_is_stored_is_never_changed(engine: Engine, statement: str) -> None:
    with pytest.raises(IntegrityError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("name", LATE)
def test_nor_all_at_once(engine: Engine, name: str) -> None:
    with engine.connect() as connection:
        with pytest.raises(IntegrityError, match="append-only"):
            connection.execute(text(f"truncate {name}"))
        connection.rollback()


@pytest.mark.usefixtures("unchanged")
def test_a_day_can_be_superseded_and_nothing_else(engine: Engine) -> None:
    with engine.connect() as connection:
        done = connection.execute(
            text("update model_days set superseded_at = now() where superseded_at is null")
        )
        assert done.rowcount == 3
        connection.rollback()


# A fill is of its order ---------------------------------------------------------------------

OTHERWISE: dict[str, dict[str, Any]] = {
    "quantity": {"quantity": D(7)},
    "symbol": {"symbol": C},
    "side": {"side": "buy"},
    "number": {"number": 8},
}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("part", OTHERWISE)
def test_a_fill_is_what_was_ordered(engine: Engine, third: Draft, part: str) -> None:
    third.children["orders"][-1].update(OTHERWISE[part])
    with engine.connect() as connection:
        write(connection, third)
        with pytest.raises(IntegrityError):
            connection.execute(text("set constraints all immediate"))
        connection.rollback()


# Rounding -----------------------------------------------------------------------------------


def pairs() -> Iterator[tuple[Decimal, Decimal]]:
    """Quantities and prices whose products have more than eight decimals, half of them ties."""
    lot = Random(8)
    for _ in range(500):
        yield D("0.5") + lot.randint(0, 99), D(2 * lot.randint(0, 10**9) + 1).scaleb(-8)
        yield D(lot.randint(1, 10**12)).scaleb(-8), D(lot.randint(1, 10**12)).scaleb(-8)


def test_python_and_sql_round_alike(engine: Engine) -> None:
    drawn = list(pairs())
    query = text(
        "select round(q * p, 8) from unnest(cast(:quantities as numeric[]),"
        " cast(:prices as numeric[])) as drawn (q, p)"
    )
    quantities, prices = ([str(pair[i]) for pair in drawn] for i in (0, 1))
    with engine.connect() as connection:
        found = connection.scalars(query, {"quantities": quantities, "prices": prices}).all()
    assert found == [times(quantity, price) for quantity, price in drawn]
    assert sum((q * p * 10**8) % 1 == D("0.5") for q, p in drawn) >= 500
