"""Requests that need a person stand in the moderation queue: shown with their facts, decided, undone."""

from datetime import timedelta
from typing import Any

import pytest

from models import ModerationItem, ModerationKind, PurchaseStatus
from tests.cast import PASSWORD
from tests.refunds.desk import Desk
from tests.refunds.test_withdrawal import declare, line


@pytest.fixture
def item(desk: Desk) -> str:
    """The address of bo's request in the queue."""
    desk.opens(desk.cast.bo, desk.cast.text_lesson)
    desk.ask(desk.signed_in(desk.cast.bo))
    (found,) = [one for one in desk.all(ModerationItem) if one.kind == ModerationKind.REFUND]
    return f"/admin/moderation/{found.id}"


def admin(desk: Desk) -> Any:
    """Mo, who has just proved who they are."""
    mo = desk.signed_in(desk.cast.mo)
    mo.post("/account/prove", data={"password": PASSWORD})
    return mo


def decide(desk: Desk, mo: Any, item: str, verdict: str, notes: str = "") -> Any:
    return mo.post(f"{item}/decide", data={"verdict": verdict, "notes": notes, "opened": "1"})


def test_the_page_shows_the_facts_of_that_moment(desk: Desk, item: str, at_day_two: Any) -> None:
    at_day_two.shift(timedelta(days=3))
    mo = admin(desk)
    queue = mo.get("/admin/moderation?kind=refund").text
    assert "Flask, first steps, order LN-TEST-0001" in queue
    page = mo.get(item).text
    for part in ("Not for me.", "I changed my mind", "2 of 30", "31%", "$19.00", "Refund it"):
        assert part in page


def test_approving_waits_ten_seconds_and_pays(desk: Desk, item: str, at_day_two: Any) -> None:
    mo = admin(desk)
    assert decide(desk, mo, item, "approved", "Enjoy the next one.").status_code == 303
    assert desk.refunds() == []
    at_day_two.shift(timedelta(seconds=11))
    assert desk.run("carry_out_verdict") == 1
    (refund,), (request,) = desk.refunds(), desk.requests()
    assert (request.decision, request.decided_by, request.refund_id) == (
        "approved", desk.cast.mo.id, refund.id
    )  # fmt: skip
    assert line(desk).status == PurchaseStatus.REFUNDED
    (mail,) = desk.mails("refund_decided")
    assert (mail.recipient, mail.data["approved"], mail.data["note"]) == (
        "bo@example.com", True, "Enjoy the next one."
    )  # fmt: skip


def test_a_decision_is_undone_before_it_takes_effect(desk: Desk, item: str, at_day_two: Any) -> None:
    mo = admin(desk)
    decide(desk, mo, item, "approved")
    mo.post(f"{item}/take-back")
    at_day_two.shift(timedelta(seconds=11))
    desk.run("carry_out_verdict")
    assert (desk.refunds(), desk.requests()[0].decision) == ([], "waiting")


def test_declining_needs_a_reason_that_the_buyer_reads(desk: Desk, item: str, at_day_two: Any) -> None:
    mo = admin(desk)
    refused = decide(desk, mo, item, "rejected")
    assert refused.status_code == 422
    assert "Say why you’re declining." in refused.text
    decide(desk, mo, item, "rejected", "You’ve watched all of it.")
    at_day_two.shift(timedelta(seconds=11))
    desk.run("carry_out_verdict")
    bo = desk.signed_in(desk.cast.bo)
    page = bo.get("/orders/LN-TEST-0001").text
    assert "You’ve watched all of it." in page
    assert "Declined" in page
    assert "somebody here looked at it and said no" in bo.get("/orders/LN-TEST-0001/refund").text
    assert desk.refunds() == []


def test_paying_back_asks_for_a_fresh_proof(desk: Desk, item: str, at_day_two: Any) -> None:
    mo = desk.signed_in(desk.cast.mo)
    at_day_two.shift(timedelta(minutes=20))
    answer = decide(desk, mo, item, "approved")
    assert answer.status_code == 403
    assert "Confirm it’s you" in answer.text
    assert desk.all(ModerationItem)[0].decision is None


def test_what_was_withdrawn_meanwhile_is_not_paid_twice(desk: Desk, item: str, at_day_two: Any) -> None:
    desk.set(withdrawal_on=True)
    decide(desk, admin(desk), item, "approved")
    declare(desk.signed_in(desk.cast.bo), lines=[desk.line])
    at_day_two.shift(timedelta(seconds=11))
    desk.run("carry_out_verdict")
    assert len(desk.refunds()) == 1
    assert [one.decision.value for one in desk.requests()] == ["stopped", "approved"]


def test_a_dispute_meanwhile_lets_the_decision_lapse(desk: Desk, item: str, at_day_two: Any) -> None:
    mo = admin(desk)
    decide(desk, mo, item, "approved")
    desk.change(desk.cast.purchase, disputed_cents=100)
    at_day_two.shift(timedelta(seconds=11))
    desk.run("carry_out_verdict")
    assert "Not carried out: Your bank" in mo.get(item).text
    assert (desk.refunds(), desk.requests()[0].decision) == ([], "waiting")
    desk.change(desk.cast.purchase, disputed_cents=0)
