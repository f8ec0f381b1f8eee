"""The giver's side of a gift: its state, sending it again, correcting the address, keeping it in the end."""

import uuid
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, select, union
from sqlalchemy.orm import joinedload
from werkzeug.exceptions import NotFound

from domain import Refused
from domain.base import clock, pagination
from domain.base.pagination import Cursor, Page
from domain.gifts import claiming, locking, mailing, recipients
from domain.gifts.terms import GiftTerms
from models import Gift, Order, Purchase, PurchaseStatus, User, db

PER_PAGE = 20
PATIENCE_MINUTES = 60


class GiftState(StrEnum):
    """The state of a gift, as its giver sees it."""

    PAYING = "paying"
    PLANNED = "planned"
    SENT = "sent"
    CLAIMED = "claimed"
    ENDED = "ended"


def state(gift: Gift) -> GiftState:
    """Derive the state of `gift`, with its purchase loaded."""
    if gift.ended_at is not None or gift.purchase.status == PurchaseStatus.REFUNDED:
        return GiftState.ENDED
    if gift.purchase.status != PurchaseStatus.COMPLETED:
        return GiftState.PAYING
    if gift.claimed_at is not None:
        return GiftState.CLAIMED
    return GiftState.SENT if gift.sent_at is not None else GiftState.PLANNED


def given_by(user: User, purchase_id: uuid.UUID) -> Gift:
    """Load a gift that `user` gave, or passed on, and that was paid. Raises NotFound."""
    query = _with_product().where(Gift.purchase_id == purchase_id, _of_theirs(user))
    gift = db.session.scalar(query)
    if gift is None:
        raise NotFound
    return gift


def lock_given(user: User, purchase_id: uuid.UUID) -> Gift:
    """Lock a gift that is `user`'s to address before its form is filled. Raises NotFound."""
    gift = locking.lock(purchase_id, user)
    if not is_addressed_by(user, gift):
        raise NotFound
    return gift


def is_addressed_by(user: User, gift: Gift) -> bool:
    """Tell whether the gift's address is `user`'s to see and to correct: not once it was passed on."""
    return gift.sender_id == user.id


def may_keep(user: User, gift: Gift) -> bool:
    """Tell whether `user`, who paid for `gift`, may keep it: nobody has claimed it for a year."""
    waits = state(gift) == GiftState.SENT and gift.sent_at is not None
    is_late = waits and gift.sent_at <= clock.now() - mailing.UNCLAIMED  # type: ignore[operator]
    return is_late and gift.purchase.user_id == gift.sender_id == user.id


def list_given(user: User, after: str = "") -> Page[Gift]:
    """List a page of the gifts that `user` gave or passed on, after the cursor `after`, newest first."""
    query = _with_product().where(_of_theirs(user))
    newest = pagination.newest_first(query, Gift.created_at, Gift.purchase_id, pagination.read(after))
    rows = db.session.scalars(newest.limit(PER_PAGE + 1))
    return pagination.cut(rows, PER_PAGE, lambda gift: str(Cursor(gift.created_at, gift.purchase_id)))


def list_received(user: User) -> list[Gift]:
    """List the gifts that `user` has claimed, newest first."""
    query = _with_product().where(Gift.claimed_by_id == user.id, Gift.ended_at.is_(None))
    return list(db.session.scalars(query.order_by(Gift.claimed_at.desc()).limit(100)))


def resend(user: User, purchase_id: uuid.UUID) -> Gift:
    """Mail the claim link again, once an hour at most. Raises Refused, and NotFound."""
    gift = _lock(user, purchase_id)
    now = clock.now()
    if gift.sent_at is None or gift.mailed_at is None:
        raise Refused("It hasn’t been sent yet. It goes out on the day you chose.")
    since = (now - gift.mailed_at).total_seconds() / 60
    if since < PATIENCE_MINUTES:
        raise Refused("It was sent a short while ago. You can send it again in an hour.")
    mailing.send_again(gift, now)
    return gift


def correct(user: User, purchase_id: uuid.UUID, wanted: GiftTerms) -> Gift:
    """Address a gift that nobody has claimed to somebody else; earlier links become invalid.

    Message and day change as long as it hasn't been sent. Raises Refused, and NotFound.
    """
    gift = _lock(user, purchase_id)
    is_new = wanted.recipient != gift.recipient
    if is_new:
        recipients.count(user, [wanted.recipient])
        gift.recipient, gift.version = wanted.recipient, gift.version + 1
    if gift.sent_at is None:
        gift.message, gift.deliver_on = wanted.message, wanted.deliver_on
        mailing.schedule(gift)
    elif is_new:
        mailing.send(gift, clock.now())
    return gift


def keep(user: User, purchase_id: uuid.UUID) -> Gift:
    """Give a gift that nobody has claimed for a year to the giver. Raises Refused, and NotFound."""
    gift = _lock(user, purchase_id)
    if not may_keep(user, gift):
        raise Refused("You can keep a present once nobody has accepted it for a year.")
    if claiming.has_for_good(user, gift.purchase.product):
        raise Refused("You already have this. You can give it to somebody else.")
    claiming.hand_over(gift, user)
    return gift


def _lock(user: User, purchase_id: uuid.UUID) -> Gift:
    """Lock a gift that is `user`'s to address and that nobody has claimed. Raises Refused, and NotFound."""
    gift = lock_given(user, purchase_id)
    match state(gift):
        case GiftState.CLAIMED:
            raise Refused(claiming.SENTENCES[claiming.Standing.CLAIMED])
        case GiftState.ENDED:
            raise Refused(claiming.SENTENCES[claiming.Standing.ENDED])
        case GiftState.PAYING:
            raise Refused("It hasn’t been paid yet.")
    return gift


def _of_theirs(user: User) -> Any:
    """Build the condition of paid gifts that `user` bought or addressed.

    Two searches of an index each: with OR all gifts would be read.
    """
    bought = select(Purchase.id).join(Order, Order.id == Purchase.order_id).where(Order.user_id == user.id)
    addressed = select(Gift.purchase_id).where(Gift.sender_id == user.id)
    paid = Purchase.status.in_((PurchaseStatus.COMPLETED, PurchaseStatus.REFUNDED))
    ids = union(bought.correlate(None), addressed.correlate(None))
    return and_(Gift.purchase_id.in_(ids), paid)


def _with_product() -> Any:
    return (
        select(Gift)
        .join(Purchase, Purchase.id == Gift.purchase_id)
        .options(joinedload(Gift.purchase).joinedload(Purchase.product))
    )
