"""A bundle that grows: whoever bought it before gets the new course as well, if its creator says so.

They get it by the purchase that they made, with a share of nothing: a refund of the bundle takes it back, and
the ledger sees that this purchase opens this course.
"""

import uuid
from collections.abc import Iterable

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import aliased

import jobs
from domain.base import sql
from domain.base.addresses import path_to
from domain.bundles import contents
from domain.catalog import counters, kinds
from domain.learning import access, enrollment
from domain.platform import notifications
from models import (
    AccessGrant,
    Bundle,
    BundleCourse,
    Course,
    GrantSource,
    NotificationKind,
    Product,
    Purchase,
    PurchaseShare,
    PurchaseStatus,
    User,
    db,
    upsert,
)

BATCH = 200


def is_sold(bundle: Product) -> bool:
    """Tell if somebody has bought or taken `bundle`."""
    bought = select(Purchase.id).where(
        Purchase.product_id == bundle.id, Purchase.status == PurchaseStatus.COMPLETED
    )
    taken = select(AccessGrant.id).where(_taken(bundle.id))
    return bool(db.session.scalar(select(bought.exists() | taken.exists())))


def begin(link: BundleCourse) -> None:
    """Enqueue the job that gives the course of `link` to earlier buyers, if it is meant for them."""
    if link.for_buyers:
        jobs.enqueue("give_to_bundle_buyers", bundle_id=str(link.bundle_id), course_id=str(link.course_id))


def give_to_buyers(bundle_id: str, course_id: str) -> None:
    """Give the course to everybody who has the bundle, and tell them. Idempotent; run by the worker.

    At most BATCH people in a transaction; the rest is a job again. Nothing happens once the course has been
    taken out again.
    """
    bundle: Bundle | None = db.session.get(Bundle, uuid.UUID(bundle_id))
    course: Course | None = db.session.get(Course, uuid.UUID(course_id))
    link = db.session.get(BundleCourse, (uuid.UUID(bundle_id), uuid.UUID(course_id)))
    if bundle is None or course is None or link is None or link.agreed_at is None or not link.for_buyers:
        return
    lines, people = _without(bundle.id, course.id)
    is_more = BATCH in (len(lines), len(people))
    _lock(bundle.id, course.id, lines, people)
    # A line may have been refunded before its buyer was locked.
    for line in (line for line in lines if line.status == PurchaseStatus.COMPLETED):
        _add_share(line, course)
        if line.owner_id not in (None, course.creator_id):
            enrollment.open_bought(line, course.id, welcome=False)
            _tell(line.owner_id, bundle, course)
    for user_id in people:
        access.grant(user_id, course.id, GrantSource.FREE, bundle.id)
        enrollment.enroll(user_id, course.id, welcome=False)
        _tell(user_id, bundle, course)
    counters.recount_holders(bundle.id)
    if is_more:
        begin(link)


def _lock(
    bundle_id: uuid.UUID, course_id: uuid.UUID, lines: Iterable[Purchase], people: Iterable[uuid.UUID]
) -> None:
    """Lock the people, before products as everywhere, and read the lines anew: refunds lock their buyers."""
    buyers = {user_id for line in lines for user_id in (line.user_id, line.owner_id) if user_id is not None}
    sql.lock_keys(User.__table__.c.id, buyers.union(people))
    anew = select(Purchase).where(Purchase.id.in_([line.id for line in lines]))
    db.session.scalars(anew, execution_options={"populate_existing": True}).all()
    contents.lock(bundle_id, [course_id])


def _without(bundle_id: uuid.UUID, course_id: uuid.UUID) -> tuple[list[Purchase], list[uuid.UUID]]:
    """List purchases of a bundle that don't hold a course yet, and people who took it without; BATCH each."""
    shares = select(PurchaseShare.id).where(
        PurchaseShare.purchase_id == Purchase.id, PurchaseShare.course_id == course_id
    )
    bought = (
        select(Purchase)
        .where(
            Purchase.product_id == bundle_id, Purchase.status == PurchaseStatus.COMPLETED, ~shares.exists()
        )
        .order_by(Purchase.id)
        .limit(BATCH)
    )
    given = aliased(AccessGrant)
    has = select(given.id).where(
        given.user_id == AccessGrant.user_id, given.course_id == course_id, given.source_id == bundle_id
    )
    taken = (
        select(AccessGrant.user_id)
        .where(_taken(bundle_id), ~has.exists())
        .distinct()
        .order_by(AccessGrant.user_id)
        .limit(BATCH)
    )
    return list(db.session.scalars(bought)), list(db.session.scalars(taken))


def _taken(bundle_id: uuid.UUID) -> ColumnElement[bool]:
    return (
        (AccessGrant.source == GrantSource.FREE)
        & (AccessGrant.source_id == bundle_id)
        & (AccessGrant.source_id != AccessGrant.course_id)
        & AccessGrant.revoked_at.is_(None)
    )


def _add_share(line: Purchase, course: Course) -> None:
    values = {
        "purchase_id": line.id, "creator_id": course.creator_id, "course_id": course.id,
        "list_cents": course.price_cents, "amount_cents": 0, "platform_fee_cents": 0,
        "creator_amount_cents": 0,
    }  # fmt: skip
    row = upsert(PurchaseShare).values(values)
    db.session.execute(row.on_conflict_do_nothing(index_elements=["purchase_id", "course_id"]))


def _tell(user_id: uuid.UUID | None, bundle: Bundle, course: Course) -> None:
    if user_id is None:
        return
    notifications.tell(
        user_id, NotificationKind.BUNDLE_GREW, f"“{course.title[:150]}” is yours now",
        f"It’s new in “{bundle.title}”, which you have. You don’t pay anything for it.",
        path_to("learn.course", course_slug=course.slug), kinds.entrance(course).label,
        key=f"bundle_grew:{bundle.id.hex}:{course.id.hex}",
    )  # fmt: skip
