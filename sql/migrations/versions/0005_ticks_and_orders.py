"""Audit trails of orders, the kill switch, backtests and suggestions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

VIEWS = (
    "positions",
    "holdings_by_position",
    "reasoning_logs",
    "tool_usage",
    "equity_curve",
    "latest_days",
    "leaderboard",
)
FUNCTIONS = ("refuse_change", "only_supersede", "refuse_late_rows", "check_ledger")
STATES = "status in ('pending', 'running', 'completed', 'partial', 'failed', 'canceled')"
MONEY = sa.Numeric(28, 8)
NOW = sa.DateTime(timezone=True)

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _drop_guards_and_views()
    op.add_column("orders", sa.Column("code", sa.Text(), comment="the same for programs"))
    op.add_column(
        "orders", sa.Column("limit_price", sa.Numeric(), comment="null is a market order")
    )
    op.add_column("orders", sa.Column("client_id", sa.Text(), nullable=False, server_default=""))
    op.create_check_constraint(
        op.f("ck_orders_code"), "orders", "code is null or outcome = 'refused'"
    )
    _create_order_events()
    _create_trading_states()
    _create_backtests()
    _create_suggestions()
    # the guards and views as they are now are made by the newest migration


def downgrade() -> None:
    """Loses trails, throws of the kill switch and proposals; the guards come with 0002."""
    _drop_guards_and_views()
    for table in (
        "suggestions",
        "suggestion_scans",
        "backtest_runs",
        "backtests",
        "trading_states",
        "order_events",
    ):
        op.drop_table(table)
    op.drop_constraint("ck_orders_code", "orders")
    for column in ("code", "limit_price", "client_id"):
        op.drop_column("orders", column)


def _create_order_events() -> None:
    op.create_table(
        "order_events",
        sa.Column("model_day_id", sa.BigInteger(), sa.ForeignKey("model_days.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="1 is the first of the session"),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="ns since 1970 UTC"),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False, comment="of the order; empty: of all"),
        sa.Column("facts", sa.Text(), nullable=False, comment="canonical JSON"),
        sa.Column("hash", sa.Text(), nullable=False, comment="over the hash before and this row"),
        sa.PrimaryKeyConstraint("model_day_id", "number"),
        comment="The audit trail of orders that a venue works over time,"
        " each row chained to the last",
    )


def _create_trading_states() -> None:
    op.create_table(
        "trading_states",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column(
            "model",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="empty: all of the arena",
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "source", sa.Text(), nullable=False, comment="who asked: cli, rest, graphql, live, ..."
        ),
        sa.Column("set_at", NOW, nullable=False, server_default=sa.func.now()),
        sa.Column("hash", sa.Text(), nullable=False, comment="over the hash before and this row"),
        sa.CheckConstraint(
            "state in ('active', 'reducing', 'halted')", name=op.f("ck_trading_states_state")
        ),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_trading_states_reason")),
        comment="The kill switch: every throw of it, the newest counts",
    )
    op.create_index("ix_trading_states_market", "trading_states", ["market", "model", "id"])


def _create_backtests() -> None:
    op.create_table(
        "backtests",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False, comment="whose configuration is varied"),
        sa.Column("first_session", sa.Date(), nullable=False),
        sa.Column("last_session", sa.Date(), nullable=False),
        sa.Column(
            "train_until",
            sa.Date(),
            comment="what is later ranks no combination; null: all rank it",
        ),
        sa.Column(
            "grid",
            JSONB(),
            nullable=False,
            comment="[parameter, values] pairs; all combinations run",
        ),
        sa.Column(
            "source", sa.Text(), nullable=False, comment="who asked: cli, graphql, rest, ..."
        ),
        sa.Column("status", sa.Text(), nullable=False, server_default="pending"),
        sa.Column("reason", sa.Text()),
        sa.Column("run_id", sa.Text(), nullable=False, server_default=""),
        sa.Column("manifest", JSONB(), nullable=False, server_default="{}"),
        sa.Column(
            "summary",
            JSONB(),
            nullable=False,
            server_default="{}",
            comment="tries, and the best",
        ),
        sa.Column("created_at", NOW, nullable=False, server_default=sa.func.now()),
        sa.Column("started_at", NOW),
        sa.Column("finished_at", NOW),
        sa.CheckConstraint(STATES, name=op.f("ck_backtests_status")),
        sa.CheckConstraint("first_session <= last_session", name=op.f("ck_backtests_range")),
        sa.CheckConstraint(
            "train_until >= first_session and train_until < last_session",
            name=op.f("ck_backtests_train_until"),
        ),
        comment="Parameter sweeps of a model: no part of the ledger",
    )
    op.create_index("ix_backtests_market", "backtests", ["market", "id"])
    op.create_table(
        "backtest_runs",
        sa.Column(
            "backtest_id", sa.BigInteger(), sa.ForeignKey("backtests.id", ondelete="CASCADE")
        ),
        sa.Column("number", sa.Integer(), comment="1 is the first combination"),
        sa.Column("parameters", JSONB(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), comment="why it failed"),
        sa.Column("metrics", JSONB(), nullable=False, server_default="{}", comment="that rank it"),
        sa.Column(
            "later", JSONB(), nullable=False, server_default="{}", comment="after train_until"
        ),
        sa.Column(
            "equity",
            JSONB(),
            nullable=False,
            server_default="[]",
            comment="[session, value] pairs",
        ),
        sa.Column("fill_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("refusal_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("seconds", sa.Double(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("backtest_id", "number"),
        sa.CheckConstraint(
            "status in ('completed', 'failed')", name=op.f("ck_backtest_runs_status")
        ),
        sa.CheckConstraint(
            "(status = 'failed') = (reason is not null)", name=op.f("ck_backtest_runs_reason")
        ),
        comment="One combination of parameters, over all sessions of its backtest",
    )


def _create_suggestions() -> None:
    op.create_table(
        "suggestion_scans",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("session", sa.Date(), nullable=False, comment="at whose open it looked"),
        sa.Column(
            "portfolio",
            JSONB(),
            nullable=False,
            comment="cash and positions that it looked at",
        ),
        sa.Column(
            "priced_on",
            sa.Date(),
            nullable=False,
            comment="before the session: at the closes of then",
        ),
        sa.Column(
            "account",
            sa.Text(),
            nullable=False,
            comment="whose: the model's own, or a broker's",
        ),
        sa.Column(
            "source",
            sa.Text(),
            nullable=False,
            comment="who asked: cli, graphql, schedule, ...",
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column(
            "remark",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="what the model said last",
        ),
        sa.Column("run_id", sa.Text(), nullable=False, server_default=""),
        sa.Column("manifest", JSONB(), nullable=False, server_default="{}"),
        sa.Column("made_at", NOW, nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint(
            "status in ('completed', 'failed')", name=op.f("ck_suggestion_scans_status")
        ),
        sa.CheckConstraint(
            "(status = 'failed') = (reason is not null)",
            name=op.f("ck_suggestion_scans_reason"),
        ),
        comment="What a model would do now with a portfolio; nothing of it is traded",
    )
    op.create_index("ix_suggestion_scans_market", "suggestion_scans", ["market", "model", "id"])
    op.create_table(
        "suggestions",
        sa.Column(
            "scan_id", sa.BigInteger(), sa.ForeignKey("suggestion_scans.id", ondelete="CASCADE")
        ),
        sa.Column("number", sa.Integer()),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(), comment="null when what was asked for is no quantity"),
        sa.Column("price", MONEY, comment="that it was reckoned at; null: it is not on offer"),
        sa.Column("score", sa.Double()),
        sa.Column("reason", sa.Text(), nullable=False, comment="why the model would"),
        sa.Column("denial", sa.Text(), comment="why risk would deny it, if it would"),
        sa.Column("code", sa.Text(), comment="the same for programs"),
        sa.PrimaryKeyConstraint("scan_id", "number"),
        sa.CheckConstraint("side in ('buy', 'sell')", name=op.f("ck_suggestions_side")),
        sa.CheckConstraint(
            "code is null or denial is not null", name=op.f("ck_suggestions_denial")
        ),
        comment="Orders that a scan proposes",
    )


def _drop_guards_and_views() -> None:
    for view in reversed(VIEWS):
        op.execute(f"drop view if exists {view}")
    for function in FUNCTIONS:
        op.execute(f"drop function if exists {function} cascade")
