"""The first page of the studio: how sales go, what there is to do, what is new."""

from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from domain.base import clock
from models import (
    Course,
    Earning,
    MediaAsset,
    MediaStatus,
    Product,
    ProductStatus,
    Review,
    Role,
    UpdateState,
    User,
    db,
)
from tests.cast import Cast, unguard_earnings

Browser = Callable[[User], FlaskClient]
PAGE = "/studio"


def change(app: Flask, course: Course, **values: object) -> None:
    """Change a course and commit."""
    with app.app_context():
        row = db.session.get_one(Course, course.id)
        for name, value in values.items():
            setattr(row, name, value)
        db.session.commit()


def add(app: Flask, *rows: object) -> None:
    """Write rows and commit."""
    with app.app_context():
        db.session.add_all(rows)
        db.session.commit()


def test_this_month_against_the_last(app: Flask, cast: Cast, signed_in: Browser) -> None:
    now = clock.now()
    with app.app_context():
        unguard_earnings()
        row = db.session.scalars(select(Earning)).one()
        row.created_at = now
        back = Earning(
            creator_id=cast.ada.id, share_id=row.share_id, key="undo:1", currency="usd", amount_cents=-330,
            available_at=now, created_at=now,
        )  # fmt: skip
        euros = Earning(
            creator_id=cast.ada.id, share_id=row.share_id, key="undo:2", currency="eur", amount_cents=-200,
            available_at=now, created_at=now,
        )  # fmt: skip
        db.session.add_all([back, euros])
        db.session.commit()
    page = signed_in(cast.ada).get(PAGE).text
    assert f"Earned in {now:%b %Y}" in page
    assert "<dd>$10.00</dd>" in page
    assert "$0.00 in" in page, "nothing in the month before"
    assert f"Also earned in {now:%b %Y}: −€2.00." in page
    assert "Your share by month" in page
    assert "Flask, first steps" in page.split("Latest sales")[1]


def test_months_are_those_of_the_creators_own_time_zone(app: Flask, cast: Cast, signed_in: Browser) -> None:
    from domain.base import months

    zone = months.zone_of("Pacific/Auckland")
    start = months.last(1, clock.now(), zone)[0].start
    with app.app_context():
        unguard_earnings()
        db.session.get_one(User, cast.ada.id).timezone = "Pacific/Auckland"
        db.session.scalars(select(Earning)).one().created_at = start - timedelta(seconds=1)
        db.session.commit()
    assert "$13.30 in" in signed_in(cast.ada).get(PAGE).text
    with app.app_context():
        unguard_earnings()
        db.session.scalars(select(Earning)).one().created_at = start
        db.session.commit()
    assert "<dd>$13.30</dd>" in signed_in(cast.ada).get(PAGE).text


def test_what_needs_doing(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.ada)
    assert "Nothing right now." in browser.get(PAGE).text
    change(app, cast.free_course, expires_at=clock.now() + timedelta(days=9))
    assert "leaves the catalogue" in browser.get(PAGE).text
    change(app, cast.free_course, expires_at=None, update_state=UpdateState.EDITING)
    assert "Submit the update" in browser.get(PAGE).text
    change(app, cast.free_course, update_state=UpdateState.RETURNED)
    assert "Read the notes on the update" in browser.get(PAGE).text
    change(app, cast.free_course, update_state=UpdateState.NONE, status=ProductStatus.REJECTED)
    assert "Read the reviewer’s notes" in browser.get(PAGE).text
    change(app, cast.free_course, status=ProductStatus.DRAFT)
    assert "Finish and submit" in browser.get(PAGE).text
    change(app, cast.free_course, status=ProductStatus.PUBLISHED)
    failed = MediaAsset(
        course_id=cast.flask_course.id, storage_key="x", status=MediaStatus.ERROR, error="Broken."
    )
    add(app, failed, Review(user_id=cast.bo.id, product_id=cast.flask_course.id, rating=4, comment="Fine."))
    page = browser.get(PAGE).text
    assert "couldn’t be processed" in page
    assert "1 review without a reply" in page
    assert "Fine." in page.split("Latest reviews")[1]


def test_without_a_course_the_page_says_how_to_begin(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.app_context():
        db.session.get_one(User, cast.cy.id).role = Role.CREATOR
        db.session.commit()
    page = signed_in(cast.cy).get(PAGE).text
    assert "Create your first course" in page
    assert "Latest sales" not in page


def test_another_creators_numbers_are_not_shown(app: Flask, cast: Cast, signed_in: Browser) -> None:
    add(app, Review(user_id=cast.bo.id, product_id=cast.flask_course.id, rating=4, comment="Ada alone."))
    page = signed_in(cast.nia).get(PAGE).text
    assert "Secret draft" in page
    assert "Flask, first steps" not in page
    assert "Ada alone." not in page
    assert "$13.30" not in page


def test_queries_are_few(
    app: Flask, cast: Cast, signed_in: Browser, count_queries: Callable[[], int]
) -> None:
    browser = signed_in(cast.ada)
    browser.get(PAGE)
    assert count_queries() <= 9
    with app.app_context():
        db.session.execute(db.update(Product).values(creator_id=cast.ada.id))
        db.session.commit()
    browser.get(PAGE)
    assert count_queries() <= 9
