"""A creator makes a bundle, with and without scripts, and drags a course to another place."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from models import Bundle, ProductStatus, db
from tests.accessibility import Window, tried_with
from tests.bundles.making import make_bundle, make_course
from tests.cast import Cast
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import sign_in

Visitor = Callable[..., Page]


@tried_with("no-js-phone", "js-desk")
def test_from_an_idea_to_a_sale(house: House, visitor: Visitor, cast: Cast, window: Window) -> None:
    page = visitor(**window)
    sign_in(page, "ada@example.com")
    page.goto("/studio/bundles")
    page.get_by_role("link", name="New bundle").click()
    page.get_by_label("Title").fill("Both together")
    page.get_by_label("Category").select_option("Web")
    page.get_by_role("button", name="Create bundle").click()
    for title in ("Flask, first steps", "Reading code"):
        page.get_by_role("button", name=f"Add {title}", exact=True).click()
        expect(page.get_by_role("heading", name=title)).to_be_visible()
    page.get_by_role("button", name="Move Reading code up").click()
    expect(page.locator(".plan-module h2").first).to_have_text("Reading code")
    home = page.url.removesuffix("/courses")
    page.goto(home)
    page.get_by_label("Description").fill("Everything about small sites, in two courses.")
    page.get_by_role("button", name="Save details").click()
    page.goto(f"{home}/price")
    page.get_by_label("Price in USD", exact=False).first.fill("15")
    page.get_by_role("button", name="Save price and access").click()
    page.goto(f"{home}/publish")
    page.get_by_role("button", name="Publish bundle").click()
    expect(page.get_by_role("heading", name="On sale", exact=True)).to_be_visible()
    with house.app.app_context():
        bundle = db.session.scalars(db.select(Bundle).where(Bundle.slug == "both-together")).one()
        assert (bundle.status, bundle.price_cents) == (ProductStatus.PUBLISHED, 1500)


def test_a_course_is_dragged(house: House, visitor: Visitor, cast: Cast) -> None:
    with house.app.app_context():
        third = make_course(cast, "Third one").id
        home = make_bundle(cast, [cast.flask_course.id, cast.free_course.id, third]).id
        db.session.commit()
    page = visitor(javascript=True)
    sign_in(page, "ada@example.com")
    page.goto(f"/studio/bundles/{home}/courses")
    rows = page.locator(".plan-module")
    rows.nth(2).locator("[data-grip]").hover()
    page.mouse.down()
    for _ in range(3):  # the page may scroll under the pointer
        goal = rows.first.bounding_box()
        assert goal is not None
        page.mouse.move(goal["x"] + 40, goal["y"] + 4, steps=4)
    with page.expect_response(lambda answer: answer.url.endswith("/move")):
        page.mouse.up()
    expect(page.locator(".plan-module h2").first).to_have_text("Third one")
    page.reload()
    expect(page.locator(".plan-module h2").first).to_have_text("Third one")
