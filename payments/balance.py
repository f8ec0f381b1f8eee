"""Stripe's own books: movements of our balance, and what is in it and in connected accounts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from payments.client import ask, client

LONGEST_PAGE = 100
EXPANDED = ["data.source"]
OUR_IDS = ("refund_id", "payout_id")  # as our calls name them in metadata


@dataclass(frozen=True)
class BalanceMovement:
    """A balance transaction. `amount`, `fee` and `net` (their difference) are in minor units, signed.

    `type` is Stripe's, such as charge, refund, refund_failure, adjustment (disputes), transfer,
    transfer_refund (a reversal), payout; `source` the id of the object that moved the money, "" for none.
    `parent` is the payment that the source belongs to, or the transfer it reverses, `our_id` our row that its
    metadata name, "" for none. `paid` and `paid_currency` are `amount` in what the buyer paid in.
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
    parent: str
    our_id: str
    paid: int
    paid_currency: str


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
    params: Any = {"created": created, "limit": LONGEST_PAGE, "expand": EXPANDED}
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
    params: Any = {"source": source, "limit": LONGEST_PAGE, "expand": EXPANDED}
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
    """Convert Stripe's balance transaction, with its source expanded."""
    source = found.source
    is_whole = source is not None and not isinstance(source, str)
    paid, paid_currency = _paid(found, source if is_whole else None)
    return BalanceMovement(
        id=found.id,
        type=found.type,
        category=found.reporting_category,
        amount=found.amount,
        fee=found.fee,
        net=found.net,
        currency=found.currency,
        source=source.id if is_whole else source or "",
        created=datetime.fromtimestamp(found.created, UTC),
        available_on=datetime.fromtimestamp(found.available_on, UTC),
        parent=_parent(source) if is_whole else "",
        our_id=_our_id(source) if is_whole else "",
        paid=paid,
        paid_currency=paid_currency,
    )


def _paid(found: Any, source: Any) -> tuple[int, str]:
    """Return the amount of a movement in the currency of what moved it, with the movement's sign."""
    currency = getattr(source, "currency", None) or found.currency
    if currency == found.currency:
        return found.amount, found.currency
    return (source.amount if found.amount > 0 else -source.amount), currency


def _parent(source: Any) -> str:
    return getattr(source, "payment_intent", None) or getattr(source, "transfer", None) or ""


def _our_id(source: Any) -> str:
    metadata = source.metadata.to_dict() if getattr(source, "metadata", None) else {}
    return next((metadata[name] for name in OUR_IDS if name in metadata), "")


def read_balances(found: Any) -> dict[str, Balance]:
    """Convert Stripe's balance."""
    available = {row.currency: row.amount for row in found.available}
    pending = {row.currency: row.amount for row in found.pending}
    currencies = sorted({*available, *pending})
    return {code: Balance(available.get(code, 0), pending.get(code, 0)) for code in currencies}
