"""People who were forgotten, as salted hashes, and those who are being forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.String().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    """Nobody was forgotten yet."""
    op.create_table(
        "forgotten",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("forgotten_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_forgotten"),
    )
    op.create_table(
        "forgetting",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_forgetting"),
    )
    op.create_table(
        "salt",
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("value", name="pk_salt"),
    )
