"""Runs migrations past a pooler, on SQLite and PostgreSQL alike."""

from alembic import context
from flask import current_app

from tables.connections import direct_engine

migrate = current_app.extensions["migrate"]


def run() -> None:
    """Apply the migrations in one transaction each."""
    with direct_engine(migrate.db.engine).connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=migrate.db.metadata,
            **migrate.configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
