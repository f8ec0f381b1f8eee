"""Registering, and proving the address."""

import re
import threading

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from domain.base import clock
from models import EmailMessage, Registration, User, db
from tests.auth.mails import SignIn, link, sent
from tests.cast import PASSWORD, Cast

FORM = {"name": "Zoe", "email": "zoe@example.com", "password": "horses eat apples"}


def user(app: Flask, email: str = "zoe@example.com") -> User | None:
    with app.app_context():
        return db.session.scalar(db.select(User).where(User.email == email))


def is_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def register(client: FlaskClient, query: str = "", **changes: str) -> TestResponse:
    return client.post(f"/register{query}", data={**FORM, **changes})


def test_the_browser_that_registered_is_let_in_by_the_link(app: Flask, client: FlaskClient) -> None:
    answer = register(client, "?next=/courses/flask-first-steps")
    assert (answer.status_code, answer.location) == (303, "/register/sent")
    assert "zoe@example.com" in client.get("/register/sent").text
    assert not is_in(client)
    path = link(app, "verify_email", "zoe@example.com")
    assert "Confirm my address" in client.get(path).text
    assert user(app) is None, (
        "nothing of a registration is an account, and looking at the link doesn't use it up"
    )
    answer = client.post(path)
    assert (answer.status_code, answer.location) == (303, "/courses/flask-first-steps")
    assert is_in(client)
    assert user(app).is_verified
    assert user(app).password_hash.startswith("$argon2id$")


def test_the_link_may_be_opened_on_another_device(app: Flask, client: FlaskClient) -> None:
    register(client, "?next=/courses")
    assert client.post("/register/finish").location == "/register/sent", "nothing is proved yet"
    assert not is_in(client)
    phone = app.test_client()
    path = link(app, "verify_email")
    assert 'autocomplete="current-password"' in phone.get(path).text
    assert phone.post(path).status_code == 422, "the link alone doesn't show who registered"
    wrong = phone.post(path, data={"password": "not what was chosen"})
    assert (wrong.status_code, "isn’t the password for this registration" in wrong.text) == (422, True)
    assert user(app) is None
    assert phone.post(path, data={"password": FORM["password"]}).location == "/courses"
    assert is_in(phone)
    assert client.post("/register/finish").location == "/courses"
    assert is_in(client)


def test_a_taken_address_gets_the_same_answer_and_its_owner_a_mail(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    free, taken = app.test_client(), app.test_client()
    one = register(free)
    other = register(taken, email="Bo@Example.com")
    assert (one.status_code, one.location, one.text) == (other.status_code, other.location, other.text)
    assert one.headers["Set-Cookie"].split("=")[0] == other.headers["Set-Cookie"].split("=")[0]
    pages = [c.get("/register/sent").text for c in (free, taken)]
    pages = [re.sub(r'name="csrf_token" value="[^"]+"', "", page) for page in pages]
    assert pages[0].replace("zoe@", "bo@") == pages[1]
    assert is_in(free) == is_in(taken) == False  # noqa: E712
    assert [m.template for m in sent(app, to="bo@example.com")] == ["already_registered"]
    assert [c.post("/register/finish").location for c in (free, taken)] == ["/register/sent"] * 2
    assert client.post("/login", data={"email": "bo@example.com", "password": PASSWORD}).status_code == 303


def test_an_address_of_a_closed_account_is_taken_too(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        db.session.get_one(User, cast.cy.id).deleted_at = clock.now()
        db.session.commit()
    assert register(client, email="cy@example.com").location == "/register/sent"
    assert sent(app, "already_registered")[0].data["closed"] is True


def test_links_can_be_sent_again(app: Flask, client: FlaskClient) -> None:
    register(client)
    first = link(app, "verify_email")
    client.post("/verify-email/resend")
    assert len(sent(app, "verify_email")) == 2
    assert client.post(first).status_code == 303
    client.post("/logout")
    assert client.post("/verify-email/resend").location == "/login"
    assert len(sent(app, "verify_email")) == 2


def test_an_unverified_person_sees_a_banner_and_asks_again(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    una, bo = signed_in(cast.una), signed_in(cast.bo)
    assert 'id="verify-banner"' in una.get("/account").text
    assert 'id="verify-banner"' not in bo.get("/account").text
    answer = una.post("/verify-email/resend", headers={"Referer": "http://localhost/account?x=1"})
    assert answer.location == "/account?x=1"
    assert una.post("/verify-email/resend?next=/courses").location == "/courses"
    assert una.post("/verify-email/resend?next=//evil.example").location == "/"
    una.post(link(app, "verify_email"))
    assert 'id="verify-banner"' not in una.get("/account").text
    bo.post("/verify-email/resend")
    assert sent(app, to="bo@example.com") == []


def test_a_recipient_is_not_flooded(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    una = signed_in(cast.una)
    statuses = [una.post("/verify-email/resend").status_code for _ in range(9)]
    assert statuses == [303] * 9
    assert len(sent(app, "verify_email")) == 6


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Enter your name."),
        ("name", " \u202e\u200b ", "Enter your name."),
        ("name", "x" * 101, "at most 100"),
        ("email", "", "Enter your email"),
        ("email", "zoe", "complete email address"),
        ("email", "zoe@", "complete email address"),
        ("email", "zoe@example.com, bo@example.com", "complete email address"),
        ("email", "a" * 250 + "@example.com", "too long"),
        ("password", "", "Choose a password."),
        ("password", "short", "at least 10"),
        ("password", "x" * 257, "at most 256"),
        ("password", "aaaaaaaaaaaa", "too easy to guess"),
    ],
)
def test_wrong_input_is_said_beside_its_field(
    app: Flask, client: FlaskClient, field: str, value: str, sentence: str
) -> None:
    answer = register(client, **{field: value})
    assert answer.status_code == 422
    assert sentence in answer.text
    kept = {"name": "Zoe", "email": "zoe@example.com"} | ({field: value} if field == "email" else {})
    assert all(f'value="{v}"' in answer.text for k, v in kept.items() if k != field and v)
    assert "horses eat apples" not in answer.text, "a password is never sent back"
    assert user(app) is None


def test_names_lose_what_can_not_be_seen(app: Flask, client: FlaskClient) -> None:
    register(client, name="  Zoe\x00 \u202eevil\r\n  O\u2019Neil  ")
    client.post(link(app, "verify_email"))
    assert user(app).name == "Zoe evil O\u2019Neil"


@pytest.mark.parametrize("field", ["name", "email", "password"])
def test_a_file_in_place_of_text_is_no_fault_of_ours(client: FlaskClient, field: str) -> None:
    from io import BytesIO

    data = {**FORM, field: (BytesIO(b"x"), "x.txt")}
    assert client.post("/register", data=data, content_type="multipart/form-data").status_code == 422


def test_a_form_sent_twice_makes_one_account(app: Flask, client: FlaskClient) -> None:
    assert [register(client).status_code for _ in range(2)] == [303, 303]
    first, second = (m.data["url"].removeprefix("http://localhost") for m in sent(app, "verify_email"))
    assert (client.post(first).status_code, client.post(second).status_code) == (303, 410)
    assert is_in(client)


def test_a_form_without_its_token_is_a_friendly_400(app: Flask, client: FlaskClient) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    answer = register(client)
    assert answer.status_code == 400
    assert "has expired" in answer.text
    assert user(app) is None


def test_links_run_out_and_work_once(app: Flask, client: FlaskClient) -> None:
    register(client)
    path = link(app, "verify_email")
    for age, status in ((2 * 86400, 200), (3 * 86400 + 60, 410)):
        with time_machine.travel(clock.now().timestamp() + age):
            answer = app.test_client().get(path)
            assert answer.status_code == status
    assert "has expired" in answer.text
    with time_machine.travel(clock.now().timestamp() + 3 * 86400 + 60):
        assert app.test_client().post(path).status_code == 410
    assert client.post(path).status_code == 303
    again = app.test_client().post(path)
    assert again.status_code == 410
    assert "already been used" in again.text
    assert app.test_client().get(path).status_code == 410


@pytest.mark.parametrize("token", ["x", "a.b.c", "%F0%9F%90%B4", "." * 50, "x" * 3000, "W10.aaaa.bbbb"])
@pytest.mark.parametrize("page", ["verify-email", "reset-password", "confirm-email"])
def test_forged_links_open_nothing(client: FlaskClient, page: str, token: str) -> None:
    for answer in (
        client.get(f"/{page}/{token}"),
        client.post(f"/{page}/{token}", data={"password": "x" * 12}),
    ):
        assert answer.status_code == 410
        assert "doesn’t work" in answer.text


@pytest.mark.parametrize("page", ["verify-email", "reset-password", "confirm-email"])
def test_a_link_with_a_nul_is_no_address(client: FlaskClient, page: str) -> None:
    assert client.get(f"/{page}/%00").status_code == 404
    assert client.post(f"/{page}/%00", data={"password": "horses eat apples"}).status_code == 404


def test_a_link_of_one_purpose_opens_nothing_else(app: Flask, client: FlaskClient) -> None:
    register(client)
    token = link(app, "verify_email").split("/")[-1]
    assert client.get(f"/reset-password/{token}").status_code == 410
    assert client.get(f"/confirm-email/{token}").status_code == 410


def test_who_is_signed_in_does_not_register(cast: Cast, signed_in: SignIn) -> None:
    bo = signed_in(cast.bo)
    assert bo.get("/register?next=/courses").location == "/courses"
    assert register(bo).location == "/"


def test_the_messages_can_be_read(app: Flask, client: FlaskClient) -> None:
    import mail

    register(client, "?next=/courses/a?b=c%26d", name="Buy at evil.example")
    message: EmailMessage = sent(app, "verify_email")[0]
    with app.test_request_context():
        text, html = mail.render_bodies(message)
    assert message.data["url"] in text
    assert "evil.example" not in text + html, "a stranger's words are not sent to an unproved address"
    assert text.rstrip().endswith("Lectern\nhello@example.com")
    assert message.data["url"].replace("&", "&amp;") in html


def test_one_account_for_an_address_registered_at_the_same_moment(app: Flask, cast: Cast) -> None:
    answers: list[int] = []
    gate = threading.Barrier(5)

    def attempt() -> None:
        client = app.test_client()
        gate.wait()
        answers.append(register(client).status_code)

    threads = [threading.Thread(target=attempt) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [303] * 5
    paths = [m.data["url"].removeprefix("http://localhost") for m in sent(app, "verify_email")]
    assert len(paths) == 5, "each browser has a registration of its own"
    answers.clear()
    form = {"password": FORM["password"]}

    def confirm(path: str) -> None:
        client = app.test_client()
        gate.wait()
        answers.append(client.post(path, data=form).status_code)

    threads = [threading.Thread(target=confirm, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, 410, 410, 410, 410]
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count()).where(User.email == "zoe@example.com")) == 1
        assert db.session.scalar(db.select(db.func.count()).select_from(Registration)) == 1


def test_signing_out_everywhere_ends_the_way_in_of_the_browser_that_registered(
    app: Flask, client: FlaskClient
) -> None:
    register(client)
    phone = app.test_client()
    phone.post(link(app, "verify_email"), data={"password": FORM["password"]})
    phone.post("/account/security/devices/sign-out-others")
    assert is_in(phone)
    assert client.post("/register/finish").location == "/register/sent"
    assert not is_in(client)
