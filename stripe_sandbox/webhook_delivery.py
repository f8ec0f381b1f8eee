"""Delivery of webhooks: concurrent, signed per attempt, retried until a 2xx or the last attempt."""

from __future__ import annotations

import http.client
import sqlite3
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from .faults import Fault, Faults
from .settings import DAY, Settings
from .signing import TAMPERS, bytes_of, sign
from .store import Body, Store

Sender = Callable[[str, bytes, dict[str, str], float], int]


def post(url: str, body: bytes, headers: dict[str, str], timeout: float) -> int:
    """POST and return the status. Follows no redirect, asks no proxy. Raises OSError or HTTPException."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=timeout)
    try:
        connection.request("POST", parts.path + (f"?{parts.query}" if parts.query else ""), body, headers)
        answer = connection.getresponse()
        answer.read(10_000)
        return answer.status
    finally:
        connection.close()


def wait_until(true: Callable[[], bool], timeout: float) -> bool:
    """Wait until `true()`, at most `timeout` seconds; tells if it came true.

    Counts steps of 10 ms instead of reading the clock, which a test may have stopped.
    """
    for _ in range(int(timeout / 0.01) + 1):
        if true():
            return True
        time.sleep(0.01)
    return False


class WebhookDelivery:
    """A queue of deliveries in the store, and threads that work on it.

    `now` tells the sandbox's time in Unix seconds; `sweep` runs the timers that are due.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        faults: Faults,
        sender: Sender,
        now: Callable[[], int],
        sweep: Callable[[], None],
    ) -> None:
        self._store = store
        self._settings = settings
        self._faults = faults
        self._send = sender
        self._now = now
        self._sweep = sweep
        self._bell = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._running = False

    def start(self) -> None:
        """Start the threads, resuming what an earlier process left unfinished."""
        self._running = True
        self._store.run("UPDATE deliveries SET state = 'waiting' WHERE state = 'sending'")
        for number in range(self._settings.workers):
            thread = threading.Thread(target=self._work, name=f"stripe-sandbox-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Finish the deliveries in progress and end the threads."""
        self._running = False
        self._ring()
        for thread in self._threads:
            thread.join(timeout=self._settings.delivery_timeout)
        self._threads.clear()

    def _ring(self) -> None:
        with self._bell:
            self._bell.notify_all()

    def enqueue(
        self, event_id: str, attempt: int = 1, wait: float = 0.0, fault: str = "", slow: float = 0.0
    ) -> int:
        """Enqueue a delivery in `wait` seconds; returns its number. A given `fault` excludes others."""
        rows = self._store.run(
            "INSERT INTO deliveries (event_id, attempt, due, state, fault, slow) "
            "VALUES (?, ?, ?, 'waiting', ?, ?) RETURNING id",
            (event_id, attempt, time.time() + wait, fault, slow),
        )
        self._store.after_commit(self._ring)
        return int(rows[0]["id"])

    def resend(self, event_id: str) -> None:
        """Deliver an event once more, now."""
        with self._store.transaction():
            self.enqueue(event_id, fault="resend")

    @property
    def disabled(self) -> bool:
        """Tell if the endpoint was disabled: some event ran out of attempts."""
        return self._store.meta("endpoint") == "disabled"

    def enable(self) -> None:
        """Enable the endpoint again. Missed events can be listed or resent."""
        self._store.remember("endpoint", "enabled")

    def forget(self) -> None:
        """Delete all pending deliveries."""
        self._store.run("DELETE FROM deliveries WHERE state IN ('waiting', 'held')")

    def outstanding(self, event_id: str) -> int:
        """Return 1 while an event's delivery is pending, else 0."""
        rows = self._store.run(
            "SELECT state FROM deliveries WHERE event_id = ? AND state IN ('waiting', 'held', 'sending')",
            (event_id,),
        )
        return 1 if rows else 0

    def answered(self, event_id: str, timeout: float) -> bool:
        """Wait until an event's first attempt has ended; False on a timeout."""
        sql = "SELECT 1 FROM deliveries WHERE event_id = ? AND state IN ('delivered', 'failed', 'dropped')"
        return wait_until(lambda: bool(self._store.run(sql, (event_id,))), timeout)

    def quiet(self, timeout: float) -> bool:
        """Wait until nothing is being sent or due within a tenth of a second; False on a timeout."""
        sql = "SELECT 1 FROM deliveries WHERE state = 'sending' OR (state = 'waiting' AND due <= ?)"
        return wait_until(lambda: not self._store.run(sql, (time.time() + 0.1,)), timeout)

    def _work(self) -> None:
        while self._running:
            self._sweep()
            row = self._claim()
            if row is not None:
                self._attempt(row)
                continue
            with self._bell:
                if self._running:
                    self._bell.wait(self._pause())

    def _pause(self) -> float:
        rows = self._store.run("SELECT min(due) AS due FROM deliveries WHERE state = 'waiting'")
        return min(1.0, max(0.01, rows[0]["due"] - time.time())) if rows[0]["due"] else 1.0

    def _claim(self) -> sqlite3.Row | None:
        """Claim the next due delivery and draw its faults."""
        store = self._store
        with store.transaction():
            rows = store.run(
                "SELECT * FROM deliveries WHERE state = 'waiting' AND due <= ? ORDER BY due, id LIMIT 1",
                (time.time(),),
            )
            if not rows:
                return None
            if not rows[0]["fault"]:
                self._draw_faults(rows[0])
            store.run(
                "UPDATE deliveries SET state = 'sending', sent_at = :now "
                "WHERE id = :id AND state = 'waiting' AND due <= :now",
                {"id": rows[0]["id"], "now": time.time()},
            )
            rows = store.run("SELECT * FROM deliveries WHERE id = ? AND state = 'sending'", (rows[0]["id"],))
            return rows[0] if rows else None

    def _draw_faults(self, row: sqlite3.Row) -> None:
        event = self._store.event(row["event_id"])
        names = (event["type"], event["id"]) if event else ()
        for fault in self._faults.take("event", *names):
            self._apply(fault, row)

    def _apply(self, fault: Fault, row: sqlite3.Row) -> None:
        """Apply a fault to a claimed delivery."""
        store, id = self._store, row["id"]
        store.run("UPDATE deliveries SET fault = ? WHERE id = ?", (fault.kind, id))
        if fault.kind == "duplicate":
            for _ in range(fault.copies):
                self.enqueue(row["event_id"], fault="duplicate")
        elif fault.kind == "resend":
            due = self._now() + int(fault.seconds or DAY)
            store.set_timer(due, "resend", row["event_id"])
        elif fault.kind == "delay":
            store.run("UPDATE deliveries SET due = ? WHERE id = ?", (time.time() + fault.seconds, id))
        elif fault.kind == "slow":
            store.run("UPDATE deliveries SET slow = ? WHERE id = ?", (fault.seconds, id))
        elif fault.kind in ("drop", "swap"):
            state = "dropped" if fault.kind == "drop" else "held"
            store.run("UPDATE deliveries SET state = ? WHERE id = ?", (state, id))

    def _attempt(self, row: sqlite3.Row) -> None:
        if row["slow"]:
            time.sleep(row["slow"])
        started = time.monotonic()
        event = self._store.event(row["event_id"])
        if event is None:
            return
        tamper = row["fault"] if row["fault"] in TAMPERS else None
        status, note = self.send(event, tamper)
        self._book(row, status, note, time.monotonic() - started)
        self._ring()

    def send(self, event: Body, tamper: str | None = None) -> tuple[int | None, str]:
        """Send an event once; returns the status, or None and the error."""
        settings = self._settings
        body, header = sign(bytes_of(event), settings.webhook_secrets, tamper)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": header,
            "User-Agent": "Stripe/1.0 (sandbox)",
        }
        try:
            return self._send(settings.webhook_url or "", body, headers, settings.delivery_timeout), ""
        except (OSError, http.client.HTTPException) as error:
            return None, f"{type(error).__name__}: {error}"

    def _book(self, row: sqlite3.Row, status: int | None, note: str, took: float) -> None:
        """Store the outcome, and enqueue the next attempt unless it was accepted."""
        store = self._store
        accepted = status is not None and 200 <= status < 300
        with store.transaction():
            store.run(
                "UPDATE deliveries SET state = ?, status = ?, note = ?, took = ? WHERE id = ?",
                ("delivered" if accepted else "failed", status, note, took, row["id"]),
            )
            sql = "UPDATE deliveries SET state = 'waiting', due = ? WHERE state = 'held' AND event_id <> ?"
            store.run(sql, (time.time(), row["event_id"]))
            if not accepted:
                self._plan_next(row)

    def _plan_next(self, row: sqlite3.Row) -> None:
        backoff = self._settings.backoff
        if row["fault"] in ("duplicate", "resend") or not self._store.event(row["event_id"]):
            return
        if row["attempt"] <= len(backoff):
            self.enqueue(row["event_id"], row["attempt"] + 1, backoff[row["attempt"] - 1])
        else:
            self._store.remember("endpoint", "disabled")
