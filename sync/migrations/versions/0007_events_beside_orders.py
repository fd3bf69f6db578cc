"""The lake keeps events beside orders, each stream of a source with a cursor of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was pulled until now were orders."""
    op.add_column("parts", _stream())
    with op.batch_alter_table("cursors") as table:
        table.add_column(_stream())
        table.drop_constraint("pk_cursors", type_="primary")
        table.create_primary_key("pk_cursors", ["source", "stream"])


def _stream() -> sa.Column[str]:
    return sa.Column("stream", sa.String(), nullable=False, server_default="orders")
