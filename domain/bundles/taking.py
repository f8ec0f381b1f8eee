"""Taking a bundle: the grants that it gives, paid or free, and what a refund takes back."""

from sqlalchemy import select

from domain import Refused
from domain.base import clock
from domain.bundles import contents, pricing
from domain.catalog import counters, kinds
from domain.learning import access, enrollment, progress
from models import AccessGrant, Bundle, GrantSource, Purchase, PurchaseShare, User, db


def deliver(line: Purchase) -> None:
    """Grant each course that `line` has a share of to its owner, by this purchase, and enroll them.

    Idempotent. Its receipt welcomes them, not a mail for each course.
    """
    bought = select(PurchaseShare.course_id).where(PurchaseShare.purchase_id == line.id)
    course_ids = sorted(db.session.scalars(bought))
    contents.lock(line.product_id, course_ids)
    for course_id in course_ids:
        enrollment.open_bought(line, course_id, welcome=False)
    counters.recount_holders(line.product_id)


def withdraw(line: Purchase) -> None:
    """Revoke the grants of `line`. Idempotent."""
    opened = select(AccessGrant.course_id).where(AccessGrant.purchase_id == line.id)
    contents.lock(line.product_id, db.session.scalars(opened))
    access.revoke(line.id)
    counters.recount_holders(line.product_id)


def take_free(buyer: User, bundle: Bundle) -> None:
    """Grant `buyer` the courses of `bundle` that they don't own, when all of that costs nothing.

    Idempotent. Raises Refused when they can't have it, or have to pay.
    """
    progress.lock(buyer.id)  # people are locked before products
    now = clock.now()
    parts = contents.parts_for(buyer, bundle, now)
    if parts and all(part.owned for part in parts) and bundle.creator_id != buyer.id:
        return
    if sentence := kinds.kind_of(bundle).refusal(buyer, bundle, now):
        raise Refused(sentence)
    if pricing.to_pay(parts):
        raise Refused("This bundle isn’t free. You can buy it on its page.")
    course_ids = sorted(part.course.id for part in parts if part.is_bought)
    contents.lock(bundle.id, course_ids)
    for course_id in course_ids:
        access.grant(buyer.id, course_id, GrantSource.FREE, bundle.id)
        enrollment.enroll(buyer.id, course_id)
    counters.recount_holders(bundle.id)
