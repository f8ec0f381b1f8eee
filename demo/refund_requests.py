"""Requests for refunds of the demo: one that needs a person, one that was declined, and two declarations."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from domain.platform import moderation_queue, settings
from models import (
    ModerationKind,
    Order,
    OrderStatus,
    PlatformSettings,
    Purchase,
    PurchaseStatus,
    RefundReason,
    RefundRequest,
    RequestDecision,
    RequestKind,
    User,
    Withdrawal,
    WithdrawalState,
    db,
)

FACTS = {"days_allowed": 30, "finished": False, "refunds_before": 0, "gift_opened": False}
WORDS = "I knew most of this already. The examples are good, but I was looking for something more advanced."


def add_requests(learner: User, now: datetime) -> None:
    """Insert requests for recent lines of people other than `learner`, and turn the right to withdraw on."""
    db.session.get_one(PlatformSettings, 1).withdrawal_on = True
    settings.forget()
    recent = (
        select(Purchase)
        .join(Order, Order.id == Purchase.order_id)
        .where(
            Order.status == OrderStatus.COMPLETED, Purchase.status == PurchaseStatus.COMPLETED,
            Purchase.amount_cents > 0, Purchase.is_gift.is_(False), Purchase.user_id != learner.id,
            Order.completed_at > now - timedelta(days=25),
        )
        .options(joinedload(Purchase.order))
        .order_by(Order.completed_at.desc(), Purchase.id)
        .limit(2)
    )  # fmt: skip
    lines = list(db.session.scalars(recent))
    for line, used in zip(lines, (46, 81), strict=False):
        _ask(line, used, now, is_declined=used > 50)
    _declare("Maja Lindqvist", "maja@example.com", "LN-2611-7KQ3-M9XX", "", now - timedelta(hours=5))
    _declare("Piet de Boer", "piet@example.com", "", "The course about databases", now - timedelta(days=2))


def _ask(line: Purchase, used: int, now: datetime, is_declined: bool) -> None:
    at, ending = now - timedelta(hours=7), "we don’t refund it" if is_declined else "a person decides"
    request = RefundRequest(
        purchase_id=line.id, asked_by_id=line.user_id, kind=RequestKind.POLICY, words=WORDS,
        reason=RefundReason.NOT_EXPECTED, created_at=at, rule="used",
        facts={**FACTS, "days": (now - (line.order.completed_at or now)).days, "share_percent": used},
        sentence=f"You’ve used {used}% of it, so {ending}.",
        decision=RequestDecision.REFUSED if is_declined else RequestDecision.WAITING,
        decided_at=at if is_declined else None,
    )  # fmt: skip
    db.session.add(request)
    db.session.flush()
    if not is_declined:
        title = f"{line.product_snapshot['title'][:150]}, order {line.order.number}"
        moderation_queue.enqueue(ModerationKind.REFUND, request.id, title, line.user_id).created_at = at


def _declare(name: str, email: str, number: str, items: str, at: datetime) -> None:
    handled = at + timedelta(hours=3) if items else None
    db.session.add(
        Withdrawal(
            key=uuid.uuid4(), name=name, email=email, order_number=number, items=items, declared_at=at,
            state=WithdrawalState.UNCLEAR, handled_at=handled,
        )
    )  # fmt: skip
