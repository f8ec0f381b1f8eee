"""Stripe's books beside ours: what agrees, what is found, and that a check goes on where it was."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

import jobs
import payments
from domain.books import reading, resolving
from models import AuditEntry, Earning, RefundStatus, StripeMovement, db
from tests.books.checking import Night
from tests.cast import Cast
from tests.checkout.shop import Shop


@pytest.fixture
def night(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Night:
    return Night(shop, monkeypatch)


def buy(shop: Shop, cast: Cast) -> str:
    """Buy the course of the cast; the charge."""
    shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    shop.hear()
    return str(shop.stripe.all("charge")[-1]["id"])


def admin(shop: Shop, cast: Cast) -> FlaskClient:
    return shop.signed_in(cast.mo)


def forget(shop: Shop, movement: dict[str, Any]) -> None:
    """Take a movement out of Stripe's books."""
    shop.stripe.engine.store.run("DELETE FROM objects WHERE id = :id", {"id": movement["id"]})


def test_what_was_bought_and_refunded_agrees(shop: Shop, cast: Cast, night: Night) -> None:
    charge = buy(shop, cast)
    shop.stripe.refund(charge, 500)
    shop.hear()
    assert night.fall() == []
    (check,) = night.checks()
    ours, theirs = check.balances["usd"]
    assert ours == theirs != 0
    assert check.movements == 2
    assert shop.count(StripeMovement, StripeMovement.matched_id.is_(None)) == 0
    assert night.fall() == []
    assert [one.movements for one in night.checks()] == [2, 0]


def test_a_refund_that_nobody_told_of_is_adopted(shop: Shop, cast: Cast, night: Night) -> None:
    shop.stripe.refund(buy(shop, cast), 500)
    (said,) = night.fall()
    assert "Stripe paid back $5.00 of order LN-" in said
    (finding,) = night.findings()
    with shop.app.app_context():
        assert [one.id for one in resolving.creators_of(finding)] == [cast.ada.id]
    browser = admin(shop, cast)
    page = browser.get("/admin/books").text
    assert "$5.00" in page
    assert browser.post(f"/admin/books/{finding.id}/fetch").status_code == 303
    shop.work()
    assert night.open() == []
    (refund,) = shop.refunds()
    assert (refund.amount_cents, refund.status) == (500, RefundStatus.SUCCEEDED)
    assert night.fall() == []
    (ended,) = night.findings()
    assert (ended.resolution, ended.resolved_by_id) == ("No longer differs.", None)


def test_a_payment_of_others_is_found_and_explained(shop: Shop, cast: Cast, night: Night) -> None:
    shop.stripe.pay_unasked()
    (said,) = night.fall()
    assert "belongs to no order here" in said
    (finding,) = night.findings()
    browser, address = admin(shop, cast), f"/admin/books/{finding.id}"
    assert browser.post(f"{address}/explain", data={"note": " "}).status_code == 422
    assert browser.post(f"{address}/explain", data={"note": "The other shop’s."}).status_code == 303
    assert night.fall() == []
    (ended,) = night.findings()
    assert (ended.resolution, ended.resolved_by_id) == ("The other shop’s.", cast.mo.id)
    browser = admin(shop, cast)  # the proof of the first one is hours old by now
    again = browser.post(f"{address}/explain", data={"note": "Again."})
    assert (again.status_code, "resolved meanwhile" in again.text) == (422, True)
    assert "The other shop’s." in browser.get("/admin/books/findings?state=resolved").text


def test_a_payment_that_stripe_lost_is_missed(shop: Shop, cast: Cast, night: Night) -> None:
    buy(shop, cast)
    forget(shop, shop.stripe.all("balance_transaction")[-1])
    (said,) = night.fall()
    assert "Stripe’s books show no payment for it" in said


def test_another_amount_and_a_double_are_found_and_countered(shop: Shop, cast: Cast, night: Night) -> None:
    shop.falsified = True
    buy(shop, cast)
    assert night.fall() == []
    with shop.database() as session:
        row = session.scalars(select(StripeMovement)).one()
        double = {name: getattr(row, name) for name in StripeMovement.__mapper__.columns.keys()}  # noqa: SIM118
        session.add(StripeMovement(**double | {"id": "txn_double"}))
    said = night.fall()
    assert any("in 2 payments" in one for one in said)
    assert any("The balance at Stripe is" in one for one in said)
    with shop.database() as session:
        session.delete(session.get(StripeMovement, "txn_double"))
        session.execute(
            update(StripeMovement).values(
                gross_cents=StripeMovement.gross_cents - 100, paid_cents=StripeMovement.paid_cents - 100,
                net_cents=StripeMovement.net_cents - 100,
            )
        )  # fmt: skip
    (differs,) = [one for one in night.fall() if "Order" in one]
    assert "but Stripe received" in differs
    (finding,) = [one for one in night.findings() if one.order_id and one.resolved_at is None]
    assert (finding.amount_cents, finding.currency) == (-100, "usd")
    browser, address = admin(shop, cast), f"/admin/books/{finding.id}/counter"
    data = {
        "creator": str(cast.ada.id), "direction": "against", "amount": "0.70", "reason": "A dollar was lost",
    }  # fmt: skip
    preview = browser.post(address, data=data)
    assert (preview.status_code, "$0.70" in preview.text) == (200, True)
    assert shop.count(Earning, Earning.key.startswith("adjust:")) == 0
    assert browser.post(address, data=data | {"amount": "0", "confirmed": "yes"}).status_code == 422
    assert browser.post(address, data=data | {"creator": str(cast.nia.id)}).status_code == 422
    assert browser.post(address, data=data | {"confirmed": "yes"}).status_code == 303
    assert browser.post(address, data=data | {"confirmed": "yes"}).status_code == 422
    with shop.database() as session:
        (entry,) = session.scalars(select(Earning).where(Earning.key.startswith("adjust:")))
        assert (entry.creator_id, entry.amount_cents) == (cast.ada.id, -70)
        (noted,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "books_countered"))
        assert "−$0.70 for ada@example.com" in (noted.note or "")
    assert [one for one in night.fall() if "Order" in one] == []


def test_a_refund_that_stripe_never_paid_is_found(shop: Shop, cast: Cast, night: Night) -> None:
    shop.stripe.refund(buy(shop, cast), 500)
    shop.hear()
    forget(shop, shop.stripe.all("balance_transaction")[-1])
    (said,) = night.fall()
    assert "should be $5.00, but Stripe paid back $0.00" in said


def test_what_just_happened_is_given_an_hour(shop: Shop, cast: Cast, night: Night) -> None:
    shop.stripe.refund(buy(shop, cast), 500)
    with shop.app.test_request_context(method="POST"):
        jobs.enqueue("check_books", key="at once")
        db.session.commit()
    shop.work()
    assert night.findings() == []
    assert len(night.checks()) == 1


def test_a_check_that_is_killed_goes_on_where_it_was(
    shop: Shop, cast: Cast, night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAGE", 2)
    charge = buy(shop, cast)
    for _ in range(4):
        shop.stripe.refund(charge, 100)
    shop.hear()
    asked: list[str] = []
    real = payments.movements

    def movements(since: datetime, until: datetime, after: str = "") -> Any:
        asked.append(after)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return real(since, until, after)

    monkeypatch.setattr(payments, "movements", movements)
    with pytest.raises(KeyboardInterrupt):
        night.fall()
    assert shop.count(StripeMovement) == 2
    monkeypatch.setattr(payments, "movements", real)
    assert night.fall() == []
    (check,) = night.checks()
    assert (check.movements, check.pages) == (5, 3)
    assert shop.count(StripeMovement) == 5


def test_a_page_that_two_read_is_counted_once(
    shop: Shop, cast: Cast, night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAGE", 1)
    shop.stripe.refund(buy(shop, cast), 500)
    shop.hear()
    night.later(timedelta(hours=1))
    with shop.app.test_request_context(method="POST"):
        section = reading.begin()
        assert section is not None
        db.session.commit()
        found = reading.read(section)
        for _ in range(2):
            reading.end(section, found)
            db.session.commit()
    (check,) = night.checks()
    assert (check.pages, check.movements, check.finished_at) == (1, 1, None)


def test_the_command_checks_and_says_what_differs(shop: Shop, cast: Cast, night: Night) -> None:
    shop.stripe.refund(buy(shop, cast), 500)
    night.later(timedelta(hours=5))
    answer = shop.app.test_cli_runner().invoke(args=["ledger", "check", "--stripe"])
    assert answer.exit_code == 1
    assert "Stripe paid back $5.00" in answer.output
    shop.hear()
    night.later(timedelta(hours=5))
    answer = shop.app.test_cli_runner().invoke(args=["ledger", "check", "--stripe"])
    assert (answer.exit_code, answer.output.count("WRONG")) == (0, 0)


def test_what_a_bank_took_is_found_and_booked(shop: Shop, cast: Cast, night: Night) -> None:
    shop.stripe.dispute(buy(shop, cast))
    (said,) = night.fall()
    assert "for a dispute" in said
    (finding,) = night.findings()
    assert admin(shop, cast).post(f"/admin/books/{finding.id}/fetch").status_code == 303
    shop.work()
    assert night.open() == []
    assert night.fall() == []
