"""The webhook inbox: an event is stored first, handled once, and only serves as a trigger.

The handler applies the present state of Stripe's object, so the order in which events arrive, and duplicates,
make no difference.
"""

from dataclasses import dataclass
from datetime import timedelta

from flask import current_app
from sqlalchemy import select

import jobs
import payments
from config import Settings
from domain.base import clock
from domain.base.log import log
from domain.commerce import fulfilment, refunds, stripe_alerts, stripe_event_types
from domain.commerce.stripe_event_types import StripeObject
from models import StripeEvent, db, upsert
from payments import Event, Session, StripeRefund

PATIENCE = timedelta(minutes=2)


@dataclass(frozen=True)
class Trigger:
    """An event that makes us retrieve one of Stripe's objects; with `kind` None it only raises an alert."""

    event_id: str
    kind: StripeObject | None
    object_id: str


Found = Session | StripeRefund | list[StripeRefund] | None


def receive(raw: bytes, header: str | None) -> None:
    """Verify and store a webhook request. Raises payments.NotFromStripe; then nothing was written."""
    settings: Settings = current_app.config["SETTINGS"]
    store(payments.read_event(raw, header, settings.stripe_webhook_secrets))


def store(event: Event) -> None:
    """Store the event and enqueue its handling, once.

    Irrelevant events, and those of the other mode (live, test), are only recorded.
    """
    ours = event.livemode == payments.is_live() and stripe_event_types.matters(
        event.type, event.payload["data"]["object"]
    )
    if not ours:
        log.info("event %s (%s, livemode %s) has no effect", event.id, event.type, event.livemode)
    about = event.payload.get("data", {}).get("object", {}).get("id")
    row = {
        "id": event.id, "type": event.type, "payload": event.payload, "received_at": clock.now(),
        "object_id": about[:255] if isinstance(about, str) else "",
    }  # fmt: skip
    db.session.execute(
        upsert(StripeEvent)
        .values({**row, "processed_at": None if ours else clock.now()})
        .on_conflict_do_nothing(index_elements=["id"])
    )
    if db.session.scalar(select(StripeEvent.processed_at).where(StripeEvent.id == event.id)) is None:
        handle_soon(event.id)


def handle_soon(event_id: str) -> None:
    """Enqueue the handling of the event now, even if earlier attempts failed or are used up."""
    key = f"stripe_event:{event_id}"
    jobs.enqueue("process_stripe_event", key=key, event_id=event_id)
    jobs.hasten(key)


def unprocessed() -> list[str]:
    """List the ids of events that should have been handled by now."""
    query = select(StripeEvent.id).where(
        StripeEvent.processed_at.is_(None), StripeEvent.received_at < clock.now() - PATIENCE
    )
    return list(db.session.scalars(query.order_by(StripeEvent.received_at).limit(500)))


def begin(event_id: str) -> Trigger | None:
    """Plan the handling of an event; None if it was handled already."""
    event = db.session.get(StripeEvent, event_id)
    if event is None or event.processed_at is not None:
        return None
    event.attempts += 1
    about = event.payload["data"]["object"].get("id", "")
    return Trigger(event.id, stripe_event_types.APPLIED.get(event.type), about)


def fetch_object(trigger: Trigger) -> Found:
    """Retrieve the object in its present state; None if Stripe doesn't have it, or for an alert only.

    Raises PaymentUnavailable.
    """
    match trigger.kind:
        case StripeObject.SESSION:
            return payments.find_session(trigger.object_id)
        case StripeObject.PAYMENT:
            return payments.session_of(trigger.object_id)
        case StripeObject.REFUND:
            return payments.find_refund(trigger.object_id)
        case StripeObject.REFUNDS:
            return payments.refunds_of_charge(trigger.object_id)
    return None


def end(trigger: Trigger, found: Found) -> None:
    """Apply what was found; "handled" is written in the same transaction as its effects."""
    event = db.session.get_one(StripeEvent, trigger.event_id)
    event.processed_at = clock.now()
    event.error = _apply(event, trigger, found)


def _apply(event: StripeEvent, trigger: Trigger, found: Found) -> str | None:
    """Apply the object, or raise an alert; returns the remark to store with the event."""
    if isinstance(found, Session):
        order = fulfilment.fulfil(found)
        unasked = order is None and found.is_settled and found.amount_total
        return stripe_alerts.tell_of_payment(event, found) if unasked else None
    if found:
        made = [found] if isinstance(found, StripeRefund) else found
        strange = [refund for refund in made if not refunds.apply(refund)]
        return stripe_alerts.tell_of_refunds(event, strange) if strange else None
    if trigger.kind == StripeObject.REFUND and refunds.is_ours(trigger.object_id):
        return stripe_alerts.GONE
    return stripe_alerts.tell_of(event)


def fail(error: str, event_id: str) -> None:
    """Store the error of the last attempt with the event."""
    event = db.session.get(StripeEvent, event_id)
    if event is not None and event.processed_at is None:
        event.error = error
