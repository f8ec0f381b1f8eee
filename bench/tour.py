"""The benchmark's requests to a filled database: addresses by scenario, and cookies of signed-in readers.

Usage: DATABASE_URL=… python -m bench.tour tour.json
The same database gives the same addresses every time; only the readers' cookies are new.
"""

import json
import random
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import func, select

from app import create_app
from bench.fill import SUBJECTS, TOPICS
from domain.catalog import cards
from domain.catalog.index import facets, index_cache
from domain.people import sessions
from models import Bundle, Course, Enrollment, Lesson, Product, User, db

MOST = 3000
SAMPLE = 200
SENDERS = 48
NARROWED_BY = ("category", "level", "tier", "price", "rating", "language", "duration", "technology")
_TOKEN = re.compile(r'"X-CSRFToken": "([^"]+)"')


@dataclass
class Sender:
    """A player that sends heartbeats: its address, and what the raw upsert needs (ids as 32 hex digits)."""

    path: str
    cookie: str
    csrf: str
    user: str
    lesson: str


@dataclass
class Tour:
    """The requests of a benchmark.

    `pages` and `own_pages`: addresses by scenario, for visitors and for the reader of `cookie`. The bare
    application knows SAMPLE of each, chosen at random.
    """

    cookie: str
    pages: dict[str, list[str]]
    own_pages: dict[str, list[str]]
    senders: list[Sender]

    @classmethod
    def load(cls, path: Path) -> "Tour":
        """Load a tour that `main` wrote."""
        data = json.loads(path.read_text())
        return cls(**data | {"senders": [Sender(**sender) for sender in data["senders"]]})

    def sample(self, scenario: str, signed_in: bool) -> list[str]:
        """List the addresses of `scenario` that the bare application answers."""
        addresses = (self.own_pages if signed_in else self.pages)[scenario]
        return random.Random(scenario).sample(addresses, min(SAMPLE, len(addresses)))


def plan(app: Flask) -> Tour:
    """Build the tour of the database of `app`; signs in the reader and the senders."""
    dice = random.Random("tour")
    with app.app_context():
        shared = _catalogue_pages(dice)
        previews = list(db.session.scalars(_previews(dice)))
        reader = db.session.scalars(select(User).where(User.email == "reader@example.com")).one()
        own = select(Course.slug).join(Enrollment, Enrollment.course_id == Course.id)
        owned = db.session.scalars(own.where(Enrollment.user_id == reader.id).order_by(Course.slug))
        lessons = [f"/learn/{slug}/lesson-{number}" for slug in owned for number in range(5)]
        token = _new_device(reader)
        films = _films()
    return Tour(
        cookie=_visit(app, token, "/courses")[0],
        pages=shared | {"lesson": previews},
        own_pages=shared | {"lesson": lessons},
        senders=[_sender(app, *film) for film in films],
    )


def _catalogue_pages(dice: random.Random) -> dict[str, list[str]]:
    index = index_cache.current()
    courses, bundles = (db.session.scalar(select(func.count(one.id))) or 0 for one in (Course, Bundle))
    slugs = [f"course-{number}" for number in dice.sample(range(courses), min(MOST, courses))]
    sold_together = [f"/bundles/bundle-{n}" for n in dice.sample(range(bundles), min(MOST, bundles))]
    last = -(-index.size // cards.PAGE_SIZE)
    words = [*SUBJECTS, *TOPICS, *(f"{subject} {topic}" for subject, topic in product(SUBJECTS, TOPICS))]
    dice.shuffle(words)
    return {
        "home": ["/"],
        "catalogue": [f"/courses?page={number}" if number > 1 else "/courses" for number in range(1, 21)],
        "filtered": _narrowed(index, dice, ("popular",)),
        "sorted": _narrowed(index, dice, ("newest", "rating", "price", "price-desc")),
        "deep": [f"/courses?page={n}" for n in dice.sample(range(last // 2, last), min(500, last // 2))],
        "search-rare": ["/courses?q=zymurgy"],
        "search-common": [f"/courses?q=practical&page={number}" for number in range(1, 21)],
        "search-many": [f"/courses?{urlencode({'q': text})}" for text in words],
        "detail": [f"/courses/{slug}" for slug in slugs],
        "bundle": sold_together,
    }


def _narrowed(index: Any, dice: random.Random, sorts: tuple[str, ...]) -> list[str]:
    """List addresses with one to three filters that fill a page, whatever the catalogue's size."""
    found: dict[str, None] = {}
    for _ in range(MOST * 20):
        names = dice.sample(NARROWED_BY, dice.choice((1, 2, 2, 3)))
        chosen = {name: dice.choice(index.facets[name].choices).value for name in names}
        asked = facets.read({name: [value] for name, value in chosen.items()}, index.facets.values())
        if index.total((), asked.chosen) >= cards.PAGE_SIZE:
            sort = dice.choice(sorts)
            pairs = chosen if sort == asked.usual_sort else chosen | {"sort": sort}
            found[f"/courses?{urlencode(pairs)}"] = None
        if len(found) == MOST:
            break
    return list(found)


def _previews(dice: random.Random) -> Any:
    slug = Product.__table__.c.slug
    chosen = [f"course-{number}" for number in dice.sample(range(1, 1000), 300)]
    return select("/learn/" + slug + "/lesson-0").where(slug.in_(chosen)).order_by(slug)


def _films() -> list[tuple[str, str, str, str]]:
    """List learners of different courses, each at the film of theirs: token, course, user and lesson."""
    query = (
        select(User, Course.slug, Lesson.id)
        .join(Enrollment, Enrollment.user_id == User.id)
        .join(Course, Course.id == Enrollment.course_id)
        .join(Lesson, Lesson.course_id == Course.id)
        .where(Lesson.slug == "lesson-1", User.email != "reader@example.com")
        .order_by(Course.slug, User.email)
        .limit(SENDERS * 4)
    )
    rows = {user.id: (user, slug, lesson) for user, slug, lesson in db.session.execute(query)}
    chosen = list(rows.values())[:SENDERS]
    ids = [(user.id.hex, lesson.hex) for user, _slug, lesson in chosen]
    return [(_new_device(u), slug, *pair) for (u, slug, _lesson), pair in zip(chosen, ids, strict=True)]


def _new_device(user: User) -> str:
    sessions.start(user, "wrk", "127.0.0.1")
    token = user.session_token
    db.session.commit()
    assert token is not None  # noqa: S101 - set by start()
    return token


def _sender(app: Flask, token: str, slug: str, user: str, lesson: str) -> Sender:
    page = f"/learn/{slug}/lesson-1"
    cookie, html = _visit(app, token, page)
    found = _TOKEN.search(html)
    assert found is not None, page  # noqa: S101 - without it every heartbeat would be refused
    return Sender(f"{page}/heartbeat", cookie, found[1], user, lesson)


def _visit(app: Flask, token: str, page: str) -> tuple[str, str]:
    """Request `page` with a device's session; answers its cookie header and the HTML."""
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = token, True
    html = client.get(page).get_data(as_text=True)
    kept = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert kept is not None, page  # noqa: S101 - the page carries a token, so the session was kept
    return f"{kept.key}={kept.value}", html


def addresses(tour: Tour) -> Iterator[tuple[str, bool, str]]:
    """Yield every (scenario, signed in, address) that the bare application answers."""
    for signed_in, pages in ((False, tour.pages), (True, tour.own_pages)):
        for scenario in pages:
            yield from ((scenario, signed_in, address) for address in tour.sample(scenario, signed_in))


def main() -> None:
    """Write the tour of the environment's database to the given file."""
    app = create_app()
    Path(sys.argv[1]).write_text(json.dumps(asdict(plan(app))))


if __name__ == "__main__":
    main()
