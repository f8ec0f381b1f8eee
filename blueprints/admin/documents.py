"""The documents of the shop: listed, and those of a period as one ZIP."""

from datetime import date
from typing import Any

from flask import request, url_for
from werkzeug.wrappers import Response as BaseResponse

from blueprints.admin import after, bp
from domain import Refused
from domain.documents import archive, lookups
from web import hypermedia
from web.csv_downloads import attached
from web.forms import one_line
from web.reauthentication import fresh_page

NAMES = ("q", "from", "to")


@bp.get("/documents")
def documents() -> BaseResponse:
    """List the documents of a period, or those that `q` finds, newest first."""
    return _page()


@bp.get("/documents.zip")
@fresh_page
def documents_archive() -> BaseResponse:
    """Send the PDFs of a period as a ZIP; it is complete before the first byte goes out."""
    given = _given()
    first, last = _day(given.get("from", "")), _day(given.get("to", ""))
    if first is None or last is None:
        return _page("Choose the first and the last day of the archive.")
    try:
        archive.check(first, last)
    except Refused as refusal:
        return _page(refusal.sentence)
    name = f"documents-{first.isoformat()}-{last.isoformat()}.zip"
    return attached(name, "application/zip", archive.pack(first, last))


def _page(refusal: str = "") -> BaseResponse:
    given = _given()
    listing = lookups.page(
        _day(given.get("from", "")), _day(given.get("to", "")), given.get("q", ""), after()
    )
    return hypermedia.render(
        "admin/documents.html",
        status=422 if refusal else 200,
        listing=listing,
        given=given,
        refusal=refusal,
        more=url_for("admin.documents", **given, after=listing.after) if listing.after else None,
        first=url_for("admin.documents", **given) if after() else None,
    )


def _given() -> dict[str, Any]:
    """Read the filters of the query string; empty ones are left out."""
    typed = {name: one_line(request.args.get(name, ""))[:60] for name in NAMES}
    return {name: value for name, value in typed.items() if value}


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2200 else None
