"""Consistency checks of gifts: what was paid and has no owner is a gift that nobody has claimed."""

from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_, select

from models import AccessGrant, Gift, Purchase, PurchaseStatus, db


def gifts_have_their_owner() -> list[str]:
    """Check that a completed purchase has no owner exactly while it is a gift that nobody has claimed."""
    waits = and_(Gift.purchase_id.is_not(None), Gift.claimed_at.is_(None), Gift.ended_at.is_(None))
    wrong = or_(
        Purchase.is_gift != case((Gift.purchase_id.is_not(None), True), else_=False),
        Purchase.owner_id.is_(None) != case((waits, True), else_=False),
        Purchase.owner_id != Gift.claimed_by_id,
        Gift.ended_at.is_not(None),
    )
    query = (
        select(Purchase.id, Purchase.owner_id)
        .outerjoin(Gift, Gift.purchase_id == Purchase.id)
        .where(Purchase.status == PurchaseStatus.COMPLETED, wrong)
    )
    return [
        f"purchase {id_} of owner {owner} and its gift disagree" for id_, owner in db.session.execute(query)
    ]


def exchanged(grant: Any = AccessGrant) -> ColumnElement[bool]:
    """Build the SQL condition that a purchase's owner holds its product instead of what its shares name."""
    swapped = select(Gift.purchase_id).where(
        Gift.purchase_id == Purchase.id,
        Gift.exchanged_from_id.is_not(None),
        Purchase.product_id == grant.course_id,
    )
    return swapped.correlate(Purchase, AccessGrant).exists()
