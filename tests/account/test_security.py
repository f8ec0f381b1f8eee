"""The password and the devices of an account."""

import uuid
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.people.devices import describe
from models import User, UserSession, db
from tests.auth.mails import SignIn, link, sent
from tests.cast import PASSWORD, Cast

NEW = "a wholly new password"


def is_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def devices(app: Flask, user: User) -> list[UserSession]:
    with app.app_context():
        query = db.select(UserSession).where(UserSession.user_id == user.id, UserSession.revoked_at.is_(None))
        return list(db.session.scalars(query.order_by(UserSession.created_at)))


def test_changing_the_password_keeps_this_device_only(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    phone, laptop, other = signed_in(cast.bo), signed_in(cast.bo), signed_in(cast.cy)
    answer = phone.post("/account/security", data={"current": PASSWORD, "password": NEW})
    assert (answer.status_code, answer.location) == (303, "/account/security")
    assert "Password changed" in phone.get("/account/security").text
    assert (is_in(phone), is_in(laptop), is_in(other)) == (True, False, True)
    assert [m.recipient for m in sent(app, "password_changed")] == ["bo@example.com"]
    login = app.test_client().post("/login", data={"email": "bo@example.com", "password": NEW})
    assert login.status_code == 303


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"current": "wrong wrong", "password": NEW}, "isn’t your current password"),
        ({"current": "", "password": NEW}, "Enter your current password"),
        ({"current": "x" * 2000, "password": NEW}, "That isn’t your password"),
        ({"current": PASSWORD, "password": ""}, "Choose a password"),
        ({"current": PASSWORD, "password": "short"}, "at least 10"),
        ({"current": PASSWORD, "password": "x" * 300}, "at most 256"),
        ({"current": PASSWORD, "password": "b" * 12}, "too easy to guess"),
        ({}, "Enter your current password"),
    ],
)
def test_a_refused_change_changes_nothing(
    app: Flask, cast: Cast, signed_in: SignIn, form: dict[str, str], sentence: str
) -> None:
    phone, laptop = signed_in(cast.bo), signed_in(cast.bo)
    answer = phone.post("/account/security", data=form)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert (is_in(phone), is_in(laptop)) == (True, True)
    assert sent(app) == []


def test_a_stolen_session_can_not_guess_the_password(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], login_account_limit=2)
    thief = signed_in(cast.bo)
    form = {"current": "wrong wrong", "password": NEW}
    assert [thief.post("/account/security", data=form).status_code for _ in range(3)] == [422, 422, 429]


def test_one_device_is_signed_out_from_another(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    phone, laptop = signed_in(cast.bo), signed_in(cast.bo)
    first, second = devices(app, cast.bo)
    page = phone.get("/account/security").text
    assert page.count("This device") == 1
    assert f'id="device-{first.id.hex}"' in page
    assert f'id="device-{second.id.hex}"' in page
    answer = phone.post(f"/account/security/devices/{second.id}/sign-out")
    assert answer.location == "/account/security"
    assert (is_in(phone), is_in(laptop)) == (True, False)
    assert f'id="device-{second.id.hex}"' not in phone.get("/account/security").text


def test_all_other_devices_are_signed_out(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    phone, laptop, tablet, other = (signed_in(who) for who in (cast.bo, cast.bo, cast.bo, cast.cy))
    phone.post("/account/security/devices/sign-out-others")
    assert [is_in(c) for c in (phone, laptop, tablet, other)] == [True, False, False, True]


def test_other_peoples_devices_are_out_of_reach(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    bo, cy = signed_in(cast.bo), signed_in(cast.cy)
    theirs = devices(app, cast.cy)[0].id
    assert bo.post(f"/account/security/devices/{theirs}/sign-out").status_code == 303
    assert bo.post(f"/account/security/devices/{uuid.uuid4()}/sign-out").status_code == 303
    assert bo.post("/account/security/devices/nonsense/sign-out").status_code == 404
    assert is_in(cy)
    assert f'id="device-{theirs.hex}"' not in bo.get("/account/security").text


def test_remembered_devices_are_signed_out_too(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    kept = app.test_client()
    kept.post("/login", data={"email": "bo@example.com", "password": PASSWORD, "remember": "y"})
    signed_in(cast.bo).post("/account/security/devices/sign-out-others")
    kept.delete_cookie("lectern")
    assert not is_in(kept)


def test_an_account_without_a_password_gets_one_by_mail(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    with app.app_context():
        db.session.get_one(User, cast.bo.id).password_hash = None
        db.session.commit()
    bo = signed_in(cast.bo)
    assert "Send me the link" in bo.get("/account/security").text
    assert bo.post("/account/security", data={"current": "x", "password": NEW}).status_code == 422
    bo.post("/account/security/password-link")
    assert bo.post(link(app, "reset_password"), data={"password": NEW}).status_code == 303
    assert 'name="current"' in bo.get("/account/security").text


def test_strangers_are_asked_to_sign_in(client: FlaskClient, cast: Cast) -> None:
    for page in ("/account", "/account/security", "/account/email"):
        assert client.get(page).location == f"/login?next={page}"
        assert client.post(page).status_code == 303
    assert client.post("/account/security/devices/sign-out-others").status_code == 303


def test_forms_without_their_token_do_nothing(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    phone, laptop = signed_in(cast.bo), signed_in(cast.bo)
    for path in ("", "/devices/sign-out-others", f"/devices/{uuid.uuid4()}/sign-out", "/password-link"):
        assert phone.post(f"/account/security{path}").status_code == 400
    assert is_in(laptop)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 16) Chrome/140.0 Safari/537.36",
            "Chrome on Android",
        ),
        ("curl/8", "A device"),
        ("", "A device"),
    ],
)
def test_devices_have_names(agent: str, name: str) -> None:
    assert describe(agent) == name
