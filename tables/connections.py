"""Connections to the database: pool, transaction of a request, and lost connections.

No session state outlives a transaction on the server, because a pooler such as PgBouncer may run the next
transaction on another server connection. See docs/decisions/0019.
"""

from typing import Any

from flask import current_app, has_request_context
from flask_sqlalchemy.session import Session
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError
from sqlalchemy.pool import NullPool

READ_ONLY = "25006"  # the error of a standby on a write, for instance after a failover
# TCP keepalives that detect a vanished server; see tcp(7).
KEEPALIVE = {
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def engine_options(
    url: str, *, size: int, overflow: int, timeout: int, statement_timeout: int
) -> dict[str, Any]:
    """Build the options of an engine on `url`; the times are seconds.

    The pool is LIFO: the connection used last has warm caches and prepared plans. `timeout` bounds the wait
    for a connection of the pool and for a new one from the server. A lost PostgreSQL connection is detected
    before use (pre-ping). Parameters in the URL take precedence.
    """
    options = {
        "pool_size": size,
        "max_overflow": overflow,
        "pool_timeout": timeout,
        "pool_use_lifo": True,
        "execution_options": {"statement_timeout": statement_timeout},
    }
    if url.startswith("sqlite"):
        return options | {"connect_args": {"timeout": 10, "check_same_thread": False}}
    given = make_url(url).query
    network = {"connect_timeout": max(2, timeout), **KEEPALIVE}
    arguments = {name: value for name, value in network.items() if name not in given}
    return options | {"connect_args": arguments, "pool_pre_ping": True}


def direct_engine(engine: Engine) -> Engine:
    """Return an engine that bypasses a pooler, for migrations: to DATABASE_DIRECT_URL, without a pool.

    It is `engine`, the application's own, where no such URL is set.
    """
    settings = current_app.config["SETTINGS"]
    if settings.database_direct_url == settings.database_url:
        return engine
    return create_engine(settings.database_direct_url, poolclass=NullPool)


def is_unavailable(error: BaseException | None) -> bool:
    """Tell whether `error` means a database that is busy, down, full or too slow, not a bug: 503, try later.

    Locked, restarting, too many connections, an exhausted pool, a statement timeout, a lost connection, a
    read-only standby.
    """
    if not isinstance(error, DBAPIError):
        return isinstance(error, TimeoutError)
    lost = error.connection_invalidated or getattr(error.orig, "sqlstate", None) == READ_ONLY
    return lost or isinstance(error, OperationalError)


def from_driver(connection: Connection, statement: str, error: Exception) -> DBAPIError:
    """Convert the driver's `error` to SQLAlchemy's; a lost connection is removed from the pool."""
    dialect = connection.dialect
    lost = dialect.is_disconnect(error, connection.connection.driver_connection, None)  # type: ignore[arg-type]
    if lost:
        connection.invalidate(error)
    made = DBAPIError.instance(
        statement, None, error, dialect.loaded_dbapi.Error, connection_invalidated=lost, dialect=dialect
    )
    assert isinstance(made, DBAPIError)
    return made


class LenientSession(Session):
    """A session that ignores a lost connection once its transaction can only be rolled back.

    The server has rolled back by itself. Otherwise a finished page would become an error, because its session
    is closed after rendering.
    """

    def rollback(self) -> None:
        """Roll back, ignoring a lost connection."""
        try:
            super().rollback()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise

    def close(self) -> None:
        """Return the connection to the pool, ignoring a lost one."""
        try:
            super().close()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise


@event.listens_for(Engine, "connect")
def _notice_pooler(connection: Any, _record: object) -> None:
    """Disable prepared statements behind a pooler: the server connection that has them may change.

    PostgreSQL reports its process id to the client; a pooler invents one, which differs from the real one.
    """
    if not hasattr(connection, "prepare_threshold"):
        return
    connection.autocommit = True
    real = connection.execute("SELECT pg_backend_pid()").fetchone()[0]
    connection.autocommit = False
    if real != connection.info.backend_pid:
        connection.prepare_threshold = None


@event.listens_for(Engine, "begin")
def _limit_statements(connection: Connection) -> None:
    """Begin a request's transaction together with its statement timeout, in one round trip.

    Commands, jobs and background threads have no limit. psycopg sends no BEGIN when a transaction is open.
    """
    seconds = connection.get_execution_options().get("statement_timeout")
    if connection.dialect.name != "postgresql" or not seconds or not has_request_context():
        return
    begin = f"BEGIN; SET LOCAL statement_timeout = {seconds * 1000}"
    driver: Any = connection.connection.driver_connection
    dbapi: Any = connection.dialect.loaded_dbapi
    try:
        result = driver.pgconn.exec_(begin.encode())
        if result.status != dbapi.pq.ExecStatus.COMMAND_OK:
            raise dbapi.errors.error_from_result(result)
    except dbapi.Error as error:
        raise from_driver(connection, begin, error) from error
