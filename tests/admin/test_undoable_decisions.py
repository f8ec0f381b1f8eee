"""A decision can be taken back for ten seconds; nothing happens and nobody is told before."""

import re
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

import jobs
from domain.authoring import submission
from domain.base import clock
from domain.community import reviews
from domain.moderation import undoable_decisions
from domain.platform import moderation_queue
from jobs import runner
from models import (
    AuditEntry,
    Course,
    CreatorApplication,
    EmailMessage,
    Job,
    JobState,
    ModerationItem,
    ModerationKind,
    Notification,
    Report,
    Review,
    Role,
    User,
    db,
)
from tests.admin.test_moderation import at, item_of, item_row, max_, mo, reported_review, submitted, updated
from tests.cast import Cast

Browser = Callable[[User], FlaskClient]
__all__ = ["max_", "mo"]  # fixtures
APPROVE = {"verdict": "approved"}


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move the clock of the application and of its jobs on by so many seconds."""
    real = clock.now

    def move(seconds: float) -> None:
        def moved() -> datetime:
            return real() + timedelta(seconds=seconds)

        monkeypatch.setattr(clock, "now", moved)
        monkeypatch.setattr(runner, "now", moved)

    return move


def decide(client: FlaskClient, item: uuid.UUID, **sent: str) -> str:
    """Decide; the page that comes next, which has the toast."""
    answer = client.post(at(item, "/decide"), data=sent or APPROVE, follow_redirects=True)
    assert answer.status_code == 200
    return unescape(answer.text)


def work(app: Flask) -> None:
    """Let the worker do what is due."""
    with app.app_context():
        jobs.run_all()


def everything(app: Flask) -> list[str]:
    """All that a decision could change, but for the claim and the log."""
    with app.app_context():
        rows = []
        for table in (Course, Review, Report, CreatorApplication, Notification, EmailMessage, User):
            for row in db.session.scalars(select(table).order_by(table.id)):
                columns = [c.key for c in db.inspect(table).column_attrs if c.key != "last_login_at"]
                rows.append(f"{table.__name__}: {[getattr(row, name) for name in columns]}")
        items = db.session.execute(
            select(
                ModerationItem.kind, ModerationItem.verdict, ModerationItem.closed_at, ModerationItem.decision
            )
        ).all()
        return [*rows, *(repr(tuple(item)) for item in items)]


def applied(app: Flask, cast: Cast) -> uuid.UUID:
    from domain.people import creator_applications

    with app.app_context():
        cy = db.session.get_one(User, cast.cy.id)
        creator_applications.apply(cy, creator_applications.ApplicationInput("I teach", [], [], "Much."))
        db.session.commit()
    return item_of(app, ModerationKind.APPLICATION)


KINDS: dict[str, tuple[Callable[[Flask, Cast], uuid.UUID], dict[str, str]]] = {
    "course": (submitted, APPROVE),
    "course sent back": (submitted, {"verdict": "changes_requested", "notes": "More."}),
    "update": (updated, APPROVE),
    "review kept": (lambda app, cast: reported_review(app, cast)[0], APPROVE),
    "review hidden": (lambda app, cast: reported_review(app, cast)[0], {"verdict": "hidden"}),
    "application": (applied, APPROVE),
    "application declined": (applied, {"verdict": "rejected", "notes": "No."}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_taken_back_everything_is_as_before_and_nobody_was_told(
    app: Flask, cast: Cast, mo: FlaskClient, later: Callable[[float], None], kind: str
) -> None:
    make, sent = KINDS[kind]
    item = make(app, cast)
    work(app)
    before = everything(app)
    page = decide(mo, item, **sent)
    assert "It takes effect in ten seconds." in page
    undo = re.search(r'data-seconds="10".*?action="([^"]+/take-back[^"]*)"', page)
    assert undo is not None
    changed = [line for line in everything(app) if line not in before]
    assert len(changed) == 1, "only the item knows of it"
    later(5)
    work(app)
    back = mo.post(undo[1], follow_redirects=True)
    assert "It’s back in the queue for you to decide." in back.text
    assert everything(app) == before
    later(60)
    work(app)
    assert everything(app) == before
    with app.app_context():
        log = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "take_back_decision")).one()
        assert (log.actor_id, log.subject_id) == (cast.mo.id, str(item))
    assert item_row(app, item).claimed_by == cast.mo.id


@pytest.mark.parametrize("kind", KINDS)
def test_after_ten_seconds_it_is_carried_out_and_people_are_told(
    app: Flask, cast: Cast, mo: FlaskClient, later: Callable[[float], None], kind: str
) -> None:
    make, sent = KINDS[kind]
    item = make(app, cast)
    with app.app_context():
        mails = len(db.session.scalars(select(EmailMessage.id)).all())
    decide(mo, item, **sent)
    with app.app_context():
        assert len(db.session.scalars(select(EmailMessage.id)).all()) == mails
    later(11)
    work(app)
    row = item_row(app, item)
    assert (row.verdict, row.closed_by, row.decision) == (sent["verdict"], cast.mo.id, None)
    with app.app_context():
        assert len(db.session.scalars(select(EmailMessage.id)).all()) > mails
    too_late = mo.post(at(item, "/take-back"), follow_redirects=True)
    assert "can’t be undone any more" in too_late.text


def test_decided_it_has_left_the_queue_and_nobody_else_decides_it(
    app: Flask, cast: Cast, mo: FlaskClient, max_: FlaskClient
) -> None:
    item = submitted(app, cast)
    decide(mo, item)
    assert "The queue is empty" in max_.get("/admin/moderation").text
    refused = max_.post(at(item, "/decide"), data=APPROVE)
    assert refused.status_code == 422
    assert "already been decided" in refused.text
    assert "takes effect in a moment" in max_.get(at(item)).text
    assert "Undo" not in max_.get(at(item)).text
    page = unescape(mo.get(at(item)).text)
    assert "You’ve just decided this." in page
    assert at(item, "/take-back") in page
    other = max_.post(at(item, "/take-back"), follow_redirects=True)
    assert "Only the admin who decided can undo it." in unescape(other.text)
    assert item_row(app, item).decision is not None


def test_taken_back_twice_is_said(app: Flask, cast: Cast, mo: FlaskClient) -> None:
    item = submitted(app, cast)
    decide(mo, item)
    assert mo.post(at(item, "/take-back")).status_code == 303
    again = mo.post(at(item, "/take-back"), follow_redirects=True)
    assert "There’s nothing to undo here." in again.text


def test_too_late_also_before_the_worker_came(
    app: Flask, cast: Cast, mo: FlaskClient, later: Callable[[float], None]
) -> None:
    item = submitted(app, cast)
    decide(mo, item)
    later(10)
    late = mo.post(at(item, "/take-back"), follow_redirects=True)
    assert "the ten seconds are over" in late.text
    work(app)
    assert item_row(app, item).verdict == "approved"


def test_decided_anew_after_taking_back_only_the_second_counts(
    app: Flask, cast: Cast, mo: FlaskClient, later: Callable[[float], None]
) -> None:
    item = submitted(app, cast)
    decide(mo, item)
    stale = item_row(app, item).effective_at
    assert stale is not None
    mo.post(at(item, "/take-back"))
    later(3)
    decide(mo, item, verdict="changes_requested", notes="More.")
    with app.app_context():
        undoable_decisions.carry_out(str(item), stale.isoformat())
        db.session.commit()
    assert item_row(app, item).verdict is None
    later(20)
    work(app)
    assert item_row(app, item).verdict == "changes_requested"


def test_what_changed_within_the_seconds_is_not_approved_unseen(
    app: Flask, cast: Cast, mo: FlaskClient, later: Callable[[float], None]
) -> None:
    item = submitted(app, cast)
    decide(mo, item, verdict="approved", notes="Fine.")
    with app.app_context():
        db.session.get_one(Course, cast.draft_course.id).title = "Free Bitcoin"
        db.session.commit()
    later(11)
    work(app)
    row = item_row(app, item)
    assert (row.verdict, row.decision) == (None, None)
    page = mo.get(at(item)).text
    assert "Not carried out: The creator has changed something" in page
    assert "Fine." in page, "the notes aren’t lost"
    assert "Secret draft" in mo.get("/admin/moderation").text


def test_a_review_that_changed_within_the_seconds_waits_again(
    app: Flask, cast: Cast, mo: FlaskClient, later: Callable[[float], None]
) -> None:
    item, _review = reported_review(app, cast)
    decide(mo, item)
    with app.app_context():
        bo, course = db.session.get_one(User, cast.bo.id), db.session.get_one(Course, cast.flask_course.id)
        reviews.write(bo, course, 1, "Buy many shoes.")
        db.session.commit()
    later(11)
    work(app)
    assert item_row(app, item).verdict is None
    assert "Its author changed the review in the meantime." in mo.get(at(item)).text


def test_what_its_creator_takes_back_within_the_seconds_is_not_decided(
    app: Flask, cast: Cast, mo: FlaskClient, later: Callable[[float], None]
) -> None:
    item = submitted(app, cast)
    decide(mo, item)
    with app.app_context():
        nia = db.session.get_one(User, cast.nia.id)
        submission.withdraw(db.session.get_one(Course, cast.draft_course.id), nia)
        db.session.commit()
    later(11)
    work(app)
    assert item_row(app, item).verdict == "withdrawn"
    with app.app_context():
        assert db.session.get_one(Course, cast.draft_course.id).status == "draft"
        states = set(db.session.scalars(select(Job.state).where(Job.kind == "carry_out_verdict")))
        assert states == {JobState.DONE}


def test_half_a_decision_is_refused_before_anything_is_kept(app: Flask, cast: Cast, mo: FlaskClient) -> None:
    item = submitted(app, cast)
    answer = mo.post(at(item, "/decide"), data={"verdict": "rejected"})
    assert answer.status_code == 422
    assert "Choose a reason." in answer.text
    assert item_row(app, item).decision is None
    with app.app_context():
        assert list(db.session.scalars(select(Job.id).where(Job.kind == "carry_out_verdict"))) == []


def test_a_decision_without_the_next_claim_leaves_nothing(
    app: Flask, cast: Cast, mo: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deciding and claiming the next item are one transaction."""
    item = submitted(app, cast)
    before = everything(app)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no next one")

    monkeypatch.setattr(moderation_queue, "claim_next", fail)
    assert mo.post(at(item, "/decide"), data=APPROVE).status_code == 500
    with app.app_context():
        row = db.session.get_one(ModerationItem, item)
        assert (row.decision, row.effective_at) == (None, None)
        assert db.session.scalars(select(Job).where(Job.kind == "carry_out_verdict")).all() == []
    assert everything(app) == before


def test_a_decision_within_a_moment_of_opening_decides_nothing(
    app: Flask, cast: Cast, mo: FlaskClient, later: Callable[[float], None]
) -> None:
    item = submitted(app, cast)
    opened = re.search(r'name="opened" value="(\d+)"', mo.get(at(item)).text)
    assert opened is not None
    now = str(int(clock.now().timestamp() * 1000))
    quick = mo.post(at(item, "/decide"), data={"verdict": "approved", "notes": "Typed.", "opened": now})
    assert quick.status_code == 422
    assert "That was very quick" in quick.text
    assert "Typed." in quick.text
    assert item_row(app, item).decision is None
    for made_up in ("9" * 15, "9" * 20):
        answer = mo.post(at(item, "/decide"), data={**APPROVE, "opened": made_up})
        assert "That was very quick" in answer.text
    later(1)
    assert mo.post(at(item, "/decide"), data={**APPROVE, "opened": now}).status_code == 303
    assert item_row(app, item).decision is not None


def test_an_admin_who_was_made_a_learner_meanwhile(
    app: Flask, cast: Cast, mo: FlaskClient, later: Callable[[float], None]
) -> None:
    item = submitted(app, cast)
    decide(mo, item)
    with app.app_context():
        db.session.get_one(User, cast.mo.id).role = Role.LEARNER
        db.session.commit()
    later(11)
    work(app)
    assert item_row(app, item).verdict is None, "it waits for somebody else"
