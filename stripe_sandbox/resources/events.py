"""Events, which can be retrieved for 30 days."""

from __future__ import annotations

from ..endpoints import Call, Endpoint, pages, takes
from ..errors import missing_object
from ..parameters import Rows, Text, refused
from ..settings import DAY
from ..store import Body

KEPT_FOR = 30 * DAY


def retrieve(call: Call) -> Body:
    """`GET /v1/events/{id}`."""
    event = call.sandbox.get("event", call.ids["id"])
    if event["created"] < call.sandbox.now() - KEPT_FOR:
        raise missing_object("event", event["id"])
    return event


def index(call: Call) -> Body:
    """`GET /v1/events`: `type` or up to 20 `types`, with `*` at the end of a name."""
    params = call.params
    if "type" in params and "types" in params:
        raise refused(
            "You may only specify one of these parameters: type, types.", "types", "parameters_exclusive"
        )
    if "types" in params:
        params["type"] = params["types"]
    elif "type" in params:
        params["type"] = [params["type"]]
    oldest = call.sandbox.now() - KEPT_FOR
    created = params.setdefault("created", {})
    created["gte"] = max(created.get("gte", 0), oldest)
    return call.list("event", "created", "type")


ENDPOINTS = (
    Endpoint("GET", "/v1/events", pages(type=Text(), types=Rows(Text(), 20)), "event", index, listed=True),
    Endpoint("GET", "/v1/events/<id>", takes(), "event", retrieve),
)
