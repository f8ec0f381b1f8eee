"""Page or fragment: the only module that knows htmx's headers.

One address serves both. A real swap gets the fragment, everything else (a plain visit, a boosted link, the
Back button) the page that includes it; `Vary` keeps caches from mixing the two.
"""

import json
import re
import uuid
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Response, flash, jsonify, make_response, redirect, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

VARY = "HX-Request, HX-Request-Type"
SENTENCES = {
    400: "Part of that didn’t arrive. Try again.",
    403: "You can’t do that: it belongs to someone else, or your account doesn’t have permission.",
    404: "That’s no longer here. It may have been removed.",
    409: "Someone else changed this. Reload the page to see the current version.",
    413: "That’s too large to send.",
    422: "Something in that isn’t valid. Check it and try again.",
    429: "Too many attempts. Wait a moment and try again.",
    500: "Something went wrong on our side. Try again in a moment.",
    503: "The site is busy or being updated. Try again in a minute.",
}
_HEADING = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)


def is_swap() -> bool:
    """Tell whether htmx will swap the response into a part of the open page."""
    return (
        request.headers.get("HX-Request") == "true"
        and request.headers.get("HX-Request-Type") != "full"
        and "HX-Boosted" not in request.headers
        and "HX-History-Restore-Request" not in request.headers
    )


def is_script() -> bool:
    """Tell whether a script sent the request and reads the response itself."""
    if request.headers.get("HX-Request") == "true":
        return False
    asks = (
        request.headers.get("X-Requested-With") == "fetch" or request.headers.get("Sec-Fetch-Dest") == "empty"
    )
    return asks or request.accept_mimetypes.best == "application/json"


def stays_on_its_page() -> bool:
    """Tell whether the response goes into an open page, so that a whole page must not be sent."""
    return is_swap() or is_script()


def refuse(status: int, sentence: str, **more: Any) -> Response:
    """Answer a swap with a toast and no swap, a script with JSON.

    `more` is added to the JSON.
    """
    if is_script():
        response = make_response(jsonify(sentence=sentence, **more), status)
    else:
        response = make_response(sentence, status)
        response.mimetype = "text/plain"
        _swap_nothing(response, sentence)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = VARY
    return response


def refuse_with(status: int) -> Response:
    """Answer a swap or a script with the usual sentence for this status."""
    nearest = 500 if status >= 500 else 400
    return refuse(status, SENTENCES.get(status, SENTENCES[nearest]))


def keep_pages_whole(response: Response) -> Response:
    """Keep error pages from being swapped into a page, whichever route or handler made them.

    A fragment with form errors (422, 409) passes; of an error page only the heading is shown, as a toast.
    """
    if response.status_code < 400 or response.mimetype != "text/html" or not stays_on_its_page():
        return response
    html = "" if response.is_streamed else response.get_data(as_text=True)
    if not html.lstrip()[:15].lower().startswith("<!doctype"):
        return response
    heading = _HEADING.search(html)
    sentence = f"{Markup(heading[1]).striptags()}." if heading else "The site couldn’t process that."
    refused = refuse(response.status_code, sentence)
    for name in ("Retry-After", "Allow", "X-Stale-Form"):
        if name in response.headers:
            refused.headers[name] = response.headers[name]
    return refused


def _swap_nothing(response: Response, sentence: str) -> None:
    response.headers["HX-Reswap"] = "none"
    response.headers["HX-Trigger"] = json.dumps({"toast": {"message": sentence, "tone": "bad"}})


def render(page: str, fragment: str | None = None, status: int = 200, **context: Any) -> Response:
    """Render `page`, or `fragment` alone for a swap.

    A fragment also carries the pending toasts, as an out-of-band swap.
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
    """Redirect to `url` after a form was accepted (303).

    htmx follows the redirect inside its swap, so a form that leaves its page has no hx-attributes.
    """
    return redirect(url, code=303)


def show_address(response: Response, url: str, typed: str) -> None:
    """Update the browser's address bar after a swap.

    A new history entry is pushed, unless only the parameter `typed` changed: search-as-you-type would push
    one per letter.
    """
    if not is_swap():
        return
    before, after = (_without(typed, address) for address in (request.headers.get("HX-Current-URL", ""), url))
    response.headers["HX-Replace-Url" if before == after else "HX-Push-Url"] = url


def _without(name: str, address: str) -> tuple[str, list[tuple[str, str]]]:
    try:
        parts = urlsplit(address)
    except ValueError:  # a forged header
        return "", []
    return parts.path, sorted(pair for pair in parse_qsl(parts.query) if pair[0] != name)


def take_over(response: Response) -> Response:
    """Let a whole page that answers a swap replace the page that sent it."""
    if is_swap():
        response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "body", "innerHTML"
    return response


def leave(url: str) -> BaseResponse:
    """Redirect the whole browser to `url`, even if htmx posted the form."""
    if not is_swap():
        return redirect(url, code=303)
    response = make_response("", 204)
    response.headers["HX-Redirect"] = url
    return response


def toast(message: str, tone: str = "good", undo: str = "", seconds: int = 0) -> None:
    """Show `message` once, on this response or after the redirect; tone: good, info, warn or bad.

    With `undo` it has a button that posts to that address, and stays for `seconds`.
    """
    flash({"message": message, "undo": undo, "seconds": seconds} if undo else message, tone)  # type: ignore[arg-type]


def dom_id(row: Any, part: str = "") -> str:
    """Build the id of the element that shows `row`: "review-018f…", or "review-018f…-votes" for a part."""
    key = row.id.hex if isinstance(row.id, uuid.UUID) else str(row.id)
    name = f"{type(row).__name__.lower()}-{key}"
    return f"{name}-{part}" if part else name
