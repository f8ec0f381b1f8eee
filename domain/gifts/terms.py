"""The terms of a gift, as the giver types them: to whom, with which words, on which day."""

from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain import Refused
from domain.base import clock, link_words, months, text
from domain.people import accounts
from domain.platform import settings
from models import User

LONGEST_MESSAGE = 500
FURTHEST = timedelta(days=365)
MORNING = time(8)  # of the shop's day: nobody gets a present at midnight


class GiftTerms(NamedTuple):
    """Recipient (a normalised address), message ("" for none) and the day of delivery, the shop's."""

    recipient: str
    message: str
    deliver_on: date


def check(recipient: str, message: str, deliver_on: date | None, giver: User | None = None) -> GiftTerms:
    """Check what the giver typed; without a day it is delivered today. Raises Refused, beside its field."""
    today = today_here()
    day = deliver_on or today
    if day < today:
        raise Refused("That day has passed.", "deliver_on")
    if day > today + FURTHEST:
        raise Refused("Choose a day within the next twelve months.", "deliver_on")
    return GiftTerms(address(recipient, giver), words(message), day)


def address(recipient: str, giver: User | None = None) -> str:
    """Normalise the recipient's address. Raises Refused for a malformed one, and for the giver's own."""
    try:
        normalised = accounts.normalise(recipient)
    except Refused as refusal:
        raise Refused(refusal.sentence, "recipient") from refusal
    if giver is not None and normalised == giver.email:
        raise Refused(
            "That’s your own address. Enter the address of the person you’re giving it to.", "recipient"
        )
    return normalised


def words(message: str) -> str:
    """Clean the message. Raises Refused for one that is too long or contains a link."""
    kept = text.paragraphs(message)
    if len(kept) > LONGEST_MESSAGE:
        raise Refused(f"Use at most {LONGEST_MESSAGE} characters.", "message")
    if link_words.has_link(kept):
        raise Refused(
            "Leave out web and email addresses: a message with one can’t be told from spam. "
            "If there is none, put a space after each full stop.",
            "message",
        )
    return kept


def signature(sender: User) -> str:
    """Return the name of the sender for mail to somebody who needn't know them."""
    return "Somebody" if link_words.has_link(sender.name) else sender.name


def today_here() -> date:
    """Return today in the shop's time zone."""
    return clock.now().astimezone(_zone()).date()


def due_at(day: date) -> datetime:
    """Compute when a gift of that day is mailed: in the morning, in the shop's time zone."""
    return datetime.combine(day, MORNING, _zone())


def _zone() -> ZoneInfo:
    return months.zone_of(settings.current().timezone)
