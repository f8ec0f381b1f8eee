"""Runs migrations on SQLite and PostgreSQL alike; migrations/support/ keeps every row meanwhile."""

from flask import current_app
from sqlalchemy import Engine

from migrations.support import runner

migrate = current_app.extensions["migrate"]


def engine() -> Engine:
    """Give the way to the database that is migrated."""
    found: Engine = migrate.db.engine
    return found


runner.run(engine(), target_metadata=migrate.db.metadata, **migrate.configure_args)
