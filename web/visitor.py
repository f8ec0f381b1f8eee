"""The visitor of a request, as analytics events store it: anonymised here, and nowhere else."""

import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, after_this_request, g, request
from flask_login import current_user

from domain.base import clock
from domain.platform import events
from domain.platform.event_registry import EventName
from domain.platform.events import NOBODY, Visitor
from models import Bundle, CartItem
from web import hypermedia
from web.forms import one_line

LONGEST_AGENT = 255
LONGEST_SOURCE = 120
LONGEST_QUERY = 100
WORKPLACES = ("admin", "studio", "dev", "media")
OWN_PAGES = "internal"


def init_app(app: Flask) -> None:
    """Record every page that people open, in all areas but those in which they work."""
    app.after_request(_record_page)


def record(
    name: EventName,
    course_id: uuid.UUID,
    creator_id: uuid.UUID,
    lesson_id: uuid.UUID | None = None,
    **properties: Any,
) -> None:
    """Record an analytics event of a course, unless the reader is its creator, an admin or a bot."""
    if (visit := _of_reader(creator_id)) is not None:
        _when_answered(lambda: events.record(name, course_id, lesson_id, visit, **properties))


def record_bundle_view(bundle: Bundle) -> None:
    """Record that a bundle's page was opened, unless its creator, an admin or a bot did it."""
    product = str(bundle.id)
    if (visit := _of_reader(bundle.creator_id)) is not None:
        _when_answered(lambda: events.record(EventName.BUNDLE_VIEW, visit=visit, product=product))


def _of_reader(creator_id: uuid.UUID) -> Visitor | None:
    """Build the visitor of a page that `creator_id` made; None for its creator, an admin or a bot."""
    user = current_user if current_user.is_authenticated else None
    if not is_watched() or (user is not None and (user.is_admin or user.id == creator_id)):
        return None
    return of_request(user.id if user else None)


def record_cart(name: EventName, item: CartItem) -> None:
    """Record that a line was put into a cart or taken out, at its price then, unless a bot did it."""
    if is_watched():
        user = current_user if current_user.is_authenticated else None
        visit = of_request(user.id if user else None)
        product, cents = str(item.product_id), item.price_cents
        _when_answered(lambda: events.record(name, visit=visit, product=product, amount_cents=cents))


def record_search(query: str, found: int) -> None:
    """Record a search of the catalogue, unless an admin or a bot made it; without words for who opts out."""
    user = current_user if current_user.is_authenticated else None
    if is_watched() and not (user is not None and user.is_admin):
        words = "" if wants_no_trace() else one_line(query)[:LONGEST_QUERY].lower()
        visit = of_request(user.id if user else None)
        _when_answered(lambda: events.record_search(visit, words, found))


def _when_answered(record: Callable[[], None]) -> None:
    """Record once the response is made: a page that is made again (web/retries.py) is one visit."""

    @after_this_request
    def answered(response: Response) -> Response:
        record()
        return response


def _record_page(response: Response) -> Response:
    """Record the page that this response shows; what is swapped into one, or goes to a script, is none."""
    rule = request.url_rule
    shown = response.status_code in (200, 304) and response.mimetype == "text/html"
    if request.method != "GET" or rule is None or not shown or request.blueprint in WORKPLACES:
        return response
    # Whoever is signed in has been loaded by the page; a page without anybody costs no query here.
    user = g.get("_login_user")
    user = user if user is not None and user.is_authenticated else None
    if is_watched() and not hypermedia.stays_on_its_page() and not (user is not None and user.is_admin):
        visit = of_request(user.id if user else None)
        events.record(EventName.PAGE_VIEW, visit=visit, page=rule.rule)
    return response


def is_watched() -> bool:
    """Tell whether a person will see the response: no bot, no prefetching browser."""
    ahead = "prefetch" in request.headers.get("Sec-Purpose", "")
    return not ahead and not events.is_machine(request.headers.get("User-Agent", ""))


def wants_no_trace() -> bool:
    """Tell whether the browser opts out of tracking (DNT, GPC): the visit counts, without visitor data."""
    headers = request.headers
    return headers.get("DNT") == "1" or headers.get("Sec-GPC") == "1"


def of_request(user_id: uuid.UUID | None) -> Visitor:
    """Build the visitor data of this request, once; none when it opts out."""
    if wants_no_trace():
        return NOBODY
    known: Visitor | None = g.get("visitor")
    if known is not None and known.user_id == user_id:
        return known
    agent, ip = request.headers.get("User-Agent", ""), request.remote_addr or ""
    g.visitor = Visitor(
        user_id=user_id,
        visitor=events.visitor_of(ip, agent, clock.now()),
        ip=events.truncated(ip),
        user_agent=_plain(agent[:LONGEST_AGENT]),
        referrer=_source(),
    )
    visitor: Visitor = g.visitor
    return visitor


def _source() -> str:
    """Return the campaign in the address (UTM), or the host of the referrer; "" when neither is known."""
    if request.query_string:
        named = (one_line(request.args.get(name, "")[:100]) for name in ("utm_source", "utm_campaign"))
        if campaign := " / ".join(part for part in named if part):
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
