"""The facts of a request for a refund: what was bought when, and how much of it has been used."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from domain.learning import consumption
from domain.learning.consumption import Consumption
from domain.platform import settings
from domain.refunds import policy
from domain.refunds.policy import Facts
from models import Earning, Order, Purchase, PurchaseShare, RefundRequest, RequestDecision, RequestKind, db

DAY, YEAR = timedelta(days=1), timedelta(days=365)


@dataclass(frozen=True)
class Use:
    """The use of a line by its owner; `opened_at` is the first lesson opened after it was paid."""

    share_percent: int
    finished: bool
    opened_at: datetime | None


def of_order(order: Order, at: datetime) -> dict[uuid.UUID, Facts]:
    """Gather the facts of each line of a paid order, with its purchases and their shares loaded.

    Six queries at most, however many lines there are.
    """
    days = max(0, (at - _paid(order)).days)
    allowed, before, uses = promised_days(order), _refunds_before(order.user_id, at), uses_of(order)
    return {line.id: _facts(line, uses[line.id], days, allowed, before) for line in order.purchases}


def uses_of(order: Order) -> dict[uuid.UUID, Use]:
    """Find what the owners of the lines of a paid order have used of them; three queries at most."""
    owners = {line.owner_id for line in order.purchases if line.owner_id is not None}
    courses = {share.course_id for line in order.purchases for share in line.shares}
    lengths = consumption.lengths(courses) if courses else {}
    used = consumption.of(owners, courses, _paid(order)) if owners and courses else {}
    found = {}
    for line in order.purchases:
        theirs = {share.course_id for share in line.shares}
        own = [used.get((line.owner_id, course_id), consumption.NOTHING) for course_id in theirs]  # type: ignore[arg-type]
        percent = consumption.share(own, [lengths[course_id] for course_id in theirs])
        found[line.id] = _use(own, percent)
    return found


def promised_days(order: Order) -> int:
    """Return the refund period in days that was promised when `order` was paid, as kept with its earnings.

    At least LEAST_DAYS in a shop whose buyers have the EU's right of withdrawal.
    """
    promised = (
        select(func.max(Earning.available_at))
        .join(PurchaseShare, PurchaseShare.id == Earning.share_id)
        .join(Purchase, Purchase.id == PurchaseShare.purchase_id)
        .where(Purchase.order_id == order.id, Earning.key.startswith("sale:"))
    )
    site, until = settings.current(), db.session.scalar(promised)
    days = round((until - _paid(order)) / DAY) if until is not None else site.refund_window_days
    return max(days, policy.LEAST_DAYS) if site.withdrawal_on else days


def _facts(line: Purchase, use: Use, days: int, allowed: int, before: int) -> Facts:
    if line.is_gift:
        return Facts(days, allowed, 0, False, before, gift_opened=use.opened_at is not None)
    return Facts(days, allowed, use.share_percent, use.finished, before)


def _use(own: Collection[Consumption], percent: int) -> Use:
    opened = [one.opened_at for one in own if one.opened_at is not None]
    return Use(percent, any(one.finished for one in own), min(opened, default=None))


def _refunds_before(user_id: uuid.UUID, at: datetime) -> int:
    query = select(func.count(RefundRequest.id)).where(
        RefundRequest.asked_by_id == user_id, RefundRequest.kind == RequestKind.POLICY,
        RefundRequest.decision == RequestDecision.APPROVED, RefundRequest.created_at > at - YEAR,
    )  # fmt: skip
    return db.session.scalar(query) or 0


def _paid(order: Order) -> datetime:
    return order.completed_at or order.created_at
