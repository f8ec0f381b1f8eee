"""Stripe's own books: movements of our balance, and what is in it and in connected accounts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from payments.client import ask, client

LONGEST_PAGE = 100


@dataclass(frozen=True)
class BalanceMovement:
    """A balance transaction. `amount`, `fee` and `net` (their difference) are in minor units, signed.

    `type` is Stripe's, such as charge, refund, refund_failure, adjustment (disputes), transfer,
    transfer_refund (a reversal), payout; `source` the id of the object that moved the money, "" for none.
    """

    id: str
    type: str
    category: str
    amount: int
    fee: int
    net: int
    currency: str
    source: str
    created: datetime
    available_on: datetime


@dataclass(frozen=True)
class Balance:
    """Money of one currency at Stripe, in minor units."""

    available: int
    pending: int


def movements(since: datetime, until: datetime, after: str = "") -> Iterator[BalanceMovement]:
    """Iterate over the movements of `[since, until)`, newest first.

    `after` is the id of the last one that was read, to go on from there. Reads a page at a time. Raises
    PaymentUnavailable, and PaymentRefused for an unknown `after`.
    """
    created = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
    params: Any = {"created": created, "limit": LONGEST_PAGE}
    if after:
        params["starting_after"] = after
    found = ask(lambda: client().v1.balance_transactions.list(params)).auto_paging_iter()
    while (one := ask(lambda: next(found, None))) is not None:
        yield read_movement(one)


def movements_of(source: str) -> list[BalanceMovement]:
    """List the movements of one object, such as a charge, refund, dispute or transfer, newest first.

    Raises PaymentUnavailable, PaymentRefused.
    """
    if not source:
        return []
    params: Any = {"source": source, "limit": LONGEST_PAGE}
    transactions = client().v1.balance_transactions
    return [read_movement(one) for one in ask(lambda: list(transactions.list(params).auto_paging_iter()))]


def balances() -> dict[str, Balance]:
    """Retrieve our balance at Stripe, by currency (lower case). Raises PaymentUnavailable."""
    return read_balances(ask(lambda: client().v1.balance.retrieve()))


def account_balances(account_id: str) -> dict[str, Balance]:
    """Retrieve the balance of a connected account, by currency. Raises PaymentUnavailable, AccountGone."""
    options: Any = {"stripe_account": account_id}
    return read_balances(ask(lambda: client().v1.balance.retrieve(None, options)))


def read_movement(found: Any) -> BalanceMovement:
    """Convert Stripe's balance transaction."""
    return BalanceMovement(
        id=found.id,
        type=found.type,
        category=found.reporting_category,
        amount=found.amount,
        fee=found.fee,
        net=found.net,
        currency=found.currency,
        source=found.source or "",
        created=datetime.fromtimestamp(found.created, UTC),
        available_on=datetime.fromtimestamp(found.available_on, UTC),
    )


def read_balances(found: Any) -> dict[str, Balance]:
    """Convert Stripe's balance."""
    available = {row.currency: row.amount for row in found.available}
    pending = {row.currency: row.amount for row in found.pending}
    currencies = sorted({*available, *pending})
    return {code: Balance(available.get(code, 0), pending.get(code, 0)) for code in currencies}
