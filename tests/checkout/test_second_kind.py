"""Cards, search, wishlist, reviews, moderation and analytics ask for products, whatever their kind."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import cast as as_type

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from domain.analytics import daily_counts
from domain.base import clock
from domain.cart import wishlist
from domain.catalog import counters
from domain.catalog.index import search
from domain.community import reviews
from models import (
    Course,
    CourseAnalytics,
    DailySales,
    EmailMessage,
    ModerationItem,
    Notification,
    Product,
    ProductStatus,
    Review,
    User,
    db,
)
from tests.cast import Cast
from tests.checkout.shop import Shop
from tests.decisions import carried_out_at_once
from tests.fixtures import Databases
from tests.second_kind import SLUG, put_kit_on_sale, second_kind

__all__ = ["carried_out_at_once"]
# Kits have no class of their own, of which SQLAlchemy warns.
pytestmark = pytest.mark.filterwarnings("ignore:Flushing object")
Browser = Callable[[User], FlaskClient]
PAGE = f"/kits/{SLUG}"


@pytest.fixture
def kit(app: Flask, cast: Cast, databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Iterator[Product]:
    """A kit on sale."""
    with second_kind(app, monkeypatch) as kind:
        with app.test_request_context(method="POST"):
            made = put_kit_on_sale(cast, kind)
            db.session.commit()
            db.session.refresh(made)
            db.session.expunge(made)
        yield made
    databases.shape = None


def test_found_and_shown_as_a_card(app: Flask, kit: Product) -> None:
    for address in ("/", "/courses", "/courses?q=zephyr", "/categories/web", "/creators/ada"):
        page = app.test_client().get(address).text
        assert f'href="{PAGE}">Zephyr kit</a>' in page, address
        assert "<li>Kit</li>" in page, address
    assert PAGE in app.test_client().get("/sitemap.xml").text
    assert PAGE in app.test_client().get("/feed.xml").text


@pytest.mark.parametrize("chosen", ["duration=under-1h", "language=en", "technology=flask"])
def test_what_only_courses_have_finds_no_kit(app: Flask, kit: Product, chosen: str) -> None:
    page = app.test_client().get(f"/courses?{chosen}").text
    assert "Zephyr kit" not in page
    assert "Zephyr kit" in app.test_client().get("/courses?price=under-30&level=beginner").text


def buy(shop: Shop, buyer: User, kit: Product) -> str:
    """Buy the kit at Stripe; the number of the order."""
    session_id = shop.buy(shop.signed_in(buyer), as_type(Course, kit))
    shop.hear()
    return shop.order(session_id).number


def told(app: Flask, user: User) -> list[str]:
    """What the notifications of `user` say and where they lead."""
    with app.app_context():
        query = db.select(Notification).where(Notification.user_id == user.id)
        return [f"{n.title} {n.message} {n.action_url} {n.action_label}" for n in db.session.scalars(query)]


def test_bought_in_its_own_words(
    app: Flask, shop: Shop, cast: Cast, kit: Product, signed_in: Browser
) -> None:
    number = buy(shop, cast.cy, kit)
    cy = signed_in(cast.cy)
    receipt = cy.get(f"/orders/{number}").text
    assert f'href="{PAGE}/open"' in receipt
    assert "Open the kit" in receipt
    assert "course" not in receipt.split("<main", 1)[1].split("</main>")[0]
    again = cy.post("/checkout", data={"product": str(kit.id)})
    assert again.location == f"{PAGE}/open"
    own = signed_in(cast.ada).post("/checkout", data={"product": str(kit.id)})
    assert own.status_code == 422
    assert "This is your own kit." in own.text
    with app.app_context():
        sent = db.session.scalars(db.select(EmailMessage).where(EmailMessage.template == "receipt")).one()
        assert f"{PAGE}/open" in str(sent.data)


def test_on_the_wishlist(app: Flask, shop: Shop, cast: Cast, kit: Product, signed_in: Browser) -> None:
    cy = signed_in(cast.cy)
    assert cy.get(f"/courses/{SLUG}/wish").status_code == 200
    assert cy.post(f"/courses/{SLUG}/wish", data={"wished": "yes"}).location == PAGE
    assert f'<a href="{PAGE}">Zephyr kit</a>' in cy.get("/wishlist").text
    ends = clock.now() + timedelta(days=3)
    sale = {"sale_price_cents": 1900, "reference_price_cents": 2900, "sale_ends_at": ends}
    with app.test_request_context(method="POST"):
        db.session.execute(update(Product).where(Product.id == kit.id).values(sale))
        db.session.commit()
        wishlist.tell_of_sale(str(kit.id))
        db.session.commit()
    (word,) = told(app, cast.cy)
    assert "This kit is on your wishlist." in word
    assert word.endswith(f"{PAGE} See the kit")
    buy(shop, cast.cy, kit)
    assert "Zephyr kit" not in cy.get("/wishlist").text
    assert "You already own this kit." in cy.get(f"/courses/{SLUG}/wish").text


@pytest.mark.usefixtures("carried_out_at_once")
def test_reviewed_by_who_has_it(app: Flask, shop: Shop, cast: Cast, kit: Product, signed_in: Browser) -> None:
    cy, ada = signed_in(cast.cy), signed_in(cast.ada)
    write = f"/courses/{SLUG}/review"
    assert "Only people who own this kit can review it." in cy.get(write).text
    assert "You can’t review your own kit." in ada.get(write).text
    buy(shop, cast.cy, kit)
    assert cy.post(write, data={"rating": "4", "comment": "Neat."}).location == f"{PAGE}#reviews"
    with app.app_context():
        review = db.session.scalars(db.select(Review).where(Review.product_id == kit.id)).one()
        found = db.session.get_one(Product, kit.id)
        assert (found.rating_count, found.rating_avg) == (1, 4)
    assert "Zephyr kit" in ada.get("/studio/reviews").text
    assert ada.post(f"/studio/reviews/{review.id}/reply", data={"reply": "Thanks."}).status_code == 303
    assert any(f"{PAGE}#reviews" in word for word in told(app, cast.cy))
    una = signed_in(cast.una)
    assert una.post(f"/reviews/{review.id}/helpful", data={"helpful": "yes"}).location.startswith(f"{PAGE}#")
    bo = signed_in(cast.bo)
    assert bo.post(f"/reviews/{review.id}/report", data={"reason": "spam"}).status_code == 303
    assert bo.post(f"/reviews/{review.id}/reply/report", data={"reason": "spam"}).status_code == 303
    decide_all(app, cast, signed_in, "hidden")
    with app.test_request_context(method="POST"):
        assert db.session.get_one(Product, kit.id).rating_count == 0
        assert reviews.recount_all() == 0
    assert cy.post(f"{write}/delete").status_code == 303


def decide_all(app: Flask, cast: Cast, signed_in: Browser, verdict: str) -> None:
    """Decide every item of the queue, as an admin does who then waits ten seconds."""
    mo = signed_in(cast.mo)
    with app.app_context():
        items = list(
            db.session.scalars(db.select(ModerationItem.id).where(ModerationItem.closed_at.is_(None)))
        )
    for item in items:
        page = mo.get(f"/admin/moderation/{item}")
        assert page.status_code == 200
        assert f'href="{PAGE}"' in page.text
        sent = mo.post(f"/admin/moderation/{item}/decide", data={"verdict": verdict, "notes": "No."})
        assert sent.status_code == 303, sent.text
    with app.app_context():
        assert db.session.scalars(db.select(ModerationItem.verdict)).all() == [verdict] * len(items)


@pytest.mark.usefixtures("carried_out_at_once")
def test_reported_and_taken_off_sale(
    app: Flask, shop: Shop, cast: Cast, kit: Product, signed_in: Browser
) -> None:
    cy = signed_in(cast.cy)
    assert "Report this kit" in cy.get(f"/courses/{SLUG}/report").text
    assert cy.post(f"/courses/{SLUG}/report", data={"reason": "spam"}).location == PAGE
    assert "You’ve reported this kit." in cy.get(f"/courses/{SLUG}/report").text
    assert "This is your own kit." in signed_in(cast.ada).get(f"/courses/{SLUG}/report").text
    decide_all(app, cast, signed_in, "hidden")
    with app.app_context():
        assert db.session.get_one(Product, kit.id).status == ProductStatus.ARCHIVED
    assert any(f"/studio/kits/{kit.id}" in word for word in told(app, cast.ada))
    assert any("the kit you reported" in word and PAGE in word for word in told(app, cast.cy))
    assert "Zephyr kit" not in app.test_client().get("/courses").text


def test_counted(app: Flask, shop: Shop, cast: Cast, kit: Product, signed_in: Browser) -> None:
    number = buy(shop, cast.cy, kit)
    signed_in(cast.cy).post(f"/courses/{SLUG}/review", data={"rating": "5", "comment": ""})
    today = clock.now().date()
    with app.test_request_context(method="POST"):
        daily_counts.correct(str(kit.id))
        db.session.commit()
        assert list(daily_counts.count(today, today)) == [1]
        sold = db.session.scalars(db.select(DailySales).where(DailySales.date == today)).one()
        assert (sold.sales, sold.gross_cents) == (1, 2900)
        day = db.session.scalars(db.select(CourseAnalytics).where(CourseAnalytics.date == today)).one()
        assert (day.course_id, day.sales, day.revenue_cents) == (cast.flask_course.id, 1, 2900)
        assert (counters.recount_purchases(), counters.recount_holders()) == (0, 0)
        assert list(search.reindex_all())
    assert number in signed_in(cast.mo).get("/admin/orders").text
    assert number in signed_in(cast.ada).get("/studio/earnings").text
    for address in ("/admin", "/studio", "/studio/courses", "/studio/students"):
        assert signed_in(cast.mo if address == "/admin" else cast.ada).get(address).status_code == 200
