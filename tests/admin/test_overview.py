"""The desk's first page, and the orders that need somebody."""

from datetime import UTC, datetime, time, timedelta

from flask import Flask

from domain.base import clock
from domain.pages import admin_home
from domain.people import creator_applications
from models import (
    AuditEntry,
    DailySales,
    Job,
    JobState,
    Order,
    OrderStatus,
    Purchase,
    PurchaseStatus,
    StripeEvent,
    User,
    db,
)
from tests.admin.query_counts import Counter, queries  # noqa: F401
from tests.auth.mails import SignIn
from tests.cast import Cast


def sell(cast: Cast, moment: datetime, cents: int, currency: str = "usd", **more: object) -> Order:
    """An order that was begun the day before, with a fifth of tax on top."""
    tax, status = cents // 5, more.get("status", OrderStatus.COMPLETED)
    is_paid = status == OrderStatus.COMPLETED
    order = Order(
        number=f"LN-{cents}-{currency}", user_id=cast.bo.id, cart_key=f"{cents}{currency}", tax_cents=tax,
        total_cents=cents + tax, subtotal_cents=cents, currency=currency, status=status,
        created_at=moment - timedelta(days=1), completed_at=moment if is_paid else None,
    )  # fmt: skip
    db.session.add(order)
    db.session.flush()
    line = Purchase(
        order_id=order.id, user_id=cast.bo.id, is_gift=True, product_id=cast.flask_course.id,
        product_snapshot={}, price_cents=cents, amount_cents=cents, tax_cents=tax, currency=currency,
        status=PurchaseStatus.COMPLETED if is_paid else PurchaseStatus.FAILED,
    )  # fmt: skip
    db.session.add(line)
    return order


def test_sales_come_from_what_was_added_up_and_from_orders_since(app: Flask, cast: Cast) -> None:
    now = clock.now()
    today = datetime.combine(now.date(), time(), UTC)
    with app.app_context():
        db.session.execute(db.update(Order).values(completed_at=now - timedelta(days=100)))
        for days, cents in ((40, 1), (5, 1000), (2, 500)):
            db.session.add(
                DailySales(
                    date=(today - timedelta(days=days)).date(), currency="usd", sales=1, gross_cents=cents
                )
            )
        sell(cast, today - timedelta(days=5), 77)  # added up already
        sell(cast, today - timedelta(days=2), 600)  # after the day was added up the first time
        sell(cast, today, 250)
        sell(cast, today, 900, "eur")
        sell(cast, today, 9999, status=OrderStatus.CANCELLED)
        db.session.commit()
        found = {one.currency: one for one in admin_home.sales()}
        assert {name: one.total for name, one in found.items()} == {"usd": 1000 + 600 + 250, "eur": 900}
        assert len(found["usd"].days) == admin_home.DAYS
        assert found["usd"].days[-1] == (today.date(), 250)
        assert [one.currency for one in admin_home.sales()] == ["usd", "eur"]


def test_counts_are_bounded_and_lead_to_their_lists(
    app: Flask, cast: Cast, signed_in: SignIn, queries: Counter  # noqa: F811
) -> None:  # fmt: skip
    with app.app_context():
        db.session.add_all([Job(kind="clean_up", state=JobState.DEAD) for _ in range(150)])
        cy = db.session.get_one(User, cast.cy.id)
        creator_applications.apply(cy, creator_applications.ApplicationInput("Maps", [], [], "…"))
        db.session.commit()
    mo = signed_in(cast.mo)
    queries.clear()
    page = mo.get("/admin").text
    assert len(queries) <= 10
    assert "100+" in page
    for href in (
        "/admin/jobs",
        "/admin/webhooks",
        "/admin/emails?state=failed",
        "/admin/media",
        "/admin/orders",
        "/admin/alerts",
    ):
        assert f'href="{href}"' in page
    assert 'href="/admin/moderation?kind=application"' in page
    assert "The worker isn’t running" in page


def test_an_order_with_a_problem_stands_first_until_somebody_has_looked(
    app: Flask, cast: Cast, signed_in: SignIn
) -> None:
    with app.app_context():
        order = db.session.get_one(Order, cast.order.id)
        order.problem = "Stripe has another amount."
        db.session.add(
            StripeEvent(id="evt_1", type="checkout.session.completed", object_id="cs_test_cast", payload={})
        )
        db.session.commit()
    mo, page = signed_in(cast.mo), "/admin/orders/LN-TEST-0001"
    assert "Need attention" in mo.get("/admin/orders").text
    shown = mo.get(page).text
    assert "Stripe has another amount." in shown
    assert "/admin/webhooks/evt_1" in shown
    assert mo.post(f"{page}/looked-at", data={"note": ""}).status_code == 422
    for _ in range(2):
        assert mo.post(f"{page}/looked-at", data={"note": "Refunded by hand."}).status_code == 303
    assert "Need attention" not in mo.get("/admin/orders").text
    assert "Refunded by hand." in mo.get(page).text
    with app.app_context():
        assert list(db.session.scalars(db.select(AuditEntry.action))) == ["look_at_order"]
