"""The cheapest possible heartbeat: parse the form, commit one upsert through the plain driver.

It waits for the disk as the drivers do by default or, relaxed, no more than Lectern's heartbeats do; see
docs/decisions/0013.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, request
from sqlalchemy.engine import make_url

from bench.tour import Sender

COLUMNS = (
    "user_id", "lesson_id", "position_seconds", "watched_seconds", "watched", "started_at", "created_at",
    "updated_at",
)  # fmt: skip
CHANGED = ("position_seconds", "watched_seconds", "watched", "updated_at")
_SQL = (
    f"INSERT INTO lesson_progress ({', '.join(COLUMNS)}) VALUES ({{}}) ON CONFLICT (user_id, lesson_id)"
    f" DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in CHANGED)}"
)
Write = Callable[[Sequence[Any]], None]


def add_heartbeat(bare: Flask, database_url: str, senders: list[Sender], relaxed: bool) -> None:
    """Add a heartbeat route to `bare` that writes those of `senders` to the database at `database_url`."""
    learners = {sender.path: (sender.user, sender.lesson) for sender in senders}
    connections = threading.local()

    def heartbeat(course_slug: str, lesson_slug: str) -> Response:
        if not hasattr(connections, "write"):
            connections.write = connect(database_url, relaxed)
        position = float(request.form["position"])
        stretch = [[float(request.form["start"]), float(request.form["end"])]]
        now = datetime.now(UTC)
        values = (*learners[request.path], int(position), 10, json.dumps(stretch), now, now, now)
        connections.write(values)
        return Response(status=204)

    rule = "/learn/<course_slug>/<lesson_slug>/heartbeat"
    bare.add_url_rule(rule, "learn.heartbeat", heartbeat, methods=["POST"])


def connect(database_url: str, relaxed: bool) -> Write:
    """Return a function that writes one row and commits; `relaxed`: without waiting for the disk."""
    url = make_url(database_url)
    is_sqlite = url.get_backend_name() == "sqlite"
    return _sqlite(str(url.database), relaxed) if is_sqlite else _postgresql(url, relaxed)


def _sqlite(path: str, relaxed: bool) -> Write:
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    synchronous = f"synchronous={'NORMAL' if relaxed else 'FULL'}"
    for pragma in (synchronous, "foreign_keys=ON", "cache_size=-65536", "mmap_size=268435456"):
        connection.execute(f"PRAGMA {pragma}")
    statement = _SQL.format(", ".join("?" * len(COLUMNS)))

    def write(values: Sequence[Any]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        plain = [v.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(v, datetime) else v for v in values]
        connection.execute(statement, plain)
        connection.execute("COMMIT")

    return write


def _postgresql(url: Any, relaxed: bool) -> Write:
    import psycopg

    connection = psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
    connection.execute(f"SET synchronous_commit = {'off' if relaxed else 'on'}")
    connection.commit()
    statement = _SQL.format(", ".join(["%s"] * len(COLUMNS)))

    def write(values: Sequence[Any]) -> None:
        connection.execute(statement, values)
        connection.commit()

    return write
