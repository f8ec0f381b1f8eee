"""Orders and emails are searched by their people and sorted by links, page after page, in few queries."""

from datetime import timedelta

import pytest
from flask import Flask

import mail
from domain.base import clock
from domain.commerce import order_admin
from domain.commerce.order_admin import OrderSort
from domain.pages import background_work
from models import EmailMessage, Order, OrderStatus, User, db
from tests.admin.query_counts import Counter, queries  # noqa: F401
from tests.auth.mails import SignIn
from tests.cast import Cast


@pytest.fixture
def orders(app: Flask, cast: Cast) -> None:
    """Six orders of Cy Bright, some of the same total."""
    with app.app_context():
        db.session.get_one(User, cast.cy.id).name = "Cy Bright"
        for n in range(6):
            db.session.add(
                Order(
                    number=f"LN-SORT-{n}", user_id=cast.cy.id, cart_key=f"k{n}", currency="usd",
                    subtotal_cents=n // 2 * 100, total_cents=n // 2 * 100, status=OrderStatus.COMPLETED,
                    created_at=clock.now() - timedelta(days=n),
                )
            )  # fmt: skip
        db.session.commit()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ln-test-0001", 1),
        ("bright", 6),
        ("cy@example.com", 6),
        ("Bo", 1),
        ("ln-sort", 6),
        ("LN-SORT-3", 1),
        ("LN-TESTS", 0),
        ("%", 0),
    ],
)
def test_orders_are_found_by_number_and_buyer(
    cast: Cast, signed_in: SignIn, orders: None, queries: Counter, text: str, found: int  # noqa: F811
) -> None:  # fmt: skip
    mo = signed_in(cast.mo)
    mo.get("/admin/orders")
    queries.clear()
    page = mo.get("/admin/orders", query_string={"q": text}).text
    assert len(queries) <= 10
    assert page.count('<td class="nowrap"><a href="/admin/orders/LN-') == found
    assert ("No orders found" in page) == (not found)


@pytest.mark.parametrize("sort", list(OrderSort))
def test_orders_are_sorted_page_after_page(
    app: Flask, cast: Cast, orders: None, monkeypatch: pytest.MonkeyPatch, sort: OrderSort
) -> None:
    monkeypatch.setattr(order_admin, "PAGE_SIZE", 2)
    with app.app_context():
        listed: list[Order] = []
        page = order_admin.page(None, None, sort)
        while True:
            listed += page.rows
            if page.after is None:
                break
            page = order_admin.page(None, page.after, sort)
        shown = [(one.total_cents, one.created_at, one.id) for one in listed]
        keys = {
            OrderSort.NEWEST: lambda row: (-row[1].timestamp(), -row[2].int),
            OrderSort.OLDEST: lambda row: (row[1].timestamp(), row[2].int),
            OrderSort.TOTAL: lambda row: (-row[0], -row[2].int),
        }
        assert len(shown) == 7
        assert shown == sorted(shown, key=keys[sort])


def test_the_heads_of_the_table_say_how_it_is_sorted(cast: Cast, signed_in: SignIn, orders: None) -> None:
    mo = signed_in(cast.mo)
    page = mo.get("/admin/orders?sort=total&q=bright").text
    assert 'aria-sort="descending"><a href="/admin/orders?q=bright&amp;sort=total">Total' in page
    assert 'href="/admin/orders?q=bright&amp;sort=newest">Ordered' in page
    assert 'aria-sort="ascending"' in mo.get("/admin/orders?sort=oldest").text
    assert mo.get("/admin/orders?sort=sideways").status_code == 404


def test_emails_are_found_by_whom_they_went_to(
    app: Flask, cast: Cast, signed_in: SignIn, queries: Counter  # noqa: F811
) -> None:  # fmt: skip
    with app.app_context():
        for person in (cast.bo, cast.cy, cast.cy):
            mail.role_changed(db.session.get_one(User, person.id))
        db.session.add(
            EmailMessage(
                recipient="gone@example.com", template="role_changed", subject="Hello", message_id="<m@x>"
            )
        )
        db.session.commit()
        for text, count in (("cy", 2), ("cy@example.com", 2), ("gone@example.com", 1), ("zz", 0)):
            assert len(background_work.mails(None, None, None, text).rows) == count, text
        oldest = background_work.mails(None, None, None, "", oldest_first=True).rows
        assert oldest == background_work.mails(None, None, None).rows[::-1]
    mo = signed_in(cast.mo)
    mo.get("/admin/emails")
    queries.clear()
    page = mo.get("/admin/emails?q=cy&sort=oldest").text
    assert len(queries) <= 10
    assert page.count("<td>cy@example.com</td>") == 2
    assert "bo@example.com" not in page
