"""Asking for a refund: two clicks, the policy's answer at once, and sentences for whatever can't be asked."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from domain.ledger import order_lock
from domain.refunds import request_facts, requesting
from models import (
    Enrollment,
    MediaAsset,
    MediaStatus,
    ModerationItem,
    ModerationKind,
    Order,
    Product,
    Purchase,
    PurchaseStatus,
    RefundCause,
    RequestDecision,
    db,
)
from tables import base
from tests.admin.query_counts import Counter, queries  # noqa: F401
from tests.checkout.shop import at_once
from tests.refunds.desk import PAID, Desk

PAGE = "/orders/LN-TEST-0001/refund"


def order(desk: Desk) -> Any:
    with desk.app.app_context():
        found = order_lock.lock(desk.cast.order.id)
        db.session.expunge_all()
        return found


def test_two_clicks_end_access_and_send_the_money_back(desk: Desk) -> None:
    bo = desk.signed_in(desk.cast.bo)
    shown = bo.get("/orders/LN-TEST-0001").text
    assert f'href="{PAGE}"' in shown
    assert "Ask for a refund within 30 days of buying." in shown
    page = bo.get(PAGE)
    assert f'value="{desk.line}"' in page.text
    assert "checked" in page.text
    answer = desk.ask(bo)
    assert answer.headers["Location"] == "/orders/LN-TEST-0001"
    after = bo.get("/orders/LN-TEST-0001").text
    assert "Your refund is on its way." in after
    assert "You asked within 30 days." in after
    assert PAGE not in after
    (request,), (refund,) = desk.requests(), desk.refunds()
    assert (request.decision, request.rule, request.words) == ("approved", "otherwise", "Not for me.")
    assert request.facts == {
        "days": 2, "days_allowed": 30, "share_percent": 0, "finished": False, "refunds_before": 0,
        "gift_opened": False,
    }  # fmt: skip
    assert (request.refund_id, refund.cause, refund.amount_cents) == (refund.id, RefundCause.POLICY, 1900)
    assert order(desk).purchases[0].status == PurchaseStatus.REFUNDED
    assert bo.get("/learn/flask-first-steps/routes").status_code == 403
    (mail,) = desk.mails("refund_asked")
    assert mail.recipient == "bo@example.com"


def test_more_than_the_rule_allows_waits_for_a_person(desk: Desk) -> None:
    bo = desk.signed_in(desk.cast.bo)
    desk.opens(desk.cast.bo, desk.cast.text_lesson)
    assert "You’ve used 31% of it, so a person decides." in bo.get(PAGE).text
    assert desk.ask(bo).status_code == 303
    (request,) = desk.requests()
    assert (request.decision, request.rule) == ("waiting", "used")
    assert desk.refunds() == []
    shown = bo.get("/orders/LN-TEST-0001").text
    assert "Being looked at" in shown
    assert bo.get("/learn/flask-first-steps/routes").status_code == 200
    (item,) = [one for one in desk.all(ModerationItem) if one.kind == ModerationKind.REFUND]
    assert (item.subject_id, item.creator_id) == (request.id, desk.cast.bo.id)


def test_seconds_watched_of_a_film_are_not_the_whole_film(desk: Desk) -> None:
    with desk.app.app_context():
        db.session.add(
            MediaAsset(
                course_id=desk.cast.flask_course.id, lesson_id=desk.cast.video_lesson.id, storage_key="x",
                status=MediaStatus.READY, duration_seconds=120.0,
            )
        )  # fmt: skip
        db.session.commit()
    desk.set(refund_used_percent=0)
    desk.opens(desk.cast.bo, desk.cast.video_lesson, watched_seconds=19)
    desk.ask(desk.signed_in(desk.cast.bo))
    (request,) = desk.requests()
    assert (request.facts["share_percent"], request.decision) == (0, "approved")


def test_a_finished_course_is_refused_with_the_rule(desk: Desk) -> None:
    with desk.app.app_context():
        db.session.scalars(db.select(Enrollment)).one().completed_at = PAID
        db.session.commit()
    desk.opens(desk.cast.bo, desk.cast.text_lesson)
    bo = desk.signed_in(desk.cast.bo)
    assert PAGE not in bo.get("/orders/LN-TEST-0001").text
    desk.ask(bo)
    (request,) = desk.requests()
    assert (request.decision, request.rule) == ("refused", "finished")
    assert "You’ve finished it, so we don’t refund it." in bo.get("/orders/LN-TEST-0001").text
    assert desk.refunds() == []


def test_after_the_period_the_link_is_gone(desk: Desk, at_day_two: Any) -> None:
    at_day_two.move_to(PAID + timedelta(days=29, hours=23))
    assert PAGE in desk.signed_in(desk.cast.bo).get("/orders/LN-TEST-0001").text
    at_day_two.move_to(PAID + timedelta(days=30))
    bo = desk.signed_in(desk.cast.bo)
    assert PAGE not in bo.get("/orders/LN-TEST-0001").text
    assert "The refund period of 30 days is over" in bo.get(PAGE).text
    desk.ask(bo)
    assert [one.rule for one in desk.requests()] == ["late"]


def test_a_period_that_was_longer_when_they_paid_still_counts(desk: Desk) -> None:
    desk.set(refund_window_days=1)
    desk.ask(desk.signed_in(desk.cast.bo))
    assert [one.decision for one in desk.requests()] == ["approved"]


def test_a_second_press_says_so_and_asks_nothing(desk: Desk) -> None:
    bo = desk.signed_in(desk.cast.bo)
    desk.opens(desk.cast.bo, desk.cast.text_lesson)
    desk.ask(bo)
    again = desk.ask(bo)
    assert again.status_code == 303
    assert "You’ve asked for this already" in bo.get("/orders/LN-TEST-0001").text
    assert len(desk.requests()) == 1


def test_the_books_say_if_an_approved_request_has_no_refund(desk: Desk) -> None:
    desk.ask(desk.signed_in(desk.cast.bo))
    (request,) = desk.requests()
    assert desk.wrong_books() == []
    desk.change(request, refund_id=None)
    assert f"request {request.id}" in " ".join(desk.wrong_books())
    desk.change(request, refund_id=request.refund_id)


def test_what_was_refunded_is_told(desk: Desk) -> None:
    bo = desk.signed_in(desk.cast.bo)
    desk.ask(bo)
    assert "This has been refunded." in bo.get(PAGE).text
    assert desk.ask(bo).status_code == 303
    assert len(desk.refunds()) == 1


def test_two_tabs_at_once_pay_once(desk: Desk) -> None:
    tabs = [desk.signed_in(desk.cast.bo) for _ in range(2)]
    answers = at_once(*(lambda tab=tab: desk.ask(tab) for tab in tabs))
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(desk.refunds()) == len(desk.requests()) == 1


def test_a_disputed_line_waits_for_the_bank(desk: Desk) -> None:
    desk.change(desk.cast.purchase, disputed_cents=500)
    bo = desk.signed_in(desk.cast.bo)
    assert "Your bank is looking into this payment" in bo.get(PAGE).text
    answer = desk.ask(bo)
    assert answer.status_code == 422
    assert "Your bank is looking into this payment" in answer.text
    assert desk.requests() == []
    desk.change(desk.cast.purchase, disputed_cents=0)


def test_other_peoples_orders_dont_exist(desk: Desk) -> None:
    for person in (desk.cast.cy, desk.cast.ada, desk.cast.mo):
        browser = desk.signed_in(person)
        assert browser.get(PAGE).status_code == desk.ask(browser).status_code == 404
    assert desk.app.test_client().get(PAGE).status_code == 303
    assert desk.requests() == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"lines": []}, "Choose what you’d like to return."),
        ({"lines": ["01890000-0000-7000-8000-000000000000"]}, "Choose what you’d like to return."),
        ({"reason": ""}, "Choose a reason."),
        ({"reason": "because"}, "choice"),
        ({"words": "x" * 2001}, "Use at most 2,000 characters."),
    ],
)
def test_what_is_missing_is_said_beside_what_was_typed(desk: Desk, given: dict[str, Any], said: str) -> None:
    values = {"lines": [desk.line], "reason": "quality", "words": "Kept words", **given}
    answer = desk.signed_in(desk.cast.bo).post(PAGE, data=values)
    assert answer.status_code == 422
    assert said in answer.text
    assert ("Kept words" in answer.text) == (given.get("words") is None)
    assert desk.requests() == []


def test_often_is_counted_over_a_year(desk: Desk, at_day_two: Any) -> None:
    desk.set(refund_often=1)
    bo = desk.signed_in(desk.cast.bo)
    desk.ask(bo)
    desk.change(desk.cast.purchase, status=PurchaseStatus.COMPLETED)
    (first,) = desk.requests()
    assert first.decision == RequestDecision.APPROVED
    desk.change(desk.cast.purchase, status=PurchaseStatus.REFUNDED)
    with desk.app.test_request_context(method="POST"):
        found = order_lock.lock(desk.cast.order.id)
        facts = request_facts.of_order(found, PAID + timedelta(days=3))
        later = request_facts.of_order(found, PAID + timedelta(days=370))
        assert [one.refunds_before for one in (*facts.values(), *later.values())] == [1, 0]


def test_the_page_of_a_course_leads_to_its_order(desk: Desk, at_day_two: Any) -> None:
    link = f'href="{PAGE}"'
    assert link in desk.signed_in(desk.cast.bo).get("/courses/flask-first-steps").text
    assert link not in desk.signed_in(desk.cast.cy).get("/courses/flask-first-steps").text
    at_day_two.move_to(PAID + timedelta(days=31))
    assert link not in desk.signed_in(desk.cast.bo).get("/courses/flask-first-steps").text


def test_the_page_takes_few_queries_however_many_lines_there_are(
    desk: Desk,
    queries: Counter,  # noqa: F811
) -> None:
    bo = desk.signed_in(desk.cast.bo)
    bo.get(PAGE)
    queries.clear()
    assert bo.get(PAGE).status_code == 200
    assert len(queries) <= 14


@pytest.fixture
def meeting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tabs whose requests were both found to be fine wait for each other before they pay."""
    met, real = threading.Barrier(2), requesting.request
    patience = 10 if "no_lock" in request.fixturenames else 1.5

    def wait_and_request(*given: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            met.wait(patience)
        return real(*given)

    monkeypatch.setattr(requesting, "request", wait_and_request)


@pytest.fixture
def no_lock(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No row lock on PostgreSQL; on SQLite no transaction, as its driver has it when left alone."""

    def look(order_id: uuid.UUID) -> Order:
        lines = db.selectinload(Order.purchases).options(
            db.joinedload(Purchase.product).joinedload(Product.creator), db.selectinload(Purchase.shares)
        )
        query = db.select(Order).where(Order.id == order_id).options(lines, db.selectinload(Order.user))
        return db.session.scalars(query).one()

    desk.falsified = True
    monkeypatch.setattr(order_lock, "lock", look)
    event.remove(Engine, "begin", base._begin_sqlite)
    yield
    event.listen(Engine, "begin", base._begin_sqlite)


def ask_twice(desk: Desk) -> int:
    """Two tabs ask at the same moment; how many refunds there are then."""
    tabs = [desk.signed_in(desk.cast.bo) for _ in range(2)]
    at_once(*(partial(desk.ask, tab) for tab in tabs))
    return len(desk.refunds())


def test_two_tabs_that_meet_pay_once(desk: Desk, meeting: None) -> None:
    assert ask_twice(desk) == 1


def test_without_the_lock_they_pay_twice(desk: Desk, no_lock: None, meeting: None) -> None:
    assert ask_twice(desk) == 2
