"""Analytics events of the demo: a year of visitors and learners that agrees with its orders."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from demo.orders import Sale
from domain.platform.event_registry import EventName
from models import (
    Bundle,
    Coupon,
    CouponRedemption,
    Course,
    Enrollment,
    Event,
    Lesson,
    LessonProgress,
    Order,
    db,
)

VIEWS_PER_SALE = (14, 46)
LOOKED_BEFORE = timedelta(days=12)
SOURCES = {
    "": 34, "google.com": 27, "duckduckgo.com": 7, "news.ycombinator.com": 6, "github.com": 6,
    "mastodon.social": 4, "newsletter": 9, "bing.com": 3,
}  # fmt: skip
LOOKED_INTO = 0.6
"""How often somebody who has stopped had opened the next lesson."""
Row = dict[str, Any]


def add_events(sales: list[Sale], now: datetime) -> None:
    """Insert the visits that led to each sale, and the lessons that learners opened, watched and finished."""
    courses = {sale.course.id: sale.course for sale in sales}
    rows = [
        *_visits(sales, now), *_carts(sales, now), *_bundle_visits(now), *_codes(now),
        *_enrolments(sales), *_learning(list(courses), now),
    ]  # fmt: skip
    rows.sort(key=lambda row: row["created_at"])
    for start in range(0, len(rows), 1000):
        db.session.execute(insert(Event), rows[start : start + 1000])
    for row in rows:
        if row["name"] == EventName.CONTENT_VIEW and row["lesson_id"] is None:
            courses[row["course_id"]].view_count += 1
    db.session.flush()


def _visits(sales: list[Sale], now: datetime) -> Iterator[Row]:
    """Yield the page views of buyers and of many others, including those before the sales of the next days.

    Future sales are assumed to equal the recent ones.
    """
    dice = random.Random("lectern: visits")
    for sale in sales:
        yield from _looks(dice, sale.course, sale.at, now)
        before = sale.at - timedelta(minutes=dice.randint(2, 30))
        yield _row(EventName.CONTENT_VIEW, before, sale.course.id, user_id=sale.learner.id,
                   visitor=f"{dice.getrandbits(128):032x}")  # fmt: skip

    dice = random.Random("lectern: visits before the next sales")
    for sale in sales:
        if sale.at > now - LOOKED_BEFORE:
            yield from _looks(dice, sale.course, sale.at + LOOKED_BEFORE, now)


def _looks(dice: random.Random, course: Course, bought: datetime, now: datetime) -> Iterator[Row]:
    """Yield page views by others before a sale, until `now`; some visitors come twice on the same day."""
    names, weights = list(SOURCES), list(SOURCES.values())
    for _ in range(dice.randint(*VIEWS_PER_SALE)):
        at = bought - LOOKED_BEFORE * dice.random()
        if not _since(course) <= at <= now:
            continue
        visitor, source = f"{dice.getrandbits(128):032x}", dice.choices(names, weights)[0]
        yield _row(EventName.CONTENT_VIEW, at, course.id, visitor=visitor, referrer=source)
        if dice.random() < 0.2:
            again = min(at + timedelta(minutes=dice.randint(3, 40)), now)
            yield _row(EventName.CONTENT_VIEW, again, course.id, visitor=visitor)


def _carts(sales: list[Sale], now: datetime) -> Iterator[Row]:
    """Yield what was put into carts: by most buyers, and by others who left it there."""
    dice = random.Random("lectern: carts")
    for sale in sales:
        price = sale.course.price_cents
        for before, user_id, odds in ((12, sale.learner.id, 0.8), (dice.randint(60, 9000), None, 0.6)):
            at = sale.at - timedelta(minutes=before)
            if price and dice.random() < odds and _since(sale.course) <= at <= now:
                told = {"product": str(sale.course.id), "amount_cents": price}
                yield _row(EventName.CART_ADDED, at, None, user_id=user_id, properties=told)


def _bundle_visits(now: datetime) -> Iterator[Row]:
    """Yield views of the bundles since they are on sale, and what was put into carts."""
    dice = random.Random("lectern: bundles")
    for bundle in db.session.scalars(select(Bundle).order_by(Bundle.slug)):
        since = bundle.published_at or now
        for _ in range(dice.randint(90, 160)):
            at = since + (now - since) * dice.random()
            seen = {"visitor": f"{dice.getrandbits(128):032x}"}
            told = {"product": str(bundle.id)}
            yield _row(EventName.BUNDLE_VIEW, at, None, properties=told, **seen)
            if dice.random() < 0.08:
                put: Row = {**told, "amount_cents": bundle.price_cents}
                yield _row(EventName.CART_ADDED, at, None, properties=put, **seen)


def _codes(now: datetime) -> Iterator[Row]:
    """Yield the codes that buyers entered, and those that were refused."""
    dice = random.Random("lectern: codes")
    used = select(CouponRedemption, Coupon, Order).join(Coupon).join(Order)
    for use, coupon, order in db.session.execute(used.order_by(Order.created_at, Order.number)):
        at, id_ = order.created_at - timedelta(minutes=4), str(coupon.id)
        told = {"coupon": id_, "entered": id_, "amount_cents": use.discount_cents, "currency": order.currency}
        yield _row(EventName.COUPON_APPLIED, at, None, user_id=order.user_id, properties=told)
        if dice.random() < 0.5:
            why, sentence = dice.choice(
                [
                    ("not_for", f"“{coupon.label}” isn’t for this course."),
                    ("used_before", f"You have used “{coupon.label}” already."),
                ]
            )
            told = {"code": coupon.label, "reason": sentence, "why": why, "coupon": id_}
            later = min(at + timedelta(hours=dice.randint(1, 200)), now)
            yield _row(EventName.COUPON_REFUSED, later, None, properties=told)


def _enrolments(sales: list[Sale]) -> Iterator[Row]:
    for sale in sales:
        yield _row(EventName.ENROLLED, sale.at, sale.course.id, user_id=sale.learner.id)


def _learning(courses: list[Any], now: datetime) -> Iterator[Row]:
    """Yield the events of progress: a finished lesson was opened before; many opened the next one too."""
    dice = random.Random("lectern: learning")
    done = (
        select(LessonProgress, Lesson.course_id, Lesson.duration_seconds, Lesson.kind)
        .join(Lesson, Lesson.id == LessonProgress.lesson_id)
        .where(LessonProgress.completed_at.is_not(None))
        .order_by(LessonProgress.completed_at, Lesson.course_id, Lesson.position, LessonProgress.user_id)
    )
    for progress, course_id, seconds, kind in db.session.execute(done):
        assert progress.completed_at is not None  # noqa: S101 - the query asks for it
        who = {"course_id": course_id, "user_id": progress.user_id, "lesson_id": progress.lesson_id}
        at = progress.completed_at
        opened = at - timedelta(seconds=min(seconds, 3000))
        yield _row(EventName.CONTENT_VIEW, opened, **who)
        if kind != "text":
            yield _row(EventName.LESSON_WATCHED, at, **who, properties={"seconds": seconds})
        yield _row(EventName.LESSON_COMPLETED, at, **who)
    stopped = select(Enrollment).where(Enrollment.course_id.in_(courses), Enrollment.completed_at.is_(None))
    for enrolment in db.session.scalars(stopped.order_by(Enrollment.enrolled_at, Enrollment.course_id)):
        if enrolment.last_lesson_id is not None and dice.random() < LOOKED_INTO:
            at = min(enrolment.last_accessed_at + timedelta(minutes=9), now)
            yield _row(EventName.CONTENT_VIEW, at, enrolment.course_id, user_id=enrolment.user_id,
                       lesson_id=enrolment.last_lesson_id)  # fmt: skip
    finished = select(Enrollment).where(Enrollment.completed_at.is_not(None))
    for enrolment in db.session.scalars(finished.order_by(Enrollment.completed_at, Enrollment.course_id)):
        assert enrolment.completed_at is not None  # noqa: S101 - the query asks for it
        yield _row(EventName.COURSE_COMPLETED, enrolment.completed_at, enrolment.course_id,
                   user_id=enrolment.user_id)  # fmt: skip


def _since(course: Course) -> datetime:
    assert course.published_at is not None  # noqa: S101 - sold courses are published
    return course.published_at


def _row(name: EventName, at: datetime, course_id: Any, **more: Any) -> Row:
    empty: Row = {"user_id": None, "lesson_id": None, "visitor": "", "referrer": "", "properties": {}}
    row: Row = {**empty, "name": name.value, "created_at": at, "course_id": course_id, **more}
    if name == EventName.CONTENT_VIEW:
        row["properties"] = {"kind": "lesson" if row["lesson_id"] else "course"}
    return row
