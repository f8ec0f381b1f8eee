"""A proof belongs to the registration it confirms: nobody comes in by what a stranger registered first."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from domain.base import clock
from domain.people import oauth
from domain.platform import retention
from models import OAuthAccount, Registration, User, UserSession, db
from tests.auth.mails import SignIn, link, sent
from tests.cast import PASSWORD, Cast

VICTIM = "zoe@example.com"
THEIRS = "the stranger chose this"
MINE = "the owner chose this one"


def register(browser: FlaskClient, password: str, name: str = "Zoe", email: str = VICTIM) -> None:
    form = {"name": name, "email": email, "password": password}
    assert browser.post("/register", data=form).location == "/register/sent"


def login(app: Flask, password: str, email: str = VICTIM) -> int:
    return app.test_client().post("/login", data={"email": email, "password": password}).status_code


def is_in(browser: FlaskClient) -> bool:
    return browser.get("/account").status_code == 200


def paths(app: Flask, to: str = VICTIM) -> list[str]:
    found = sent(app, "verify_email", to)
    return [m.data["url"].removeprefix("http://localhost") for m in found]


@contextmanager
def row(app: Flask, user: User) -> Iterator[User]:
    with app.app_context():
        yield db.session.get_one(User, user.id)
        db.session.commit()


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    """A browser in which somebody registered an address that isn't theirs, before its owner came."""
    browser = app.test_client()
    register(browser, THEIRS, name="YOU WON")
    return browser


def test_the_owner_confirms_their_own_registration(
    app: Flask, client: FlaskClient, stranger: FlaskClient
) -> None:
    theirs = paths(app)
    register(client, MINE)
    client.post("/verify-email/resend")
    stranger.post("/verify-email/resend")
    mine = [path for path in paths(app) if path not in theirs][-2]
    assert client.post(mine).status_code == 303
    assert is_in(client)
    assert "YOU WON" not in client.get("/account").text
    assert (login(app, MINE), login(app, THEIRS)) == (303, 422)
    stranger.post("/register/finish")
    stranger.post("/verify-email/resend")
    assert not is_in(stranger)
    for path in paths(app):
        for browser, form in ((stranger, {}), (app.test_client(), {"password": THEIRS})):
            assert browser.post(path, data=form).status_code == 410, "every other registration has ended"
    assert (login(app, MINE), login(app, THEIRS)) == (303, 422)


def test_the_strangers_link_confirms_nothing_for_the_owner(
    app: Flask, client: FlaskClient, stranger: FlaskClient
) -> None:
    theirs = paths(app)[-1]
    register(client, MINE)
    for browser in (client, app.test_client()):
        assert browser.post(theirs).status_code == 422
        answer = browser.post(theirs, data={"password": MINE})
        assert (answer.status_code, "Open the latest email" in answer.text) == (422, True)
    stranger.post("/register/finish")
    assert not is_in(stranger)
    assert login(app, THEIRS) == 422
    assert client.post(paths(app)[-1]).status_code == 303
    assert (is_in(client), login(app, MINE)) == (True, 303)


def test_guessing_the_password_of_a_registration_is_slowed_down(app: Flask, stranger: FlaskClient) -> None:
    path = paths(app)[-1]
    browser = app.test_client()
    statuses = [browser.post(path, data={"password": f"guess number {n}"}).status_code for n in range(9)]
    assert statuses == [422] * 8 + [429]


def test_two_browsers_of_one_person(app: Flask, client: FlaskClient) -> None:
    laptop = app.test_client()
    register(client, MINE)
    register(laptop, "the one on the laptop")
    first, second = paths(app)
    assert laptop.post(second).status_code == 303
    assert client.post(first).status_code == 410
    client.post("/register/finish")
    assert (is_in(laptop), is_in(client)) == (True, False)
    assert (login(app, "the one on the laptop"), login(app, MINE)) == (303, 422)


def test_the_same_browser_again_with_another_password(app: Flask, client: FlaskClient) -> None:
    register(client, THEIRS)
    register(client, MINE, name="Zoe Two")
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count()).select_from(Registration)) == 1
    assert client.post(paths(app)[0]).status_code == 303
    assert (login(app, MINE), login(app, THEIRS)) == (303, 422)


def test_a_link_opened_twice_and_one_that_ran_out(app: Flask, client: FlaskClient) -> None:
    register(client, MINE)
    path = paths(app)[0]
    assert client.post(path).status_code == 303
    assert client.post(path).status_code == 410
    late = app.test_client()
    register(late, MINE, email="late@example.com")
    path = paths(app, "late@example.com")[0]
    with time_machine.travel(clock.now().timestamp() + 3 * 86400 + 60):
        assert late.post(path).status_code == 410
        with app.app_context():
            retention.clean_up()
            db.session.commit()
            assert db.session.scalars(db.select(Registration)).all() == []


def test_registering_while_somebody_else_is_signed_in(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    browser = app.test_client()
    register(browser, MINE)
    path, bo = paths(app)[0], signed_in(cast.bo)
    assert bo.post(path).status_code == 422
    assert bo.post(path, data={"password": MINE}).status_code == 303
    assert "bo@example.com" in bo.get("/account/email").text
    browser.post("/register/finish")
    assert is_in(browser)


def test_an_old_unverified_account_goes_to_who_proves_the_address(
    app: Flask, client: FlaskClient, cast: Cast, signed_in: SignIn
) -> None:
    squatter, remembered = signed_in(cast.una), app.test_client()
    remembered.post("/login", data={"email": "una@example.com", "password": PASSWORD, "remember": "y"})
    squatter.post("/account/email", data={"email": "evil@example.com", "current": PASSWORD})
    moving = link(app, "confirm_new_email")
    with row(app, cast.una) as una:
        una.bio, una.website, una.github = "Buy at evil.example", "https://evil.example", "evil"
        db.session.add(OAuthAccount(user_id=una.id, provider="github", subject="666"))
    register(client, MINE, name="The owner", email="una@example.com")
    assert client.post(paths(app, "una@example.com")[0]).status_code == 303
    remembered.delete_cookie("lectern")
    assert (is_in(client), is_in(squatter), is_in(remembered)) == (True, False, False)
    assert (login(app, MINE, "una@example.com"), login(app, PASSWORD, "una@example.com")) == (303, 422)
    assert app.test_client().post(moving, data={"password": PASSWORD}).status_code == 410
    with row(app, cast.una) as una:
        assert (una.name, una.bio, una.website, una.github) == ("The owner", "", None, None)
        assert db.session.scalars(db.select(OAuthAccount)).all() == []
        live = db.select(UserSession).where(UserSession.user_id == una.id, UserSession.revoked_at.is_(None))
        assert len(db.session.scalars(live).all()) == 2, "the owner's, and the one of the sign-in above"


def test_the_owner_of_an_old_unverified_account_keeps_what_they_said(
    app: Flask, cast: Cast, signed_in: SignIn
) -> None:
    una, elsewhere = signed_in(cast.una), signed_in(cast.una)
    with row(app, cast.una) as kept:
        kept.bio = "I like Flask."
    una.post("/verify-email/resend")
    una.post("/verify-email/resend")
    path, newer = paths(app, "una@example.com")
    assert "Confirm my address" in una.get(newer).text
    assert app.test_client().post(path).status_code == 422, "a stranger who made this account gains nothing"
    assert una.post(path).status_code == 303
    assert (is_in(una), is_in(elsewhere)) == (True, False), "sessions of before the proof have ended"
    with row(app, cast.una) as kept:
        assert (kept.bio, kept.name, kept.is_verified) == ("I like Flask.", "Una", True)


def by_provider(app: Flask) -> None:
    oauth.sign_in_account(oauth.ProviderIdentity("github", "GitHub", "7", "Zoe Hub", VICTIM))


def by_new_address(app: Flask) -> None:
    from domain.people import email_change, mail_tokens

    cy = db.session.scalars(db.select(User).where(User.email == "cy@example.com")).one()
    email_change.confirm(mail_tokens.make(mail_tokens.Purpose.EMAIL, cy, VICTIM))


@pytest.mark.parametrize("prove", [by_provider, by_new_address])
def test_any_other_proof_ends_half_finished_registrations(
    app: Flask, cast: Cast, stranger: FlaskClient, prove: Callable[[Flask], None]
) -> None:
    path = paths(app)[0]
    with app.test_request_context(method="POST"):
        prove(app)
        db.session.commit()
        assert db.session.scalars(db.select(Registration)).all() == []
    assert stranger.post(path).status_code == 410
    stranger.post("/register/finish")
    assert not is_in(stranger)
    assert login(app, THEIRS) == 422


def test_a_change_of_address_on_its_way_loses_to_who_registers_it(
    app: Flask, client: FlaskClient, cast: Cast, signed_in: SignIn
) -> None:
    cy = signed_in(cast.cy)
    cy.post("/account/email", data={"email": VICTIM, "current": PASSWORD})
    moving = link(app, "confirm_new_email")
    assert client.post(moving).status_code == 422, "not who asked, and without their password"
    register(client, MINE)
    assert client.post(paths(app)[0]).status_code == 303
    assert cy.post(moving).status_code == 410
    assert login(app, MINE) == 303


def test_somebody_who_becomes_an_admin_is_the_only_one_in(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    squatter = signed_in(cast.una)
    arguments = ["create-admin", "una@example.com", "--password", "keys of the whole house"]
    assert app.test_cli_runner().invoke(args=arguments).exit_code == 0
    assert not is_in(squatter)
    assert login(app, PASSWORD, "una@example.com") == 422
