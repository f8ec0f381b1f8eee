"""axe finds nothing on any page of the journey, at both widths, light and dark; nothing overflows."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.cast import Cast
from tests.journeys import films
from tests.journeys.conftest import DESK, PHONE, House
from tests.journeys.test_buy_and_learn import Visitor, sign_in

STRANGER = (
    "/", "/courses", "/courses?q=flask", "/courses?q=flsk", "/courses?level=advanced&q=zzz",
    "/courses/flask-first-steps", "/courses/reading-code", "/categories/web", "/creators/ada", "/login",
    "/register", "/forgot-password", "/learn/flask-first-steps/hello-flask",
    "/learn/flask-first-steps/routes", "/no-such-page",
)  # fmt: skip
LEARNER = (
    "/learn", "/learn/flask-first-steps/hello-flask", "/learn/flask-first-steps/forms-on-film", "/orders",
    "/orders/LN-TEST-0001", "/courses/flask-first-steps", "/account", "/account/security", "/account/email",
    "/account/notifications", "/notifications", "/wishlist", "/courses/reading-code/wish",
    "/courses/reading-code/report",
)  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_of_the_journey_is_accessible(
    house: House, visitor: Visitor, cast: Cast, tmp_path: Path, viewport: dict[str, int], scheme: str
) -> None:
    films.shoot(tmp_path / "film.mp4")
    films.show(house.app, cast.video_lesson.id, tmp_path / "film.mp4")
    stranger = visitor(viewport=viewport, color_scheme=scheme, bypass_csp=True)
    problems = [problem for address in STRANGER for problem in look(stranger, address)]
    learner = visitor(viewport=viewport, color_scheme=scheme, bypass_csp=True)
    sign_in(learner, "bo@example.com")
    problems += [problem for address in LEARNER for problem in look(learner, address)]
    assert problems == []


@pytest.mark.parametrize("address", ["/", "/courses", "/courses/flask-first-steps", "/login"])
def test_nothing_overflows_a_small_phone(house: House, visitor: Visitor, cast: Cast, address: str) -> None:
    page = visitor(viewport={"width": 360, "height": 740})
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def look(page: Page, address: str) -> list[str]:
    """What axe and a ruler find wrong with a page."""
    page.goto(address)
    found = [
        f"{address}: {violation['id']}: {violation['nodes'][0]['html'][:160]}"
        for violation in Axe().run(page).response["violations"]
    ]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found + ([f"{address}: {wide} px too wide"] if wide > 0 else [])
