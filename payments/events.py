"""Stripe's events: verified from webhooks, and listed through the API.

API v1 sends snapshots, which hold the object as it was. API v2 sends thin events (`v2.core.event`), which
only name the object and where it is retrieved; Stripe sends v1's types in this form too, as
"v1.charge.refunded".
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import stripe

from domain.base.log import log
from payments.client import PaymentRefused, PaymentUnavailable, ask, client

TOLERANCE_SECONDS = 300
MOST_EVENTS = 5000
MOST_TYPES = 20  # Stripe's limit for one list request
DEEPEST_EVENT = 64
THIN = "v2.core.event"
_PLACE = re.compile(r"/v[12](/[A-Za-z0-9_]+)+")


class NotFromStripe(Exception):  # noqa: N818
    """A webhook request without a valid signature or event."""


@dataclass(frozen=True)
class RelatedObject:
    """The object of a thin event: its id ("" for the account's only one), its path at Stripe, such as
    "/v2/core/accounts/acct_1", and the account (`context`) that retrieves it, "" for our own.
    """

    id: str
    place: str
    context: str


@dataclass(frozen=True)
class Event:
    """An event of Stripe's. `object_id` is the id of its object, `payload` the whole event.

    `about` is the object as a snapshot holds it, empty in a thin event. `created` is in Unix seconds, 0 if
    unknown.
    """

    id: str
    type: str
    livemode: bool
    object_id: str
    payload: dict[str, Any]

    @property
    def about(self) -> dict[str, Any]:
        """Return the object of a snapshot."""
        return about_of(self.payload)

    @property
    def is_thin(self) -> bool:
        """Tell whether the event only names its object."""
        return bool(self.payload["object"] == THIN)

    @property
    def created(self) -> int:
        """Return the time of a snapshot, by which lists are merged."""
        moment = self.payload.get("created")
        return moment if isinstance(moment, int) else 0


def about_of(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the object in the payload of a stored event; empty for a thin one."""
    about: dict[str, Any] = payload["data"]["object"] if payload.get("object") != THIN else {}
    return about


def related_object(payload: dict[str, Any]) -> RelatedObject | None:
    """Return the object that a stored thin event is about; None for a snapshot, or when it names none.

    Raises ValueError, KeyError or TypeError for a malformed one.
    """
    related = payload.get("related_object") if payload.get("object") == THIN else None
    if related is None:
        return None
    name, place, context = related.get("id") or "", related["url"], payload.get("context") or ""
    if not all(isinstance(part, str) and len(part) <= 255 and part.isprintable() for part in (name, context)):
        raise ValueError("an unusable related object")
    if len(place) > 500 or not _PLACE.fullmatch(place):
        raise ValueError("a place that isn't Stripe's")
    return RelatedObject(name, place, context)


def events_since(moment: datetime, types: Sequence[str]) -> list[Event]:
    """List the events of these `types` since `moment`, oldest first, at most MOST_EVENTS per MOST_TYPES
    types.

    Stripe takes MOST_TYPES types at a time, so several lists are merged. It keeps events for 30 days, and
    this list has snapshots only. Raises PaymentUnavailable.
    """
    groups = [types[first : first + MOST_TYPES] for first in range(0, len(types), MOST_TYPES)]
    found = [event for group in groups for event in _events_since(moment, group)]
    return sorted(found, key=lambda event: event.created)


def find_object(related: RelatedObject) -> dict[str, Any] | None:
    """Retrieve the object of a thin event in its present state, as JSON; None if Stripe doesn't have it.

    Raises PaymentUnavailable.
    """
    params: Any = {"stripe_context": related.context} if related.context else {}
    try:
        answer = ask(lambda: client().raw_request("get", related.place, **params))
    except PaymentRefused as refusal:
        log.warning("%s can't be retrieved: %s", related.place, refusal)
        if refusal.code in ("resource_missing", "not_found", "account_invalid"):
            return None
        raise PaymentUnavailable(str(refusal)) from refusal
    found = json.loads(answer.body)
    return found if isinstance(found, dict) else None


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

    Raises NotFromStripe for an invalid, missing or old signature and for anything but a snapshot or thin
    event.
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
    if body["object"] not in ("event", THIN):
        raise ValueError(f"an object of kind {body['object']!r}")
    if not _is_keepable(body, DEEPEST_EVENT):
        raise ValueError("a value that can't be kept")
    names = (body["id"], body["type"], _object_id(body))
    if not all(isinstance(name, str) and len(name) <= 255 and name.isprintable() for name in names):
        raise ValueError("an unusable id or type")
    if not names[0] or not names[1] or len(names[1]) > 100 or not isinstance(body["livemode"], bool):
        raise ValueError("an unusable id, type or livemode")
    return Event(names[0], names[1], body["livemode"], names[2], body)


def _object_id(body: dict[str, Any]) -> Any:
    if body["object"] == THIN:
        if not isinstance(body.get("related_object"), dict | None):
            raise TypeError("a related object that is none")
        related = related_object(body)
        return related.id if related else ""
    about = body["data"]["object"]
    if not isinstance(about, dict):
        raise TypeError("about no object")
    return about.get("id", "")


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
