"""Money that moved at Stripe and that no order here has: one alert, until somebody has looked at it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

import mail
from domain.base import clock
from domain.commerce import alert_list
from domain.platform import retention
from models import Order, Purchase, StripeEvent, db
from tests.cast import Cast
from tests.checkout.shop import NOTHING, ONCE, Shop
from tests.checkout.test_notices import bought, tell


def problems(shop: Shop) -> list[str]:
    """What stands at events and waits for somebody."""
    with shop.database() as session:
        query = select(StripeEvent.problem).where(
            StripeEvent.problem.is_not(None), StripeEvent.looked_at.is_(None)
        )
        return list(session.scalars(query.order_by(StripeEvent.received_at, StripeEvent.id)))


def mailed(shop: Shop) -> int:
    return len(shop.mails("payment_problem"))


def test_a_payment_without_an_order_waits_until_somebody_has_looked(shop: Shop, cast: Cast) -> None:
    charge = shop.stripe.pay_unasked()
    for _ in range(2):
        shop.hear()
    (problem,) = problems(shop)
    assert "belongs to no order here" in problem
    assert charge["payment_intent"] in problem
    assert "$25.00" in problem
    assert mailed(shop) == 1
    assert len([row for row in shop.wrong_books() if charge["payment_intent"] in row]) == 1
    mo = shop.signed_in(cast.mo)
    overview, listing = mo.get("/admin").text, mo.get("/admin/alerts").text
    assert 'href="/admin/alerts"' in overview
    assert '<span class="sr-only"> waiting</span>' in overview
    assert charge["payment_intent"] in listing
    event = shop.stripe.last_event("payment_intent.succeeded")["id"]
    page = f"/admin/webhooks/{event}"
    assert f'href="{page}"' in listing
    assert "This needs attention" in mo.get(page).text
    refused = mo.post(f"{page}/looked-at", data={"note": ""})
    assert refused.status_code == 422
    assert "Write a short note" in refused.text
    for _ in range(2):
        assert mo.post(f"{page}/looked-at", data={"note": "An invoice of ours."}).status_code == 303
    shown = mo.get(page).text
    assert "Resolved" in shown
    assert "An invoice of ours." in shown
    assert cast.mo.name in shown
    assert "All clear" in mo.get("/admin/alerts").text
    shop.hear()
    assert (problems(shop), mailed(shop), shop.wrong_books()) == ([], 1, [])


def test_events_of_a_dispute_in_any_order_are_told_once(shop: Shop, cast: Cast) -> None:
    about = {"id": "dp_7", "payment_intent": "pi_elsewhere", "amount": 500, "currency": "usd"}
    types = ("closed", "funds_withdrawn", "created", "updated", "closed", "funds_reinstated")
    for number, name in enumerate(types):
        tell(shop, f"charge.dispute.{name}", number, **about)
    assert len(problems(shop)) == mailed(shop) == 1
    shop.falsified = True


def test_every_partial_refund_of_the_dashboard_is_booked(shop: Shop, cast: Cast) -> None:
    order = bought(shop, cast)
    for number in (1, 2):
        with shop.app.app_context():
            from payments.client import client

            client().v1.refunds.create(
                {"payment_intent": order.stripe_payment_intent_id or "", "amount": 100 * number}
            )
        shop.hear("charge.refunded")
        shop.hear("refund.created")
    after = shop.order(order.stripe_session_id or "")
    assert (after.purchases[0].refunded_cents, after.problem) == (300, None)
    assert sorted(refund.amount_cents for refund in shop.refunds()) == [100, 200]
    assert shop.alerts() == []


def test_more_notices_than_an_order_has_room_for_lose_none(shop: Shop, cast: Cast) -> None:
    order = bought(shop, cast)
    for number in range(6):
        tell(
            shop,
            "charge.dispute.created",
            number,
            id=f"dp_{number}",
            payment_intent=order.stripe_payment_intent_id,
        )
    assert len(shop.alerts()) == 6
    mo = shop.signed_in(cast.mo)
    page = mo.get(f"/admin/orders/{order.number}").text
    assert all(f"(dispute dp_{number})" in page for number in range(6))
    mo.post(f"/admin/orders/{order.number}/looked-at", data={"note": "All seen."})
    assert shop.wrong_books() == []


@pytest.mark.parametrize(
    ("type", "about", "words"),
    [
        ("payout.failed", {"id": "po_1", "amount": 4200, "currency": "eur"}, "a payout failed"),
        ("payout.canceled", {"id": "po_1"}, "a payout was cancelled"),
        ("transfer.created", {"id": "tr_1", "amount": 5, "currency": "usd"}, "outside Lectern"),
        ("transfer.reversed", {"id": "tr_1"}, "reversed"),
        ("charge.succeeded", {"id": "ch_1", "amount": 5, "currency": "usd"}, "belongs to no order here"),
        ("review.opened", {"id": "prv_1", "payment_intent": "pi_x"}, "asks if a payment is fraud"),
        ("invoice.paid", {"id": "in_1", "amount_paid": 5, "currency": "usd"}, "an invoice from outside"),
        ("balance.available", {"available": [{"amount": -5, "currency": "usd"}]}, "balance is negative"),
        ("payout.eaten", {"id": "po_1"}, "Lectern doesn’t recognise: payout.eaten"),
        (
            "refund.created",
            {"id": "re_x", "amount": 5, "currency": "usd"},
            "refunded outside Lectern",
        ),
        ("charge.refunded", {"id": "ch_x", "amount_refunded": 5}, "refunded outside Lectern"),
        ("payment_intent.succeeded", {"id": "pi_x", "amount": 5, "currency": "usd"}, "no order here"),
        (
            "checkout.session.completed",
            {"id": "cs_x", "payment_status": "paid", "amount_total": 5, "currency": "usd"},
            "belongs to no order here",
        ),
    ],
)
def test_whatever_is_about_money_is_told_once(
    shop: Shop, type: str, about: dict[str, Any], words: str
) -> None:
    for number in (1, 2):
        tell(shop, type, number, **about)
    (problem,) = problems(shop)
    assert words in problem
    assert mailed(shop) == 1
    assert any(problem in row for row in shop.wrong_books())
    shop.falsified = True


@pytest.mark.parametrize(
    ("type", "about"),
    [
        ("payout.paid", {"id": "po_1", "amount": 5, "currency": "usd"}),
        ("balance.available", {"available": [{"amount": 5, "currency": "usd"}]}),
        ("charge.succeeded", {"id": "ch_1", "payment_intent": "pi_1"}),
        ("checkout.session.completed", {"id": "cs_x", "payment_status": "unpaid"}),
        ("checkout.session.expired", {"id": "cs_x", "payment_status": "unpaid"}),
        ("product.created", {"id": "prod_1"}),
    ],
)
def test_what_moves_no_money_is_not_told(shop: Shop, type: str, about: dict[str, Any]) -> None:
    tell(shop, type, 1, **about)
    assert (problems(shop), mailed(shop)) == ([], 0)


def test_a_sale_of_ours_is_not_told_whichever_event_comes_first(shop: Shop, cast: Cast) -> None:
    shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    shop.hear("payment_intent.succeeded")
    assert shop.effects(cast.cy, cast.flask_course) == ONCE
    shop.hear()
    assert shop.effects(cast.cy, cast.flask_course) == ONCE
    assert (problems(shop), mailed(shop), shop.alerts()) == ([], 0, [])


def test_a_paid_checkout_whose_order_is_gone_is_told_once(shop: Shop, cast: Cast) -> None:
    session_id = shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    with shop.database() as session:
        order = session.scalars(select(Order).where(Order.stripe_session_id == session_id)).one()
        lines = select(Purchase).where(Purchase.order_id == order.id)
        for purchase in session.scalars(lines.options(db.selectinload(Purchase.shares))):
            session.delete(purchase)
        session.delete(order)
    shop.hear()
    assert shop.effects(cast.cy, cast.flask_course) == NOTHING
    (problem,) = problems(shop)
    assert "$19.00" in problem
    assert mailed(shop) == 1
    shop.falsified = True


def test_a_crash_while_telling_loses_nothing(shop: Shop, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    real, crashes = mail.payment_problem, iter([True])

    def crash_once(*args: Any) -> Any:
        if next(crashes, False):
            raise RuntimeError("the lights went out")
        return real(*args)

    monkeypatch.setattr(mail, "payment_problem", crash_once)
    tell(shop, "payout.failed", 1, id="po_1")
    assert (problems(shop), mailed(shop)) == ([], 0)
    tell(shop, "payout.failed", 1, id="po_1")
    assert len(problems(shop)) == mailed(shop) == 1
    shop.falsified = True


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"id": ""},
        {"id": "x" * 255, "payment_intent": "y" * 5000, "amount": 10**300, "currency": "usd"},
        {"id": "a", "payment_intent": ["pi"], "metadata": [], "amount": "ten", "currency": {"usd": 1}},
        {
            "id": "a",
            "metadata": {"order_number": {"x": 1}},
            "amount_refunded": [1],
            "available": {"amount": -1},
        },
        {"id": "a", "amount": True, "currency": "€€€", "available": [None, -5, {"amount": "-5"}]},
        {"id": "é" * 100, "metadata": {"order_number": "é" * 5000}},
    ],
    ids=lambda about: ascii(about)[:30],
)
@pytest.mark.parametrize(
    "type",
    [
        "payout.failed", "charge.refunded", "refund.created", "charge.dispute.created",
        "payment_intent.succeeded", "checkout.session.completed", "balance.available", "charge.succeeded",
        "money.unheard_of",
    ],
)  # fmt: skip
@pytest.mark.slow
def test_strange_shapes_are_handled(shop: Shop, cast: Cast, type: str, about: dict[str, Any]) -> None:
    tell(shop, type, 1, **about)
    with shop.database() as session:
        assert session.get_one(StripeEvent, "evt_1").processed_at is not None
    mo = shop.signed_in(cast.mo)
    for page in ("/admin/alerts", "/admin/webhooks/evt_1"):
        assert mo.get(page).status_code == 200
    shop.falsified = True


def test_alerts_are_paged_and_none_is_left_out(
    shop: Shop, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_list, "PAGE_SIZE", 2)
    with shop.database() as session:
        order = session.get_one(Order, cast.order.id)
        order.problem = "Paid in EUR."
        for number in range(5):
            at = order.created_at + timedelta(minutes=number - 2)
            session.add(
                StripeEvent(id=f"evt_{number}", type="payout.failed", payload={"data": {"object": {}}},
                            problem=f"Payout {number}.", received_at=at, processed_at=at)
            )  # fmt: skip
    seen: list[str] = []
    after: str | None = ""
    with shop.app.app_context():
        while after is not None:
            page = alert_list.page(after)
            seen += [alert.problem for alert in page.rows]
            after = page.after
        assert alert_list.count() == 6
    assert seen == ["Payout 4.", "Payout 3.", "Paid in EUR.", "Payout 2.", "Payout 1.", "Payout 0."]
    mo = shop.signed_in(cast.mo)
    assert "Older" in mo.get("/admin/alerts").text
    for strange in ("x", "order-1", "event-\0", "event-évt", "order-" + "9" * 500, "event-evt_9"):
        assert mo.get("/admin/alerts", query_string={"after": strange}).status_code == 200
    shop.falsified = True


def test_what_nobody_has_looked_at_is_not_tidied_away(shop: Shop, cast: Cast) -> None:
    tell(shop, "payout.failed", 1, id="po_1")
    tell(shop, "payout.failed", 2, id="po_2")
    old = clock.now() - timedelta(days=1000)
    with shop.database() as session:
        session.execute(update(StripeEvent).values(processed_at=old))
        session.get_one(StripeEvent, "evt_2").looked_at = old
        retention.clean_up()
    with shop.database() as session:
        assert list(session.scalars(select(StripeEvent.id))) == ["evt_1"]
    shop.falsified = True
