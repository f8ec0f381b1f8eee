"""Mail about gifts: the claim link on the day of delivery, two reminders, a word to the sender after a year.

`next_mail_at` of a gift is when the next one is due; a job sends what is due.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

import jobs
import mail
from domain.base import clock, sql
from domain.base.addresses import at_home
from domain.catalog import kinds
from domain.gifts import links, terms
from models import EmailMessage, Gift, Purchase, db

FIRST_REMINDER = timedelta(days=14)
SECOND_REMINDER = timedelta(days=335)
UNCLAIMED = timedelta(days=365)
# After each reminder: how long after the gift was sent the next one is due.
STEPS = (FIRST_REMINDER, SECOND_REMINDER, UNCLAIMED)
AT_ONCE = 50  # gifts in one transaction: on SQLite it blocks all other writers


def schedule(gift: Gift) -> None:
    """Mail `gift`, which is paid and locked, if its day has come, or note when it has to be."""
    now = clock.now()
    if gift.deliver_on <= terms.today_here():
        send(gift, now)
    else:
        gift.next_mail_at = terms.due_at(gift.deliver_on)


def send(gift: Gift, now: datetime) -> None:
    """Mail the claim link to the recipient for the first time; reminders count from here."""
    gift.sent_at = gift.mailed_at = now
    gift.reminders, gift.next_mail_at = 0, now + STEPS[0]
    db.session.flush()
    _tell(mail.gift_arrived, gift)


def send_again(gift: Gift, now: datetime) -> None:
    """Mail the same link again, because the sender asked for it."""
    gift.mailed_at = now
    _tell(mail.gift_arrived, gift)


def sweep() -> None:
    """Send the mails that are due, AT_ONCE of them; the rest becomes a job."""
    now = clock.now()
    due = select(Gift).where(Gift.next_mail_at <= now).order_by(Gift.next_mail_at).limit(AT_ONCE)
    gifts = sql.locked(due).all()
    for gift in gifts:
        _next(gift, now)
    if len(gifts) == AT_ONCE:
        jobs.enqueue("mail_gifts")


def loaded(gift: Gift) -> Gift:
    """Load `gift` with its purchase, product and sender, for mail and pages."""
    query = select(Gift).where(Gift.purchase_id == gift.purchase_id).options(
        joinedload(Gift.purchase).joinedload(Purchase.product), joinedload(Gift.sender)
    )  # fmt: skip
    return db.session.scalars(query).one()


def _next(gift: Gift, now: datetime) -> None:
    """Send what is due next: the gift, the reminders to its recipient, and a word to its sender."""
    if gift.sent_at is None:
        send(gift, now)
        return
    gift.reminders += 1
    if gift.reminders < len(STEPS):
        gift.mailed_at, gift.next_mail_at = now, gift.sent_at + STEPS[gift.reminders]
        _tell(mail.gift_reminder, gift)
    else:
        gift.next_mail_at = None
        mail.gift_unclaimed(loaded(gift))


def _tell(write: Callable[..., EmailMessage], gift: Gift) -> None:
    """Write a message to the recipient, with the claim link."""
    known = loaded(gift)
    write(known, terms.signature(known.sender), kinds.noun(known.purchase.product), at_home(links.path(gift)))
