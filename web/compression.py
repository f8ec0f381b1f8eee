"""Compressed responses: text of a kilobyte or more, by brotli or gzip, whichever the browser takes.

The length of a compressed response reveals whether something an attacker chose stands in it beside an equal
secret (BREACH). Tokens of forms are therefore masked anew in each response (web/csrf.py). Two kinds of
response stay uncompressed: those that carry other secrets, which say so by `Cache-Control: no-transform`, and
what another site makes the browser of somebody signed in ask for with a query of its choice.
"""

import gzip
from functools import lru_cache

import brotli  # type: ignore[import-untyped]
from flask import Flask, Response, g, request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from models import User

SMALLEST = 1000  # bytes; below, the headers cost what is saved
TYPES = {
    "text/html", "text/plain", "text/css", "text/javascript", "text/vtt", "text/xml", "application/json",
    "application/xml", "application/atom+xml", "application/ld+json", "application/manifest+json",
}  # fmt: skip
# Beyond these, a page takes several times as long and gets some percent smaller (docs/decisions/0029).
BROTLI_QUALITY, GZIP_LEVEL = 4, 5


def init_app(app: Flask) -> None:
    """Compress the responses of `app`.

    Functions of after_request run in reverse order: this one belongs before all that read or change a body.
    """
    app.after_request(compress)


def compress(response: Response) -> Response:
    """Compress what is worth it, and let caches and validators know.

    Files and streams are left alone: ranges count the bytes of the file.
    """
    if response.mimetype not in TYPES or response.direct_passthrough or response.is_streamed:
        return response
    if response.status_code in (204, 206) or "Content-Encoding" in response.headers:
        return response
    if response.cache_control.no_transform or _is_chosen_elsewhere():
        return response
    response.vary.add("Accept-Encoding")
    etag, is_weak = response.get_etag()
    if etag and not is_weak:
        response.set_etag(etag, weak=True)  # one version, but not the same bytes in each coding
    coding = best_coding(request.headers.get("Accept-Encoding", ""))
    if coding is None or response.status_code == 304 or (response.content_length or 0) < SMALLEST:
        return response
    body = response.get_data()
    response.set_data(
        brotli.compress(body, mode=brotli.MODE_TEXT, quality=BROTLI_QUALITY)
        if coding == "br"
        else gzip.compress(body, GZIP_LEVEL, mtime=0)
    )
    response.headers["Content-Encoding"] = coding
    return response


@lru_cache(256)
def best_coding(accepted: str) -> str | None:
    """Choose "br" or "gzip" by the header Accept-Encoding; None if it allows neither."""
    codings = parse_accept_header(accepted[:500], Accept)
    return next((coding for coding in ("br", "gzip") if codings.quality(coding) > 0), None)


def _is_chosen_elsewhere() -> bool:
    """Tell whether another site chose the query of what somebody signed in is sent."""
    return (
        bool(request.query_string)
        and request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")
        and isinstance(g.get("_login_user"), User)
    )
