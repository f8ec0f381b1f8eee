"""A gift's money is its giver's to ask for: until the receiver opens it, or else by a person."""

from typing import NamedTuple

import pytest

from domain.gifts import claiming, links
from models import Gift, Order, OrderConsent, OrderConsentKind, Purchase, User, db
from tests.gifts import shop as giving
from tests.refunds.desk import PAID, Desk
from tests.refunds.test_withdrawal import declare, state


class Given(NamedTuple):
    """A gift of bo's that cy has accepted: the number of its order, and the id of its line."""

    number: str
    line: str


@pytest.fixture
def given(desk: Desk) -> Given:
    desk.set(withdrawal_on=True)
    with desk.app.test_request_context(method="POST"):
        line_id = giving.ordered(desk.cast.bo, desk.cast.flask_course, "cy@example.com")
        giving.paid(line_id)
        order = db.session.get_one(Order, db.session.get_one(Purchase, line_id).order_id)
        order.number, order.stripe_payment_intent_id = order.number.upper(), "pi_gift"
        db.session.add(
            OrderConsent(
                order_id=order.id, kind=OrderConsentKind.DELIVERY, version=1, wording="At once.",
                given_at=PAID, repeated_at=PAID,
            )
        )  # fmt: skip
        db.session.commit()
        token = links.token(db.session.get_one(Gift, line_id))
        claiming.claim(db.session.get_one(User, desk.cast.cy.id), token)
        db.session.commit()
        return Given(order.number, str(line_id))


def test_the_giver_withdraws_until_the_receiver_opens_it(desk: Desk, given: Given) -> None:
    bo = desk.signed_in(desk.cast.bo)
    assert given.line in bo.get(f"/withdraw?order={given.number}").text
    desk.opens(desk.cast.cy, desk.cast.text_lesson)
    page = bo.get(f"/withdraw?order={given.number}").text
    assert "It has been opened." in page
    assert given.line not in page
    declare(bo, order_number=given.number, items="The gift")
    assert state(desk) == ["refused"]


def test_an_unopened_gift_is_paid_back_and_ends(desk: Desk, given: Given) -> None:
    cy = desk.signed_in(desk.cast.cy)
    assert cy.get("/courses/flask-first-steps").status_code == 200
    declare(desk.signed_in(desk.cast.bo), order_number=given.number, lines=[given.line])
    assert state(desk) == ["done"]
    assert cy.get("/learn/flask-first-steps/routes").status_code == 403
    assert desk.mails("gift_ended")[0].recipient == "cy@example.com"


def test_the_receiver_has_nothing_to_ask_for(desk: Desk, given: Given) -> None:
    cy = desk.signed_in(desk.cast.cy)
    assert cy.get(f"/orders/{given.number}/refund").status_code == 404
    assert f"/orders/{given.number}" not in cy.get("/courses/flask-first-steps").text


def test_a_person_decides_about_an_opened_gift_and_the_giver_learns_no_more(desk: Desk, given: Given) -> None:
    desk.opens(desk.cast.cy, desk.cast.text_lesson)
    bo = desk.signed_in(desk.cast.bo)
    data = {"lines": [given.line], "reason": "changed_mind"}
    assert bo.post(f"/orders/{given.number}/refund", data=data).status_code == 303
    (request,) = desk.requests()
    assert (request.decision, request.rule) == ("waiting", "gift_opened")
    assert (request.facts["share_percent"], request.facts["gift_opened"]) == (0, True)
    assert "31%" not in bo.get(f"/orders/{given.number}").text
