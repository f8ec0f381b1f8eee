"""Thin events of API v2: they name an object, whose present state is retrieved at its path.

Stripe sends them from an event destination; here they go to the same address, signed with the same secrets.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

from .engine import Sandbox
from .errors import missing_object
from .store import THIN, Body

CREDITED = "v2.money_management.received_credit.succeeded"
CREDIT = {"value": 2500, "currency": "usd"}


def notify(sandbox: Sandbox, type: str, place: str, related: Body, context: str | None = None) -> Body:
    """Emit a thin event about `related`, an object of API v2, kept to be retrieved at `place`.

    `context` is the connected account that it happened to.
    """
    with sandbox.store.transaction():
        kept = {**related, "_place": place}
        known = sandbox.store.find(related["object"], related["id"])
        (sandbox.store.save if known else sandbox.store.add)(kept)
        event: Body = {
            "id": sandbox.ids.make("evt_test_6"),
            "object": THIN,
            "type": type,
            "created": written(sandbox.now()),
            "livemode": False,
            "reason": None,
            "related_object": {"id": related["id"], "type": related["object"], "url": place},
        }
        if context is not None:
            event["context"] = context
        return sandbox.send(event)


def receive_credit(sandbox: Sandbox) -> Body:
    """Let money arrive in a financial account."""
    id = sandbox.ids.make("rc_test_")
    credit: Body = {
        "id": id,
        "object": "v2.money_management.received_credit",
        "amount": CREDIT,
        "created": written(sandbox.now()),
        "livemode": False,
        "status": "succeeded",
    }
    return notify(sandbox, CREDITED, f"/v2/money_management/received_credits/{id}", credit)


def at(sandbox: Sandbox, place: str) -> Body:
    """Return the object or event kept at a path of API v2, or raise a 404 StripeError."""
    event = sandbox.store.find(THIN, place.removeprefix("/v2/core/events/"))
    if event is not None:
        return event
    for body in itertools.chain(*sandbox.store.dump().values()):
        if body.get("_place") == place:
            return body
    raise missing_object("object", place)


def written(moment: int) -> str:
    """Write Unix seconds as API v2 does."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
