"""The store of the sandbox: one SQLite database, in a file or in memory, behind one lock.

The lock rules out every race: a transaction has the whole state to itself.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

Body = dict[str, Any]
THIN = "v2.core.event"

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, seq);
CREATE INDEX IF NOT EXISTS balance_rows ON objects (
    json_extract(body, '$.currency'), json_extract(body, '$.available_on'), json_extract(body, '$.net'))
    WHERE kind = 'balance_transaction';
CREATE INDEX IF NOT EXISTS objects_by_charge ON objects (kind, json_extract(body, '$.charge'));
CREATE INDEX IF NOT EXISTS objects_by_destination ON objects (kind, json_extract(body, '$.destination'));
CREATE INDEX IF NOT EXISTS objects_by_payment ON objects (kind, json_extract(body, '$.payment_intent'));
CREATE INDEX IF NOT EXISTS objects_by_source ON objects (kind, json_extract(body, '$.source'));
CREATE INDEX IF NOT EXISTS objects_by_group ON objects (kind, json_extract(body, '$.transfer_group'));
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, method TEXT NOT NULL, path TEXT NOT NULL, parameters TEXT NOT NULL,
    status INTEGER NOT NULL, body TEXT NOT NULL, made INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS timers (
    id INTEGER PRIMARY KEY, due INTEGER NOT NULL, action TEXT NOT NULL, object_id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS timers_by_due ON timers (due);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY, event_id TEXT NOT NULL, attempt INTEGER NOT NULL, due REAL NOT NULL,
    state TEXT NOT NULL, status INTEGER, note TEXT NOT NULL DEFAULT '', fault TEXT NOT NULL DEFAULT '',
    slow REAL NOT NULL DEFAULT 0, sent_at REAL, took REAL);
CREATE INDEX IF NOT EXISTS deliveries_by_state ON deliveries (state, due);
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event_id);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
TABLES = ("objects", "replies", "timers", "deliveries", "meta")


class Store:
    """Objects by id, stored responses, timers and deliveries."""

    def __init__(self, path: str | None = None) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._after: list[Callable[[], None]] = []
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        if path:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Close the database. The store can't be used afterwards."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a transaction under the lock; other threads wait. Nested blocks join the outermost one."""
        with self._lock:
            if self._depth:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
                self._db.execute("COMMIT")
                hooks, self._after = self._after, []
            except BaseException:
                self._db.execute("ROLLBACK")
                self._after = []
                raise
            finally:
                self._depth = 0
        for hook in hooks:
            hook()

    def after_commit(self, hook: Callable[[], None]) -> None:
        """Run `hook` after the commit of the running transaction; never after a rollback."""
        self._after.append(hook)

    def run(self, sql: str, values: Mapping[str, Any] | tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        """Run one statement under the lock."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def next_number(self) -> int:
        """Return the next number of a counter that lives as long as the state."""
        self.run("INSERT INTO meta VALUES ('number', '0') ON CONFLICT DO NOTHING")
        rows = self.run("UPDATE meta SET value = value + 1 WHERE name = 'number' RETURNING value")
        return int(rows[0]["value"])

    def meta(self, name: str, default: str = "") -> str:
        """Return a stored value."""
        rows = self.run("SELECT value FROM meta WHERE name = ?", (name,))
        return str(rows[0]["value"]) if rows else default

    def remember(self, name: str, value: str) -> None:
        """Store a value across restarts."""
        self.run(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )

    def add(self, body: Body) -> Body:
        """Insert an object under `body["id"]`; its kind is `body["object"]`."""
        self.run(
            "INSERT INTO objects (kind, id, body) VALUES (?, ?, ?)",
            (body["object"], body["id"], json.dumps(body)),
        )
        return body

    def save(self, body: Body) -> Body:
        """Update an object."""
        self.run("UPDATE objects SET body = ? WHERE id = ?", (json.dumps(body), body["id"]))
        return body

    def event(self, id: str) -> Body | None:
        """Return the event of that id, snapshot or thin, or None."""
        return self.find("event", id) or self.find(THIN, id)

    def find(self, kind: str, id: str) -> Body | None:
        """Return the object of that kind and id, or None."""
        rows = self.run("SELECT body FROM objects WHERE kind = ? AND id = ?", (kind, id))
        return json.loads(rows[0]["body"]) if rows else None

    def all(self, kind: str) -> list[Body]:
        """List every object of a kind, oldest first."""
        rows = self.run("SELECT body FROM objects WHERE kind = ? ORDER BY seq", (kind,))
        return [json.loads(row["body"]) for row in rows]

    def having(self, kind: str, name: str, value: str) -> list[Body]:
        """List the objects of a kind whose field `name` is `value`, oldest first."""
        sql = f"SELECT body FROM objects WHERE kind = ? AND json_extract(body, '$.{name}') = ? ORDER BY seq"
        return [json.loads(row["body"]) for row in self.run(sql, (kind, value))]

    def position(self, kind: str, id: str) -> int | None:
        """Find the position of an object in its kind's order, for pagination cursors."""
        rows = self.run("SELECT seq FROM objects WHERE kind = ? AND id = ?", (kind, id))
        return int(rows[0]["seq"]) if rows else None

    def set_timer(self, due: int, action: str, object_id: str) -> None:
        """Schedule `action` on an object at `due` (sandbox time, Unix seconds)."""
        self.run("INSERT INTO timers (due, action, object_id) VALUES (?, ?, ?)", (due, action, object_id))

    def take_due_timers(self, now: int) -> list[sqlite3.Row]:
        """Return and delete the timers that are due, oldest first."""
        rows = self.run("SELECT * FROM timers WHERE due <= ? ORDER BY due, id", (now,))
        for row in rows:
            self.run("DELETE FROM timers WHERE id = ?", (row["id"],))
        return rows

    def clear(self) -> None:
        """Delete everything."""
        with self.transaction():
            for table in TABLES:
                self.run(f"DELETE FROM {table}")

    def dump(self) -> dict[str, list[Body]]:
        """Return every object by kind, oldest first, private fields included, for consistency checks."""
        kinds: dict[str, list[Body]] = {}
        for row in self.run("SELECT kind, body FROM objects ORDER BY seq"):
            kinds.setdefault(row["kind"], []).append(json.loads(row["body"]))
        return kinds
