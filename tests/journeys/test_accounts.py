"""Journey: somebody registers an address before its owner does; and an owner takes their account back."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from domain.people import mail_tokens, registration
from models import OAuthAccount, Registration, User, db
from tests.accessibility import Window, every_way, tried_with
from tests.auth.provider import Provider, offered
from tests.cast import PASSWORD, Cast
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import Visitor, sign_in

ADDRESS = "robin@example.com"
THEIRS = "the stranger chose this"


def register(page: Page, name: str, password: str) -> None:
    page.goto("/register")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Email").fill(ADDRESS)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Check your email")).to_be_visible()


@pytest.fixture
def provider(house: House) -> Iterator[Provider]:
    with offered(house.app) as running:
        yield running


@tried_with("no-js-desk")
def test_the_owner_of_an_address_wins(house: House, visitor: Visitor, window: Window) -> None:
    stranger, owner = visitor(), visitor(**window)
    register(stranger, "You won", THEIRS)
    theirs = house.link_in_mail(ADDRESS, "verify_email")
    register(owner, "Robin", PASSWORD)
    owner.get_by_role("button", name="Send it again").click()
    expect(owner.get_by_text("The link is on its way.")).to_be_visible()
    owner.goto(theirs)
    owner.get_by_label("Password", exact=True).fill(PASSWORD)
    owner.get_by_role("button", name="Confirm my address").click()
    expect(owner.get_by_text("That isn’t the password for this registration.")).to_be_visible()
    with house.app.app_context():
        mine = db.session.scalars(db.select(Registration).where(Registration.name == "Robin")).one()
        token = mail_tokens.sign(mail_tokens.Purpose.VERIFY, mine.id.hex)
    owner.goto(f"/verify-email/{token}")
    owner.get_by_role("button", name="Confirm my address").click()
    expect(owner.get_by_text("Your address is confirmed. Welcome!")).to_be_visible()
    stranger.get_by_role("button", name="I’ve opened the link").click()
    expect(stranger.get_by_role("heading", name="Check your email")).to_be_visible()
    stranger.goto("/login")
    stranger.get_by_label("Email").fill(ADDRESS)
    stranger.get_by_label("Password", exact=True).fill(THEIRS)
    stranger.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(stranger.get_by_text("don’t match")).to_be_visible()


@pytest.mark.once
def test_an_owner_takes_the_account_back(
    house: House, visitor: Visitor, cast: Cast, provider: Provider
) -> None:
    provider.addresses[0]["email"] = "bo@example.com"
    thief, owner = visitor(), visitor()
    thief.goto("/login")
    thief.get_by_role("link", name="Continue with GitHub").click()
    thief.wait_for_url(lambda url: url.startswith(house.url) and "oauth" not in url)
    sign_in(owner, "bo@example.com")
    owner.goto("/account/security")
    expect(owner.get_by_text("GitHub", exact=True)).to_be_visible()
    owner.goto(house.mail_to("bo@example.com", "provider_linked").data["not_me_url"])
    owner.get_by_role("button", name="Lock everyone out").click()
    expect(owner.get_by_role("heading", name="Everyone is signed out")).to_be_visible()
    thief.goto("/account")
    expect(thief.get_by_role("heading", name="Sign in")).to_be_visible()
    thief.get_by_role("link", name="Continue with GitHub").click()
    expect(thief.get_by_text("was removed from this account")).to_be_visible()
    owner.goto(house.link_in_mail("bo@example.com", "reset_password"))
    owner.get_by_label("New password", exact=True).fill("mine again for good")
    owner.get_by_role("button", name="Set password").click()
    expect(owner.get_by_text("Password changed")).to_be_visible()


@pytest.mark.once
def test_pages_of_accounts_are_accessible(
    house: House, visitor: Visitor, cast: Cast, provider: Provider
) -> None:
    with house.app.app_context():
        bo = db.session.get_one(User, cast.bo.id)
        made = registration.register(registration.RegistrationInput("R", ADDRESS, bo.password_hash or ""))
        identity = OAuthAccount(user_id=bo.id, provider="github", subject="1")
        google = OAuthAccount(user_id=bo.id, provider="google", subject="1")
        db.session.add_all([identity, google])
        db.session.commit()
        out = [
            f"/verify-email/{mail_tokens.sign(mail_tokens.Purpose.VERIFY, made.id.hex)}",
            f"/reset-password/{mail_tokens.make(mail_tokens.Purpose.RESET, bo)}",
            f"/confirm-email/{mail_tokens.make(mail_tokens.Purpose.EMAIL, bo, 'bo.new@example.com')}",
            f"/not-me/{mail_tokens.make(mail_tokens.Purpose.NOT_ME, bo)}",
            "/not-me/forged",
        ]
        signed_in = [
            "/account/security",
            f"/account/security/identities/{identity.id}/remove",
            "/account/security/link/github",
        ]
    page = visitor(bypass_csp=True)

    def look(address: str) -> list[str]:
        page.goto(address)
        return every_way(page)

    problems = [problem for address in out for problem in look(address)]
    sign_in(page, "bo@example.com")
    problems += [problem for address in signed_in for problem in look(address)]
    assert problems == []
