"""A published result tells how its orders were read: who is who, and at which rates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was published until now knew everybody by his id or address alone."""
    op.add_column("snapshots", sa.Column("reading", sa.JSON(), nullable=True))
