"""Totals of a model's sessions in each model-day; what retention needs."""

import sqlalchemy as sa
from alembic import op

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
COUNTS = ("sessions", "fills", "refusals", "corrections")
SUMS = {"traded": sa.Numeric(28, 8), "commission": sa.Numeric(28, 8), "tokens": sa.BigInteger()}
FINITE = (
    "total_traded < 'Infinity' and total_commission < 'Infinity' and total_dollars < 'Infinity'"
)

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Each day adds itself to the day that it follows, superseded ones too.
ADD_UP = """
with recursive chain as (
    select id, 1 as sessions, fill_count as fills, refusal_count as refusals,
           correction_count as corrections, (bought + sold)::numeric as traded,
           commission::numeric as commission, input_tokens + output_tokens as tokens,
           dollars::numeric as dollars
      from model_days where previous_id is null
    union all
    select d.id, c.sessions + 1, c.fills + d.fill_count, c.refusals + d.refusal_count,
           c.corrections + d.correction_count, c.traded + d.bought + d.sold,
           c.commission + d.commission, c.tokens + d.input_tokens + d.output_tokens,
           c.dollars + d.dollars
      from chain c join model_days d on d.previous_id = c.id)
update model_days d
   set total_sessions = c.sessions, total_fills = c.fills, total_refusals = c.refusals,
       total_corrections = c.corrections, total_traded = c.traded,
       total_commission = c.commission, total_tokens = c.tokens, total_dollars = c.dollars
  from chain c where c.id = d.id
"""


def upgrade() -> None:
    _drop_guards_and_views()
    for name in COUNTS:
        op.add_column("model_days", sa.Column(f"total_{name}", sa.Integer()))
    for name, kind in SUMS.items():
        comment = "the notional of all fills" if name == "traded" else None
        op.add_column("model_days", sa.Column(f"total_{name}", kind, comment=comment))
    comment = "null: the price of some is not known"
    op.add_column("model_days", sa.Column("total_dollars", sa.Numeric(20, 10), comment=comment))
    op.execute(ADD_UP)
    for name in (*COUNTS, *SUMS):
        op.alter_column("model_days", f"total_{name}", nullable=False)
    op.create_check_constraint(op.f("ck_model_days_totals"), "model_days", FINITE)
    judgement = sa.Column(
        "judgement",
        sa.dialects.postgresql.JSONB(),
        nullable=False,
        server_default="{}",
        comment="how sure its order is",
    )
    op.add_column("leaderboards", judgement)
    op.alter_column("leaderboards", "judgement", server_default=None)
    _make_purged_spending()
    # the guards and views as they are now are made by the newest migration


def downgrade() -> None:
    """The guards come with 0002."""
    _drop_guards_and_views()
    op.drop_table("purged_spending")
    op.drop_column("leaderboards", "judgement")
    for name in (*COUNTS, *SUMS, "dollars"):
        op.drop_column("model_days", f"total_{name}")


def _make_purged_spending() -> None:
    """What deleted calls took; columns as model_calls has them."""
    counts = ("call_count", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")
    now = sa.func.now()
    op.create_table(
        "purged_spending",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False, server_default="0") for name in counts),
        sa.Column("dollars", sa.Numeric(20, 10), server_default="0"),
        sa.Column("waited", sa.Double(), nullable=False, server_default="0"),
        sa.Column("purged_at", sa.DateTime(timezone=True), nullable=False, server_default=now),
        sa.CheckConstraint(
            "dollars >= 0 and dollars < 'Infinity'", name=op.f("ck_purged_spending_dollars")
        ),
        comment="What calls took that retention has deleted: it is spent all the same",
    )
    op.create_index("ix_purged_spending_model", "purged_spending", ["market", "model"])


def _drop_guards_and_views() -> None:
    for view in reversed(VIEWS):
        op.execute(f"drop view if exists {view}")
    for function in FUNCTIONS:
        op.execute(f"drop function if exists {function} cascade")
