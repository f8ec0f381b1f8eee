"""Journey: a gift is given, paid, mailed, and claimed by somebody who registers for it."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.accessibility import Window, look_every_way, overflow, tried_with
from tests.cast import Cast
from tests.house.stage import fill
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import register, sign_in

Visitor = Callable[..., Page]
ZOE = "zoe@example.com"


@tried_with("js-desk", "no-js-phone")
def test_a_gift_is_given_and_claimed(house: House, visitor: Visitor, cast: Cast, window: Window) -> None:
    giver = visitor(**window)
    sign_in(giver, cast.bo.email)
    giver.goto("/courses/flask-first-steps")
    giver.get_by_role("link", name="Give as a gift").click()
    giver.get_by_label("Their email address").fill(ZOE)
    giver.get_by_label("Message").fill("Alles Gute. Look at evil.com")
    giver.get_by_role("button", name="Add to cart").click()
    expect(giver.get_by_text("Leave out web and email addresses")).to_be_visible()
    assert overflow(giver) == []
    giver.get_by_label("Message").fill("Alles Gute, Zoë!")
    giver.get_by_role("button", name="Add to cart").click()
    expect(giver.get_by_role("main").get_by_text(ZOE)).to_be_visible()
    giver.goto("/checkout/review")
    giver.get_by_role("button", name=re.compile(r"Pay \$19")).click()
    giver.wait_for_url(f"{house.stripe.url}/**")
    giver.get_by_role("button", name=re.compile(r"Pay \$19")).first.click()
    giver.wait_for_url(f"{house.url}/checkout/success*")
    giver.get_by_role("link", name="See your gift").click()
    expect(giver.get_by_text("Nobody has accepted it yet")).to_be_visible()
    assert overflow(giver) == []

    zoe = visitor(**window)
    zoe.goto(house.link_in_mail(ZOE, "gift_arrived"))
    expect(zoe.get_by_text("Alles Gute, Zoë!")).to_be_visible()
    assert overflow(zoe) == []
    zoe.get_by_role("main").get_by_role("link", name="Create an account").click()
    register(zoe, house, "zoe.elsewhere@example.com", "Zoë")
    zoe.get_by_role("button", name="Accept the present").click()
    expect(zoe.get_by_role("heading", level=1)).to_have_text("Hello, Flask")

    giver.reload()
    expect(giver.get_by_role("main").get_by_text("Accepted").first).to_be_visible()
    house.mail_to(cast.bo.email, "gift_claimed")


def test_every_page_of_gifts_is_accessible(house: House, visitor: Visitor, cast: Cast) -> None:
    words = fill(house.app, cast)
    page = visitor(bypass_csp=True)
    stranger = ("/gifts/flask-first-steps", "/gifts/reading-code", f"/gifts/claim/{words['gift_token']}")
    problems = [problem for address in stranger for problem in look_every_way(page, address)]
    sign_in(page, cast.bo.email)
    own = ("/gifts", f"/gifts/given/{words['gift']}", f"/gifts/given/{words['planned_gift']}", stranger[2])
    problems += [problem for address in own for problem in look_every_way(page, address)]
    ada = visitor(bypass_csp=True)  # she has it, so she may pass it on
    sign_in(ada, cast.ada.email)
    assert problems + look_every_way(ada, stranger[2]) == []
