"""Analytics events and view counts: buffered in memory, written in batches.

A write for every view would make the most viewed pages the slowest. Events wait in this process and are
written by a thread, in transactions of their own; a killed process loses a few seconds. When they can't be
written for long, the oldest are dropped, and their number is logged.
"""

import atexit
import hashlib
import ipaddress
import re
import threading
import uuid
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from flask import Flask, current_app
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from domain.base import clock
from domain.base.log import log
from models import Course, Event, Product, User, db

SECONDS = 15.0
ENOUGH = 500
CAPACITY = 20_000

VIEWED = "course_viewed"
OPENED = "lesson_opened"
WATCHED = "lesson_watched"
LESSON_DONE = "lesson_completed"
COURSE_DONE = "course_completed"
ENROLLED = "enrolled"

_MACHINE = re.compile(r"bot|crawl|spider|slurp|preview|monitor|fetch|curl|wget|python|java/|headless", re.I)
_products = Product.__table__
_making = threading.Lock()
_COUNT_VIEWS = (
    update(Product)
    .where(_products.c.id == bindparam("product"))
    # updated_at stays: a new one would make every process reload its catalogue for nothing.
    .values(view_count=_products.c.view_count + bindparam("views"), updated_at=_products.c.updated_at)
)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Visitor:
    """The origin of an event, as far as it is kept; empty for visitors who opt out of tracking.

    `visitor` is a keyed hash that only tells visitors of one day apart, `ip` is truncated, `referrer` a host
    name or a campaign.
    """

    user_id: uuid.UUID | None = None
    visitor: str = ""
    ip: str = ""
    user_agent: str = ""
    referrer: str = ""


NOBODY = Visitor()


def record(
    name: str,
    course_id: uuid.UUID | None = None,
    lesson_id: uuid.UUID | None = None,
    visit: Visitor = NOBODY,
    **properties: Any,
) -> None:
    """Buffer an event that happened now. `properties` are JSON values.

    Callers leave out bots, creators on their own pages, and admins (web/visitor.py).
    """
    row = {
        "name": name,
        "created_at": clock.now(),
        "course_id": course_id,
        "lesson_id": lesson_id,
        "user_id": visit.user_id,
        "visitor": visit.visitor,
        "ip": visit.ip,
        "user_agent": visit.user_agent,
        "referrer": visit.referrer,
        "properties": properties,
    }
    _buffer().add(row)


def record_watched(
    user_id: uuid.UUID | None, course_id: uuid.UUID, lesson_id: uuid.UUID, seconds: float
) -> None:
    """Buffer `seconds` of playback; the heartbeats of one learner, lesson and minute become one event."""
    _buffer().add_watched((user_id, course_id, lesson_id, int(clock.now().timestamp() // 60)), seconds)


def flush(everything: bool = True) -> int:
    """Write the buffered events of this process; answers how many.

    Without `everything` the playback of the present minute stays, to collect more.
    """
    return _buffer().flush(everything)


def is_machine(user_agent: str) -> bool:
    """Tell if a User-Agent is a bot or a tool, or empty."""
    return not user_agent or _MACHINE.search(user_agent) is not None


def truncated(ip: str) -> str:
    """Truncate an IP address to its network: /24 of IPv4, /48 of IPv6; "" for an invalid one."""
    quad, _, last = ip.rpartition(".")
    if last.isdecimal() and quad.count(".") == 2 and ":" not in ip:
        return f"{quad}.0"  # the common case; ipaddress takes ten times as long
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None) or address
    network = ipaddress.ip_network((mapped, 24 if mapped.version == 4 else 48), strict=False)
    return str(network.network_address)


def visitor_of(ip: str, user_agent: str, day: datetime) -> str:
    """Hash a visitor with the secret key and the day: untraceable, and another tomorrow. 32 hex digits."""
    key = current_app.config["SECRET_KEY"].encode()[: hashlib.blake2b.MAX_KEY_SIZE]
    seen = f"{day:%Y-%m-%d} {ip} {user_agent}".encode(errors="replace")
    return hashlib.blake2b(seen, digest_size=16, key=key).hexdigest()


Watch = tuple[uuid.UUID | None, uuid.UUID, uuid.UUID, int]


class EventBuffer:
    """The event buffer of one process, with its writing thread."""

    def __init__(self, app: Flask, capacity: int = CAPACITY) -> None:
        self.app = app
        self.capacity = capacity
        self.waiting: deque[Row] = deque()
        self.watching: dict[Watch, float] = {}
        self.dropped = 0
        self.lock = threading.Lock()
        self.full = threading.Event()
        if not app.testing:
            threading.Thread(target=self._run, name="events", daemon=True).start()
            atexit.register(self.flush)

    def add(self, row: Row) -> None:
        """Add an event, dropping the oldest when the buffer is full."""
        with self.lock:
            self.waiting.append(row)
            if len(self.waiting) > self.capacity:
                self.waiting.popleft()
                self.dropped += 1
            if len(self.waiting) >= ENOUGH:
                self.full.set()

    def add_watched(self, watch: Watch, seconds: float) -> None:
        """Add to the playback of a lesson in this minute."""
        with self.lock:
            self.watching[watch] = self.watching.get(watch, 0.0) + seconds
            if len(self.watching) > self.capacity:
                self.watching.pop(next(iter(self.watching)))
                self.dropped += 1

    def flush(self, everything: bool = True) -> int:
        """Write the buffered events; answers how many. Those that can't be written stay in the buffer."""
        rows, dropped = self._take(everything)
        if dropped:
            log.warning("%d events were dropped: more came than could be written", dropped)
        written = 0
        try:
            while batch := list(islice(rows, written, written + ENOUGH)):
                with self.app.app_context(), _connect() as connection, connection.begin():
                    _write(connection, batch)
                written += len(batch)
        except SQLAlchemyError:
            self._give_back(list(islice(rows, written, None)))
            raise
        return written

    def _take(self, everything: bool) -> tuple[deque[Row], int]:
        minute = int(clock.now().timestamp() // 60)
        with self.lock:
            rows, self.waiting = self.waiting, deque()
            over = [watch for watch in self.watching if everything or watch[3] < minute]
            rows.extend(_watched_row(watch, self.watching.pop(watch)) for watch in over)
            dropped, self.dropped = self.dropped, 0
            self.full.clear()
        return rows, dropped

    def _give_back(self, rows: list[Row]) -> None:
        with self.lock:
            self.waiting.extendleft(reversed(rows))
            while len(self.waiting) > self.capacity:
                self.waiting.popleft()
                self.dropped += 1

    def _run(self) -> None:
        while True:
            self.full.wait(SECONDS)
            try:
                self.flush(everything=False)
            except SQLAlchemyError:
                log.warning("events could not be written; they are kept for later", exc_info=True)
                threading.Event().wait(SECONDS)


def _watched_row(watch: Watch, seconds: float) -> Row:
    user_id, course_id, lesson_id, minute = watch
    return {
        "name": WATCHED,
        "created_at": datetime.fromtimestamp(minute * 60, UTC),
        "course_id": course_id,
        "lesson_id": lesson_id,
        "user_id": user_id,
        "visitor": "",
        "ip": "",
        "user_agent": "",
        "referrer": "",
        "properties": {"seconds": round(seconds)},
    }


def _connect() -> Connection:
    """Connect without waiting for the disk: a power cut may take the last events."""
    return db.engine.connect().execution_options(may_be_lost=True)


def _write(connection: Connection, rows: list[Row]) -> None:
    """Insert a batch and add up the views, leaving out events of courses deleted since."""
    courses = _existing(connection, Course.__table__.c.id, {row["course_id"] for row in rows})
    users = _existing(connection, User.__table__.c.id, {row["user_id"] for row in rows})
    kept = [row for row in rows if row["course_id"] is None or row["course_id"] in courses]
    for row in kept:
        row["user_id"] = row["user_id"] if row["user_id"] in users else None
    if kept:
        connection.execute(insert(Event), kept)
    views = Counter(row["course_id"] for row in kept if row["name"] == VIEWED and row["course_id"])
    if views:
        # In the order of their ids, so that two processes never wait for each other's rows.
        connection.execute(_COUNT_VIEWS, list(_in_order(views)))


def _in_order(views: Counter[uuid.UUID]) -> Iterator[Row]:
    for product_id, count in sorted(views.items()):
        yield {"product": product_id, "views": count}


def _existing(connection: Connection, column: Any, ids: set[uuid.UUID | None]) -> set[uuid.UUID]:
    wanted = [id_ for id_ in ids if id_ is not None]
    return set(connection.scalars(select(column).where(column.in_(wanted)))) if wanted else set()


def _buffer() -> EventBuffer:
    buffer: EventBuffer | None = current_app.extensions.get("lectern_cache_events")
    if buffer is not None:
        return buffer
    with _making:
        if "lectern_cache_events" not in current_app.extensions:
            app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
            current_app.extensions["lectern_cache_events"] = EventBuffer(app)
    return _buffer()
