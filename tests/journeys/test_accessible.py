"""axe finds nothing on any page of the journey, at both widths, light and dark; nothing overflows."""

from pathlib import Path

import pytest

from models import BackupRecord, Review, db, now
from tests.cast import Cast
from tests.eyes import SMALL_PHONE, every_way, look_every_way, overflow
from tests.journeys import films
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import Visitor, sign_in

STRANGER = (
    "/", "/courses", "/courses?q=flask", "/courses?q=flsk", "/courses?level=advanced&q=zzz",
    "/courses/flask-first-steps", "/courses/reading-code", "/categories/web", "/creators/ada", "/login",
    "/register", "/forgot-password", "/learn/flask-first-steps/hello-flask",
    "/learn/flask-first-steps/routes", "/teach", "/about", "/contact",
)  # fmt: skip
LEARNER = (
    "/learn", "/learn/flask-first-steps/hello-flask", "/learn/flask-first-steps/forms-on-film", "/orders",
    "/orders/LN-TEST-0001", "/courses/flask-first-steps", "/account", "/account/security", "/account/email",
    "/account/notifications", "/notifications", "/wishlist", "/courses/reading-code/wish",
    "/courses/reading-code/report", "/teach", "/session/back",
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
    "/categories/{category}", "/emails", "/webhooks", "/jobs", "/media", "/backups",
    "/backups?state=failed", "/audit", "/settings",
    "/settings/look", "/settings/rules", "/settings/featured",
)  # fmt: skip

pytestmark = pytest.mark.once


def test_every_page_of_the_journey_is_accessible(
    house: House, visitor: Visitor, cast: Cast, tmp_path: Path
) -> None:
    films.shoot(tmp_path / "film.mp4")
    films.show(house.app, cast.video_lesson.id, tmp_path / "film.mp4")
    page = visitor(bypass_csp=True)
    problems = [problem for address in STRANGER for problem in look_every_way(page, address)]
    sign_in(page, "bo@example.com")
    problems += [problem for address in LEARNER for problem in look_every_way(page, address)]
    assert problems == []


def test_a_page_that_is_not_there_is_accessible(visitor: Visitor) -> None:
    page = visitor(bypass_csp=True)
    page.goto("/no-such-page")
    assert every_way(page) == []


@pytest.mark.parametrize("address", ["/", "/courses", "/courses/flask-first-steps", "/login"])
def test_nothing_overflows_a_small_phone(house: House, visitor: Visitor, cast: Cast, address: str) -> None:
    page = visitor(viewport=SMALL_PHONE)
    page.goto(address)
    assert overflow(page) == []


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
    with house.app.app_context():
        db.session.add(
            BackupRecord(
                name="20261129T020000Z-daily", kind="daily", made_at=now(), proved_at=now(), proof_ok=False,
                proof_problems=["A file is missing."],
            )
        )  # fmt: skip
        db.session.add(BackupRecord(kind="daily", made_at=now(), problem="The disk is full."))
        db.session.commit()
    words = {"person": cast.nia.id, "category": cast.web.id}
    addresses = ["/admin" + rest.format(**words) for rest in DESK_OF_ADMINS]
    assert [problem for address in addresses for problem in look_every_way(page, address)] == []
