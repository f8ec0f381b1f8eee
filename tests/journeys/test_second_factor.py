"""Setting up a second factor and signing in with it, as a person does; an old proof while somebody works."""

import re
from datetime import timedelta

import pyotp
import pytest
from playwright.sync_api import Page, expect

from domain.base import clock
from domain.people import second_factor
from domain.portable import course_transfers
from models import SecondFactor, User, UserSession, db
from tests.accessibility import Window, every_way, tried_with
from tests.cast import PASSWORD, Cast
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import Visitor, sign_in


def forget_codes(house: House) -> None:
    """Let the code of now be used again: nobody waits for the next one here."""
    with house.app.app_context():
        db.session.execute(db.update(SecondFactor).values(last_step=0))
        db.session.commit()


def code_for(house: House, user: User) -> str:
    """The code of now."""
    with house.app.app_context():
        factor = db.session.get_one(SecondFactor, user.id)
        secret = second_factor._secret(factor, db.session.get_one(User, user.id))
        return pyotp.TOTP(secret or "").at(clock.now())


def age_proofs(house: House, minutes: int) -> None:
    """Make the last proof of every device `minutes` old."""
    with house.app.app_context():
        old = clock.now() - timedelta(minutes=minutes)
        db.session.execute(db.update(UserSession).values(proved_at=old))
        db.session.commit()


def first_step(page: Page, email: str) -> None:
    page.goto("/login")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/login/code$"))


def enter_code(page: Page, code: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Enter a code")
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in").click()


@tried_with("js-phone")
def test_setting_it_up_and_signing_in(house: House, visitor: Visitor, cast: Cast, window: Window) -> None:
    page = visitor(**window)
    sign_in(page, "bo@example.com")
    page.goto("/account/security")
    page.get_by_role("button", name="Set up two-factor authentication").click()
    expect(page.get_by_role("img", name="QR code for your app")).to_be_visible()
    key = page.locator(".qr-key").inner_text().replace(" ", "")
    page.get_by_label("Code from the app").fill(pyotp.TOTP(key).at(clock.now()))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    codes = page.locator(".recovery-codes code").all_inner_texts()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.path().read_text().split() == codes
    page.get_by_role("link", name="I’ve saved them").click()
    expect(page.get_by_text("10 unused recovery codes")).to_be_visible()
    page.context.clear_cookies()
    forget_codes(house)

    first_step(page, "bo@example.com")
    enter_code(page, "000")
    expect(page.get_by_text("That code isn’t right")).to_be_visible()
    enter_code(page, code_for(house, cast.bo))
    expect(page).to_have_url(f"{house.url}/")
    page.context.clear_cookies()
    first_step(page, "bo@example.com")
    enter_code(page, codes[0])
    page.goto("/account/security")
    expect(page.get_by_text("9 unused recovery codes")).to_be_visible()


@tried_with("no-js-desk")
def test_what_an_admin_typed_survives_the_question(
    house: House, visitor: Visitor, cast: Cast, window: Window
) -> None:
    page = visitor(**window)
    sign_in(page, "mo@example.com")
    page.goto(f"/admin/users/{cast.cy.id}")
    page.get_by_label("Reason").fill("Rude <b>words</b> & more,\non two lines.")
    age_proofs(house, 16)
    page.get_by_role("button", name="Suspend account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm it’s you")
    page.get_by_label("Your password", exact=True).fill("wrong password")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("That isn’t your current password.")).to_be_visible()
    page.get_by_label("Your password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Cy is suspended and signed out everywhere.")).to_be_visible()
    assert "on two lines." in house.mail_to("cy@example.com", "account_suspended").data["reason"]


def test_a_swap_becomes_the_question_and_goes_on(
    house: House, visitor: Visitor, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course_transfers, "AT_ONCE", -1)
    page = visitor()
    sign_in(page, "ada@example.com")
    page.goto(f"/studio/courses/{cast.flask_course.id}/export")
    age_proofs(house, 16)
    page.get_by_role("button", name="Create ZIP").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm it’s you")
    assert page.locator("main").count() == page.locator("header.site-header, body > header").count() == 1
    page.get_by_label("Your password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Export this course")).to_be_visible()


@pytest.mark.once
def test_its_pages_are_accessible(house: House, visitor: Visitor, cast: Cast) -> None:
    page = visitor(bypass_csp=True)
    sign_in(page, "bo@example.com")
    page.goto("/account/security")
    page.get_by_role("button", name=re.compile("^Set up")).click()
    problems = every_way(page)
    page.get_by_label("Code from the app").fill("123")
    page.get_by_role("button", name="Turn on").click()
    problems += every_way(page)
    page.get_by_label("Code from the app").fill(
        pyotp.TOTP(page.locator(".qr-key").inner_text().replace(" ", "")).at(clock.now())
    )
    page.get_by_role("button", name="Turn on").click()
    problems += every_way(page)
    page.goto("/account/security")
    problems += every_way(page)
    page.goto("/account/prove")
    problems += every_way(page)
    page.context.clear_cookies()
    first_step(page, "bo@example.com")
    problems += every_way(page)
    assert problems == []
