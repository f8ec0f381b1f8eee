"""A sold bundle grows, a creator agrees, and one whose courses are gone goes off sale."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

import jobs
from domain.base import clock
from domain.bundles import contents, editing, growing, upkeep
from domain.catalog import counters, kinds, lifecycle
from domain.learning import access
from domain.ledger import checks, order_lock
from models import (
    Bundle,
    BundleCourse,
    Course,
    EmailMessage,
    Notification,
    Order,
    OrderStatus,
    ProductStatus,
    Purchase,
    PurchaseShare,
    PurchaseStatus,
    User,
    db,
)
from tests.bundles.making import make_bundle, make_course
from tests.cast import Cast
from tests.checkout.shop import at_once

Browser = Callable[[User], FlaskClient]


def buy(bundle: Bundle, person_id: Any) -> None:
    """Complete an order of `bundle`, as fulfilment does."""
    order = Order(
        number="LN-TEST-BUND", user_id=person_id, cart_key="x", subtotal_cents=1500, total_cents=1500,
        currency="usd", completed_at=clock.now(), status="completed",
    )  # fmt: skip
    db.session.add(order)
    db.session.flush()
    line = Purchase(
        order_id=order.id, user_id=person_id, owner_id=person_id, product=bundle, price_cents=1500,
        amount_cents=1500, currency="usd", product_snapshot={}, status=PurchaseStatus.COMPLETED,
    )  # fmt: skip
    for part in kinds.offer(None, bundle, clock.now()).parts:
        line.shares.append(
            PurchaseShare(
                creator_id=part.creator_id,
                course_id=part.course_id,
                list_cents=part.list_cents,
                amount_cents=part.weight,
                platform_fee_cents=part.weight,
                creator_amount_cents=0,
            )
        )
    db.session.add(line)
    db.session.flush()
    kinds.kind_of(bundle).deliver(line)


def refund(app: Flask, bundle_id: Any) -> None:
    """Take back what was bought, in a transaction of its own, as a refund does."""
    with app.test_request_context(method="POST"):
        line_of = db.select(Purchase).where(Purchase.product_id == bundle_id)
        found = db.session.scalars(line_of).one()
        order = order_lock.lock(found.order_id)
        order.status, found.status = OrderStatus.REFUNDED, PurchaseStatus.REFUNDED
        kinds.kind_of(found.product).withdraw(found)
        db.session.commit()


@pytest.fixture
def sold(app: Flask, cast: Cast) -> Any:
    """The id of a bundle that cy has bought."""
    with app.test_request_context(method="POST"):
        bundle = make_bundle(cast)
        buy(bundle, cast.cy.id)
        db.session.commit()
        return bundle.id


def owners_of(app: Flask, course_id: Any) -> bool:
    with app.app_context():
        cy = db.session.scalars(db.select(User).where(User.name == "Cy")).one()
        return access.owns(cy, db.session.get_one(Course, course_id))


@pytest.mark.parametrize("reaches", [True, False])
def test_earlier_buyers_get_what_is_added(
    app: Flask, sold: Any, cast: Cast, signed_in: Browser, reaches: bool
) -> None:
    with app.test_request_context(method="POST"):
        new = make_course(cast, "Brand new").id
        db.session.commit()
    ada, home = signed_in(cast.ada), f"/studio/bundles/{sold}/courses"
    assert "Earlier buyers get it too" in ada.get(home).text
    chosen = {"for_buyers": "yes"} if reaches else {}
    assert ada.post(home, data={"course": str(new), "asked": "yes", **chosen}).status_code == 303
    with app.app_context():
        jobs.run_all()
        db.session.commit()
    assert owners_of(app, new) is reaches
    with app.app_context():
        told = db.session.scalars(
            db.select(Notification.title).where(Notification.user_id == cast.cy.id)
        ).all()
        assert told == (["“Brand new” is yours now"] if reaches else [])
        mailed = db.session.scalars(db.select(EmailMessage.template)).all()
        assert ("notification" in mailed) is reaches
        assert checks.access_follows_payment() == checks.shares_add_up() == []
        assert counters.recount_holders() == 0
        growing.give_to_buyers(str(sold), str(new))
        assert len(db.session.scalars(db.select(PurchaseShare.id)).all()) == (4 if reaches else 3)
        line = db.session.scalars(db.select(Purchase).where(Purchase.product_id == sold)).one()
        kinds.kind_of(db.session.get_one(Bundle, sold)).withdraw(line)
        db.session.commit()
    assert not owners_of(app, new), "a refund of the bundle takes it back"


def test_what_is_refunded_meanwhile_gets_nothing_more(
    app: Flask, sold: Any, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refund comes between reading who bought the bundle and giving them the course."""
    with app.test_request_context(method="POST"):
        new = make_course(cast, "Brand new").id
        editing.add(db.session.get_one(Bundle, sold), db.session.get_one(User, cast.ada.id), new)
        db.session.commit()
    real, other = growing._without, threading.Thread(target=refund, args=(app, sold))

    def read_and_wait(*asked: Any) -> Any:
        found = real(*asked)
        other.start()
        other.join(2)  # on SQLite it waits for this transaction
        return found

    monkeypatch.setattr(growing, "_without", read_and_wait)
    with app.test_request_context(method="POST"):
        growing.give_to_buyers(str(sold), str(new))
        db.session.commit()
    other.join(30)
    assert not owners_of(app, new)
    with app.app_context():
        assert checks.access_follows_payment() == []


def test_taking_a_course_out_takes_it_from_nobody(
    app: Flask, sold: Any, cast: Cast, signed_in: Browser
) -> None:
    address = f"/studio/bundles/{sold}/courses/{cast.flask_course.id}/remove"
    assert signed_in(cast.ada).post(address).status_code == 303
    assert owners_of(app, cast.flask_course.id)
    with app.app_context():
        assert checks.access_follows_payment() == []
        assert counters.recount_holders() == 0


def test_who_bought_it_cannot_buy_it_again(app: Flask, sold: Any, cast: Cast) -> None:
    with app.app_context():
        cy, bundle = db.session.get_one(User, cast.cy.id), db.session.get_one(Bundle, sold)
        kind = kinds.kind_of(bundle)
        assert kind.refusal(cy, bundle, clock.now()) == "You already own this bundle."


def test_another_creator_is_asked(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.test_request_context(method="POST"):
        bundle = make_bundle(cast, creator_id=cast.mo.id).id
        db.session.commit()
    mo, nia, ada = signed_in(cast.mo), signed_in(cast.nia), signed_in(cast.ada)
    home, theirs = f"/studio/bundles/{bundle}/courses", cast.draft_course.id
    assert "Secret draft" in mo.get(f"{home}?find=secret").text
    assert mo.post(home, data={"course": str(theirs)}).status_code == 303
    assert "Waiting for its creator" in mo.get(home).text
    with app.app_context():
        assert contents.ids_in([bundle])[bundle] == [cast.flask_course.id, cast.free_course.id]
    asked = "/studio/bundle-requests"
    assert "Secret draft" in nia.get(asked).text
    assert "Secret draft" not in ada.get(asked).text
    answer = f"{asked}/{bundle}/{theirs}"
    assert ada.post(answer, data={"agrees": "yes"}).status_code == 404
    assert nia.post(answer, data={"agrees": "yes"}).status_code == 303
    assert nia.post(answer, data={"agrees": "yes"}).status_code == 303, "twice is once"
    assert nia.post(answer, data={"agrees": "no"}).status_code == 404, "it has been agreed to"
    with app.app_context():
        assert contents.ids_in([bundle])[bundle][-1] == theirs
        told = db.session.execute(db.select(User.name, Notification.title).join(User)).all()
    assert [tuple(row) for row in told] == [
        ("Nia", "May “Secret draft” be sold in a bundle?"),
        ("Mo", "Nia agreed: “Secret draft”"),
    ]


def test_who_buys_before_the_creator_agrees_is_an_earlier_buyer(
    app: Flask, cast: Cast, signed_in: Browser
) -> None:
    with app.test_request_context(method="POST"):
        bundle = make_bundle(cast, creator_id=cast.mo.id).id
        db.session.commit()
    theirs, home = cast.draft_course.id, f"/studio/bundles/{bundle}/courses"
    assert signed_in(cast.mo).post(home, data={"course": str(theirs)}).status_code == 303
    with app.test_request_context(method="POST"):
        buy(db.session.get_one(Bundle, bundle), cast.cy.id)
        db.session.commit()
    signed_in(cast.nia).post(f"/studio/bundle-requests/{bundle}/{theirs}", data={"agrees": "yes"})
    with app.app_context():
        jobs.run_all()
        db.session.commit()
    assert owners_of(app, theirs)


def test_a_refusal_takes_the_course_out(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.test_request_context(method="POST"):
        bundle = make_bundle(cast, creator_id=cast.mo.id).id
        db.session.commit()
    mo, nia, theirs = signed_in(cast.mo), signed_in(cast.nia), cast.draft_course.id
    mo.post(f"/studio/bundles/{bundle}/courses", data={"course": str(theirs)})
    answer = f"/studio/bundle-requests/{bundle}/{theirs}"
    assert nia.post(answer, data={"agrees": "no"}).status_code == 303
    assert nia.post(answer, data={"agrees": "yes"}).status_code == 404
    with app.app_context():
        assert db.session.get(BundleCourse, (bundle, theirs)) is None


def test_with_too_few_courses_it_goes_off_sale(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.test_request_context(method="POST"):
        other = make_course(cast, "Other")
        bundle = make_bundle(cast, [cast.flask_course.id, cast.free_course.id, other.id])
        cy = db.session.get_one(User, cast.cy.id)
        parts = contents.parts_for(cy, bundle, clock.now())
        assert [part.sold for part in parts] == [True, True, True]
        other.expires_at = clock.now() - timedelta(days=1)
        db.session.flush()
        upkeep.settle()
        assert bundle.status == ProductStatus.PUBLISHED, "two are left"
        offer = kinds.offer(cy, bundle, clock.now())
        assert [part.course_id for part in offer.parts] == [cast.flask_course.id, cast.free_course.id]
        assert offer.amount_cents < bundle.price_cents
        flask = db.session.get_one(Course, cast.flask_course.id)
        lifecycle.change_status(flask, ProductStatus.ARCHIVED, db.session.get_one(User, cast.ada.id))
        refusal = kinds.kind_of(bundle).refusal(cy, bundle, clock.now())
        assert refusal == "This bundle isn’t for sale right now: too few of its courses are."
        db.session.commit()
        home = f"/studio/bundles/{bundle.id}"
        jobs.run_all()
        for _ in range(2):
            upkeep.settle()
        db.session.commit()
        assert bundle.status == ProductStatus.EXPIRED
        told = db.session.scalars(db.select(Notification.title)).all()
        assert told == ["“Web bundle” is off sale"]
    page = signed_in(cast.ada).get(f"{home}/courses").text
    assert "fewer than two of its courses are on sale" in page
    assert "Expired" in page
    assert "Archived" in page


def test_two_tabs_that_add_at_once_add_once(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.test_request_context(method="POST"):
        new = [make_course(cast, title).id for title in ("One more", "Another")]
        bundle = make_bundle(cast).id
        db.session.commit()
    home = f"/studio/bundles/{bundle}/courses"
    tabs = [signed_in(cast.ada) for _ in range(4)]
    answers = at_once(
        *(
            lambda tab=tab, course=new[number % 2]: tab.post(home, data={"course": str(course)})
            for number, tab in enumerate(tabs)
        )
    )
    assert [answer.status_code for answer in answers] == [303] * 4
    with app.app_context():
        query = db.select(BundleCourse.position).where(BundleCourse.bundle_id == bundle)
        assert sorted(db.session.scalars(query)) == [1, 2, 3, 4]
