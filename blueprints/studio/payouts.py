"""Routes of a creator's payouts: balances, statements as page, CSV and document, and a year's sums."""

import uuid

from flask import abort, request, url_for
from werkzeug.wrappers import Response

from blueprints.studio import bp
from blueprints.studio.payout_forms import ParticularsForm
from domain.base import clock
from domain.payouts import holds, overview, particulars, statements
from domain.payouts.particulars import AGREEMENT
from domain.tax import billing
from models import Payout, VatStatus
from web import hypermedia, payout_statement, payout_words
from web.actions import Attempt
from web.csv_downloads import csv_of
from web.query_args import cursor_arg
from web.reauthentication import fresh, fresh_page
from web.signed_in import me

FIRST_YEAR, LAST_YEAR = 2000, 2200


@bp.get("/payouts")
def payouts() -> Response:
    """Show what waits, is available, on its way and paid, and why something is held."""
    return hypermedia.render(
        "studio/payouts/index.html",
        found=overview.load(me(), cursor_arg("after")),
        said=particulars.of(me()),
        is_first=not cursor_arg("after"),
        words=holds.WORDS,
        statuses=payout_words.STATUSES,
        one_of=payout_words.ONE_OF,
        year=clock.now().year,
    )


@bp.get("/payouts/<uuid:payout_id>")
def payout(payout_id: uuid.UUID) -> Response:
    """Show the statement of a payout."""
    return hypermedia.render("studio/payouts/statement.html", **payout_statement.shown(_find(payout_id)))


@bp.get("/payouts/<uuid:payout_id>/statement.csv")
@fresh_page
def payout_file(payout_id: uuid.UUID) -> Response:
    """Export every line of a payout as CSV."""
    return payout_statement.file_of(_find(payout_id))


@bp.get("/payouts/<uuid:payout_id>/document.pdf")
def payout_document(payout_id: uuid.UUID) -> Response:
    """Serve the document of a payout."""
    return payout_statement.document_of(_find(payout_id))


@bp.get("/payouts/years/<int:year>")
def payout_year(year: int) -> Response:
    """Show what was paid in a year."""
    rows = _of_year(year)
    return hypermedia.render(
        "studio/payouts/year.html", year=year, payouts=rows, sums=statements.year_sums(rows),
        kinds=payout_words.KINDS, this_year=clock.now().year,
    )  # fmt: skip


@bp.get("/payouts/years/<int:year>.csv")
@fresh_page
def payout_year_file(year: int) -> Response:
    """Export the payouts of a year as CSV."""
    return csv_of(f"payouts-{year}", payout_words.YEAR_HEAD, payout_words.year_cells(_of_year(year)))


@bp.route("/payouts/particulars", methods=["GET", "POST"])
@fresh
def payout_particulars() -> Response:
    """Edit what the documents of payouts say about the creator."""
    posts = request.method == "POST"
    details = billing.lock(me()) if posts else billing.of(me())
    said = particulars.lock(me()) if posts else particulars.of(me())
    stored = {name: getattr(details, name) if details is not None else "" for name in billing.FIELDS}
    stored["name"] = stored["name"] or me().name
    given = {"vat_status": said.vat_status.value, "agrees": True} if said is not None else {}
    form = ParticularsForm(data=stored | given)
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            particulars.save(me(), form.values(), VatStatus(form.vat_status.data), form.agrees.data)
            attempt.say("Saved.")
            return hypermedia.see_other(url_for("studio.payouts"))
    return hypermedia.render(
        "studio/payouts/particulars.html", status=form.status, form=form, details=details,
        agreement=AGREEMENT,
    )  # fmt: skip


def _find(payout_id: uuid.UUID) -> Payout:
    return overview.find(me(), payout_id) or abort(404)


def _of_year(year: int) -> list[Payout]:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        abort(404)
    return statements.of_year(me(), year)
