"""Moving to another address."""

import time_machine
from flask import Flask
from flask.testing import FlaskClient

from domain.base import clock
from models import AuditEntry, User, db
from tests.auth.mails import SignIn, link, sent
from tests.cast import PASSWORD, Cast

FORM = {"email": "Bo.New@example.com", "current": PASSWORD}


def address(app: Flask, user: User) -> str:
    with app.app_context():
        return db.session.get_one(User, user.id).email


def login(app: Flask, email: str) -> int:
    return app.test_client().post("/login", data={"email": email, "password": PASSWORD}).status_code


def test_the_new_address_is_proved_and_both_are_told(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    bo = signed_in(cast.bo)
    assert bo.post("/account/email", data=FORM).location == "/account/email"
    assert address(app, cast.bo) == "bo@example.com"
    path = link(app, "confirm_new_email", "bo.new@example.com")
    phone = app.test_client()
    assert "bo.new@example.com" in phone.get(path).text
    assert address(app, cast.bo) == "bo@example.com", "looking at the link does nothing"
    assert phone.post(path).status_code == 422, "the link alone doesn't show whose account it is"
    assert phone.post(path, data={"password": "wrong wrong"}).status_code == 422
    assert phone.post(path, data={"password": PASSWORD}).location == "/login"
    assert address(app, cast.bo) == "bo.new@example.com"
    assert [m.recipient for m in sent(app, "email_changed_old")] == ["bo@example.com"]
    assert [m.recipient for m in sent(app, "email_changed_new")] == ["bo.new@example.com"]
    assert (login(app, "bo@example.com"), login(app, "bo.new@example.com")) == (422, 303)
    assert bo.get("/account/email").status_code == 200
    with app.app_context():
        assert "change_email" in db.session.scalars(db.select(AuditEntry.action)).all()


def test_a_link_works_once_and_for_a_day(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    bo = signed_in(cast.bo)
    bo.post("/account/email", data=FORM)
    bo.post("/account/email", data={**FORM, "email": "bo.other@example.com"})
    first, second = (m.data["url"].removeprefix("http://localhost") for m in sent(app, "confirm_new_email"))
    with time_machine.travel(clock.now().timestamp() + 86400 + 60):
        assert app.test_client().post(first).status_code == 410
    assert bo.post(first).location == "/account/email"
    assert bo.post(first).status_code == 410
    assert bo.post(second).status_code == 410, "made for the address of before"
    assert address(app, cast.bo) == "bo.new@example.com"


def test_a_link_dies_with_the_password(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    thief = signed_in(cast.bo)
    thief.post("/account/email", data=FORM)
    owner = signed_in(cast.bo)
    owner.post("/account/security", data={"current": PASSWORD, "password": "a wholly new password"})
    assert app.test_client().post(link(app, "confirm_new_email")).status_code == 410


def test_a_taken_address_gets_the_same_answer_and_its_owner_a_mail(
    app: Flask, cast: Cast, signed_in: SignIn
) -> None:
    bo = signed_in(cast.bo)
    free = bo.post("/account/email", data=FORM)
    free_page = bo.get("/account/email").text
    taken = bo.post("/account/email", data={**FORM, "email": "cy@example.com"})
    assert (free.status_code, free.location, free.text) == (taken.status_code, taken.location, taken.text)
    taken_page = bo.get("/account/email").text
    assert "We’ve sent a link to" in free_page
    assert "We’ve sent a link to cy@example.com" in taken_page
    assert [m.template for m in sent(app, to="cy@example.com")] == ["already_registered"]


def test_an_address_taken_meanwhile_is_refused(
    app: Flask, client: FlaskClient, cast: Cast, signed_in: SignIn
) -> None:
    bo = signed_in(cast.bo)
    bo.post("/account/email", data=FORM)
    form = {"name": "B", "email": FORM["email"], "password": "horses eat apples"}
    client.post("/register", data=form)
    assert client.post(link(app, "verify_email")).status_code == 303
    answer = bo.post(link(app, "confirm_new_email"))
    assert answer.status_code == 410
    assert "is no longer available" in answer.text
    assert address(app, cast.bo) == "bo@example.com"


def test_wrong_input_is_said_beside_its_field(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    bo = signed_in(cast.bo)
    for change, sentence in (
        ({"email": ""}, "Enter an email address"),
        ({"email": "nonsense"}, "complete email address"),
        ({"email": "x" * 300 + "@example.com"}, "too long"),
        ({"email": "BO@example.com"}, "already your address"),
        ({"current": ""}, "Enter your current password"),
        ({"current": "wrong wrong"}, "isn’t your current password"),
    ):
        answer = bo.post("/account/email", data={**FORM, **change})
        assert answer.status_code == 422, change
        assert sentence in answer.text
    assert sent(app) == []


def test_an_account_without_a_password_sets_one_first(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    with app.app_context():
        db.session.get_one(User, cast.bo.id).password_hash = None
        db.session.commit()
    bo = signed_in(cast.bo)
    assert "Set a password" in bo.get("/account/email").text
    assert bo.post("/account/email", data=FORM).status_code == 422
    assert sent(app) == []
