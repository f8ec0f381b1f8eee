"""What a dispute means for money, access and documents, however and how often it is reported."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from domain import Refused
from domain.base import clock
from domain.disputes import applying
from domain.learning import access, comp_access
from domain.ledger import order_lock
from domain.platform import settings
from domain.refunds import requesting
from models import (
    AuditEntry,
    Course,
    Dispute,
    DisputeMovement,
    Document,
    Earning,
    EmailMessage,
    Enrollment,
    EnrollmentStatus,
    Event,
    Notification,
    Order,
    OrderStatus,
    PlatformSettings,
    PurchaseStatus,
    RefundCause,
    User,
    db,
)
from tests.cast import Cast
from tests.disputes.making import Bank, balance, order_of, tell, wrong_books
from tests.payouts.making import settled

PRICE, SHARE = 1900, 1330


@pytest.fixture
def bank(app: Flask, cast: Cast) -> Iterator[Bank]:
    """The bank of the cast's only buyer."""
    with app.test_request_context(method="POST"):
        yield Bank(order_of(cast))


def decided(cast: Cast) -> access.AccessDecision:
    """May Bo open the course?"""
    return access.decide(
        db.session.get_one(User, cast.bo.id), db.session.get_one(Course, cast.flask_course.id)
    )


def enrolment(cast: Cast) -> Enrollment:
    query = db.select(Enrollment).where(
        Enrollment.user_id == cast.bo.id, Enrollment.course_id == cast.flask_course.id
    )
    return db.session.scalars(query, execution_options={"populate_existing": True}).one()


def documents() -> list[tuple[str, int]]:
    """Kinds and totals, in the order of issue."""
    query = db.select(Document).order_by(Document.created_at, Document.id)
    return [(one.kind.value, one.total_cents) for one in db.session.scalars(query)]


def test_withdrawn_money_is_booked_once_and_access_pauses(bank: Bank, cast: Cast) -> None:
    with_progress = enrolment(cast)
    with_progress.progress_percent = 50
    db.session.commit()
    bank.reports("needs_response", -1, fee=1500)
    for _ in range(3):
        tell(bank.dispute)
    (line,) = order_of(cast).purchases
    assert (line.disputed_cents, line.refunded_cents, line.status) == (PRICE, 0, PurchaseStatus.COMPLETED)
    assert balance(cast.ada) == 0
    assert decided(cast).reason == access.DenialReason.PAUSED
    assert enrolment(cast).status == EnrollmentStatus.SUSPENDED
    assert enrolment(cast).progress_percent == 50
    assert documents() == [("invoice", PRICE)]
    (movement,) = db.session.scalars(db.select(DisputeMovement))
    assert (movement.amount_cents, movement.fee_cents) == (-PRICE, 1500)
    assert wrong_books() == []


def test_a_lost_dispute_is_a_refund_with_a_credit_note(bank: Bank, cast: Cast) -> None:
    bank.reports("needs_response", -1)
    bank.reports("lost")
    tell(bank.dispute)
    order = order_of(cast)
    assert (order.status, order.refunded_at is not None) == (OrderStatus.REFUNDED, True)
    (line,) = order.purchases
    assert (line.disputed_cents, line.refunded_cents, line.status) == (0, PRICE, PurchaseStatus.REFUNDED)
    assert balance(cast.ada) == 0
    assert decided(cast).reason == access.DenialReason.BUY
    assert enrolment(cast).status == EnrollmentStatus.CANCELLED
    assert documents() == [("invoice", PRICE), ("credit_note", PRICE)]
    assert wrong_books() == []


def test_won_becomes_lost_and_back_again(bank: Bank, cast: Cast) -> None:
    bank.reports("needs_response", -1)
    bank.reports("won", 1)
    assert (balance(cast.ada), decided(cast).allowed) == (SHARE, True)
    assert documents() == [("invoice", PRICE)]
    bank.reports("lost", -1)
    assert (balance(cast.ada), decided(cast).allowed) == (0, False)
    bank.reports("won", 1)
    order = order_of(cast)
    assert (order.status, order.refunded_at) == (OrderStatus.COMPLETED, None)
    (line,) = order.purchases
    assert (line.disputed_cents, line.refunded_cents, line.returned_tax_cents) == (0, 0, 0)
    assert (line.status, line.refunded_at) == (PurchaseStatus.COMPLETED, None)
    assert (balance(cast.ada), decided(cast).allowed) == (SHARE, True)
    assert enrolment(cast).status == EnrollmentStatus.ACTIVE
    assert documents() == [("invoice", PRICE), ("credit_note", PRICE), ("invoice", PRICE)]
    assert wrong_books() == []


def test_money_that_comes_back_later_stays_with_the_bank_until_then(bank: Bank, cast: Cast) -> None:
    bank.reports("needs_response", -1)
    bank.reports("lost")
    bank.reports("won")
    (line,) = order_of(cast).purchases
    assert (line.disputed_cents, line.refunded_cents) == (PRICE, 0)
    assert (balance(cast.ada), decided(cast).reason) == (0, access.DenialReason.PAUSED)
    assert wrong_books() == []
    bank.reports("won", 1)
    assert (balance(cast.ada), decided(cast).allowed) == (SHARE, True)
    assert wrong_books() == []


def test_an_appeal_changes_nothing_before_it_is_decided(bank: Bank, cast: Cast) -> None:
    bank.reports("needs_response", -1)
    bank.reports("lost")
    bank.reports("appeal_needs_response")
    bank.reports("appeal_under_review")
    assert order_of(cast).status == OrderStatus.REFUNDED
    assert documents() == [("invoice", PRICE), ("credit_note", PRICE)]
    bank.reports("won", 1)
    assert order_of(cast).status == OrderStatus.COMPLETED
    assert wrong_books() == []


@pytest.mark.parametrize(
    "statuses",
    [
        ["warning_needs_response", "warning_under_review", "warning_closed"],
        ["prevented"],
    ],
)
def test_inquiries_and_prevented_disputes_move_nothing(bank: Bank, cast: Cast, statuses: list[str]) -> None:
    for status in statuses:
        dispute = bank.reports(status)
        assert dispute.is_inquiry is status.startswith("warning")
        (line,) = order_of(cast).purchases
        assert (line.disputed_cents, balance(cast.ada), decided(cast).allowed) == (0, SHARE, True)
    assert documents() == [("invoice", PRICE)]
    assert wrong_books() == []


def test_an_inquiry_may_become_a_dispute(bank: Bank, cast: Cast) -> None:
    bank.reports("warning_needs_response")
    assert not bank.reports("needs_response", -1).is_inquiry
    assert decided(cast).reason == access.DenialReason.PAUSED
    assert len(list(db.session.scalars(db.select(Dispute)))) == 1


def test_a_part_is_disputed_lost_and_won_in_parts(bank: Bank, cast: Cast) -> None:
    part = Bank(order_of(cast), 1000)
    part.reports("needs_response", -1)
    assert balance(cast.ada) == SHARE - 700
    part.reports("won", 333)
    assert balance(cast.ada) == SHARE - 700 + 233
    part.reports("lost")
    order = order_of(cast)
    assert (order.status, order.purchases[0].refunded_cents) == (OrderStatus.PARTIALLY_REFUNDED, 667)
    assert decided(cast).allowed
    assert documents() == [("invoice", PRICE), ("credit_note", 667)]
    assert wrong_books() == []
    part.reports("won", 667)
    assert (balance(cast.ada), order_of(cast).status) == (SHARE, OrderStatus.COMPLETED)
    assert wrong_books() == []


def test_a_bank_that_takes_more_than_is_left_costs_the_shop(bank: Bank, cast: Cast) -> None:
    more = Bank(order_of(cast), 2500)
    more.reports("needs_response", -1)
    (line,) = order_of(cast).purchases
    assert (line.disputed_cents, balance(cast.ada)) == (PRICE, 0)
    assert "the shop’s loss" in (order_of(cast).problem or "")
    more.reports("won", 1)
    assert (order_of(cast).purchases[0].disputed_cents, balance(cast.ada)) == (0, SHARE)
    assert wrong_books() == []


def test_an_older_picture_changes_nothing(bank: Bank, cast: Cast) -> None:
    earlier, old = clock.now(), bank.become("needs_response", -1)
    bank.reports("lost")
    tell(old, earlier - timedelta(seconds=1))
    assert order_of(cast).status == OrderStatus.REFUNDED
    assert [row.status for row in db.session.scalars(db.select(Dispute))] == ["lost"]


def test_access_stays_where_the_shop_wants_it(bank: Bank, cast: Cast) -> None:
    db.session.get_one(PlatformSettings, 1).pause_disputed = False
    db.session.commit()
    settings.forget()
    bank.reports("needs_response", -1)
    assert decided(cast).allowed
    assert enrolment(cast).status == EnrollmentStatus.ACTIVE


def test_what_else_opens_the_course_keeps_it_open(bank: Bank, cast: Cast) -> None:
    mo, bo = db.session.get_one(User, cast.mo.id), db.session.get_one(User, cast.bo.id)
    bank.reports("needs_response", -1)
    course = db.session.get_one(Course, cast.flask_course.id)
    with pytest.raises(Refused):  # paused or not, it is theirs
        comp_access.give_access(bo, course, None, mo)
    access.grant(bo.id, course.id, access.GrantSource.COMPLIMENTARY, cast.mo.id)
    access.pausing.follow_grants(bo.id, course.id)
    assert decided(cast).allowed
    assert enrolment(cast).status == EnrollmentStatus.ACTIVE


def test_a_status_of_the_future_changes_no_access_and_raises_an_alert(bank: Bank, cast: Cast) -> None:
    bank.reports("needs_response", -1)
    bank.reports("lost")
    bank.reports("pondered")
    assert order_of(cast).status == OrderStatus.REFUNDED
    assert "“pondered”" in (order_of(cast).problem or "")


def test_a_payment_that_bought_nothing_is_kept_without_lines(bank: Bank, cast: Cast) -> None:
    bank.dispute = bank.dispute.__class__(**{**vars(bank.dispute), "payment_intent": "pi_twice"})
    bank.reports("needs_response", -1)
    (line,) = order_of(cast).purchases
    assert (line.disputed_cents, decided(cast).allowed) == (0, True)
    assert wrong_books() == []


def test_a_payment_of_somebody_elses_is_none_of_ours(bank: Bank) -> None:
    strange = bank.dispute.__class__(**{**vars(bank.dispute), "payment_intent": "pi_x", "order_number": ""})
    assert applying.apply(strange, clock.now()) is None


def test_everybody_is_told(bank: Bank, cast: Cast) -> None:
    bank.reports("needs_response", -1)
    tell(bank.dispute)
    bank.reports("lost")
    mails = list(
        db.session.scalars(
            db.select(EmailMessage)
            .where(EmailMessage.template == "dispute")
            .order_by(EmailMessage.created_at)
        )
    )
    assert [mail.data["state"] for mail in mails] == ["Needs an answer", "Lost"]
    assert mails[0].data["due"].endswith("UTC")
    told = db.session.execute(db.select(Notification.user_id, Notification.title)).all()
    assert (cast.bo.id, "“Flask, first steps” is paused") in told
    assert (cast.ada.id, "A sale of “Flask, first steps” is disputed") in told
    names = db.session.scalars(db.select(Event.name).where(Event.name.startswith("dispute_")))
    assert sorted(names) == ["dispute_lost", "dispute_opened"]
    actions = db.session.scalars(db.select(AuditEntry.action).where(AuditEntry.action.startswith("dispute")))
    assert sorted(actions) == ["dispute_changed", "dispute_lost"]


def test_31_after_the_payout_a_loss_is_debited_once(bank: Bank, cast: Cast) -> None:
    """Fault 31: debited once at withdrawal, the balance is negative, and the next month absorbs it."""
    settled(db.session.get_one(User, cast.ada.id))
    bank.reports("needs_response", -1)
    bank.reports("lost")
    tell(bank.dispute)
    rows = db.session.execute(db.select(Earning.amount_cents, Earning.status).order_by(Earning.created_at))
    assert [(cents, status.value) for cents, status in rows] == [(SHARE, "paid"), (-SHARE, "pending")]
    assert wrong_books() == []


def test_33_no_refund_while_a_bank_disputes(bank: Bank, cast: Cast) -> None:
    """Fault 33: refused with a reason; once it is won, it is allowed."""
    bank.reports("needs_response", -1)
    (line,) = order_of(cast).purchases
    with pytest.raises(Refused, match="bank is disputing"):
        refund(cast, line.id)
    db.session.rollback()
    bank.reports("won", 1)
    refund(cast, line.id)
    db.session.commit()
    assert order_of(cast).status == OrderStatus.REFUNDED
    assert wrong_books() == []


def refund(cast: Cast, line_id: object) -> None:
    order: Order = order_lock.lock(cast.order.id)
    requesting.request(order, {line_id: PRICE}, "As agreed", RefundCause.ADMIN, None)  # type: ignore[dict-item]
