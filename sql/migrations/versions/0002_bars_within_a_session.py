"""Bars within a session, corrections towards a recording; the ledger's guards and the views."""

import sqlalchemy as sa
from alembic import op

VIEWS = (
    "positions",
    "holdings_by_position",
    "reasoning_logs",
    "tool_usage",
    "equity_curve",
    "leaderboard",
)
FUNCTIONS = ("refuse_change", "only_supersede", "refuse_late_rows", "check_ledger")
MONEY = sa.Numeric(28, 8)
VALUES = (
    "value_open >= 0 and value_open < 'Infinity' and value_close >= 0 and value_close < 'Infinity'"
)

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _drop_guards_and_views()
    _widen_bars()
    _widen_model_days()
    op.add_column("orders", _bar_time())
    _number_adjustments()
    op.create_table(
        "marks",
        sa.Column("model_day_id", sa.BigInteger(), nullable=False),
        _bar_time(),
        sa.Column("value_open", MONEY, nullable=False),
        sa.Column("value_close", MONEY),
        sa.CheckConstraint(
            "value_open >= 0 and value_open < 'Infinity'", name=op.f("ck_marks_value_open")
        ),
        sa.CheckConstraint(
            "value_close >= 0 and value_close < 'Infinity'", name=op.f("ck_marks_value_close")
        ),
        sa.ForeignKeyConstraint(
            ["model_day_id"], ["model_days.id"], name=op.f("fk_marks_model_day_id")
        ),
        sa.PrimaryKeyConstraint("model_day_id", "bar_time", name=op.f("pk_marks")),
        comment="The value over each bar of an intraday session",
    )
    _comment("fills", "What was executed, at the bar's open")
    # the guards and views as they are now are made by the newest migration


def downgrade() -> None:
    """Loses what 0001 has no place for: bars, marks and corrections within a session."""
    _drop_guards_and_views()
    op.drop_table("marks")
    op.execute("delete from adjustments where kind = 'correction'")
    op.drop_constraint("pk_adjustments", "adjustments")
    for name in ("kind", "reason", "symbol"):
        op.drop_constraint(f"ck_adjustments_{name}", "adjustments")
    for column in ("number", "bar_time", "after_order", "reason"):
        op.drop_column("adjustments", column)
    op.create_primary_key("pk_adjustments", "adjustments", ["model_day_id", "symbol", "kind"])
    op.drop_column("orders", "bar_time")
    op.drop_constraint("ck_model_days_values", "model_days")
    op.create_check_constraint(op.f("ck_model_days_values"), "model_days", VALUES)
    op.drop_column("model_days", "value")
    op.drop_column("model_days", "correction_count")
    op.alter_column("model_days", "adjustment_cash", new_column_name="corporate_cash")
    op.execute("delete from bars where bar_time <> '00:00'")
    op.drop_constraint("pk_bars", "bars")
    op.drop_column("bars", "bar_time")
    op.alter_column("bars", "volume", type_=sa.BigInteger())
    op.create_primary_key("pk_bars", "bars", ["market", "session", "symbol", "vintage_id"])


def _drop_guards_and_views() -> None:
    for view in reversed(VIEWS):
        op.execute(f"drop view if exists {view}")
    for function in FUNCTIONS:
        op.execute(f"drop function if exists {function} cascade")


def _bar_time() -> sa.Column[object]:
    return sa.Column("bar_time", sa.Time(), nullable=False, server_default="00:00")


def _widen_bars() -> None:
    op.drop_constraint("pk_bars", "bars")
    op.add_column("bars", _bar_time())
    op.alter_column("bars", "volume", type_=MONEY)
    key = ["market", "session", "symbol", "bar_time", "vintage_id"]
    op.create_primary_key("pk_bars", "bars", key)


def _widen_model_days() -> None:
    op.alter_column("model_days", "corporate_cash", new_column_name="adjustment_cash")
    comment = "at the last mark that is known"
    op.add_column("model_days", sa.Column("value", MONEY, comment=comment))
    op.execute("update model_days set value = coalesce(value_close, value_open)")
    op.alter_column("model_days", "value", nullable=False)
    op.drop_constraint("ck_model_days_values", "model_days")
    bounds = f"{VALUES} and value >= 0 and value < 'Infinity'"
    op.create_check_constraint(op.f("ck_model_days_values"), "model_days", bounds)
    count = sa.Column("correction_count", sa.Integer(), nullable=False, server_default="0")
    op.add_column("model_days", count)


def _number_adjustments() -> None:
    op.drop_constraint("pk_adjustments", "adjustments")
    for name, comment in (
        ("number", "1 is the first of the session"),
        ("after_order", "how many orders came before it"),
    ):
        op.add_column("adjustments", sa.Column(name, sa.Integer(), comment=comment))
    op.execute("""
        update adjustments a set after_order = 0, number = numbered.number
          from (select model_day_id, symbol, kind,
                       row_number() over (partition by model_day_id order by symbol, kind) as number
                  from adjustments) numbered
         where (a.model_day_id, a.symbol, a.kind)
               = (numbered.model_day_id, numbered.symbol, numbered.kind)
    """)
    for name in ("number", "after_order"):
        op.alter_column("adjustments", name, nullable=False)
    op.add_column("adjustments", _bar_time())
    op.add_column("adjustments", sa.Column("reason", sa.Text(), comment="of a correction"))
    comment = "null when cash alone was corrected"
    op.alter_column("adjustments", "symbol", nullable=True, comment=comment)
    op.create_primary_key("pk_adjustments", "adjustments", ["model_day_id", "number"])
    for name, rule in (
        ("kind", "kind in ('split', 'cash_dividend', 'correction')"),
        ("reason", "(kind = 'correction') = (reason is not null)"),
        ("symbol", "symbol is not null or quantity_change = 0"),
    ):
        op.create_check_constraint(op.f(f"ck_adjustments_{name}"), "adjustments", rule)
    comment = "What corporate actions did at the open, and corrections towards a recording"
    _comment("adjustments", comment)


def _comment(table: str, comment: str) -> None:
    op.create_table_comment(table, comment)
