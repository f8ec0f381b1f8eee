"""The page of a bundle: what each reader pays, owns and may do, and buying it."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.learning import enrollment
from models import AccessGrant, Bundle, Course, GrantSource, Product, PurchaseShare, User, db
from tests.bundles.making import make_bundle, make_course
from tests.cast import Cast
from tests.checkout.conftest import shop as shop
from tests.checkout.shop import Shop
from tests.coupons.making import coupon

Browser = Callable[[User], FlaskClient]
PAGE = "/bundles/web-bundle"


@pytest.fixture
def bundle(app: Flask, cast: Cast) -> Product:
    """A bundle for 30 $ of Ada's Flask course (19 $) and another (21 $)."""
    with app.test_request_context(method="POST"):
        other = make_course(cast, "Deeper routes", 2100)
        made = make_bundle(cast, [cast.flask_course.id, other.id], price=3000)
        db.session.commit()
        db.session.refresh(made)
        db.session.expunge(made)
    return made


def test_a_visitor_sees_the_whole_price(app: Flask, bundle: Product) -> None:
    answer = app.test_client().get(PAGE)
    assert answer.status_code == 200
    assert "Bundle of 2 courses" in answer.text
    assert "$30.00" in answer.text
    assert "You save $10.00" in answer.text
    assert "$19.00 by itself" in answer.text
    assert '"hasPart"' in answer.text
    assert "/register" in answer.text


def test_an_owner_pays_for_the_rest(shop: Shop, cast: Cast, bundle: Product) -> None:
    bo = shop.signed_in(cast.bo)  # who has the Flask course
    page = bo.get(PAGE).text
    assert "Yours already" in page
    assert "You own 1 course of it already" in page
    assert 'name="seen_price" value="1575"' in page
    session_id = shop.buy(bo, as_course(bundle))
    shop.hear()
    order = shop.order(session_id)
    assert order.total_cents == 1575
    assert shop.count(PurchaseShare, PurchaseShare.purchase_id == order.purchases[0].id) == 1
    assert shop.count(AccessGrant, AccessGrant.purchase_id == order.purchases[0].id) == 1
    assert "You already own this bundle." in bo.get(PAGE).text


def as_course(bundle: Product) -> Course:
    """For helpers that read an id alone."""
    return bundle  # type: ignore[return-value]


def test_who_owns_all_of_it_pays_nothing(app: Flask, cast: Cast, bundle: Product, signed_in: Browser) -> None:
    with app.test_request_context(method="POST"):
        for course in db.session.scalars(db.select(Course).where(Course.creator_id == cast.ada.id)):
            grant = AccessGrant(
                user_id=cast.cy.id, course_id=course.id, source=GrantSource.FREE, source_id=course.id,
                granted_at=course.created_at,
            )  # fmt: skip
            db.session.add(grant)
            enrollment.enroll(cast.cy.id, course.id)
        db.session.commit()
    page = signed_in(cast.cy).get(PAGE).text
    assert "You already own every course in this bundle." in page
    assert "Buy now" not in page.split("<main", 1)[1]


def test_a_free_bundle_is_taken(app: Flask, cast: Cast, bundle: Product, signed_in: Browser) -> None:
    with app.test_request_context(method="POST"):
        db.session.get_one(Bundle, bundle.id).price_cents = 0
        db.session.commit()
    assert "Get these courses" in app.test_client().get(PAGE).text
    cy = signed_in(cast.cy)
    assert cy.post(f"{PAGE}/take").location == PAGE
    assert "You already own this bundle." in cy.get(PAGE).text
    assert app.test_client().post(f"{PAGE}/take").status_code in (303, 400)


def test_hidden_ones_are_unknown_to_strangers(
    app: Flask, cast: Cast, bundle: Product, signed_in: Browser
) -> None:
    with app.test_request_context(method="POST"):
        db.session.get_one(Bundle, bundle.id).status = "draft"
        db.session.commit()
    assert app.test_client().get(PAGE).status_code == 404
    assert signed_in(cast.cy).get(PAGE).status_code == 404
    assert "Only its creator" in signed_in(cast.ada).get(PAGE).text
    assert app.test_client().get("/bundles/nothing").status_code == 404
    assert app.test_client().get("/bundles/flask-first-steps").status_code == 404


def test_course_pages_name_their_bundles(app: Flask, cast: Cast, bundle: Product, signed_in: Browser) -> None:
    page = app.test_client().get("/courses/flask-first-steps").text
    assert f'href="{PAGE}"' in page
    assert "2 courses for $30.00, $10.00 less than one by one" in page
    with app.test_request_context(method="POST"):
        db.session.get_one(Bundle, bundle.id).visibility = "private"
        db.session.commit()
    assert PAGE not in app.test_client().get("/courses/flask-first-steps").text


def test_the_catalogue_filters_by_kind(app: Flask, bundle: Product) -> None:
    page = app.test_client().get("/courses?kind=bundle").text
    assert f'href="{PAGE}"' in page
    assert 'href="/courses/flask-first-steps"' not in page
    page = app.test_client().get("/courses?kind=course").text
    assert 'href="/courses/flask-first-steps"' in page
    assert f'href="{PAGE}"' not in page


def test_the_page_says_what_a_code_saves(app: Flask, bundle: Product) -> None:
    with app.test_request_context(method="POST"):
        coupon()
        db.session.commit()
    page = app.test_client().get(f"/bundles/{bundle.slug}?code=welcome10").text
    assert "“WELCOME10” takes $3.00 off. That leaves $27.00." in " ".join(page.split())
