"""What happens at Stripe and changes nothing here is told to whoever runs the shop, once for each object."""

import json
import time
from typing import Any

import pytest
from sqlalchemy import select

from domain.commerce import reconciliation
from domain.ledger import order_lock
from domain.refunds import requesting
from models import AuditEntry, Earning, Order, OrderStatus, Refund, RefundCause, StripeEvent, db
from payments import client
from stripe_sandbox.signing import signature
from tests.cast import Cast
from tests.checkout.shop import Shop

REFUND_EVENTS = ("charge.refunded", "refund.created", "refund.updated")


def bought(shop: Shop, cast: Cast) -> Order:
    """An order of Cy's that has been paid and completed."""
    session_id = shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    shop.hear()
    return shop.order(session_id)


def refund_in_dashboard(shop: Shop, order: Order) -> None:
    """Send the money back as somebody does who presses "Refund" at Stripe."""
    with shop.app.app_context():
        client.client().v1.refunds.create({"payment_intent": order.stripe_payment_intent_id or ""})


def tell(shop: Shop, type: str, number: int = 1, livemode: bool = False, **about: Any) -> None:
    """Deliver an event that the sandbox has no reason for, and have it handled."""
    body = json.dumps(
        {
            "id": f"evt_{number}",
            "object": "event",
            "type": type,
            "livemode": livemode,
            "data": {"object": about},
        }
    ).encode()
    assert shop.post(body, {"Stripe-Signature": signature(body, ["whsec_tests"], int(time.time()))}) == 204
    shop.work()


def notes(shop: Shop) -> list[str]:
    with shop.database() as session:
        query = select(StripeEvent.error).where(StripeEvent.error.is_not(None))
        return sorted({note for note in session.scalars(query) if note.startswith("No effect")})


def settle(shop: Shop, cast: Cast, order: Order) -> None:
    """Look at it as an admin does."""
    browser = shop.signed_in(cast.mo)
    assert order.problem is not None
    assert "Mark as resolved" in browser.get(f"/admin/orders/{order.number}").text
    answer = browser.post(f"/admin/orders/{order.number}/looked-at", data={"note": "Access taken back."})
    assert answer.status_code == 303


@pytest.mark.parametrize("types", [REFUND_EVENTS, REFUND_EVENTS[::-1], REFUND_EVENTS[:1], REFUND_EVENTS[1:]])
def test_a_refund_in_the_dashboard_is_booked_once(shop: Shop, cast: Cast, types: tuple[str, ...]) -> None:
    order = bought(shop, cast)
    refund_in_dashboard(shop, order)
    for _ in range(2):
        for type in types:
            if shop.stripe.events(type):
                shop.hear(type)
    after = shop.order(order.stripe_session_id or "")
    assert (after.status, after.problem) == (OrderStatus.REFUNDED, None)
    assert shop.alerts() == notes(shop) == shop.wrong_books() == []
    with shop.database() as session:
        (refund,) = session.scalars(select(Refund))
        assert (refund.cause, refund.status, refund.amount_cents) == ("stripe", "succeeded", 1900)
        assert sum(session.scalars(select(Earning.amount_cents).where(Earning.payout_id.is_(None)))) == 1330
    assert "Buy" in shop.signed_in(cast.cy).get(f"/courses/{cast.flask_course.slug}").text


def test_the_sweep_learns_of_it_without_the_webhook(shop: Shop, cast: Cast) -> None:
    order = bought(shop, cast)
    refund_in_dashboard(shop, order)
    with shop.app.app_context():
        since = reconciliation.begin_listing()
        assert since is not None
        reconciliation.end_listing(since, reconciliation.list_events(since))
        db.session.commit()
    shop.work()
    assert shop.order(order.stripe_session_id or "").status == OrderStatus.REFUNDED


@pytest.mark.parametrize(
    ("type", "words"),
    [
        ("charge.dispute.created", "disputes the payment"),
        ("charge.dispute.closed", "has decided the dispute"),
        ("radar.early_fraud_warning.created", "may be fraud"),
    ],
)
def test_disputes_and_warnings_raise_an_alert(shop: Shop, cast: Cast, type: str, words: str) -> None:
    order = bought(shop, cast)
    about: dict[str, Any] = {"id": "dp_1", "payment_intent": order.stripe_payment_intent_id, "charge": "ch_1"}
    tell(shop, type, 1, **about)
    tell(shop, type, 2, **about)
    tell(shop, "charge.dispute.updated", 3, **about)
    after = shop.order(order.stripe_session_id or "")
    assert words in (after.problem or "")
    assert len(shop.alerts()) == 1
    tell(shop, "charge.dispute.created", 4, **about | {"id": "dp_12"})
    assert len(shop.alerts()) == 2
    settle(shop, cast, shop.order(order.stripe_session_id or ""))


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (123_456, "usd", "dispute dp_1, $1,234.56)."),
        (5000, "jpy", "dispute dp_1, ¥5,000)."),
        (1500, "kwd", "dispute dp_1, KWD\u00a01.500)."),
        (True, "usd", "dispute dp_1)."),
        (10**12, "usd", "dispute dp_1)."),
        (1500, "$$$", "dispute dp_1)."),
    ],
)
def test_amounts_stand_as_people_write_them(
    shop: Shop, cast: Cast, amount: object, currency: str, words: str
) -> None:
    tell(
        shop, "charge.dispute.created", 1, id="dp_1", payment_intent="pi_x", amount=amount, currency=currency
    )
    assert words in shop.signed_in(cast.mo).get("/admin/alerts").text
    shop.falsified = True


def test_a_refund_of_ours_raises_none(shop: Shop, cast: Cast) -> None:
    order_id = bought(shop, cast).id
    with shop.app.test_request_context(method="POST"):
        order = order_lock.lock(order_id)
        requesting.request(order, {order.purchases[0].id: 1900}, "Asked", RefundCause.ADMIN, None)
        db.session.commit()
    shop.work()
    shop.hear()
    assert shop.stripe.events("charge.refunded")
    assert shop.alerts() == []
    assert notes(shop) == []


def test_a_payment_that_no_order_has_is_mailed_once(shop: Shop, cast: Cast) -> None:
    for number in (1, 2):
        tell(shop, "charge.dispute.created", number, id="dp_9", payment_intent="pi_elsewhere")
    assert notes(shop) == ["No effect here, and no order matches this payment. An alert was raised."]
    (mailed,) = shop.mails("payment_problem")
    assert "dispute dp_9" in mailed.data["problem"]
    with shop.database() as session:
        assert len(session.scalars(select(AuditEntry).where(AuditEntry.action == "stripe_notice")).all()) == 1
    shop.falsified = True


def test_the_other_mode_is_only_recorded(shop: Shop, cast: Cast) -> None:
    order = bought(shop, cast)
    tell(
        shop,
        "charge.dispute.created",
        livemode=True,
        id="dp_1",
        payment_intent=order.stripe_payment_intent_id,
    )
    assert notes(shop) == []
    assert shop.alerts() == []
