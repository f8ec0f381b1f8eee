"""Health checks of database, migrations, worker and backups, for /readyz."""

from datetime import timedelta
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from domain.backup import records
from domain.base import clock
from models import WorkerBeat, db, upsert

SILENCE = timedelta(seconds=60)
WARNING = "warning: "


def checks() -> dict[str, str]:
    """Check every part: "ok", or a description of the fault for the operator.

    One that begins with WARNING needs attention, but doesn't make the process unready.
    """
    for is_last in (False, True):
        try:
            return _checks()
        except SQLAlchemyError as error:
            db.session.rollback()
            # A connection that was lost while it waited in the pool says nothing about the database now.
            if is_last or not (isinstance(error, DBAPIError) and error.connection_invalidated):
                return {"database": f"not answering ({type(error).__name__})", "migrations": "unknown"}
    raise AssertionError


def _checks() -> dict[str, str]:
    found = {"database": "ok", "migrations": _migrations(), "worker": _worker()}
    # A database before its migrations may have no table of backups.
    return found | {"backup": _backup()} if found["migrations"] == "ok" else found


def heartbeat(name: str) -> None:
    """Record a heartbeat of the worker `name`."""
    moment = clock.now()
    insert = upsert(WorkerBeat).values(name=name, at=moment)
    db.session.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"at": moment}))


def _migrations() -> str:
    directory = Path(current_app.root_path) / "migrations"
    wanted = ScriptDirectory(str(directory)).get_current_head()
    present = MigrationContext.configure(db.session.connection()).get_current_revision()
    return "ok" if present == wanted else f"at {present}, the code needs {wanted}: run flask db upgrade"


def _worker() -> str:
    last = db.session.scalar(select(func.max(WorkerBeat.at)))
    if last is None:
        return "never seen: start it with flask worker"
    return "ok" if clock.now() - last < SILENCE else f"silent since {last:%Y-%m-%d %H:%M:%S} UTC"


def summary(checks: dict[str, str]) -> str:
    """Sum up the states of all parts: "ok", "warning" where all serve, "unready" where one doesn't."""
    wrong = [state for state in checks.values() if state != "ok"]
    if not wrong:
        return "ok"
    return "warning" if all(state.startswith(WARNING) for state in wrong) else "unready"


def _backup() -> str:
    warnings = records.warnings()
    return WARNING + " ".join(warnings) if warnings else "ok"
