"""Charges: read payments as Stripe has them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from payments.client import ask, client


@dataclass(frozen=True)
class StripeCharge:
    """A payment in its present state; amounts in minor units.

    `order_number` is the order that it names, "" if it names none.
    """

    id: str
    status: str
    amount: int
    amount_refunded: int
    currency: str
    payment_intent: str
    order_number: str
    is_disputed: bool
    balance_transaction: str
    created: datetime


def charges_since(moment: datetime) -> Iterator[StripeCharge]:
    """Iterate over the charges created since `moment`, newest first. Raises PaymentUnavailable."""
    params: Any = {"created": {"gte": int(moment.timestamp())}, "limit": 100}
    found = ask(lambda: client().v1.charges.list(params)).auto_paging_iter()
    while (one := ask(lambda: next(found, None))) is not None:
        yield read_charge(one)


def read_charge(found: Any) -> StripeCharge:
    """Convert Stripe's charge."""
    metadata = found.metadata.to_dict() if found.metadata else {}
    return StripeCharge(
        id=found.id,
        status=found.status,
        amount=found.amount,
        amount_refunded=found.amount_refunded,
        currency=found.currency,
        payment_intent=found.payment_intent or "",
        order_number=metadata.get("order_number", ""),
        is_disputed=found.disputed,
        balance_transaction=found.balance_transaction or "",
        created=datetime.fromtimestamp(found.created, UTC),
    )
