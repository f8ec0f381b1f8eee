"""Link check of a course by the worker, with protection against SSRF.

The URLs come from creators, so this server and its network must never be reached: each name is resolved here,
every non-public address is refused, and the connection goes to exactly the address that was checked (no DNS
rebinding). Requests are few and short, and only the status of an answer is kept.
"""

import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from html import unescape
from urllib.parse import urljoin, urlsplit

from sqlalchemy import select
from sqlalchemy.orm import undefer

from domain.authoring import page_drafts
from domain.base import clock, markdown
from domain.catalog.lifecycle import Authored
from models import Bundle, Course, Lesson, ModerationItem, Resource, db

MOST_LINKS = 60
SECONDS = 5.0  # for one connection
ALTOGETHER = 60.0
MOST_REDIRECTS = 3
PORTS = {"http": 80, "https": 443}
GONE = (404, 410)
AGENT = "Lectern link check"
_HREF = re.compile(r'href="(https?://[^"#]+)')
_CONTEXT = ssl.create_default_context()


class NotPublic(Exception):  # noqa: N818 - an answer, not a fault
    """A URL that isn't http(s) or isn't public: no statement is made about it."""


def begin(item_id: str) -> tuple[str, list[str]] | None:
    """List the links to check; None when the item has left the queue."""
    item = db.session.get(ModerationItem, uuid.UUID(item_id))
    if item is None or item.closed_at is not None:
        return None
    return item_id, list(dict.fromkeys(_links(item.subject_id)))[:MOST_LINKS]


def check_links(plan: tuple[str, list[str]]) -> list[dict[str, str]]:
    """Check the links and return the dead ones; those that don't fit in the time limit are skipped."""
    _, links = plan
    until = time.monotonic() + ALTOGETHER
    found = ((url, problem(url)) for url in links if time.monotonic() < until)
    return [{"url": url, "problem": said} for url, said in found if said]


def end(plan: tuple[str, list[str]], result: list[dict[str, str]]) -> None:
    """Store the result for the reviewer."""
    item = db.session.get(ModerationItem, uuid.UUID(plan[0]))
    if item is not None:
        item.links, item.links_checked_at = result, clock.now()


def problem(url: str) -> str | None:
    """Describe a dead link; None for one that works or can't be judged from here."""
    try:
        status = _status(url)
    except NotPublic:
        return None
    except socket.gaierror as error:
        return "Site not found." if error.errno == socket.EAI_NONAME else None
    except (OSError, http.client.HTTPException, ValueError):
        return "No response."
    if status in GONE:
        return "Page not found."
    return f"Responds with an error ({status})." if status >= 500 else None


def _status(url: str) -> int:
    """Follow at most MOST_REDIRECTS redirects, each checked like the first, and return the last status."""
    for _ in range(MOST_REDIRECTS + 1):
        status, location = _ask(url)
        if not (300 <= status < 400 and location):
            return status
        url = urljoin(url, location)
    return status


def _ask(url: str) -> tuple[int, str | None]:
    """Send one HEAD request (or GET, its body unread); returns the status and the redirect's target."""
    parts = urlsplit(url)
    host = parts.hostname
    if parts.scheme not in PORTS or not host or parts.port not in (None, PORTS[parts.scheme]):
        raise NotPublic
    path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    if not path.isascii() or any(ord(c) <= 32 for c in path):
        raise NotPublic
    status, location = 0, None
    for method in ("HEAD", "GET"):
        connection = http.client.HTTPConnection(host, PORTS[parts.scheme], timeout=SECONDS)
        connection.sock = _connect(host, PORTS[parts.scheme], parts.scheme == "https")
        # The socket's timeout is per read: a site sending a byte at a time would block the worker for hours.
        cut = threading.Timer(SECONDS, _hang_up, [connection.sock])
        cut.start()
        try:
            connection.request(method, path, headers={"User-Agent": AGENT, "Accept": "*/*"})
            answer = connection.getresponse()
            status, location = answer.status, answer.headers.get("Location")
        finally:
            cut.cancel()
            connection.close()
        if status not in (403, 404, 405, 501):  # some sites don't support HEAD
            break
    return status, location


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _connect(host: str, port: int, secure: bool) -> socket.socket:
    """Connect to a public address of `host`; raises NotPublic when any of its addresses isn't public."""
    addresses = [info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not addresses or not all(is_public(str(address)) for address in addresses):
        raise NotPublic
    plain = socket.create_connection((str(addresses[0]), port), timeout=SECONDS)
    if not secure:
        return plain
    try:
        return _CONTEXT.wrap_socket(plain, server_hostname=host)
    except Exception:
        plain.close()
        raise


def is_public(address: str) -> bool:
    """Tell whether an IP address is globally routable, including addresses embedded in IPv6."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _links(course_id: uuid.UUID) -> Iterator[str]:
    """Yield the external URLs in the texts and resources of a course or bundle, pending ones included."""
    course: Authored | None = db.session.get(Course, course_id) or db.session.get(Bundle, course_id)
    if course is None:
        return
    yield from _in(course.description_html)
    if course.draft and "description" in course.draft:
        yield from _in(page_drafts.rendered(course.draft["description"]))
    lessons = select(Lesson).where(Lesson.course_id == course_id).options(undefer(Lesson.draft))
    for lesson in db.session.scalars(lessons.order_by(Lesson.id)):
        draft = lesson.draft or {}
        yield from _in(markdown.render(draft["body"]).html if "body" in draft else lesson.body_html)
        film = draft.get("external_video_url", lesson.external_video_url)
        if film:
            yield film
    resources = select(Resource.url).join(Lesson, Lesson.id == Resource.lesson_id)
    for url in db.session.scalars(resources.where(Lesson.course_id == course_id, Resource.url.is_not(None))):
        yield url or ""


def _in(html: str) -> Iterator[str]:
    return (unescape(found) for found in _HREF.findall(html))
