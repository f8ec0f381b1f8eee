"""Links to Stripe's own pages for a connected account: onboarding, and its dashboard."""

from __future__ import annotations

from . import thin_events
from .engine import Sandbox
from .store import Body

KIND = "onboarding_link"
LIVES_SECONDS = 300
ONBOARDING, LOGIN = "/setup/c/", "/express/"


def make(sandbox: Sandbox, account: Body, refresh_url: str, return_url: str | None, base_url: str) -> Body:
    """Make a link to onboarding, which works once and for LIVES_SECONDS."""
    id = sandbox.ids.make("acctlink_")
    now = sandbox.now()
    return sandbox.store.add(
        {
            "id": id,
            "object": KIND,
            "account": account["id"],
            "created": thin_events.written(now),
            "expires_at": thin_events.written(now + LIVES_SECONDS),
            "refresh_url": refresh_url,
            "return_url": return_url,
            "url": f"{base_url}{ONBOARDING}{id}",
            "_created": now,
            "_visit": None,
        }
    )


def visit(sandbox: Sandbox, id: str) -> Body | None:
    """Use up a link; returns it with the name of this visit, None when it was used or is too old."""
    with sandbox.store.transaction():
        link = sandbox.store.find(KIND, id)
        if link is None or link["_visit"] or sandbox.now() >= link["_created"] + LIVES_SECONDS:
            return None
        link["_visit"] = sandbox.ids.make("visit_")
        return sandbox.store.save(link)
