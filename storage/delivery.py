"""Delivery of stored files: from disk with ranges, by nginx (X-Accel-Redirect), or by the bucket."""

import hashlib
import time
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import werkzeug.utils
from flask import Response, current_app, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.http import dump_options_header

from storage.backend import Storage, current
from storage.keys import UnsafeKeyError, check_key
from storage.local import LocalStorage

# Browsers may display these; others are downloads, so that an upload can't run as a page of this site (XSS).
SHOWN = ("audio/", "video/", "image/avif", "image/gif", "image/jpeg", "image/png", "image/webp")
SHOWN_EXACTLY = {"application/pdf", "application/vnd.apple.mpegurl", "text/vtt", "text/plain"}
# A playlist names its segments relative to its own address, and a caption track must be same-origin,
# so these two are served by the app even when the bucket delivers everything else.
NEVER_REDIRECTED = {"application/vnd.apple.mpegurl", "text/vtt"}


def send(
    key: str, content_type: str, download_name: str | None = None, expires_at: datetime | None = None
) -> Response:
    """Answer the current request with a stored file; 404 when there is none, 416 for an invalid range.

    Call it only after an access decision. `expires_at` (of `verify`) limits how long browsers may cache the
    file; without it they may not. A bucket or a front server delivers it where one is configured; otherwise
    the file streams from disk, with ranges.
    """
    store = current()
    seconds = max(0, int(expires_at.timestamp() - time.time())) if expires_at else 0
    shown = content_type.startswith(SHOWN) or content_type in SHOWN_EXACTLY
    if not shown:
        content_type = "application/octet-stream"
    disposition = _disposition(key, download_name, attach=download_name is not None or not shown)
    try:
        response = _deliver(store, key, content_type, disposition, seconds)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, UnsafeKeyError) as error:
        raise NotFound from error
    response.headers["Content-Disposition"] = disposition
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = f"private, max-age={seconds}" if seconds else "private, no-store"
    return response


def publish(key: str, content_type: str) -> Response:
    """Answer with a public, immutable file; 404 when there is none.

    Served by the app even if stored in a bucket: an address of the bucket would expire, this one can be
    cached for a year.
    """
    store = current()
    try:
        if isinstance(store, LocalStorage):
            response = _send_local(store.path(key), check_key(key), content_type)
        else:
            response = _read(store, key, content_type)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, UnsafeKeyError) as error:
        raise NotFound from error
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _deliver(store: Storage, key: str, content_type: str, disposition: str, seconds: int) -> Response:
    if isinstance(store, LocalStorage):
        return _send_local(store.path(key), check_key(key), content_type)
    if content_type in NEVER_REDIRECTED:
        return _read(store, key, content_type)
    # A little longer than the answer may be cached, so that a cached redirect still works.
    address = store.url(key, (seconds or 300) + 60, content_type, disposition, seconds)
    return cast(Response, redirect(address or "", 302))


def _read(store: Storage, key: str, content_type: str) -> Response:
    """Read a small file of the bucket, with a validator (ETag) of its content."""
    with store.open(key) as body:
        response = Response(body.read(), content_type=content_type)
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    response.make_conditional(request)
    return response


def _send_local(path: Path, key: str, content_type: str) -> Response:
    """Let nginx send it (X-Accel-Redirect) when `X_ACCEL_PREFIX` is set, else stream it."""
    facts = path.stat()
    if not path.is_file():
        raise IsADirectoryError(key)
    front = current_app.config.get("X_ACCEL_PREFIX")
    if front:
        accelerated = Response(content_type=content_type)
        accelerated.headers["X-Accel-Redirect"] = f"{front.rstrip('/')}/{quote(key)}"
        return accelerated
    answer = werkzeug.utils.send_file(
        path,
        _readable_range(request.environ, facts.st_size),
        mimetype=content_type,
        conditional=True,
        etag=f"{facts.st_mtime_ns:x}-{facts.st_size:x}",
        last_modified=facts.st_mtime,
        response_class=Response,
    )
    return cast(Response, answer)


def _readable_range(environ: dict[str, Any], size: int) -> dict[str, Any]:
    """Drop a Range that isn't served: the whole file is then the right answer.

    RFC 9110, 14.2 allows a server to ignore several ranges, and requires it to ignore one in a HEAD request
    or one that it can't parse; so too the last n bytes of a shorter file.
    """
    unit, _, span = environ.get("HTTP_RANGE", "").replace(" ", "").partition("=")
    first, dash, last = span.partition("-")
    digits = first + last
    plain = unit == "bytes" and dash and digits.isascii() and digits.isdecimal() and len(digits) < 40
    if plain and first:
        plain = not last or int(first) <= int(last)
    elif plain:
        plain = int(last) < size
    if plain and environ["REQUEST_METHOD"] == "GET":
        return environ
    return {name: value for name, value in environ.items() if name != "HTTP_RANGE"}


def _disposition(key: str, download_name: str | None, attach: bool) -> str:
    name = download_name or key.rpartition("/")[2]
    name = "".join(letter for letter in name if letter >= " " and letter not in '/\\"\x7f') or "file"
    plain = name.encode("ascii", "ignore").decode().strip() or "file"
    options: dict[str, str] = {"filename": plain}
    if plain != name:
        options["filename*"] = f"UTF-8''{quote(name, safe='', errors='ignore')}"
    return dump_options_header("attachment" if attach else "inline", options)
