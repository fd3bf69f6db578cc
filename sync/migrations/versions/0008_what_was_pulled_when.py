"""When each source was last pulled to its end, and when all of its orders were looked at anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.String().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    """Of earlier pulls it is not known, so every source is looked at anew with the next run."""
    op.create_table(
        "pulls",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("pulled_at", MOMENT, nullable=True),
        sa.Column("began_at", MOMENT, nullable=True),
        sa.Column("began_version", sa.BigInteger(), nullable=True),
        sa.Column("began_history", sa.Float(), nullable=True),
        sa.Column("rechecked_at", MOMENT, nullable=True),
        sa.Column("gone", sa.BigInteger(), nullable=True),
        sa.Column("changed", sa.BigInteger(), nullable=True),
        sa.Column("found", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("source", name="pk_pulls"),
    )
