"""The visitor of a request, as analytics events store it: anonymised here, and nowhere else."""

import uuid
from urllib.parse import urlsplit

from flask import request
from flask_login import current_user

from domain.base import clock
from domain.platform import events
from domain.platform.events import NOBODY, Visitor
from web.forms import one_line

LONGEST_AGENT = 255
LONGEST_SOURCE = 120
OWN_PAGES = "internal"


def record(
    name: str, course_id: uuid.UUID, creator_id: uuid.UUID, lesson_id: uuid.UUID | None = None
) -> None:
    """Record an analytics event of a course, unless the reader is its creator, an admin or a bot."""
    user = current_user if current_user.is_authenticated else None
    if is_watched() and (user is None or not (user.is_admin or user.id == creator_id)):
        events.record(name, course_id, lesson_id, of_request(user.id if user else None))


def is_watched() -> bool:
    """Tell whether a person will see the response: no bot, no prefetching browser."""
    ahead = "prefetch" in request.headers.get("Sec-Purpose", "")
    return not ahead and not events.is_machine(request.headers.get("User-Agent", ""))


def wants_no_trace() -> bool:
    """Tell whether the browser opts out of tracking (DNT, GPC): the visit counts, without visitor data."""
    headers = request.headers
    return headers.get("DNT") == "1" or headers.get("Sec-GPC") == "1"


def of_request(user_id: uuid.UUID | None) -> Visitor:
    """Build the visitor data of this request; none when it opts out."""
    if wants_no_trace():
        return NOBODY
    agent, ip = request.headers.get("User-Agent", ""), request.remote_addr or ""
    return Visitor(
        user_id=user_id,
        visitor=events.visitor_of(ip, agent, clock.now()),
        ip=events.truncated(ip),
        user_agent=_plain(agent[:LONGEST_AGENT]),
        referrer=_source(),
    )


def _source() -> str:
    """Return the campaign in the address (UTM), or the host of the referrer; "" when neither is known."""
    named = (one_line(request.args.get(name, "")[:100]) for name in ("utm_source", "utm_campaign"))
    campaign = " / ".join(part for part in named if part)
    if campaign:
        return campaign.lower()[:LONGEST_SOURCE]
    try:
        host = urlsplit(request.referrer or "").hostname or ""
    except ValueError:
        return ""
    if host == request.host.partition(":")[0]:
        return OWN_PAGES
    return _plain(host.removeprefix("www."))[:LONGEST_SOURCE]


def _plain(text: str) -> str:
    """Strip invisible characters; the common case, printable ASCII, takes a shortcut."""
    return text if text.isascii() and text.isprintable() else one_line(text)
