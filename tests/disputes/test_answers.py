"""The answer to a bank: collected from our records, kept at Stripe as a draft, and sent once."""

from datetime import timedelta

import pytest

import jobs
import payments
from domain import Refused
from domain.base import clock
from domain.disputes import answers, evidence_fields
from domain.platform import events, settings
from models import (
    Dispute,
    EmailMessage,
    EmailStatus,
    LessonProgress,
    OrderConsent,
    OrderConsentKind,
    PlatformSettings,
    User,
    UserSession,
    db,
)
from tests.cast import Cast
from tests.checkout.shop import Shop
from tests.disputes.bought import at_stripe, buy, charge_of, collected, disputes, send


@pytest.fixture
def disputed(shop: Shop, cast: Cast) -> str:
    """A dispute of what Cy bought, signed in from a known device, and learned; its id at Stripe."""
    order = buy(shop, cast)
    shop.signed_in(cast.cy).get("/learn/flask-first-steps/routes", headers={"User-Agent": "Firefox/1"})
    with shop.database() as session:
        events.flush()
        session.execute(db.update(UserSession).values(ip="203.0.113.5", user_agent="Firefox/1 (Windows)"))
        session.add(
            LessonProgress(
                user_id=cast.cy.id, lesson_id=cast.video_lesson.id, watched_seconds=95,
                started_at=clock.now(), completed_at=clock.now(),
            )
        )  # fmt: skip
        session.add(
            OrderConsent(
                order_id=order.id, kind=OrderConsentKind.DELIVERY, version=3, wording="I want it now.",
                given_at=clock.now(),
            )
        )  # fmt: skip
        session.execute(db.update(EmailMessage).values(status=EmailStatus.SENT, sent_at=clock.now()))
        session.get_one(PlatformSettings, 1).refund_terms = "No refunds since today."
        settings.forget()
    found = shop.stripe.dispute(charge_of(shop, order))
    shop.hear()
    return str(found["id"])


def test_the_evidence_is_what_our_records_say(shop: Shop, cast: Cast, disputed: str) -> None:
    found = collected(shop, cast.mo).evidence
    assert (found["customer_name"], found["customer_email_address"]) == ("Cy", "cy@example.com")
    assert found["customer_purchase_ip"] == "203.0.113.5"
    assert "“Flask, first steps”, an online course by Ada: $19.00." in found["product_description"]
    log = found["access_activity_log"]
    assert "Signed in: Firefox on Windows, IP address 203.0.113.5" in log
    assert "Opened lesson “Routes” of “Flask, first steps”" in log
    assert "Began lesson “Forms on film” of “Flask, first steps”, watched for 1 min 35 s so far" in log
    assert "Completed lesson “Forms on film”" in log
    policy = found["refund_policy_disclosure"]
    assert "within 30 days of buying" in policy
    assert "No refunds since today" not in policy
    assert "“I want it now.” (version 3)" in policy
    more = found["uncategorized_text"]
    assert "Total: $19.00" in more
    assert "INV-" in more
    assert "to cy@example.com" in more


def test_a_draft_is_kept_at_stripe_and_not_sent(shop: Shop, cast: Cast, disputed: str) -> None:
    kept = collected(shop, cast.mo)
    shop.work()
    row = at_stripe(shop, disputed)
    assert row["evidence"]["customer_email_address"] == "cy@example.com"
    assert (row["status"], row["evidence_details"]["submission_count"]) == ("needs_response", 0)
    (call,) = shop.stripe.requests("POST", f"/v1/disputes/{disputed}")
    assert "submit=false" in call.body
    assert disputes(shop)[0].saved_version == kept.evidence_version


def test_an_answer_is_sent_once(shop: Shop, cast: Cast, disputed: str) -> None:
    collected(shop, cast.mo)
    send(shop, cast.mo)
    shop.work()
    row = at_stripe(shop, disputed)
    assert (row["status"], row["evidence_details"]["submission_count"]) == ("under_review", 1)
    (dispute,) = disputes(shop)
    assert (dispute.status, dispute.submitted_at is not None) == ("under_review", True)
    with pytest.raises(Refused, match="Banks take only one"):
        send(shop, cast.mo)
    with shop.app.app_context():
        jobs.enqueue("answer_dispute", dispute_id=str(dispute.id))
        db.session.commit()
    shop.work()
    assert at_stripe(shop, disputed)["evidence_details"]["submission_count"] == 1
    assert shop.wrong_books() == []


def test_an_answer_whose_outcome_got_lost_is_not_sent_again(shop: Shop, cast: Cast, disputed: str) -> None:
    """Stripe has executed the call and said so to nobody: neither the key nor a later look sends it twice."""
    collected(shop, cast.mo)
    shop.work()
    shop.stripe.fault("execute_then_drop", f"POST /v1/disputes/{disputed}", times=3)
    send(shop, cast.mo)
    shop.work()
    assert disputes(shop)[0].submitted_at is None
    with shop.database() as session:
        session.execute(db.text("UPDATE jobs SET run_after = created_at WHERE state = 'queued'"))
    shop.work()
    assert at_stripe(shop, disputed)["evidence_details"]["submission_count"] == 1
    assert disputes(shop)[0].submitted_at is not None


def test_a_refused_answer_is_said_and_can_be_sent_again(shop: Shop, cast: Cast, disputed: str) -> None:
    shop.falsified = True  # the alert waits for an admin
    collected(shop, cast.mo)
    shop.work()
    with shop.database() as session:  # as if it were long: Stripe counts pages, which we can't
        (dispute,) = session.scalars(db.select(Dispute))
        dispute.evidence = {"uncategorized_text": "x" * 150_001}
    send(shop, cast.mo)
    shop.work()
    (dispute,) = disputes(shop)
    assert (dispute.submit_at, dispute.submitted_at) == (None, None)
    assert "at most 150000 characters" in dispute.refusal
    (alert,) = shop.alerts()
    assert alert.data["problem"] == f"Stripe refused the answer to a dispute: {dispute.refusal}"


def test_nothing_is_sent_after_the_due_date_or_when_it_was_changed(
    shop: Shop, cast: Cast, disputed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispute = collected(shop, cast.mo)
    with shop.app.test_request_context(method="POST"):
        row, mo = db.session.get_one(Dispute, dispute.id), db.session.get_one(User, cast.mo.id)
        with pytest.raises(Refused, match="changed meanwhile"):
            answers.send(row, str(row.evidence_version - 1), mo)
        assert row.due_by is not None
        late = row.due_by + timedelta(seconds=1)
        monkeypatch.setattr(clock, "now", lambda: late)
        with pytest.raises(Refused, match="time to answer is over"):
            answers.send(row, str(row.evidence_version), mo)


def test_texts_are_kept_within_stripes_limits() -> None:
    lines = [f"line {number} é🎓" for number in range(5000)]
    text = evidence_fields.shortened(lines)
    assert evidence_fields.length(text) <= evidence_fields.LONGEST
    assert text.startswith("line 0 ")
    assert text.endswith("line 4999 é🎓")
    assert "more lines" in text
    with pytest.raises(Refused, match="at most 20,000") as refused:
        evidence_fields.cleaned({"uncategorized_text": "🎓" * 10_001})
    assert refused.value.field == "uncategorized_text"
    most = {name: "x" * field.most for name, field in evidence_fields.FIELDS.items()}
    assert evidence_fields.cleaned(most) == most
    assert sum(map(len, most.values())) <= payments.MOST_EVIDENCE
