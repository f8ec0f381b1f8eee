"""One unbroken word of a hundred and more letters widens no page on a phone, wherever people can write it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from models import (
    Caption,
    Category,
    Course,
    CreatorProfile,
    EmailMessage,
    Lesson,
    MediaAsset,
    ModerationItem,
    Module,
    Notification,
    Order,
    Purchase,
    Resource,
    Review,
    Tag,
    User,
    db,
)
from tests.accessibility import PHONE, overflow
from tests.cast import Cast
from tests.house.stage import fill
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import sign_in

WORD = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerk" * 2 + "xy"
PLACES = {
    "out": (
        "/", "/courses", "/courses?q=" + WORD, "/courses/flask-first-steps", "/categories/web",
        "/creators/ada",
    ),
    "bo": (
        "/courses/flask-first-steps", "/learn", "/learn/flask-first-steps/routes",
        "/learn/flask-first-steps/forms-on-film", "/wishlist", "/cart", "/orders", "/orders/LN-TEST-0001",
        "/account",
        "/account/security", "/account/email", "/notifications", "/courses/flask-first-steps/review",
    ),
    "ada": (
        "/studio", "/studio/courses", "/studio/courses/{course}", "/studio/courses/{course}/curriculum",
        "/studio/courses/{course}/media", "/studio/courses/{course}/pricing",
        "/studio/courses/{course}/publish",
        "/studio/courses/{course}/analytics", "/studio/courses/{course}/export",
        "/studio/courses/{course}/lessons/{text}", "/studio/courses/{course}/lessons/{film}",
        "/studio/courses/{course}/lessons/{film}/captions/en", "/studio/students", "/studio/reviews",
        "/studio/reviews/{others_review}/reply", "/studio/earnings", "/studio/payouts/account",
        "/studio/profile", "/studio/coupons", "/studio/coupons/{coupon}", "/studio/coupons/new",
        "/studio/payouts", "/studio/payouts/{payout}",
    ),
    "mo": (
        "/admin", "/admin/users", "/admin/users/{person}", "/admin/orders", "/admin/orders/LN-TEST-0001",
        "/admin/categories", "/admin/emails", "/admin/emails/{message}", "/admin/moderation",
        "/admin/moderation/{item}", "/admin/moderation/{course_item}", "/admin/media", "/admin/audit",
        "/admin/payouts", "/admin/payouts/plan", "/admin/payouts/{payout}", "/admin/payouts/adjust",
        "/admin/settings/featured", "/admin/coupons", "/admin/coupons/{shop_coupon}",
    ),
}  # fmt: skip

pytestmark = pytest.mark.once


def _lengthen() -> None:
    """Write the word wherever there is a text of people's own."""
    for course in db.session.scalars(select(Course)):
        course.title = course.summary = f"{WORD} {course.slug}"
        course.technology = WORD[:50]
        course.objectives = course.prerequisites = [WORD]
        course.description_html = f"<h2>{WORD}</h2><p>{WORD} <code>{WORD}</code></p><ul><li>{WORD}</li></ul>"
    for lesson in db.session.scalars(select(Lesson)):
        lesson.title = lesson.description = WORD
        lesson.body_html = (
            f"<p>{WORD}</p><pre><code>{WORD * 3}</code></pre>"
            f'<div class="table-scroll"><table><tr><td>{WORD}</td></tr></table></div>'
        )
    for row in db.session.scalars(select(Module)):
        row.title = row.description = WORD
    for user in db.session.scalars(select(User)):
        user.name = user.bio = WORD[:80]
        user.email = f"{user.email.partition('@')[0]}-{WORD[:50].lower()}@{WORD[:60].lower()}.example"
    for profile in db.session.scalars(select(CreatorProfile)):
        profile.headline, profile.expertise = WORD, [WORD[:60]]
    for review in db.session.scalars(select(Review)):
        review.comment = f"{WORD} https://{WORD.lower()}.example/{WORD}"
        review.reply = WORD if review.reply else ""
    for asset in db.session.scalars(select(MediaAsset)):
        asset.filename, asset.chapters = f"{WORD}.mp4", [{"start": 0, "title": WORD}]
    for caption in db.session.scalars(select(Caption)):
        caption.label = WORD[:60]
    for resource in db.session.scalars(select(Resource)):
        resource.title = WORD
    for notification in db.session.scalars(select(Notification)):
        notification.title = notification.message = WORD
    for item in db.session.scalars(select(ModerationItem)):
        item.title = WORD
    for message in db.session.scalars(select(EmailMessage)):
        message.subject, message.recipient = WORD, f"{WORD[:60]}@{WORD[:60].lower()}.example"
    for tag in db.session.scalars(select(Tag)):
        tag.name = WORD[:50]
    for category in db.session.scalars(select(Category)):
        category.name, category.description = f"{WORD[:60]}{category.slug}", WORD
    for order in db.session.scalars(select(Order)):
        order.stripe_payment_intent_id = f"pi_{order.number}{WORD}"
    for purchase in db.session.scalars(select(Purchase)):
        purchase.product_snapshot = {**purchase.product_snapshot, "title": WORD, "creator": WORD}
    db.session.commit()


def test_a_long_word_widens_no_page(house: House, visitor: Callable[..., Page], cast: Cast) -> None:
    words = fill(house.app, cast) | {"text": str(cast.text_lesson.id), "film": str(cast.video_lesson.id)}
    browsers = {name: visitor(javascript=False, viewport=PHONE) for name in PLACES}
    for name in ("bo", "ada", "mo"):
        sign_in(browsers[name], f"{name}@example.com")
    with house.app.app_context():
        _lengthen()
    found = {}
    for name, page in browsers.items():
        for address in PLACES[name]:
            answer = page.goto(address.format(**words))
            assert answer is not None
            assert answer.status == 200, address
            if wide := overflow(page):
                found[name, address] = wide
    assert found == {}
