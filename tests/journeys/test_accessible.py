"""axe finds nothing on any page of the journey, at both widths, light and dark; nothing overflows."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from models import Review, db
from tests.cast import Cast
from tests.journeys import films
from tests.journeys.conftest import DESK, PHONE, House
from tests.journeys.test_buy_and_learn import Visitor, sign_in

STRANGER = (
    "/", "/courses", "/courses?q=flask", "/courses?q=flsk", "/courses?level=advanced&q=zzz",
    "/courses/flask-first-steps", "/courses/reading-code", "/categories/web", "/creators/ada", "/login",
    "/register", "/forgot-password", "/learn/flask-first-steps/hello-flask",
    "/learn/flask-first-steps/routes", "/no-such-page", "/teach", "/about", "/contact",
)  # fmt: skip
LEARNER = (
    "/learn", "/learn/flask-first-steps/hello-flask", "/learn/flask-first-steps/forms-on-film", "/orders",
    "/orders/LN-TEST-0001", "/courses/flask-first-steps", "/account", "/account/security", "/account/email",
    "/account/notifications", "/notifications", "/wishlist", "/courses/reading-code/wish",
    "/courses/reading-code/report", "/teach",
)  # fmt: skip
COURSE = (
    "/curriculum", "/media", "/analytics", "/analytics?period=12m", "/publish", "/export", "/lessons/{text}",
    "/lessons/{film}", "/lessons/{film}/captions", "/lessons/{film}/captions/en",
    "/curriculum/lessons/{text}/delete", "/curriculum/modules/{module}/edit",
)  # fmt: skip
STUDIO = (
    "/studio", "/studio/courses/import", "/studio/students", "/studio/reviews",
    "/studio/reviews/{review}/reply", "/studio/earnings", "/studio/profile",
)  # fmt: skip
DESK_OF_ADMINS = (
    "", "/users", "/users/{person}", "/orders", "/orders/LN-TEST-0001", "/categories",
    "/categories/{category}", "/emails", "/webhooks", "/jobs", "/media", "/audit", "/settings",
    "/settings/look", "/settings/rules", "/settings/featured",
)  # fmt: skip
EVERYTHING = {"resultTypes": ["violations"]}
SETTLED = "Promise.allSettled(document.getAnimations().map(animation => animation.finished))"
CONTRAST = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}


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


def test_every_page_of_the_studio_is_accessible(
    house: House, visitor: Visitor, cast: Cast, tmp_path: Path
) -> None:
    films.shoot(tmp_path / "film.mp4", seconds=2)
    films.show(house.app, cast.video_lesson.id, tmp_path / "film.mp4")
    with house.app.app_context():
        review = Review(user_id=cast.bo.id, product_id=cast.flask_course.id, rating=4, comment="Clear.")
        db.session.add(review)
        db.session.commit()
        words = {
            "text": cast.text_lesson.id, "film": cast.video_lesson.id, "module": cast.text_lesson.module_id,
            "review": review.id,
        }  # fmt: skip
    page = visitor(bypass_csp=True)
    sign_in(page, "ada@example.com")
    course = f"/studio/courses/{cast.flask_course.id}"
    addresses = [
        *(course + rest.format(**words) for rest in COURSE),
        *(one.format(**words) for one in STUDIO),
    ]
    assert [problem for address in addresses for problem in look_every_way(page, address)] == []


def test_every_page_of_the_administration_is_accessible(house: House, visitor: Visitor, cast: Cast) -> None:
    page = visitor(bypass_csp=True)
    sign_in(page, "mo@example.com")
    words = {"person": cast.nia.id, "category": cast.web.id}
    addresses = ["/admin" + rest.format(**words) for rest in DESK_OF_ADMINS]
    assert [problem for address in addresses for problem in look_every_way(page, address)] == []


def look_every_way(page: Page, address: str) -> list[str]:
    """What is wrong with a page on a desk and on a phone, in light and in dark, from one load of it."""
    answer = page.goto(address)
    found = [] if answer is not None and answer.ok else [f"{address}: not there"]
    for size, scheme, options in ((DESK, "light", None), (DESK, "dark", CONTRAST), (PHONE, "dark", None)):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.evaluate(SETTLED)
        found += [f"{size['width']} px, {scheme}: {problem}" for problem in inspect(page, address, options)]
    page.set_viewport_size({"width": 360, "height": 740})
    return found + measure(page, address)


def look(page: Page, address: str) -> list[str]:
    """What axe and a ruler find wrong with a page."""
    page.goto(address)
    return inspect(page, address)


def inspect(page: Page, address: str, options: dict[str, list[str]] | None = None) -> list[str]:
    """What axe and a ruler find wrong with the page as it is shown now."""
    found = [
        f"{address}: {violation['id']}: {violation['nodes'][0]['html'][:160]}"
        for violation in Axe().run(page, options=options or EVERYTHING).response["violations"]
    ]
    return found + measure(page, address)


def measure(page: Page, address: str) -> list[str]:
    """By how much the page is too wide for the window, if it is."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{address}: {wide} px too wide"] if wide > 0 else []
