"""Stripe, in our words: the only importer of `stripe`.

Every call answers with a small frozen value or raises one of the exceptions below. None may be made
while a database transaction is open: the network can take the whole timeout.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe
from flask import current_app

from config import Settings
from domain.base.log import log

TIMEOUT_SECONDS = (3.05, 10.0)
RETRIES = 2
TOLERANCE_SECONDS = 300
MOST_EVENTS = 5000
MOST_TYPES = 20  # that Stripe lists at once
DEEPEST_EVENT = 64

stripe.enable_telemetry = False


class PaymentUnavailable(Exception):  # noqa: N818 - a state of the world, not a fault of the caller
    """Stripe could not be asked, or did not answer: trying again later may help."""


class PaymentRefused(Exception):  # noqa: N818
    """Stripe understood and said no; `code` is Stripe's own, such as "amount_too_small"."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class KeySpent(Exception):  # noqa: N818
    """The idempotency key can't be used any more: Stripe keeps another request, or a failure, under it."""


class NotFromStripe(Exception):  # noqa: N818
    """What was posted to the webhook isn't an event signed with one of our secrets."""


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


@dataclass(frozen=True)
class StripeRefund:
    """A refund as Stripe has it now; `status` is pending, succeeded, failed or canceled."""

    id: str
    status: str
    payment_intent: str | None
    our_id: str | None
    amount: int
    currency: str


@dataclass(frozen=True)
class Event:
    """Something that happened at Stripe. `object_id` names what it is about, `payload` is all of it."""

    id: str
    type: str
    livemode: bool
    object_id: str
    payload: dict[str, Any]


def is_configured() -> bool:
    """Whether there is a key to call Stripe with."""
    return bool(_settings().stripe_secret_key)


def is_live() -> bool:
    """Whether the key moves real money."""
    return _settings().stripe_secret_key.startswith(("sk_live_", "rk_live_"))


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
    sessions = _client().v1.checkout.sessions
    return _session(_ask(lambda: sessions.create(params, {"idempotency_key": checkout.key})))


def find_session(session_id: str) -> Session | None:
    """The session as it is now; None when Stripe knows none of that id. Raises PaymentUnavailable."""
    if not session_id:
        return None
    sessions = _client().v1.checkout.sessions
    try:
        return _session(_ask(lambda: sessions.retrieve(session_id, {"expand": ["payment_intent"]})))
    except PaymentRefused as refusal:
        if refusal.code == "resource_missing":
            return None
        raise PaymentUnavailable(str(refusal)) from refusal


def session_of(payment_intent: str) -> Session | None:
    """The session that a payment was made through; None when there was none. Raises PaymentUnavailable."""
    sessions = _client().v1.checkout.sessions
    params: Any = {"payment_intent": payment_intent, "limit": 1, "expand": ["data.payment_intent"]}
    found = _listed(lambda: sessions.list(params).data) if payment_intent else []
    return _session(found[0]) if found else None


def expire_session(session_id: str) -> Session | None:
    """End the session so that it can't be paid, and answer how it really ended: it may just have been paid.

    Raises PaymentUnavailable.
    """
    try:
        _ask(lambda: _client().v1.checkout.sessions.expire(session_id))
    except PaymentRefused as refusal:
        log.info("session %s was not expired: %s", session_id, refusal)
    return find_session(session_id)


def refund(payment_intent: str, amount: int, refund_id: str) -> StripeRefund:
    """Send `amount` minor units back, once for each `refund_id` of ours however often it is asked for.

    A key is only remembered for a day, so what was made before is looked up first.
    Raises PaymentUnavailable, PaymentRefused.
    """
    known = [r for r in _refunds_of(payment_intent) if r.our_id == refund_id]
    if known:
        return known[0]
    params: Any = {
        "payment_intent": payment_intent,
        "amount": amount,
        "reason": "duplicate",
        "metadata": {"refund_id": refund_id},
    }
    refunds = _client().v1.refunds
    return _refund(_ask(lambda: refunds.create(params, {"idempotency_key": f"refund:{refund_id}"})))


def find_refund(refund_id: str) -> StripeRefund | None:
    """Stripe's refund of that id as it is now, or None. Raises PaymentUnavailable."""
    if not refund_id:
        return None
    try:
        return _refund(_ask(lambda: _client().v1.refunds.retrieve(refund_id)))
    except PaymentRefused:
        return None


def refunds_of_charge(charge: str) -> list[StripeRefund]:
    """What was sent back of a charge, newest first; nothing for one that Stripe doesn't know.

    Raises PaymentUnavailable.
    """
    refunds = _client().v1.refunds
    params: Any = {"charge": charge, "limit": 100}
    found = _listed(lambda: list(refunds.list(params).auto_paging_iter())) if charge else []
    return [_refund(one) for one in found]


def events_since(moment: datetime, types: Sequence[str]) -> list[Event]:
    """What happened since `moment`: MOST_TYPES types at a time, oldest first, at most MOST_EVENTS of them.

    Stripe keeps events for 30 days. Raises PaymentUnavailable.
    """
    groups = [types[first : first + MOST_TYPES] for first in range(0, len(types), MOST_TYPES)]
    return [event for group in groups for event in _events_since(moment, group)]


def _events_since(moment: datetime, types: Sequence[str]) -> list[Event]:
    params: Any = {"created": {"gte": int(moment.timestamp())}, "types": list(types), "limit": 100}

    def read() -> Iterator[Event]:
        for number, event in enumerate(_client().v1.events.list(params).auto_paging_iter()):
            if number >= MOST_EVENTS:
                log.error("more than %s events since %s; the oldest are left out", MOST_EVENTS, moment)
                return
            try:
                yield _event(json.loads(str(event)))
            except (ValueError, KeyError, TypeError) as error:
                log.error("event %s can't be read and is passed over: %r", event.id, error)

    return list(reversed(_ask(lambda: list(read()))))


def read_event(raw: bytes, header: str | None, secrets: Sequence[str]) -> Event:
    """The event in `raw`, the bytes as they were posted, signed with any one of `secrets`.

    Raises NotFromStripe for a bad, missing or old signature and for whatever isn't a snapshot event.
    """
    try:
        text = raw.decode()
        if not any(_is_signed(text, header, secret) for secret in secrets):
            raise NotFromStripe("No signature that fits.")
        return _event(json.loads(text))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotFromStripe(f"No event: {error!r}") from error


def _is_signed(text: str, header: str | None, secret: str) -> bool:
    try:
        return bool(stripe.WebhookSignature.verify_header(text, header, secret, TOLERANCE_SECONDS))
    except (stripe.SignatureVerificationError, ValueError, OverflowError):
        return False


def _event(body: Any) -> Event:
    """Read an event; ValueError, KeyError or TypeError for what isn't one, or what no database keeps."""
    if body["object"] != "event":
        raise ValueError(f"an object of kind {body['object']!r}")
    about = body["data"]["object"]
    if not isinstance(about, dict):
        raise TypeError("about no object")
    if not _is_keepable(body, DEEPEST_EVENT):
        raise ValueError("a value that can't be kept")
    names = (body["id"], body["type"], about.get("id", ""))
    if not all(isinstance(name, str) and len(name) <= 255 and name.isprintable() for name in names):
        raise ValueError("an unusable id or type")
    if not names[0] or not names[1] or len(names[1]) > 100 or not isinstance(body["livemode"], bool):
        raise ValueError("an unusable id, type or livemode")
    return Event(names[0], names[1], body["livemode"], names[2], body)


def _is_keepable(value: Any, levels: int) -> bool:
    """Whether JSON columns take it: not deeper than `levels`, without NUL, half a character or infinity."""
    if isinstance(value, dict):
        return levels > 0 and all(
            _is_keepable(name, 1) and _is_keepable(part, levels - 1) for name, part in value.items()
        )
    if isinstance(value, list):
        return levels > 0 and all(_is_keepable(part, levels - 1) for part in value)
    if isinstance(value, str):
        return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value)
    return not isinstance(value, float) or math.isfinite(value)


def _ask(call: Callable[[], Any]) -> Any:
    """Make one call; whatever the library raises becomes one of our exceptions."""
    try:
        return call()
    except stripe.IdempotencyError as error:
        log.error("an idempotency key was used twice with different parameters: %s", error)
        raise KeySpent(str(error)) from error
    except (stripe.InvalidRequestError, stripe.CardError) as error:
        raise PaymentRefused(error.user_message or str(error), error.code) from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        log.error("Stripe does not accept our key: %s", error)
        raise PaymentUnavailable(str(error)) from error
    except stripe.StripeError as error:
        if (error.headers or {}).get("Idempotent-Replayed") == "true":
            raise KeySpent(str(error)) from error
        raise PaymentUnavailable(str(error)) from error


def _listed(call: Callable[[], Any]) -> list[Any]:
    """What a list holds; nothing when what it is asked about isn't there."""
    try:
        return list(_ask(call))
    except PaymentRefused as refusal:
        if refusal.code == "resource_missing":
            return []
        raise PaymentUnavailable(str(refusal)) from refusal


def _refunds_of(payment_intent: str) -> list[StripeRefund]:
    refunds = _client().v1.refunds
    params: Any = {"payment_intent": payment_intent, "limit": 100}
    return [_refund(r) for r in _ask(lambda: list(refunds.list(params).auto_paging_iter()))]


def _session(found: Any) -> Session:
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


def _refund(found: Any) -> StripeRefund:
    metadata = found.metadata.to_dict() if found.metadata else {}
    status = "pending" if found.status == "requires_action" else found.status
    ours = metadata.get("refund_id")
    return StripeRefund(found.id, status, found.payment_intent, ours, found.amount, found.currency)


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _client() -> stripe.StripeClient:
    """The process's client; it keeps one connection for each thread."""
    settings = _settings()
    if not settings.stripe_secret_key:
        raise PaymentUnavailable("No Stripe key is set.")
    place = (settings.stripe_secret_key, settings.stripe_api_base)
    known = current_app.extensions.get("lectern_cache_stripe")
    if known is None or known[0] != place:
        client = stripe.StripeClient(
            settings.stripe_secret_key,
            base_addresses={"api": settings.stripe_api_base},
            max_network_retries=RETRIES,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        )
        known = current_app.extensions["lectern_cache_stripe"] = (place, client)
    found: stripe.StripeClient = known[1]
    return found
