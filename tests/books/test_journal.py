"""The journal and the sums: what they add up to is what Stripe and the ledger have."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from domain.base import clock
from domain.books import comparing, journal, sums
from domain.payouts import holds
from models import BooksFinding, Earning, FindingKind, StripeMovement, db
from tests.admin.query_counts import Counter as Queries
from tests.books.checking import Night
from tests.cast import Cast
from tests.checkout.full_cart import fill
from tests.checkout.shop import Shop

START, STOP = datetime(2020, 1, 1, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC)


def totals() -> Counter[str]:
    """What each account adds up to, debit less credit."""
    found: Counter[str] = Counter()
    for entry in journal.between(START, STOP):
        found[entry.debit.name] += entry.cents
        found[entry.credit.name] -= entry.cents
    return found


def test_a_life_is_balanced(shop: Shop, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "BLOCK", 2)
    night = Night(shop, monkeypatch)
    full = fill(shop, cast)
    full.buy()
    shop.hear()
    charge = shop.stripe.all("charge")[-1]["id"]
    shop.stripe.refund(charge, 700)
    failing = shop.stripe.refund(charge, 300)
    shop.hear()
    shop.stripe.settle_refund(failing["id"], ok=False)
    shop.hear()
    assert night.fall() == []
    shop.falsified = True  # the refund that failed raised an alert
    with shop.app.app_context():
        found = totals()
        assert sum(found.values()) == 0
        # The cast's own order was never paid at Stripe.
        elsewhere = cast.order.total_cents
        assert found["Balance at Stripe"] - elsewhere == comparing.sums()["usd"]
        owed = int(db.session.scalar(select(func.sum(Earning.amount_cents))) or 0)
        assert found["Owed to creators"] == -owed
        assert found["To be returned to buyers"] == 0
        lines = sums.of_year(clock.now().year)
        fees = int(db.session.scalar(select(func.sum(StripeMovement.fee_cents))) or 0)
        assert sum(line.fees for line in lines) == fees > 0
        assert sum(line.refunds for line in lines) == 700
        assert sum(line.creators for line in lines) == owed
        assert sum(line.tax for line in lines) == -found["Sales tax"]
        assert sum(line.platform for line in lines) == -found["Sales"] - found["Shares of creators"]
    browser = shop.signed_in(cast.mo)
    year, month = clock.now().year, f"{clock.now():%Y-%m}"
    assert "Fees of Stripe" in browser.get(f"/admin/books.csv?year={year}").text
    exported = browser.get(f"/admin/books/journal.csv?month={month}").text
    assert "Balance at Stripe" in exported
    assert browser.get("/admin/books/journal.csv?month=2026-13").status_code == 404
    assert browser.get("/admin/books?year=no").status_code == 404


def test_an_open_finding_stops_the_creators_it_concerns(shop: Shop, cast: Cast) -> None:
    with shop.app.test_request_context(method="POST"):
        about = {"kind": FindingKind.PAYMENT_DIFFERS, "amount_cents": 1, "currency": "usd"}
        finding = BooksFinding(key="order:1", sentence="It differs.", order_id=cast.order.id, **about)
        db.session.add(finding)
        db.session.flush()
        assert holds.blocked_by_drift(cast.ada.id) == "It differs."
        assert holds.blocked_by_drift(cast.nia.id) == ""
        finding.resolved_at, finding.resolution = clock.now(), "Fine."
        db.session.flush()
        assert holds.blocked_by_drift(cast.ada.id) == ""
        db.session.add(BooksFinding(key="payout:1", sentence="That too.", creator_id=cast.nia.id, **about))
        db.session.flush()
        assert holds.drifting([cast.ada.id, cast.nia.id]) == {cast.nia.id: "That too."}


def test_pages_read_a_bounded_number_of_rows(shop: Shop, cast: Cast, query_count: Queries) -> None:
    browser = shop.signed_in(cast.mo)

    def asked() -> int:
        query_count.clear()
        assert browser.get("/admin/books").status_code == 200
        return len(query_count)

    few = max(asked(), asked())
    with shop.database() as session:
        for number in range(60):
            session.add(
                BooksFinding(
                    key=f"payment:{number}", kind=FindingKind.PAYMENT_UNKNOWN, sentence=f"It is {number}.",
                    amount_cents=number, currency="usd", found_at=clock.now() - timedelta(minutes=number),
                )
            )  # fmt: skip
    assert asked() <= few <= 20
    page = browser.get("/admin/books/findings").text
    assert page.count("It is ") == 50
    older = browser.get("/admin/books/findings?after=" + page.split("after=")[1].split('"')[0]).text
    assert older.count("It is ") == 10
