"""Whoever is known by an address is known there again: a decision isn't left behind with it."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from domain import Refused
from domain.base import clock
from domain.people import address_history, oauth, suspension
from models import AddressMark, ReviewStanding, Standing, User, db
from tests.auth.mails import SignIn, link
from tests.cast import PASSWORD, Cast

OLD, NEW = "bo@example.com", "bo.new@example.com"


def moved(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    """bo has moved their account to another address."""
    bo = signed_in(cast.bo)
    bo.post("/account/email", data={"email": NEW, "current": PASSWORD})
    assert bo.post(link(app, "confirm_new_email", NEW)).status_code == 303


def suspend(app: Flask, cast: Cast) -> None:
    with app.app_context():
        bo, mo = (db.session.get_one(User, person.id) for person in (cast.bo, cast.mo))
        suspension.suspend(bo, mo, "Insults.")
        db.session.commit()


def register(app: Flask, email: str) -> tuple[int, str]:
    """The answer to a registration that was proved by its mail."""
    browser = app.test_client()
    form = {"name": "Anew", "email": email, "password": "a wholly new password"}
    assert browser.post("/register", data=form).status_code == 303
    answer = browser.post(link(app, "verify_email", email))
    return answer.status_code, answer.text


def accounts(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(db.func.count()).select_from(User)) or 0


@pytest.mark.parametrize("email", [OLD, "BO@Example.com", "bo+again@example.com"])
def test_a_suspended_person_does_not_come_back_by_the_address_they_left(
    app: Flask, cast: Cast, signed_in: SignIn, email: str
) -> None:
    moved(app, cast, signed_in)
    suspend(app, cast)
    before = accounts(app)
    status, text = register(app, email.lower())
    assert (status, "suspended" in text) == (410, True)
    with app.app_context(), pytest.raises(Refused, match="suspended"):
        oauth.sign_in_account(oauth.ProviderIdentity("github", "GitHub", "7", "Bo", email))
    assert accounts(app) == before


def test_nor_by_another_spelling_of_the_one_they_have(app: Flask, cast: Cast) -> None:
    suspend(app, cast)
    assert register(app, "bo+2@example.com")[0] == 410


def test_whoever_is_let_in_again_may_also_register_anew(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    moved(app, cast, signed_in)
    suspend(app, cast)
    with app.app_context():
        bo, mo = (db.session.get_one(User, person.id) for person in (cast.bo, cast.mo))
        suspension.restore(bo, mo)
        db.session.commit()
    assert register(app, OLD)[0] == 303


def test_what_was_hidden_waits_also_from_a_new_account(
    app: Flask, cast: Cast, signed_in: SignIn, client: FlaskClient
) -> None:
    with app.app_context():
        for course, standing in ((cast.flask_course, Standing.HIDDEN), (cast.free_course, Standing.APPROVED)):
            db.session.add(ReviewStanding(user_id=cast.bo.id, product_id=course.id, standing=standing))
        db.session.commit()
    moved(app, cast, signed_in)
    assert register(app, OLD)[0] == 303
    with app.app_context():
        anew = db.session.scalars(select(User).where(User.email == OLD)).one()
        rows = db.session.scalars(select(ReviewStanding).where(ReviewStanding.user_id == anew.id)).all()
        assert [(row.product_id, row.standing) for row in rows] == [(cast.flask_course.id, Standing.HIDDEN)]


def test_others_are_nobody_known(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    moved(app, cast, signed_in)
    suspend(app, cast)
    assert register(app, "somebody@example.com")[0] == 303
    assert register(app, "bo@example.org")[0] == 303


def test_a_closed_account_keeps_its_address(app: Flask, cast: Cast, client: FlaskClient) -> None:
    with app.app_context():
        db.session.get_one(User, cast.bo.id).deleted_at = clock.now()
        db.session.commit()
    before = accounts(app)
    client.post("/register", data={"name": "Bo", "email": OLD, "password": "a wholly new password"})
    with app.app_context(), pytest.raises(Refused, match="closed"):
        oauth.sign_in_account(oauth.ProviderIdentity("github", "GitHub", "7", "Bo", OLD))
    assert accounts(app) == before


def test_a_mark_says_no_address_and_goes_when_nothing_needs_it(app: Flask, cast: Cast) -> None:
    with app.app_context():
        people = [db.session.get_one(User, person.id) for person in (cast.bo, cast.cy, cast.nia)]
        for person in people:
            address_history.remember(person, person.email)
            address_history.remember(person, person.email)
        rows = db.session.scalars(select(AddressMark)).all()
        assert len(rows) == len(people)
        assert all(len(row.mark) == 64 and "example" not in row.mark for row in rows)
        people[0].suspended_at = clock.now()
        db.session.add(
            ReviewStanding(user_id=cast.cy.id, product_id=cast.flask_course.id, standing=Standing.HIDDEN)
        )
        address_history.clean_up()
        assert len(db.session.scalars(select(AddressMark)).all()) == len(people)
        for row in rows:
            row.created_at = clock.now() - timedelta(days=366)
        db.session.flush()
        address_history.clean_up()
        left = set(db.session.scalars(select(AddressMark.user_id)))
        assert left == {cast.bo.id, cast.cy.id}


def test_a_mark_of_an_older_key_still_counts(app: Flask, cast: Cast) -> None:
    with app.app_context():
        bo = db.session.get_one(User, cast.bo.id)
        address_history.remember(bo, OLD)
        bo.suspended_at = clock.now()
        db.session.commit()
        app.config["SECRET_KEY_FALLBACKS"] = [app.config["SECRET_KEY"]]
        app.config["SECRET_KEY"] = "another secret that is long enough to be one"
        with pytest.raises(Refused):
            address_history.refuse_suspended(OLD)


def test_an_address_that_was_never_theirs_forgets_nothing(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    moved(app, cast, signed_in)
    with app.app_context():
        address_history.forget_since(db.session.get_one(User, cast.bo.id), "nobody@example.com")
        assert address_history.is_remembered(db.session.get_one(User, cast.bo.id), OLD)
