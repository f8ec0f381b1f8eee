"""What a refund means, and what its failure undoes: lines, earnings, access, gifts, coupons, documents."""

import threading
import uuid
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import func, select, update

from domain import Refused
from domain.base import clock
from domain.ledger import order_lock
from domain.platform import settings
from domain.refunds import requesting
from models import (
    AccessGrant,
    CouponRedemption,
    Document,
    DocumentKind,
    Earning,
    Gift,
    Order,
    OrderStatus,
    PlatformSettings,
    Product,
    Purchase,
    PurchaseStatus,
    RedemptionState,
    RefundCause,
    RefundStatus,
    db,
)
from payments import client
from tests.cast import Cast
from tests.checkout.full_cart import FullCart, fill
from tests.checkout.shop import Shop, at_once


@pytest.fixture
def bought(shop: Shop, cast: Cast) -> FullCart:
    """A bundle of two courses, a course and a gift, bought with a coupon and taxed."""
    full = fill(shop, cast)
    full.buy()
    shop.hear()
    return full


def order_of(full: FullCart) -> Order:
    """The first order of the buyer, detached."""
    with full.shop.database() as session:
        query = select(Order).where(Order.user_id == full.buyer.id).order_by(Order.created_at).limit(1)
        order: Order = session.scalars(query).one()
        session.expunge_all()
        return order


def refund(full: FullCart, **cents: int) -> uuid.UUID:
    """Refund lines by the names of their products: so much, or (-1) what is left."""
    with full.shop.app.test_request_context(method="POST"):
        order = order_lock.lock(order_of(full).id)
        lines = {line.product_id: line for line in order.purchases}
        chosen = {full.products[name]: amount for name, amount in cents.items()}
        gross = {lines[id].id: lines[id].left_cents if n < 0 else n for id, n in chosen.items()}
        row = requesting.request(order, gross, "Asked for it", RefundCause.ADMIN, None)
        db.session.commit()
        return row.id


def line(full: FullCart, name: str) -> Purchase:
    with full.shop.database() as session:
        mine = (Purchase.product_id == full.products[name], Purchase.user_id == full.buyer.id)
        query = select(Purchase).where(*mine).order_by(Purchase.created_at).limit(1)
        row: Purchase = session.scalars(query).one()
        session.expunge_all()
        return row


def look_at_alerts(full: FullCart) -> int:
    """Acknowledge what was raised, as an admin does; how many alerts there were."""
    with full.shop.database() as session:
        session.execute(update(Order).values(looked_at=clock.now()))
    return len(full.shop.alerts())


def held(full: FullCart) -> int:
    """How many grants the buyer holds."""
    return full.shop.count(
        AccessGrant, AccessGrant.user_id == full.buyer.id, AccessGrant.revoked_at.is_(None)
    )


def earned(full: FullCart) -> int:
    with full.shop.app.app_context():
        return int(db.session.scalar(select(func.sum(Earning.amount_cents))) or 0)


def notes(full: FullCart) -> list[Document]:
    with full.shop.app.app_context():
        return list(db.session.scalars(select(Document).where(Document.kind == DocumentKind.CREDIT_NOTE)))


def test_all_of_it_takes_back_exactly_what_it_gave(bought: FullCart, cast: Cast) -> None:
    before = earned(bought)
    refund(bought, bundle=-1, flask=-1, present=-1)
    assert held(bought) == 0
    assert order_of(bought).status == OrderStatus.REFUNDED
    assert notes(bought) == []  # Stripe hasn't done it yet
    bought.shop.work()
    bought.shop.hear()
    (note,) = notes(bought)
    order = order_of(bought)
    assert (note.total_cents, note.tax_cents) == (order.total_cents, order.tax_cents)
    assert before - earned(bought) == before - 1330  # Bo's purchase of the cast is what remains
    assert bought.shop.count(Gift, Gift.ended_at.is_(None)) == 0
    assert bought.shop.count(Purchase, Purchase.status == PurchaseStatus.REFUNDED) == 3
    assert bought.shop.count(CouponRedemption, CouponRedemption.state == RedemptionState.CONSUMED) == 1


def test_one_line_leaves_the_others(bought: FullCart) -> None:
    refund(bought, bundle=-1)
    assert held(bought) == 1
    assert order_of(bought).status == OrderStatus.PARTIALLY_REFUNDED
    assert line(bought, "bundle").status == PurchaseStatus.REFUNDED
    assert line(bought, "flask").refunded_cents == 0
    with bought.shop.app.app_context():
        query = select(Product.holder_count).where(Product.id == bought.products["bundle"])
        assert db.session.scalar(query) == 0


def test_fault_26_two_equal_parts_are_two_refunds(bought: FullCart) -> None:
    """Their events come twice, and the later one first."""
    for _ in range(2):
        refund(bought, flask=500)
    bought.shop.work()
    for types in (("charge.refunded", "refund.created"), ("refund.created", "charge.refunded")):
        bought.shop.hear(*types)
    whole = line(bought, "flask")
    assert (whole.refunded_cents, whole.status) == (1000, PurchaseStatus.COMPLETED)
    assert [note.total_cents for note in notes(bought)] == [500, 500]
    assert held(bought) == 3
    refund(bought, flask=-1)
    assert (line(bought, "flask").tax_left_cents, held(bought)) == (0, 2)


def test_fault_27_an_answer_that_got_lost_makes_no_second_refund(bought: FullCart) -> None:
    bought.shop.stripe.fault("execute_then_500", "POST /v1/refunds", times=3)
    refund(bought, flask=-1)
    bought.shop.work()
    bought.shop.hear()
    (row,) = bought.shop.refunds()
    assert row.status == RefundStatus.SUCCEEDED
    with bought.shop.app.app_context():
        assert len(client.client().v1.refunds.list({"limit": 100}).data) == 1


@pytest.mark.parametrize("outcome", ["failed", "canceled"])
def test_fault_28_a_refund_that_fails_gives_all_back(bought: FullCart, outcome: str) -> None:
    before = earned(bought)
    bought.shop.stripe.fault("refund_pending", "POST /v1/refunds")
    refund(bought, bundle=-1, present=-1)
    bought.shop.work()
    (row,) = bought.shop.refunds()
    assert (row.status, held(bought), len(notes(bought))) == (RefundStatus.PENDING, 1, 0)
    with bought.shop.app.app_context():
        if outcome == "canceled":
            client.client().v1.refunds.cancel(row.stripe_refund_id or "")
        else:
            bought.shop.stripe.settle_refund(row.stripe_refund_id, ok=False)
    bought.shop.hear()
    assert (held(bought), earned(bought), order_of(bought).status) == (3, before, OrderStatus.COMPLETED)
    assert [line(bought, name).refunded_cents for name in ("bundle", "present")] == [0, 0]
    assert bought.shop.count(Gift, Gift.ended_at.is_(None)) == 1
    assert look_at_alerts(bought) == 1
    refund(bought, bundle=-1)  # another try is another refund
    assert held(bought) == 1


def test_what_was_bought_anew_is_not_opened_twice(bought: FullCart) -> None:
    bought.shop.stripe.fault("refund_pending", "POST /v1/refunds")
    refund(bought, flask=-1)
    bought.shop.work()
    bought.shop.buy(bought.browser(), bought.cast.flask_course)
    bought.shop.hear("checkout.session.completed")
    (row,) = [one for one in bought.shop.refunds() if one.stripe_refund_id]
    bought.shop.stripe.settle_refund(row.stripe_refund_id, ok=False)
    bought.shop.hear()
    assert bought.shop.count(Purchase, Purchase.status == PurchaseStatus.REFUNDED) == 1
    with bought.shop.app.app_context():
        problems = db.session.scalars(select(Order.problem).where(Order.problem.is_not(None))).all()
    assert ["bought anew" in (problem or "") for problem in problems] == [True]
    bought.shop.falsified = True  # a refunded line whose money came back is what the alert is about


def test_what_stripe_refuses_is_undone(bought: FullCart) -> None:
    order = order_of(bought)
    with bought.shop.app.app_context():
        found = client.client().v1.refunds.create({"payment_intent": order.stripe_payment_intent_id or ""})
    refund(bought, flask=-1)
    bought.shop.work()
    assert (line(bought, "flask").refunded_cents, held(bought)) == (0, 3)
    assert look_at_alerts(bought) == 1
    bought.shop.hear()
    assert order_of(bought).status == OrderStatus.REFUNDED
    assert {one.stripe_refund_id for one in bought.shop.refunds()} == {None, found.id}


def test_a_part_refunded_at_stripe_is_divided_by_what_is_left(bought: FullCart) -> None:
    refund(bought, present=-1)
    bought.shop.work()
    with bought.shop.app.app_context():
        part: Any = {"payment_intent": order_of(bought).stripe_payment_intent_id, "amount": 1001}
        client.client().v1.refunds.create(part)
    bought.shop.hear()
    bundle, flask = line(bought, "bundle"), line(bought, "flask")
    assert bundle.refunded_cents + flask.refunded_cents == 1001
    assert abs(bundle.refunded_cents * flask.paid_cents - flask.refunded_cents * bundle.paid_cents) < 4000
    assert sorted(note.total_cents for note in notes(bought)) == sorted(
        [line(bought, "present").paid_cents, 1001]
    )
    assert bought.shop.alerts() == []


def test_a_setting_gives_the_use_of_the_coupon_back(bought: FullCart) -> None:
    with bought.shop.database() as session:
        session.execute(update(PlatformSettings).values(refund_returns_coupon=True))
    with bought.shop.app.app_context():
        settings.forget()
    refund(bought, bundle=-1, flask=-1)
    states = (CouponRedemption.state == RedemptionState.RELEASED,)
    assert bought.shop.count(CouponRedemption, *states) == 0
    refund(bought, present=-1)
    assert bought.shop.count(CouponRedemption, *states) == 1


@pytest.mark.parametrize(
    ("cents", "words"), [(10_000, "can still be refunded"), (0, "above zero"), (-5, "can still|above zero")]
)
def test_impossible_amounts_are_refused(bought: FullCart, cents: int, words: str) -> None:
    with bought.shop.app.test_request_context(method="POST"):
        order = order_lock.lock(order_of(bought).id)
        with pytest.raises(Refused, match=words):
            requesting.request(order, {order.purchases[0].id: cents}, "x", RefundCause.ADMIN, None)
        with pytest.raises(Refused, match="Choose"):
            requesting.request(order, {uuid.uuid4(): 1}, "x", RefundCause.ADMIN, None)


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that have looked at the line wait for each other before they write; who is alone waits in vain."""
    met, real = threading.Barrier(2), requesting.portions_of

    def look_and_wait(*about: Any) -> Any:
        found = real(*about)
        with suppress(threading.BrokenBarrierError):
            met.wait(1.5)
        return found

    monkeypatch.setattr(requesting, "portions_of", look_and_wait)


def refund_twice(full: FullCart) -> int:
    """Press the button in two tabs; how many refunds came of it."""
    at_once(*(lambda: refund(full, flask=-1) for _ in range(2)))
    return len(full.shop.refunds())


def test_two_at_once_refund_once(bought: FullCart, meeting: None) -> None:
    assert refund_twice(bought) == 1


def test_two_at_once_without_the_lock_refund_twice(
    bought: FullCart, without_lock: None, meeting: None
) -> None:
    assert refund_twice(bought) == 2
