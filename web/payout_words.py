"""Words about payouts: their states, the kinds of their lines, and the cells of their files."""

from collections.abc import Sequence

from domain.base import money
from domain.payouts.statements import StatementLine
from models import BorneBy, Payout, PayoutStatus

# Text and tone of the badge.
STATUSES = {
    PayoutStatus.PENDING: ("On its way", "accent"),
    PayoutStatus.PAID: ("Paid", "good"),
    PayoutStatus.FAILED: ("Refused", "bad"),
    PayoutStatus.RELEASED: ("Refused, tried again", "neutral"),
}
KINDS = {
    "sale": "Sales",
    "refund": "Refunds",
    "undo": "Failed refunds",
    "dispute": "Disputes",
    "adjust": "Adjustments",
    "vat": "VAT",
    "carry": "Carried over",
}
ONE_OF = {
    "sale": "Sale",
    "refund": "Refund",
    "undo": "Failed refund",
    "dispute": "Dispute",
    "adjust": "Adjustment",
    "vat": "VAT",
    "carry": "Carried over",
}
BEARERS = {
    BorneBy.CREATOR: "by you",
    BorneBy.PLATFORM: "by us",
    BorneBy.BOTH: "by both",
}
LINES_HEAD = [
    "Booked (UTC)", "What", "Order", "Course", "Currency", "List price", "Discount", "Discount borne",
    "Paid without tax", "Tax", "Fee", "Amount for you", "Note",
]  # fmt: skip
YEAR_HEAD = ["Paid (UTC)", "Currency", *KINDS.values(), "Paid to you", "Taken back"]


def line_cells(line: StatementLine, currency: str) -> list[object]:
    """Return a line of a statement as cells of LINES_HEAD."""
    plain = [""] * 6
    if line.is_sale:
        discount = money.plain(line.discount_cents, currency)
        parts = (line.paid_cents or 0, line.tax_cents, line.fee_cents or 0)
        bearer = BEARERS[line.borne_by] if line.borne_by and line.discount_cents else ""
        plain = [money.plain(line.list_cents or 0, currency), discount, bearer]
        plain += [money.plain(cents, currency) for cents in parts]
    return [
        line.at, ONE_OF.get(line.kind, line.kind), line.order_number or "", line.title or "",
        currency.upper(), *plain, money.plain(line.amount_cents, currency), line.note,
    ]  # fmt: skip


def year_cells(payouts: Sequence[Payout]) -> list[list[object]]:
    """Return the payouts of a year as rows of YEAR_HEAD."""
    return [
        [
            row.paid_at, row.currency.upper(),
            *(money.plain(row.sums.get(kind, 0), row.currency) for kind in KINDS),
            money.plain(row.amount_cents, row.currency), money.plain(row.reversed_cents, row.currency),
        ]
        for row in payouts
    ]  # fmt: skip
