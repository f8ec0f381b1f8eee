"""The declarative base, column types, the database handle and SQLite's transactions."""

import sqlite3
import uuid
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from flask import g
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, Enum, MetaData, String, TypeDecorator, Uuid, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry
from uuid_utils.compat import uuid7

from tables.connections import LenientSession, is_page

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def now() -> datetime:
    """Return the current time as an aware UTC datetime. The only clock; tests replace it."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A column of aware UTC datetimes on every database; SQLite's own would come back naive."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive datetimes, which would silently mean the server's local time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Restore the UTC offset."""
        if value is not None and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value


class Base(DeclarativeBase):
    """The base of every table. The registry form is needed: see docs/decisions/0002."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={datetime: UtcDateTime, uuid.UUID: Uuid()},
    )


db = SQLAlchemy(model_class=Base, session_options={"class_": LenientSession})

pk = Annotated[uuid.UUID, mapped_column(Uuid(), primary_key=True, default=uuid7)]


class Stamped:
    """Timestamps of a row, set by the application's clock."""

    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)


def enum_of(kind: type[StrEnum]) -> Enum:
    """Build a column type for `kind`: its values stored as text, held by a CHECK.

    The CHECK is named after the enumeration, so two columns of one table can't share one.
    """
    name = "".join(f"_{c.lower()}" if c.isupper() else c for c in kind.__name__).lstrip("_")
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


def bytewise(length: int) -> String:
    """Build a text type with bytewise collation on every database, so that its index finds prefixes."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


@event.listens_for(Engine, "connect")
def _settle_sqlite(connection: Any, _record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None  # otherwise the driver begins no transaction before a SELECT
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=10000",
            "cache_size=-65536",
            "mmap_size=268435456",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    """Begin with the write lock (BEGIN IMMEDIATE) wherever something may be written.

    A deferred transaction that reads first and writes later fails at once with SQLITE_BUSY. Only GET requests
    and the execution option `reads_only` begin without the lock. The option `may_be_lost` commits without
    fsync, for data that may be lost in a power failure.
    """
    if connection.dialect.name == "sqlite":
        options = connection.get_execution_options()
        relaxed = options.get("may_be_lost", False)
        reads = options.get("reads_only", False) or (not relaxed and is_page())
        driver: Any = connection.connection.driver_connection
        if relaxed != connection.info.get("relaxed", False):
            driver.execute(f"PRAGMA synchronous={'NORMAL' if relaxed else 'FULL'}")
            connection.info["relaxed"] = relaxed
        _begin(driver, "BEGIN" if reads else "BEGIN IMMEDIATE")


def _begin(driver: sqlite3.Connection, statement: str) -> None:
    """Begin on the driver itself: through SQLAlchemy it costs as much as a query, on every request."""
    try:
        driver.execute(statement)
    except sqlite3.OperationalError as error:
        raise OperationalError(statement, None, error) from error


def write_from_here() -> None:
    """Let the rest of this GET write: what follows is a transaction, with SQLite's write lock.

    Only for facts that were decided elsewhere and that the request merely reports, such as a payment on the
    way back from Stripe.
    """
    db.session.rollback()
    g.writes_from_here = True


def upsert(table: Any) -> Any:
    """Build an INSERT into `table` with ON CONFLICT support, in the dialect of the session's database."""
    if db.session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
