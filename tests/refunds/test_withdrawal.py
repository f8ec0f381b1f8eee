"""Withdrawing from a contract: two steps, no account, the same page for everybody, and what becomes of it."""

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from domain.ledger import order_lock
from domain.refunds import declarations, withdrawal
from models import (
    ModerationItem,
    PurchaseStatus,
    RefundCause,
    db,
)
from tests.checkout.shop import at_once
from tests.refunds.desk import PAID, Desk

KNOWN = {"name": "Bo Example", "email": "bo@example.com", "order_number": "ln-test-0001"}


@pytest.fixture
def offered(desk: Desk) -> Desk:
    """A shop whose buyers have the right."""
    desk.set(withdrawal_on=True)
    return desk


def hidden(page: str) -> dict[str, Any]:
    """The fields of the second step, as a browser would send them."""
    fields: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page):
        fields.setdefault(name, []).append(value)
    return fields


def declare(browser: FlaskClient, **changed: Any) -> Any:
    """Go through both steps; the answer to the second."""
    review = browser.post("/withdraw", data={**KNOWN, **changed})
    assert review.status_code == 200, review.text
    assert "Nothing has been sent yet" in review.text
    return browser.post("/withdraw/confirm", data=hidden(review.text))


def received(browser: FlaskClient, answer: Any) -> str:
    assert answer.status_code == 303
    return " ".join(browser.get(answer.headers["Location"]).text.split())


def state(desk: Desk) -> list[str]:
    return [one.state.value for one in desk.withdrawals()]


def line(desk: Desk) -> Any:
    with desk.app.app_context():
        found = order_lock.lock(desk.cast.order.id).purchases[0]
        db.session.expunge_all()
        return found


def test_without_the_setting_there_is_nothing(desk: Desk) -> None:
    browser = desk.app.test_client()
    assert browser.get("/withdraw").status_code == 404
    assert browser.post("/withdraw", data=KNOWN).status_code == 404
    assert "Withdraw from contract" not in browser.get("/").text


def test_the_link_stands_in_the_footer_and_on_the_order(offered: Desk) -> None:
    assert "Withdraw from contract here" in offered.app.test_client().get("/").text
    page = offered.signed_in(offered.cast.bo).get("/orders/LN-TEST-0001").text
    assert 'href="/withdraw?order=LN-TEST-0001"' in page


def test_signed_in_the_full_price_goes_back_at_once(offered: Desk) -> None:
    bo = offered.signed_in(offered.cast.bo)
    form = bo.get("/withdraw?order=LN-TEST-0001").text
    assert 'value="bo@example.com"' in form
    assert offered.line in form
    page = received(bo, declare(bo, lines=[offered.line]))
    assert "the full price is on its way back to you" in page
    (row,), (asked,), (refund,) = offered.withdrawals(), offered.requests(), offered.refunds()
    assert (row.state, row.user_id, row.declared_at) == ("done", offered.cast.bo.id, PAID + timedelta(days=2))
    assert (asked.kind, asked.decision, asked.refund_id) == ("withdrawal", "approved", refund.id)
    assert (refund.cause, refund.amount_cents) == (RefundCause.WITHDRAWAL, 1900)
    assert line(offered).status == PurchaseStatus.REFUNDED
    assert bo.get("/learn/flask-first-steps/routes").status_code == 403
    (receipt,) = offered.mails("withdrawal_received")
    assert receipt.recipient == "bo@example.com"
    assert receipt.data["declared_number"] == "LN-TEST-0001"
    assert receipt.data["declared_at"].endswith(" UTC")


def test_number_and_address_pay_back_after_a_day(offered: Desk, at_day_two: Any) -> None:
    out = offered.app.test_client()
    page = received(out, declare(out))
    assert "the money goes back after 24 hours" in page
    assert state(offered) == ["waiting"]
    assert offered.refunds() == []
    (planned,) = offered.mails("withdrawal_planned")
    assert planned.recipient == "bo@example.com"
    at_day_two.shift(timedelta(hours=23, minutes=59))
    assert offered.run("carry_out_withdrawal") == 0
    at_day_two.shift(timedelta(minutes=1))
    assert offered.run("carry_out_withdrawal") == 1
    assert state(offered) == ["done"]
    assert [one.cause for one in offered.refunds()] == [RefundCause.WITHDRAWAL]
    with offered.app.test_request_context(method="POST"):
        declarations.carry_out(str(offered.withdrawals()[0].id))
    assert len(offered.refunds()) == 1


def test_the_mailed_link_stops_it_and_opening_the_link_doesnt(offered: Desk, at_day_two: Any) -> None:
    out = offered.app.test_client()
    declare(out)
    address = offered.mails("withdrawal_planned")[0].data["stop_url"].removeprefix("http://localhost")
    assert "Stop the withdrawal" in out.get(address).text
    assert state(offered) == ["waiting"]
    assert "you keep what you bought" in out.post(address).text
    assert (state(offered), [one.decision.value for one in offered.requests()]) == (["stopped"], ["stopped"])
    at_day_two.shift(timedelta(days=2))
    offered.run("carry_out_withdrawal")
    assert offered.refunds() == []
    assert out.post(address).status_code == 422
    for broken in ("x", address.rsplit("/", 1)[1] + "x"):
        assert out.get(f"/withdraw/stop/{broken}").status_code == 410


@pytest.mark.parametrize(
    "changed",
    [
        {"order_number": "LN-NONE-0000"},
        {"email": "cy@example.com"},
        {"order_number": "", "items": "A course about Flask"},
        {"order_number": "%"},
    ],
)
def test_what_matches_no_order_gets_the_same_page_and_a_person(
    offered: Desk, changed: dict[str, Any]
) -> None:
    out = offered.app.test_client()
    known = received(out, declare(out))
    unknown = received(out, declare(out, **changed))

    def plain(page: str) -> str:
        return re.sub(r"<dl.*?</dl>|csrf[^>]*>", "", page)

    assert plain(unknown) == plain(known)
    assert state(offered) == ["waiting", "unclear"]
    assert len(offered.mails("withdrawal_received")) == 2
    (told,) = offered.mails("withdrawal_unclear")
    assert told.recipient == "hello@example.com"
    mo = offered.signed_in(offered.cast.mo)
    assert "Needs a person" in mo.get("/admin/withdrawals?open=1").text
    row = offered.withdrawals()[1]
    assert mo.post(f"/admin/withdrawals/{row.id}/handled").status_code == 303
    assert "Nothing here" in mo.get("/admin/withdrawals?open=1").text
    assert "Dealt with" in mo.get("/admin/withdrawals").text


def test_a_second_press_declares_nothing_new(offered: Desk) -> None:
    bo = offered.signed_in(offered.cast.bo)
    sent = hidden(bo.post("/withdraw", data={**KNOWN, "lines": [offered.line]}).text)
    answers = at_once(*[lambda: offered.signed_in(offered.cast.bo).post("/withdraw/confirm", data=sent)] * 2)
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert len(offered.withdrawals()) == len(offered.refunds()) == 1
    assert len(offered.mails("withdrawal_received")) == 1


def test_the_right_ends_when_a_lesson_is_opened_after_a_consent_that_the_receipt_repeated(
    offered: Desk,
) -> None:
    offered.consents()
    bo = offered.signed_in(offered.cast.bo)
    assert offered.line in bo.get("/withdraw?order=LN-TEST-0001").text
    bo.get("/learn/flask-first-steps/routes")
    assert len(offered.all_progress()) == 1
    page = bo.get("/withdraw?order=LN-TEST-0001").text
    assert "It has been opened." in page
    assert offered.line not in page
    assert "/withdraw?order" not in bo.get("/orders/LN-TEST-0001").text
    declare(bo, items="All of it")
    assert state(offered) == ["refused"]
    assert [(one.decision, one.rule) for one in offered.requests()] == [("refused", "opened")]
    assert offered.refunds() == []
    out = offered.app.test_client()
    declare(out)
    (mail,) = offered.mails("withdrawal_refused")
    assert mail.recipient == "bo@example.com"


@pytest.mark.parametrize("consent", [False, None])
def test_it_stays_without_the_consent_or_its_repetition(offered: Desk, consent: bool | None) -> None:
    if consent is not None:
        offered.consents(repeated=consent)
    offered.opens(offered.cast.bo, offered.cast.text_lesson)
    bo = offered.signed_in(offered.cast.bo)
    declare(bo, lines=[offered.line])
    assert state(offered) == ["done"]


def test_what_was_opened_before_buying_ends_nothing(offered: Desk) -> None:
    offered.consents()
    offered.opens(offered.cast.bo, offered.cast.preview_lesson, PAID - timedelta(days=1))
    declare(offered.signed_in(offered.cast.bo), lines=[offered.line])
    assert state(offered) == ["done"]


def test_the_fourteenth_day_counts_to_its_end_in_the_shops_zone(offered: Desk, at_day_two: Any) -> None:
    offered.set(timezone="Europe/Berlin")
    with offered.app.app_context():
        end = withdrawal.ends_at(PAID)
    berlin = ZoneInfo("Europe/Berlin")
    assert end.astimezone(berlin).time() == datetime.min.time()
    assert end.astimezone(berlin).date() - PAID.astimezone(berlin).date() == timedelta(days=15)
    at_day_two.move_to(end - timedelta(seconds=1))
    assert offered.line in offered.signed_in(offered.cast.bo).get("/withdraw?order=LN-TEST-0001").text
    at_day_two.move_to(end)
    bo = offered.signed_in(offered.cast.bo)
    page = bo.get("/withdraw?order=LN-TEST-0001").text
    assert "The 14 days for it are over." in page
    assert "/withdraw?order" not in bo.get("/orders/LN-TEST-0001").text


def test_a_business_has_no_right(offered: Desk) -> None:
    offered.change(offered.cast.order, billing={"name": "Bo", "vat_id": "ATU1", "vat_state": "confirmed"})
    bo = offered.signed_in(offered.cast.bo)
    assert "you bought as a business" in bo.get("/withdraw?order=LN-TEST-0001").text
    declare(bo, items="x")
    assert [one.rule for one in offered.requests()] == ["business"]
    offered.change(offered.cast.order, billing=None)


def test_a_request_that_waits_gives_way_to_a_withdrawal(offered: Desk) -> None:
    bo = offered.signed_in(offered.cast.bo)
    offered.opens(offered.cast.bo, offered.cast.text_lesson)
    offered.ask(bo)
    declare(bo, lines=[offered.line])
    assert [one.decision.value for one in offered.requests()] == ["stopped", "approved"]
    (item,) = [one for one in offered.all(ModerationItem) if one.kind == "refund"]
    assert item.verdict == "withdrawn"


def test_a_dispute_in_the_meantime_is_said_by_mail(offered: Desk, at_day_two: Any) -> None:
    declare(offered.app.test_client())
    offered.change(offered.cast.purchase, disputed_cents=1900)
    at_day_two.shift(timedelta(days=1))
    offered.run("carry_out_withdrawal")
    assert (state(offered), offered.refunds()) == (["refused"], [])
    (mail,) = offered.mails("withdrawal_refused")
    assert "Your bank is looking into this payment" in mail.data["lines"][0]["sentence"]
    offered.change(offered.cast.purchase, disputed_cents=0)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": ""}, "Enter your name."),
        ({"email": "nobody"}, "email"),
        ({"order_number": ""}, "Enter the order number, or say below what you bought."),
        ({"order_number": "x" * 41}, "Use at most 40 characters."),
        ({"items": "x" * 1001}, "Use at most 1,000 characters."),
    ],
)
def test_what_is_missing_is_said_beside_its_field(offered: Desk, changed: dict[str, Any], said: str) -> None:
    for path in ("/withdraw", "/withdraw/confirm"):
        answer = offered.app.test_client().post(path, data={**KNOWN, **changed})
        assert answer.status_code == 422
        assert said in answer.text
    assert offered.withdrawals() == []


def test_a_network_that_declares_too_much_is_refused(offered: Desk) -> None:
    out = offered.app.test_client()
    codes = [
        out.post("/withdraw/confirm", data={**KNOWN, "order_number": f"LN-{number}"}).status_code
        for number in range(40)
    ]
    assert codes[0] == 303
    assert codes[-1] == 429


def test_who_may_not_be_mailed_any_more_is_paid_back_by_a_person(offered: Desk) -> None:
    for _ in range(5):
        declare(offered.app.test_client())
    assert state(offered)[0] == "stopped"
    assert state(offered)[-1] == "unclear"
    assert len(offered.mails("withdrawal_planned")) < 5


def test_the_page_of_a_declaration_shows_what_became_of_it_to_its_buyer_alone(offered: Desk) -> None:
    bo = offered.signed_in(offered.cast.bo)
    answer = declare(bo, lines=[offered.line])
    assert "on its way back" in received(bo, answer)
    for person in (offered.signed_in(offered.cast.cy), offered.app.test_client()):
        page = received(person, answer)
        assert "on its way back" not in page
    assert offered.app.test_client().get("/withdraw/received/forged").status_code == 404
