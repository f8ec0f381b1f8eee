"""Alerts about money at Stripe that changed nothing here; each object raises one alert.

If the order is known, the alert is stored with it, otherwise with the event. Either is listed on
/admin/alerts, and `flask ledger check` names it, until an admin has acknowledged it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from domain.base import clock
from domain.base.money import money
from domain.commerce import stripe_event_types
from domain.commerce.stripe_event_types import NoticeType
from domain.ledger import order_lock
from domain.platform import alerts
from domain.platform.audit_actions import AuditAction
from models import Order, Refund, RefundStatus, StripeEvent, db
from payments import Session, StripeRefund

MARK = "At Stripe: "
ACTION = AuditAction.STRIPE_NOTICE
AT_ORDER = "No effect here. An alert was raised for the order."
WITHOUT_ORDER = "No effect here, and no order matches this payment. An alert was raised."
MOST_OF_NAME = 100
LARGEST = 10**12


@dataclass(frozen=True)
class NoticeSubject:
    """The content of an alert: the key that it is raised once for, its text, and what leads to its order."""

    key: str
    telling: NoticeType
    named: str
    amount: object = None
    currency: object = None
    payment: str = ""
    metadata: object = None


def tell_of(event: StripeEvent, telling: NoticeType, about: dict[str, Any]) -> str:
    """Raise the alert `telling` about the object of `event`, described by `about`, unless there is one.

    Returns the remark to store with the event.
    """
    name, payment = _text(about.get("id")) or event.object_id, _text(about.get("payment_intent"))
    if stripe_event_types.plain(event.type).startswith("payment_intent."):
        payment = name
    amount: Any = next(
        (about[key] for key in ("amount_total", "amount", "amount_paid") if key in about), None
    )
    currency = about.get("currency")
    if isinstance(amount, dict):  # as API v2 writes amounts
        amount, currency = amount.get("value"), amount.get("currency")
    key = (payment if telling is stripe_event_types.UNASKED else "") or name or event.id
    if telling is stripe_event_types.OVERDRAWN:
        key = f"balance:{clock.now():%Y-%m-%d}"
    return _raise(event, NoticeSubject(key, telling, name, amount, currency, payment, about.get("metadata")))


def tell_of_payment(event: StripeEvent, session: Session) -> str:
    """Raise an alert about a paid session that belongs to no order of ours."""
    payment = session.payment_intent or ""
    key, amount = payment or session.id, session.amount_total
    return _raise(
        event,
        NoticeSubject(
            key, stripe_event_types.UNASKED, key, amount, session.currency, payment, session.metadata
        ),
    )


def tell_of_refunds(event: StripeEvent, strange: Sequence[StripeRefund]) -> str:
    """Raise an alert about refunds that we didn't request, unless they have one."""
    new = [refund for refund in strange if not _is_known(refund.id, _telling_of(refund).later)]
    told = new or list(strange)
    first = told[0]
    telling, names = _telling_of(first), ", ".join(refund.id for refund in told)
    amount = sum(refund.amount for refund in told)
    return _raise(
        event, NoticeSubject(first.id, telling, names, amount, first.currency, first.payment_intent or "")
    )


def after_completion(order: Order) -> str | None:
    """Keep the problem of a completed `order` if Stripe reported it; one about the checkout is resolved."""
    return order.problem if order.problem and MARK in order.problem else None


def sent_back(charge: dict[str, Any]) -> bool:
    """Tell whether we requested all that was refunded of a charge."""
    amount = charge.get("amount_refunded")
    rows = db.session.scalars(
        select(Refund.amount_cents).where(
            Refund.payment_intent_id == _text(charge.get("payment_intent")),
            Refund.status.in_((RefundStatus.PENDING, RefundStatus.SUCCEEDED)),
        )
    )
    return isinstance(amount, int) and sum(rows) >= amount


def is_overdrawn(balance: dict[str, Any]) -> bool:
    """Tell whether an available amount of `balance` is negative."""
    available = balance.get("available")
    amounts = [
        one.get("amount")
        for one in (available if isinstance(available, list) else [])
        if isinstance(one, dict)
    ]
    return any(isinstance(amount, int) and amount < 0 for amount in amounts)


def _raise(event: StripeEvent, subject: NoticeSubject) -> str:
    """Raise the alert at the order, or at the event without one. A known object is left alone."""
    order_id = _order_of(subject)
    if not _is_known(subject.key, subject.telling.later):
        event.told = _told(subject.key, subject.telling.later)
        db.session.flush()
        if order_id is None:
            event.problem = (
                f"{_sentence(event, subject)} Nothing was changed here. Check it in Stripe’s dashboard."
            )
            alerts.raise_without_order(event, ACTION, event.problem, subject.payment)
        else:
            by_hand = "Nothing was changed here. Update access and earnings yourself."
            alerts.raise_and_stop(order_lock.lock(order_id), ACTION, f"{_sentence(event, subject)} {by_hand}")
    return WITHOUT_ORDER if order_id is None else AT_ORDER


def _telling_of(refund: StripeRefund) -> NoticeType:
    return (
        stripe_event_types.CAME_BACK
        if refund.status in ("failed", "canceled")
        else stripe_event_types.SENT_BACK
    )


def _sentence(event: StripeEvent, subject: NoticeSubject) -> str:
    told = subject.telling
    what = told.happened if told is not stripe_event_types.UNKNOWN else f"{told.happened}: {event.type}"
    beside = [f"{told.noun} {subject.named[:MOST_OF_NAME] or 'unknown'}", _amount(subject)]
    if account := _text(event.payload.get("account") or event.payload.get("context")):
        beside.append(f"account {account[:MOST_OF_NAME]}")
    return f"{MARK}{what} ({', '.join(filter(None, beside))})."


def _amount(subject: NoticeSubject) -> str:
    """Format the amount; "" for anything invalid."""
    amount, currency = subject.amount, subject.currency
    if not isinstance(amount, int) or isinstance(amount, bool) or abs(amount) >= LARGEST:
        return ""
    if (
        not isinstance(currency, str)
        or len(currency) != 3
        or not currency.isascii()
        or not currency.isalpha()
    ):
        return ""
    return money(amount, currency)


def _told(key: str, later: bool) -> str:
    return f"{key[:255]} later" if later else key[:255]


def _is_known(key: str, later: bool) -> bool:
    """Tell whether this object has an alert; a `later` one is raised even after the first."""
    known = [_told(key, True)] if later else [_told(key, False), _told(key, True)]
    query = select(StripeEvent.id).where(StripeEvent.told.in_(known)).limit(1)
    return db.session.scalar(query) is not None


def _order_of(subject: NoticeSubject) -> Any:
    """Find the id of the payment's order: by our own records, or by the payment's metadata."""
    if subject.payment:
        for column, known in (
            (Order.id, Order.stripe_payment_intent_id),
            (Refund.order_id, Refund.payment_intent_id),
        ):
            if found := db.session.scalar(select(column).where(known == subject.payment).limit(1)):
                return found
    metadata = subject.metadata
    number = _text(metadata.get("order_number")) if isinstance(metadata, dict) else ""
    return db.session.scalar(select(Order.id).where(Order.number == number)) if number else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
