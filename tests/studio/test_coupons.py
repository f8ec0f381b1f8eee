"""Creators make coupons for what they sell, and see what each brought; others' don't exist for them."""

import csv
import io
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from domain.base import clock
from domain.coupons import redemptions
from models import AuditEntry, Coupon, CouponScope, PurchaseStatus, User, db
from tests.cast import Cast
from tests.coupons.making import ask, coupon, order, own_coupon

Browser = Callable[[User], FlaskClient]
NEW = {"way": "code", "code": "ada-10", "kind": "percentage", "value": "10", "scope": "creator"}
LIST = "/studio/coupons"


def coupons(app: Flask) -> list[Coupon]:
    with app.app_context():
        found = list(db.session.scalars(select(Coupon).order_by(Coupon.code)))
        db.session.expunge_all()
        return found


def make(app: Flask, *buyers: User, **values: Any) -> uuid.UUID:
    """A coupon of Ada's, paid with by some people."""
    with app.test_request_context(method="POST"):
        owner = values.pop("owner")
        course = values.pop("course")
        made = own_coupon(owner, **values)
        for buyer in buyers:
            one = order(buyer, course, discount_cents=190, total_cents=1710)
            redemptions.reserve(one, ask(made.code or "", course, buyer=buyer))
            redemptions.consume(one)
            one.status, one.completed_at = "completed", clock.now()
            line = one.purchases[0]
            line.discount_cents, line.amount_cents, line.status = 190, 1710, PurchaseStatus.COMPLETED
        db.session.commit()
        return made.id


def test_a_creator_makes_a_coupon_and_is_led_to_it(app: Flask, cast: Cast, signed_in: Browser) -> None:
    ada = signed_in(cast.ada)
    assert "No coupons yet" in ada.get(LIST).text
    more = {"max_uses": "20", "per_user_limit": "1", "min_order": "15", "last_day": "2030-05-31"}
    answer = ada.post(f"{LIST}/new", data=NEW | more)
    (made,) = coupons(app)
    assert answer.headers["Location"] == f"{LIST}/{made.id}"
    assert (made.code, made.value, made.max_uses, made.min_order_cents) == ("ADA-10", 10, 20, 1500)
    assert (made.owner_id, made.creator_id, made.borne_by) == (cast.ada.id, cast.ada.id, "creator")
    assert made.valid_until is not None
    assert made.valid_until.isoformat() == "2030-06-01T00:00:00+00:00"
    page = ada.get(answer.headers["Location"]).text
    for words in ("0 of 20", "10% off", "Everything by Ada", "31 May 2030", "/courses?code=ADA-10", "$15.00"):
        assert words in page, words
    assert "ADA-10" in ada.get(f"{LIST}?q=ada").text
    with app.app_context():
        assert db.session.scalars(select(AuditEntry.action)).all()[-1] == "create_coupon"


def test_days_are_those_of_the_shop(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.app_context():
        db.session.execute(db.text("UPDATE platform_settings SET timezone = 'America/New_York'"))
        db.session.commit()
    days = {"first_day": "2030-01-02", "last_day": "2030-01-02"}
    ada = signed_in(cast.ada)
    ada.post(f"{LIST}/new", data=NEW | days)
    (made,) = coupons(app)
    assert [str(at)[:16] for at in (made.valid_from, made.valid_until)] == [
        "2030-01-02 05:00",
        "2030-01-03 05:00",
    ]
    assert 'value="2030-01-02"' in ada.get(f"{LIST}/{made.id}/edit").text


WRONG = {
    "taken": ({"code": "TAKEN"}, "There is a coupon with this code already"),
    "another case": ({"code": "taken"}, "There is a coupon with this code already"),
    "short": ({"code": "a"}, "Use 3 to 40 letters"),
    "letters": ({"code": "SÄLE 10"}, "Use 3 to 40 letters"),
    "long": ({"code": "A" * 10_000}, "Use at most 40 characters"),
    "nothing": ({"value": ""}, "Enter a number."),
    "too much": ({"value": "101"}, "Enter a whole percentage from 1 to 100."),
    "too little": ({"value": "0"}, "Enter a whole percentage from 1 to 100."),
    "half": ({"value": "10.5"}, "Enter a whole percentage from 1 to 100."),
    "no amount": ({"kind": "fixed_amount", "value": "0"}, "Enter an amount above 0."),
    "huge": ({"kind": "fixed_amount", "value": "999999999"}, "Enter at most $1,000,000."),
    "negative": ({"max_uses": "-1"}, "Enter a whole number from 1 to 1,000,000, or nothing."),
    "no name": ({"way": "automatic"}, "Give it a name"),
    "no course": ({"scope": "product"}, "Choose what it is for."),
    "backwards": ({"first_day": "2030-01-02", "last_day": "2030-01-01"}, "The last day is before the first."),
    "batch of one": ({"way": "batch", "count": "1"}, "Enter a whole number from 2 to 1,000."),
    "batch of too many": ({"way": "batch", "count": "100000"}, "Enter a whole number from 2 to 1,000."),
    "not theirs": ({"scope": "all"}, "Not a valid choice"),
}


@pytest.mark.parametrize("why", WRONG)
def test_wrong_input_is_shown_again_with_the_reason(
    app: Flask, cast: Cast, signed_in: Browser, why: str
) -> None:
    with app.test_request_context(method="POST"):
        coupon("TAKEN")
        db.session.commit()
    typed, sentence = WRONG[why]
    answer = signed_in(cast.ada).post(f"{LIST}/new", data=NEW | typed)
    assert answer.status_code == 422
    assert sentence in answer.text or why == "not theirs"
    for value in typed.values():
        assert len(value) > 100 or why == "not theirs" or f'value="{value}"' in answer.text
    assert len(coupons(app)) == 1


def test_what_others_sell_is_not_theirs_to_discount(app: Flask, cast: Cast, signed_in: Browser) -> None:
    nia = signed_in(cast.nia)
    for product in (cast.flask_course.id, uuid.uuid4(), "x"):
        answer = nia.post(f"{LIST}/new", data=NEW | {"scope": "product", "product": str(product)})
        assert answer.status_code == 422
    answer = nia.post(f"{LIST}/new", data=NEW | {"scope": "product", "product": str(cast.draft_course.id)})
    assert answer.status_code == 303
    assert coupons(app)[0].scope == CouponScope.PRODUCT


def test_other_peoples_coupons_are_not_there(app: Flask, cast: Cast, signed_in: Browser) -> None:
    own = make(app, owner=cast.ada, course=cast.flask_course)
    with app.test_request_context(method="POST"):
        shops = coupon("SHOP").id
        db.session.commit()
    nia, ada = signed_in(cast.nia), signed_in(cast.ada)
    for browser, id_ in ((nia, own), (ada, shops)):
        for page in ("", "/edit", "/orders.csv", "/codes.csv"):
            assert browser.get(f"{LIST}/{id_}{page}").status_code == 404
        for verb in ("edit", "stop", "start", "prolong", "duplicate"):
            assert browser.post(f"{LIST}/{id_}/{verb}", data=NEW).status_code == 404
    assert "ADA10" not in nia.get(LIST).text
    assert all(one.active for one in coupons(app))


def test_a_batch_is_many_codes_of_one_use(app: Flask, cast: Cast, signed_in: Browser) -> None:
    ada = signed_in(cast.ada)
    batch = NEW | {"way": "batch", "count": "30", "code": "gift", "name": "Meetup"}
    address = ada.post(f"{LIST}/new", data=batch).headers["Location"]
    made = coupons(app)
    assert len({one.code for one in made}) == 30
    assert all((one.code or "").startswith("GIFT-") and one.max_uses == 1 for one in made)
    listed = ada.get(LIST).text
    assert (listed.count("Meetup"), "30 codes" in listed, "0 of 30" in listed) == (1, True, True)
    with app.test_request_context(method="POST"):
        redemptions.reserve(order(cast.cy, cast.flask_course), ask(made[3].code or "", cast.flask_course))
        db.session.commit()
    rows = list(csv.reader(io.StringIO(ada.get(f"{address}/codes.csv").text)))
    assert len(rows) == 31
    assert [row[1] for row in rows].count("reserved") == 1
    assert ada.post(f"{address}/stop").status_code == 303
    assert not any(one.active for one in coupons(app))
    form = {"way": "batch", "count": "2", "kind": "percentage", "value": "25", "scope": "creator"}
    assert ada.post(f"{address}/edit", data=form).status_code == 303
    after = coupons(app)
    assert {(one.value, one.max_uses) for one in after} == {(25, 1)}
    assert [one.code for one in after] == [one.code for one in made]
    assert made[5].code in ada.get(f"{LIST}?q={made[5].code}").text


def test_uses_revenue_and_discount_are_shown(app: Flask, cast: Cast, signed_in: Browser) -> None:
    id_ = make(app, cast.cy, cast.una, owner=cast.ada, course=cast.flask_course, max_uses=5)
    ada = signed_in(cast.ada)
    page = ada.get(f"{LIST}/{id_}").text
    for words in ("2 of 5", "$34.20", "$3.80", "$1.90"):
        assert words in page, words
    rows = list(csv.reader(io.StringIO(ada.get(f"{LIST}/{id_}/orders.csv").text)))
    assert [row[3:] for row in rows[1:]] == [["1.90", "17.10", "USD"]] * 2
    assert ada.get(f"{LIST}/{id_}/codes.csv").status_code == 404


def test_it_is_changed_within_what_was_used(app: Flask, cast: Cast, signed_in: Browser) -> None:
    id_ = make(app, cast.cy, cast.una, owner=cast.ada, course=cast.flask_course)
    ada = signed_in(cast.ada)
    answer = ada.post(f"{LIST}/{id_}/edit", data=NEW | {"max_uses": "1"})
    assert (answer.status_code, "It was used 2 times already" in answer.text) == (422, True)
    assert ada.post(f"{LIST}/{id_}/edit", data=NEW | {"max_uses": "2", "value": "15"}).status_code == 303
    (made,) = coupons(app)
    assert (made.max_uses, made.value, made.code) == (2, 15, "ADA-10")
    assert "Used up" in ada.get(f"{LIST}/{id_}").text


def test_stopped_started_prolonged_and_duplicated(app: Flask, cast: Cast, signed_in: Browser) -> None:
    ended = {"valid_until": clock.now() - timedelta(days=3)}
    id_ = make(app, owner=cast.ada, course=cast.flask_course, **ended)
    ada = signed_in(cast.ada)
    assert "Ended" in ada.get(f"{LIST}/{id_}").text
    assert ada.post(f"{LIST}/{id_}/prolong", data={"last_day": "2031-02-03"}).status_code == 303
    page = ada.get(f"{LIST}/{id_}").text
    assert ("Active" in page, "3 February 2031" in page) == (True, True)
    assert ada.post(f"{LIST}/{id_}/prolong", data={"last_day": "soon"}).status_code == 422
    assert ada.post(f"{LIST}/{id_}/prolong", data={"last_day": "9999-12-31"}).status_code == 422
    for _ in range(2):
        ada.post(f"{LIST}/{id_}/stop")
        assert "Stopped" in ada.get(f"{LIST}/{id_}").text
    ada.post(f"{LIST}/{id_}/start")
    assert "Active" in ada.get(f"{LIST}/{id_}").text
    copy = ada.post(f"{LIST}/{id_}/duplicate")
    assert copy.headers["Location"].endswith("/edit")
    one, two = sorted(coupons(app), key=lambda made: made.active)
    assert (one.active, one.value, one.valid_until) == (False, two.value, None)
    assert one.code != two.code
