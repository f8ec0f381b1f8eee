"""The document of a payout: an invoice in the creator's name or, where they charge no VAT, a settlement.

The creator supplies, the shop receives. It sums up by course; the statement lists every sale.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import func, select

from domain.base import money
from domain.documents import lookups, numbers, parties, pdf_words, writing
from domain.documents.snapshots import Line, Payment, Snapshot
from domain.payouts import lines, vat
from domain.platform import settings
from models import Document, Earning, Payout, Product, PurchaseShare, User, db

METHOD = "stripe_transfer"
_TITLES = {
    "sale": "{count} × “{title}”",
    "refund": "Refunds of “{title}”",
    "undo": "Refunds of “{title}” that failed",
    "dispute": "Disputed payments for “{title}”",
}


def issue(payout: Payout) -> Document:
    """Issue the document of a payout that was paid; the one it has, if it has one."""
    found = lookups.of_payout(payout.id)
    if found is not None:
        return found
    shop, creator = settings.current(), db.session.get_one(User, payout.creator_id)
    kind, note = vat.document_of(payout.billing, shop)
    first, last = (writing.shop_day(moment) for moment in (payout.period_start, payout.period_end))
    snapshot = Snapshot(
        seller=parties.described(payout.billing, creator),
        buyer=parties.seller(shop),
        order_number="",
        supplied_on=last,
        lines=tuple(_lines(payout)),
        payment=Payment(METHOD, "", writing.shop_day(payout.paid_at or payout.period_end)),
        note=" ".join([note, *_carried(payout.sums, payout.currency)]),
        period=f"{pdf_words.day(first)} to {pdf_words.day(last)}",
    )
    series = numbers.series_of(payout.creator_id)
    return writing.write(kind, series, payout.currency, snapshot, payout.paid_at, payout_id=payout.id)


def _lines(payout: Payout) -> Iterator[Line]:
    """Sum up the payout by course and kind. The tax is rounded once, over all of them."""
    sum_so_far = tax_so_far = 0
    for title, cents in _sums(payout):
        sum_so_far += cents
        tax = vat.on(sum_so_far, payout.vat_rate_bp) - tax_so_far
        tax_so_far += tax
        yield Line("", title, "", cents, 0, cents, tax, payout.vat_rate_bp)


def _sums(payout: Payout) -> Iterator[tuple[str, int]]:
    query = (
        select(lines.kind(), Product.title, Earning.note, func.count(), func.sum(Earning.amount_cents))
        .outerjoin(PurchaseShare, PurchaseShare.id == Earning.share_id)
        .outerjoin(Product, Product.id == PurchaseShare.course_id)
        .where(Earning.payout_id == payout.id)
        .group_by(lines.KIND, Product.id, Product.title, Earning.note)
    )
    rows = db.session.execute(query).all()
    order = {name: place for place, name in enumerate(lines.KINDS)}
    for name, title, note, count, cents in sorted(
        rows, key=lambda row: (order.get(row[0], 99), row[1] or "")
    ):
        if name not in lines.NOT_EARNED:
            words = _TITLES.get(name, "{note}")
            yield words.format(count=count, title=title or "", note=note or "Adjustment"), int(cents)


def _carried(sums: Mapping[str, Any], currency: str) -> Iterator[str]:
    cents = sums.get("carry", 0)
    if cents < 0:
        yield f"{money.money(-cents, currency)} of it is carried into the next payout."
    elif cents > 0:
        yield f"{money.money(cents, currency)} carried over from the last payout was paid with it."
