"""Admins make coupons for anything, and see those of creators, which they can stop but not change."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import Coupon, User, db
from tests.cast import Cast
from tests.coupons.making import coupon, own_coupon

Browser = Callable[[User], FlaskClient]
LIST = "/admin/coupons"
NEW = {
    "way": "automatic", "name": "Spring sale", "kind": "fixed_amount", "value": "$5", "scope": "all",
    "borne_by": "both",
}  # fmt: skip


def only(app: Flask) -> Coupon:
    with app.app_context():
        return db.session.scalars(select(Coupon)).one()


def test_a_coupon_for_everything_without_a_code(app: Flask, cast: Cast, signed_in: Browser) -> None:
    mo = signed_in(cast.mo)
    address = mo.post(f"{LIST}/new", data=NEW).headers["Location"]
    made = only(app)
    assert (made.code, made.automatic, made.value, made.borne_by) == (None, True, 500, "both")
    page = mo.get(address).text
    for words in ("Spring sale", "$5 off", "Everything", "the shop and the creator, in proportion"):
        assert words in page, words
    assert "?code=" not in page
    assert "created a coupon" in mo.get("/admin/audit").text


@pytest.mark.parametrize(
    ("scope", "column"),
    [
        ({"scope": "category", "category": "{web}"}, "category_id"),
        ({"scope": "creator", "creator": "ada@example.com"}, "creator_id"),
        ({"scope": "product", "product": "https://example.com/courses/flask-first-steps?x=1"}, "product_id"),
    ],
)
def test_what_it_is_for(
    app: Flask, cast: Cast, signed_in: Browser, scope: dict[str, str], column: str
) -> None:
    sent = {name: value.replace("{web}", str(cast.web.id)) for name, value in scope.items()}
    mo = signed_in(cast.mo)
    address = mo.post(f"{LIST}/new", data=NEW | sent).headers["Location"]
    wanted = {"category_id": cast.web.id, "creator_id": cast.ada.id, "product_id": cast.flask_course.id}
    made = only(app)
    assert {name: getattr(made, name) for name in wanted} == {**dict.fromkeys(wanted), column: wanted[column]}
    assert mo.post(f"{address}/edit", data=NEW | sent | {"value": "6"}).status_code == 303
    assert only(app).value == 600


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"scope": "creator", "creator": "bo@example.com"}, "No creator has this address."),
        ({"scope": "creator", "creator": "\0"}, "No creator has this address."),
        ({"scope": "product", "product": "/courses/unknown"}, "Nothing has this address."),
        ({"scope": "product", "product": ""}, "Nothing has this address."),
        ({"scope": "category"}, "Choose a category."),
        ({"borne_by": "creator"}, ""),
    ],
)
def test_what_is_not_there_is_refused(
    app: Flask, cast: Cast, signed_in: Browser, sent: dict[str, str], sentence: str
) -> None:
    answer = signed_in(cast.mo).post(f"{LIST}/new", data=NEW | sent)
    assert (answer.status_code, sentence in answer.text) == (422, True)


def test_creators_coupons_are_seen_and_stopped_but_not_changed(
    app: Flask, cast: Cast, signed_in: Browser
) -> None:
    with app.test_request_context(method="POST"):
        coupon("SHOP")
        id_ = own_coupon(cast.ada).id
        db.session.commit()
    mo = signed_in(cast.mo)
    assert ("SHOP" in mo.get(LIST).text, "ADA10" in mo.get(LIST).text) == (True, False)
    theirs = mo.get(f"{LIST}?of=creators").text
    assert ("SHOP" in theirs, "ADA10" in theirs) == (False, True)
    page = mo.get(f"{LIST}/{id_}").text
    assert ("Ada" in page, "Duplicate" in page, "the creator" in page) == (True, False, True)
    assert mo.get(f"{LIST}/{id_}/edit").status_code == 404
    for verb in ("prolong", "duplicate"):
        assert mo.post(f"{LIST}/{id_}/{verb}").status_code == 404
    assert mo.post(f"{LIST}/{id_}/stop").status_code == 303
    page = mo.get(f"{LIST}/{id_}").text
    assert ("Stopped" in page, "/start" in page) == (True, False)
    assert mo.post(f"{LIST}/{id_}/start").status_code == 404, "its creator bears it"
