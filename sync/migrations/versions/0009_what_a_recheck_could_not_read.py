"""How many rows a full recheck that is under way could not read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of a recheck that is under way it is not known; it counts from here on."""
    op.add_column("pulls", sa.Column("began_unread", sa.BigInteger(), nullable=True))
