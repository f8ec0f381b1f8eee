"""The `next` address after signing in, checked against open redirects."""

from urllib.parse import urlsplit

from flask import request

LONGEST = 2000


def safe_next(url: str | None) -> str:
    """Return `url` if it is a path on this site, otherwise "/" (open redirect).

    Browsers drop tabs and line breaks from addresses, read "\\" as "/" and take what follows "//" for a host,
    so such addresses are refused. So are those of signing in itself, which would loop.
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
    """Read this request's `?next=`, checked."""
    return safe_next(request.args.get("next"))
