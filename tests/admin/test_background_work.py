"""Mail, jobs, webhooks and recordings: what failed is seen and tried again, and no secret is shown."""

import uuid
from datetime import timedelta

import pytest
from flask import Flask

import jobs
import mail
from domain.base import redaction
from domain.pages import background_work
from domain.people import mail_tokens
from models import (
    AuditEntry,
    EmailMessage,
    EmailStatus,
    Job,
    JobState,
    MediaAsset,
    MediaStatus,
    StripeEvent,
    User,
    db,
    now,
)
from tests.auth.mails import SignIn
from tests.cast import Cast


def failed_mail(app: Flask, cast: Cast) -> tuple[uuid.UUID, str]:
    """A message with a reset link that no server took; its id and the token in it."""
    with app.app_context():
        bo = db.session.get_one(User, cast.bo.id)
        token = mail_tokens.make(mail_tokens.Purpose.RESET, bo)
        message = mail.reset_password(bo, token)
        message.status, message.error = EmailStatus.FAILED, "SMTPServerDisconnected: gone"
        db.session.execute(db.update(Job).values(state=JobState.DEAD, attempts=10))
        db.session.commit()
        return message.id, token


def audited(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(AuditEntry.action).order_by(AuditEntry.id)))


def test_links_that_open_an_account_are_left_out(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    message_id, token = failed_mail(app, cast)
    mo = signed_in(cast.mo)
    page = mo.get(f"/admin/emails/{message_id}")
    frame = mo.get(f"/admin/emails/{message_id}/body.html")
    for answer in (page, frame):
        assert answer.status_code == 200
        assert token not in answer.text
        assert token.rsplit(".", 1)[-1] not in answer.text
        assert f"/reset-password/{redaction.HIDDEN}" in answer.text
    assert "sandbox" in frame.headers["Content-Security-Policy"]
    assert "script" not in frame.headers["Content-Security-Policy"]


@pytest.mark.parametrize("template", ["verify_email", "confirm_new_email", "provider_linked", "notification"])
def test_every_kind_of_token_is_masked(app: Flask, cast: Cast, template: str) -> None:
    with app.app_context():
        una = db.session.get_one(User, cast.una.id)
        verify = mail_tokens.sign(mail_tokens.Purpose.VERIFY, una.id.hex)
        messages = {
            "verify_email": lambda: mail.verify_email(una.email, verify, "/learn"),
            "confirm_new_email": lambda: mail.confirm_new_email(una, "una2@example.com", verify),
            "provider_linked": lambda: mail.provider_linked(una, "GitHub", verify),
            "notification": lambda: mail.notification(
                una, "refund", "refunds", "T", "M", "/orders", "L", verify, None
            ),
        }
        bodies = background_work.bodies(messages[template]())
        assert bodies is not None
        assert verify not in "".join(bodies)
        assert redaction.HIDDEN in bodies[0]


def test_a_failed_mail_is_sent_once_more(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    message_id, _ = failed_mail(app, cast)
    mo = signed_in(cast.mo)
    assert "gone" in mo.get("/admin/emails?state=failed").text
    for _ in range(2):
        assert mo.post(f"/admin/emails/{message_id}/retry").status_code == 303
    with app.app_context():
        jobs.run_all()
        message = db.session.get_one(EmailMessage, message_id)
        assert (message.status, message.attempts) == (EmailStatus.SENT, 1)
    assert "nothing to retry" in mo.post(f"/admin/emails/{message_id}/retry", follow_redirects=True).text
    assert audited(app) == ["retry_mail"]


def test_all_that_failed_is_sent_once_more(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    for _ in range(3):
        failed_mail(app, cast)
    with app.app_context():
        db.session.execute(db.delete(Job))
        db.session.commit()
    mo = signed_in(cast.mo)
    for _ in range(2):
        assert mo.post("/admin/emails/retry").status_code == 303
    with app.app_context():
        jobs.run_all()
        assert set(db.session.scalars(db.select(EmailMessage.status))) == {EmailStatus.SENT}
    assert audited(app) == ["retry_mail"] * 3


def test_a_dead_job_gets_another_set_of_tries(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    with app.app_context():
        dead = Job(kind="clean_up", state=JobState.DEAD, attempts=10, payload={"token": "secret-word"})
        busy = Job(kind="clean_up", state=JobState.RUNNING, attempts=1, leased_until=now())
        db.session.add_all([dead, busy])
        db.session.commit()
        key, other = dead.id, busy.id
    mo = signed_in(cast.mo)
    page = mo.get(f"/admin/jobs/{key}").text
    assert "secret-word" not in page
    for _ in range(2):
        assert mo.post(f"/admin/jobs/{key}/retry").status_code == 303
    mo.post(f"/admin/jobs/{other}/retry")
    mo.post("/admin/jobs/retry")
    with app.app_context():
        assert db.session.get_one(Job, key).state == JobState.QUEUED
        assert db.session.get_one(Job, key).attempts == 0
        assert db.session.get_one(Job, other).state == JobState.RUNNING
    assert audited(app) == ["retry_job"]


def test_a_nightly_job_that_is_run_now_still_runs_at_its_hour(
    app: Flask, cast: Cast, signed_in: SignIn
) -> None:
    tonight = now() + timedelta(hours=3)
    with app.app_context():
        key = jobs.enqueue("make_backup", key="make_backup:2030-01-01T02:00", run_after=tonight)
        db.session.commit()
    mo = signed_in(cast.mo)
    assert "Run now" in mo.get(f"/admin/jobs/{key}").text
    for _ in range(2):
        assert mo.post(f"/admin/jobs/{key}/retry").status_code == 303
    with app.app_context():
        assert db.session.get_one(Job, key).run_after == tonight
        assert len(jobs.due()) == 1


def test_webhooks_that_failed_are_handled_again(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    with app.app_context():
        for name, done in (("evt_bad", None), ("evt_done", now())):
            db.session.add(
                StripeEvent(
                    id=name, type="checkout.session.completed", object_id="cs_1", error="Not now.",
                    processed_at=done, payload={"data": {"object": {"client_secret": "cs_secret_1"}}},
                )
            )  # fmt: skip
        db.session.commit()
    mo = signed_in(cast.mo)
    listing = mo.get("/admin/webhooks").text
    assert "evt_bad" in listing
    assert "evt_done" not in listing
    assert "cs_secret_1" not in mo.get("/admin/webhooks/evt_bad").text
    for path in ("evt_bad/retry", "evt_bad/retry", "evt_done/retry", "retry"):
        assert mo.post(f"/admin/webhooks/{path}").status_code == 303
    with app.app_context():
        keys = set(db.session.scalars(db.select(Job.unique_key)))
        assert keys == {"stripe_event:evt_bad"}


def test_recordings_that_failed_are_tried_again(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    with app.app_context():
        asset = MediaAsset(
            course_id=cast.flask_course.id, lesson_id=cast.video_lesson.id, storage_key="x",
            status=MediaStatus.ERROR, error="No picture in it.", filename="film.mp4",
        )  # fmt: skip
        db.session.add(asset)
        db.session.commit()
        key = asset.id
    mo = signed_in(cast.mo)
    assert "No picture in it." in mo.get("/admin/media").text
    for _ in range(2):
        assert mo.post(f"/admin/media/{key}/retry").status_code == 303
    with app.app_context():
        assert db.session.get_one(MediaAsset, key).status == MediaStatus.PROCESSING
        assert db.session.scalar(db.select(db.func.count(Job.id)).where(Job.kind == "process_media")) == 1


def test_lists_are_paged_by_their_last_row(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    moment = now()
    with app.app_context():
        db.session.add_all(
            [
                Job(kind="clean_up", state=JobState.DEAD, created_at=moment, last_error=f"no {n:03}")
                for n in range(120)
            ]
        )
        db.session.commit()
        seen: list[str | None] = []
        after = None
        while True:
            page = background_work.jobs_in(JobState.DEAD, after)
            seen += [job.last_error for job in page.rows]
            if page.after is None:
                break
            after = page.after
        assert len(seen) == len(set(seen)) == 120


def test_failed_recordings_come_in_pages(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_work, "PAGE_SIZE", 2)
    with app.app_context():
        db.session.add_all(
            MediaAsset(
                course_id=cast.flask_course.id,
                status=MediaStatus.ERROR,
                error="Damaged.",
                filename=f"{n}.mp4",
                storage_key=str(n),
            )
            for n in range(3)
        )
        db.session.commit()
        first = background_work.failed_recordings(None)
        second = background_work.failed_recordings(first.after)
        names = [asset.filename for asset, _ in [*first.rows, *second.rows]]
        assert (sorted(names), len(second.rows), second.after) == (["0.mp4", "1.mp4", "2.mp4"], 1, None)
