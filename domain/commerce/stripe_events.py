"""The webhook inbox: an event is stored before anything else, handled once, and only ever a trigger.

What is applied is Stripe's object as it is when the handler looks, so the order in which events arrive,
and how often, makes no difference.
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
from domain.commerce import fulfilment, refunds, stripe_event_types, stripe_notices
from domain.commerce.stripe_event_types import Kind
from models import StripeEvent, db, upsert
from payments import Event, Session, StripeRefund

PATIENCE = timedelta(minutes=2)


@dataclass(frozen=True)
class Trigger:
    """An event that asks to look at one of Stripe's objects; `kind` is None when there is only to be told."""

    event_id: str
    kind: Kind | None
    object_id: str


Found = Session | StripeRefund | list[StripeRefund] | None


def receive(raw: bytes, header: str | None) -> None:
    """Take in what was posted to the webhook. Raises payments.NotFromStripe; then nothing was written."""
    settings: Settings = current_app.config["SETTINGS"]
    store(payments.read_event(raw, header, settings.stripe_webhook_secrets))


def store(event: Event) -> None:
    """Write the event down and have it handled soon, unless that has been done.

    Events that aren't about our money, or of the other mode (live, test), are only recorded.
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
    """Ask for the event to be handled now, also when earlier tries have failed or been used up."""
    key = f"stripe_event:{event_id}"
    jobs.enqueue("process_stripe_event", key=key, event_id=event_id)
    jobs.hasten(key)


def unprocessed() -> list[str]:
    """The ids of events that should have been handled by now."""
    query = select(StripeEvent.id).where(
        StripeEvent.processed_at.is_(None), StripeEvent.received_at < clock.now() - PATIENCE
    )
    return list(db.session.scalars(query.order_by(StripeEvent.received_at).limit(500)))


def begin(event_id: str) -> Trigger | None:
    """What the event asks to look at; nothing when it was handled already."""
    event = db.session.get(StripeEvent, event_id)
    if event is None or event.processed_at is not None:
        return None
    event.attempts += 1
    about = event.payload["data"]["object"].get("id", "")
    return Trigger(event.id, stripe_event_types.APPLIED.get(event.type), about)


def look(trigger: Trigger) -> Found:
    """Fetch the object as it is now; None when Stripe knows it no longer, or when there is only to be told.

    Raises PaymentUnavailable.
    """
    match trigger.kind:
        case Kind.SESSION:
            return payments.find_session(trigger.object_id)
        case Kind.PAYMENT:
            return payments.session_of(trigger.object_id)
        case Kind.REFUND:
            return payments.find_refund(trigger.object_id)
        case Kind.REFUNDS:
            return payments.refunds_of_charge(trigger.object_id)
    return None


def end(trigger: Trigger, found: Found) -> None:
    """Apply what was found; "handled" is written in the same transaction as its effects."""
    event = db.session.get_one(StripeEvent, trigger.event_id)
    event.processed_at = clock.now()
    event.error = _apply(event, trigger, found)


def _apply(event: StripeEvent, trigger: Trigger, found: Found) -> str | None:
    """Do what the object asks for, or tell of it; answers with what to write beside the event."""
    if isinstance(found, Session):
        order = fulfilment.settle(found)
        unasked = order is None and found.is_settled and found.amount_total
        return stripe_notices.tell_of_payment(event, found) if unasked else None
    if found:
        made = [found] if isinstance(found, StripeRefund) else found
        strange = [refund for refund in made if not refunds.apply(refund)]
        return stripe_notices.tell_of_refunds(event, strange) if strange else None
    if trigger.kind == Kind.REFUND and refunds.is_ours(trigger.object_id):
        return stripe_notices.GONE
    return stripe_notices.tell_of(event)


def fail(error: str, event_id: str) -> None:
    """Show beside the event why its last try failed."""
    event = db.session.get(StripeEvent, event_id)
    if event is not None and event.processed_at is None:
        event.error = error
