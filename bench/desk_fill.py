"""Enlarges a filled database to a large, old shop: purchases with everything that belongs to them, and
events.

Usage: DATABASE_URL=… python -m bench.desk_fill [--purchases 1000000] [--events 5000000]

Every hundredth course sells a hundred times as well as the others. Purchases are spread over a year, events
over the last fifty days. Rows are inserted in bulk, with the indexes created afterwards.
"""

import argparse
import random
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from app import create_app
from bench.bulk import Row, Writer, without_indexes
from domain.base import money
from models import (
    AccessGrant,
    AuditEntry,
    Course,
    Document,
    Earning,
    EmailMessage,
    Enrollment,
    Event,
    Lesson,
    ModerationItem,
    NumberSeries,
    Order,
    Purchase,
    PurchaseShare,
    User,
    db,
)

BUYERS = 20_000
STEP = 1999  # coprime to BUYERS, so that a course's buyers are all different
BATCH = 20_000
PURCHASE_DAYS, EVENT_DAYS = 365, 50
STARS = 100
COURSE_VIEW, LESSON_VIEW = ("content_view", '{"kind": "course"}'), ("content_view", '{"kind": "lesson"}')
WATCHED, COMPLETED = ("lesson_watched", '{"seconds": 50}'), ("lesson_completed", "{}")
EVENTS = (COURSE_VIEW,) * 5 + (LESSON_VIEW,) * 2 + (WATCHED,) * 2 + (COMPLETED,)
SOURCES = ("", "internal", "search.example", "news.example", "forum.example", "mail / spring")


def enlarge(purchases: int, events: int, say: Any = print) -> None:
    """Insert all rows and update the database's statistics."""
    dice = random.Random("desk")
    now = datetime.now(UTC).replace(microsecond=0)
    writer = Writer()
    buyers = _add_buyers(writer, dice, now)
    courses, lessons = _courses(), _lessons()
    with without_indexes(Order, Purchase, PurchaseShare, Earning, Document, AccessGrant, Enrollment):
        _sell(writer, dice, now, purchases, buyers, courses, say)
    say("The indexes of what was sold are made")
    with without_indexes(Event):
        _visit(writer, dice, now, events, buyers, courses, lessons, say)
    say("The indexes of events are made")
    _administer(writer, dice, now, min(100_000, events // 10), buyers, courses)
    writer.close()
    with db.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")


def key(dice: random.Random, at: float) -> str:
    """Generate a UUIDv7 of that time (seconds), as 32 hex digits."""
    variant = 0x8000000000000000 | dice.getrandbits(62)
    return f"{int(at * 1000):012x}7{dice.getrandbits(12):03x}{variant:016x}"


def _moment(writer: Writer, at: float) -> str:
    text = datetime.fromtimestamp(at, UTC).isoformat(" ", "microseconds")
    return text[:26] if writer.is_sqlite else text


def _add_buyers(writer: Writer, dice: random.Random, now: datetime) -> list[str]:
    ids = [key(dice, now.timestamp()) for _ in range(BUYERS)]
    at = _moment(writer, now.timestamp())
    columns = (
        "id", "email", "name", "name_folded", "surname_folded", "role", "bio", "timezone", "vetted",
        "access_override", "email_verified_at", "created_at", "updated_at",
    )  # fmt: skip
    rest = ("learner", "", "UTC", False, False, at, at, at)
    rows = (
        (id_, f"buyer{n}@example.com", f"Buyer {n}", f"buyer {n}", f"{n}", *rest) for n, id_ in enumerate(ids)
    )
    writer.write(User, columns, rows)
    return ids


def _courses() -> list[tuple[str, str, int]]:
    query = select(Course.id, Course.creator_id, Course.price_cents).order_by(Course.id)
    found = [(id_.hex, creator.hex, price) for id_, creator, price in db.session.execute(query)]
    db.session.rollback()
    return found


def _lessons() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for lesson_id, course_id in db.session.execute(select(Lesson.id, Lesson.course_id)):
        found.setdefault(course_id.hex, []).append(lesson_id.hex)
    db.session.rollback()
    return found


def _shares(count: int, courses: int) -> list[int]:
    """Draw the course of each sale: half of all sales go to every hundredth course."""
    stars = range(0, courses, STARS)
    each = max(1, count // 2 // len(stars))
    chosen = [number for number in stars for _ in range(min(each, BUYERS // 2))]
    rest = [number for number in range(courses) for _ in range(-(-(count - len(chosen)) // courses))]
    return chosen + rest[: count - len(chosen)]


def _sell(
    writer: Writer, dice: random.Random, now: datetime, count: int, buyers: list[str],
    courses: list[tuple[str, str, int]], say: Any,
) -> None:  # fmt: skip
    shares = _shares(count, len(courses))
    dice.shuffle(shares)
    sold, places = [0] * len(courses), Counter[int]()
    start, step = now.timestamp() - PURCHASE_DAYS * 86400, PURCHASE_DAYS * 86400 / count
    for first in range(0, count, BATCH):
        parts: dict[str, list[Row]] = {name: [] for name in _SOLD}
        for number in range(first, min(first + BATCH, count)):
            course = courses[shares[number]]
            place = sold[shares[number]]
            sold[shares[number]] += 1
            buyer = buyers[(shares[number] * 31 + place * STEP) % BUYERS]
            _sale(writer, dice, parts, number, start + number * step, buyer, course, now.timestamp())
            _invoice(dice, parts, places, start + number * step)
        for name, (table, columns) in _SOLD.items():
            writer.write(table, columns, parts[name])
        if first % (BATCH * 10) == 0:
            say(f"{first + len(parts['orders']):,} of {count:,} purchases")
    writer.write(NumberSeries, ("series", "year", "last"), [("BENCH", *one) for one in places.items()])


_STAMPS = ("created_at", "updated_at")
_SOLD: dict[str, tuple[type[Any], tuple[str, ...]]] = {
    "orders": (
        Order,
        (
            "id", "number", "user_id", "cart_key", "subtotal_cents", "total_cents", "currency", "status",
            "attempt", "completed_at", *_STAMPS,
        ),
    ),
    "purchases": (
        Purchase,
        (
            "id", "order_id", "user_id", "owner_id", "product_id", "product_snapshot", "price_cents",
            "amount_cents", "currency", "status", "refunded_cents", "refunded_at", *_STAMPS,
        ),
    ),
    "shares": (
        PurchaseShare,
        (
            "id", "purchase_id", "creator_id", "course_id", "list_cents", "amount_cents",
            "platform_fee_cents", "creator_amount_cents", *_STAMPS,
        ),
    ),
    "earnings": (
        Earning,
        (
            "id", "creator_id", "share_id", "key", "amount_cents", "currency", "status", "available_at",
            "created_at",
        ),
    ),
    "grants": (
        AccessGrant,
        ("id", "user_id", "course_id", "source", "source_id", "purchase_id", "granted_at", *_STAMPS),
    ),
    "documents": (
        Document,
        (
            "id", "kind", "series", "year", "place", "number", "order_id", "revision", "issued_on",
            "language", "currency", "net_cents", "tax_cents", "total_cents", "snapshot", "pdf_key",
            "created_at",
        ),
    ),
    "enrolments": (
        Enrollment,
        (
            "id", "user_id", "course_id", "status", "progress_percent", "total_watch_seconds", "enrolled_at",
            "completed_at", "last_accessed_at", *_STAMPS,
        ),
    ),
}  # fmt: skip


def _sale(
    writer: Writer, dice: random.Random, parts: dict[str, list[Row]], number: int, at: float, buyer: str,
    course: tuple[str, str, int], now: float,
) -> None:  # fmt: skip
    course_id, creator_id, price = course
    price = price or 900
    paid = price - price // 5 if number % 7 == 0 else price
    fee = money.percentage(paid, 30)
    order, purchase = key(dice, at), key(dice, at)
    when = _moment(writer, at)
    back = number % 50 == 0
    done = number % 4 == 0
    status = "paid" if at < now - 60 * 86400 else "pending"
    due = _moment(writer, at + 30 * 86400)
    sent_back = _moment(writer, min(at + 86400, now)) if back else None
    parts["orders"].append(
        (
            order, f"LN-BENCH-{number:09}", buyer, course_id, paid, paid, "usd", "completed", 1, when, when,
            when,
        )
    )  # fmt: skip
    parts["purchases"].append(
        (
            purchase, order, buyer, buyer, course_id, "{}", price, paid, "usd", "completed",
            paid // 2 if back else 0, sent_back, when, when,
        )
    )  # fmt: skip
    share = key(dice, at)
    parts["shares"].append((share, purchase, creator_id, course_id, price, paid, fee, paid - fee, when, when))
    parts["earnings"].append(
        (key(dice, at), creator_id, share, f"sale:{share}", paid - fee, "usd", status, due, when)
    )
    parts["grants"].append(
        (key(dice, at), buyer, course_id, "purchase", purchase, purchase, when, when, when)
    )
    finished = (_moment(writer, min(at + 20 * 86400, now)),) if done else (None,)
    parts["enrolments"].append(
        (
            key(dice, at), buyer, course_id, "completed" if done else "active", 100 if done else number % 100,
            0, when, *finished, when, when, when,
        )
    )  # fmt: skip


def _invoice(dice: random.Random, parts: dict[str, list[Row]], places: Counter[int], at: float) -> None:
    """Add the invoice of the sale added last; its series is none of the shop's."""
    order, paid, when = parts["orders"][-1][0], parts["orders"][-1][4], parts["orders"][-1][-1]
    day = datetime.fromtimestamp(at, UTC).date()
    places[day.year] += 1
    number = f"BENCH-{day.year}-{places[day.year]:06}"
    parts["documents"].append(
        (
            key(dice, at), "invoice", "BENCH", day.year, places[day.year], number, order, 1, day.isoformat(),
            "en", "usd", paid, 0, paid, "{}", f"documents/{number}.pdf", when,
        )
    )  # fmt: skip


def _visit(
    writer: Writer, dice: random.Random, now: datetime, count: int, buyers: list[str],
    courses: list[tuple[str, str, int]], lessons: dict[str, list[str]], say: Any,
) -> None:  # fmt: skip
    columns = (
        "id", "name", "created_at", "user_id", "visitor", "course_id", "lesson_id", "properties", "ip",
        "user_agent", "referrer",
    )  # fmt: skip
    shares = _shares(min(count, 1_000_000), len(courses))
    start, step = now.timestamp() - EVENT_DAYS * 86400, EVENT_DAYS * 86400 / count
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    for first in range(0, count, BATCH):
        rows = []
        for number in range(first, min(first + BATCH, count)):
            at = start + number * step
            course_id = courses[dice.choice(shares)][0]
            name, properties = event = dice.choice(EVENTS)
            viewed = event == COURSE_VIEW
            visitor = f"{dice.randrange(BUYERS * 5):032x}"
            lesson_id = None if viewed else dice.choice(lessons[course_id])
            user_id = None if viewed else dice.choice(buyers)
            source = dice.choice(SOURCES) if viewed else ""
            rows.append(
                (
                    key(dice, at), name, _moment(writer, at), user_id, visitor, course_id, lesson_id,
                    properties, "198.51.100.0", agent, source,
                )
            )  # fmt: skip
        writer.write(Event, columns, rows)
        if first % (BATCH * 25) == 0:
            say(f"{first + len(rows):,} of {count:,} events")


def _administer(
    writer: Writer, dice: random.Random, now: datetime, count: int, buyers: list[str],
    courses: list[tuple[str, str, int]],
) -> None:  # fmt: skip
    """Fill the admins' lists: the review queue, the audit log, sent mails."""
    times = [now.timestamp() - (count - number) * 60 for number in range(count)]
    entries = (
        (
            key(dice, at),
            _moment(writer, at),
            dice.choice(buyers),
            "publish",
            "course",
            dice.choice(courses)[0],
            "",
        )
        for at in times
    )
    writer.write(
        AuditEntry, ("id", "at", "actor_id", "action", "subject_type", "subject_id", "note"), entries
    )
    columns = (
        "id", "recipient", "user_id", "template", "subject", "data", "scheduled_for", "status", "message_id",
        "attempts", *_STAMPS,
    )  # fmt: skip
    mails = (
        (
            key(dice, at), f"buyer{n % BUYERS}@example.com", buyers[n % BUYERS], "receipt", "Your receipt",
            "{}", _moment(writer, at), "sent", f"<{n}@bench>", 1, _moment(writer, at), _moment(writer, at),
        )
        for n, at in enumerate(times)
    )  # fmt: skip
    writer.write(EmailMessage, columns, mails)
    waits = (
        "id", "kind", "subject_id", "title", "creator_id", "verdict", "reason", "notes", "links", "closed_at",
        *_STAMPS,
    )  # fmt: skip
    items = (
        (
            key(dice, at), "course", course_id, "A course", creator, None if n < 2000 else "approved", "", "",
            "[]", None if n < 2000 else _moment(writer, at), _moment(writer, at), _moment(writer, at),
        )
        for n, (at, (course_id, creator, _)) in enumerate(zip(times, courses, strict=False))
    )  # fmt: skip
    writer.write(ModerationItem, waits, items)


def main() -> None:
    """Enlarge the database of the environment."""
    parser = argparse.ArgumentParser(prog="python -m bench.desk_fill", description=__doc__)
    parser.add_argument("--purchases", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=5_000_000)
    asked = parser.parse_args()
    app = create_app()
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:5.0f} s  {text}", flush=True)

    with app.app_context():
        enlarge(asked.purchases, asked.events, say)
    say("done")


if __name__ == "__main__":
    main()
