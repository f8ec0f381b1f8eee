"""Ledger lines as payouts see them: their kinds, and which of them can be paid.

A line is payable once the refund window is over. The lines of a sale that a bank disputes wait for the end of
the dispute, unless the sale was paid out before: then what the bank took counts like any debt.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, literal_column, not_, select
from sqlalchemy.orm import aliased

from models import Earning, EarningStatus, Purchase, PurchaseShare

# The beginnings of the lines' keys.
KINDS = ("sale", "refund", "undo", "dispute", "adjust", "vat", "carry")
KIND = "line_kind"
NOT_EARNED = ("vat", "carry")
OWED = (EarningStatus.PENDING, EarningStatus.FAILED)


def kind_of(key: str) -> str:
    """Return the kind of the line with this key.

    >>> kind_of("sale:01890000000070008000000000000000")
    'sale'
    """
    return key.partition(":")[0]


def kind() -> ColumnElement[str]:
    """Build the SQL for the kind of a line, to be grouped by as KIND; "other" for one that isn't in KINDS."""
    return case(*((Earning.key.startswith(f"{one}:"), one) for one in KINDS), else_="other").label(KIND)


def unpaid() -> ColumnElement[bool]:
    """Build the condition for lines that are owed: in no payout, or in one that Stripe refused.

    The statuses stand in the statement itself, so that SQLite finds the partial index.
    """
    owed = [literal(one, Earning.status.type, literal_execute=True) for one in OWED]
    return Earning.status.in_(owed)


def payable(at: datetime) -> ColumnElement[bool]:
    """Build the condition for lines that a payout at `at` takes."""
    return and_(unpaid(), Earning.available_at <= at, not_(disputed()))


def disputed() -> ColumnElement[bool]:
    """Build the condition for lines that wait for the end of a dispute."""
    sale = aliased(Earning)
    # Nested, and without a parameter, so that SQLite begins with the few purchases in the partial index.
    purchases = select(Purchase.id).where(Purchase.disputed_cents > literal_column("0"))
    held = select(PurchaseShare.id).where(PurchaseShare.purchase_id.in_(purchases))
    unpaid_sale = select(sale.id).where(
        sale.share_id == Earning.share_id, sale.key.startswith("sale:"), sale.status.in_(OWED)
    )
    # A line without a share is compared with nothing: NULL would make the whole condition unknown.
    return and_(Earning.share_id.is_not(None), Earning.share_id.in_(held), unpaid_sale.exists())


def of_creator(creator_id: uuid.UUID, currency: str) -> ColumnElement[bool]:
    """Build the condition for the lines of a creator in a currency."""
    return and_(Earning.creator_id == creator_id, Earning.currency == currency)


def total(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """Build the sum of the lines that satisfy `conditions`, an integer on every database."""
    amount: Any = Earning.amount_cents
    if conditions:
        amount = case((and_(*conditions), amount), else_=0)
    return func.coalesce(func.sum(amount), 0)
