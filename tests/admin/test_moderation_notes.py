"""What a moderator noted and went on without deciding is there when they come back; nobody else sees it."""

import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.authoring import submission
from domain.base import clock
from domain.platform import moderation_queue
from models import Course, ModerationItem, ModerationKind, Role, User, db
from tests.cast import Cast
from tests.pages import forms_of

SignedIn = Callable[[User], FlaskClient]


@pytest.fixture
def item(app: Flask, cast: Cast) -> uuid.UUID:
    with app.app_context():
        nia = db.session.get_one(User, cast.nia.id)
        submission.submit(db.session.get_one(Course, cast.draft_course.id), nia)
        db.session.commit()
        found = moderation_queue.waiting(ModerationKind.COURSE, cast.draft_course.id)
        assert found is not None
        return found.id


def notes(browser: FlaskClient, item: uuid.UUID) -> str:
    page = browser.get(f"/admin/moderation/{item}").text
    return next(str(form.values["notes"]) for form in forms_of(page) if "notes" in form.values)


@pytest.mark.parametrize("press", ["skip", "vet", "feature"])
def test_notes_come_along_with_every_button_beside_the_decision(
    app: Flask, cast: Cast, signed_in: SignedIn, item: uuid.UUID, press: str
) -> None:
    mo = signed_in(cast.mo)
    address = f"/admin/moderation/{item}"
    assert f'form="decide" formaction="{address}/{press}"' in mo.get(address).text
    sent = {"notes": "Come back to this.\n\nSound?", "reason": "quality", "on": "yes", "verdict": ""}
    assert mo.post(f"{address}/{press}", data=sent).status_code == 303
    assert notes(mo, item) == "Come back to this.\n\nSound?"
    with app.app_context():
        max_ = User(email="max@example.com", name="Max", role=Role.ADMIN, email_verified_at=clock.now())
        db.session.add(max_)
        db.session.commit()
        db.session.refresh(max_)
        db.session.expunge(max_)
    other = signed_in(max_)
    mo.post(f"{address}/skip", data={"notes": "Come back."})
    assert notes(other, item) == ""
    other.post(f"{address}/skip", data={"notes": "Theirs."})
    assert (notes(mo, item), notes(other, item)) == ("Come back.", "Theirs.")
    mo.post(f"{address}/skip", data={"notes": ""})
    assert (notes(mo, item), notes(other, item)) == ("", "Theirs.")


def test_too_long_notes_stay_on_the_page(cast: Cast, signed_in: SignedIn, item: uuid.UUID) -> None:
    mo = signed_in(cast.mo)
    answer = mo.post(f"/admin/moderation/{item}/skip", data={"notes": "x" * 5001})
    assert answer.status_code == 422
    assert "x" * 5001 in answer.text
    assert "Use at most 5,000 characters." in answer.text


def test_notes_come_back_with_undo_and_go_with_the_decision(
    app: Flask, cast: Cast, signed_in: SignedIn, item: uuid.UUID
) -> None:
    mo = signed_in(cast.mo)
    address = f"/admin/moderation/{item}"
    mo.post(f"{address}/skip", data={"notes": "First."})
    assert (
        mo.post(f"{address}/decide", data={"verdict": "changes_requested", "notes": "Then."}).status_code
        == 303
    )
    with app.app_context():
        assert db.session.get_one(ModerationItem, item).jotted is None
    mo.post(f"{address}/take-back")
    assert notes(mo, item) == "Then."
    with app.app_context():
        row = db.session.get_one(ModerationItem, item)
        course = db.session.get_one(Course, cast.draft_course.id)
        submission.withdraw(course, db.session.get_one(User, cast.nia.id))
        db.session.refresh(row)
        assert (row.jotted, row.closed_at is None) == (None, False)
