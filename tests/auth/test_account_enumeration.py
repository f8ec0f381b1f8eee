"""Nobody is told who has an account: not by a byte of an answer, nor by the work that it takes."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
import time_machine
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import event

from domain.base import clock
from domain.people import accounts
from models import EmailMessage, Job, User, db
from tests.auth.mails import SignIn, sent
from tests.cast import PASSWORD, Cast

# All of one length, so that lengths can be compared; the last has no account.
NAMES = ("is-taken", "is-unver", "is-oauth", "is-suspd", "is-clsed", "is-nobdy")
FREE = "is-nobdy@example.com"
NAME = re.compile(r"is-\w{5}(?=@)")
NONCE = re.compile(r'(name="csrf_token" value="|csrf-token" content=")[^"]+')


@pytest.fixture(autouse=True)
def _standing_clock(app: Flask) -> Iterator[None]:
    before = app.config["SETTINGS"]
    many = {"login_account_limit": 999, "login_address_limit": 999, "mail_address_limit": 999}
    app.config["SETTINGS"] = replace(before, **many)
    with time_machine.travel(clock.now().replace(microsecond=0), tick=False):
        yield


@pytest.fixture(autouse=True)
def _people(app: Flask, cast: Cast) -> None:
    with app.app_context():
        hash_, then = accounts.hash_password(PASSWORD), clock.now()
        values = {
            "is-taken": {"email_verified_at": then},
            "is-unver": {},
            "is-oauth": {"email_verified_at": then, "password_hash": None},
            "is-suspd": {"email_verified_at": then, "suspended_at": then},
            "is-clsed": {"email_verified_at": then, "deleted_at": then},
        }
        for name, more in values.items():
            db.session.add(
                User(**{"email": f"{name}@example.com", "name": name, "password_hash": hash_, **more})
            )
        db.session.commit()


@dataclass(frozen=True)
class Seen:
    """All that a visitor gets of one request, without what is random, and the work that it took."""

    status: int
    headers: tuple[tuple[str, str], ...]
    cookies: tuple[tuple[str, object], ...]
    body: str
    statements: tuple[str, ...]
    hashed: int


@pytest.fixture
def ask(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Seen]:
    """A function that sends a form for an address and answers what was to be seen."""
    statements: list[str] = []
    hashed: list[str] = []

    class Counting(PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            hashed.append("hash")
            return super().hash(password, salt=salt)

        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002 - the library's name
            hashed.append("verify")
            return super().verify(hash, password)

    monkeypatch.setattr(accounts, "HASHER", Counting(time_cost=2, memory_cost=19456, parallelism=1))
    with app.app_context():
        accounts._decoy()
        event.listen(db.engine, "before_cursor_execute", lambda c, cu, s, *a: statements.append(s))

    def asked(client: FlaskClient, path: str, email: str, **form: str) -> Seen:
        app.extensions.pop("lectern_cache_site", None)
        statements.clear(), hashed.clear()
        answer = client.post(path, data={"email": email, **form}) if form or email else client.post(path)
        return Seen(
            answer.status_code,
            tuple((k, v) for k, v in answer.headers if k not in ("Set-Cookie", "X-Request-Id")),
            tuple(shape(app, line) for line in answer.headers.getlist("Set-Cookie")),
            NAME.sub("", NONCE.sub(r"\1-", answer.text)),
            tuple(statements),
            len(hashed),
        )

    return asked


def shape(app: Flask, line: str) -> tuple[str, object]:
    """A cookie's name and attributes, and its content with what is random replaced by its kind.

    The content is compressed, so that its length on the wire differs by chance; here it is compared as it is.
    """
    cookie, _, attributes = line.partition("; ")
    key, _, value = cookie.partition("=")
    return key, (attributes, masked(reading(app).loads(value)) if key == "lectern" else len(value))


def reading(app: Flask) -> URLSafeTimedSerializer:
    signing = app.session_interface.get_signing_serializer(app)
    assert isinstance(signing, URLSafeTimedSerializer)
    return signing


def masked(value: object) -> object:
    """An id is seen by its version, other numbers of chance by their length."""
    if isinstance(value, dict):
        return {k: masked(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [masked(v) for v in value]
    if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{32}", value):
        return f"id of version {value[12]}"
    if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{40}|[\w-]{43}", value):
        return f"chance, {len(value)} long"
    return NAME.sub("", value) if isinstance(value, str) else value


def everybody_alike(seen: dict[str, Seen]) -> None:
    for name, one in seen.items():
        assert one == seen["is-nobdy"], name


def test_registering_is_alike_for_every_address(app: Flask, ask: Callable[..., Seen]) -> None:
    seen = {}
    browsers = {name: app.test_client() for name in NAMES}
    for name, browser in browsers.items():
        seen[name] = ask(
            browser, "/register", f"{name}@example.com", name="New", password="horses eat apples"
        )
    assert (seen["is-nobdy"].status, seen["is-nobdy"].hashed) == (303, 1)
    assert "id of version 7" in str(seen["is-nobdy"].cookies)
    everybody_alike(seen)
    for path in ("/verify-email/resend", "/register/finish"):
        everybody_alike({name: ask(browser, path, "") for name, browser in browsers.items()})
    pages = {name: browser.get("/register/sent") for name, browser in browsers.items()}
    texts = {NAME.sub("", NONCE.sub("", page.text)) for page in pages.values()}
    assert len(texts) == 1
    assert len({page.headers.get("Content-Length") for page in pages.values()}) == 1
    assert len({page.headers.get("ETag") for page in pages.values()}) == 1


def test_the_worker_alone_looks_whose_address_it_is(app: Flask, client: FlaskClient) -> None:
    for name in ("is-taken", "is-nobdy"):
        form = {"name": "N", "email": f"{name}@example.com", "password": "horses eat apples"}
        app.test_client().post("/register", data=form)
    with app.app_context():
        assert [j.kind for j in db.session.scalars(db.select(Job))] == ["send_registration_mail"] * 2
        assert db.session.scalars(db.select(EmailMessage)).all() == []
        assert db.session.scalars(db.select(User).where(User.email == FREE)).all() == []
    found = {(m.template, m.recipient) for m in sent(app)}
    assert found == {("already_registered", "is-taken@example.com"), ("verify_email", FREE)}


def test_asking_for_a_reset_link_is_alike_for_every_address(app: Flask, ask: Callable[..., Seen]) -> None:
    everybody_alike({n: ask(app.test_client(), "/forgot-password", f"{n}@example.com", x="") for n in NAMES})


@pytest.mark.parametrize(("password", "hashed"), [("not the password", 1), ("ne\u0301e en mille neuf", 2)])
def test_a_wrong_password_is_alike_for_every_address(
    app: Flask, ask: Callable[..., Seen], password: str, hashed: int
) -> None:
    seen = {n: ask(app.test_client(), "/login", f"{n}@example.com", password=password) for n in NAMES}
    assert (seen["is-nobdy"].status, seen["is-nobdy"].hashed) == (422, hashed)
    everybody_alike(seen)


def test_a_registration_that_waits_does_not_sign_in(app: Flask, ask: Callable[..., Seen]) -> None:
    for name in ("is-taken", "is-nobdy"):
        form = {"name": "N", "email": f"{name}@example.com", "password": "horses eat apples"}
        app.test_client().post("/register", data=form)
    seen = {
        n: ask(app.test_client(), "/login", f"{n}@example.com", password="horses eat apples")
        for n in ("is-taken", "is-nobdy")
    }
    everybody_alike(seen)


def test_moving_to_a_taken_address_is_alike(
    app: Flask, cast: Cast, signed_in: SignIn, ask: Callable[..., Seen]
) -> None:
    seen = {n: ask(signed_in(cast.bo), "/account/email", f"{n}@example.com", current=PASSWORD) for n in NAMES}
    assert seen["is-nobdy"].status == 303
    everybody_alike(seen)
    assert {m.template for m in sent(app)} == {"already_registered", "confirm_new_email"}
    assert [m.recipient for m in sent(app, "confirm_new_email")] == [FREE]


def test_a_suspended_owner_is_told_only_with_the_right_password(app: Flask, client: FlaskClient) -> None:
    form = {"email": "is-suspd@example.com", "password": PASSWORD}
    assert "suspended" in client.post("/login", data=form).text
    assert "suspended" not in client.post("/login", data={**form, "password": "not the password"}).text
