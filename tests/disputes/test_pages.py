"""Disputes in the admin area: the list, one dispute, and the way to an answer that is sent."""

import io
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader

from domain.base import clock
from models import Dispute, User, db
from tests.admin.query_counts import Counter
from tests.cast import Cast
from tests.disputes.making import Bank, order_of

SignedIn = Callable[[User], FlaskClient]


@pytest.fixture
def dispute_id(app: Flask, cast: Cast) -> str:
    """A dispute that waits for an answer."""
    with app.test_request_context(method="POST"):
        return str(Bank(order_of(cast)).reports("needs_response", -1, fee=1500).id)


def test_what_waits_stands_on_every_page_that_says_so(
    signed_in: SignedIn, cast: Cast, dispute_id: str
) -> None:
    mo = signed_in(cast.mo)
    overview, alerts = mo.get("/admin").text, mo.get("/admin/alerts").text
    assert "Disputes to answer" in overview
    assert f"/admin/disputes/{dispute_id}" in alerts
    assert "All clear" not in alerts
    assert f"/admin/disputes/{dispute_id}" in mo.get("/admin/disputes?state=to_answer").text
    assert f"/admin/disputes/{dispute_id}" not in mo.get("/admin/disputes?state=closed").text
    assert f"/admin/disputes/{dispute_id}" in mo.get("/admin/orders/LN-TEST-0001").text


def test_a_dispute_shows_its_state_and_what_moved(signed_in: SignedIn, cast: Cast, dispute_id: str) -> None:
    page = signed_in(cast.mo).get(f"/admin/disputes/{dispute_id}").text
    for said in ("Needs an answer", "The cardholder says they didn’t pay", "$19.00", "$15.00", "Answer by"):
        assert said in page
    assert "LN-TEST-0001" in page
    assert f"/admin/users/{cast.bo.id}" in page


def test_from_the_records_to_the_bank(app: Flask, signed_in: SignedIn, cast: Cast, dispute_id: str) -> None:
    mo, address = signed_in(cast.mo), f"/admin/disputes/{dispute_id}"
    assert mo.get(f"{address}/evidence.pdf").status_code == 404
    assert mo.post(f"{address}/collect").status_code == 303
    page = mo.get(address).text
    assert "bo@example.com" in page
    form = {"customer_name": "Bo B.", "access_activity_log": "He learned.\n\nA lot."}
    assert mo.post(f"{address}/answer", data=form).location.endswith("#answer")
    answer = mo.post(f"{address}/answer", data={**form, "send": "1"})
    assert answer.location == f"{address}/send"
    confirm = mo.get(f"{address}/send").text
    assert "Banks take one answer" in confirm
    assert "He learned." in confirm
    with app.app_context():
        version = db.session.scalars(db.select(Dispute)).one().evidence_version
    stale = mo.post(f"{address}/send", data={"version": str(version - 1)})
    assert (stale.status_code, "changed meanwhile" in stale.text) == (422, True)
    assert mo.post(f"{address}/send", data={"version": str(version)}).status_code == 303
    assert "on its way to the bank" in mo.get(address).text
    late = mo.post(f"{address}/answer", data=form)
    assert (late.status_code, "Banks take only one" in late.text) == (422, True)
    pdf = mo.get(f"{address}/evidence.pdf")
    text = PdfReader(io.BytesIO(pdf.data)).pages[0].extract_text()
    assert "Bo B." in text
    assert "He learned." in text


def test_what_is_too_long_is_said_beside_its_field(signed_in: SignedIn, cast: Cast, dispute_id: str) -> None:
    mo, address = signed_in(cast.mo), f"/admin/disputes/{dispute_id}/answer"
    long = "🎓" * 15_000
    page = mo.post(address, data={"uncategorized_text": long})
    assert page.status_code == 422
    assert "Use at most 20,000 characters." in page.text
    assert long in page.text


def test_only_admins_see_disputes(signed_in: SignedIn, cast: Cast, dispute_id: str) -> None:
    for person in (cast.bo, cast.ada):
        assert signed_in(person).get(f"/admin/disputes/{dispute_id}").status_code == 404


def test_a_long_list_takes_as_many_queries_as_a_short_one(
    app: Flask, signed_in: SignedIn, cast: Cast, dispute_id: str, queries: Counter
) -> None:
    mo = signed_in(cast.mo)
    mo.get("/admin/disputes")
    queries.clear()
    mo.get("/admin/disputes")
    few = len(queries)
    with app.app_context():
        for number in range(60):
            db.session.add(
                Dispute(
                    order_id=cast.order.id, stripe_dispute_id=f"dp_many_{number}", amount_cents=1900,
                    currency="usd", reason="general", status="won", disputed_at=clock.now(),
                    synced_at=clock.now(), evidence={},
                )
            )  # fmt: skip
        db.session.commit()
    mo.get("/admin/disputes")  # reads the settings, which are remembered for a second
    queries.clear()
    page = mo.get("/admin/disputes").text
    assert len(queries) <= few
    assert page.count("/admin/disputes/0") == 50
    assert "after=" in page


def test_the_setting_says_whether_access_pauses(app: Flask, signed_in: SignedIn, cast: Cast) -> None:
    mo = signed_in(cast.mo)
    assert "Pause access while a payment is disputed" in mo.get("/admin/settings/rules").text
