"""The pages of payouts: what creators and admins see and do, and what others don't."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask, Response, request_finished
from flask.testing import FlaskClient
from sqlalchemy import select

from domain.base import clock, request_trace
from domain.payouts import overview, statements
from models import (
    AuditEntry,
    BillingDetails,
    Course,
    Earning,
    Payout,
    PayoutParticulars,
    PayoutRun,
    PlatformSettings,
    User,
    VatStatus,
    db,
)
from tests.cast import Cast
from tests.payouts import making
from tests.reviews.test_review_list import plans

Browser = Callable[[User], FlaskClient]
PAGE, DESK = "/studio/payouts", "/admin/payouts"
PARTICULARS = {
    "name": "Ada L.", "address": "1 Main St", "city": "Town", "country": "US", "vat_status": "none",
    "agrees": "y",
}  # fmt: skip


@pytest.fixture
def count_queries(app: Flask) -> Iterator[Callable[[], int]]:
    """A function that tells how many statements the last request sent."""
    counts: list[int] = []

    def note(_app: Flask, response: Response) -> None:
        counts.append(request_trace.query_count())

    with request_finished.connected_to(note, app):
        yield lambda: counts[-1]


@pytest.fixture
def payout(app: Flask, cast: Cast) -> Payout:
    """What ada earned was paid; a later sale waits."""
    with app.app_context():
        found = making.settled(cast.ada)
        course = db.session.get_one(Course, cast.flask_course.id)
        making.sale(course, 700, at=clock.now() - timedelta(days=2))
        db.session.commit()
        db.session.refresh(found)
        db.session.expunge(found)
        return found


def test_a_creator_sees_where_the_money_is(cast: Cast, payout: Payout, signed_in: Browser) -> None:
    page = signed_in(cast.ada).get(PAGE).text
    stats = page.split('<dl class="stats">')[1].split("</dl>")[0]
    found = [part.split("</dd>")[0].replace("</dt><dd>", " ") for part in stats.split("<dt>")[1:]]
    assert found == ["Waiting $7.00", "Available $0.00", "On its way $0.00", "Paid $13.30"]
    assert "Flask, first steps" in page
    assert "Buyer Somebody" in page
    assert "example.com" not in page.split("<main")[1], "addresses are nobody's business"


def test_the_statement(cast: Cast, payout: Payout, signed_in: Browser) -> None:
    browser = signed_in(cast.ada)
    page = browser.get(f"{PAGE}/{payout.id}").text
    for part in ("Opening balance", "$13.30", "−$13.30", "$19.00", "−$5.70", "LN-TEST-0001"):
        assert part in page
    answer = browser.get(f"{PAGE}/{payout.id}/statement.csv")
    (row,) = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert (row["What"], row["List price"], row["Fee"], row["Amount for you"]) == (
        "Sale", "19.00", "5.70", "13.30",
    )  # fmt: skip
    document = browser.get(f"{PAGE}/{payout.id}/document.pdf")
    assert document.data.startswith(b"%PDF- P")
    year = browser.get(f"{PAGE}/years/{payout.created_at.year}").text
    assert "Paid to you in 1 payout" in year


def test_others_see_nothing_of_it(cast: Cast, payout: Payout, signed_in: Browser) -> None:
    browser = signed_in(cast.nia)
    assert "$13.30" not in browser.get(PAGE).text
    assert "Flask, first steps" not in browser.get(PAGE).text
    for place in ("", "/statement.csv", "/document.pdf"):
        assert browser.get(f"{PAGE}/{payout.id}{place}").status_code == 404
    assert browser.get(f"{PAGE}?after={payout.id}").status_code == 200
    assert "$13.30" not in browser.get(f"{PAGE}/years/{payout.created_at.year}").text


def test_few_queries(
    cast: Cast, payout: Payout, signed_in: Browser, count_queries: Callable[[], int]
) -> None:
    browser = signed_in(cast.ada)
    browser.get(PAGE)
    assert count_queries() <= 10
    browser.get(f"{PAGE}/{payout.id}")
    assert count_queries() <= 6
    browser = signed_in(cast.mo)
    browser.get(DESK)
    assert count_queries() <= 14


def test_particulars(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.ada)
    for missing, said in (("agrees", "agree"), ("vat_status", "charge VAT"), ("city", "town")):
        given = {name: value for name, value in PARTICULARS.items() if name != missing}
        answer = browser.post(f"{PAGE}/particulars", data=given)
        assert (answer.status_code, said in answer.text) == (422, True)
    answer = browser.post(f"{PAGE}/particulars", data=PARTICULARS | {"vat_status": "registered"})
    assert (answer.status_code, "VAT id" in answer.text) == (422, True)
    assert browser.post(f"{PAGE}/particulars", data=PARTICULARS).status_code == 303
    with app.app_context():
        said = db.session.scalars(select(PayoutParticulars)).one()
        assert (said.vat_status, "self-billing" in said.agreement) == (VatStatus.NONE, True)
        assert db.session.get_one(BillingDetails, cast.ada.id).city == "Town"


def test_a_run_is_looked_at_first(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.mo)
    page = browser.get(f"{DESK}/plan").text
    assert "Details are missing" in page
    assert "The Stripe account can’t be paid" in page
    assert browser.post(f"{DESK}/run").status_code == 303
    with app.app_context():
        assert db.session.scalars(select(PayoutRun.actor_id)).all() == [cast.mo.id]
    assert "On demand" in browser.get(DESK).text


def test_an_adjustment_is_previewed_and_audited(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.mo)
    form = {"creator": "ada@example.com", "direction": "against", "amount": "3.30", "reason": "Paid twice"}
    page = browser.post(f"{DESK}/adjust", data=form).text
    assert "$13.30" in page
    assert "$10.00" in page
    with app.app_context():
        assert db.session.scalars(select(Earning.amount_cents)).all() == [1330]
    assert browser.post(f"{DESK}/adjust", data=form | {"confirmed": "yes"}).status_code == 303
    with app.app_context():
        line = db.session.scalars(select(Earning).where(Earning.key.startswith("adjust:"))).one()
        assert (line.amount_cents, line.note) == (-330, "Paid twice")
        note = db.session.scalars(select(AuditEntry.note).where(AuditEntry.action == "adjust_balance")).one()
        assert "$13.30 → $10.00" in note
    assert "Paid twice" in signed_in(cast.ada).get(PAGE).text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"creator": "bo@example.com"}, "No creator has this address."),
        ({"amount": "0"}, "more than 0"),
        ({"amount": "1e9"}, "Enter an amount"),
        ({"reason": ""}, "Enter a reason"),
        ({"direction": "up"}, "Not a valid choice"),
    ],
)
def test_bad_adjustments(cast: Cast, signed_in: Browser, change: dict[str, str], said: str) -> None:
    form = {"creator": "ada@example.com", "direction": "for", "amount": "3", "reason": "Bonus"}
    answer = signed_in(cast.mo).post(f"{DESK}/adjust", data=form | change)
    assert answer.status_code == 422
    assert said in answer.text or said == "Not a valid choice"


def test_settings(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.mo)
    form = {"payout_day": "15", "payout_minimum": "25", "payout_vat": "19"}
    for wrong in ({"payout_day": "29"}, {"payout_minimum": "0"}, {"payout_vat": "much"}):
        assert browser.post("/admin/settings/payouts", data=form | wrong).status_code == 422
    assert browser.post("/admin/settings/payouts", data=form).status_code == 303
    with app.app_context():
        row = db.session.get_one(PlatformSettings, 1)
        assert (row.payout_day, row.payout_minimum_cents, row.payout_vat_bp) == (15, 2500, 1900)


def test_a_hundred_thousand_sales_are_read_by_index(app: Flask, cast: Cast, payout: Payout) -> None:
    with app.app_context():
        ada = db.session.get_one(User, cast.ada.id)
        row = db.session.get_one(Payout, payout.id)
        found = plans(lambda: (overview.load(ada, row.id), statements.page(row, "")))
    for plan in found:
        for table in ("earnings", "payouts", "payout_holds", "purchases", "purchase_shares"):
            assert f"SCAN {table}\n" not in f"{plan}\n", plan
            assert f"Seq Scan on {table}" not in plan, plan
    joined = "\n".join(found)
    for index in (
        "ix_payouts_creator_id_created_at",
        "ix_earnings_payout_id",
        "ix_purchases_disputed",
        "ix_earnings_owed_newest",
    ):
        assert index in joined
    assert "ix_earnings_owed" in joined or "ix_earnings_creator_id_status" in joined
