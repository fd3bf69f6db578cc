"""Thresholds can be proposed, and be accepted later or never."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.String().with_variant(sa.DateTime(timezone=True), "postgresql")
KEPT = {"sqlite_autoincrement": True}


def upgrade() -> None:
    """What was accepted until now was proposed at that moment."""
    with op.batch_alter_table("thresholds", table_kwargs=KEPT) as table:
        table.add_column(sa.Column("proposed_at", MOMENT, nullable=True))
        table.add_column(sa.Column("proposed_by", sa.String(), nullable=True))
        table.alter_column("accepted_at", existing_type=MOMENT, nullable=True)
        table.alter_column("accepted_by", existing_type=sa.String(), nullable=True)
    op.execute("UPDATE thresholds SET proposed_at = accepted_at, proposed_by = accepted_by")
    with op.batch_alter_table("thresholds", table_kwargs=KEPT) as table:
        table.alter_column("proposed_at", existing_type=MOMENT, nullable=False)
        table.alter_column("proposed_by", existing_type=sa.String(), nullable=False)
