"""The queries of the studio's dashboard: sales per month, open tasks, news."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    CompoundSelect,
    Select,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    union_all,
)

from domain.base import clock, months
from domain.base.months import Month
from domain.catalog import counters
from domain.community import review_replies
from domain.community.reviews import hidden
from domain.payouts import earnings_page
from domain.payouts.earnings_page import Sale
from domain.platform import settings
from models import (
    Course,
    Earning,
    MediaAsset,
    MediaStatus,
    Product,
    ProductStatus,
    Review,
    UpdateState,
    User,
    UtcDateTime,
    db,
)

MONTHS = 12
NEWEST = 5
MOST_TASKS = 8
SOON = timedelta(days=30)
MOST_COUNTED = 100
BACK = timedelta(days=365)

earning, product, course, asset, review = (
    t.__table__.c for t in (Earning, Product, Course, MediaAsset, Review)
)


class StudioTask(NamedTuple):
    """An open task of a course: `what` is submit, notes, update, update_notes, expiring or media."""

    what: str
    course_id: uuid.UUID
    title: str
    until: datetime | None


class MonthSales(NamedTuple):
    """The number of sales in a month, and the creator's share in minor units."""

    month: Month
    sales: int
    earned_cents: int


class CreatorSummary(NamedTuple):
    """A creator's totals; `ratings` is the number of ratings, `rating` their average."""

    courses: int
    learners: int
    ratings: int
    rating: float


@dataclass(frozen=True)
class StudioOverview:
    """The data of the dashboard. `months` end with the present one, in the currency with most sales."""

    currency: str
    months: list[MonthSales]
    others: list[tuple[str, int]]
    standing: CreatorSummary
    tasks: list[StudioTask]
    unanswered: int
    sales: list[Sale]
    reviews: list[review_replies.ReceivedReview]


def load(creator: User) -> StudioOverview:
    """Load the dashboard of `creator`, in seven queries; in one for somebody without a course."""
    standing = _standing(creator)
    if not standing.courses:
        return StudioOverview(settings.current().currency, [], [], standing, [], 0, [], [])
    months_, currency, others = _months(creator)
    return StudioOverview(
        currency=currency,
        months=months_,
        others=others,
        standing=standing,
        tasks=_tasks(creator),
        unanswered=_unanswered(creator),
        sales=earnings_page.page(creator, None, None, NEWEST),
        reviews=review_replies.load(creator, None, None, False, "").rows[:NEWEST],
    )


def _standing(creator: User) -> CreatorSummary:
    row = db.session.connection().execute(_STANDING, {"creator": creator.id}).one()
    return CreatorSummary(row[0], int(row[1] or 0), int(row[2] or 0), float(row[3] or 0))


def _months(creator: User) -> tuple[list[MonthSales], str, list[tuple[str, int]]]:
    """Load the last months in the currency with most sales, and other currencies' sums of this month."""
    spans = months.last(MONTHS, clock.now(), months.zone_of(creator.timezone))
    bounds = {f"start_{number}": span.start for number, span in enumerate(spans)}
    rows = db.session.connection().execute(_MONTHS, {"creator": creator.id} | bounds).all()
    found = {(number, currency): (int(sales), int(cents)) for number, currency, sales, cents in rows}
    sold: dict[str, int] = {}
    for (_, currency), (sales, _) in found.items():
        sold[currency] = sold.get(currency, 0) + sales
    main = max(sold, key=lambda currency: (sold[currency], currency), default=settings.current().currency)
    sums = [MonthSales(span, *found.get((n, main), (0, 0))) for n, span in enumerate(spans)]
    others = [(c, cents) for (n, c), (_, cents) in sorted(found.items()) if n == MONTHS - 1 and c != main]
    return sums, main, others


def _tasks(creator: User) -> list[StudioTask]:
    given = {"creator": creator.id, "soon": clock.now() + SOON}
    rows = db.session.connection().execute(_TASKS, given).all()
    return [StudioTask(*row) for row in rows]


def _unanswered(creator: User) -> int:
    """Count the reviews of the last year without a reply, up to MOST_COUNTED."""
    given = {"creator": creator.id, "since": clock.now() - BACK}
    count: int = db.session.connection().execute(_UNANSWERED, given).scalar_one()
    return count


_MINE = and_(product.creator_id == bindparam("creator", type_=Uuid()), product.deleted_at.is_(None))
_STANDING = select(
    func.count(),
    counters.people_of(bindparam("creator", type_=Uuid())),
    func.sum(product.rating_count),
    func.sum(product.rating_avg * product.rating_count) / func.nullif(func.sum(product.rating_count), 0),
).where(_MINE)


def _by_month() -> CompoundSelect[Any]:
    """Build the query of sales per month and currency: one index range scan per month in a UNION.

    Grouping by a computed month takes three times as long.
    """
    starts = [bindparam(f"start_{number}", type_=UtcDateTime()) for number in range(MONTHS)]
    sales = func.sum(case((earning.amount_cents > 0, 1), else_=0))
    return union_all(
        *(
            select(literal(number), earning.currency, sales, func.sum(earning.amount_cents))
            .where(
                earning.creator_id == bindparam("creator", type_=Uuid()),
                earning.created_at >= start,
                *((earning.created_at < starts[number + 1],) if number + 1 < MONTHS else ()),
            )
            .group_by(earning.currency)
            for number, start in enumerate(starts)
        )
    )


def _to_do() -> Select[Any]:
    """Build the query of the tasks: courses that need their creator, and failed recordings."""
    runs_out = and_(
        product.status == ProductStatus.PUBLISHED, course.expires_at < bindparam("soon", type_=UtcDateTime())
    )
    what = case(
        (product.status == ProductStatus.REJECTED, "notes"),
        (course.update_state == UpdateState.RETURNED, "update_notes"),
        (runs_out, "expiring"),
        (course.update_state == UpdateState.EDITING, "update"),
        else_="submit",
    )
    asks = or_(
        product.status.in_((ProductStatus.DRAFT, ProductStatus.REJECTED)),
        course.update_state.in_((UpdateState.EDITING, UpdateState.RETURNED)),
        runs_out,
    )
    own = Product.__table__.join(Course.__table__, course.id == product.id)
    until = case((runs_out, course.expires_at))
    courses = select(
        what.label("what"), product.id, product.title, until.label("until"), product.updated_at
    ).select_from(own)
    failed = (
        select(literal("media"), product.id, product.title, null(), asset.updated_at)
        .select_from(MediaAsset.__table__.join(Product.__table__, product.id == asset.course_id))
        .where(_MINE, asset.status == MediaStatus.ERROR)
    )
    found = union_all(courses.where(_MINE, asks), failed).subquery().c
    return (
        select(found.what, found.id, found.title, found.until)
        .order_by(found.updated_at.desc(), found.id)
        .limit(MOST_TASKS)
    )


_MONTHS = _by_month()
_TASKS = _to_do()
_WAITING = (
    select(review.id)
    .select_from(Product.__table__.join(Review.__table__, review.product_id == product.id))
    .where(_MINE, not_(hidden()), review.reply == "")
    .where(review.created_at >= bindparam("since", type_=UtcDateTime()))
    .limit(MOST_COUNTED)
)
_UNANSWERED = select(func.count()).select_from(_WAITING.subquery())
