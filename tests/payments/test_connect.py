"""Connected accounts, transfers and balances, asked of a Stripe."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

import payments
from stripe_sandbox.accounts import REASONS
from stripe_sandbox.testing import RunningSandbox
from tests.payments.test_wire import ORDER

REFRESH, RETURN = "http://127.0.0.1:5999/again", "http://127.0.0.1:5999/back"


@pytest.fixture(params=["v2", "v1"])
def api(request: pytest.FixtureRequest, app: Flask, stripe: RunningSandbox) -> str:
    """Each of Stripe's APIs for accounts."""
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], stripe_connect_api=request.param)
    return str(request.param)


def money_in(stripe: RunningSandbox, amount: int, how: str = "card") -> str:
    """A payment for the order L-1; returns the charge."""
    lines = (payments.Line("Practical SQL", amount),)
    key = f"order:{amount}:{len(stripe.all('charge'))}"
    session = payments.open_session(replace(ORDER, key=key, number="L-1", lines=lines))
    stripe.pay(session.id, how)
    return str(stripe.all("charge")[-1]["id"])


def payee(stripe: RunningSandbox) -> str:
    """An account that can be paid."""
    account = payments.open_account("connect:7:1", "creator@example.com", "DE", "7")
    stripe.onboard(payments.onboarding_link(account.id, REFRESH, RETURN))
    return account.id


def test_an_account_is_opened_onboarded_and_looked_at(stripe: RunningSandbox, api: str) -> None:
    account = payments.open_account("connect:7:1", "creator@example.com", "DE", "7")
    assert (account.status, account.country, account.is_payable) == ("restricted", "DE", False)
    assert account.requirements[0].code == "requirements_past_due"
    assert "your date of birth" in " ".join(one.sentence for one in account.requirements)
    assert payments.open_account("connect:7:1", "creator@example.com", "DE", "7").id == account.id
    with pytest.raises(payments.PaymentRefused):
        payments.login_link(account.id)
    assert stripe.onboard(payments.onboarding_link(account.id, REFRESH, RETURN), "pending") == RETURN
    waiting = payments.find_account(account.id)
    assert (waiting.status, waiting.may_sign_in) == ("pending", True)
    assert waiting.requirements[0].code == "requirements_pending_verification"
    stripe.enable(account.id)
    found = payments.find_account(account.id)
    assert (found.status, found.requirements, found.is_payable) == ("active", (), True)
    assert payments.login_link(account.id).startswith(stripe.url)


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_is_said_in_words(stripe: RunningSandbox, reason: str) -> None:
    account_id = payee(stripe)
    stripe.restrict(account_id, reason, due=("identity.individual.address",), error="invalid_street_address")
    found = payments.find_account(account_id)
    assert found.is_payable is False
    assert found.requirements[0].code == reason
    assert "Stripe gives the reason" not in found.requirements[0].sentence
    assert "your address (invalid street address)" in found.requirements[1].sentence
    assert found.status == {"rejected": "restricted"}.get(REASONS[reason][0], REASONS[reason][0])


def test_an_account_that_is_gone_says_so(stripe: RunningSandbox, api: str) -> None:
    account_id = payee(stripe)
    stripe.deauthorise(account_id)
    for found in (
        payments.find_account(account_id),
        payments.find_account("acct_nobody"),
        payments.find_account(""),
    ):
        assert (found.is_gone, found.is_payable) == (True, False)
    with pytest.raises(payments.AccountGone):
        payments.onboarding_link(account_id, REFRESH, RETURN)
    with pytest.raises(payments.AccountGone):
        payments.account_balances(account_id)
    with pytest.raises(payments.PaymentRefused) as refusal:
        payments.create_transfer("p1", "payout:p1", 100, "usd", account_id)
    assert refusal.value.code == payments.NO_DESTINATION


def test_a_country_without_stripe_is_unsupported(stripe: RunningSandbox) -> None:
    account = payments.open_account("connect:7:1", "creator@example.com", "KP", "7")
    assert (account.status, account.requirements[0].code) == ("unsupported", "unsupported_country")


@pytest.mark.parametrize("fault", ["execute_then_500", "execute_then_drop"])
def test_a_transfer_whose_answer_is_lost_is_made_once(stripe: RunningSandbox, fault: str) -> None:
    money_in(stripe, 5000, "4000000000000077")
    account_id = payee(stripe)
    stripe.fault(fault, "POST /v1/transfers", times=1)
    try:
        payments.create_transfer("p1", "payout:p1", 1000, "usd", account_id)
    except (payments.KeySpent, payments.PaymentUnavailable):
        assert fault == "execute_then_500"
    made = payments.create_transfer("p1", "payout:p1", 1000, "usd", account_id)
    stripe.clock.advance(days=3)
    assert payments.create_transfer("p1", "another key", 1000, "usd", account_id) == made
    assert [row["id"] for row in stripe.all("transfer")] == [made.id]
    assert payments.transfer_of_payout("p1") == payments.find_transfer(made.id) == made
    assert payments.transfer_of_payout("p2") is payments.find_transfer("tr_none") is None
    moment = datetime.now(UTC) - timedelta(days=1)
    assert list(payments.transfers_since(moment)) == [made]
    assert payments.account_balances(account_id) == {"usd": payments.Balance(1000, 0)}


def test_refused_transfers_name_their_reason(stripe: RunningSandbox) -> None:
    account_id = payee(stripe)
    with pytest.raises(payments.PaymentRefused) as refusal:
        payments.create_transfer("p1", "payout:p1", 1000, "usd", account_id)
    assert refusal.value.code == payments.BALANCE_SHORT
    money_in(stripe, 5000, "4000000000000077")
    with pytest.raises(payments.PaymentRefused):
        payments.create_transfer("p1", "payout:p1", 1000, "usd", account_id)
    assert payments.create_transfer("p1", "payout:p1:2", 1000, "usd", account_id).payout_id == "p1"
    stripe.restrict(account_id)
    with pytest.raises(payments.PaymentRefused) as refusal:
        payments.create_transfer("p2", "payout:p2", 1000, "usd", account_id)
    assert refusal.value.code == payments.NOT_CAPABLE


def test_a_reversal_is_made_once(stripe: RunningSandbox) -> None:
    money_in(stripe, 5000, "4000000000000077")
    transfer = payments.create_transfer("p1", "payout:p1", 1000, "usd", payee(stripe))
    stripe.fault("execute_then_drop", "POST /v1/transfers/*", times=3)
    with pytest.raises(payments.PaymentUnavailable):
        payments.reverse_transfer(transfer.id, "r1", "reversal:r1", 400)
    made = payments.reverse_transfer(transfer.id, "r1", "reversal:r1", 400)
    stripe.clock.advance(days=3)
    assert payments.reverse_transfer(transfer.id, "r1", "another key", 400) == made
    assert payments.reversals_of(transfer.id) == [made]
    assert (made.amount, made.reversal_id, payments.reversals_of("tr_none")) == (400, "r1", [])
    found = payments.find_transfer(transfer.id)
    assert found is not None
    assert found.amount_reversed == 400
    with pytest.raises(payments.PaymentRefused):
        payments.reverse_transfer(transfer.id, "r2", "reversal:r2", 601)


def test_disputes_are_read_and_answered(stripe: RunningSandbox) -> None:
    charge = money_in(stripe, 5000)
    since = datetime.now(UTC) - timedelta(minutes=1)
    dispute_id = stripe.dispute(charge, amount=2000)["id"]
    found = payments.find_dispute(dispute_id)
    assert found is not None
    assert (found.amount, found.status, found.order_number) == (2000, "needs_response", "L-1")
    assert [(moved.amount, moved.fee) for moved in found.movements] == [(-2000, 1500)]
    assert payments.list_disputes(since) == payments.disputes_of_charge(charge) == [found]
    texts = {"product_description": "A course"}
    kept = payments.save_evidence(dispute_id, texts, "evidence:1", submit=False)
    assert (kept.status, kept.evidence, kept.submission_count) == ("needs_response", texts, 0)
    stripe.fault("execute_then_drop", "POST /v1/disputes/*")
    sent = payments.save_evidence(dispute_id, texts, "evidence:2", submit=True)
    assert (sent.status, sent.submission_count) == ("under_review", 1)
    with pytest.raises(payments.PaymentRefused):
        payments.save_evidence(dispute_id, texts, "evidence:3", submit=True)
    with pytest.raises(ValueError, match="poem"):
        payments.save_evidence(dispute_id, {"poem": "x"}, "evidence:4", submit=False)
    stripe.decide(dispute_id, won=True)
    stripe.change_dispute(dispute_id, "lost")
    lost = payments.find_dispute(dispute_id)
    assert lost is not None
    assert [moved.amount for moved in lost.movements] == [-2000, 2000, -2000]
    other = stripe.dispute(money_in(stripe, 700))["id"]
    assert payments.accept_dispute(other).status == "lost"
    assert payments.find_dispute("dp_none") is payments.find_dispute("") is None


def test_fraud_warnings_are_read(stripe: RunningSandbox) -> None:
    charge = money_in(stripe, 5000)
    warning_id = stripe.warn_of_fraud(charge)["id"]
    found = payments.find_fraud_warning(warning_id)
    assert found is not None
    assert (found.charge, found.actionable, found.order_number) == (charge, True, "L-1")
    assert payments.list_fraud_warnings(datetime.now(UTC) - timedelta(minutes=1)) == [found]
    assert payments.find_fraud_warning("issfr_none") is None


def test_the_balance_is_read_by_page_and_resumed(stripe: RunningSandbox) -> None:
    for number in range(5):
        money_in(stripe, 1000 + number, "4000000000000077")
    since, until = datetime.now(UTC) - timedelta(minutes=5), datetime.now(UTC) + timedelta(minutes=5)
    everything = list(payments.movements(since, until))
    assert [one.amount for one in everything] == [1004, 1003, 1002, 1001, 1000]
    assert list(payments.movements(since, until, after=everything[2].id)) == everything[3:]
    assert list(payments.movements(until, until + timedelta(days=1))) == []
    assert payments.movements_of(everything[0].source) == everything[:1]
    assert payments.balances() == {"usd": payments.Balance(sum(one.net for one in everything), 0)}
    (newest, *_) = list(payments.charges_since(since))
    assert (newest.id, newest.order_number) == (everything[0].source, "L-1")
    refund = stripe.refund(newest.id, 100)
    assert [one.id for one in payments.list_refunds(since)] == [refund["id"]]


def test_nothing_is_read_while_stripe_is_down(
    stripe: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payments.client.RETRIES", 0)
    stripe.fault("503", "GET /*", times=50)
    moment = datetime.now(UTC)
    calls: list[Any] = [
        lambda: payments.find_account("acct_1"),
        lambda: list(payments.movements(moment, moment)),
        lambda: list(payments.transfers_since(moment)),
        lambda: payments.list_disputes(moment),
        lambda: payments.find_dispute("dp_1"),
        payments.balances,
    ]
    for call in calls:
        with pytest.raises(payments.PaymentUnavailable):
            call()
