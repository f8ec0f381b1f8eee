"""Routes of the earnings: sales with fee, share and payout state."""

from zoneinfo import ZoneInfo

from flask import abort
from werkzeug.wrappers import Response

from blueprints.studio import bp
from domain.base import money, months
from domain.payouts import earnings_page
from domain.payouts.earnings_page import Sale, ShareStatus
from web import hypermedia, query_args
from web.csv_downloads import csv_of
from web.reauthentication import fresh_page
from web.signed_in import me

UTC = ZoneInfo("UTC")
NAMES = {
    ShareStatus.WAITING: "Waiting",
    ShareStatus.AVAILABLE: "Available",
    ShareStatus.ON_ITS_WAY: "On its way",
    ShareStatus.PAID: "Paid",
    ShareStatus.FAILED: "Failed",
}
HEAD = [
    "Sold (UTC)", "Order", "Course", "Currency", "List price", "Discount", "Paid", "Fee", "Your share",
    "Refunded", "Deducted from you", "Status", "Payable from (UTC)",
]  # fmt: skip


@bp.get("/earnings")
def earnings() -> Response:
    """List the sales, newest first, with totals; of all time or of a month, paged."""
    return hypermedia.render(
        "studio/earnings.html",
        "studio/_earnings.html",
        listing=earnings_page.load(me(), _month(), query_args.text_arg("after")),
        names=NAMES,
        is_first=not query_args.text_arg("after"),
    )


@bp.get("/earnings.csv")
@fresh_page
def earnings_file() -> Response:
    """Export all the sales as CSV."""
    sales = earnings_page.every(me(), _month())
    return csv_of("earnings", HEAD, (_row(sale) for sale in sales))


def _month() -> str:
    """Read the month that the list is filtered by; "" for all time, 404 for none that there is."""
    asked = query_args.text_arg("month")
    if asked and months.read(asked, UTC) is None:
        abort(404)
    return asked


def _row(sale: Sale) -> list[object]:
    parts = (
        sale.list_cents, sale.discount_cents, sale.paid_cents, sale.fee_cents, sale.share_cents,
        sale.refunded_cents, sale.taken_back_cents,
    )  # fmt: skip
    amounts = [money.plain(cents, sale.currency) for cents in parts]
    named = [sale.at, sale.order_number, sale.title, sale.currency.upper()]
    return [*named, *amounts, NAMES[sale.standing], sale.due_at]
