"""Model calls and what they cost, transcripts of failed days, budgets of jobs; the views."""

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
COUNTS = ("call_count", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")
DOLLARS = "dollars >= 0 and dollars < 'Infinity'"
BUDGET = "max_dollars > 0 and max_dollars < 'Infinity' and max_tokens > 0"
OUTCOMES = "outcome in ('replied', 'refused', 'deadline', 'cost_limit', 'failed')"

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _drop_guards_and_views()
    for column in _usage():
        op.add_column("model_days", column)
    op.create_check_constraint(op.f("ck_model_days_dollars"), "model_days", DOLLARS)
    comment = "that its models may spend; null is without limit"
    op.add_column("jobs", sa.Column("max_dollars", sa.Numeric(20, 10), comment=comment))
    op.add_column("jobs", sa.Column("max_tokens", sa.BigInteger()))
    op.create_check_constraint(op.f("ck_jobs_budget"), "jobs", BUDGET)
    _create_model_calls()
    _create_failed_days()
    # the guards and views as they are now are made by the newest migration


def downgrade() -> None:
    """Loses model calls, costs and the transcripts of failed days; the guards come with 0002."""
    _drop_guards_and_views()
    op.drop_table("failed_days")
    op.drop_table("model_calls")
    op.drop_constraint("ck_jobs_budget", "jobs")
    for column in ("max_dollars", "max_tokens"):
        op.drop_column("jobs", column)
    op.execute("update model_days set ending = 'done'")
    for column in _usage():
        op.drop_column("model_days", column.name)


def _create_model_calls() -> None:
    op.create_table(
        "model_calls",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="hash of all that was asked"),
        sa.Column(
            "after_key",
            sa.Text(),
            comment="the call whose conversation this one goes on with",
        ),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column(
            "number",
            sa.Integer(),
            nullable=False,
            comment="of the model-day's calls, 1 is the first",
        ),
        sa.Column(
            "request",
            sa.Text(),
            nullable=False,
            comment="the job, backfill or run that paid for it",
        ),
        sa.Column(
            "asked",
            sa.Text(),
            nullable=False,
            comment="JSON, without what after_key had already said",
        ),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False, comment="JSON, as it came"),
        sa.Column(
            "digest",
            sa.Text(),
            nullable=False,
            comment="of outcome and reply, as they were kept",
        ),
        *_usage(),
        _now("made_at"),
        sa.CheckConstraint(DOLLARS, name=op.f("ck_model_calls_dollars")),
        sa.CheckConstraint(OUTCOMES, name=op.f("ck_model_calls_outcome")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_calls")),
        comment="Questions to the outside and their answers, kept before they are acted on",
    )
    op.create_index("ix_model_calls_key", "model_calls", ["key"])
    op.create_index("ix_model_calls_day", "model_calls", ["market", "model", "session"])
    op.create_index("ix_model_calls_request", "model_calls", ["request"])


def _create_failed_days() -> None:
    op.create_table(
        "failed_days",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        _now("failed_at"),
        sa.Column(
            "entries",
            sa.dialects.postgresql.JSONB(),
            nullable=False,
            comment="what was said until it failed",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_days")),
        comment="Transcripts of model-days that failed and are not in the ledger",
    )
    op.create_index("ix_failed_days_model", "failed_days", ["market", "model", "session"])


def _usage() -> tuple[sa.Column[object], ...]:
    return (
        *(sa.Column(n, sa.BigInteger(), nullable=False, server_default="0") for n in COUNTS),
        sa.Column("dollars", sa.Numeric(20, 10), server_default="0"),
        sa.Column("waited", sa.Double(), nullable=False, server_default="0"),
    )


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())


def _drop_guards_and_views() -> None:
    for view in reversed(VIEWS):
        op.execute(f"drop view if exists {view}")
    for function in FUNCTIONS:
        op.execute(f"drop function if exists {function} cascade")
