"""Checkout Sessions: made, found, ended."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.base.log import log
from payments.client import PaymentRefused, PaymentUnavailable, ask, client, listed


@dataclass(frozen=True)
class Checkout:
    """What a buyer is asked to pay: whole minor units, and where Stripe sends them afterwards.

    `key` is the idempotency key; the same key must always come with the same values. `success_url`
    holds the literal {CHECKOUT_SESSION_ID}.
    """

    key: str
    order_id: str
    number: str
    title: str
    amount: int
    currency: str
    email: str
    success_url: str
    cancel_url: str


@dataclass(frozen=True)
class Session:
    """A Checkout Session as Stripe has it now.

    `status`: open, complete or expired. `payment_status`: paid, unpaid or no_payment_required.
    `payment_intent` and the intent's own status are None until somebody tried to pay.
    """

    id: str
    url: str | None
    status: str
    payment_status: str
    amount_total: int
    currency: str
    livemode: bool
    expires_at: datetime
    payment_intent: str | None
    payment_intent_status: str | None
    metadata: dict[str, str]
    client_reference_id: str | None

    @property
    def is_settled(self) -> bool:
        """Whether the money is there, or none was due."""
        return self.status == "complete" and self.payment_status in ("paid", "no_payment_required")

    @property
    def has_failed(self) -> bool:
        """Whether a slow payment was turned down: complete, unpaid, and its intent wants another method."""
        dead = self.payment_intent_status in ("requires_payment_method", "canceled")
        return self.status == "complete" and self.payment_status == "unpaid" and dead


def open_session(checkout: Checkout) -> Session:
    """Make the Checkout Session for `checkout`, or get the one that its key has made before.

    Raises PaymentUnavailable, PaymentRefused, KeySpent.
    """
    reference = {"order_id": checkout.order_id, "order_number": checkout.number}
    price = {
        "currency": checkout.currency,
        "unit_amount": checkout.amount,
        "product_data": {"name": checkout.title},
    }
    params: Any = {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "customer_email": checkout.email,
        "client_reference_id": checkout.order_id,
        "metadata": reference,
        "payment_intent_data": {"description": f"Order {checkout.number}", "metadata": reference},
        "adaptive_pricing": {"enabled": False},
        "success_url": checkout.success_url,
        "cancel_url": checkout.cancel_url,
        "expand": ["payment_intent"],
    }
    sessions = client().v1.checkout.sessions
    return read_session(ask(lambda: sessions.create(params, {"idempotency_key": checkout.key})))


def find_session(session_id: str) -> Session | None:
    """The session as it is now; None when Stripe knows none of that id. Raises PaymentUnavailable."""
    if not session_id:
        return None
    sessions = client().v1.checkout.sessions
    try:
        return read_session(ask(lambda: sessions.retrieve(session_id, {"expand": ["payment_intent"]})))
    except PaymentRefused as refusal:
        if refusal.code == "resource_missing":
            return None
        raise PaymentUnavailable(str(refusal)) from refusal


def session_of(payment_intent: str) -> Session | None:
    """The session that a payment was made through; None when there was none. Raises PaymentUnavailable."""
    sessions = client().v1.checkout.sessions
    params: Any = {"payment_intent": payment_intent, "limit": 1, "expand": ["data.payment_intent"]}
    found = listed(lambda: sessions.list(params).data) if payment_intent else []
    return read_session(found[0]) if found else None


def expire_session(session_id: str) -> Session | None:
    """End the session so that it can't be paid, and answer how it really ended: it may just have been paid.

    Raises PaymentUnavailable.
    """
    try:
        ask(lambda: client().v1.checkout.sessions.expire(session_id))
    except PaymentRefused as refusal:
        log.info("session %s was not expired: %s", session_id, refusal)
    return find_session(session_id)


def read_session(found: Any) -> Session:
    """Read a session; Stripe's objects are not dicts, so every field is asked for by name."""
    intent = found.payment_intent
    return Session(
        id=found.id,
        url=found.url,
        status=found.status,
        payment_status=found.payment_status,
        amount_total=found.amount_total,
        currency=found.currency,
        livemode=found.livemode,
        expires_at=datetime.fromtimestamp(found.expires_at, UTC),
        payment_intent=intent if intent is None or isinstance(intent, str) else intent.id,
        payment_intent_status=None if intent is None or isinstance(intent, str) else intent.status,
        metadata=found.metadata.to_dict() if found.metadata else {},
        client_reference_id=found.client_reference_id,
    )
