"""Runs migrations on SQLite and PostgreSQL alike; migrations/support/ keeps every row meanwhile."""

from flask import current_app

from migrations.support import runner
from tables.connections import direct_engine

migrate = current_app.extensions["migrate"]

runner.run(direct_engine(migrate.db.engine), target_metadata=migrate.db.metadata, **migrate.configure_args)
