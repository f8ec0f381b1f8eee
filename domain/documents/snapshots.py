"""Snapshots: what a document says, frozen when it is issued and stored as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

from models import Document


@dataclass(frozen=True)
class Party:
    """The particulars of the seller or of the buyer; `country` is its ISO code, empty when unknown.

    `numbers` are lines such as a tax number or the entry in a register of companies.
    """

    name: str
    company: str = ""
    address: tuple[str, ...] = ()
    postal_code: str = ""
    city: str = ""
    country: str = ""
    vat_id: str = ""
    email: str = ""
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """A product bought once: its price without tax, what was taken off that, what remains, and the tax on it.

    `purchase` is the id of the order's line. `author` wrote the product; the seller is the shop.
    """

    purchase: str
    title: str
    author: str
    unit_net_cents: int
    discount_cents: int
    net_cents: int
    tax_cents: int
    tax_rate_bp: int

    @property
    def gross_cents(self) -> int:
        """Add the tax to what remains."""
        return self.net_cents + self.tax_cents


@dataclass(frozen=True)
class TaxSum:
    """The lines of one rate: their net amounts and the tax on them."""

    rate_bp: int
    net_cents: int
    tax_cents: int


@dataclass(frozen=True)
class Payment:
    """The payment: its method in words, the last digits of a card, and the day in the shop's zone."""

    method: str
    last4: str
    paid_on: date


@dataclass(frozen=True)
class Snapshot:
    """The contents of a document beside its number, day and sums.

    `supplied_on` is the day on which access was given, or the last one of a payout's `period`, which is in
    words. `note` is the sentence that explains the tax, such as
    that of reverse charge. `counters` is the number of the invoice that a credit note counters, `reason` why;
    `replaces` is the number of the invoice in whose place a corrected one stands.
    """

    seller: Party
    buyer: Party
    order_number: str
    supplied_on: date
    lines: tuple[Line, ...]
    payment: Payment | None = None
    coupon_code: str = ""
    note: str = ""
    counters: str = ""
    reason: str = ""
    replaces: str = ""
    period: str = ""

    @property
    def taxes(self) -> list[TaxSum]:
        """Add up net amounts and tax by rate, the highest rate first."""
        sums: dict[int, TaxSum] = {}
        for line in self.lines:
            so_far = sums.get(line.tax_rate_bp, TaxSum(line.tax_rate_bp, 0, 0))
            sums[line.tax_rate_bp] = TaxSum(
                line.tax_rate_bp, so_far.net_cents + line.net_cents, so_far.tax_cents + line.tax_cents
            )
        return sorted(sums.values(), key=lambda one: -one.rate_bp)

    @property
    def net_cents(self) -> int:
        """Add up the net amounts of the lines."""
        return sum(line.net_cents for line in self.lines)

    @property
    def tax_cents(self) -> int:
        """Add up the tax of the lines."""
        return sum(line.tax_cents for line in self.lines)


def stored(snapshot: Snapshot) -> dict[str, Any]:
    """Turn a snapshot into JSON values."""
    row = asdict(snapshot)
    row["supplied_on"] = snapshot.supplied_on.isoformat()
    if snapshot.payment is not None:
        row["payment"]["paid_on"] = snapshot.payment.paid_on.isoformat()
    return row


def of(document: Document) -> Snapshot:
    """Read the snapshot of `document`: unknown names are left out, missing ones are empty."""
    row = dict(document.snapshot)
    row["seller"], row["buyer"] = _party(row["seller"]), _party(row["buyer"])
    row["supplied_on"] = date.fromisoformat(row["supplied_on"])
    row["lines"] = tuple(Line(**_known(Line, line)) for line in row["lines"])
    if row.get("payment") is not None:
        paid = _known(Payment, row["payment"])
        row["payment"] = Payment(**{**paid, "paid_on": date.fromisoformat(paid["paid_on"])})
    return Snapshot(**_known(Snapshot, row))


def _party(row: Mapping[str, Any]) -> Party:
    values = _known(Party, row)
    for name in ("address", "numbers"):
        values[name] = tuple(values.get(name, ()))
    return Party(**values)


def _known(kind: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in row.items() if name in names}
