"""axe finds nothing on any page of the journey, at both widths, light and dark; nothing overflows."""

import re
from collections import Counter
from pathlib import Path

import pytest

from models import BackupRecord, Review, User, db, now
from tests import accessibility
from tests.accessibility import ALL_WAYS, SMALL_PHONE, WINDOWS, every_way, look_every_way, overflow
from tests.bundles.making import make_bundle
from tests.cast import Cast
from tests.house.stage import coupons, disputed
from tests.journeys import films
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import Visitor, sign_in
from tests.payouts.making import settled

STRANGER = (
    "/", "/courses", "/courses?q=flask", "/courses?q=flsk", "/courses?level=advanced&q=zzz",
    "/courses/flask-first-steps", "/courses/reading-code", "/categories/web", "/creators/ada", "/login",
    "/register", "/forgot-password", "/learn/flask-first-steps/hello-flask",
    "/learn/flask-first-steps/routes", "/teach", "/about", "/contact", "/cart",
)  # fmt: skip
LEARNER = (
    "/learn", "/learn/flask-first-steps/hello-flask", "/learn/flask-first-steps/forms-on-film", "/orders",
    "/orders/LN-TEST-0001", "/orders/LN-TEST-0001/refund",
    "/orders/LN-TEST-0001/particulars", "/courses/flask-first-steps", "/account", "/account/email",
    "/account/prove",
    "/account/prove/done",
    "/account/billing", "/account/notifications", "/notifications", "/wishlist", "/cart",
    "/courses/reading-code/wish",
    "/courses/reading-code/report", "/teach",
)  # fmt: skip
COURSE = (
    "/curriculum", "/media", "/analytics", "/analytics?period=12m", "/publish", "/export", "/lessons/{text}",
    "/lessons/{film}", "/lessons/{film}/captions", "/lessons/{film}/captions/en",
    "/curriculum/lessons/{text}/delete", "/curriculum/modules/{module}/edit",
)  # fmt: skip
STUDIO = (
    "/studio", "/studio/courses/import", "/studio/students", "/studio/reviews",
    "/studio/reviews/{review}/reply", "/studio/earnings", "/studio/payouts/account",
    "/studio/payouts/account/disconnect", "/studio/profile", "/studio/bundles",
    "/studio/bundles/new", "/studio/bundles/{bundle}", "/studio/bundles/{bundle}/courses",
    "/studio/bundles/{bundle}/price", "/studio/bundles/{bundle}/sharing", "/studio/bundles/{bundle}/publish",
    "/studio/bundles/{bundle}/delete", "/studio/bundles/{bundle}/analytics",
    "/studio/bundle-requests",
    "/studio/payouts", "/studio/payouts/{payout}", "/studio/payouts/particulars",
    "/studio/payouts/years/2026",
    "/studio/coupons", "/studio/coupons/new", "/studio/coupons/{coupon}", "/studio/coupons/{coupon}/edit",
)  # fmt: skip
DESK_OF_ADMINS = (
    "", "/analytics",
    "/users", "/users/{person}", "/orders", "/orders/LN-TEST-0001", "/disputes", "/disputes/{dispute}",
    "/disputes/{dispute}/send", "/documents", "/categories",
    "/categories/{category}", "/emails", "/webhooks", "/jobs", "/media", "/backups",
    "/backups?state=failed", "/audit", "/settings",
    "/settings/look", "/settings/rules", "/settings/seller", "/settings/tax", "/settings/currency",
    "/settings/refunds", "/withdrawals",
    "/settings/checkout", "/settings/sign-in", "/tax", "/tax/one-stop-shop",
    "/payouts", "/payouts/plan", "/payouts/holds", "/payouts/{payout}", "/payouts/{payout}/reverse",
    "/payouts/adjust", "/settings/payouts", "/books", "/books/findings",
    "/settings/featured", "/coupons", "/coupons/new", "/coupons/{shop_coupon}",
    "/coupons/{shop_coupon}/edit",
)  # fmt: skip

# A page with faults, and in which width or scheme each of them shows.
FAULTY = """<!DOCTYPE html><html lang="en"><head><title>Faults</title><style>
body { color: #000; background: #fff }
@media (prefers-color-scheme: dark) { body { color: #fff; background: #000 } .night { color: #222 } }
@media (prefers-color-scheme: light) { .day { color: #ddd } }
@media (width < 500px) { .narrow { width: 600px } .desk-only { display: none } }
@media (width > 500px) { .broad { color: #777; background: #888 } .phone-only { display: none } }
</style></head><body><main><h1>Faults</h1><h3>Skipped</h3><input><button class="phone-only"></button>
<button class="desk-only"></button><p class="night">At night</p><p class="day">By day</p>
<p class="narrow">Narrow</p><p class="broad">Broad</p></main></body></html>"""
FAULTS = {
    "heading-order": "",
    "<input>": "",
    'class="phone-only"': "390",
    'class="desk-only"': "1280",
    'class="night"': "dark",
    'class="day"': "light",
    'class="broad"': "1280",
    "too wide": "390",
}

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


def test_every_window_is_tried_by_several_journeys() -> None:
    sources = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    named = Counter(re.findall(r'"((?:no-)?js-\w+)"', "".join(re.findall(r"@tried_with\(.*\)", sources))))
    assert {name: named[name] for name in WINDOWS if named[name] < 3} == {}


def test_a_page_that_is_not_there_is_accessible(visitor: Visitor) -> None:
    page = visitor(bypass_csp=True)
    page.goto("/no-such-page")
    assert every_way(page) == []


def test_nothing_overflows_a_small_phone(house: House, visitor: Visitor, cast: Cast) -> None:
    """Loaded at this width; every other test comes to it from a wider one."""
    page = visitor(viewport=SMALL_PHONE)
    for address in ("/", "/courses", "/courses/flask-first-steps", "/login"):
        page.goto(address)
        assert overflow(page) == [], address


def test_a_fault_of_one_width_or_scheme_is_seen_there(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visitor()
    page.set_content(FAULTY)
    monkeypatch.setattr(accessibility, "ways", lambda _address: ALL_WAYS)
    found = [problem.removeprefix(f"{page.url}, ").split(": ", 1) for problem in every_way(page)]
    names = [f"{size['width']} px, {scheme}" for size, scheme in ALL_WAYS]
    for fault, only in FAULTS.items():
        seen = {name for name, problem in found if fault in problem and " px, " in name}
        assert seen == {name for name in names if only in name}, fault


def test_every_page_of_the_studio_is_accessible(
    house: House, visitor: Visitor, cast: Cast, tmp_path: Path
) -> None:
    films.shoot(tmp_path / "film.mp4", seconds=2)
    films.show(house.app, cast.video_lesson.id, tmp_path / "film.mp4")
    with house.app.app_context():
        review = Review(user_id=cast.bo.id, product_id=cast.flask_course.id, rating=4, comment="Clear.")
        db.session.add(review)
        bundle = make_bundle(cast, [cast.flask_course.id, cast.draft_course.id]).id
        db.session.commit()
        words = {
            "text": cast.text_lesson.id, "film": cast.video_lesson.id, "module": cast.text_lesson.module_id,
            "review": review.id, "bundle": bundle, **coupons(cast),
            "payout": settled(db.session.get_one(User, cast.ada.id)).id,
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
        words = {
            "person": cast.nia.id, "category": cast.web.id, **coupons(cast), "dispute": disputed(cast),
            "payout": settled(db.session.get_one(User, cast.ada.id)).id,
        }  # fmt: skip
        db.session.commit()
    addresses = ["/admin" + rest.format(**words) for rest in DESK_OF_ADMINS]
    assert [problem for address in addresses for problem in look_every_way(page, address)] == []
