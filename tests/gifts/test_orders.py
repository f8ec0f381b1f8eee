"""Gifts in orders: addressed when an order opens, mailed on their day, reminded of, ended by a refund."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from domain import Refused
from domain.gifts import orders, terms
from domain.platform import retention
from models import (
    Earning,
    Gift,
    Order,
    OrderStatus,
    PlatformSettings,
    Product,
    Purchase,
    PurchaseStatus,
    User,
    db,
)
from tests.cast import Cast
from tests.gifts.shop import GiftShop

ZOE = "zoe@example.com"
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


def test_a_paid_gift_is_mailed_at_once_and_opens_nothing_yet(gifts: GiftShop, cast: Cast) -> None:
    line_id = gifts.give(cast.bo, cast.flask_course, "Zoe@Example.com", "Alles Gute, Zoë!\n\nDein Bo")
    gift = gifts.gift(line_id)
    assert (gift.recipient, gift.purchase.owner_id, gift.version) == (ZOE, None, 1)
    assert gift.sent_at is not None
    (message,) = gifts.mails("gift_arrived", ZOE)
    assert "Gift" not in message.subject
    assert "Bo has a present for you" in message.subject
    assert message.data["message"] == "Alles Gute, Zoë!\n\nDein Bo"
    assert gifts.count(Earning) == 2  # of the cast's own sale, and one for this: one sale, one earning


def test_nothing_is_mailed_before_the_payment_and_delivering_twice_mails_once(
    gifts: GiftShop, cast: Cast
) -> None:
    line_id = gifts.order(cast.bo, cast.flask_course, ZOE)
    gifts.sweep()
    assert gifts.mails("gift_arrived") == []
    gifts.pay(line_id)
    with gifts.writing() as session:
        orders.deliver(session.get_one(Purchase, line_id))
    assert len(gifts.mails("gift_arrived", ZOE)) == 1


def test_a_day_begins_in_the_morning_of_the_shops_zone(gifts: GiftShop, cast: Cast) -> None:
    with gifts.writing() as session:
        session.execute(update(PlatformSettings).values(timezone="Pacific/Auckland"))  # 13 hours ahead
    with time_machine.travel(NOON, tick=False) as time:
        line_id = gifts.give(cast.bo, cast.flask_course, ZOE, day=date(2027, 3, 4))
        gifts.sweep()
        assert gifts.gift(line_id).sent_at is None
        time.move_to(datetime(2027, 3, 3, 18, 59, tzinfo=UTC))
        gifts.sweep()
        assert gifts.mails("gift_arrived") == []
        time.move_to(datetime(2027, 3, 3, 19, tzinfo=UTC))  # 8 o'clock of the 4th in Auckland
        gifts.sweep()
        gifts.sweep()
        assert len(gifts.mails("gift_arrived", ZOE)) == 1


def test_a_day_that_passed_while_the_bank_took_its_time_is_today(gifts: GiftShop, cast: Cast) -> None:
    with time_machine.travel(NOON, tick=False) as time:
        line_id = gifts.order(cast.bo, cast.flask_course, ZOE, day=date(2027, 3, 2))
        time.shift(timedelta(days=5))
        gifts.pay(line_id)
        assert len(gifts.mails("gift_arrived", ZOE)) == 1


def test_reminders_come_after_two_weeks_and_eleven_months_then_the_giver_hears(
    gifts: GiftShop, cast: Cast
) -> None:
    with time_machine.travel(NOON, tick=False) as time:
        gifts.give(cast.bo, cast.flask_course, ZOE)
        seen = []
        for day in (13, 14, 334, 335, 364, 365, 800):
            time.move_to(NOON + timedelta(days=day))
            gifts.sweep()
            seen.append((len(gifts.mails("gift_reminder", ZOE)), len(gifts.mails("gift_unclaimed"))))
        assert seen == [(0, 0), (1, 0), (1, 0), (2, 0), (2, 0), (2, 1), (2, 1)]
        (told,) = gifts.mails("gift_unclaimed")
        assert told.recipient == cast.bo.email
        page = gifts.app.test_client().get(gifts.link(ZOE))  # it never lapses
        assert page.status_code == 200


def test_what_is_free_or_not_sold_is_no_gift(gifts: GiftShop, cast: Cast) -> None:
    with pytest.raises(Refused, match="free"):
        gifts.order(cast.bo, cast.free_course, ZOE)
    with pytest.raises(Refused, match="isn’t for sale"):
        gifts.order(cast.bo, cast.draft_course, ZOE)
    assert gifts.count(Gift) == 0


@pytest.mark.parametrize(
    "words",
    [
        "Look at https://evil.example/x", "www.evil.example", "go to evil.com now", "EVIL.COM", "Evil.Com",
        "mail me@evil.de", "e\u200bvil.\u200bcom", "ｅｖｉｌ。ｃｏｍ", "mailto:you",
    ],
)  # fmt: skip
def test_a_message_with_a_link_is_refused(gifts: GiftShop, cast: Cast, words: str) -> None:
    with gifts.app.app_context(), pytest.raises(Refused) as refused:
        terms.check(ZOE, words, None)
    assert refused.value.field == "message"


@pytest.mark.parametrize(
    "words", ["Alles Gute.Dein Opa", "z.B. am 3.5. um 14.30 Uhr...", "Schöne Grüße ❤", ""]
)
def test_other_words_are_not(gifts: GiftShop, cast: Cast, words: str) -> None:
    with gifts.app.app_context():
        assert terms.check(ZOE, words, None).message == words


def test_terms_are_refused_beside_their_field(gifts: GiftShop, cast: Cast) -> None:
    wrong = [
        ("nobody", "", None, "recipient"), (cast.bo.email.upper(), "", None, "recipient"),
        (ZOE, "x" * 501, None, "message"), (ZOE, "", date(2000, 1, 1), "deliver_on"),
        (ZOE, "", date(9999, 12, 31), "deliver_on"),
    ]  # fmt: skip
    with gifts.app.app_context():
        giver = db.session.get_one(User, cast.bo.id)
        for recipient, message, day, field in wrong:
            with pytest.raises(Refused) as refused:
                terms.check(recipient, message, day, giver)
            assert refused.value.field == field


def test_twenty_recipients_a_day(gifts: GiftShop, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.gifts.recipients.MOST_A_DAY", 2)
    with time_machine.travel(NOON, tick=False) as time:
        for number in (1, 2, 1, 2):  # the same person again doesn't count again
            gifts.order(cast.bo, cast.flask_course, f"zoe{number}@example.com")
        with pytest.raises(Refused, match="2 people a day"):
            gifts.order(cast.bo, cast.flask_course, "zoe3@example.com")
        gifts.order(cast.cy, cast.flask_course, "zoe3@example.com")
        time.shift(timedelta(days=1, seconds=1))
        gifts.order(cast.bo, cast.flask_course, "zoe3@example.com")


def test_an_order_opened_again_changes_the_address(gifts: GiftShop, cast: Cast) -> None:
    line_id = gifts.order(cast.bo, cast.flask_course, ZOE)
    with gifts.writing() as session:
        line = session.scalars(
            select(Purchase).where(Purchase.id == line_id).options(db.joinedload(Purchase.product))
        ).one()
        wanted = terms.check("yan@example.com", "Hello", None)
        orders.attach(session.get_one(Order, line.order_id), [(line, wanted)])
    assert (gifts.gift(line_id).recipient, gifts.count(Gift)) == ("yan@example.com", 1)


def test_a_refund_ends_what_was_claimed(gifts: GiftShop, cast: Cast) -> None:
    line_id = gifts.give(cast.bo, cast.flask_course, ZOE)
    cy = gifts.signed_in(cast.cy)
    assert cy.post(gifts.link(ZOE)).status_code == 303
    assert gifts.grants(cast.cy, cast.flask_course) == ["gift"]
    gifts.refund(line_id)
    with pytest.raises(Refused, match="refunded already"):
        gifts.refund(line_id)
    assert gifts.grants(cast.cy, cast.flask_course) == []
    assert [message.recipient for message in gifts.mails("gift_ended")] == [cast.cy.email]
    assert "has ended" in cy.get(gifts.link(ZOE)).text


def test_a_refund_ends_what_nobody_has_claimed(gifts: GiftShop, cast: Cast) -> None:
    gifts.refund(gifts.give(cast.bo, cast.flask_course, ZOE))
    cy = gifts.signed_in(cast.cy)
    refused = cy.post(gifts.link(ZOE))
    assert refused.status_code == 422
    assert "has ended" in refused.text
    assert gifts.grants(cast.cy, cast.flask_course) == []
    gifts.sweep()
    assert gifts.mails("gift_reminder") == []


def test_sales_are_counted_once_whoever_claims(gifts: GiftShop, cast: Cast) -> None:
    gifts.give(cast.bo, cast.flask_course, ZOE)
    gifts.signed_in(cast.cy).post(gifts.link(ZOE))
    with gifts.app.app_context():
        product = db.session.get_one(Product, cast.flask_course.id)
        assert (product.purchase_count, product.holder_count) == (2, 2)


def test_whom_nobody_paid_for_is_forgotten_after_a_year(gifts: GiftShop, cast: Cast) -> None:
    with time_machine.travel(NOON, tick=False) as time:
        line_id = gifts.order(cast.bo, cast.flask_course, ZOE, "Enjoy")
        with gifts.writing() as session:
            line = session.get_one(Purchase, line_id)
            line.status = PurchaseStatus.FAILED
            session.get_one(Order, line.order_id).status = OrderStatus.CANCELLED
        for days, recipient in ((364, ZOE), (366, "")):
            time.move_to(NOON + timedelta(days=days))
            with gifts.writing():
                retention.clean_up()
            assert gifts.gift(line_id).recipient == recipient


def test_a_year_after_it_was_accepted_its_address_and_message_are_forgotten(
    gifts: GiftShop, cast: Cast
) -> None:
    with time_machine.travel(NOON, tick=False) as time:
        line_id = gifts.give(cast.bo, cast.flask_course, ZOE, "Enjoy")
        waiting = gifts.give(cast.bo, cast.flask_course, "yan@example.com", "Enjoy")
        gifts.signed_in(cast.cy).post(gifts.link(ZOE))
        for days, kept in ((364, (ZOE, "Enjoy")), (366, ("", ""))):
            time.move_to(NOON + timedelta(days=days))
            with gifts.writing():
                retention.clean_up()
            gift = gifts.gift(line_id)
            assert (gift.recipient, gift.message) == kept
        assert gifts.gift(waiting).recipient == "yan@example.com"
        assert gifts.signed_in(cast.bo).get(f"/gifts/given/{line_id}").status_code == 200
