"""Connections to the database: pool, transaction of a request, and lost connections.

No session state outlives a transaction on the server, because a pooler such as PgBouncer may run the next
transaction on another server connection. See docs/decisions/0019.
"""

import contextlib
from collections.abc import Callable
from typing import Any

from flask import current_app, g, has_request_context, request
from flask_sqlalchemy.session import Session
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine, ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError
from sqlalchemy.pool import NullPool, Pool

READ_ONLY = "25006"  # the error of a standby on a write, for instance after a failover
UNSUPPORTED = "0A000"
PREPARED_MOST = 300  # statements of a connection: more than the pages of a shop have that are asked for often
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
    for a connection of the pool and for a new one from the server. Parameters in the URL take precedence.
    A lost connection is not looked for before use: BEGIN or the first statement of a page finds it.
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
    return options | {"connect_args": arguments}


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


def is_page() -> bool:
    """Tell whether a request is being answered that only reads (see `write_from_here`)."""
    safe = has_request_context() and request.method in ("GET", "HEAD", "OPTIONS")
    return safe and not g.get("writes_from_here")


def from_driver(connection: Connection, statement: str, error: Exception) -> DBAPIError:
    """Convert the driver's `error` to SQLAlchemy's.

    A lost connection is removed from the pool, together with those that were opened before it.
    """
    dialect, held = connection.dialect, connection.connection
    lost = _is_outdated(error) or dialect.is_disconnect(error, held.driver_connection, None)  # type: ignore[arg-type]
    if lost:
        connection.engine.pool._invalidate(held, error)
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
def _notice_pooler(connection: Any, record: Any) -> None:
    """Disable prepared statements behind a pooler: the server connection that has them may change.

    PostgreSQL reports its process id to the client; a pooler invents one, which differs from the real one.
    """
    if not hasattr(connection, "prepare_threshold"):
        return
    connection.autocommit = True
    real = connection.execute("SELECT pg_backend_pid()").fetchone()[0]
    connection.autocommit = False
    record.info["pooled"] = real != connection.info.backend_pid
    if record.info["pooled"]:
        connection.prepare_threshold = None
    connection.prepared_max = PREPARED_MOST


@event.listens_for(Engine, "begin")
def _begin_postgresql(connection: Connection) -> None:
    """Begin on PostgreSQL: a page reads in autocommit, all else gets a transaction.

    A page so saves the round trips of BEGIN and ROLLBACK. It loses nothing by that: at READ COMMITTED every
    statement has a snapshot of its own, in a transaction as well. Who needs a cursor or a temporary table
    sets the execution option `one_transaction`.
    """
    options = connection.get_execution_options()
    if connection.dialect.name != "postgresql" or "isolation_level" in options:
        return
    if options.get("one_transaction") or not (is_page() and use_autocommit(connection)):
        _send_first(connection, lambda: _begin(connection))


def use_autocommit(connection: Connection) -> bool:
    """Turn on autocommit until the connection returns to the pool; tells whether that is possible.

    Only on PostgreSQL, and not with a statement timeout behind a pooler: outside of a transaction it stays
    with the session, whose next client would get it. Elsewhere that saves sending it again.
    """
    limit = _limit(connection)
    if connection.dialect.name != "postgresql" or (limit and connection.info["pooled"]):
        return False
    if connection.info.get("limit", 0) != limit:
        _send_first(connection, lambda: f"SET statement_timeout = {limit or 'DEFAULT'}")
        connection.info["limit"] = limit
    driver: Any = connection.connection.driver_connection
    driver.autocommit = True
    return True


def _begin(connection: Connection) -> str:
    """Build a BEGIN with its statement timeout, for one round trip.

    psycopg sends no BEGIN of its own when a transaction is open.
    """
    limit = _limit(connection)
    differs = connection.info.get("limit", 0) != limit
    return f"BEGIN; SET LOCAL statement_timeout = {limit or 'DEFAULT'}" if differs else "BEGIN"


def _limit(connection: Connection) -> int:
    """Return the statement timeout in milliseconds; 0, none, for commands, jobs and background threads."""
    seconds: int = connection.get_execution_options().get("statement_timeout", 0)
    return 1000 * seconds if has_request_context() else 0


@event.listens_for(Engine, "rollback")
def _roll_back_postgresql(connection: Connection) -> None:
    """Roll back without psycopg, which would forget all prepared statements, and tell the server so."""
    if connection.dialect.name == "postgresql" and not connection.invalidated:
        driver: Any = connection.connection.driver_connection
        idle = connection.dialect.loaded_dbapi.pq.TransactionStatus.IDLE
        if driver.pgconn.transaction_status != idle:
            with contextlib.suppress(DBAPIError):  # psycopg's own attempt comes next, and raises
                _send(connection, "ROLLBACK")


@event.listens_for(Pool, "checkin")
def _end_autocommit(connection: Any, _record: object) -> None:
    if getattr(connection, "autocommit", False) is True:
        connection.autocommit = False


@event.listens_for(Engine, "handle_error")
def _drop_outdated(context: ExceptionContext) -> None:
    """Drop connections whose prepared statements are older than a migration."""
    if context.original_exception is not None and _is_outdated(context.original_exception):
        context.is_disconnect = True


def _is_outdated(error: BaseException) -> bool:
    """Tell whether a prepared statement was refused because a migration has changed its columns' types."""
    return getattr(error, "sqlstate", None) == UNSUPPORTED and "cached plan" in str(error)


def _send_first(connection: Connection, build: Callable[[], str]) -> None:
    """Send a first command; if the connection was lost, to a new one: nothing has been done on it so far."""
    try:
        _send(connection, build())
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        _send(connection, build())


def _send(connection: Connection, command: str) -> None:
    """Send `command` past SQLAlchemy and psycopg, in one round trip. Raises DBAPIError."""
    driver: Any = connection.connection.driver_connection
    dbapi: Any = connection.dialect.loaded_dbapi
    try:
        result = driver.pgconn.exec_(command.encode())
        if result.status != dbapi.pq.ExecStatus.COMMAND_OK:
            raise dbapi.errors.error_from_result(result)
    except dbapi.Error as error:
        raise from_driver(connection, command, error) from error
