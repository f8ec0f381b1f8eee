"""Where somebody goes once they are in: back to the page they came from, and never to another site."""

from urllib.parse import urlsplit

from flask import request

LONGEST = 2000


def safe_next(url: str | None) -> str:
    """`url` when it is a path on this site, "/" for everything else.

    Browsers drop tabs and line breaks from addresses, read "\\" as "/" and take what follows "//" for
    a host, so an address with any of these leads home. So does one that would only sign in again.
    """
    if (
        not url
        or len(url.encode(errors="replace")) > LONGEST
        or not url.startswith("/")
        or url.startswith("//")
    ):
        return "/"
    if "\\" in url or not url.isprintable() or any(c.isspace() for c in url):
        return "/"
    try:
        parts = urlsplit(url)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or parts.path.startswith(("/login", "/register", "/logout", "//")):
        return "/"
    return url


def wanted() -> str:
    """Where this request's `?next=` leads."""
    return safe_next(request.args.get("next"))
