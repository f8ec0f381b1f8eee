"""Analytics events and view counts: those of visits are buffered in memory and written in batches.

A write for every view would make the most viewed pages the slowest. These events wait in this process and are
written by a thread, in transactions of their own; a killed process loses a few seconds. When they can't be
written for long, the oldest are dropped, and their number is logged. What happens to an account or to money
is written at once instead, in the transaction in which it happens. Names and properties: `event_registry.py`.
"""

import atexit
import ipaddress
import re
import threading
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any

from flask import Flask, current_app
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from domain.base import clock, signing
from domain.base.log import log
from domain.platform.event_registry import EventName, Writer, refuse_unregistered
from models import Course, Event, Product, User, db

SECONDS = 15.0
ENOUGH = 500
CAPACITY = 20_000
TYPING = timedelta(seconds=10)

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
    name: EventName,
    course_id: uuid.UUID | None = None,
    lesson_id: uuid.UUID | None = None,
    visit: Visitor = NOBODY,
    **properties: Any,
) -> None:
    """Buffer the event of a visit, that happened now, with the properties that its registration requires.

    Callers leave out bots, creators on their own pages, and admins (web/visitor.py). Raises ValueError for an
    event that isn't registered like this.
    """
    refuse_unregistered(name, Writer.VISIT, course_id, lesson_id, properties)
    _buffer().add(_row(name, course_id, lesson_id, visit, properties))


def record_search(visit: Visitor, query: str, found: int) -> None:
    """Buffer a search; while somebody types, only what they arrive at is kept."""
    properties = {"query": query, "found": found}
    refuse_unregistered(EventName.SEARCHED, Writer.VISIT, None, None, properties)
    _buffer().add_search(_row(EventName.SEARCHED, None, None, visit, properties))


def write(
    name: EventName, user_id: uuid.UUID | None, course_id: uuid.UUID | None = None, **properties: Any
) -> None:
    """Write an event in the present transaction: it is kept exactly if what it tells of is.

    `user_id` None: of a visitor, about whom nothing is kept.

    Raises ValueError for an event that isn't registered like this.
    """
    refuse_unregistered(name, Writer.SERVER, course_id, None, properties)
    db.session.execute(insert(Event).values(_row(name, course_id, None, Visitor(user_id), properties)))


def record_watched(
    user_id: uuid.UUID | None, course_id: uuid.UUID, lesson_id: uuid.UUID, seconds: float
) -> None:
    """Buffer `seconds` of playback; the heartbeats of one learner, lesson and minute become one event."""
    _buffer().add_watched((user_id, course_id, lesson_id, int(clock.now().timestamp() // 60)), seconds)


def write_later(write: Callable[[Connection], None]) -> None:
    """Buffer a write that a page causes and nobody waits for; it runs with the events, in a transaction."""
    _buffer().add_later(write)


def flush(everything: bool = True) -> int:
    """Write the buffered events of this process; answers how many.

    Without `everything` the playback of the present minute stays, to collect more.
    """
    return _buffer().flush(everything)


@lru_cache(maxsize=256)
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
    seen = f"{day:%Y-%m-%d} {ip} {user_agent}".encode(errors="replace")
    return signing.visitor_digest(seen)


Watch = tuple[uuid.UUID | None, uuid.UUID, uuid.UUID, int]


class EventBuffer:
    """The event buffer of one process, with its writing thread."""

    def __init__(self, app: Flask, capacity: int = CAPACITY) -> None:
        self.app = app
        self.capacity = capacity
        self.waiting: deque[Row] = deque()
        self.watching: dict[Watch, float] = {}
        self.searching: dict[str, Row] = {}
        self.later: deque[Callable[[Connection], None]] = deque()
        self.dropped = 0
        self.lock = threading.Lock()
        self.full = threading.Event()
        if not app.testing:
            self.start_writing()

    def start_writing(self) -> None:
        """Start the thread that writes the events, and write the last ones when the process ends."""
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

    def add_search(self, row: Row) -> None:
        """Add a search, replacing the visitor's last one if this one continues or shortens it."""
        visitor = row["visitor"]
        with self.lock:
            last = self.searching.pop(visitor, None) if visitor else None
            if visitor:
                self.searching[visitor] = row
        if last is not None and not _is_same_search(last, row):
            self.add(last)
        if not visitor:
            self.add(row)

    def add_later(self, write: Callable[[Connection], None]) -> None:
        """Add a write, dropping the oldest when the buffer is full."""
        with self.lock:
            self.later.append(write)
            if len(self.later) > self.capacity:
                self.later.popleft()
                self.dropped += 1

    def flush(self, everything: bool = True) -> int:
        """Write the buffered events; answers how many. Those that can't be written stay in the buffer."""
        self._write_later()
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

    def _write_later(self) -> None:
        while self.later:
            write = self.later.popleft()
            try:
                with self.app.app_context(), _connect() as connection, connection.begin():
                    write(connection)
            except SQLAlchemyError:
                self.later.appendleft(write)
                raise

    def _take(self, everything: bool) -> tuple[deque[Row], int]:
        minute = int(clock.now().timestamp() // 60)
        with self.lock:
            rows, self.waiting = self.waiting, deque()
            over = [watch for watch in self.watching if everything or watch[3] < minute]
            rows.extend(_watched_row(watch, self.watching.pop(watch)) for watch in over)
            typed = clock.now() - TYPING
            done = [who for who, row in self.searching.items() if everything or row["created_at"] < typed]
            rows.extend(self.searching.pop(who) for who in done)
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
    properties = {"seconds": round(seconds)}
    row = _row(EventName.LESSON_WATCHED, course_id, lesson_id, Visitor(user_id), properties)
    return {**row, "created_at": datetime.fromtimestamp(minute * 60, UTC)}


def _row(
    name: EventName,
    course_id: uuid.UUID | None,
    lesson_id: uuid.UUID | None,
    visit: Visitor,
    properties: dict[str, Any],
) -> Row:
    return {
        "name": name.value,
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


def _is_same_search(last: Row, row: Row) -> bool:
    before, after = last["properties"]["query"], row["properties"]["query"]
    return row["created_at"] - last["created_at"] < TYPING and bool(
        after.startswith(before) or before.startswith(after)
    )


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
    views = Counter(viewed for row in kept if (viewed := _viewed(row)) is not None)
    if views:
        # In the order of their ids, so that two processes never wait for each other's rows.
        connection.execute(_COUNT_VIEWS, list(_in_order(views)))


def _viewed(row: Row) -> uuid.UUID | None:
    """Return the product whose page was opened; None for other events."""
    if row["name"] == EventName.BUNDLE_VIEW:
        return uuid.UUID(row["properties"]["product"])
    is_course = row["name"] == EventName.CONTENT_VIEW and row["lesson_id"] is None
    return row["course_id"] if is_course else None


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
