"""Checkout Sessions: create, retrieve, expire."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.base.log import log
from payments.client import PaymentRefused, PaymentUnavailable, ask, client, listed


@dataclass(frozen=True)
class Line:
    """A line of a Checkout Session; `amount` is in whole minor units."""

    title: str
    amount: int


@dataclass(frozen=True)
class Checkout:
    """The parameters of a Checkout Session: its lines, and the return addresses.

    `key` is the idempotency key; the same key must always come with the same values. `success_url` holds the
    literal {CHECKOUT_SESSION_ID}.
    """

    key: str
    order_id: str
    number: str
    lines: tuple[Line, ...]
    currency: str
    email: str
    success_url: str
    cancel_url: str


@dataclass(frozen=True)
class Session:
    """A Checkout Session in its present state.

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
        """Tell whether it is paid, or nothing was due."""
        return self.status == "complete" and self.payment_status in ("paid", "no_payment_required")

    @property
    def has_failed(self) -> bool:
        """Tell whether a delayed payment failed: complete, unpaid, and its intent needs another method."""
        dead = self.payment_intent_status in ("requires_payment_method", "canceled")
        return self.status == "complete" and self.payment_status == "unpaid" and dead


def open_session(checkout: Checkout) -> Session:
    """Create the Checkout Session for `checkout`, or get the one created with its idempotency key before.

    Raises PaymentUnavailable, PaymentRefused, KeySpent.
    """
    reference = {"order_id": checkout.order_id, "order_number": checkout.number}
    prices = [
        {"currency": checkout.currency, "unit_amount": line.amount, "product_data": {"name": line.title}}
        for line in checkout.lines
    ]
    params: Any = {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1} for price in prices],
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
    """Retrieve a session in its present state; None for an unknown id. Raises PaymentUnavailable."""
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
    """Find the session of a payment intent; None if there was none. Raises PaymentUnavailable."""
    sessions = client().v1.checkout.sessions
    params: Any = {"payment_intent": payment_intent, "limit": 1, "expand": ["data.payment_intent"]}
    found = listed(lambda: sessions.list(params).data) if payment_intent else []
    return read_session(found[0]) if found else None


def expire_session(session_id: str) -> Session | None:
    """Expire the session and return its true state: it may have been paid a moment before.

    Raises PaymentUnavailable.
    """
    try:
        ask(lambda: client().v1.checkout.sessions.expire(session_id))
    except PaymentRefused as refusal:
        log.info("session %s was not expired: %s", session_id, refusal)
    return find_session(session_id)


def read_session(found: Any) -> Session:
    """Convert Stripe's session object."""
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
