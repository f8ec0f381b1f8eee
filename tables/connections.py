"""Connections to the database: their pool, the transaction of a page, and what it means to lose one.

Nothing here outlives a transaction on the server, because a pooler such as PgBouncer may give the next
transaction another server connection. See docs/decisions/0019.
"""

from typing import Any

from flask import current_app, has_request_context
from flask_sqlalchemy.session import Session
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError
from sqlalchemy.pool import NullPool

READ_ONLY = "25006"  # what a standby answers to a write, after a failover for instance
# A server that vanished without a word is given up after these; see tcp(7) for what each of them is.
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

    The connection used last is used next (LIFO): it has its pages and its plans at hand. `timeout` bounds the
    wait for a connection of the pool and for a new one from the server. A PostgreSQL connection that went
    away is noticed before it is used. What the URL itself says of a connection holds.
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
    """Answer an engine that goes past a pooler, for migrations: to DATABASE_DIRECT_URL, without a pool.

    It is `engine`, the application's own, where no such address is set.
    """
    settings = current_app.config["SETTINGS"]
    if settings.database_direct_url == settings.database_url:
        return engine
    return create_engine(settings.database_direct_url, poolclass=NullPool)


def is_unavailable(error: BaseException | None) -> bool:
    """Tell whether `error` means a database that is busy, away, full or too slow, and no fault of ours.

    Whoever asked may try again later: locked, restarting, too many connections, none left in the pool, a
    statement that took too long, a connection that was lost, a server that takes no writes.
    """
    if not isinstance(error, DBAPIError):
        return isinstance(error, TimeoutError)
    lost = error.connection_invalidated or getattr(error.orig, "sqlstate", None) == READ_ONLY
    return lost or isinstance(error, OperationalError)


def from_driver(connection: Connection, statement: str, error: Exception) -> DBAPIError:
    """Make of the driver's `error` what SQLAlchemy raises; a connection that was lost leaves the pool."""
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
    """A session that forgives a lost connection when there is nothing left to lose.

    The server has undone the transaction by itself. Without this, a page that was complete would become an
    error, because its session is closed after it.
    """

    def rollback(self) -> None:
        """Undo the transaction, which is undone already when its connection is lost."""
        try:
            super().rollback()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise

    def close(self) -> None:
        """Let go of the connection, which the pool has dropped already when it is lost."""
        try:
            super().close()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise


@event.listens_for(Engine, "connect")
def _notice_pooler(connection: Any, _record: object) -> None:
    """Prepare no statements through a pooler: the server connection that knows them may be another's next.

    PostgreSQL announces its process id to a client; a pooler makes one up, which differs from the real one.
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

    Commands, jobs and threads of their own are not cut. psycopg sends no BEGIN when a transaction is open.
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
