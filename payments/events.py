"""Stripe's events: verified from webhooks, and listed through the API."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import stripe

from domain.base.log import log
from payments.client import ask, client

TOLERANCE_SECONDS = 300
MOST_EVENTS = 5000
MOST_TYPES = 20  # Stripe's limit for one list request
DEEPEST_EVENT = 64


class NotFromStripe(Exception):  # noqa: N818
    """A webhook request without a valid signature or event."""


@dataclass(frozen=True)
class Event:
    """An event of Stripe's. `object_id` is the id of its object, `payload` the whole event."""

    id: str
    type: str
    livemode: bool
    object_id: str
    payload: dict[str, Any]


def events_since(moment: datetime, types: Sequence[str]) -> list[Event]:
    """List the events of these `types` since `moment`, oldest first, at most MOST_EVENTS per MOST_TYPES
    types.

    Stripe keeps events for 30 days. Raises PaymentUnavailable.
    """
    groups = [types[first : first + MOST_TYPES] for first in range(0, len(types), MOST_TYPES)]
    return [event for group in groups for event in _events_since(moment, group)]


def _events_since(moment: datetime, types: Sequence[str]) -> list[Event]:
    params: Any = {"created": {"gte": int(moment.timestamp())}, "types": list(types), "limit": 100}

    def read() -> Iterator[Event]:
        for number, event in enumerate(client().v1.events.list(params).auto_paging_iter()):
            if number >= MOST_EVENTS:
                log.error("more than %s events since %s; the oldest are left out", MOST_EVENTS, moment)
                return
            try:
                yield _event(json.loads(str(event)))
            except (ValueError, KeyError, TypeError) as error:
                log.error("event %s can't be read and is passed over: %r", event.id, error)

    return list(reversed(ask(lambda: list(read()))))


def read_event(raw: bytes, header: str | None, secrets: Sequence[str]) -> Event:
    """Verify the signature of the raw body against any of `secrets`, and parse the event.

    Raises NotFromStripe for an invalid, missing or old signature and for anything but a snapshot event.
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
    """Parse an event; ValueError, KeyError or TypeError for what isn't one or can't be stored."""
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
    """Tell whether a JSON column can store it: at most `levels` deep, no NUL, lone surrogate or infinity."""
    if isinstance(value, dict):
        return levels > 0 and all(
            _is_keepable(name, 1) and _is_keepable(part, levels - 1) for name, part in value.items()
        )
    if isinstance(value, list):
        return levels > 0 and all(_is_keepable(part, levels - 1) for part in value)
    if isinstance(value, str):
        return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value)
    return not isinstance(value, float) or math.isfinite(value)
