"""Every way into an account can be seen, removed, and shut by its owner."""

import re
import uuid
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.base import clock
from models import AuditEntry, OAuthAccount, User, db
from tests.auth.mails import SignIn, link, sent
from tests.auth.provider import Provider, offered
from tests.auth.test_oauth import begin, come_in
from tests.cast import PASSWORD, Cast

NEW = "a wholly new password"
LOGIN = {"email": "bo@example.com", "password": PASSWORD}


@pytest.fixture
def provider(app: Flask) -> Iterator[Provider]:
    """A provider that knows bo, under both names."""
    with offered(app) as running:
        running.person["email"] = running.addresses[0]["email"] = "bo@example.com"
        yield running


@pytest.fixture
def thief(app: Flask, cast: Cast, provider: Provider) -> FlaskClient:
    """A browser of somebody who has bo's account at GitHub, by which they are in."""
    browser = app.test_client()
    assert come_in(browser, "github").status_code == 303
    return browser


def is_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def linked(app: Flask) -> list[uuid.UUID]:
    with app.app_context():
        live = db.select(OAuthAccount.id).where(OAuthAccount.unlinked_at.is_(None))
        return list(db.session.scalars(live))


def drop_password(app: Flask, user: User) -> None:
    with app.app_context():
        db.session.get_one(User, user.id).password_hash = None
        db.session.commit()


def test_linked_identities_are_listed_with_their_last_use(
    app: Flask, cast: Cast, thief: FlaskClient, signed_in: SignIn
) -> None:
    page = signed_in(cast.bo).get("/account/security").text
    shown = page[page.index(f'id="identity-{linked(app)[0].hex}"') :]
    assert re.search(r"<b>GitHub</b>.*Linked <time.*last used <time", shown, re.S)
    assert "Link Google" in page
    assert "Link GitHub" not in page
    assert "identity-" not in signed_in(cast.cy).get("/account/security").text


def test_one_is_removed_by_the_password_and_stays_removed(
    app: Flask, cast: Cast, thief: FlaskClient, signed_in: SignIn
) -> None:
    bo, (key,) = signed_in(cast.bo), linked(app)
    path = f"/account/security/identities/{key}/remove"
    assert bo.get(path).status_code == 200
    for form, sentence in (({}, "Enter your current"), ({"current": "wrong wrong"}, "isn’t your current")):
        answer = bo.post(path, data=form)
        assert (answer.status_code, sentence in answer.text) == (422, True)
    assert is_in(thief)
    assert bo.post(path, data={"current": PASSWORD}).location == "/account/security"
    assert (is_in(bo), is_in(thief), linked(app)) == (True, False, [])
    refused = come_in(thief, "github")
    assert (refused.status_code, "was removed from this account" in refused.text) == (403, True)
    assert (is_in(thief), linked(app)) == (False, [])
    assert [m.recipient for m in sent(app, "provider_unlinked")] == ["bo@example.com"]
    for late in (bo.get(path), bo.post(path, data={"current": PASSWORD})):
        assert late.status_code == 404
        assert "That account isn’t linked any more." in late.text
        assert "Change password" in late.text
    with app.app_context():
        assert "unlink_identity" in db.session.scalars(db.select(AuditEntry.action)).all()


def test_other_peoples_identities_are_out_of_reach(
    app: Flask, cast: Cast, thief: FlaskClient, signed_in: SignIn
) -> None:
    path = f"/account/security/identities/{linked(app)[0]}/remove"
    cy = signed_in(cast.cy)
    assert (cy.get(path).status_code, cy.post(path, data={"current": PASSWORD}).status_code) == (404, 404)
    assert len(linked(app)) == 1


def test_the_last_way_in_is_kept(app: Flask, cast: Cast, thief: FlaskClient, signed_in: SignIn) -> None:
    drop_password(app, cast.bo)
    bo, (key,) = signed_in(cast.bo), linked(app)
    path = f"/account/security/identities/{key}/remove"
    assert "Set a password first" in bo.get(path).text
    assert bo.post(path, data={"current": PASSWORD}).status_code == 422
    assert linked(app) == [key]


def test_a_removed_one_is_linked_again_by_its_owner(
    app: Flask, cast: Cast, thief: FlaskClient, provider: Provider, signed_in: SignIn
) -> None:
    bo, (key,) = signed_in(cast.bo), linked(app)
    bo.post(f"/account/security/identities/{key}/remove", data={"current": PASSWORD})
    assert bo.post("/account/security/link/github", data={"current": "wrong wrong"}).status_code == 422
    assert bo.get("/oauth/github").location == "/", "without the password nothing is linked"
    away = bo.post("/account/security/link/github", data={"current": PASSWORD})
    assert away.location == "/oauth/github?next=/account/security"
    provider.addresses[0]["email"] = "elsewhere@example.com"
    assert come_in(bo, "github", "?next=/account/security").location == "/account/security"
    assert (is_in(bo), linked(app)) == (True, [key])
    assert len(sent(app, "provider_linked")) == 2
    fresh = app.test_client()
    come_in(fresh, "github")
    assert "bo@example.com" in fresh.get("/account/email").text


def test_what_opens_another_account_is_not_linked(
    app: Flask, cast: Cast, thief: FlaskClient, signed_in: SignIn
) -> None:
    cy = signed_in(cast.cy)
    cy.post("/account/security/link/github", data={"current": PASSWORD})
    answer = come_in(cy, "github")
    assert (answer.status_code, "is linked to another account" in answer.text) == (403, True)
    with app.app_context():
        assert db.session.scalars(db.select(OAuthAccount.user_id)).all() == [cast.bo.id]
    assert "cy@example.com" in cy.get("/account/email").text


def test_linking_does_not_outlive_whoever_asked(
    app: Flask, cast: Cast, provider: Provider, signed_in: SignIn
) -> None:
    browser = signed_in(cast.cy)
    browser.post("/account/security/link/github", data={"current": PASSWORD})
    path = begin(browser, "github")
    browser.post("/logout")
    assert browser.get(path).status_code == 400, "what waited in the session went with it"
    assert linked(app) == []


@pytest.mark.parametrize("kept", [False, True])
def test_a_reset_offers_to_keep_them_and_removes_by_default(
    app: Flask, client: FlaskClient, cast: Cast, thief: FlaskClient, kept: bool
) -> None:
    (key,) = linked(app)
    client.post("/forgot-password", data={"email": "bo@example.com"})
    path = link(app, "reset_password")
    page = client.get(path).text
    box = re.search(rf'<input[^>]*value="{key.hex}"[^>]*>', page)
    assert box
    assert "checked" not in box[0]
    assert "GitHub, linked <time" in page
    form = {"password": NEW, "keep": key.hex} if kept else {"password": NEW}
    assert client.post(path, data=form).status_code == 303
    assert not is_in(thief), "every device is signed out either way"
    assert come_in(thief, "github").status_code == (303 if kept else 403)
    assert linked(app) == ([key] if kept else [])
    assert sent(app, "password_changed")[-1].data["removed"] == ([] if kept else ["GitHub"])


def test_a_first_password_keeps_what_there_was_unless_it_is_unticked(
    app: Flask, client: FlaskClient, cast: Cast, thief: FlaskClient
) -> None:
    drop_password(app, cast.bo)
    client.post("/forgot-password", data={"email": "bo@example.com"})
    path = link(app, "reset_password")
    box = re.search(rf'<input[^>]*value="{linked(app)[0].hex}"[^>]*>', client.get(path).text)
    assert box
    assert "checked" in box[0]
    assert client.post(path, data={"password": NEW}).status_code == 303
    assert linked(app) == []


def test_a_reset_keeps_nothing_that_was_made_up(
    app: Flask, client: FlaskClient, cast: Cast, thief: FlaskClient
) -> None:
    client.post("/forgot-password", data={"email": "bo@example.com"})
    path = link(app, "reset_password")
    for nonsense in (uuid.uuid4().hex, "x", "\x00"):
        assert client.post(path, data={"password": NEW, "keep": nonsense}).status_code == 422
    assert len(linked(app)) == 1


def test_it_was_not_me_shuts_every_way_in(
    app: Flask, client: FlaskClient, cast: Cast, thief: FlaskClient, signed_in: SignIn
) -> None:
    remembered, laptop = app.test_client(), signed_in(cast.bo)
    remembered.post("/login", data={**LOGIN, "remember": "y"})
    remembered.delete_cookie("lectern")
    laptop.post("/account/email", data={"email": "evil@example.com", "current": PASSWORD})
    moving = link(app, "confirm_new_email")
    client.post("/forgot-password", data={"email": "bo@example.com"})
    older_reset = link(app, "reset_password")
    message = sent(app, "provider_linked")[0]
    path = message.data["not_me_url"].removeprefix("http://localhost")
    page = client.get(path)
    assert (page.status_code, "GitHub no longer signs you in" in page.text) == (200, True)
    assert is_in(thief), "looking at the link does nothing"
    done = client.post(path)
    assert (done.status_code, "Every device is signed out" in done.text) == (200, True)
    assert [is_in(b) for b in (thief, laptop, remembered, client)] == [False] * 4
    assert app.test_client().post("/login", data=LOGIN).status_code == 422
    assert come_in(thief, "github").status_code == 403
    assert client.post(moving, data={"password": PASSWORD}).status_code == 410
    assert client.post(older_reset, data={"password": NEW}).status_code == 410
    assert client.post(link(app, "reset_password"), data={"password": NEW}).status_code == 303
    assert is_in(client)
    with app.app_context():
        assert "shut_account" in db.session.scalars(db.select(AuditEntry.action)).all()


def test_every_mail_about_a_change_has_the_link(
    app: Flask, cast: Cast, thief: FlaskClient, signed_in: SignIn
) -> None:
    import mail

    bo, (key,) = signed_in(cast.bo), linked(app)
    bo.post(f"/account/security/identities/{key}/remove", data={"current": PASSWORD})
    bo.post("/account/security", data={"current": PASSWORD, "password": NEW})
    for template in ("provider_linked", "provider_unlinked", "password_changed"):
        message = sent(app, template)[-1]
        with app.test_request_context():
            assert all(message.data["not_me_url"] in body for body in mail.render_bodies(message)), template
            older = {k: v for k, v in message.data.items() if k not in ("not_me_url", "removed")}
            older["reset_url"] = "http://localhost/forgot-password"
            if template != "provider_unlinked":
                assert "/forgot-password" in mail.render_with(template, "s", older)[0], "written before"


def test_the_link_of_another_address_or_time_shuts_nothing(
    app: Flask, client: FlaskClient, cast: Cast, thief: FlaskClient
) -> None:
    import time_machine

    path = sent(app, "provider_linked")[0].data["not_me_url"].removeprefix("http://localhost")
    with time_machine.travel(clock.now().timestamp() + 15 * 86400):
        assert client.post(path).status_code == 410
    with app.app_context():
        db.session.get_one(User, cast.bo.id).email = "bo.new@example.com"
        db.session.commit()
    answer = client.post(path)
    assert (answer.status_code, "Set a new password" in answer.text) == (410, True)
    assert is_in(thief)
