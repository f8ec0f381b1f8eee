"""Mail is written once per key, sent at its time if its condition holds, and has a purpose."""

import importlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import selectinload

import jobs
import mail
from domain.base import clock
from domain.cart import wishlist
from domain.platform import outbox
from mail import composing, registry
from models import EmailMessage, EmailStatus, Job, JobState, MailPurpose, Order, User, db
from tests.auth.mails import SignIn
from tests.cast import Cast

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "mail"
BODY = {"name": "", "course": "Flask", "course_url": "http://localhost/learn/flask", "lesson_count": 3}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """A condition “stub”, and what it was asked; it objects when `about` says why."""
    seen: list[dict[str, Any]] = []

    def objection(user: User, **about: Any) -> str | None:
        seen.append({"user": user.email, **about})
        return about.get("why")

    monkeypatch.setitem(registry.CONDITIONS, "stub", "cart.wishlist.stub_objection")
    monkeypatch.setattr(wishlist, "stub_objection", objection, raising=False)
    return seen


def write(user: User, **how: Any) -> EmailMessage:
    person = db.session.get_one(User, user.id)
    return composing.compose("welcome_to_course", person.email, person, **how, **BODY)


def only_one() -> EmailMessage:
    return db.session.scalars(select(EmailMessage)).one()


def test_every_template_has_one_purpose_and_every_condition_a_function() -> None:
    assert set(registry.PURPOSES) == {folder.name for folder in TEMPLATES.iterdir()}
    for path in registry.CONDITIONS.values():
        module, name = path.rsplit(".", 1)
        assert callable(getattr(importlib.import_module(f"domain.{module}"), name))


def test_a_key_is_used_for_one_message(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        first = write(cast.cy, key="welcome:1")
        assert write(cast.cy, key="welcome:1").id == first.id
        assert write(cast.cy, key="welcome:2").id != first.id
        db.session.commit()
        assert jobs.run_all() == 2
        assert write(cast.cy, key="welcome:1").status == EmailStatus.SENT  # even once it was sent
        write(cast.cy)
        write(cast.cy)
        db.session.commit()
        assert len(db.session.scalars(select(EmailMessage)).all()) == 4


def test_two_at_once_with_one_key_write_one_message(app: Flask, cast: Cast) -> None:
    gate = threading.Barrier(4)

    def one(_number: int) -> str:
        with app.test_request_context(method="POST"):
            person = db.session.get_one(User, cast.cy.id)
            db.session.rollback()
            gate.wait(10)
            message = composing.compose("welcome_to_course", "cy@example.com", person, key="once", **BODY)
            found = str(message.id)
            db.session.commit()
            return found

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(one, range(4)))) == 1
    with app.app_context():
        only_one()
        assert len(db.session.scalars(select(Job).where(Job.kind == "send_email")).all()) == 1


def test_a_scheduled_message_waits_for_its_time(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = clock.now() + timedelta(days=20)
    with app.test_request_context(method="POST"):
        write(cast.cy, send_at=due)
        db.session.commit()
        assert jobs.run_all() == 0
        assert only_one().status == EmailStatus.PENDING
        db.session.execute(db.update(EmailMessage).values(scheduled_for=clock.now() - timedelta(seconds=1)))
        db.session.execute(db.update(Job).values(run_after=clock.now() - timedelta(seconds=1)))
        db.session.commit()
        jobs.run_all()
        assert only_one().status == EmailStatus.SENT


def test_running_its_job_early_sends_nothing_and_loses_nothing(
    app: Flask, cast: Cast, signed_in: SignIn
) -> None:
    due = clock.now() + timedelta(days=2)
    with app.app_context():
        message = write(cast.cy, send_at=due)
        db.session.commit()
        job_id = db.session.scalars(select(Job.id).where(Job.kind == "send_email")).one()
        message_id = message.id
    mo = signed_in(cast.mo)
    for _ in range(2):
        assert mo.post(f"/admin/jobs/{job_id}/retry").status_code == 303
        with app.app_context():
            jobs.run_all()
            job = db.session.get_one(Job, job_id)
            assert (job.state, job.run_after, job.attempts) == (JobState.QUEUED, due, 0)
            assert db.session.get_one(EmailMessage, message_id).status == EmailStatus.PENDING


def test_seven_days_are_counted_from_when_it_was_due(app: Flask, cast: Cast) -> None:
    with app.app_context():
        old, late, far = (write(cast.cy) for _ in range(3))
        now = clock.now()
        old.scheduled_for = now - timedelta(days=7, minutes=1)
        late.scheduled_for, late.created_at = now - timedelta(days=6, hours=23), now - timedelta(days=40)
        far.scheduled_for = now + timedelta(days=1)
        db.session.commit()
        jobs.run_all()
        states = [message.status for message in (old, late, far)]
        assert states == [EmailStatus.SKIPPED, EmailStatus.SENT, EmailStatus.PENDING]
        assert old.error == "It couldn’t be sent within seven days of its time."


def test_the_condition_is_asked_when_it_is_sent(
    app: Flask, cast: Cast, asked: list[dict[str, Any]], signed_in: SignIn
) -> None:
    with app.app_context():
        write(cast.cy, condition=registry.Condition("stub", {"lesson": "a"}))
        write(cast.bo, condition=registry.Condition("stub", {"why": "The cart is empty by now."}))
        db.session.commit()
        assert asked == []
        jobs.run_all()
        assert {one["user"] for one in asked} == {"cy@example.com", "bo@example.com"}
        assert {"user": "cy@example.com", "lesson": "a"} in asked
        sent, refused = (
            db.session.scalars(select(EmailMessage).where(EmailMessage.recipient == to)).one()
            for to in ("cy@example.com", "bo@example.com")
        )
        assert (sent.status, sent.error) == (EmailStatus.SENT, None)
        assert (refused.status, refused.attempts) == (EmailStatus.SKIPPED, 0)
        message_id = refused.id
    mo = signed_in(cast.mo)
    listing = mo.get("/admin/emails?state=skipped").text
    assert "The cart is empty by now." in listing
    assert "cy@example.com" not in listing
    page = mo.get(f"/admin/emails/{message_id}").text
    assert "The cart is empty by now." in page
    assert "not sent" in page
    assert "Send again" not in page
    answer = mo.post(f"/admin/emails/{message_id}/retry", follow_redirects=True)
    assert "This message won’t be sent" in answer.text


def test_a_message_with_an_unknown_condition_is_not_sent(app: Flask, cast: Cast) -> None:
    with app.app_context():
        write(cast.cy, condition=registry.Condition("of_another_release"))
        db.session.commit()
        jobs.run_all()
        assert only_one().status == EmailStatus.FAILED
        assert "of_another_release" in (only_one().error or "")


def test_mail_is_filtered_by_state_and_purpose(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    with app.app_context():
        waiting, later, offer = write(cast.cy), write(cast.bo, send_at=clock.now() + timedelta(days=1)), None
        offer = write(cast.ada)
        offer.purpose, offer.status = MailPurpose.MARKETING, EmailStatus.SENT
        db.session.commit()
        assert waiting.scheduled_for < later.scheduled_for
    mo = signed_in(cast.mo)

    def shown(query: str) -> set[str]:
        page = mo.get(f"/admin/emails{query}").text
        return {name for name in ("cy", "bo", "ada") if f"{name}@example.com" in page}

    assert shown("") == {"cy", "bo", "ada"}
    assert mo.get("/admin/emails?purpose=nothing").status_code == 404
    assert shown("?state=pending") == {"cy"}
    assert shown("?state=scheduled") == {"bo"}
    assert shown("?purpose=marketing") == {"ada"}
    assert shown("?purpose=transactional") == {"cy", "bo"}
    assert shown("?purpose=transactional&state=scheduled") == {"bo"}
    assert shown("?purpose=digest") == set()
    page = mo.get("/admin/emails?purpose=marketing").text
    assert "/admin/emails?state=sent&amp;purpose=marketing" in page


def test_a_digest_carries_a_way_out(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.PURPOSES, "welcome_to_course", MailPurpose.DIGEST)
    with app.app_context():
        with pytest.raises(ValueError, match="unsubscribe"):
            write(cast.cy)
        message = write(cast.cy, unsubscribe_url="http://localhost/unsubscribe/x")
        assert message.purpose == MailPurpose.DIGEST
        letter = outbox.begin_sending(str(message.id))
        assert letter is not None
        assert letter.mime["List-Unsubscribe"] == "<http://localhost/unsubscribe/x>"
        assert letter.mime["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        message.recipient = "cy.old@example.com"
        again = outbox.begin_sending(str(message.id))
        assert again is not None
        assert again.mime["To"] == "cy@example.com"


def test_a_receipt_is_written_once(app: Flask, cast: Cast) -> None:
    with app.app_context():
        whole = select(Order).options(selectinload(Order.purchases))
        user, order = db.session.get_one(User, cast.bo.id), db.session.scalars(whole).one()
        first, second = (
            mail.receipt(user, order, [("Start learning", "/learn/flask-first-steps")]) for _ in range(2)
        )
        assert first.id == second.id
