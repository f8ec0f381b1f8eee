"""The webhook inbox: an event is stored first, handled once, and only serves as a trigger.

The handler applies the present state of Stripe's object, so the order in which events arrive, and duplicates,
make no difference; neither does the API version of a snapshot. What is done for each type:
`stripe_event_table.py`.
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
from domain.commerce import stripe_event_table
from domain.commerce.stripe_event_table import Found
from models import StripeEvent, db, upsert
from payments import Event, RelatedObject

PATIENCE = timedelta(minutes=2)


@dataclass(frozen=True)
class Trigger:
    """An event to handle: what it is about by id, and by place if it is thin."""

    event_id: str
    type: str
    object_id: str
    related: RelatedObject | None


def receive(raw: bytes, header: str | None) -> None:
    """Verify and store a webhook request. Raises payments.NotFromStripe; then nothing was written."""
    settings: Settings = current_app.config["SETTINGS"]
    store(payments.read_event(raw, header, settings.stripe_webhook_secrets))


def store(event: Event) -> None:
    """Store the event and enqueue its handling, once.

    Irrelevant events, and those of the other mode (live, test), are only recorded.
    """
    ours = event.livemode == payments.is_live() and stripe_event_table.matters(event)
    if not ours:
        log.info("event %s (%s, livemode %s) has no effect", event.id, event.type, event.livemode)
    row = {
        "id": event.id, "type": event.type, "payload": event.payload, "received_at": clock.now(),
        "object_id": event.object_id,
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
    related = payments.related_object(event.payload)
    return Trigger(event.id, event.type, event.object_id, related)


def fetch_object(trigger: Trigger) -> Found:
    """Retrieve the object in its present state; None if Stripe doesn't have it, or a snapshot is enough.

    Raises PaymentUnavailable.
    """
    row = stripe_event_table.row_of(trigger.type)
    if row.fetch is not None:
        return row.fetch(trigger.object_id)
    return payments.find_object(trigger.related) if trigger.related else None


def end(trigger: Trigger, found: Found) -> None:
    """Apply what was found; "handled" is written in the same transaction as its effects."""
    event = db.session.get_one(StripeEvent, trigger.event_id)
    event.processed_at = clock.now()
    row = stripe_event_table.row_of(trigger.type)
    event.error = row.apply(row, event, found)


def fail(error: str, event_id: str) -> None:
    """Store the error of the last attempt with the event."""
    event = db.session.get(StripeEvent, event_id)
    if event is not None and event.processed_at is None:
        event.error = error
