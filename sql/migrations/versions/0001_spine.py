"""The spine: prices, requests and the ledger."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("first_session", sa.Date(), nullable=False),
        sa.Column("last_session", sa.Date(), nullable=False),
        sa.Column("models", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("replace_existing", sa.Boolean(), nullable=False),
        sa.Column("fresh", sa.Boolean(), nullable=False),
        sa.Column(
            "source", sa.Text(), nullable=False, comment="who asked: cli, graphql, schedule, ..."
        ),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), server_default="false", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status in ('pending', 'running', 'completed', 'partial', 'failed', 'canceled')",
            name=op.f("ck_jobs_status"),
        ),
        sa.CheckConstraint("cardinality(models) > 0", name=op.f("ck_jobs_models")),
        sa.CheckConstraint("first_session <= last_session", name=op.f("ck_jobs_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        comment="Requests: a range of sessions x models",
    )
    op.create_index(
        "ix_jobs_one_running",
        "jobs",
        ["market"],
        unique=True,
        postgresql_where="status = 'running'",
    )
    op.create_table(
        "leaderboards",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column(
            "as_of", sa.Text(), nullable=False, comment="the state of the ledger it was made from"
        ),
        sa.Column(
            "published_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("rows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leaderboards")),
        comment="Leaderboards as they were published",
    )
    op.create_index("ix_leaderboards_market", "leaderboards", ["market", "id"], unique=False)
    op.create_table(
        "model_days",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("previous_id", sa.BigInteger(), nullable=True),
        sa.Column("opening_cash", sa.Numeric(precision=28, scale=8), nullable=False),
        sa.Column("bought", sa.Numeric(precision=28, scale=8), nullable=False),
        sa.Column("sold", sa.Numeric(precision=28, scale=8), nullable=False),
        sa.Column("commission", sa.Numeric(precision=28, scale=8), nullable=False),
        sa.Column("corporate_cash", sa.Numeric(precision=28, scale=8), nullable=False),
        sa.Column("closing_cash", sa.Numeric(precision=28, scale=8), nullable=False),
        sa.Column("value_open", sa.Numeric(precision=28, scale=8), nullable=False),
        sa.Column("value_close", sa.Numeric(precision=28, scale=8), nullable=True),
        sa.Column("profit", sa.Numeric(precision=28, scale=8), nullable=False),
        sa.Column("daily_return", sa.Double(), nullable=False),
        sa.Column("start_value", sa.Numeric(precision=28, scale=8), nullable=False),
        sa.Column("peak_value", sa.Numeric(precision=28, scale=8), nullable=False),
        sa.Column("cumulative_return", sa.Double(), nullable=False),
        sa.Column("max_drawdown", sa.Double(), nullable=False),
        sa.Column("ending", sa.Text(), nullable=False),
        sa.Column("fill_count", sa.Integer(), nullable=False),
        sa.Column("refusal_count", sa.Integer(), nullable=False),
        sa.Column("manifest", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "request", sa.Text(), nullable=False, comment="the job, backfill or run it was made for"
        ),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column(
            "stored_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column(
            "sealed_by", sa.BigInteger(), server_default=sa.text("txid_current()"), nullable=False
        ),
        sa.CheckConstraint(
            "closing_cash >= 0 and closing_cash < 'Infinity'",
            name=op.f("ck_model_days_closing_cash"),
        ),
        sa.CheckConstraint(
            "opening_cash >= 0 and opening_cash < 'Infinity'",
            name=op.f("ck_model_days_opening_cash"),
        ),
        sa.CheckConstraint(
            "bought >= 0 and sold >= 0 and commission >= 0", name=op.f("ck_model_days_flows")
        ),
        sa.CheckConstraint(
            "closing_cash = opening_cash - bought + sold - commission + corporate_cash",
            name=op.f("ck_model_days_cash_balances"),
        ),
        sa.CheckConstraint(
            "value_open >= 0 and value_open < 'Infinity'"
            " and value_close >= 0 and value_close < 'Infinity'",
            name=op.f("ck_model_days_values"),
        ),
        sa.CheckConstraint(
            "start_value > 0 and start_value < 'Infinity'"
            " and peak_value > 0 and peak_value < 'Infinity' and profit < 'Infinity'",
            name=op.f("ck_model_days_figures"),
        ),
        sa.ForeignKeyConstraint(
            ["previous_id"], ["model_days.id"], name=op.f("fk_model_days_previous_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_days")),
        comment="One model trading one session; what a re-run superseded is kept",
    )
    op.create_index(
        "ix_model_days_live",
        "model_days",
        ["market", "model", "session"],
        unique=True,
        postgresql_where="superseded_at is null",
    )
    op.create_index("ix_model_days_previous", "model_days", ["previous_id"], unique=False)
    op.create_index(
        "ix_model_days_follower",
        "model_days",
        ["previous_id"],
        unique=True,
        postgresql_where="superseded_at is null",
    )
    op.create_index(
        "ix_model_days_beginning",
        "model_days",
        ["market", "model"],
        unique=True,
        postgresql_where="superseded_at is null and previous_id is null",
    )
    op.create_index(
        "ix_model_days_revision",
        "model_days",
        ["market", "model", "session", "revision"],
        unique=True,
    )
    op.create_index(
        "ix_model_days_session",
        "model_days",
        ["market", "session"],
        unique=False,
        postgresql_where="superseded_at is null",
    )
    op.create_table(
        "models",
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("config_hash", sa.Text(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("name !~ '[,|]'", name=op.f("ck_models_name")),
        sa.PrimaryKeyConstraint("market", "name", name=op.f("pk_models")),
    )
    op.create_table(
        "vintages",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column(
            "imported_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vintages")),
        comment="Editions of a price history; vendors restate theirs",
    )
    op.create_index("ix_vintages_name", "vintages", ["market", "source", "label"], unique=True)
    op.create_table(
        "adjustments",
        sa.Column("model_day_id", sa.BigInteger(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("quantity_change", sa.Numeric(precision=28, scale=8), nullable=False),
        sa.Column("cash_change", sa.Numeric(precision=28, scale=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_day_id"], ["model_days.id"], name=op.f("fk_adjustments_model_day_id")
        ),
        sa.PrimaryKeyConstraint("model_day_id", "symbol", "kind", name=op.f("pk_adjustments")),
        comment="What corporate actions did at the open",
    )
    op.create_table(
        "bars",
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column("open", sa.Numeric(precision=28, scale=8), nullable=False),
        sa.Column("high", sa.Numeric(precision=28, scale=8), nullable=True),
        sa.Column("low", sa.Numeric(precision=28, scale=8), nullable=True),
        sa.Column("close", sa.Numeric(precision=28, scale=8), nullable=True),
        sa.Column("volume", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("close > 0 and close < 'Infinity'", name=op.f("ck_bars_close")),
        sa.CheckConstraint("open > 0 and open < 'Infinity'", name=op.f("ck_bars_open")),
        sa.CheckConstraint("high >= low", name=op.f("ck_bars_range")),
        sa.CheckConstraint("volume >= 0", name=op.f("ck_bars_volume")),
        sa.ForeignKeyConstraint(["vintage_id"], ["vintages.id"], name=op.f("fk_bars_vintage_id")),
        sa.PrimaryKeyConstraint("market", "session", "symbol", "vintage_id", name=op.f("pk_bars")),
        comment="Unadjusted prices; a bar is stored again only when a later vintage restates it",
    )
    op.create_table(
        "corporate_actions",
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("ex_date", sa.Date(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("vintage_id", sa.Integer(), nullable=False),
        sa.Column(
            "value",
            sa.Numeric(precision=28, scale=8),
            nullable=False,
            comment="new shares per old one, or cash per share",
        ),
        sa.CheckConstraint(
            "kind in ('split', 'cash_dividend')", name=op.f("ck_corporate_actions_kind")
        ),
        sa.CheckConstraint(
            "value > 0 and value < 'Infinity'", name=op.f("ck_corporate_actions_value")
        ),
        sa.ForeignKeyConstraint(
            ["vintage_id"], ["vintages.id"], name=op.f("fk_corporate_actions_vintage_id")
        ),
        sa.PrimaryKeyConstraint(
            "market", "ex_date", "symbol", "kind", "vintage_id", name=op.f("pk_corporate_actions")
        ),
    )
    op.create_table(
        "fills",
        sa.Column("model_day_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="of the order"),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=28, scale=8), nullable=False),
        sa.Column("price", sa.Numeric(precision=28, scale=8), nullable=False),
        sa.Column("notional", sa.Numeric(precision=28, scale=8), nullable=False),
        sa.Column("commission", sa.Numeric(precision=28, scale=8), nullable=False),
        sa.CheckConstraint("price > 0 and price < 'Infinity'", name=op.f("ck_fills_price")),
        sa.CheckConstraint(
            "quantity > 0 and quantity < 'Infinity'", name=op.f("ck_fills_quantity")
        ),
        sa.CheckConstraint("side in ('buy', 'sell')", name=op.f("ck_fills_side")),
        sa.CheckConstraint("commission >= 0", name=op.f("ck_fills_commission")),
        sa.CheckConstraint("notional = round(quantity * price, 8)", name=op.f("ck_fills_notional")),
        sa.ForeignKeyConstraint(
            ["model_day_id"], ["model_days.id"], name=op.f("fk_fills_model_day_id")
        ),
        sa.PrimaryKeyConstraint("model_day_id", "number", name=op.f("pk_fills")),
        comment="What was executed, at the session's open",
    )
    op.create_table(
        "holdings",
        sa.Column("model_day_id", sa.BigInteger(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=28, scale=8), nullable=False),
        sa.CheckConstraint(
            "quantity > 0 and quantity < 'Infinity'", name=op.f("ck_holdings_quantity")
        ),
        sa.ForeignKeyConstraint(
            ["model_day_id"], ["model_days.id"], name=op.f("fk_holdings_model_day_id")
        ),
        sa.PrimaryKeyConstraint("model_day_id", "symbol", name=op.f("pk_holdings")),
        comment="Quantities held at the close",
    )
    op.create_table(
        "job_details",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it was skipped or failed"),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "status in ('pending', 'running', 'completed', 'failed', 'skipped', 'canceled')",
            name=op.f("ck_job_details_status"),
        ),
        sa.CheckConstraint(
            "status not in ('failed', 'skipped') or reason is not null",
            name=op.f("ck_job_details_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_job_details_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "model", "session", name=op.f("pk_job_details")),
        comment="One row per model-day of a job",
    )
    op.create_table(
        "orders",
        sa.Column("model_day_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="1 is the first of the session"),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column(
            "quantity",
            sa.Numeric(),
            nullable=True,
            comment="null when what was asked for is no quantity",
        ),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it was refused"),
        sa.CheckConstraint(
            "(outcome = 'refused') = (reason is not null)", name=op.f("ck_orders_reason")
        ),
        sa.CheckConstraint("outcome in ('filled', 'refused')", name=op.f("ck_orders_outcome")),
        sa.CheckConstraint("side in ('buy', 'sell')", name=op.f("ck_orders_side")),
        sa.ForeignKeyConstraint(
            ["model_day_id"], ["model_days.id"], name=op.f("fk_orders_model_day_id")
        ),
        sa.PrimaryKeyConstraint("model_day_id", "number", name=op.f("pk_orders")),
        comment="Every order of a model-day, in order, refused ones included",
    )
    op.create_table(
        "transcripts",
        sa.Column("model_day_id", sa.BigInteger(), nullable=False),
        sa.Column("entries", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_day_id"], ["model_days.id"], name=op.f("fk_transcripts_model_day_id")
        ),
        sa.PrimaryKeyConstraint("model_day_id", name=op.f("pk_transcripts")),
        comment="What was said and done, in order",
    )


def downgrade() -> None:
    op.drop_table("transcripts")
    op.drop_table("orders")
    op.drop_table("job_details")
    op.drop_table("holdings")
    op.drop_table("fills")
    op.drop_table("corporate_actions")
    op.drop_table("bars")
    op.drop_table("adjustments")
    op.drop_index("ix_vintages_name", table_name="vintages")
    op.drop_table("vintages")
    op.drop_table("models")
    op.drop_index(
        "ix_model_days_session", table_name="model_days", postgresql_where="superseded_at is null"
    )
    op.drop_index("ix_model_days_revision", table_name="model_days")
    op.drop_index("ix_model_days_previous", table_name="model_days")
    op.drop_index(
        "ix_model_days_follower",
        table_name="model_days",
        postgresql_where="superseded_at is null",
    )
    op.drop_index(
        "ix_model_days_beginning",
        table_name="model_days",
        postgresql_where="superseded_at is null and previous_id is null",
    )
    op.drop_index(
        "ix_model_days_live", table_name="model_days", postgresql_where="superseded_at is null"
    )
    op.drop_table("model_days")
    op.drop_index("ix_leaderboards_market", table_name="leaderboards")
    op.drop_table("leaderboards")
    op.drop_index("ix_jobs_one_running", table_name="jobs", postgresql_where="status = 'running'")
    op.drop_table("jobs")
