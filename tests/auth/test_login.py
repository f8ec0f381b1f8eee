"""Signing in and out, on several devices, and being slowed down."""

import re
import statistics
import threading
import time
from datetime import datetime

import pytest
import time_machine
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from domain.base import clock
from domain.people import accounts, sessions
from models import LoginAttempt, User, UserSession, db
from tests.auth.mails import SignIn
from tests.cast import PASSWORD, Cast
from tests.fixtures import REAL_HASHER

BO = {"email": "bo@example.com", "password": PASSWORD}
WRONG = {"email": "bo@example.com", "password": "not the password"}


def is_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def change(app: Flask, user: User, **values: object) -> None:
    with app.app_context():
        row = db.session.get_one(User, user.id)
        for name, value in values.items():
            setattr(row, name, value)
        db.session.commit()


def narrow(app: Flask, **values: int) -> None:
    """Other limits for one test; the fixture puts the settings back."""
    from dataclasses import replace

    app.config["SETTINGS"] = replace(app.config["SETTINGS"], **values)


def test_signing_in_and_out(app: Flask, client: FlaskClient, cast: Cast) -> None:
    assert client.get("/account").location == "/login?next=/account"
    answer = client.post("/login?next=/account", data={**BO, "email": " Bo@Example.COM "})
    assert (answer.status_code, answer.location) == (303, "/account")
    assert is_in(client)
    assert client.get("/login?next=/courses").location == "/courses"
    answer = client.post("/logout")
    assert (answer.status_code, answer.location) == (303, "/")
    assert not is_in(client)
    assert client.get("/logout").status_code == 405


def test_a_signed_out_cookie_is_worth_nothing(app: Flask, client: FlaskClient, cast: Cast) -> None:
    client.post("/login", data={**BO, "remember": "y"})
    kept = [client.get_cookie(name).value for name in ("lectern", "lectern_device")]
    client.post("/logout")
    for name, value in zip(("lectern", "lectern_device"), kept, strict=True):
        thief = app.test_client()
        thief.set_cookie(name, value)
        assert not is_in(thief)


def test_remembering_outlives_the_browser_session(app: Flask, client: FlaskClient, cast: Cast) -> None:
    client.post("/login", data={**BO, "remember": "y"})
    cookie = client.get_cookie("lectern_device")
    assert cookie.max_age is None or cookie.max_age > 0
    assert cookie.expires.timestamp() > time.time() + 50 * 86400
    client.delete_cookie("lectern")
    assert is_in(client)
    plain = app.test_client()
    plain.post("/login", data=BO)
    assert plain.get_cookie("lectern_device") is None
    assert plain.get_cookie("lectern").expires is None
    plain.delete_cookie("lectern")
    assert not is_in(plain)


def test_a_device_is_forgotten_after_sixty_days(app: Flask, client: FlaskClient, cast: Cast) -> None:
    client.post("/login", data={**BO, "remember": "y"})
    value = client.get_cookie("lectern_device").value
    for days, expected in ((59, True), (61, False)):
        with time_machine.travel(clock.now().timestamp() + days * 86400):
            later = app.test_client()
            later.set_cookie("lectern_device", value)
            assert is_in(later) is expected


def test_every_sign_in_is_a_new_token(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with client.session_transaction() as planted:
        planted["_user_id"], planted["rubbish"] = "a token that an attacker knows", "x"
    client.post("/login", data=BO)
    with client.session_transaction() as session:
        first = session["_user_id"]
        assert "rubbish" not in session
        assert first != "a token that an attacker knows"
    client.post("/login", data=BO)
    with client.session_transaction() as session:
        assert session["_user_id"] != first
    with app.app_context():
        live = db.select(db.func.count()).where(
            UserSession.user_id == cast.bo.id, UserSession.revoked_at.is_(None)
        )
        assert db.session.scalar(live) == 1, "signing in again replaces this browser's own session"


@pytest.mark.parametrize(
    ("form", "status", "sentence"),
    [
        (WRONG, 422, "don’t match"),
        ({**WRONG, "email": "nobody@example.com"}, 422, "don’t match"),
        ({**WRONG, "email": "not an address"}, 422, "don’t match"),
        ({**BO, "password": PASSWORD + "\x00"}, 422, "don’t match"),
        ({**BO, "password": "x" * 1025}, 422, "too long"),
        ({**BO, "email": ""}, 422, "Enter your email"),
        ({**BO, "email": "a\x00b@example.com"}, 422, "don’t match"),
        ({**BO, "email": "x" * 5000}, 422, "too long"),
        ({**BO, "password": ""}, 422, "Enter your password"),
        ({}, 422, "Enter your email"),
    ],
)
def test_what_opens_nothing(client: FlaskClient, cast: Cast, form: dict, status: int, sentence: str) -> None:
    answer = client.post("/login", data=form)
    assert answer.status_code == status
    assert sentence in answer.text
    assert not is_in(client)


def test_known_and_unknown_addresses_get_the_same_page(client: FlaskClient, cast: Cast) -> None:
    known = client.post("/login", data=WRONG).text
    unknown = client.post("/login", data={**WRONG, "email": "xx@example.com"}).text
    known, unknown = (re.sub(r'name="csrf_token" value="[^"]+"', "", page) for page in (known, unknown))
    assert known == unknown.replace("xx@example.com", "bo@example.com")


@pytest.mark.slow
def test_known_and_unknown_addresses_take_the_same_time(
    app: Flask, client: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow(app, login_account_limit=10_000, login_address_limit=10_000)
    monkeypatch.setattr(accounts, "HASHER", REAL_HASHER)
    monkeypatch.setattr(accounts, "_decoy_hash", "")
    change(app, cast.bo, password_hash=REAL_HASHER.hash(PASSWORD))
    times: dict[str, list[float]] = {"bo@example.com": [], "nobody@example.com": []}
    client.post("/login", data=WRONG)
    for _ in range(12):
        for email, taken in times.items():
            began = time.process_time()
            client.post("/login", data={**WRONG, "email": email})
            taken.append(time.process_time() - began)
    known, unknown = (statistics.median(taken) for taken in times.values())
    assert 0.5 < known / unknown < 2


def test_a_deleted_account_does_not_open(
    app: Flask, client: FlaskClient, cast: Cast, signed_in: SignIn
) -> None:
    bo = signed_in(cast.bo)
    assert is_in(bo)
    change(app, cast.bo, deleted_at=clock.now())
    assert not is_in(bo)
    assert client.post("/login", data=BO).status_code == 422


def test_an_account_without_a_password_does_not_open(app: Flask, client: FlaskClient, cast: Cast) -> None:
    change(app, cast.bo, password_hash=None)
    assert client.post("/login", data=BO).status_code == 422
    assert client.post("/login", data={**BO, "password": "no password at all"}).status_code == 422


def test_a_guesser_needs_memory_and_time() -> None:
    assert (REAL_HASHER.memory_cost, REAL_HASHER.time_cost, REAL_HASHER.parallelism) == (19456, 2, 1)


def test_an_old_hash_is_renewed(app: Flask, client: FlaskClient, cast: Cast) -> None:
    old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
    change(app, cast.bo, password_hash=old)
    assert client.post("/login", data=BO).status_code == 303
    with app.app_context():
        new = db.session.get_one(User, cast.bo.id).password_hash
        assert new != old
        assert not accounts.HASHER.check_needs_rehash(new)
    client.post("/logout")
    assert client.post("/login", data=BO).status_code == 303


def test_a_form_sent_twice_ends_signed_in(app: Flask, client: FlaskClient, cast: Cast) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    page = client.get("/login").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    first = client.post("/login?next=/courses", data={**BO, "csrf_token": token})
    second = client.post("/login?next=/courses", data={**BO, "csrf_token": token})
    assert (first.status_code, second.status_code) == (303, 303)
    assert second.location == "/courses"
    assert is_in(client)


def test_an_account_is_slowed_down_and_opens_again(app: Flask, client: FlaskClient, cast: Cast) -> None:
    narrow(app, login_account_limit=3)
    assert [client.post("/login", data=WRONG).status_code for _ in range(4)] == [422, 422, 422, 429]
    refused = client.post("/login", data=BO)
    assert refused.status_code == 429, "the right password is not looked at either"
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    assert "Reset your password" in refused.text
    assert client.post("/login", data={**BO, "email": "cy@example.com"}).status_code == 303
    with time_machine.travel(clock.now().timestamp() + 901):
        assert app.test_client().post("/login", data=BO).status_code == 303


def test_an_unknown_account_is_slowed_down_alike(app: Flask, client: FlaskClient, cast: Cast) -> None:
    narrow(app, login_account_limit=2)
    form = {**WRONG, "email": "nobody@example.com"}
    assert [client.post("/login", data=form).status_code for _ in range(3)] == [422, 422, 429]


def test_success_clears_the_accounts_count(app: Flask, client: FlaskClient, cast: Cast) -> None:
    narrow(app, login_account_limit=3)
    for _ in range(3):
        assert [app.test_client().post("/login", data=WRONG).status_code for _ in range(2)] == [422, 422]
        assert app.test_client().post("/login", data=BO).status_code == 303
    with app.app_context():
        left = db.session.scalar(db.select(db.func.count()).select_from(LoginAttempt))
    assert left == 12, (
        "what counts against the network and the account everywhere stays, but for the successes"
    )


def test_an_address_is_slowed_down_whatever_the_account(app: Flask, cast: Cast) -> None:
    narrow(app, login_address_limit=3)

    def attempt(n: int, ip: str) -> int:
        form = {**WRONG, "email": f"n{n}@example.com"}
        return app.test_client().post("/login", data=form, environ_base={"REMOTE_ADDR": ip}).status_code

    assert [attempt(n, "203.0.113.9") for n in range(4)] == [422, 422, 422, 429]
    assert attempt(5, "203.0.113.10") == 422
    assert [attempt(n, f"2001:db8:1:1::{n}") for n in range(4)] == [422, 422, 422, 429]
    assert attempt(9, "2001:db8:1:2::1") == 422


def test_tries_at_the_same_moment_do_not_pass_the_limit(app: Flask, cast: Cast) -> None:
    narrow(app, login_account_limit=4)
    statuses: list[int] = []
    gate = threading.Barrier(10)

    def attempt() -> None:
        client = app.test_client()
        gate.wait()
        statuses.append(client.post("/login", data=WRONG).status_code)

    threads = [threading.Thread(target=attempt) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {422, 429}
    assert statuses.count(422) <= 4
    assert app.test_client().post("/login", data=WRONG).status_code == 429


def test_the_table_of_tries_tells_nothing(app: Flask, client: FlaskClient, cast: Cast) -> None:
    client.post("/login", data=WRONG)
    with app.app_context():
        subjects = list(db.session.scalars(db.select(LoginAttempt.subject)))
    assert len(subjects) == 3
    assert all(len(s) == 64 and "bo@" not in s for s in subjects)


def test_a_signed_in_page_asks_once_who_it_is(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    from sqlalchemy import event

    bo = signed_in(cast.bo)
    bo.get("/account")
    seen: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda c, cu, s, *a: seen.append(s))
    bo.get("/account")
    assert len([s for s in seen if "user_sessions" in s]) == 1
    assert len(seen) <= 2


def test_a_device_is_noted_as_used_by_forms_only(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    bo = signed_in(cast.bo)

    def last_seen() -> datetime:
        with app.app_context():
            mine = UserSession.user_id == cast.bo.id
            return db.session.scalars(db.select(UserSession.last_seen_at).where(mine)).one()

    start = last_seen()
    profile = {"name": "Bo", "timezone": "UTC"}
    with time_machine.travel(start.timestamp() + 60):
        bo.post("/account", data=profile)
        assert last_seen() == start, "noted a minute ago"
    with time_machine.travel(start.timestamp() + 600):
        bo.get("/account")
        assert last_seen() == start, "pages never write"
        bo.post("/account", data={**profile, "name": ""})
        assert last_seen() == start, "refused forms do not count"
        bo.post("/account", data=profile)
        assert last_seen() > start


def test_odd_cookies_are_strangers(app: Flask, cast: Cast) -> None:
    for token in ("", "x" * 5000, "\x00", "ü"):
        with app.app_context():
            assert sessions.user_for(token) is None


@pytest.mark.parametrize("agent", ["", "x" * 3000, "Mozilla/5.0 \u00e9"])
def test_odd_browsers_are_let_in(client: FlaskClient, cast: Cast, agent: str) -> None:
    assert client.post("/login", data=BO, headers={"User-Agent": agent}).status_code == 303
    assert client.get("/account/security").status_code == 200
