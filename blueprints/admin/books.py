"""Routes of the books: sums by month, the nightly check, its findings and what resolves them, exports."""

import uuid
from collections.abc import Iterator
from typing import Any

from flask import abort, url_for
from werkzeug.wrappers import Response
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length

from blueprints.admin import after, bp
from blueprints.admin.payout_forms import AdjustmentForm
from domain.base import money, months
from domain.base.months import Month
from domain.books import comparing, findings, journal, resolving, sums
from domain.books.findings import MAX_NOTE
from domain.payouts import adjusting
from domain.payouts.adjusting import Change
from models import BooksFinding
from web import hypermedia
from web.actions import Attempt
from web.csv_downloads import csv_of
from web.forms import Form, SelectField, paragraphs
from web.query_args import text_arg
from web.reauthentication import fresh, fresh_page
from web.signed_in import me

HEAD = [
    "Month", "Currency", "Paid", "Discounts", "Tax", "Refunds", "Disputes", "Creators", "Platform",
    "Fees of Stripe", "Payouts",
]  # fmt: skip
JOURNAL_HEAD = [
    "Date", "Document", "Text", "Amount", "Currency", "Debit", "Debit account", "Credit", "Credit account",
]  # fmt: skip
NAMES = (
    "paid", "discounts", "tax", "refunds", "disputes", "creators", "platform", "fees", "payouts",
)  # fmt: skip
TOO_LONG = f"Use at most {MAX_NOTE:,} characters."


class ExplainForm(Form):
    """Words about why a finding is no mistake."""

    note = TextAreaField(
        "What is it?",
        [InputRequired("Write what it is, for the record."), Length(max=MAX_NOTE, message=TOO_LONG)],
        filters=[paragraphs],
    )


class CounterForm(AdjustmentForm):
    """An amount for or against one of the creators whom a finding concerns."""

    creator: Any = SelectField("Creator", [InputRequired("Choose a creator.")], validate_choice=False)


@bp.get("/books")
def books() -> Response:
    """Show the sums of a year by month, the last check, and the open findings."""
    year = _year()
    return hypermedia.render(
        "admin/books/index.html",
        year=year,
        years=sums.years(),
        lines=sums.of_year(year),
        check=comparing.last(),
        listing=findings.page(resolved=False, after=None),
    )


@bp.get("/books/findings")
def books_findings() -> Response:
    """List the findings, open or resolved, newest first."""
    resolved = text_arg("state") == "resolved"
    listing = findings.page(resolved, after())
    state = "resolved" if resolved else "open"
    return hypermedia.render(
        "admin/books/findings.html",
        listing=listing,
        resolved=resolved,
        more=url_for("admin.books_findings", state=state, after=listing.after) if listing.after else None,
        first=url_for("admin.books_findings", state=state) if after() else None,
    )


@bp.get("/books/<uuid:finding_id>")
def books_finding(finding_id: uuid.UUID) -> Response:
    """Show a finding and what can be done."""
    return _page(_find(finding_id))


@bp.post("/books/<uuid:finding_id>/fetch")
@fresh
def fetch_for_books(finding_id: uuid.UUID) -> Response:
    """Ask Stripe about a finding again."""
    finding = _find(finding_id)
    with Attempt() as attempt:
        resolving.fetch_soon(finding, me())
        attempt.say("Stripe is being asked. Reload this page in a moment.", "info")
    return hypermedia.see_other(url_for("admin.books_finding", finding_id=finding_id))


@bp.post("/books/<uuid:finding_id>/explain")
@fresh
def explain_finding(finding_id: uuid.UUID) -> Response:
    """Resolve a finding in words."""
    finding, form = _find(finding_id), ExplainForm()
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            findings.explain(finding, form.note.data or "", me())
            attempt.say("Noted.")
            return hypermedia.see_other(url_for("admin.books"))
        finding = _find(finding_id)
    return _page(finding, explaining=form)


@bp.post("/books/<uuid:finding_id>/counter")
@fresh
def counter_finding(finding_id: uuid.UUID) -> Response:
    """Show what a counter-entry changes; book it once that is confirmed."""
    finding = _find(finding_id)
    form = _counter_form(finding)
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            creator = resolving.creator_of(finding, form.creator.data or "")
            if not form.confirmed.data:
                change = adjusting.preview(creator, form.cents, finding.currency)
                return _page(finding, countering=form, change=change, name=creator.name)
            resolving.counter(finding, creator, form.cents, form.reason.data or "", me())
            attempt.say(f"{money.money(form.cents, finding.currency)} booked for {creator.name}.")
            return hypermedia.see_other(url_for("admin.books"))
        finding = _find(finding_id)
    return _page(finding, countering=form)


@bp.get("/books.csv")
@fresh_page
def books_file() -> Response:
    """Export the sums of a year as CSV."""
    year = _year()
    return csv_of(f"books-{year}", HEAD, _rows(year))


@bp.get("/books/journal.csv")
@fresh_page
def books_journal() -> Response:
    """Export the journal of a month as CSV."""
    month = _month()
    return csv_of(f"journal-{month.key}", JOURNAL_HEAD, _entries(month))


def _page(
    finding: BooksFinding,
    explaining: ExplainForm | None = None,
    countering: CounterForm | None = None,
    change: Change | None = None,
    name: str = "",
) -> Response:
    form = countering if countering is not None else explaining
    return hypermedia.render(
        "admin/books/finding.html",
        status=form.status if form is not None and form.errors else 200,
        finding=finding,
        explaining=explaining or ExplainForm(formdata=None),
        countering=countering or _counter_form(finding, formdata=None),
        change=change,
        name=name,
        may_fetch=finding.kind in resolving.HANDLERS,
    )


def _counter_form(finding: BooksFinding, **given: Any) -> CounterForm:
    form = CounterForm(finding.currency, **given)
    form.creator.choices = [(str(one.id), one.name) for one in resolving.creators_of(finding)]
    return form


def _find(finding_id: uuid.UUID) -> BooksFinding:
    return findings.find(finding_id) or abort(404)


def _rows(year: int) -> Iterator[list[Any]]:
    for line in sums.of_year(year):
        amounts = (money.plain(getattr(line, name), line.currency) for name in NAMES)
        yield [line.month.key, line.currency.upper(), *amounts]


def _entries(month: Month) -> Iterator[list[Any]]:
    zone = sums.zone()
    for entry in journal.between(month.start, month.stop):
        yield [
            entry.at.astimezone(zone).date(), entry.document, entry.text,
            money.plain(entry.cents, entry.currency), entry.currency.upper(), entry.debit.number,
            entry.debit.name, entry.credit.number, entry.credit.name,
        ]  # fmt: skip


def _year() -> int:
    """Read the year of the address; this year by default, 404 for none."""
    asked = text_arg("year")
    if not asked:
        return sums.years()[0]
    return int(asked) if asked.isascii() and asked.isdecimal() and 2000 <= int(asked) <= 2199 else abort(404)


def _month() -> Month:
    """Read the month of the address, 404 for none."""
    return months.read(text_arg("month"), sums.zone()) or abort(404)
