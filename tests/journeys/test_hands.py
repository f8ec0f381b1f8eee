"""What only a browser shows: menus, selects, the bar to buy, the preview beside the text, saving by keys."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.accessibility import DESK, PHONE
from tests.cast import Cast
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import Visitor, sign_in

pytestmark = pytest.mark.once
IN_SIGHT = (
    "node => { const box = node.getBoundingClientRect(); return box.top < innerHeight && box.bottom > 0; }"
)


def ends_of_selects(page: Page) -> list[float]:
    """How much room each select leaves for its arrow, in pixels."""
    room: Any = page.evaluate(
        "[...document.querySelectorAll('select')].filter(one => one.offsetParent)"
        ".map(one => parseFloat(getComputedStyle(one).paddingInlineEnd))"
    )
    return list(room)


def test_the_text_of_a_select_never_meets_its_arrow(visitor: Visitor, cast: Cast) -> None:
    page = visitor()
    sign_in(page, "mo@example.com")
    course = f"/studio/courses/{cast.flask_course.id}"
    for address in ("/courses", "/admin/audit", "/admin/categories", course, f"{course}/curriculum"):
        page.goto(address)
        page.locator("html").evaluate("(root, dir) => { root.dir = dir; }", "rtl")
        rooms = ends_of_selects(page)
        assert rooms, address
        assert min(rooms) >= 30, address


def test_a_stranger_with_a_phone_finds_the_way_without_scripts(house: House, visitor: Visitor) -> None:
    page = visitor(javascript=False, viewport=PHONE)
    page.goto("/about")
    page.locator(".site-menu > summary").click()
    for name, address in (("Browse courses", "/courses"), ("Register", "/register"), ("Teach", "/teach")):
        expect(page.locator(".site-menu").get_by_role("link", name=name)).to_have_attribute("href", address)
    page.locator(".site-menu").get_by_role("link", name="Browse courses").click()
    page.get_by_label("Sort by").select_option("newest")
    page.get_by_role("button", name="Sort", exact=True).click()
    expect(page).to_have_url(re.compile("sort=newest"))


def test_buying_is_in_reach_on_a_phone(visitor: Visitor) -> None:
    page = visitor(viewport=PHONE)
    page.goto("/courses/flask-first-steps")
    bar, box = page.locator(".buy-bar"), page.locator("#buy-box")
    box.scroll_into_view_if_needed()
    expect(bar).to_be_hidden()
    page.locator("#reviews, .reviews").first.scroll_into_view_if_needed()
    assert not box.evaluate(IN_SIGHT)
    expect(bar).to_be_visible()
    assert bar.evaluate(IN_SIGHT)
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    expect(bar).to_be_hidden()


def test_the_preview_follows_the_text_and_keys_save_it(visitor: Visitor, cast: Cast) -> None:
    page = visitor(viewport={"width": 1120, "height": 800})
    sign_in(page, "ada@example.com")
    page.goto(f"/studio/courses/{cast.flask_course.id}/lessons/{cast.text_lesson.id}")
    area = page.locator("#body")
    words = "word " * 120
    area.fill("\n\n".join(f"## Part {n}\n\n{words}" for n in range(20)) + "\n\n```\n" + "line\n" * 60 + "```")
    page.get_by_role("button", name="Preview", exact=True).click()
    pane = page.locator(".markdown-preview")
    expect(pane.get_by_text("Part 19")).to_have_count(1)
    boxes = [one.bounding_box() for one in (area, pane)]
    assert boxes[0]
    assert boxes[1]
    assert boxes[1]["x"] >= boxes[0]["x"] + boxes[0]["width"]  # side by side
    area.evaluate("area => { area.scrollTop = area.scrollHeight / 3; }")
    page.wait_for_timeout(200)
    seen = pane.evaluate(
        """pane => [...pane.querySelectorAll('h2, h3')].filter(
             ({offsetTop}) => offsetTop >= pane.scrollTop && offsetTop <= pane.scrollTop + pane.clientHeight
           ).map(heading => heading.textContent.trim())"""
    )
    assert {"Part 7", "Part 8", "Part 9"} & {heading.removesuffix(" #") for heading in seen}, seen
    page.keyboard.press("Control+s")
    expect(page.locator(".toast")).to_be_visible()
    expect(page.locator("#body")).to_have_value(re.compile("Part 19"))
