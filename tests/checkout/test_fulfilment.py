"""What a payment brings with it, and what it must equal; Stripe's session is given, no network is asked."""

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from domain.base import clock
from domain.catalog import counters
from domain.commerce import baskets, checkout, fulfilment
from domain.commerce.checkout_plan import CheckoutPlan
from domain.commerce.customers import NOBODY, Customer
from domain.ledger import order_lock
from models import (
    AuditEntry,
    Course,
    Earning,
    Order,
    OrderStatus,
    Purchase,
    PurchaseShare,
    PurchaseStatus,
    User,
    db,
)
from payments import Session
from tests.cast import Cast


def begin(cast: Cast) -> CheckoutPlan:
    user = db.session.get_one(User, cast.cy.id)
    course = baskets.product_on_offer(cast.flask_course.id)
    assert course is not None
    basket = baskets.of_product(course)
    return checkout.start_order(user, basket, "http://x/{CHECKOUT_SESSION_ID}", "http://x/{ORDER}")


def open_order(cast: Cast) -> Order:
    return db.session.get_one(Order, begin(cast).order_id)


def session_of(order: Order, **changes: Any) -> Session:
    paid = Session(
        id="cs_test_1",
        url=None,
        status="complete",
        payment_status="paid",
        amount_total=order.total_cents,
        currency=order.currency,
        livemode=False,
        expires_at=clock.now(),
        payment_intent="pi_1",
        payment_intent_status="succeeded",
        metadata={"order_id": str(order.id)},
        client_reference_id=str(order.id),
    )
    return replace(paid, **changes)


def test_a_payment_is_written_down_whole(app: Flask, cast: Cast) -> None:
    with app.app_context():
        order = open_order(cast)
        fulfilment.fulfil(session_of(order))
        db.session.commit()
        (share,) = order.purchases[0].shares
        (earning,) = db.session.scalars(select(Earning).where(Earning.key == f"sale:{share.id.hex}"))
        assert (earning.amount_cents, earning.currency, earning.creator_id) == (1330, "usd", cast.ada.id)
        assert earning.available_at - earning.created_at == timedelta(days=30)
        assert (order.stripe_session_id, order.stripe_payment_intent_id) == ("cs_test_1", "pi_1")
        course = db.session.get_one(Course, cast.flask_course.id)
        assert (course.holder_count, course.purchase_count) == (2, 2)
        assert counters.recount_purchases() == counters.recount_holders() == 0
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "order_completed")).one()
        assert (entry.actor_id, entry.subject_id) == (cast.cy.id, str(order.id))


def test_fault_11_nothing_due_gives_access_and_an_empty_ledger(app: Flask, cast: Cast) -> None:
    with app.app_context():
        order = open_order(cast)
        bought = db.session.scalars(select(Purchase).where(Purchase.order_id == order.id)).one()
        order.subtotal_cents = order.total_cents = 0
        (share,) = db.session.scalars(select(PurchaseShare).where(PurchaseShare.purchase_id == bought.id))
        bought.amount_cents = share.amount_cents = share.platform_fee_cents = share.creator_amount_cents = 0
        free = session_of(
            order, payment_status="no_payment_required", payment_intent=None, payment_intent_status=None
        )
        fulfilment.fulfil(free)
        fulfilment.fulfil(free)
        db.session.commit()
        assert order.status == OrderStatus.COMPLETED
        assert order.stripe_payment_intent_id is None
        assert db.session.scalars(select(Earning).where(Earning.share_id == share.id)).all() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_total": 1},
        {"amount_total": 0, "payment_status": "no_payment_required"},
        {"currency": "eur"},
        {"livemode": True},
        {"metadata": {}},
        {"metadata": {"order_id": "x"}},
    ],
)
def test_whatever_differs_completes_nothing(app: Flask, cast: Cast, wrong: dict[str, Any]) -> None:
    with app.app_context():
        order = open_order(cast)
        fulfilment.fulfil(session_of(order, **wrong))
        db.session.commit()
        assert order.status == OrderStatus.PENDING
        assert order.problem is not None
        assert db.session.scalars(select(AuditEntry.action)).all() == ["order_problem"]


def test_a_session_of_ours_that_names_another_order_is_held(app: Flask, cast: Cast) -> None:
    with app.app_context():
        order = open_order(cast)
        order.stripe_session_id = "cs_test_1"
        fulfilment.fulfil(session_of(order, client_reference_id=str(cast.order.id)))
        assert order.problem == "Stripe’s session belongs to another order."


@pytest.mark.parametrize("reference", [None, "", "cart-1", "018f0000-0000-7000-8000-000000000000"])
def test_a_session_of_another_shop_is_left_alone(app: Flask, cast: Cast, reference: str | None) -> None:
    with app.app_context():
        order = open_order(cast)
        assert fulfilment.fulfil(session_of(order, client_reference_id=reference)) is None
        assert order.status == OrderStatus.PENDING


@pytest.mark.parametrize(
    "older",
    [
        {"status": "open", "payment_status": "unpaid"},
        {"status": "expired", "payment_status": "unpaid"},
        {"payment_status": "unpaid", "payment_intent_status": "processing"},
        {"payment_status": "unpaid", "payment_intent_status": "requires_payment_method"},
    ],
)
def test_an_older_picture_never_wins(app: Flask, cast: Cast, older: dict[str, Any]) -> None:
    with app.app_context():
        order = open_order(cast)
        fulfilment.fulfil(session_of(order))
        fulfilment.fulfil(session_of(order, **older))
        assert order.status == OrderStatus.COMPLETED
        assert order.confirming_since is None


def test_a_payment_after_the_order_was_closed_still_counts(app: Flask, cast: Cast) -> None:
    with app.app_context():
        order = open_order(cast)
        order.stripe_session_id = "cs_test_1"
        fulfilment.fulfil(session_of(order, status="expired", payment_status="unpaid"))
        assert order.status == OrderStatus.CANCELLED
        fulfilment.fulfil(session_of(order))
        assert order.status == OrderStatus.COMPLETED


@pytest.mark.parametrize(
    "earlier",
    [
        {"status": "expired", "payment_status": "unpaid"},
        {"payment_status": "unpaid", "payment_intent_status": "requires_payment_method"},
    ],
)
def test_the_end_of_an_earlier_session_ends_no_later_one(
    app: Flask, cast: Cast, earlier: dict[str, Any]
) -> None:
    with app.app_context():
        order = open_order(cast)
        order.stripe_session_id = "cs_test_2"
        fulfilment.fulfil(session_of(order, **earlier))
        assert (order.status, order.stripe_session_id) == (OrderStatus.PENDING, "cs_test_2")


def test_an_answer_that_comes_after_its_attempt_was_given_up_changes_nothing(app: Flask, cast: Cast) -> None:
    with app.app_context():
        plan = begin(cast)
        order = db.session.get_one(Order, plan.order_id)
        assert checkout.record_session(plan, None, NOBODY) is None
        late = session_of(order, status="open", payment_status="unpaid", url="http://x/pay")
        assert checkout.record_session(plan, late, Customer("cus_1")) is None
        assert (order.attempt, order.stripe_session_id) == (plan.attempt + 1, None)


def test_a_payment_that_goes_back_buys_nothing_later(app: Flask, cast: Cast) -> None:
    """Not even when what it was paid twice for is free to be bought again."""
    with app.app_context():
        first = open_order(cast)
        first.status = OrderStatus.CANCELLED
        db.session.flush()
        second = open_order(cast)
        fulfilment.fulfil(session_of(first))
        paid_twice = session_of(second, id="cs_test_2", payment_intent="pi_2")
        fulfilment.fulfil(paid_twice)
        assert second.status == OrderStatus.FAILED
        first.purchases[0].status = PurchaseStatus.REFUNDED
        db.session.flush()
        fulfilment.fulfil(paid_twice)
        assert (second.status, second.purchases[0].status) == (OrderStatus.FAILED, PurchaseStatus.FAILED)


def test_the_lines_of_an_order_keep_their_places(app: Flask, cast: Cast) -> None:
    """Stripe refuses a repeated request, with the key of the first, that names them in other places."""
    with app.app_context():
        plan = begin(cast)
        first, course = order_lock.lock(plan.order_id).purchases[0], cast.free_course.id
        names = ("order_id", "user_id", "owner_id", "price_cents", "amount_cents", "currency")
        same = {name: getattr(first, name) for name in names} | {"product_id": course, "product_snapshot": {}}
        earlier = Purchase(id=uuid.UUID(int=1), **same)
        db.session.add(earlier)
        db.session.commit()
        assert [line.id for line in order_lock.lock(plan.order_id).purchases] == [earlier.id, first.id]
