"""Journeys: a learner asks for a refund in two clicks, and a consumer withdraws without an account."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from domain.platform import settings
from models import Order, PlatformSettings, RefundRequest, Withdrawal, db
from tests.accessibility import Window, look_every_way, overflow, tried_with
from tests.cast import Cast
from tests.house.stage import fill
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import sign_in

Visitor = Callable[..., Page]


def offer(house: House, **values: object) -> None:
    """Let buyers have the right, and the refund period last."""
    with house.app.app_context():
        shop = db.session.get_one(PlatformSettings, 1)
        for name, value in {"withdrawal_on": True, **values}.items():
            setattr(shop, name, value)
        db.session.commit()
        settings.forget()


def bought(house: House, cast: Cast, page: Page) -> str:
    """Let cy buy the course now; the number of the order."""
    sign_in(page, cast.cy.email)
    page.goto("/courses/flask-first-steps")
    page.get_by_role("button", name="Buy now").first.click()
    page.wait_for_url(f"{house.stripe.url}/**")
    page.get_by_role("button", name=re.compile(r"Pay \$19")).first.click()
    page.wait_for_url(f"{house.url}/checkout/success*")
    with house.app.app_context():
        return str(db.session.scalars(db.select(Order.number).where(Order.user_id == cast.cy.id)).one())


@tried_with("js-desk", "no-js-phone")
def test_a_refund_takes_two_clicks(house: House, visitor: Visitor, cast: Cast, window: Window) -> None:
    page = visitor(**window)
    number = bought(house, cast, page)
    page.goto(f"/orders/{number}")
    page.get_by_role("link", name="Ask for a refund").click()
    assert overflow(page) == []
    page.get_by_label("I changed my mind").check()
    page.get_by_role("button", name="Ask for a refund").click()
    expect(page.get_by_text("Approved")).to_be_visible()
    assert overflow(page) == []
    house.mail_to(cast.cy.email, "refund_asked")
    answer = page.goto("/learn/flask-first-steps/routes")
    assert answer is not None
    assert answer.status == 403


@tried_with("js-phone", "no-js-desk")
def test_a_withdrawal_needs_no_account(house: House, visitor: Visitor, cast: Cast, window: Window) -> None:
    offer(house)
    number = bought(house, cast, visitor(**window))
    page = visitor(**window)
    page.goto("/")
    page.get_by_role("link", name="Withdraw from contract here").click()
    assert overflow(page) == []
    page.get_by_label("Your name").fill("Cy")
    page.get_by_label("Your email address").fill(cast.cy.email)
    page.get_by_label("Order number").fill(number.lower())
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Nothing has been sent yet")).to_be_visible()
    assert overflow(page) == []
    page.get_by_role("button", name="Confirm withdrawal").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We’ve received your withdrawal")
    assert overflow(page) == []
    house.mail_to(cast.cy.email, "withdrawal_received")
    stop = visitor(**window)
    stop.goto(house.link_in_mail(cast.cy.email, "withdrawal_planned"))
    stop.get_by_role("button", name="Stop the withdrawal").click()
    expect(stop.get_by_role("heading", level=1)).to_have_text("The withdrawal is stopped")
    with house.app.app_context():
        row = db.session.scalars(db.select(Withdrawal)).one()
        assert row.state == "stopped"
        assert [one.decision for one in db.session.scalars(db.select(RefundRequest))] == ["stopped"]


def test_every_page_of_refunds_is_accessible(house: House, visitor: Visitor, cast: Cast) -> None:
    words = fill(house.app, cast)
    offer(house, refund_window_days=365)
    page = visitor(bypass_csp=True)
    stranger = (
        "/withdraw", f"/withdraw/received/{words['received_token']}", f"/withdraw/stop/{words['stop_token']}",
        "/withdraw/stop/forged",
    )  # fmt: skip
    problems = [problem for address in stranger for problem in look_every_way(page, address)]
    sign_in(page, cast.bo.email)
    own = ("/orders/LN-TEST-0001", "/orders/LN-TEST-0001/refund", "/withdraw?order=LN-TEST-0001")
    problems += [problem for address in own for problem in look_every_way(page, address)]
    assert problems == []


def test_the_admins_pages_of_refunds_are_accessible(house: House, visitor: Visitor, cast: Cast) -> None:
    words = fill(house.app, cast)
    mo = visitor(bypass_csp=True)
    sign_in(mo, cast.mo.email)
    pages = ("/admin/settings/refunds", "/admin/withdrawals", f"/admin/moderation/{words['refund_item']}")
    assert [problem for address in pages for problem in look_every_way(mo, address)] == []
