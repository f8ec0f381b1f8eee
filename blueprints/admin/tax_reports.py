"""Routes of the tax reports: by rate and country, and the quarter's return for the EU's one-stop shop."""

from collections.abc import Iterator
from typing import Any

from flask import abort, url_for
from werkzeug.wrappers import Response
from wtforms import HiddenField, StringField
from wtforms.validators import InputRequired, Length

from blueprints.admin import bp
from domain import Refused
from domain.analytics import oss_report, periods, tax_report
from domain.analytics.oss_report import Return
from domain.analytics.periods import Period
from domain.base import clock, money
from domain.documents import writing
from domain.tax import countries, rates
from web import hypermedia
from web.actions import Attempt
from web.csv_downloads import csv_of
from web.forms import Form, one_line
from web.query_args import text_arg
from web.reauthentication import fresh, fresh_page

HEAD = [
    "From", "To", "Country", "Country name", "Rate in %", "Tax", "Invoices", "Credit notes", "Currency",
    "Net", "Tax amount", "Total",
]  # fmt: skip
OSS_HEAD = [
    "Quarter", "Part", "Corrected quarter", "Country", "Country name", "Rate in %", "Net in EUR",
    "Tax in EUR",
]  # fmt: skip


class RateForm(Form):
    """The worth of a euro at the end of a quarter."""

    quarter = HiddenField("Quarter", [Length(max=7)])
    currency = HiddenField("Currency", [Length(max=3)])
    rate = StringField(
        "One euro was worth", [InputRequired("Enter the rate."), Length(max=20)], filters=[one_line]
    )


@bp.get("/tax")
def tax_sums() -> Response:
    """Show what was sold and credited in a period, by country, rate and kind of tax."""
    period = _period()
    lines = tax_report.of_period(period)
    return hypermedia.render(
        "admin/tax/sums.html",
        period=period,
        offered=_offered(period, periods.recent(_today())),
        lines=lines,
        totals=tax_report.totals(lines),
        percent=rates.percent,
    )


@bp.get("/tax.csv")
@fresh_page
def tax_sums_file() -> Response:
    """Export the sums of a period as CSV."""
    period = _period()
    return csv_of(f"tax-{period.key}", HEAD, _rows(period))


@bp.get("/tax/one-stop-shop")
def one_stop_shop() -> Response:
    """Show a quarter's return for the EU's one-stop shop, or which rates of exchange it needs."""
    return _return_page(_quarter(), RateForm(formdata=None))


@bp.post("/tax/one-stop-shop")
@fresh
def euro_rate() -> Response:
    """Store a rate of exchange that the return needs."""
    shown, form = _quarter(), RateForm()
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            quarter = _read(form.quarter.data or "")
            if quarter.key[-2] != "Q":
                abort(404)
            oss_report.save_rate(quarter, form.currency.data or "", form.rate.data or "")
            attempt.say("Saved.")
            return hypermedia.see_other(url_for("admin.one_stop_shop", quarter=shown.key))
    return _return_page(shown, form)


@bp.get("/tax/one-stop-shop.csv")
@fresh_page
def one_stop_shop_file() -> Response:
    """Export a quarter's return as CSV; 404 while rates of exchange are missing."""
    found = oss_report.of_quarter(_quarter())
    if found.missing:
        abort(404)
    return csv_of(f"one-stop-shop-{found.quarter.key}", OSS_HEAD, _return_rows(found))


def _return_page(quarter: Period, form: RateForm) -> Response:
    return hypermedia.render(
        "admin/tax/one_stop_shop.html",
        status=form.status,
        found=oss_report.of_quarter(quarter),
        offered=_offered(quarter, periods.recent_quarters(_today())),
        form=form,
        percent=rates.percent,
    )


def _rows(period: Period) -> Iterator[list[Any]]:
    for line in tax_report.of_period(period):
        sums = (line.net_cents, line.tax_cents, line.net_cents + line.tax_cents)
        yield [
            period.first, period.last, line.country, line.country_name, rates.percent(line.rate_bp)[:-1],
            line.kind_words, line.invoices, line.credit_notes, line.currency.upper(),
            *(money.plain(cents, line.currency) for cents in sums),
        ]  # fmt: skip


def _return_rows(found: Return) -> Iterator[list[Any]]:
    for sold in found.supplies:
        amounts = (money.plain(cents, oss_report.EUR) for cents in (sold.net_cents, sold.tax_cents))
        yield [
            found.quarter.key, "Supplies", "", sold.country, countries.name(sold.country),
            rates.percent(sold.rate_bp)[:-1], *amounts,
        ]  # fmt: skip
    for part in found.corrections:
        yield [
            found.quarter.key, "Correction", part.quarter.key, part.country, countries.name(part.country), "",
            "", money.plain(part.tax_cents, oss_report.EUR),
        ]  # fmt: skip


def _period() -> Period:
    """Read the period of the address; this quarter by default, 404 for none."""
    asked = text_arg("period")
    return _read(asked) if asked else periods.quarter_of(_today())


def _quarter() -> Period:
    """Read the quarter of the address; the last one by default, as returns are made after its end."""
    asked = text_arg("quarter")
    found = _read(asked) if asked else periods.recent_quarters(_today())[1]
    return found if "Q" in found.key else abort(404)


def _read(key: str) -> Period:
    try:
        return periods.read(key)
    except Refused:
        abort(404)


def _offered(chosen: Period, offered: list[Period]) -> list[Period]:
    return offered if chosen in offered else [chosen, *offered]


def _today() -> Any:
    return writing.shop_day(clock.now())
