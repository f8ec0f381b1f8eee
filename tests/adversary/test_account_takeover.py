"""Accounts that somebody tries to take: by registering first, by old links, by ids of others."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.people import mail_tokens, oauth, registration
from models import User, UserSession, db
from tests.auth.mails import link, sent
from tests.cast import PASSWORD, Cast

VICTIM = "victim@example.com"


@pytest.fixture
def squatter(app: Flask, cast: Cast) -> FlaskClient:
    """Somebody who registered an address that isn't theirs, and keeps the browser open."""
    browser = app.test_client()
    form = {"name": "Victim", "email": VICTIM, "password": PASSWORD}
    assert browser.post("/register", data=form).status_code == 303
    return browser


def is_in(browser: FlaskClient) -> bool:
    return browser.get("/account").status_code == 200


def test_a_squatter_is_left_out_once_the_owner_chose_a_password(app: Flask, squatter: FlaskClient) -> None:
    owner = app.test_client()
    form = {"name": "Owner", "email": VICTIM, "password": "the owner's own password"}
    owner.post("/register", data=form)
    assert owner.post(link(app, "verify_email", VICTIM)).status_code == 303
    assert squatter.post("/register/finish").status_code == 303
    assert not is_in(squatter)
    assert squatter.post("/login", data={"email": VICTIM, "password": PASSWORD}).status_code == 422


def test_a_squatter_is_left_out_once_the_owner_came_by_a_provider(app: Flask, squatter: FlaskClient) -> None:
    with app.app_context():
        oauth.sign_in_account(oauth.ProviderIdentity("github", "GitHub", "7", "Victim", VICTIM))
        db.session.commit()
    squatter.post("/register/finish")
    assert not is_in(squatter)


def test_whoever_registered_is_let_in_once_the_link_was_opened(app: Flask, squatter: FlaskClient) -> None:
    assert squatter.post("/register/finish").location == "/register/sent"
    form = {"password": PASSWORD}
    assert app.test_client().post(link(app, "verify_email", VICTIM), data=form).status_code == 303
    squatter.post("/register/finish")
    assert is_in(squatter)


def test_a_link_opens_nothing_but_what_it_was_made_for(app: Flask, cast: Cast) -> None:
    places = {
        mail_tokens.Purpose.VERIFY: "/verify-email/{}",
        mail_tokens.Purpose.RESET: "/reset-password/{}",
        mail_tokens.Purpose.EMAIL: "/confirm-email/{}",
        mail_tokens.Purpose.NOT_ME: "/not-me/{}",
    }
    with app.app_context():
        una = db.session.get_one(User, cast.una.id)
        waiting = registration.register_account(una)
        extra = {mail_tokens.Purpose.EMAIL: "new@example.com"}
        made = {
            p: mail_tokens.make(p, una, extra.get(p, "")) for p in places if p != mail_tokens.Purpose.VERIFY
        }
        made[mail_tokens.Purpose.VERIFY] = mail_tokens.sign(mail_tokens.Purpose.VERIFY, waiting.id.hex)
        db.session.commit()
    browser = app.test_client()
    for made_for, token in made.items():
        for purpose, place in places.items():
            status = 200 if purpose == made_for else 410
            assert browser.get(place.format(token)).status_code == status, (made_for, purpose)
            for forged in (token[:-1], token[1:], token.swapcase(), token.rsplit(".", 2)[0]):
                assert browser.get(place.format(forged)).status_code == 410, forged
                assert browser.post(place.format(forged), data={"password": PASSWORD}).status_code == 410


def test_a_reset_link_dies_with_the_password_it_replaces(app: Flask, cast: Cast) -> None:
    with app.app_context():
        bo = db.session.get_one(User, cast.bo.id)
        first, second = (mail_tokens.make(mail_tokens.Purpose.RESET, bo, extra) for extra in ("", "again"))
    browser = app.test_client()
    assert browser.post(f"/reset-password/{first}", data={"password": "one new password"}).status_code == 303
    assert browser.post(f"/reset-password/{second}", data={"password": PASSWORD}).status_code == 410


def test_nobody_signs_out_the_devices_of_another(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient]
) -> None:
    bo, cy = signed_in(cast.bo), signed_in(cast.cy)
    with app.app_context():
        query = db.select(UserSession.id).where(UserSession.user_id == cast.bo.id)
        device = db.session.scalars(query).one()
    assert cy.post(f"/account/security/devices/{device}/sign-out").status_code == 303
    assert is_in(bo)
    assert bo.post(f"/account/security/devices/{device}/sign-out").status_code == 303
    assert not is_in(bo)


def test_a_form_takes_no_more_than_its_fields(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient]
) -> None:
    more = {
        "role": "admin", "vetted": "1", "access_override": "1", "is_admin": "1", "email": "root@example.com",
        "email_verified_at": "2020-01-01", "password_hash": "x", "deleted_at": "2020-01-01", "id": "1",
    }  # fmt: skip
    form = {"name": "Bo", "bio": "", "website": "", "github": "", "linkedin": "", "timezone": "UTC"}
    assert signed_in(cast.bo).post("/account", data={**more, **form}).status_code == 303
    form = {"name": "New", "email": "new@example.com", "password": PASSWORD}
    assert app.test_client().post("/register", data={**more, **form}).status_code == 303
    form = {"password": PASSWORD}
    app.test_client().post(link(app, "verify_email", "new@example.com"), data={**more, **form})
    with app.app_context():
        for email in (cast.bo.email, "new@example.com"):
            user = db.session.scalars(db.select(User).where(User.email == email)).one()
            assert (user.role, user.vetted, user.access_override) == ("learner", False, False)
            assert user.deleted_at is None


@pytest.mark.parametrize(
    "way",
    [
        "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example",
        "/\t/evil.example", "/%0d%0aLocation:%20//evil.example", "javascript:alert(1)", "/\n/evil.example",
        "@evil", "https:evil.example", "/login", "/ /evil.example", "/" + "\u4e00" * 1900,
        "\u2044\u2044evil.example",
    ],
)  # fmt: skip
def test_signing_in_never_leads_away(app: Flask, cast: Cast, way: str) -> None:
    form = {"email": cast.bo.email, "password": PASSWORD}
    answer = app.test_client().post("/login", query_string={"next": way}, data=form)
    assert answer.status_code == 303
    assert answer.location == "/" or (answer.location.startswith("/%0d") and "\n" not in answer.location)


def test_letters_tell_nothing_of_who_asked(app: Flask, cast: Cast) -> None:
    browser = app.test_client()
    for email in (cast.bo.email, "nobody@example.com"):
        answer = browser.post("/forgot-password", data={"email": email})
        assert (answer.status_code, email in answer.text) == (200, True)
    assert [letter.recipient for letter in sent(app)] == [cast.bo.email]
