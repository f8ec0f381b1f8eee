"""Refunds that admins decide, and creators where the shop lets them."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from domain.platform import settings
from models import AccessGrant, AuditEntry, Order, OrderStatus, PlatformSettings, Refund, RefundCause, db
from tests.auth.mails import SignIn
from tests.cast import Cast

PAGE = "/admin/orders/LN-TEST-0001/refund"
OWN = "/studio/sales/LN-TEST-0001/refund"


def typed(cast: Cast, amount: str = "19.00", **more: str) -> dict[str, str]:
    name = cast.purchase.id.hex
    return {f"line_{name}": "y", f"amount_{name}": amount, "reason": "asked"} | more


def refunds(app: Flask) -> list[Refund]:
    with app.app_context():
        return list(db.session.scalars(select(Refund)))


def test_an_admin_sees_what_follows_and_does_it(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    browser = signed_in(cast.mo)
    assert PAGE in browser.get("/admin/orders/LN-TEST-0001").text
    form = browser.get(PAGE).text
    assert "Up to $19.00" in form
    preview = browser.post(PAGE, data=typed(cast, reason="other", words="We broke it, sorry."))
    assert preview.status_code == 200
    assert "ends for <bdi>Bo</bdi>" in preview.text
    assert "−$13.30" in preview.text
    assert "We broke it, sorry." in preview.text
    assert refunds(app) == []
    sent = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', preview.text))
    sent = {name: value.replace("&#39;", "’") for name, value in sent.items()}
    typed_again = browser.post(PAGE, data=sent | {"step": "change"}).text
    assert 'value="We broke it, sorry."' in typed_again
    done = browser.post(PAGE, data=sent | {"step": "confirmed"})
    assert (done.status_code, done.location) == (303, "/admin/orders/LN-TEST-0001")
    with app.app_context():
        (refund,) = db.session.scalars(select(Refund))
        assert (refund.amount_cents, refund.cause, refund.actor_id) == (1900, RefundCause.ADMIN, cast.mo.id)
        assert refund.reason == "We broke it, sorry."
        assert db.session.scalar(select(Order.status)) == OrderStatus.REFUNDED
        assert db.session.scalars(
            select(AccessGrant.revoked_at).where(AccessGrant.user_id == cast.bo.id)
        ).all()
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "refund_requested")).one()
        assert (entry.actor_id, "$19.00" in (entry.note or "")) == (cast.mo.id, True)
    again = browser.post(PAGE, data=sent | {"step": "confirmed"})
    assert again.status_code in (200, 422)
    assert len(refunds(app)) == 1
    assert "can be refunded" in browser.get(PAGE).text
    assert PAGE not in browser.get("/admin/orders/LN-TEST-0001").text


def test_a_part_leaves_access(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    browser = signed_in(cast.mo)
    assert "stays" in browser.post(PAGE, data=typed(cast, "5")).text
    assert browser.post(PAGE, data=typed(cast, "5", step="confirmed")).status_code == 303
    page = browser.get("/admin/orders/LN-TEST-0001").text
    assert "Partly refunded" in page
    assert "$5.00 refunded" in page
    assert "Up to $14.00 of $19.00" in browser.get(PAGE).text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount": "19.01"}, "Only $19.00"),
        ({"amount": "0"}, "above zero"),
        ({"amount": "lots"}, "amount"),
        ({"amount": ""}, "Enter an amount"),
        ({"reason": "other"}, "Say what it is"),
        ({"reason": "because"}, "Choose"),
        ({"words": "x" * 201}, "at most 200"),
    ],
)
def test_what_is_wrong_is_said_beside_what_was_typed(
    app: Flask, cast: Cast, signed_in: SignIn, changes: dict[str, str], words: str
) -> None:
    answer = signed_in(cast.mo).post(PAGE, data=typed(cast, **changes))
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{changes.get("amount", "19.00")}"' in answer.text
    assert refunds(app) == []


def test_nothing_chosen_is_refused(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    for data in ({"reason": "asked"}, {"reason": "asked", "line_" + "0" * 32: "y"}):
        answer = signed_in(cast.mo).post(PAGE, data=data)
        assert (answer.status_code, "Choose what to refund" in answer.text) == (422, True)


@pytest.fixture
def allowed(app: Flask) -> None:
    """Creators may refund their own sales."""
    with app.test_request_context(method="POST"):
        db.session.execute(update(PlatformSettings).values(creators_refund=True))
        db.session.commit()
        settings.forget()


def test_creators_refund_nothing_unless_the_shop_lets_them(cast: Cast, signed_in: SignIn) -> None:
    ada = signed_in(cast.ada)
    assert ada.get(OWN).status_code == ada.post(OWN, data=typed(cast)).status_code == 404
    assert "/sales/" not in ada.get("/studio/earnings").text


def test_a_creator_refunds_an_own_sale(app: Flask, cast: Cast, allowed: None, signed_in: SignIn) -> None:
    ada = signed_in(cast.ada)
    assert OWN in ada.get("/studio/earnings").text
    assert "ends for <bdi>Bo</bdi>" in ada.post(OWN, data=typed(cast)).text
    assert ada.post(OWN, data=typed(cast, step="confirmed")).status_code == 303
    (refund,) = refunds(app)
    assert (refund.cause, refund.actor_id) == (RefundCause.CREATOR, cast.ada.id)


def test_nobody_refunds_what_others_sold(app: Flask, cast: Cast, allowed: None, signed_in: SignIn) -> None:
    nia: FlaskClient = signed_in(cast.nia)
    data: Any = typed(cast, step="confirmed")
    assert nia.post(OWN, data=data).status_code == 404
    assert refunds(app) == []
