"""What is said before somebody pays is what they get: the price they saw, and what opens when."""

import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine

from domain.base import clock
from domain.learning import access
from domain.platform import settings
from models import (
    AuditEntry,
    Course,
    EmailMessage,
    GrantSource,
    Notification,
    NotificationKind,
    Order,
    PlatformSettings,
    Product,
    course_prerequisites,
    db,
)
from tests.cast import START, Cast
from tests.checkout.shop import Shop

PAGE = "/courses/flask-first-steps"
LOCKED = "Opens after you finish “Reading code” ($21.00)."
OWNED = "Opens after you finish “Reading code”."


def lock(shop: Shop, cast: Cast, price_cents: int = 2100) -> None:
    """Lock the Flask course by the free one, at a price."""
    with shop.database() as session:
        session.execute(
            course_prerequisites.insert().values(
                course_id=cast.flask_course.id, prerequisite_id=cast.free_course.id, locks_since=START
            )
        )
        session.get_one(Course, cast.free_course.id).price_cents = price_cents


def words(html: str) -> str:
    """The text of a page, without tags."""
    return " ".join(unescape(re.sub("<[^>]+>", " ", html)).split())


def test_a_lock_is_said_in_the_same_words_before_and_after_paying(shop: Shop, cast: Cast) -> None:
    lock(shop, cast)
    cy = shop.signed_in(cast.cy)
    page = cy.get(PAGE).text
    assert LOCKED in words(page)
    assert "See “Reading code”" in words(page)
    bar = page[page.index('class="buy-bar"') :]
    assert LOCKED in words(bar)
    assert page.count('name="seen_lock" value="yes"') == 2  # the box, and the phone's bar
    cy.post(f"{PAGE}/wish", data={"wished": "yes"})
    wish = cy.get("/wishlist").text
    assert ('action="/checkout"' in wish, 'name="seen_lock"' in wish) == (True, False)
    asked = shop.click(cy, cast.flask_course)  # from a page that didn't say it
    assert (asked.status_code, LOCKED in words(asked.text)) == (409, True)
    assert shop.count(Order) == 1  # Bo's: nothing is begun before they know
    press = {"product": str(cast.flask_course.id), "seen_price": "1900", "seen_lock": "yes"}
    session_id = shop.session_in(cy.post("/checkout", data=press))
    shop.stripe.pay(session_id, "card")
    success = words(shop.back(cy, session_id).text)
    assert LOCKED in success
    assert "Start now" not in success
    number = shop.order(session_id).number
    pages = {
        "order": cy.get(f"/orders/{number}"), "My learning": cy.get("/learn"), "course": cy.get(PAGE),
        "lessons": cy.get("/learn/flask-first-steps"), "lesson": cy.get("/learn/flask-first-steps/routes"),
    }  # fmt: skip
    for name, answer in pages.items():
        assert LOCKED in words(answer.text), name
        assert "Start learning" not in answer.text, name
    assert [answer.status_code for answer in pages.values()] == [200, 200, 200, 403, 403]
    assert cy.get("/learn/flask-first-steps/hello-flask").status_code == 200
    for template in ("receipt", "welcome_to_course"):
        (message,) = shop.mails(template, cast.cy)
        assert LOCKED in str(message.data), template


def test_finishing_what_locks_a_course_opens_it_and_says_so_once(shop: Shop, cast: Cast) -> None:
    lock(shop, cast, price_cents=0)
    cy = shop.signed_in(cast.cy)
    press = {"product": str(cast.flask_course.id), "seen_lock": "yes"}
    session_id = shop.session_in(cy.post("/checkout", data=press))
    shop.stripe.pay(session_id, "card")
    shop.back(cy, session_id)
    cy.post("/learn/reading-code/enroll")
    assert OWNED in words(cy.get(PAGE).text)
    for _ in range(2):
        cy.post("/learn/reading-code/why-read/complete")
        shop.work()
    assert cy.get("/learn/flask-first-steps/routes").status_code == 200
    told = (Notification.user_id == cast.cy.id, Notification.kind == NotificationKind.COURSE_OPENED)
    assert shop.count(Notification, *told) == 1
    assert "Start learning" in cy.get(PAGE).text
    assert shop.count(EmailMessage, EmailMessage.template == "notification") == 1


def test_a_creator_makes_a_prerequisite_a_lock_and_advice_again(shop: Shop, cast: Cast) -> None:
    ada, home = shop.signed_in(cast.ada), f"/studio/courses/{cast.flask_course.id}"
    ada.post(f"{home}/required", data={"course": str(cast.free_course.id)})
    other = f"{home}/required/{cast.free_course.id}/lock"
    table = course_prerequisites
    for on, is_lock in (("yes", True), ("yes", True), ("", False), ("yes", True)):
        assert ada.post(other, data={"on": on}).status_code == 303
        assert shop.count(table, table.c.locks_since.is_not(None)) == int(is_lock)
    assert shop.count(AuditEntry, AuditEntry.action.in_(["lock_by_course", "unlock_course"])) == 3
    assert "Locks that can be opened" not in ada.get(f"{home}/publish").text
    with shop.database() as session:
        session.get_one(Course, cast.free_course.id).lesson_count = 0
        # A circle, which the page refuses to close.
        back = {"course_id": cast.free_course.id, "prerequisite_id": cast.flask_course.id}
        session.execute(table.insert().values(back))
    assert "it’s only advice for now" in ada.get(f"{home}/publish").text
    ada.post(other, data={"on": ""})
    ada.post(other, data={"on": "yes"})
    assert shop.count(table, table.c.locks_since.is_not(None)) == 0
    assert shop.signed_in(cast.nia).post(other, data={"on": "yes"}).status_code == 404


@pytest.mark.parametrize(
    ("now", "seen", "asked"),
    [(2500, "1900", True), (1500, "1900", False), (2500, "", False), (2500, "x", False)],
)
def test_a_price_that_rose_is_said_before_stripes_page(
    shop: Shop, cast: Cast, now: int, seen: str, asked: bool
) -> None:
    cy = shop.signed_in(cast.cy)
    page = cy.get(PAGE).text
    assert (
        page.count('name="seen_price" value="1900"') == page.count('action="/checkout"') == 2
    )  # box and bar
    with shop.database() as session:
        session.get_one(Product, cast.flask_course.id).price_cents = now
    press = {"product": str(cast.flask_course.id), "seen_price": seen}
    answer = cy.post("/checkout", data=press)
    if asked:
        assert answer.status_code == 409
        assert "Price before $19.00 Price now $25.00" in words(answer.text)
        assert 'name="seen_price" value="2500"' in answer.text
        answer = cy.post("/checkout", data={**press, "seen_price": "2500"})
    assert shop.order(shop.session_in(answer)).total_cents == now


def test_a_sale_that_ended_since_the_click_is_asked_about_on_the_order_page_too(
    shop: Shop, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cy = shop.signed_in(cast.cy)
    with shop.database() as session:
        course = session.get_one(Product, cast.flask_course.id)
        course.sale_price_cents, course.sale_ends_at = 1500, clock.now() + timedelta(hours=1)
    number = shop.order(shop.open(cy, cast.flask_course)).number
    page = cy.get(f"/orders/{number}").text
    assert 'name="seen_price" value="1500"' in page
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    answer = cy.post("/checkout", data={"product": str(cast.flask_course.id), "seen_price": "1500"})
    assert (answer.status_code, "Price now $19.00" in words(answer.text)) == (409, True)


def test_a_payment_on_its_way_is_shown_instead_of_the_button(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    session_id = shop.buy(cy, cast.flask_course, "later_succeeds")
    shop.back(cy, session_id)
    number = shop.order(session_id).number
    page = cy.get(PAGE).text
    assert "Your payment is on its way." in page
    assert f'href="/orders/{number}"' in page
    assert 'action="/checkout"' not in page.split('id="buy-box"')[1].split("</aside>")[0]
    assert "Your payment for “Flask, first steps” is on its way." in words(cy.get("/learn").text)
    assert "on its way" not in shop.signed_in(cast.bo).get("/learn").text
    shop.stripe.settle(session_id)
    shop.hear()
    assert "on its way" not in cy.get("/learn").text


def test_how_to_change_ones_mind_is_said_where_it_is_promised(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    terms = "Ask for a refund within 30 days of buying"
    assert terms in words(cy.get(PAGE).text)
    session_id = shop.buy(cy, cast.flask_course)
    shop.back(cy, session_id)
    order = shop.order(session_id)
    link = f"/orders/{order.number}/refund"
    (receipt,) = shop.mails("receipt", cast.cy)
    for page in (cy.get(f"/orders/{order.number}").text, str(receipt.data)):
        assert terms in words(page)
        assert link in page
    with shop.database() as session:  # who bought keeps the days that were promised
        session.get_one(PlatformSettings, 1).refund_window_days = 5
        settings.forget()
    with time_machine.travel(clock.now() + timedelta(days=29)):
        assert link in shop.signed_in(cast.cy).get(f"/orders/{order.number}").text
    with time_machine.travel(clock.now() + timedelta(days=31)):
        assert link not in shop.signed_in(cast.cy).get(f"/orders/{order.number}").text
    with shop.database() as session:
        session.get_one(PlatformSettings, 1).refund_window_days = 0
        settings.forget()
    assert "change your mind" not in shop.app.test_client().get(PAGE).text


def test_what_somebody_has_looks_it_in_every_list(shop: Shop, cast: Cast) -> None:
    bo, cy = shop.signed_in(cast.bo), shop.signed_in(cast.cy)
    bo.post("/learn/flask-first-steps/routes/complete")
    for path in ("/", "/courses", "/courses?q=flask", "/creators/ada", "/categories/web"):
        card = bo.get(path).text.split('id="card-flask-first-steps"')[1].split("</article>")[0]
        assert "Yours" in card, path
        assert "Continue, 25%" in card, path
        assert "$19.00" not in card, path
        other = cy.get(path).text.split('id="card-flask-first-steps"')[1].split("</article>")[0]
        assert ("Yours" in other, "$19.00" in other) == (False, True), path
    start = bo.get("/").text
    assert start.index('id="continue"') < start.index('id="hero-title"')
    assert "Routes" in start.split('id="continue"')[1].split("</section>")[0]
    assert 'id="continue"' not in cy.get("/").text


def test_totals_count_people_once(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    for course in (cast.flask_course, cast.free_course):
        with shop.app.app_context():
            access.grant(cast.cy.id, course.id, GrantSource.COMPLIMENTARY, course.id)
            db.session.commit()
    assert "2 students" in words(cy.get("/creators/ada").text)  # Bo, and Cy with both
    assert "Learners 2" in words(shop.signed_in(cast.ada).get("/studio").text)
