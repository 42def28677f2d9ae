"""Alembic's entry: it runs the migrations in the transaction that holds the lock."""

from alembic import context

from orcaops.recording.sql.columns import metadata

config = getattr(context, "config", None)  # there is one only while alembic is at work
if config is not None:
    context.configure(
        connection=config.attributes["connection"],
        target_metadata=metadata,
        transaction_per_migration=False,
    )
    context.run_migrations()
