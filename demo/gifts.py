"""Gifts of the demo: one that the demo's learner received, and those that they gave."""

from datetime import datetime, timedelta

from demo import orders
from demo.orders import Sale
from domain.gifts import mailing, terms
from models import AccessGrant, Course, Gift, GrantSource, Purchase, User, db

FIRST_NUMBER = 90_001
RECEIVED, SENT, PLANNED = timedelta(days=24), timedelta(days=5), timedelta(days=9)


def add_gifts(learner: User, friend: User, courses: list[Course], now: datetime) -> None:
    """Insert a gift that `friend` gave to `learner`, and two of `learner`'s: one sent, one for a day to come.

    `courses` are three that aren't free; the first isn't `learner`'s yet.
    """
    received, sent, planned = courses
    got = _give(Sale(received, friend, now - RECEIVED), 0, learner.email, "Have fun with it!")
    _receive(learner, got, now)
    words = "For your new job.\n\nYours, Jonas"
    given = _give(Sale(sent, learner, now - SENT), 1, "amira@example.com", words)
    _mailed(given, now - SENT)
    birthday = _give(Sale(planned, learner, now - SENT), 2, "tom@example.com", "Happy birthday, Tom!")
    birthday.deliver_on = (now + PLANNED).date()
    birthday.next_mail_at = terms.due_at(birthday.deliver_on)
    db.session.flush()


def _give(sale: Sale, place: int, recipient: str, message: str) -> Gift:
    purchase = orders.purchase(sale, FIRST_NUMBER + place, is_gift=True)
    sale.course.purchase_count += 1
    gift = Gift(
        purchase=purchase, sender_id=sale.learner.id, recipient=recipient, message=message,
        deliver_on=sale.at.date(), created_at=sale.at,
    )  # fmt: skip
    db.session.add(gift)
    return gift


def _receive(person: User, gift: Gift, now: datetime) -> None:
    _mailed(gift, gift.created_at)
    gift.claimed_by_id, gift.claimed_at, gift.next_mail_at = person.id, gift.created_at, None
    line: Purchase = gift.purchase
    line.owner_id = person.id
    db.session.add(
        AccessGrant(
            user_id=person.id, course_id=line.product_id, source=GrantSource.GIFT, source_id=line.id,
            purchase_id=line.id, granted_at=gift.claimed_at,
        )
    )  # fmt: skip
    course = db.session.get_one(Course, line.product_id)
    course.holder_count += 1
    orders.begin(Sale(course, person, gift.created_at), now)


def _mailed(gift: Gift, at: datetime) -> None:
    gift.sent_at = gift.mailed_at = at
    gift.next_mail_at = at + mailing.FIRST_REMINDER
