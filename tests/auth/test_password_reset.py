"""A forgotten password."""

import threading
from dataclasses import replace

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from domain.base import clock
from models import LoginAttempt, User, db
from tests.auth.mails import SignIn, link, sent
from tests.cast import PASSWORD, Cast

NEW = "a wholly new password"


def ask(client: FlaskClient, email: str = "bo@example.com") -> str:
    answer = client.post("/forgot-password", data={"email": email})
    assert answer.status_code == 200
    return answer.text


def login(client: FlaskClient, password: str, email: str = "bo@example.com") -> int:
    return client.post("/login", data={"email": email, "password": password}).status_code


def test_a_new_password_by_mail_ends_every_other_device(
    app: Flask, client: FlaskClient, cast: Cast, signed_in: SignIn
) -> None:
    laptop = signed_in(cast.bo)
    ask(client)
    path = link(app, "reset_password", "bo@example.com")
    page = client.get(path).text
    assert 'autocomplete="new-password"' in page
    assert "bo@example.com" in page
    assert laptop.get("/account").status_code == 200, "looking at the link does nothing"
    answer = client.post(path, data={"password": NEW})
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/account").status_code == 200
    assert laptop.get("/account").status_code == 303
    assert (login(app.test_client(), PASSWORD), login(app.test_client(), NEW)) == (422, 303)
    assert [m.recipient for m in sent(app, "password_changed")] == ["bo@example.com"]


def test_the_answer_is_the_same_for_every_address(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        db.session.get_one(User, cast.cy.id).deleted_at = clock.now()
        db.session.commit()
    known, unknown, deleted = (ask(client, f"{name}@example.com") for name in ("bo", "xx", "cy"))
    assert known.replace("bo@", "xx@") == unknown == deleted.replace("cy@", "xx@")
    assert [m.recipient for m in sent(app)] == ["bo@example.com"]


def test_a_link_works_once(app: Flask, client: FlaskClient, cast: Cast) -> None:
    ask(client)
    ask(client)
    older, newer = (m.data["url"].removeprefix("http://localhost") for m in sent(app, "reset_password"))
    assert client.post(older, data={"password": NEW}).status_code == 303
    for path in (older, newer):
        answer = app.test_client().post(path, data={"password": "yet another password"})
        assert answer.status_code == 410
        assert "Send me a new link" in answer.text
    assert login(app.test_client(), NEW) == 303


def test_a_link_runs_out_after_an_hour(app: Flask, client: FlaskClient, cast: Cast) -> None:
    ask(client)
    path = link(app, "reset_password")
    with time_machine.travel(clock.now().timestamp() + 3500):
        assert client.get(path).status_code == 200
    with time_machine.travel(clock.now().timestamp() + 3700):
        assert client.get(path).status_code == 410
        assert client.post(path, data={"password": NEW}).status_code == 410
    assert login(app.test_client(), PASSWORD) == 303


def test_a_link_dies_with_the_address_and_the_account(app: Flask, client: FlaskClient, cast: Cast) -> None:
    for change in ({"email": "other@example.com"}, {"deleted_at": clock.now()}):
        ask(client)
        path = link(app, "reset_password")
        with app.app_context():
            row = db.session.get_one(User, cast.bo.id)
            before = {name: getattr(row, name) for name in change}
            for name, value in change.items():
                setattr(row, name, value)
            db.session.commit()
        assert client.get(path).status_code == 410
        with app.app_context():
            row = db.session.get_one(User, cast.bo.id)
            for name, value in before.items():
                setattr(row, name, value)
            db.session.commit()


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("", "Choose a password"),
        ("short", "at least 10"),
        ("x" * 257, "at most 256"),
        ("a" * 12, "easy to guess"),
    ],
)
def test_a_weak_password_is_refused_and_the_link_lives(
    app: Flask, client: FlaskClient, cast: Cast, password: str, sentence: str
) -> None:
    ask(client)
    path = link(app, "reset_password")
    answer = client.post(path, data={"password": password})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert client.post(path, data={"password": NEW}).status_code == 303


def test_a_slowed_down_account_opens_by_mail(app: Flask, client: FlaskClient, cast: Cast) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], login_account_limit=2)
    assert [login(app.test_client(), "wrong wrong wrong") for _ in range(3)] == [422, 422, 429]
    ask(client)
    assert client.post(link(app, "reset_password"), data={"password": NEW}).status_code == 303
    assert login(app.test_client(), NEW) == 303
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count()).select_from(LoginAttempt)) > 0


def test_resetting_proves_the_address(app: Flask, client: FlaskClient, cast: Cast) -> None:
    ask(client, "una@example.com")
    client.post(link(app, "reset_password"), data={"password": NEW})
    with app.app_context():
        assert db.session.get_one(User, cast.una.id).is_verified


def test_asking_is_slowed_down_per_address(app: Flask, client: FlaskClient, cast: Cast) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], mail_address_limit=3)
    form = {"email": "bo@example.com"}
    statuses = [client.post("/forgot-password", data=form).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    register = {"name": "Zoe", "email": "zoe@example.com", "password": NEW}
    assert client.post("/register", data=register).status_code == 429, "every way to have mail sent counts"


@pytest.mark.parametrize("email", ["", "x", "x" * 400, "a\x00b", "<script>alert(1)</script>"])
def test_wrong_addresses_are_refused(client: FlaskClient, email: str) -> None:
    answer = client.post("/forgot-password", data={"email": email})
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text


def test_without_its_token_nothing_is_sent(app: Flask, client: FlaskClient, cast: Cast) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    assert client.post("/forgot-password", data={"email": "bo@example.com"}).status_code == 400
    assert sent(app) == []


def test_of_two_uses_at_the_same_moment_one_wins(app: Flask, client: FlaskClient, cast: Cast) -> None:
    ask(client)
    path = link(app, "reset_password")
    statuses: dict[str, int] = {}
    gate = threading.Barrier(4)

    def use(password: str) -> None:
        browser = app.test_client()
        gate.wait()
        statuses[password] = browser.post(path, data={"password": password}).status_code

    threads = [threading.Thread(target=use, args=(f"{NEW} {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses.values()) == [303, 410, 410, 410]
    winner = next(password for password, status in statuses.items() if status == 303)
    assert login(app.test_client(), winner) == 303
    assert len(sent(app, "password_changed")) == 1
