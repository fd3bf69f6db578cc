"""What each channel was told stays known, so that a restart repeats no alert."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.String().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    """Nobody was ever alerted."""
    op.create_table(
        "alerts",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("says", sa.String(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("channel", "condition", name="pk_alerts"),
    )
