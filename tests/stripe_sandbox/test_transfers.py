"""Transfers to connected accounts, reversals, and the balances of both sides."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from stripe_sandbox.disputes import TAKEN
from stripe_sandbox.errors import StripeError
from stripe_sandbox.testing import RunningSandbox

from .conftest import buy, checkout, client_of
from .test_accounts import link, open_account
from .test_money import books_agree


def payee(sandbox: RunningSandbox, client: StripeClient) -> str:
    """An account that can be paid."""
    account = open_account(client)
    sandbox.onboard(link(client, account.id))
    return str(account.id)


def fill(sandbox: RunningSandbox, client: StripeClient, amount: int = 10_000, currency: str = "usd") -> str:
    """Money that is available at once; returns the charge."""
    session = client.v1.checkout.sessions.create(checkout(amount, currency))
    sandbox.pay(session.id, "4000000000000077")
    return str(sandbox.all("charge")[-1]["id"])


def pay(client: StripeClient, account: str, amount: int = 1000, **more: Any) -> Any:
    """A transfer."""
    return client.v1.transfers.create(
        {"amount": amount, "currency": "usd", "destination": account, **more},
        {"idempotency_key": f"pay-{account}-{amount}"},
    )


def balance_of(client: StripeClient, account: str | None = None) -> tuple[int, int]:
    """Dollars available and pending, of an account or ours."""
    options: Any = {"stripe_account": account} if account else {}
    found = client.v1.balance.retrieve(None, options)
    return found.available[0].amount, found.pending[0].amount


def test_a_transfer_moves_money_to_an_account(sandbox: RunningSandbox, client: StripeClient) -> None:
    fill(sandbox, client)
    account, (before, _) = payee(sandbox, client), balance_of(client)
    transfer = pay(client, account, transfer_group="payout_1", metadata={"payout_id": "1"})
    assert (balance_of(client)[0], balance_of(client, account)) == (before - 1000, (1000, 0))
    assert pay(client, account, transfer_group="payout_1", metadata={"payout_id": "1"}).id == transfer.id
    moved = client.v1.balance_transactions.list({"source": transfer.id, "expand": ["data.source"]}).data
    assert [(row.type, row.net, row.source.id) for row in moved] == [("transfer", -1000, transfer.id)]
    for filters in ({"transfer_group": "payout_1"}, {"destination": account}, {"created": {"gte": 1}}):
        assert [row.id for row in client.v1.transfers.list(filters).data] == [transfer.id]  # type: ignore[arg-type]
    assert client.v1.transfers.list({"transfer_group": "payout_2"}).data == []
    changed = client.v1.transfers.update(transfer.id, {"metadata": {"note": "May"}, "description": "May"})
    assert (changed.metadata.to_dict(), changed.description) == ({"payout_id": "1", "note": "May"}, "May")
    types = [event["type"] for event in sandbox.events() if event["type"].startswith("transfer")]
    assert types == ["transfer.created", "transfer.updated"]
    assert books_agree(sandbox, client)
    assert sandbox.violations() == []


def test_an_account_without_the_capability_is_not_paid(sandbox: RunningSandbox, client: StripeClient) -> None:
    fill(sandbox, client)
    restricted, gone = open_account(client).id, payee(sandbox, client)
    sandbox.deauthorise(gone)
    for account, code in (
        (restricted, "insufficient_capabilities_for_transfer"),
        (gone, "resource_missing"),
        ("acct_nobody", "resource_missing"),
    ):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            pay(client, account)
        assert caught.value.code == code
    assert sandbox.all("transfer") == []


def test_only_what_is_available_is_transferred(sandbox: RunningSandbox, client: StripeClient) -> None:
    account = payee(sandbox, client)
    charge = client.v1.payment_intents.retrieve(buy(sandbox, client, 5000).payment_intent).latest_charge
    with pytest.raises(stripe.InvalidRequestError) as caught:
        pay(client, account)
    assert caught.value.code == "balance_insufficient"
    early = client.v1.transfers.create(
        {"amount": 4000, "currency": "usd", "destination": account, "source_transaction": str(charge)}
    )
    assert early.source_transaction == charge
    assert balance_of(client, account) == (0, 4000)
    for wrong in (
        {"amount": 1001},
        {"amount": 5, "currency": "eur"},
        {"amount": 5, "source_transaction": "ch_1"},
    ):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.transfers.create(
                {"currency": "usd", "destination": account, "source_transaction": str(charge), **wrong}  # type: ignore[typeddict-item]
            )
    assert books_agree(sandbox, client)
    sandbox.clock.advance(days=3)
    assert balance_of(client, account) == (4000, 0)
    assert books_agree(sandbox, client)


def test_a_reversal_brings_back_what_is_still_there(sandbox: RunningSandbox, client: StripeClient) -> None:
    fill(sandbox, client)
    account = payee(sandbox, client)
    transfer = pay(client, account, 3000)
    first = client.v1.transfers.reversals.create(transfer.id, {"amount": 1000, "metadata": {"why": "x"}})
    event = sandbox.last_event("transfer.reversed")["data"]
    assert (event["object"]["amount_reversed"], event["previous_attributes"]["amount_reversed"]) == (1000, 0)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unreversed"):
        client.v1.transfers.reversals.create(transfer.id, {"amount": 2001})
    second = client.v1.transfers.reversals.create(transfer.id, {"amount": 500})
    assert [row.id for row in client.v1.transfers.reversals.list(transfer.id).data] == [second.id, first.id]
    assert client.v1.transfers.reversals.retrieve(transfer.id, first.id).metadata["why"] == "x"
    assert sandbox.bank_receives(account) == {"usd": 1500}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.transfers.reversals.create(transfer.id)
    assert caught.value.code == "balance_insufficient"
    pay(client, account, 1500)
    assert client.v1.transfers.reversals.create(transfer.id).amount == 1500
    whole = client.v1.transfers.retrieve(transfer.id)
    assert (whole.reversed, whole.amount_reversed, len(whole.reversals.data)) == (True, 3000, 3)
    types = [row.type for row in client.v1.balance_transactions.list({"type": "transfer_refund"}).data]
    assert types == ["transfer_refund"] * 3
    assert books_agree(sandbox, client)
    assert sandbox.violations() == []


def test_only_the_balance_is_answered_for_an_account(sandbox: RunningSandbox, client: StripeClient) -> None:
    account = payee(sandbox, client)
    with pytest.raises(stripe.InvalidRequestError, match="connected account"):
        client.v1.charges.list({}, {"stripe_account": account})
    fill(sandbox, client)
    pay(client, account)
    with pytest.raises(stripe.InvalidRequestError, match="balance"):
        client.v1.accounts.delete(account)


@pytest.mark.parametrize("seed", range(6))
def test_the_balance_is_the_sum_of_its_movements_whatever_happens(seed: int) -> None:
    chance = random.Random(seed)
    with RunningSandbox(seed=f"money-{seed}", record=False) as sandbox:
        client = client_of(sandbox)
        accounts = [payee(sandbox, client) for _ in range(2)]
        cards = ["card", "4000000000000077", "4000000000000259", "4000000000001976", "4000000000005126"]

        def some(kind: str) -> Any:
            return chance.choice(sandbox.all(kind) or [{"id": "none"}])["id"]

        def purchase() -> None:
            session = client.v1.checkout.sessions.create(checkout(chance.randint(100, 9000)))
            sandbox.pay(session.id, chance.choice(cards))

        def move_dispute() -> None:
            statuses = ("won", "lost", "under_review", "needs_response", "warning_closed", "prevented")
            sandbox.change_dispute(some("dispute"), chance.choice(statuses))

        def settle() -> None:
            sandbox.settle_refund(some("refund"), chance.random() < 0.5)

        def refund() -> None:
            sandbox.refund(some("charge"), chance.randint(1, 3000))

        def transfer() -> None:
            sum_ = chance.randint(1, 4000)
            client.v1.transfers.create(
                {"amount": sum_, "currency": "usd", "destination": chance.choice(accounts)}
            )

        def reverse() -> None:
            client.v1.transfers.reversals.create(some("transfer"), {"amount": chance.randint(1, 2000)})

        actions: list[Callable[[], Any]] = [
            purchase,
            purchase,
            refund,
            settle,
            lambda: sandbox.dispute(some("charge"), amount=chance.randint(1, 3000)),
            move_dispute,
            move_dispute,
            transfer,
            transfer,
            reverse,
            lambda: sandbox.bank_receives(chance.choice(accounts)),
            lambda: sandbox.clock.advance(hours=chance.randint(1, 60)),
            sandbox.refuse_payout,
        ]
        for _ in range(80):
            try:
                chance.choice(actions)()
            except (StripeError, stripe.InvalidRequestError):
                continue
            assert books_agree(sandbox, client)
        sent = sum(row["amount"] - row["amount_reversed"] for row in sandbox.all("transfer"))
        moved = [row for row in sandbox.all("balance_transaction") if row["type"].startswith("transfer")]
        assert sum(row["net"] for row in moved) == -sent
        held = sum(row["amount"] for row in sandbox.all("dispute") if row["status"] in TAKEN)
        taken = [row for row in sandbox.all("balance_transaction") if row["type"] == "adjustment"]
        assert sum(row["amount"] for row in taken) == -held
