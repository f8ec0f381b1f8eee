"""Benchmark of the pages of studio and admin: latency and number of queries; and of counting events.

Usage: DATABASE_URL=… python -m bench.desk_inside 40; the last line it prints is JSON.
"""

import json
import logging
import statistics
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import create_app
from bench.inside import Queries
from domain.analytics import daily_counts
from domain.people import sessions
from models import Earning, Event, ModerationItem, Product, Review, Role, User, db

COUNTED = 1_000_000
# Pages that need more parameters, or answer with a file or a redirect.
LEFT_OUT = (".csv", ".zip", "<name>", "export", "preview", "/film", "/recording", "/uploads", "/tags")


def look(app: Flask, rounds: int) -> dict[str, Any]:
    """Measure everything; counting first, since pages show its result."""
    found: dict[str, Any] = {"counting": _count(app)}
    log = logging.getLogger("lectern")
    counter = Queries()
    log.addHandler(counter)
    log.setLevel(logging.INFO)
    log.propagate = False
    creator, star, admin, words = _people(app)
    visitors = {"creator": _browser(app, creator), "star": _browser(app, star), "admin": _browser(app, admin)}
    pages = [("catalogue", "creator", "/courses"), *_studio(app, words, "creator")]
    pages += [(f"{name}, best seller", "star", path) for name, _, path in _studio(app, words, "star")]
    pages += _admin(app, words)
    found["pages"] = []
    for name, who, path in pages:
        measured = _measure(visitors[who], counter, path, rounds)
        if measured:
            found["pages"].append({"name": name, "path": path, **measured})
    return found


def _count(app: Flask) -> dict[str, float]:
    """Time the counting of a million events, or as many as there are, in one run; then of all other days."""
    with app.app_context():
        newest = db.session.scalar(select(func.max(Event.created_at)))
        total = db.session.scalar(select(func.count()).select_from(Event)) or 0
        nth = (
            select(Event.created_at)
            .order_by(Event.created_at.desc())
            .offset(min(COUNTED, total) - 1)
            .limit(1)
        )
        first = db.session.scalar(nth)
        assert newest is not None and first is not None  # noqa: PT018, S101 - the database was filled
        days = (first.date(), newest.date())
        within = Event.created_at >= daily_counts._midnight(days[0])
        events = db.session.scalar(select(func.count()).select_from(Event).where(within)) or 0
        db.session.rollback()
        seconds = min(_seconds(days) for _ in range(2))
        oldest = daily_counts.first_day() or days[0]
        db.session.rollback()
        began = time.perf_counter()
        for _ in daily_counts.count(oldest, days[0] - timedelta(days=1)):
            pass
        return {"events": events, "seconds": seconds, "rebuild": time.perf_counter() - began + seconds}


def _seconds(days: Any) -> float:
    began = time.perf_counter()
    for _ in daily_counts.count(*days):
        pass
    return time.perf_counter() - began


def _people(app: Flask) -> tuple[User, User, User, dict[str, str]]:
    """Choose a median creator, the best-selling one, and an admin; and values for the addresses."""
    with app.app_context():
        sold = select(Earning.creator_id, func.count().label("n")).group_by(Earning.creator_id).subquery()
        ids = list(db.session.scalars(select(sold.c.creator_id).order_by(sold.c.n)))
        creator, star = (db.session.get_one(User, ids[place]) for place in (len(ids) // 2, -1))
        admin = db.session.scalars(
            select(User).where(User.role == Role.CREATOR, User.id.not_in([creator.id, star.id]))
        ).first()
        assert admin is not None  # noqa: S101
        admin.role = Role.ADMIN
        words = {"person": str(creator.id)}
        for name, person in (("creator", creator), ("star", star)):
            mine = select(Product.id).where(Product.creator_id == person.id)
            best = mine.order_by(Product.rating_count.desc(), Product.id)
            course_id = db.session.scalar(best)
            review = select(Review.id).where(Review.product_id == course_id)
            words[name], words[f"{name}_review"] = (
                str(course_id),
                str(db.session.scalar(review) or uuid.uuid4()),
            )
        item = db.session.scalar(select(ModerationItem.id).order_by(ModerationItem.created_at))
        words["item"] = str(item)
        db.session.commit()
        for person in (creator, star, admin):
            db.session.refresh(person)
            db.session.expunge(person)
        return creator, star, admin, words


def _browser(app: Flask, person: User) -> FlaskClient:
    with app.app_context():
        row = db.session.get_one(User, person.id)
        sessions.start(row, "bench", "127.0.0.1")
        token = row.session_token
        db.session.commit()
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = token, True
    return client


def _studio(app: Flask, words: dict[str, str], who: str) -> Iterator[tuple[str, str, str]]:
    """Yield every page of the studio, and the pages that its lists link to."""
    course = words[who]
    places = {"course_id": course, "review_id": words[f"{who}_review"]}
    for path in _paths(app, "studio", places):
        yield path.replace(course, "…").replace(words[f"{who}_review"], "…"), who, path
    for path in (
        f"/studio/courses/{course}/analytics?period=12m", "/studio/students?q=buyer 12",
        f"/studio/students?course={course}", f"/studio/reviews?course={course}&rating=4",
        "/studio/reviews?unanswered=1",
    ):  # fmt: skip
        yield path.replace(course, "…"), who, path


def _admin(app: Flask, words: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    places = {"item_id": words["item"], "user_id": words["person"]}
    for path in _paths(app, "admin", places):
        yield path.replace(words["item"], "…").replace(words["person"], "…"), "admin", path
    yield "/admin/users?q=buyer", "admin", "/admin/users?q=buyer"


def _paths(app: Flask, area: str, places: dict[str, str]) -> list[str]:
    """List the addresses of an area that `places` alone can fill in."""
    found = []
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith(f"{area}.") or "GET" not in (rule.methods or ()):
            continue
        if rule.arguments <= set(places) and not any(part in rule.rule for part in LEFT_OUT):
            path = rule.rule
            for place in rule.arguments:
                for kind in ("<uuid:", "<int:", "<"):
                    path = path.replace(f"{kind}{place}>", places[place])
            found.append(path)
    return sorted(found)


def _measure(visitor: FlaskClient, counter: Queries, path: str, rounds: int) -> dict[str, Any] | None:
    """Count the queries and take the median time (ms); None for anything but a page."""
    if visitor.get(path).status_code != 200:
        return None
    times = []
    counter.counts.clear()
    for _ in range(rounds):
        began = time.perf_counter()
        visitor.get(path).get_data()
        times.append(time.perf_counter() - began)
    return {"queries": max(counter.counts), "ms": 1000 * statistics.median(times)}


def main() -> None:
    """Print the measurements of the environment's database."""
    print(json.dumps(look(create_app(), int(sys.argv[1]))))


if __name__ == "__main__":
    main()
