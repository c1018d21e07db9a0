"""What networks say of daily sessions; the guards and views."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

SQL = Path(__file__).resolve().parents[2]
VIEWS = (
    "positions",
    "holdings_by_position",
    "reasoning_logs",
    "tool_usage",
    "equity_curve",
    "latest_days",
    "leaderboard",
    "prediction_scores",
)
FUNCTIONS = ("refuse_change", "only_supersede", "refuse_late_rows", "check_ledger")

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _drop_guards_and_views()
    _create_predictions()
    for script in ("ledger", *(f"views/{view}" for view in VIEWS)):
        op.execute(sa.text((SQL / f"{script}.sql").read_text().replace(":", "\\:")))


def downgrade() -> None:
    """The guards come with 0002."""
    _drop_guards_and_views()
    op.drop_table("predictions")


def _create_predictions() -> None:
    op.create_table(
        "predictions",
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column(
            "key", sa.Text(), nullable=False, comment="hash of who scored what of which prices"
        ),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, comment="sha256 of the network's file"),
        sa.Column("features", sa.Text(), nullable=False, comment="the version of what it was told"),
        sa.Column("backend", sa.Text(), nullable=False, comment="that ran it"),
        sa.Column("precision", sa.Text(), nullable=False),
        sa.Column(
            "prices",
            sa.Text(),
            nullable=False,
            comment="source and newest vintage that it could see",
        ),
        sa.Column("scores", JSONB(), nullable=False, comment="by symbol, as of the session's open"),
        sa.Column("made_of", JSONB(), nullable=False, comment="runtime, device, versions, engine"),
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.func.now(),
        ),
        sa.PrimaryKeyConstraint("market", "session", "key"),
        comment="What networks say of daily sessions;"
        " whoever needs one that is not here asks again",
    )


def _drop_guards_and_views() -> None:
    for view in reversed(VIEWS):
        op.execute(f"drop view if exists {view}")
    for function in FUNCTIONS:
        op.execute(f"drop function if exists {function} cascade")
