"""A walk over every way into an account: “It wasn’t me” closes each, and a new one has to be named here."""

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

import models
from domain.base import clock
from domain.people import mail_tokens, second_factor
from models import HeldPost, OAuthAccount, RecoveryCode, Registration, SecondFactor, User, UserSession, db
from tests.auth.mails import SignIn, link, sent
from tests.auth.provider import Provider, offered
from tests.auth.test_oauth import come_in
from tests.cast import PASSWORD, Cast
from web import csrf

LOGIN = {"email": "bo@example.com", "password": PASSWORD}
NEW = "a wholly new password"
ROOT = Path(__file__).resolve().parents[2]
IsOpen = Callable[[], bool]


class World:
    """What a thief of bo's account has in hand."""

    def __init__(self, app: Flask, cast: Cast, signed_in: SignIn) -> None:
        self.app, self.cast, self.signed_in = app, cast, signed_in
        self.browser = app.test_client()

    def user(self) -> User:
        return db.session.get_one(User, self.cast.bo.id)

    def has(self, table: Any, *which: Any) -> bool:
        with self.app.app_context():
            return db.session.scalar(db.select(db.func.count()).select_from(table).where(*which)) > 0

    def token(self, purpose: mail_tokens.Purpose, extra: str = "") -> str:
        with self.app.app_context():
            return mail_tokens.make(purpose, self.user(), extra)

    def factor(self) -> tuple[str, list[str]]:
        """The secret and the recovery codes of a second factor that is set up now."""
        with self.app.app_context():
            second_factor.begin(self.user())
            secret = second_factor.pending_secret(self.user()) or ""
            codes = second_factor.confirm(self.user(), pyotp.TOTP(secret).at(clock.now()))
            db.session.commit()
        return secret, codes


def is_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def password(world: World) -> IsOpen:
    return lambda: world.app.test_client().post("/login", data=LOGIN).status_code == 303


def device(world: World) -> IsOpen:
    browser = world.signed_in(world.cast.bo)
    return lambda: is_in(browser)


def remembered(world: World) -> IsOpen:
    world.browser.post("/login", data={**LOGIN, "remember": "y"})
    world.browser.delete_cookie("lectern")
    return lambda: is_in(world.browser)


def identity(world: World) -> IsOpen:
    assert come_in(world.browser, "github").status_code == 303
    return lambda: come_in(world.app.test_client(), "github").status_code == 303


def registration(world: World) -> IsOpen:
    """The browser that registered the account: it is let in while the password is that one."""
    with world.app.app_context():
        row = Registration(
            email="bo@example.com", name="Bo", password_hash=world.user().password_hash or "",
            expires_at=clock.now() + timedelta(days=2), user_id=world.cast.bo.id,
        )  # fmt: skip
        db.session.add(row)
        db.session.commit()
        key = row.id

    def is_open() -> bool:
        browser = world.app.test_client()
        with browser.session_transaction() as session:
            at = int(clock.now().timestamp())
            session["registration"] = {"id": key.hex, "email": "bo@example.com", "next": "/", "at": at}
        browser.post("/register/finish")
        return is_in(browser)

    return is_open


def factor(world: World) -> IsOpen:
    """Asks the owner for a code they don't have, and gives the thief's proofs to the thief."""
    world.factor()
    return lambda: world.has(SecondFactor, SecondFactor.user_id == world.cast.bo.id)


def factor_begun(world: World) -> IsOpen:
    """A secret that the thief has seen; the owner's set-up within the hour would go on with it."""
    with world.app.app_context():
        second_factor.begin(world.user())
        db.session.commit()
    return lambda: world.has(SecondFactor, SecondFactor.user_id == world.cast.bo.id)


def recovery_codes(world: World) -> IsOpen:
    world.factor()
    return lambda: world.has(RecoveryCode, RecoveryCode.user_id == world.cast.bo.id)


def held_post(world: World) -> IsOpen:
    """A form that waits to be sent as bo."""
    with world.app.test_request_context(method="POST"):
        mark = csrf.mark_of(world.cast.bo.id.hex)
        row = HeldPost(browser="b" * 64, person=mark, path="/account", page="/account", at=clock.now())
        db.session.add(row)
        db.session.commit()
    return lambda: world.has(HeldPost)


def reset_link(world: World) -> IsOpen:
    path = f"/reset-password/{world.token(mail_tokens.Purpose.RESET)}"
    return lambda: world.app.test_client().get(path).status_code == 200


def address_link(world: World) -> IsOpen:
    path = f"/confirm-email/{world.token(mail_tokens.Purpose.EMAIL, 'evil@example.com')}"
    return lambda: world.app.test_client().get(path).status_code == 200


def verification_link(world: World) -> IsOpen:
    """Of a registration for the same address that nobody has finished."""
    with world.app.app_context():
        row = Registration(
            email="bo@example.com", name="Bo", password_hash="x", expires_at=clock.now() + timedelta(days=2)
        )
        db.session.add(row)
        db.session.commit()
        path = f"/verify-email/{mail_tokens.sign(mail_tokens.Purpose.VERIFY, row.id.hex)}"
    return lambda: world.app.test_client().get(path).status_code == 200


WAYS: dict[str, Callable[[World], IsOpen]] = {
    "users": password,
    "user_sessions": device,
    "user_sessions, remembered": remembered,
    "oauth_accounts": identity,
    "registrations": registration,
    "second_factors": factor,
    "second_factors, begun": factor_begun,
    "recovery_codes": recovery_codes,
    "held_posts": held_post,
    mail_tokens.Purpose.RESET: reset_link,
    mail_tokens.Purpose.EMAIL: address_link,
    mail_tokens.Purpose.VERIFY: verification_link,
}
# Tables that hold something of the kind and yet let nobody in.
HARMLESS = {
    "login_attempts": "keyed hashes of what was tried, to count by",
    "address_marks": "keyed hashes of addresses, to know a person again by",
    "backup_records": "whether a backup was proved",
    "jobs": "a key that makes work asked for twice be done once",
    "orders": "Stripe's session of a checkout",
    "coupons": "what lowers a price",
    "billing_details": "a postal code",
    "payout_holds": "why somebody isn’t paid",
    "shop_days": "how many codes of coupons fitted",
}
HOLDS_A_SECRET = re.compile(r"password|token|secret|hash|code(?!_archive)|proof|browser|mark|session")
# Whatever is signed with the shop's key. The links of lessons (storage) and of unsubscribing open no account.
SIGNED = {
    "domain/people/mail_tokens.py": "links that prove a mailbox: every purpose is walked",
    "domain/platform/mail_preferences.py": "stops a kind of mail, and nothing else",
    "web/csrf.py": "of forms, for a browser that is signed in",
    "domain/gifts/links.py": "gives a present to whoever is signed in, and opens no account",
    "domain/refunds/declarations.py": "shows or stops a declared withdrawal, and opens no account",
    "domain/cart/carts.py": "names a guest’s cart, and nothing else",
    "blueprints/auth/known_devices.py": "says which limit a try counts against, and nothing else",
}


@pytest.fixture
def provider(app: Flask) -> Iterator[Provider]:
    """A provider that knows bo."""
    with offered(app) as running:
        running.person["email"] = running.addresses[0]["email"] = "bo@example.com"
        yield running


@pytest.fixture
def world(app: Flask, cast: Cast, signed_in: SignIn, provider: Provider) -> World:
    """A thief's, who knows bo's password."""
    return World(app, cast, signed_in)


def shut(world: World, token: str | None = None) -> int:
    path = f"/not-me/{token or world.token(mail_tokens.Purpose.NOT_ME)}"
    return world.app.test_client().post(path).status_code


@pytest.mark.parametrize("way", WAYS)
def test_it_was_not_me_closes(world: World, way: str) -> None:
    is_open = WAYS[way](world)
    assert is_open()
    assert shut(world) == 200
    assert not is_open()


@pytest.mark.parametrize(
    "way", [w for w in WAYS if w not in ("second_factors", "recovery_codes", "held_posts")]
)
def test_a_new_password_by_mail_closes(world: World, way: str) -> None:
    is_open = WAYS[way](world)
    token = world.token(mail_tokens.Purpose.RESET)
    owner = world.app.test_client()
    assert owner.post(f"/reset-password/{token}", data={"password": NEW}).status_code == 303
    assert is_in(owner)
    assert not is_open()


def test_an_account_without_a_password_is_shut_as_well(world: World) -> None:
    come_in(world.browser, "github")
    with world.app.app_context():
        world.user().password_hash = None
        db.session.commit()
    links = [reset_link(world), address_link(world)]
    assert all(is_open() for is_open in links)
    assert shut(world) == 200
    assert not any(is_open() for is_open in links)


def test_every_table_and_signature_that_could_let_somebody_in_is_named() -> None:
    named = {way.partition(",")[0] for way in WAYS} | set(HARMLESS)
    found = {
        table.name
        for table in models.Base.metadata.sorted_tables
        if any(HOLDS_A_SECRET.search(column.name) for column in table.columns)
    }
    assert found - named == set(), (
        "does it let somebody in? then domain/people/password_reset.py has to close it"
    )
    assert set(mail_tokens.Purpose) - set(WAYS) == {mail_tokens.Purpose.NOT_ME}
    signing = {
        str(path.relative_to(ROOT))
        for folder in (".", "web", "domain", "domain/*", "blueprints/*", "storage")
        for path in ROOT.glob(f"{folder}/*.py")
        if "signing.serializer(" in (code := path.read_text()) or "signing.undated_serializer(" in code
    }
    assert signing == set(SIGNED)


def test_the_notice_of_a_second_factor_removes_it(world: World, client: FlaskClient) -> None:
    world.factor()
    message = sent(world.app, "second_factor_on")[-1]
    path = message.data["not_me_url"].removeprefix("http://localhost")
    assert "two-factor authentication that was set up recently is turned off" in client.get(path).text
    client.post("/forgot-password", data={"email": "bo@example.com"})
    owner = world.app.test_client()
    assert owner.post(link(world.app, "reset_password"), data={"password": NEW}).location == "/login/code"
    assert "It wasn’t me" in owner.get("/login/code").text
    assert client.post(path).status_code == 200
    assert client.post(link(world.app, "reset_password"), data={"password": NEW}).status_code == 303
    assert is_in(client)


@pytest.mark.parametrize("way", ["reset", "shut"])
def test_a_second_factor_that_was_there_long_before_stays(world: World, way: str) -> None:
    with time_machine.travel(clock.now() - timedelta(days=30)):
        secret, codes = world.factor()
    if way == "shut":
        path = f"/not-me/{world.token(mail_tokens.Purpose.NOT_ME)}"
        assert "second factor" not in world.app.test_client().get(path).text
        assert shut(world) == 200
    else:
        world.app.test_client().post("/forgot-password", data={"email": "bo@example.com"})
    browser = world.app.test_client()
    done = browser.post(link(world.app, "reset_password"), data={"password": NEW})
    assert done.location == "/login/code"
    assert "It wasn’t me" not in browser.get("/login/code").text
    assert not is_in(browser)
    code = codes[0] if way == "shut" else pyotp.TOTP(secret).at(clock.now())
    assert browser.post("/login/code", data={"code": code}).status_code == 303
    assert is_in(browser)


def test_recovery_codes_that_were_drawn_lately_go_and_the_app_stays(world: World) -> None:
    with time_machine.travel(clock.now() - timedelta(days=30)):
        secret, _ = world.factor()
    with world.app.app_context():
        stolen = second_factor.renew_codes(world.user())
        db.session.commit()
    path = sent(world.app, "recovery_codes_renewed")[-1].data["not_me_url"].removeprefix("http://localhost")
    assert world.app.test_client().post(path).status_code == 200
    with world.app.app_context():
        assert second_factor.state_of(world.user()).codes_left == 0
        assert not second_factor.accept(world.user(), stolen[0])
        assert second_factor.accept(world.user(), pyotp.TOTP(secret).at(clock.now()))


def test_signing_out_elsewhere_ends_a_set_up_that_was_begun_there(world: World) -> None:
    begun = factor_begun(world)
    world.signed_in(world.cast.bo).post("/account/security/devices/sign-out-others")
    assert not begun()


def moved(world: World, to: str) -> None:
    """The thief, signed in, has moved the account to another address and confirmed it there."""
    thief = world.signed_in(world.cast.bo)
    thief.post("/account/email", data={"email": to, "current": PASSWORD})
    assert thief.post(link(world.app, "confirm_new_email", to)).status_code == 303


def notice(world: World, to: str = "bo@example.com") -> str:
    found: str = sent(world.app, "email_changed_old", to)[-1].data["not_me_url"]
    return found.removeprefix("http://localhost")


def test_an_account_that_was_moved_away_comes_back(world: World, client: FlaskClient) -> None:
    moved(world, "evil@example.com")
    path = notice(world)
    moved(world, "evil2@example.com")
    page = client.get(path).text
    assert "is changed back to <b>bo@example.com</b>" in page
    assert client.post(path).status_code == 200
    assert client.post(path).status_code == 200, "safe to repeat"
    with world.app.app_context():
        assert world.user().email == "bo@example.com"
        assert world.user().password_hash is None
    told = sent(world.app, "email_changed_old", "evil2@example.com")[-1]
    assert "not_me_url" not in told.data, "the thief can't undo it"
    assert client.post(notice(world, "evil@example.com")).status_code == 410, (
        "nor bring it back to themselves"
    )
    assert client.post(
        link(world.app, "reset_password", "bo@example.com"), data={"password": NEW}
    ).status_code
    assert is_in(client)
    with world.app.app_context():
        assert world.user().email == "bo@example.com"


def test_it_does_not_come_back_to_an_address_that_has_an_account(world: World, client: FlaskClient) -> None:
    moved(world, "evil@example.com")
    path = notice(world)
    with world.app.app_context():
        db.session.add(User(email="bo@example.com", name="Bo anew", email_verified_at=clock.now()))
        db.session.commit()
    answer = client.post(path)
    assert (answer.status_code, "now has its own account" in answer.text) == (410, True)
    with world.app.app_context():
        assert world.user().email == "evil@example.com"


def test_another_persons_are_left_alone(world: World) -> None:
    with world.app.app_context():
        ada = db.session.get_one(User, world.cast.ada.id)
        db.session.add(OAuthAccount(user_id=ada.id, provider="google", subject="9"))
        second_factor.begin(ada)
        db.session.commit()
    other = world.signed_in(world.cast.ada)
    assert shut(world) == 200
    assert is_in(other)
    assert world.has(SecondFactor, SecondFactor.user_id == world.cast.ada.id)
    assert world.has(OAuthAccount, OAuthAccount.unlinked_at.is_(None))
    assert world.has(UserSession, UserSession.revoked_at.is_(None))
    assert not world.has(UserSession, UserSession.user_id == uuid.UUID(int=0))
