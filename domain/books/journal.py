"""The journal: every movement of money as an amount with the account that is debited and the one credited.

It is a view of purchases, refunds, earnings and Stripe's movements, oldest first, read in blocks. Each entry
has both its sides, so debit and credit are equal per currency; what the account of Stripe adds up to is the
balance there. A mistake is corrected by a later entry, never by changing one.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from domain.base import pagination
from domain.books.matching import CHARGES, DISPUTES, REFUNDS
from domain.books.sums import UNDONE
from domain.ledger.states import BOUGHT
from models import (
    Dispute,
    DisputeMovement,
    Earning,
    Order,
    Purchase,
    Refund,
    RefundLine,
    StripeMovement,
    db,
)

BLOCK = 500


@dataclass(frozen=True)
class Account:
    """An account: its number in the German chart SKR03, and its name."""

    number: str
    name: str


STRIPE = Account("1360", "Balance at Stripe")
BANK = Account("1200", "Bank")
SALES = Account("8400", "Sales")
TAX = Account("1770", "Sales tax")
CREATORS = Account("1600", "Owed to creators")
COSTS = Account("3100", "Shares of creators")
INPUT_TAX = Account("1570", "Input tax")
FEES = Account("4970", "Fees of Stripe")
BUYERS = Account("1700", "To be returned to buyers")
LOSSES = Account("2400", "Losses from disputes")
OTHER = Account("1590", "Other movements at Stripe")

# The account against Stripe's, by reporting category. Payments, refunds and disputes are booked from our own
# rows. What comes back of a transfer is owed to the creator anew, by an adjustment.
AGAINST = {
    "transfer": CREATORS, "transfer_reversal": COSTS, "fee": FEES,
    "payout": BANK, "payout_reversal": BANK, "topup": BANK, "topup_reversal": BANK,
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """An entry: `cents` minor units (positive) from the account `credit` to the account `debit`."""

    at: datetime
    document: str
    text: str
    debit: Account
    credit: Account
    cents: int
    currency: str


def between(start: datetime, stop: datetime) -> Iterator[Entry]:
    """Iterate over the entries of `[start, stop)`, oldest first."""
    sources = (_sales, _refunds, _undone, _disputes, _earnings, _movements)
    found = heapq.merge(*(source(start, stop) for source in sources), key=lambda entry: entry.at)
    return (entry for entry in found if entry.cents)


def _sales(start: datetime, stop: datetime) -> Iterator[Entry]:
    query = (
        select(Purchase)
        .join(Order, Order.id == Purchase.order_id)
        .where(Purchase.status.in_(BOUGHT))
        .options(joinedload(Purchase.order))
    )
    for row in _rows(query, Order.completed_at, Purchase.id, start, stop, lambda row: row.order.completed_at):
        about = (row.order.completed_at, row.order.number, row.product_snapshot["title"])
        yield Entry(*about, STRIPE, SALES, row.amount_cents, row.currency)
        yield Entry(*about, STRIPE, TAX, row.tax_cents, row.currency)


def _refunds(start: datetime, stop: datetime) -> Iterator[Entry]:
    """List refunds as they were booked; what bought nothing comes in with its refund."""
    for row in _rows(_whole_refunds(), Refund.created_at, Refund.id, start, stop, lambda r: r.created_at):
        for account, cents in _parts(row):
            about = (row.created_at, row.order.number, f"Refund: {row.reason}")
            if account is BUYERS:
                yield Entry(*about, STRIPE, BUYERS, cents, row.currency)
            yield Entry(*about, account, STRIPE, cents, row.currency)


def _undone(start: datetime, stop: datetime) -> Iterator[Entry]:
    """List the counter-entries of refunds that failed."""
    query = _whole_refunds().where(Refund.status.in_(UNDONE))
    for row in _rows(query, Refund.decided_at, Refund.id, start, stop, lambda row: row.decided_at):
        for account, cents in _parts(row):
            about = (row.decided_at, row.order.number, f"Refund failed: {row.reason}")
            yield Entry(*about, STRIPE, account, cents, row.currency)


def _disputes(start: datetime, stop: datetime) -> Iterator[Entry]:
    """List what banks took and gave back; what they demand beyond the order is the shop's loss."""
    moved = DisputeMovement
    query = select(moved, Dispute).join(Dispute, Dispute.id == moved.dispute_id)
    query = query.options(selectinload(moved.lines))
    found = _blocks(query, moved.moved_at, moved.id, start, stop, lambda pair: pair[0].moved_at)
    for row, dispute in found:
        about = (row.moved_at, dispute.stripe_dispute_id, f"Dispute: {dispute.reason}")
        rest = row.amount_cents - sum(line.gross_cents for line in row.lines)
        parts = [(SALES, line.net_cents) for line in row.lines] + [
            (TAX, line.tax_cents) for line in row.lines
        ]
        for account, cents in (*parts, (LOSSES, rest)):
            yield _signed(about, STRIPE, account, cents, dispute.currency)


def _earnings(start: datetime, stop: datetime) -> Iterator[Entry]:
    rows = _rows(select(Earning), Earning.created_at, Earning.id, start, stop, lambda row: row.created_at)
    for row in rows:
        kind = row.key.partition(":")[0]
        cost = INPUT_TAX if kind == "vat" else COSTS
        about = (row.created_at, row.key, row.note or f"Creator’s share ({kind})")
        yield _signed(about, cost, CREATORS, row.amount_cents, row.currency)


def _movements(start: datetime, stop: datetime) -> Iterator[Entry]:
    moved = StripeMovement
    for row in _rows(select(moved), moved.moved_at, moved.id, start, stop, lambda row: row.moved_at):
        about = (row.moved_at, row.source_id or row.id, f"Stripe: {row.type}")
        if row.category not in (*CHARGES, *REFUNDS, *DISPUTES):
            against = AGAINST.get(row.category, OTHER)
            yield _signed(about, STRIPE, against, row.gross_cents, row.currency)
        yield _signed(about, FEES, STRIPE, row.fee_cents, row.currency)


def _whole_refunds() -> Any:
    lines = selectinload(Refund.lines).joinedload(RefundLine.purchase)
    return select(Refund).options(joinedload(Refund.order), lines)


def _parts(refund: Refund) -> Iterator[tuple[Account, int]]:
    """Divide a refund among the accounts that it lowers."""
    if not refund.lines:
        yield BUYERS, refund.amount_cents
    for line in refund.lines:
        if line.purchase.status in BOUGHT:
            yield SALES, line.net_cents
            yield TAX, line.tax_cents
        else:
            yield BUYERS, line.gross_cents


def _signed(
    about: tuple[datetime, str, str], debit: Account, credit: Account, cents: int, currency: str
) -> Entry:
    """Build an entry whose sides change places where the amount is negative."""
    if cents < 0:
        debit, credit, cents = credit, debit, -cents
    return Entry(*about, debit, credit, cents, currency)


def _rows(
    query: Any, at: Any, key: Any, start: datetime, stop: datetime, when: Callable[[Any], datetime]
) -> Iterator[Any]:
    """Read the entities of `query`, as `_blocks` does."""
    found = _blocks(query, at, key, start, stop, lambda row: when(row[0]))
    return (row[0] for row in found)


def _blocks(
    query: Any, at: Any, key: Any, start: datetime, stop: datetime, when: Callable[[Any], datetime]
) -> Iterator[Any]:
    """Read the rows of `query` whose time `at` is in `[start, stop)`, a block at a time, oldest first.

    `when` reads the time of a row; its entity comes first.
    """
    query = query.where(at >= start, at < stop).order_by(at, key).limit(BLOCK)
    last: tuple[datetime, Any] | None = None
    while True:
        found = query.where(*pagination.beyond(at, key, last)) if last else query
        rows = db.session.execute(found).all()
        yield from rows
        if len(rows) < BLOCK:
            return
        last = (when(rows[-1]), rows[-1][0].id)
