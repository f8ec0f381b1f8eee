"""Shut out everywhere at once, politely, and let in again; and always an admin left."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Select, event, select
from sqlalchemy.engine import Engine

from domain import Refused
from domain.authoring import submission
from domain.base import clock
from domain.people import creator_page_drafts, directory, mail_tokens, oauth, suspension
from models import AuditEntry, Course, OAuthAccount, Role, User, db
from tables import base
from tests.auth.mails import SignIn, sent
from tests.cast import PASSWORD, Cast

SENTENCE = "This account is suspended. To find out more, write to hello@example.com"


def suspend(app: Flask, cast: Cast, signed_in: SignIn, user: User) -> None:
    answer = signed_in(cast.mo).post(f"/admin/users/{user.id}/suspend", data={"reason": "Sells keys."})
    assert answer.status_code == 303


def test_open_tabs_are_led_to_the_sign_in_page_with_a_sentence(
    app: Flask, cast: Cast, signed_in: SignIn
) -> None:
    phone, laptop = signed_in(cast.nia), signed_in(cast.nia)
    suspend(app, cast, signed_in, cast.nia)
    for tab in (phone, laptop):
        answer = tab.get("/studio/profile")
        assert answer.location == "/login?next=/studio/profile"
        assert SENTENCE in tab.get(answer.location).text
        assert tab.post("/studio/profile", data={"headline": "x"}).status_code == 303
    swap = phone.post("/account", headers={"HX-Request": "true"}, data={"name": "N"})
    assert (swap.status_code, swap.headers["HX-Reswap"]) == (401, "none")
    assert SENTENCE not in app.test_client().get("/login").text


def test_a_session_of_another_process_is_refused_too(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    """The row alone shuts out: nothing in memory has to be told."""
    tab = signed_in(cast.bo)
    with app.app_context():
        db.session.get_one(User, cast.bo.id).suspended_at = base.now()
        db.session.commit()
    assert tab.get("/account").status_code == 303
    beat = tab.post("/learn/flask-first-steps/forms-on-film/heartbeat", json={"from": 0, "to": 5})
    assert beat.status_code in (401, 403, 422)


def test_signing_in_tells_only_who_knows_the_password(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    suspend(app, cast, signed_in, cast.bo)
    visitor = app.test_client()
    right = visitor.post("/login", data={"email": "bo@example.com", "password": PASSWORD})
    wrong = visitor.post("/login", data={"email": "bo@example.com", "password": "not the password"})
    nobody = visitor.post("/login", data={"email": "zo@example.com", "password": "not the password"})
    assert (right.status_code, wrong.status_code, nobody.status_code) == (422, 422, 422)
    assert SENTENCE in right.text
    for answer in (wrong, nobody):
        assert "don’t match" in answer.text
        assert SENTENCE not in answer.text
    assert visitor.get("/account").status_code == 303


def test_a_new_password_opens_nothing(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    with app.app_context():
        token = mail_tokens.make(mail_tokens.Purpose.RESET, db.session.get_one(User, cast.bo.id))
    suspend(app, cast, signed_in, cast.bo)
    visitor = app.test_client()
    same = visitor.post("/forgot-password", data={"email": "bo@example.com"})
    other = visitor.post("/forgot-password", data={"email": "zo@example.com"})
    assert same.text.replace("bo@", "zo@") == other.text
    assert sent(app, "reset_password") == []
    assert len(sent(app, "still_suspended", "bo@example.com")) == 1
    answer = visitor.post(f"/reset-password/{token}", data={"password": "a wholly new password"})
    assert answer.status_code == 410
    assert SENTENCE in answer.text


def test_an_identity_elsewhere_opens_nothing(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    suspend(app, cast, signed_in, cast.bo)
    with app.app_context():
        db.session.add(OAuthAccount(user_id=cast.bo.id, provider="github", subject="1"))
        db.session.commit()
        for subject in ("1", "2"):
            identity = oauth.ProviderIdentity("github", "GitHub", subject, "Bo", "bo@example.com")
            with pytest.raises(Refused, match="suspended"):
                oauth.sign_in_account(identity)


def test_they_are_told_why_and_when_it_is_over(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    suspend(app, cast, signed_in, cast.bo)
    suspend(app, cast, signed_in, cast.bo)
    (letter,) = sent(app, "account_suspended", "bo@example.com")
    assert letter.data["reason"] == "Sells keys."
    assert letter.status == "sent"
    mo = signed_in(cast.mo)
    assert "Restore account" in mo.get(f"/admin/users/{cast.bo.id}").text
    for _ in range(2):
        mo.post(f"/admin/users/{cast.bo.id}/restore")
    assert len(sent(app, "account_restored", "bo@example.com")) == 1
    visitor = app.test_client()
    assert visitor.post("/login", data={"email": "bo@example.com", "password": PASSWORD}).status_code == 303


def test_a_suspension_says_why_and_is_not_for_oneself(cast: Cast, signed_in: SignIn) -> None:
    mo = signed_in(cast.mo)
    assert "Enter a reason" in mo.post(f"/admin/users/{cast.bo.id}/suspend", data={"reason": " "}).text
    assert mo.post(f"/admin/users/{cast.mo.id}/suspend", data={"reason": "x"}).status_code == 422
    assert mo.get("/account").status_code == 200


def test_the_last_admin_stays(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    mo = signed_in(cast.mo)
    answer = mo.post(f"/admin/users/{cast.mo.id}/role", data={"role": "learner"})
    assert answer.status_code == 422
    assert "only admin left" in answer.text
    mo.post(f"/admin/users/{cast.cy.id}/role", data={"role": "admin"})
    mo.post(f"/admin/users/{cast.cy.id}/suspend", data={"reason": "x"})
    assert mo.post(f"/admin/users/{cast.mo.id}/role", data={"role": "learner"}).status_code == 422


@pytest.fixture
def without_lock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No row lock on PostgreSQL; on SQLite no transaction, as its driver has it when left alone."""
    monkeypatch.setattr(Select, "with_for_update", lambda self, **_: self)
    event.remove(Engine, "begin", base._begin_sqlite)
    yield
    event.listen(Engine, "begin", base._begin_sqlite)


@pytest.fixture
def meeting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two who have counted the admins wait for each other before they write; who is alone waits in vain."""
    met, real = threading.Barrier(2), suspension.keep_an_admin
    patience = 10 if "without_lock" in request.fixturenames else 1.0

    def count_and_wait(without: User | None = None) -> None:
        real(without)
        with suppress(threading.BrokenBarrierError):
            met.wait(patience)

    monkeypatch.setattr(suspension, "keep_an_admin", count_and_wait)


def two_leave(app: Flask, cast: Cast) -> int:
    """mo and cy, the two admins, are removed at the same moment; how many are left."""
    with app.app_context():
        db.session.get_one(User, cast.cy.id).role = Role.ADMIN
        db.session.commit()

    def demote() -> None:
        directory.change_role(db.session.get_one(User, cast.mo.id), Role.LEARNER, acting(cast.mo))

    def shut_out() -> None:
        suspension.suspend(db.session.get_one(User, cast.cy.id), acting(cast.mo), "x")

    def acting(user: User) -> User:
        return db.session.get_one(User, user.id)

    def run(act: Callable[[], None]) -> None:
        with app.app_context(), suppress(Refused):
            act()
            db.session.commit()

    threads = [threading.Thread(target=run, args=(act,)) for act in (demote, shut_out)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with app.app_context():
        left = select(User).where(User.role == Role.ADMIN, User.suspended_at.is_(None))
        return len(db.session.scalars(left).all())


def test_two_at_once_leave_an_admin(app: Flask, cast: Cast, meeting: None) -> None:
    assert two_leave(app, cast) == 1


def test_two_at_once_leave_none_without_the_lock(
    app: Flask, cast: Cast, meeting: None, without_lock: None
) -> None:
    assert two_leave(app, cast) == 0


def test_a_role_changes_while_an_admin_decides_about_the_persons_page(app: Flask, cast: Cast) -> None:
    """The decision holds the creator and its record refers to the admin, whom the change holds."""

    def change() -> None:
        with app.app_context():
            ada, mo = (db.session.get_one(User, user.id) for user in (cast.ada, cast.mo))
            directory.lock(ada)
            directory.change_role(ada, Role.LEARNER, mo)
            db.session.commit()

    changing = threading.Thread(target=change)
    with app.app_context():
        ada, mo = (db.session.get_one(User, user.id) for user in (cast.ada, cast.mo))
        creator_page_drafts.lock_page(ada)
        changing.start()
        changing.join(0.7)
        assert changing.is_alive()
        creator_page_drafts.apply(ada, mo)
        db.session.commit()
    changing.join(10)
    with app.app_context():
        actions = list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
        assert actions == ["approve_profile", "change_role"]
        assert db.session.get_one(User, cast.ada.id).role == Role.LEARNER


def standing(app: Flask, cast: Cast) -> list[str]:
    """The statuses of the Flask course and of the free one, both Ada's."""
    with app.app_context():
        both = cast.flask_course.id, cast.free_course.id
        return [db.session.get_one(Course, id_).status.value for id_ in both]


def test_a_creators_courses_go_off_sale_in_the_same_step_and_come_back_with_them(
    app: Flask, cast: Cast, signed_in: SignIn, client: FlaskClient
) -> None:
    mo, person = signed_in(cast.mo), f"/admin/users/{cast.ada.id}"
    with app.app_context():
        before = db.session.get_one(Course, cast.flask_course.id).expires_at
    assert "Take their courses off sale as well" in mo.get(person).text
    sent = {"reason": "A phishing page.", "with_courses": "y"}
    assert mo.post(f"{person}/suspend", data=sent).status_code == 303
    assert standing(app, cast) == ["archived", "archived"]
    assert "Flask, first steps" not in client.get("/courses").text
    assert signed_in(cast.bo).get("/learn/flask-first-steps/routes").status_code == 200, "it is theirs"
    with app.app_context():
        notes = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "archive")).all()
        assert [(n.actor_id, n.note) for n in notes] == [(cast.mo.id, "A phishing page.")] * 2
    assert "Put their courses back on sale" in mo.get(person).text
    assert mo.post(f"{person}/restore", data={"with_courses": "y"}).status_code == 303
    assert standing(app, cast) == ["published", "published"]
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        assert (course.expires_at, course.off_with_creator) == (before, False)


def test_without_their_courses_these_come_back_by_a_review(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    mo, person = signed_in(cast.mo), f"/admin/users/{cast.ada.id}"
    mo.post(f"{person}/suspend", data={"reason": "A phishing page.", "with_courses": "y"})
    mo.post(f"{person}/restore")
    assert standing(app, cast) == ["archived", "archived"]
    with app.app_context():
        course, ada = db.session.get_one(Course, cast.free_course.id), db.session.get_one(User, cast.ada.id)
        assert ada.vetted
        assert not submission.submit(course, ada), "also those of a vetted creator"
        submission.publish(course, db.session.get_one(User, cast.mo.id))
        assert not submission.needs_review(course, ada)


def test_what_has_expired_meanwhile_or_was_off_sale_before_stays_off(
    app: Flask, cast: Cast, signed_in: SignIn
) -> None:
    mo, person = signed_in(cast.mo), f"/admin/users/{cast.ada.id}"
    with app.app_context():
        submission.take_off_sale(
            db.session.get_one(Course, cast.free_course.id), db.session.get_one(User, cast.ada.id)
        )
        db.session.commit()
    mo.post(f"{person}/suspend", data={"reason": "A phishing page.", "with_courses": "y"})
    with app.app_context():
        db.session.get_one(Course, cast.flask_course.id).expires_at = clock.now() - timedelta(days=1)
        db.session.commit()
    mo.post(f"{person}/restore", data={"with_courses": "y"})
    assert standing(app, cast) == ["archived", "archived"]


def test_suspended_alone_their_courses_stay_on_sale(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    suspend(app, cast, signed_in, cast.ada)
    assert standing(app, cast) == ["published", "published"]
