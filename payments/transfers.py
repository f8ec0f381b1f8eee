"""Transfers of creators' shares to their connected accounts, and reversals."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from payments.client import PaymentRefused, PaymentUnavailable, ask, client, listed

# Codes of refusals: the account can't receive transfers, our balance is too small, the account is gone.
NOT_CAPABLE = "insufficient_capabilities_for_transfer"
BALANCE_SHORT = "balance_insufficient"
NO_DESTINATION = "resource_missing"


@dataclass(frozen=True)
class StripeTransfer:
    """A transfer in its present state, in minor units; `payout_id` is our row, "" if it names none."""

    id: str
    amount: int
    amount_reversed: int
    currency: str
    destination: str
    payout_id: str
    transfer_group: str
    created: datetime
    balance_transaction: str


@dataclass(frozen=True)
class StripeReversal:
    """A reversal of a transfer, whole or in part; `reversal_id` is our row, "" if it names none."""

    id: str
    transfer_id: str
    amount: int
    currency: str
    reversal_id: str
    created: datetime
    balance_transaction: str


def group_of(payout_id: str) -> str:
    """Return the transfer group of a payout, which holds its transfer alone."""
    return f"payout_{payout_id}"


def create_transfer(payout_id: str, key: str, amount: int, currency: str, destination: str) -> StripeTransfer:
    """Transfer `amount` minor units to an account for a payout that was committed with its `key` before.

    Stripe forgets keys after a day, so a transfer of this payout is looked up first: repeating is safe at
    any time. Raises PaymentUnavailable (the outcome may be unknown: repeat), KeySpent (Stripe stored a
    failure under the key), and PaymentRefused with `code` NOT_CAPABLE, BALANCE_SHORT or NO_DESTINATION;
    Stripe repeats a refusal for the same key, so a retry of a refused payout needs a new key.
    """
    known = transfer_of_payout(payout_id)
    if known is not None:
        return known
    params: Any = {
        "amount": amount,
        "currency": currency,
        "destination": destination,
        "transfer_group": group_of(payout_id),
        "metadata": {"payout_id": payout_id},
    }
    transfers = client().v1.transfers
    return read_transfer(ask(lambda: transfers.create(params, {"idempotency_key": key})))


def find_transfer(transfer_id: str) -> StripeTransfer | None:
    """Retrieve a transfer in its present state, or None. Raises PaymentUnavailable."""
    if not transfer_id:
        return None
    try:
        return read_transfer(ask(lambda: client().v1.transfers.retrieve(transfer_id)))
    except PaymentRefused as refusal:
        if refusal.code == "resource_missing":
            return None
        raise PaymentUnavailable(str(refusal)) from refusal


def transfer_of_payout(payout_id: str) -> StripeTransfer | None:
    """Find the transfer of a payout by its group and metadata, or None. Raises PaymentUnavailable."""
    params: Any = {"transfer_group": group_of(payout_id), "limit": 100}
    found = listed(lambda: list(client().v1.transfers.list(params).auto_paging_iter()))
    transfers = [read_transfer(one) for one in found]
    return next((one for one in transfers if one.payout_id == payout_id), None)


def transfers_since(moment: datetime) -> Iterator[StripeTransfer]:
    """Iterate over the transfers created since `moment`, newest first. Raises PaymentUnavailable."""
    params: Any = {"created": {"gte": int(moment.timestamp())}, "limit": 100}
    found = ask(lambda: client().v1.transfers.list(params)).auto_paging_iter()
    while (one := ask(lambda: next(found, None))) is not None:
        yield read_transfer(one)


def reverse_transfer(transfer_id: str, reversal_id: str, key: str, amount: int) -> StripeReversal:
    """Reverse `amount` minor units of a transfer, idempotent by our `reversal_id` and its `key`.

    Raises PaymentUnavailable, KeySpent, and PaymentRefused for more than its rest, or (BALANCE_SHORT) than
    the account still has.
    """
    known = [one for one in reversals_of(transfer_id) if one.reversal_id == reversal_id]
    if known:
        return known[0]
    params: Any = {"amount": amount, "metadata": {"reversal_id": reversal_id}}
    reversals = client().v1.transfers.reversals
    return read_reversal(ask(lambda: reversals.create(transfer_id, params, {"idempotency_key": key})))


def reversals_of(transfer_id: str) -> list[StripeReversal]:
    """List the reversals of a transfer, newest first; empty for an unknown one. Raises PaymentUnavailable."""
    if not transfer_id:
        return []
    params: Any = {"limit": 100}
    reversals = client().v1.transfers.reversals
    found = listed(lambda: list(reversals.list(transfer_id, params).auto_paging_iter()))
    return [read_reversal(one) for one in found]


def read_transfer(found: Any) -> StripeTransfer:
    """Convert Stripe's transfer."""
    return StripeTransfer(
        id=found.id,
        amount=found.amount,
        amount_reversed=found.amount_reversed,
        currency=found.currency,
        destination=found.destination or "",
        payout_id=_metadata(found).get("payout_id", ""),
        transfer_group=found.transfer_group or "",
        created=datetime.fromtimestamp(found.created, UTC),
        balance_transaction=found.balance_transaction or "",
    )


def read_reversal(found: Any) -> StripeReversal:
    """Convert Stripe's transfer reversal."""
    return StripeReversal(
        id=found.id,
        transfer_id=found.transfer,
        amount=found.amount,
        currency=found.currency,
        reversal_id=_metadata(found).get("reversal_id", ""),
        created=datetime.fromtimestamp(found.created, UTC),
        balance_transaction=found.balance_transaction or "",
    )


def _metadata(found: Any) -> dict[str, str]:
    return found.metadata.to_dict() if found.metadata else {}
