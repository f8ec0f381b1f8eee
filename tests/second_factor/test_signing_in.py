"""Signing in in two steps: nobody is in after the first."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from time_machine import Traveller

from domain.people import mail_tokens, second_factor
from models import AuditEntry, User, UserSession, db, now
from tests.adversary.test_concurrency import at_once
from tests.auth.mails import SignIn, sent
from tests.auth.provider import Provider
from tests.auth.test_oauth import come_in
from tests.cast import PASSWORD, Cast
from tests.second_factor.conftest import App, is_in

SetUp = Callable[[User], App]


def test_the_password_alone_signs_nobody_in(
    app: Flask, client: FlaskClient, cast: Cast, set_up: SetUp
) -> None:
    bos = set_up(cast.bo)
    assert bos.log_in(client, "/login?next=/courses").location == "/login/code"
    assert not is_in(client)
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count()).select_from(UserSession)) == 0
    assert "Six digits" in client.get("/login/code").text
    wrong = client.post("/login/code", data={"code": bos.wrong()})
    assert (wrong.status_code, "That code isn’t right" in wrong.text) == (422, True)
    answer = client.post("/login/code", data={"code": bos.code()})
    assert (answer.status_code, answer.location, is_in(client)) == (303, "/courses", True)
    assert client.get("/login/code").location == "/"


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "٠١٢٣٤٥", "x" * 101, "000 000", "None"])
def test_odd_codes_are_refused(client: FlaskClient, cast: Cast, set_up: SetUp, typed: str) -> None:
    bos = set_up(cast.bo)
    bos.log_in(client)
    if typed.replace(" ", "") not in {bos.code(steps) for steps in (-1, 0, 1)}:
        assert client.post("/login/code", data={"code": typed}).status_code == 422
    assert not is_in(client)


def test_spaces_and_dashes_are_no_mistake(client: FlaskClient, cast: Cast, set_up: SetUp) -> None:
    bos = set_up(cast.bo)
    bos.log_in(client)
    code = bos.code()
    assert client.post("/login/code", data={"code": f" {code[:3]} {code[3:]}"}).status_code == 303


@pytest.mark.parametrize(("steps", "status"), [(-2, 422), (-1, 303), (0, 303), (1, 303), (2, 422)])
def test_clocks_may_differ_by_one_step(
    client: FlaskClient, cast: Cast, set_up: SetUp, steps: int, status: int
) -> None:
    bos = set_up(cast.bo)
    bos.log_in(client)
    assert client.post("/login/code", data={"code": bos.code(steps)}).status_code == status


def test_a_code_that_was_seen_can_not_be_used_again(
    app: Flask, client: FlaskClient, cast: Cast, set_up: SetUp
) -> None:
    bos, thief = set_up(cast.bo), app.test_client()
    bos.log_in(client)
    code, earlier = bos.code(), bos.code(-1)
    assert client.post("/login/code", data={"code": code}).status_code == 303
    bos.log_in(thief)
    for replayed in (code, earlier):
        assert thief.post("/login/code", data={"code": replayed}).status_code == 422
    assert thief.post("/login/code", data={"code": bos.code(1)}).status_code == 303


@pytest.mark.parametrize("kind", ["code", "recovery code"])
def test_of_two_tabs_with_the_same_code_one_comes_in(
    app: Flask, cast: Cast, set_up: SetUp, kind: str
) -> None:
    bos = set_up(cast.bo)
    code = bos.code() if kind == "code" else bos.recovery[0]
    tabs = [app.test_client() for _ in range(4)]
    for tab in tabs:
        bos.log_in(tab)
    answers = at_once(tabs, lambda tab: tab.post("/login/code", data={"code": code}))
    assert sum(answer.location == "/" for answer in answers) == 1
    assert sum(is_in(tab) for tab in tabs) == 1


def test_a_recovery_code_works_once_and_its_owner_is_told(
    app: Flask, client: FlaskClient, cast: Cast, set_up: SetUp
) -> None:
    bos = set_up(cast.bo)
    bos.log_in(client)
    typed = bos.recovery[3].upper().replace("-", " ")
    assert client.post("/login/code", data={"code": typed}).status_code == 303
    assert "9 unused recovery codes" in client.get("/account/security").text
    again = app.test_client()
    bos.log_in(again)
    assert again.post("/login/code", data={"code": typed}).status_code == 422
    assert [m.data["left"] for m in sent(app, "recovery_code_used", "bo@example.com")] == [9]
    with app.app_context():
        assert "use_recovery_code" in db.session.scalars(db.select(AuditEntry.action)).all()


def test_another_persons_codes_open_nothing(client: FlaskClient, cast: Cast, set_up: SetUp) -> None:
    bos, adas = set_up(cast.bo), set_up(cast.ada)
    bos.log_in(client)
    for code in (adas.code(), adas.recovery[0]):
        assert client.post("/login/code", data={"code": code}).status_code == 422


def test_guessing_ends_for_the_account_whatever_the_network_and_its_owner_is_told_once(
    app: Flask, cast: Cast, set_up: SetUp, still: Traveller
) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], login_account_limit=4)
    bos, statuses = set_up(cast.bo), []
    for number in range(6):
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = f"203.0.113.{number}"
        bos.log_in(client)
        statuses.append(client.post("/login/code", data={"code": bos.wrong()}).status_code)
    assert statuses == [422] * 4 + [429] * 2
    client = app.test_client()
    bos.log_in(client)
    for right in (bos.code(), bos.recovery[0]):
        assert client.post("/login/code", data={"code": right}).status_code == 429, "also for a right one"
    assert len(sent(app, "codes_tried", "bo@example.com")) == 1
    still.shift(901)
    bos.log_in(client)
    assert client.post("/login/code", data={"code": bos.code()}).status_code == 303


def test_guesses_at_once_do_not_outrun_the_limit(app: Flask, cast: Cast, set_up: SetUp) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], login_account_limit=2)
    bos, tabs = set_up(cast.bo), [app.test_client() for _ in range(4)]
    for tab in tabs:
        bos.log_in(tab)
    answers = at_once(tabs, lambda tab: tab.post("/login/code", data={"code": bos.wrong()}))
    assert sum(answer.status_code == 422 for answer in answers) <= 2


def test_a_right_code_forgets_the_wrong_ones(
    app: Flask, client: FlaskClient, cast: Cast, set_up: SetUp
) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], login_account_limit=3)
    bos = set_up(cast.bo)
    for steps in (0, 1):
        bos.log_in(client)
        for _ in range(2):
            assert client.post("/login/code", data={"code": bos.wrong()}).status_code == 422
        assert client.post("/login/code", data={"code": bos.code(steps)}).status_code == 303


def test_what_is_half_done_runs_out_after_ten_minutes(
    client: FlaskClient, cast: Cast, set_up: SetUp, still: Traveller
) -> None:
    bos = set_up(cast.bo)
    bos.log_in(client)
    still.shift(590)
    assert client.get("/login/code").status_code == 200
    still.shift(11)
    assert client.get("/login/code").location == "/login"
    assert client.post("/login/code", data={"code": bos.code()}).location == "/login"
    assert not is_in(client)


def test_another_browser_has_nothing_of_it(
    app: Flask, client: FlaskClient, cast: Cast, set_up: SetUp
) -> None:
    bos, thief = set_up(cast.bo), app.test_client()
    bos.log_in(client)
    assert thief.post("/login/code", data={"code": bos.code()}).location == "/login"
    assert not is_in(thief)


def test_a_copied_cookie_is_worth_nothing_once_its_owner_is_in(
    app: Flask, client: FlaskClient, cast: Cast, set_up: SetUp
) -> None:
    bos, thief = set_up(cast.bo), app.test_client()
    bos.log_in(client)
    cookie = client.get_cookie("lectern")
    assert cookie is not None
    thief.set_cookie("lectern", cookie.value)
    assert thief.get("/login/code").status_code == 200
    assert client.post("/login/code", data={"code": bos.code()}).status_code == 303
    for code in (bos.code(1), bos.recovery[0]):
        assert thief.post("/login/code", data={"code": code}).location == "/login"
    assert not is_in(thief)


@pytest.mark.parametrize("change", ["password", "suspended", "deleted", "removed"])
def test_what_is_half_done_ends_when_the_account_changes(
    app: Flask, client: FlaskClient, cast: Cast, set_up: SetUp, change: str
) -> None:
    bos = set_up(cast.bo)
    bos.log_in(client)
    with app.app_context():
        bo = db.session.get_one(User, cast.bo.id)
        if change == "password":
            bo.password_hash = "another"
        elif change == "suspended":
            bo.suspended_at = now()
        elif change == "deleted":
            bo.deleted_at = now()
        else:
            second_factor.remove(bo, bo)
        db.session.commit()
    assert client.post("/login/code", data={"code": bos.code()}).location == "/login"
    assert not is_in(client)


def test_who_was_signed_in_before_is_out_at_the_first_step(
    cast: Cast, signed_in: SignIn, set_up: SetUp
) -> None:
    bos, browser = set_up(cast.bo), signed_in(cast.cy)
    bos.log_in(browser)
    assert not is_in(browser)
    browser.post("/login/code", data={"code": bos.code()})
    assert "bo@example.com" in browser.get("/account/email").text


def test_a_remembered_device_stays_signed_in(client: FlaskClient, cast: Cast, set_up: SetUp) -> None:
    bos = set_up(cast.bo)
    client.post("/login", data={"email": cast.bo.email, "password": PASSWORD, "remember": "y"})
    assert client.get_cookie("lectern_device") is None, "not before the second step"
    client.post("/login/code", data={"code": bos.code()})
    client.delete_cookie("lectern")
    assert is_in(client)


def test_a_new_password_by_mail_does_not_go_round_it(
    app: Flask, client: FlaskClient, cast: Cast, set_up: SetUp
) -> None:
    bos = set_up(cast.bo)
    with app.app_context():
        token = mail_tokens.make(mail_tokens.Purpose.RESET, db.session.get_one(User, cast.bo.id))
    new = "another long password"
    assert client.post(f"/reset-password/{token}", data={"password": new}).location == "/login/code"
    assert not is_in(client)
    assert client.post("/login/code", data={"code": bos.recovery[0]}).location == "/"
    assert is_in(client)


@pytest.mark.parametrize("name", ["github", "google"])
def test_a_provider_does_not_go_round_it(
    app: Flask,
    client: FlaskClient,
    cast: Cast,
    set_up: SetUp,
    provider: Provider,
    name: str,
) -> None:
    bos = set_up(cast.bo)
    provider.person["email"] = provider.addresses[0]["email"] = "bo@example.com"
    assert come_in(client, name, "?next=/courses").location == "/login/code"
    assert not is_in(client)
    assert client.post("/login/code", data={"code": bos.code()}).location == "/courses"
    assert is_in(client)


def test_a_mistyped_code_costs_no_recovery_code(client: FlaskClient, cast: Cast, set_up: SetUp) -> None:
    bos = set_up(cast.bo)
    bos.log_in(client)
    client.post("/login/code", data={"code": bos.recovery[0] + "x"})
    client.post("/login/code", data={"code": bos.code()})
    assert "10 unused recovery codes" in client.get("/account/security").text
