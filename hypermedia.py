"""Page or fragment: the only code that knows htmx's headers.

One address serves both. A real swap gets the fragment, everything else (a plain visit, a boosted
link, the Back button) the page that includes it; `Vary` keeps caches from mixing the two.
"""

import uuid
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Response, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

VARY = "HX-Request, HX-Request-Type"


def is_swap() -> bool:
    """Whether htmx will put the answer into a part of the page it already shows."""
    return (
        request.headers.get("HX-Request") == "true"
        and request.headers.get("HX-Request-Type") != "full"
        and "HX-Boosted" not in request.headers
        and "HX-History-Restore-Request" not in request.headers
    )


def render(page: str, fragment: str | None = None, status: int = 200, **context: Any) -> Response:
    """Answer with `page`, or with `fragment` alone when htmx swaps it in.

    A fragment answer also carries the toasts that wait, as a second swap.
    """
    if fragment is not None and is_swap():
        html = render_template(fragment, **context) + render_template("shared/_toasts.oob.html")
        response = make_response(html, status)
        response.headers["Cache-Control"] = "no-store"
    else:
        response = make_response(render_template(page, **context), status)
    response.headers["Vary"] = VARY
    return response


def see_other(url: str) -> BaseResponse:
    """Send the reader on to `url` after a form was accepted (303).

    htmx follows it inside a swap, so a form that leaves its page is not given hx-attributes.
    """
    return redirect(url, code=303)


def show_address(response: Response, url: str, typed: str) -> None:
    """Have the browser's address say what a swap shows.

    It becomes a new place to come Back to, unless only the parameter `typed` changed: a text that is
    being typed would leave a place for every letter.
    """
    if not is_swap():
        return
    before, after = (_without(typed, address) for address in (request.headers.get("HX-Current-URL", ""), url))
    response.headers["HX-Replace-Url" if before == after else "HX-Push-Url"] = url


def _without(name: str, address: str) -> tuple[str, list[tuple[str, str]]]:
    try:
        parts = urlsplit(address)
    except ValueError:  # no browser is at such an address
        return "", []
    return parts.path, sorted(pair for pair in parse_qsl(parts.query) if pair[0] != name)


def leave(url: str) -> BaseResponse:
    """Send the whole browser to `url`, also when the form was posted by htmx."""
    if not is_swap():
        return redirect(url, code=303)
    response = make_response("", 204)
    response.headers["HX-Redirect"] = url
    return response


def toast(message: str, tone: str = "good", undo: str = "", seconds: int = 0) -> None:
    """Show `message` once, on this answer or after the redirect; tone: good, info, warn or bad.

    With `undo` it has a button that posts to that address, and stays for `seconds`.
    """
    flash({"message": message, "undo": undo, "seconds": seconds} if undo else message, tone)  # type: ignore[arg-type]


def dom_id(row: Any, part: str = "") -> str:
    """The id of the element that shows `row`: "review-018f…", or "review-018f…-votes" for a part."""
    key = row.id.hex if isinstance(row.id, uuid.UUID) else str(row.id)
    name = f"{type(row).__name__.lower()}-{key}"
    return f"{name}-{part}" if part else name
