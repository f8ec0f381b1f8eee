"""A year of the demo: orders spread over twelve months, progress, reviews. Deterministic."""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from demo import coupons, taxes
from demo.coupons import DemoCoupons
from domain.base import percent
from domain.catalog import pricing
from domain.commerce import order_lines, quoting
from domain.coupons.amounts import fee as fee_of
from domain.documents import invoices
from domain.tax.treatment import UNTAXED
from models import (
    AccessGrant,
    Coupon,
    Course,
    Earning,
    Enrollment,
    EnrollmentStatus,
    GrantSource,
    Lesson,
    LessonProgress,
    Module,
    Order,
    OrderStatus,
    Purchase,
    PurchaseShare,
    PurchaseStatus,
    Review,
    ReviewVote,
    User,
    course_prerequisites,
    db,
)

FEE_PERCENT = 30
REFUND_DAYS = 30
ORDERS_PER_WEIGHT = 0.34
# Shares of a course that learners complete: some all of it, most a part, a few nothing.
SHARES = (0.0, 0.2, 0.4, 0.5, 0.7, 1.0, 1.0)


@dataclass(frozen=True)
class Sale:
    """A sale of a course to a learner at a time, drawn by `spread`."""

    course: Course
    learner: User
    at: datetime


def spread(
    courses: dict[str, Course], weights: dict[str, int], learners: list[User], now: datetime
) -> list[Sale]:
    """Draw each course's sales, spread over the days since its publication, oldest first."""
    dice = random.Random("lectern: a year of orders")
    sales = []
    for slug in sorted(courses):
        course = courses[slug]
        if course.published_at is None:
            continue
        count = min(len(learners), max(2, round(weights.get(slug, 10) * ORDERS_PER_WEIGHT)))
        days = max(1, min(364, (now - course.published_at).days - 1))
        for learner in dice.sample(learners, count):
            moment = now - timedelta(days=dice.uniform(0.5, days), minutes=dice.randrange(600))
            sales.append(Sale(course, learner, max(moment, course.published_at)))
    return sorted(sales, key=lambda sale: (sale.at, sale.course.slug))


def add_sales(sales: list[Sale], now: datetime, codes: DemoCoupons) -> None:
    """Insert each sale with everything a real one creates; free courses only get an enrolment."""
    dice = random.Random("lectern: progress")
    lessons = _lessons_by_course()
    needed = _needed_first()
    steps = [(dice.choice(SHARES), dice.randrange(6, 60)) for _ in sales]
    finished = {
        (sale.learner.id, sale.course.id) for sale, (share, _) in zip(sales, steps, strict=True) if share == 1
    }
    for number, (sale, (share, hours)) in enumerate(zip(sales, steps, strict=True), 1):
        if any((sale.learner.id, first) not in finished for first in needed.get(sale.course.id, ())):
            share = 0.0  # Its lessons are locked until they complete the other course.
        bought = None if sale.course.price_cents == 0 else purchase(sale, number, coupon=codes.choose(sale))
        db.session.add(
            AccessGrant(
                user_id=sale.learner.id,
                course_id=sale.course.id,
                source=GrantSource.PURCHASE if bought else GrantSource.FREE,
                source_id=bought.id if bought else sale.course.id,
                purchase_id=bought.id if bought else None,
                granted_at=sale.at,
            )
        )
        _add_progress(sale, lessons[sale.course.id], share, timedelta(hours=hours), now)
        sale.course.holder_count += 1
        sale.course.purchase_count += bought is not None
    db.session.flush()


def _needed_first() -> dict[uuid.UUID, list[uuid.UUID]]:
    """Map each course's id to the ids of the prerequisites that lock it."""
    table = course_prerequisites.c
    pairs = select(table.course_id, table.prerequisite_id).where(table.locks_since.is_not(None))
    needed: dict[uuid.UUID, list[uuid.UUID]] = {}
    for course_id, first in db.session.execute(pairs):
        needed.setdefault(course_id, []).append(first)
    return needed


def purchase(sale: Sale, number: int, is_gift: bool = False, coupon: Coupon | None = None) -> Purchase:
    """Insert the paid order of a sale; a gift has no owner yet."""
    course, price = sale.course, sale.course.price_cents
    off = coupons.discount(coupon, price, course.currency)
    country, rate, tax = taxes.of_sale(number, sale.at, 0 if off else price)
    amount = price - off - tax
    fee = fee_of(price - tax, off, FEE_PERCENT, coupon.borne_by if coupon is not None else None)
    order = Order(
        number=f"LN-{sale.at:%Y}-D{number:05}",
        user_id=sale.learner.id,
        cart_key=str(course.id),
        subtotal_cents=price,
        discount_cents=off,
        tax_cents=tax,
        total_cents=amount + tax,
        currency=course.currency,
        status=OrderStatus.COMPLETED,
        stripe_session_id=f"cs_demo_{number:05}",
        stripe_payment_intent_id=f"pi_demo_{number:05}",
        created_at=sale.at,
        completed_at=sale.at + timedelta(minutes=2),
    )
    taxes.tell(order, country)
    db.session.add(order)
    db.session.flush()
    if coupon is not None:
        coupons.redeem(coupon, order)
    line = Purchase(
        order_id=order.id,
        user_id=sale.learner.id,
        owner_id=None if is_gift else sale.learner.id,
        is_gift=is_gift,
        product_id=course.id,
        product_snapshot=pricing.snapshot(course),
        price_cents=price,
        discount_cents=off,
        amount_cents=amount,
        tax_cents=tax,
        tax_rate_bp=rate,
        currency=course.currency,
        status=PurchaseStatus.COMPLETED,
        created_at=sale.at,
    )
    share = PurchaseShare(
        purchase=line,
        creator_id=course.creator_id,
        course_id=course.id,
        list_cents=price,
        amount_cents=amount,
        platform_fee_cents=fee,
        creator_amount_cents=amount - fee,
        created_at=sale.at,
    )
    db.session.add_all([line, share])
    db.session.flush()
    db.session.add(
        Earning(
            creator_id=course.creator_id,
            share_id=share.id,
            key=f"sale:{share.id.hex}",
            amount_cents=share.creator_amount_cents,
            currency=course.currency,
            available_at=sale.at + timedelta(days=REFUND_DAYS),
            created_at=sale.at,
        )
    )
    return line


def issue_invoices() -> None:
    """Issue the invoice of every paid order, in the order in which they were completed."""
    paid = select(Order).where(Order.completed_at.is_not(None)).order_by(Order.completed_at, Order.number)
    db.session.flush()
    lines = paid.options(selectinload(Order.purchases)).execution_options(populate_existing=True)
    for order in db.session.scalars(lines).all():
        invoices.issue(order, order.completed_at)


def add_payment_under_way(learner: User, course: Course, now: datetime) -> None:
    """Insert an order that a bank is still paying; without a session, so that it stays for a day."""
    asked = now - timedelta(minutes=20)
    order = Order(
        number=f"LN-{asked:%Y}-BANK", user_id=learner.id, cart_key=str(course.id), currency=course.currency,
        subtotal_cents=course.price_cents, total_cents=course.price_cents, status=OrderStatus.PENDING,
        created_at=asked, confirming_since=asked,
    )  # fmt: skip
    db.session.add(order)
    db.session.flush()
    quote = quoting.quote_order(learner, [quoting.Wanted(course)], "", UNTAXED, asked)
    for line in order_lines.freeze(order, quote, learner):
        line.created_at = asked


def begin(sale: Sale, now: datetime) -> None:
    """Enroll the learner of a sale, with some of the lessons completed."""
    _add_progress(sale, _lessons_by_course()[sale.course.id], 0.4, timedelta(hours=20), now)


def _lessons_by_course() -> dict[Any, list[Lesson]]:
    query = select(Lesson).join(Module).order_by(Lesson.course_id, Module.position, Lesson.position)
    found: dict[Any, list[Lesson]] = {}
    for lesson in db.session.scalars(query):
        found.setdefault(lesson.course_id, []).append(lesson)
    return found


def _add_progress(sale: Sale, lessons: list[Lesson], share: float, pace: timedelta, now: datetime) -> None:
    """Complete `share` (0 to 1) of the lessons, one every `pace`, never in the future."""
    done = round(len(lessons) * share)
    pace = min(pace, (now - sale.at) / (done + 1))
    moment = sale.at
    for lesson in lessons[:done]:
        moment += pace
        db.session.add(
            LessonProgress(
                user_id=sale.learner.id,
                lesson_id=lesson.id,
                position_seconds=0,
                watched_seconds=lesson.duration_seconds if lesson.kind != "text" else 0,
                watched=[[0, lesson.duration_seconds]] if lesson.kind != "text" else [],
                started_at=moment,
                completed_at=moment,
            )
        )
    finished = done == len(lessons)
    db.session.add(
        Enrollment(
            user_id=sale.learner.id,
            course_id=sale.course.id,
            status=EnrollmentStatus.COMPLETED if finished else EnrollmentStatus.ACTIVE,
            progress_percent=percent.whole(done, len(lessons)),
            last_lesson_id=lessons[min(done, len(lessons) - 1)].id if done else None,
            total_watch_seconds=sum(x.duration_seconds for x in lessons[:done] if x.kind != "text"),
            enrolled_at=sale.at,
            completed_at=moment if finished else None,
            last_accessed_at=moment,
        )
    )


def add_reviews(
    rows: list[dict[str, Any]], courses: dict[str, Course], sales: list[Sale], now: datetime
) -> list[tuple[Review, dict[str, Any]]]:
    """Give each review to the next owner of its course, and count it in the course's rating.

    Returns the reviews, each with its source row.
    """
    written = []
    dice = random.Random("lectern: helpful votes")
    owners: dict[str, Iterator[Sale]] = {
        slug: iter([sale for sale in sales if sale.course.slug == slug]) for slug in courses
    }
    everyone = sorted({sale.learner.email: sale.learner for sale in sales}.items())
    for row in rows:
        sale = next(owners[row["course"]], None)
        if sale is None:
            continue
        voters = [user for _, user in dice.sample(everyone, dice.choice((0, 0, 1, 2, 3, 5, 8)))]
        moment = max(now - timedelta(days=row["days_ago"]), sale.at + timedelta(hours=20))
        review = Review(
            user_id=sale.learner.id,
            product_id=sale.course.id,
            rating=row["rating"],
            comment=row["comment"],
            created_at=min(moment, now - timedelta(minutes=5)),
            helpful_count=sum(voter.id != sale.learner.id for voter in voters),
            reply=row.get("reply", ""),
        )
        if review.reply:
            review.replied_at = min(review.created_at + timedelta(hours=30), now - timedelta(minutes=1))
        db.session.add(review)
        db.session.flush()
        votes = [ReviewVote(review_id=review.id, user_id=v.id) for v in voters if v.id != sale.learner.id]
        db.session.add_all(votes)
        written.append((review, row))
    _count_ratings(courses)
    return written


def _count_ratings(courses: dict[str, Course]) -> None:
    by_id = {course.id: course for course in courses.values()}
    query = select(Review.product_id, func.count(), func.avg(Review.rating)).group_by(Review.product_id)
    for product_id, count, average in db.session.execute(query):
        by_id[product_id].rating_count, by_id[product_id].rating_avg = count, round(float(average), 4)
