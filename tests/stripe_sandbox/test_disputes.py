"""Disputes over the API: evidence, deadlines, and money that follows the status."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from stripe_sandbox.disputes import FEE, NEXT, TAKEN
from stripe_sandbox.errors import StripeError
from stripe_sandbox.testing import RunningSandbox

from .conftest import checkout
from .test_money import books_agree
from .test_unrelated_events import charge_of


def paid_with(sandbox: RunningSandbox, client: StripeClient, number: str) -> str:
    """A payment with a test card; returns the charge."""
    session = client.v1.checkout.sessions.create(checkout())
    sandbox.pay(session.id, number)
    return str(sandbox.all("charge")[-1]["id"])


def test_a_part_of_a_payment_is_disputed(sandbox: RunningSandbox, client: StripeClient) -> None:
    charge = charge_of(sandbox, client)
    dispute = client.v1.disputes.retrieve(sandbox.dispute(charge, amount=500, reason="general")["id"])
    (moved,) = dispute.balance_transactions
    assert (dispute.amount, dispute.reason, moved.amount, moved.fee) == (500, "general", -500, FEE)
    for filters in ({"charge": charge}, {"payment_intent": dispute.payment_intent}, {"created": {"gte": 1}}):
        assert [row.id for row in client.v1.disputes.list(filters).data] == [dispute.id]  # type: ignore[arg-type]
    expanded: Any = client.v1.disputes.retrieve(dispute.id, {"expand": ["payment_intent", "charge"]})
    assert (expanded.payment_intent.object, expanded.charge.id) == ("payment_intent", charge)
    with pytest.raises(StripeError):
        sandbox.dispute(charge_of(sandbox, client), amount=1901)
    assert books_agree(sandbox, client)
    assert sandbox.violations() == []


def test_evidence_is_kept_until_it_is_submitted_once(sandbox: RunningSandbox, client: StripeClient) -> None:
    dispute = sandbox.dispute(charge_of(sandbox, client))["id"]
    staged = client.v1.disputes.update(
        dispute, {"evidence": {"product_description": "A course"}, "submit": False}
    )
    assert (staged.status, staged.evidence_details.has_evidence) == ("needs_response", True)
    assert staged.evidence_details.submission_count == 0
    sent = client.v1.disputes.update(dispute, {"evidence": {"uncategorized_text": "Seen"}})
    assert (sent.status, sent.evidence_details.submission_count) == ("under_review", 1)
    assert (sent.evidence.product_description, sent.evidence.uncategorized_text) == ("A course", "Seen")
    assert sandbox.last_event("charge.dispute.updated")["data"]["object"]["status"] == "under_review"
    with pytest.raises(stripe.InvalidRequestError, match="under review"):
        client.v1.disputes.update(dispute, {"evidence": {"uncategorized_text": "More"}})
    with pytest.raises(stripe.InvalidRequestError, match="under review"):
        client.v1.disputes.close(dispute)
    assert client.v1.disputes.update(dispute, {"metadata": {"seen": "1"}}).metadata["seen"] == "1"
    assert sandbox.violations() == []


def test_evidence_has_a_limit_and_known_names(sandbox: RunningSandbox, client: StripeClient) -> None:
    dispute = sandbox.dispute(charge_of(sandbox, client))["id"]
    halves: Any = {"uncategorized_text": "x" * 80_000, "access_activity_log": "y" * 80_000}
    for evidence in (halves, {"poem": "x"}):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.disputes.update(dispute, {"evidence": evidence})
    assert client.v1.disputes.retrieve(dispute).evidence_details.has_evidence is False


def test_a_dispute_that_nobody_answers_is_lost(sandbox: RunningSandbox, client: StripeClient) -> None:
    lost, inquiry, closed = (charge_of(sandbox, client) for _ in range(3))
    first = sandbox.dispute(lost)["id"]
    second = sandbox.dispute(inquiry, status="warning_needs_response")["id"]
    assert client.v1.disputes.close(sandbox.dispute(closed)["id"]).status == "lost"
    sandbox.clock.advance(days=8)
    found = client.v1.disputes.retrieve(first)
    assert (found.status, found.evidence_details.past_due) == ("lost", True)
    assert client.v1.disputes.retrieve(second).status == "warning_closed"
    assert sandbox.events("charge.dispute.closed")[-1]["data"]["object"]["id"] == second


def test_an_inquiry_moves_no_money_and_may_be_refunded(sandbox: RunningSandbox, client: StripeClient) -> None:
    charge = paid_with(sandbox, client, "4000000000001976")
    (dispute,) = client.v1.disputes.list({"charge": charge}).data
    assert (dispute.status, dispute.balance_transactions) == ("warning_needs_response", [])
    assert dispute.is_charge_refundable is True
    client.v1.refunds.create({"charge": charge})
    assert client.v1.disputes.retrieve(dispute.id).status == "warning_closed"
    assert client.v1.balance_transactions.list({"type": "adjustment"}).data == []


def test_an_inquiry_becomes_a_dispute(sandbox: RunningSandbox, client: StripeClient) -> None:
    dispute = sandbox.dispute(charge_of(sandbox, client), status="warning_needs_response")["id"]
    client.v1.disputes.update(dispute, {"evidence": {"uncategorized_text": "Hm"}, "submit": True})
    assert client.v1.disputes.retrieve(dispute).status == "warning_under_review"
    sandbox.change_dispute(dispute, "needs_response")
    assert sandbox.events()[-1]["type"] == "charge.dispute.funds_withdrawn"
    assert books_agree(sandbox, client)


def test_money_follows_every_status(sandbox: RunningSandbox, client: StripeClient) -> None:
    charge = charge_of(sandbox, client)
    dispute = sandbox.dispute(charge)["id"]
    path = ("won", "lost", "won", "lost", "appeal_needs_response", "appeal_under_review", "won")
    for status in path:
        found = client.v1.disputes.retrieve(sandbox.change_dispute(dispute, status)["id"])
        held = -sum(row.amount for row in found.balance_transactions)
        assert held == (1900 if status in TAKEN else 0)
        assert sum(row.fee for row in found.balance_transactions) == FEE
        assert books_agree(sandbox, client)
    assert [len(sandbox.events(f"charge.dispute.funds_{name}")) for name in ("withdrawn", "reinstated")] == [
        3,
        3,
    ]
    assert client.v1.refunds.create({"charge": charge, "amount": 100}).status == "succeeded"
    with pytest.raises(StripeError, match="can’t follow"):
        sandbox.change_dispute(dispute, "under_review")


def test_a_prevented_dispute_is_closed_from_the_start(sandbox: RunningSandbox, client: StripeClient) -> None:
    dispute = sandbox.dispute(charge_of(sandbox, client), status="prevented")
    assert dispute["balance_transactions"] == []
    assert sandbox.events()[-1]["type"] == "charge.dispute.closed"
    assert "prevented" not in NEXT


def test_cards_bring_their_own_trouble(sandbox: RunningSandbox, client: StripeClient) -> None:
    paid_with(sandbox, client, "4000000000000259")
    paid_with(sandbox, client, "4000000000002685")
    assert [row.reason for row in client.v1.disputes.list().data] == ["product_not_received", "fraudulent"]
    waiting = client.v1.refunds.create({"charge": paid_with(sandbox, client, "4000000000007726")})
    failing = client.v1.refunds.create({"charge": paid_with(sandbox, client, "4000000000005126")})
    assert (waiting.status, failing.status) == ("pending", "succeeded")
    sandbox.clock.advance(days=1, minutes=1)
    assert client.v1.refunds.retrieve(waiting.id).status == "succeeded"
    assert client.v1.refunds.retrieve(failing.id).status == "failed"
    assert books_agree(sandbox, client)


def test_a_fraud_warning_can_be_acted_upon(sandbox: RunningSandbox, client: StripeClient) -> None:
    charge = paid_with(sandbox, client, "4000000000005423")
    (warning,) = client.v1.radar.early_fraud_warnings.list({"charge": charge}).data
    assert sandbox.last_event("radar.early_fraud_warning.created")["data"]["object"]["id"] == warning.id
    assert warning.actionable is True
    client.v1.refunds.create({"charge": charge, "amount": 100})
    assert sandbox.events("radar.early_fraud_warning.updated") == []
    client.v1.refunds.create({"charge": charge})
    assert client.v1.radar.early_fraud_warnings.retrieve(warning.id).actionable is False
    other = sandbox.warn_of_fraud(charge_of(sandbox, client))
    sandbox.dispute(other["charge"])
    assert client.v1.radar.early_fraud_warnings.retrieve(other["id"]).actionable is False
    assert sandbox.violations() == []


@pytest.mark.parametrize(("ok", "status"), [(True, "succeeded"), (False, "failed")])
def test_a_refund_may_wait_for_the_buyer(
    sandbox: RunningSandbox, client: StripeClient, ok: bool, status: str
) -> None:
    charge = charge_of(sandbox, client)
    sandbox.fault("refund_requires_action", "POST /v1/refunds", times=2)
    refund = client.v1.refunds.create({"charge": charge, "amount": 900})
    assert (refund.status, refund.next_action.type) == ("requires_action", "display_details")
    sandbox.settle_refund(refund.id, ok)
    assert client.v1.refunds.retrieve(refund.id).status == status
    other = client.v1.refunds.create({"charge": charge, "amount": 1000})
    assert client.v1.refunds.cancel(other.id).status == "canceled"
    assert books_agree(sandbox, client)
    assert sandbox.violations() == []
