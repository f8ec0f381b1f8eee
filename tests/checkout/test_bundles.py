"""Buying a bundle: only what the buyer doesn't own, a share and a grant for each course of it."""

from typing import Any
from typing import cast as as_type

import pytest
from flask import Flask

from domain.catalog import counters, kinds
from domain.learning import access
from models import AccessGrant, Bundle, Course, Purchase, User, db
from tests.bundles.making import make_bundle, make_course
from tests.cast import Cast
from tests.checkout.shop import Shop


@pytest.fixture
def bundle(app: Flask, cast: Cast) -> Any:
    """A bundle with the course that bo owns (19 $), one for 10 $ and one for 30 $, for 20 $."""
    with app.test_request_context(method="POST"):
        ids = [cast.flask_course.id, *(make_course(cast, f"For {p}", p * 100).id for p in (10, 30))]
        made = make_bundle(cast, ids, price=2000)
        db.session.commit()
        db.session.refresh(made)
        db.session.expunge(made)
    return as_type(Course, made)


def courses_of(bundle: Any) -> list[Course]:
    inside = kinds.contents([db.session.get_one(Bundle, bundle.id)])[bundle.id]
    return [db.session.get_one(Course, course_id) for course_id in inside]


def opened(app: Flask, user: User, bundle: Any) -> list[bool]:
    with app.app_context():
        person = db.session.get_one(User, user.id)
        return [access.owns(person, course) for course in courses_of(bundle)]


def test_a_stranger_buys_all_of_it(shop: Shop, app: Flask, cast: Cast, bundle: Any) -> None:
    order = shop.order(shop.buy(shop.signed_in(cast.cy), bundle))
    shop.hear()
    assert order.total_cents == 2000
    shares = order.purchases[0].shares
    assert sorted(share.amount_cents for share in shares) == [339, 644, 1017]
    with app.app_context():
        by_itself = {course.id: course.price_cents for course in courses_of(bundle)}
    assert {share.course_id: share.list_cents for share in shares} == by_itself
    assert opened(app, cast.cy, bundle) == [True, True, True]
    assert shop.wrong_books() == []
    assert len(shop.mails("receipt", cast.cy)) == 1
    assert shop.mails("welcome_to_course", cast.cy) == []


def test_who_owns_a_course_pays_for_the_others(shop: Shop, app: Flask, cast: Cast, bundle: Any) -> None:
    session_id = shop.buy(shop.signed_in(cast.bo), bundle)
    shop.hear()
    order = shop.order(session_id)
    assert order.total_cents == 339 + 1017
    (line,) = order.purchases
    assert sorted(share.amount_cents for share in line.shares) == [339, 1017]
    assert opened(app, cast.bo, bundle) == [True, True, True]
    assert shop.count(AccessGrant, AccessGrant.purchase_id == line.id) == 2
    again = shop.click(shop.signed_in(cast.bo), bundle)
    assert again.location == "/bundles/web-bundle", "it is theirs"
    with app.test_request_context(method="POST"):
        kinds.kind_of(db.session.get_one(Bundle, bundle.id)).withdraw(db.session.get_one(Purchase, line.id))
        left = [access.owns(db.session.get_one(User, cast.bo.id), course) for course in courses_of(bundle)]
        assert left == [True, False, False], "what was bought singly stays"
        assert counters.recount_holders() == 0
        db.session.rollback()
