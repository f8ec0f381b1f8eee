"""Sums by month in the shop's time zone: what was sold, and whose the money is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, select

from domain.base import clock, months
from domain.base.months import Month
from domain.books.matching import TRANSFERS
from domain.ledger.states import BOUGHT
from domain.platform import settings
from models import (
    Dispute,
    DisputeLine,
    DisputeMovement,
    Earning,
    Order,
    Purchase,
    Refund,
    RefundLine,
    RefundStatus,
    StripeMovement,
    db,
)

UNDONE = (RefundStatus.FAILED, RefundStatus.CANCELED)
FEES, REVERSAL = "fee", "transfer_reversal"  # Stripe's categories: fees that no payment bears


@dataclass
class MonthSums:
    """The sums of a month in one currency, in minor units.

    `paid` is what buyers paid with tax, after `discounts`. `refunds` and `disputes` (negative: money that
    banks took) lower it, `tax` is what is left of the tax. `creators` is what was credited to creators
    without VAT, `platform` what is left for the shop before Stripe's `fees`, and `payouts` what was
    transferred to creators.
    """

    month: Month
    currency: str
    paid: int = 0
    discounts: int = 0
    tax: int = 0
    refunds: int = 0
    disputes: int = 0
    creators: int = 0
    fees: int = 0
    payouts: int = 0

    @property
    def platform(self) -> int:
        """Return what is left of the payments for the shop, before Stripe's fees."""
        return self.paid - self.refunds + self.disputes - self.tax - self.creators


def of_year(year: int) -> list[MonthSums]:
    """Add up the months of a year, the newest first, by currency; months without money are left out."""
    spans = [months.month(year, number, zone()) for number in range(1, 13)]
    found: dict[tuple[int, str], MonthSums] = {}
    for query, names in _queries(spans):
        for place, currency, *values in db.session.execute(query):
            line = found.setdefault((place, currency), MonthSums(spans[place], currency))
            for name, value in zip(names, values, strict=True):
                setattr(line, name, getattr(line, name) + int(value or 0))
    return [found[key] for key in sorted(found, key=lambda key: (-key[0], key[1]))]


def years() -> list[int]:
    """List the years that have sales, the newest first; this year is always among them."""
    first = db.session.scalar(select(func.min(Order.completed_at)))
    this_year = clock.now().astimezone(zone()).year
    return list(range(this_year, (first.astimezone(zone()).year if first else this_year) - 1, -1))


def zone() -> Any:
    """Return the shop's time zone."""
    return months.zone_of(settings.current().timezone)


def _queries(spans: Sequence[Month]) -> Iterable[tuple[Any, tuple[str, ...]]]:
    """Build the query of each kind of money, with the names of what it adds up."""
    total = func.sum
    sold = (Order.completed_at, Purchase.currency)
    yield (
        _grouped(
            spans, *sold, total(Purchase.amount_cents + Purchase.tax_cents), total(Purchase.discount_cents),
            total(Purchase.tax_cents),
        )
        .join(Order, Order.id == Purchase.order_id)
        .where(Purchase.status.in_(BOUGHT)),
        ("paid", "discounts", "tax"),
    )  # fmt: skip
    yield _refunds(spans, Refund.created_at, 1), ("refunds", "tax")
    undone = _refunds(spans, Refund.decided_at, -1).where(Refund.status.in_(UNDONE))
    yield undone, ("refunds", "tax")
    taken = _grouped(spans, DisputeMovement.moved_at, Dispute.currency, total(DisputeMovement.amount_cents))
    yield taken.join(Dispute, Dispute.id == DisputeMovement.dispute_id), ("disputes",)
    taxed = _grouped(spans, DisputeMovement.moved_at, Dispute.currency, total(DisputeLine.tax_cents))
    yield (
        taxed.join(Dispute, Dispute.id == DisputeMovement.dispute_id).join(
            DisputeLine, DisputeLine.movement_id == DisputeMovement.id
        ),
        ("tax",),
    )
    earned = _grouped(spans, Earning.created_at, Earning.currency, total(Earning.amount_cents))
    yield earned.where(~Earning.key.startswith("vat:")), ("creators",)
    category, gross = StripeMovement.category, StripeMovement.gross_cents
    yield (
        _grouped(
            spans, StripeMovement.moved_at, StripeMovement.currency,
            total(StripeMovement.fee_cents - case((category == FEES, gross), else_=0)),
            total(case((category.in_(TRANSFERS), -gross), else_=0)),
            total(case((category == REVERSAL, -gross), else_=0)),  # it was credited anew
        ),
        ("fees", "payouts", "creators"),
    )  # fmt: skip


def _refunds(spans: Sequence[Month], at: Any, sign: int) -> Any:
    """Build the query of refunds of what was bought, with the tax that they give back."""
    gross, tax = func.sum(sign * RefundLine.gross_cents), func.sum(-sign * RefundLine.tax_cents)
    return (
        _grouped(spans, at, Refund.currency, gross, tax)
        .join(RefundLine, RefundLine.refund_id == Refund.id)
        .join(Purchase, Purchase.id == RefundLine.purchase_id)
        .where(Purchase.status.in_(BOUGHT))
    )


def _grouped(spans: Sequence[Month], at: Any, currency: Any, *sums: Any) -> Any:
    """Build a query of `sums` by the place of the month in `spans` and the currency."""
    place = _place(spans, at)
    within = (at >= spans[0].start, at < spans[-1].stop)
    return select(place, currency, *sums).where(*within).group_by(place, currency)


def _place(spans: Sequence[Month], at: Any) -> ColumnElement[int]:
    bounds: list[tuple[int, datetime]] = [(place, span.stop) for place, span in enumerate(spans)]
    return case(*((at < stop, place) for place, stop in bounds), else_=len(spans) - 1).label("place")
