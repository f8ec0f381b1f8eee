"""Reports of products, which go to the moderation queue."""

from typing import Any

from sqlalchemy import ScalarSelect, select

from domain import Refused
from domain.catalog import kinds
from domain.community import review_reports
from domain.platform import moderation_queue
from models import ModerationKind, Product, Report, ReportReason, User, db, upsert


def report(user: User, product: Product, reason: ReportReason, note: str = "") -> None:
    """Report `product` to the admins; it stays on sale meanwhile.

    Refused for one's own, with an unverified address, for a second report, and beyond the daily limit.
    """
    noun = kinds.noun(product)
    if product.creator_id == user.id:
        raise Refused(own(product))
    if not user.is_verified:
        raise Refused(f"Confirm your email address first, then you can report a {noun}.")
    if before := standing(user, product):
        raise Refused(before)
    review_reports.check_limit(user)
    row = upsert(Report).values(product_id=product.id, user_id=user.id, reason=reason, note=note)
    made = row.on_conflict_do_nothing(index_elements=["product_id", "user_id"]).returning(Report.id)
    if db.session.scalar(made) is None:
        raise Refused(standing(user, product))
    moderation_queue.enqueue(ModerationKind.REPORT, product.id, product.title, product.creator_id)


def own(product: Product) -> str:
    """Say that `product` is the reader's."""
    return f"This is your own {kinds.noun(product)}."


def standing(user: User, product: Product) -> str:
    """Describe the state of the user's report; "" if they haven't reported the product."""
    return sentence(db.session.scalar(select(looked_at(user.id, product.id))), kinds.noun(product))


def looked_at(user: Any, product: Any) -> ScalarSelect[bool]:
    """Build the SQL expression "an admin has decided about `user`'s report of `product`".

    Both are values or columns. NULL where there is no report.
    """
    report = Report.__table__.c
    mine = (report.user_id == user) & (report.product_id == product)
    return (
        select(report.outcome.is_not(None)).where(mine).correlate_except(Report.__table__).scalar_subquery()
    )


def sentence(looked_at: bool | None, noun: str) -> str:
    """Describe that state to the person who reported a product called `noun`; "" for None."""
    if looked_at is None:
        return ""
    return f"You’ve reported this {noun}. " + (
        "We’ve looked into it." if looked_at else "We’ll look into it soon."
    )
