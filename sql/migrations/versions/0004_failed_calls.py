"""A question that got no answer is kept too, where that was told to whoever asked."""

from alembic import op

BEFORE = "outcome in ('replied', 'refused', 'deadline', 'cost_limit')"
NOW = "outcome in ('replied', 'refused', 'deadline', 'cost_limit', 'failed')"

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _allow(NOW)


def downgrade() -> None:
    """Loses the calls that 0003 has no word for."""
    op.execute("delete from model_calls where outcome = 'failed'")
    _allow(BEFORE)


def _allow(outcomes: str) -> None:
    name = op.f("ck_model_calls_outcome")
    op.drop_constraint(name, "model_calls")
    op.create_check_constraint(name, "model_calls", outcomes)
