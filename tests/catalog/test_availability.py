"""Availability: Python and SQL say the same of every course there can be, and each rule includes the next."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from domain.base import clock
from domain.catalog import availability, pricing
from domain.catalog.availability import Offer
from models import Course, ProductStatus, ProductVisibility, User, db
from tests.cast import Cast
from tests.catalog.shop import add_course

PAIRS = {
    "visible": (availability.visible, availability.is_visible),
    "published": (availability.published, availability.is_published),
    "available": (availability.available, availability.is_available),
    "listed": (availability.listed, availability.is_listed),
}


@pytest.fixture
def every_course(app: Flask, cast: Cast) -> list[Course]:
    """A course in every state: status, visibility, deleted or not, expired now, not yet and never."""
    now = clock.now()
    with app.app_context():
        for number, (status, visibility, deleted_at, expires_at) in enumerate(
            itertools.product(
                ProductStatus, ProductVisibility, (None, now), (None, now, now + timedelta(seconds=1))
            )
        ):
            add_course(
                cast, f"State {number}", status=status, visibility=visibility, deleted_at=deleted_at,
                expires_at=expires_at,
            )  # fmt: skip
        found = list(db.session.scalars(select(Course)))
        db.session.expunge_all()
    return found


def test_python_and_sql_agree(app: Flask, every_course: list[Course]) -> None:
    now = max(course.expires_at for course in every_course if "State" in course.title and course.expires_at)
    now -= timedelta(seconds=1)
    sets = []
    with app.app_context():
        for name, (in_sql, in_python) in PAIRS.items():
            moment: tuple[Any, ...] = () if name == "visible" else (now,)
            found = set(db.session.scalars(select(Course.id).where(in_sql(*moment))))
            assert found == {course.id for course in every_course if in_python(course, *moment)}, name
            sets.append(found)
        in_time = set(db.session.scalars(select(Course.id).where(availability.unexpired(now))))
        out = {c.id for c in every_course if c.expires_at is not None and c.expires_at <= now}
        assert in_time == {course.id for course in every_course} - out
    assert all(wide > narrow for wide, narrow in itertools.pairwise(sets)), "each includes the next"


@pytest.mark.parametrize("price", [0, 1900])
def test_what_is_available_is_what_strangers_are_offered(every_course: list[Course], price: int) -> None:
    now = clock.now()
    for course in every_course:
        offer = availability.offer_to(None, course, owned=False, price_cents=price, moment=now)
        takes = offer == (Offer.BUY if price else Offer.ENROLL)
        assert takes is availability.is_available(course, now)
        assert takes is (availability.refusal(offer, course, now) is None)


def test_who_somebody_is_comes_first(cast: Cast) -> None:
    now, course = clock.now(), cast.flask_course
    people: list[tuple[User, bool, Offer]] = [
        (cast.ada, True, Offer.OWN), (cast.bo, True, Offer.CONTINUE), (cast.mo, True, Offer.CONTINUE),
        (cast.mo, False, Offer.FREE_ACCESS), (cast.cy, False, Offer.BUY),
    ]  # fmt: skip
    for person, owned, offer in people:
        assert availability.offer_to(person, course, owned=owned, price_cents=1, moment=now) == offer


def test_the_price_in_sql_is_the_price_in_python(app: Flask, cast: Cast) -> None:
    now = clock.now()
    with app.app_context():
        for seconds in (0, 1, 2):
            ends = now + timedelta(seconds=seconds - 1)
            add_course(cast, f"Sale {seconds}", price_cents=900, sale_price_cents=400, sale_ends_at=ends)
        for course, price, end in db.session.execute(
            select(Course, pricing.price_at(now), pricing.sale_end_at(now))
        ):
            assert price == course.price_at(now)
            assert end == (course.sale_ends_at if price < course.price_cents else None)
