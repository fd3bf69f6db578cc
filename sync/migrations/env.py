"""Alembic's entry: migrate on the connection, and in the transaction, that the store hands in."""

from alembic import context

from sync.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
