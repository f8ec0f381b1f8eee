"""Routes of the shop's figures: from view to sale, and its best and worst products."""

from collections.abc import Iterator
from typing import Any

from flask import abort
from werkzeug.wrappers import Response

from blueprints.admin import bp
from domain.analytics import conversion_report
from domain.analytics.reporting_periods import Period
from domain.base import money
from domain.catalog import kinds
from web import hypermedia
from web.csv_downloads import csv_of
from web.query_args import choice_arg
from web.reauthentication import fresh_page

DAY_HEAD = [
    "Day (UTC)", "Views", "Added to carts", "Checkouts begun", "Orders paid", "Codes that fitted",
    "Codes refused",
]  # fmt: skip
PRODUCT_HEAD = [
    "Title", "Kind", "Address", "Views", "Added to carts", "Checkouts begun", "Paid", "Revenue without tax",
    "Currency",
]  # fmt: skip


@bp.get("/analytics")
def analytics() -> Response:
    """Show the shop's way from view to sale over a period."""
    period = _period()
    figures = conversion_report.of_shop(period)
    return hypermedia.render(
        "admin/analytics.html",
        "admin/_analytics.html",
        figures=figures,
        sold=conversion_report.sold(period),
        best=conversion_report.best(period),
        worst=conversion_report.worst(figures),
        periods=list(Period),
        page_of=kinds.page,
    )


@bp.get("/analytics/<table>.csv")
@fresh_page
def analytics_file(table: str) -> Response:
    """Export the days of the period, or all its products, as CSV."""
    period = _period()
    if table == "days":
        return csv_of(f"days-{period.value}", DAY_HEAD, conversion_report.of_shop(period).days)
    if table != "products":
        abort(404)
    return csv_of(f"products-{period.value}", PRODUCT_HEAD, _products(period))


def _products(period: Period) -> Iterator[list[Any]]:
    for one in conversion_report.every_product(period):
        yield [
            one.title, one.kind.value, one.slug, one.views, one.cart_adds, one.checkouts, one.paid,
            money.plain(one.revenue_cents, one.currency), one.currency.upper(),
        ]  # fmt: skip


def _period() -> Period:
    return choice_arg("period", Period, Period.MONTH)
