"""A bank disputes what somebody bought: the course pauses, an admin answers, and it opens again."""

import re

from playwright.sync_api import Page, expect

from tests.accessibility import Window, every_way, tried_with
from tests.cast import Cast
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import Visitor, sign_in

LESSON = "/learn/flask-first-steps/routes"


@tried_with("no-js-phone", "js-desk")
def test_a_dispute_is_answered_with_evidence_and_won(
    house: House, visitor: Visitor, cast: Cast, window: Window
) -> None:
    cy, mo = visitor(**window), visitor(**window)
    sign_in(cy, "cy@example.com")
    buy(cy, house)
    cy.get_by_role("button", name="Mark complete").click()
    expect(cy.get_by_role("button", name="Completed")).to_be_visible()
    charge = house.stripe.all("charge")[-1]["id"]
    dispute = house.stripe.dispute(charge, reason="unrecognized")["id"]
    until(cy, LESSON, "it’s paused until the bank has decided")

    house.mail_to("hello@example.com", "dispute")
    sign_in(mo, "mo@example.com")
    mo.goto("/admin")
    mo.get_by_role("link", name="Disputes to answer").click()
    mo.get_by_role("main").get_by_role("link", name="LN-").first.click()
    expect(mo.get_by_text("Needs an answer").first).to_be_visible()
    mo.get_by_role("button", name="Collect the evidence").click()
    expect(mo.get_by_label("Buyer’s email")).to_have_value("cy@example.com")
    expect(mo.get_by_label("Use of what was bought")).to_have_value(re.compile("Began lesson “Routes”"))
    mo.get_by_label("Anything else").fill("They wrote to us that they like it.")
    mo.get_by_role("button", name="Save draft").click()
    expect(mo.get_by_label("Anything else")).to_have_value("They wrote to us that they like it.")
    if window["javascript"]:
        assert every_way(mo) == []
    mo.get_by_role("button", name="Save and send").click()
    expect(mo.get_by_text("Banks take one answer")).to_be_visible()
    if window["javascript"]:
        assert every_way(mo) == []
    mo.get_by_role("button", name="Send to the bank").click()
    until(mo, mo.url, "With the bank")
    evidence = house.stripe.get("dispute", dispute)["evidence"]
    assert evidence["uncategorized_text"] == "They wrote to us that they like it."
    assert "Began lesson “Routes”" in evidence["access_activity_log"]

    house.stripe.decide(dispute, won=True)
    until(cy, LESSON, "Completed")


def buy(page: Page, house: House) -> None:
    """Buy the course and open a lesson."""
    page.goto("/courses/flask-first-steps")
    page.get_by_role("button", name="Buy now").click()
    page.wait_for_url(f"{house.stripe.url}/**")
    page.get_by_role("button", name="Pay $19").first.click()
    page.wait_for_url(f"{house.url}/checkout/success*")
    until(page, LESSON, "Mark complete")


def until(page: Page, address: str, words: str) -> None:
    """Load a page until it says something: the worker is at it."""
    for _ in range(100):
        page.goto(address)
        if page.get_by_text(words).count():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{address} never said “{words}”")
