"""Claiming a gift by its link: whoever has the link may, whichever address it was sent to."""

from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import joinedload

import mail
from domain import InvalidToken, Refused
from domain.base import clock
from domain.catalog import kinds
from domain.gifts import links, locking, mailing, recipients, terms
from domain.learning import access_facts
from models import Gift, Product, Purchase, PurchaseStatus, User, db


class Standing(StrEnum):
    """The standing of a gift with the reader of its link.

    `own`: they sent it themselves. `has`: they have its product already, so they may pass it on.
    """

    OPEN = "open"
    OWN = "own"
    HAS = "has"
    YOURS = "yours"
    CLAIMED = "claimed"
    ENDED = "ended"


SENTENCES = {
    Standing.OWN: "You’re giving this away yourself, so somebody else has to accept it.",
    Standing.HAS: "You already have this. You can pass it on.",
    Standing.CLAIMED: "Somebody has already accepted this.",
    Standing.ENDED: "This has ended, because the payment for it was refunded.",
}


def find(token: str) -> Gift:
    """Load the gift of a claim link, with product and sender. Raises InvalidToken."""
    purchase_id, version = links.read(token)
    query = (
        select(Gift)
        .where(Gift.purchase_id == purchase_id)
        .options(
            joinedload(Gift.purchase).joinedload(Purchase.product).joinedload(Product.creator),
            joinedload(Gift.sender),
        )
    )
    return _of_version(db.session.scalar(query), version)


def standing(gift: Gift, person: User | None) -> Standing:
    """Tell what `gift` is to `person` (None: a visitor)."""
    if gift.ended_at is not None or gift.purchase.status != PurchaseStatus.COMPLETED:
        return Standing.ENDED
    if gift.claimed_at is not None:
        is_theirs = person is not None and gift.claimed_by_id == person.id
        return Standing.YOURS if is_theirs else Standing.CLAIMED
    if person is None:
        return Standing.OPEN
    if person.id in (gift.sender_id, gift.purchase.user_id):
        return Standing.OWN
    return Standing.HAS if has_for_good(person, gift.purchase.product) else Standing.OPEN


def claim(person: User, token: str) -> Gift:
    """Give the gift of a link to `person`. Idempotent for whoever claimed it.

    Raises Refused; InvalidToken for a link that is no longer valid.
    """
    gift = _lock(person, token)
    at = standing(gift, person)
    if at == Standing.YOURS:
        return gift
    refuse_unless(gift, person, Standing.OPEN)
    hand_over(gift, person)
    return gift


def pass_on(person: User, token: str, recipient: str, message: str) -> Gift:
    """Send the gift of a link to somebody else, because `person` has its product already. Raises Refused.

    From then on it is theirs to address; the giver sees that it was passed on, and not to whom.
    """
    gift = _lock(person, token)
    refuse_unless(gift, person, Standing.HAS)
    address = terms.address(recipient, person)
    recipients.count(person, [address])
    gift.sender = person
    gift.recipient, gift.message = address, terms.words(message)
    gift.version += 1
    mailing.send(gift, clock.now())
    return gift


def lock_to_exchange(person: User, token: str) -> Gift:
    """Lock the gift of a link whose product `person` has already. Raises Refused."""
    gift = _lock(person, token)
    refuse_unless(gift, person, Standing.HAS)
    return gift


def refuse_unless(gift: Gift, person: User, wanted: Standing) -> None:
    """Raise Refused unless `gift`, which is locked, is to `person` what is `wanted`, and they're verified."""
    at = standing(gift, person)
    if at != wanted:
        raise Refused(SENTENCES.get(at, "You can accept this yourself."))
    if not person.is_verified:
        raise Refused("Confirm your email address first, so that nobody else can take your account.")


def hand_over(gift: Gift, person: User) -> None:
    """Make `person` the owner of the gift's line, which is locked, and let its kind deliver it."""
    gift.claimed_by_id, gift.claimed_at, gift.next_mail_at = person.id, clock.now(), None
    gift.purchase.owner_id = person.id
    db.session.flush()
    kinds.kind_of(gift.purchase.product).deliver(gift.purchase)
    for user_id in sorted({gift.sender_id, gift.purchase.user_id} - {person.id}):
        mail.gift_claimed(db.session.get_one(User, user_id), gift)


def has_for_good(person: User, product: Product) -> bool:
    """Tell whether `person` made `product`, or has all that is in it without an end."""
    if product.creator_id == person.id:
        return True
    bought = select(Purchase.id).where(
        Purchase.owner_id == person.id, Purchase.product_id == product.id,
        Purchase.status == PurchaseStatus.COMPLETED,
    )  # fmt: skip
    if db.session.scalar(select(bought.exists())):
        return True
    inside = set(kinds.contents([product])[product.id])
    return bool(inside) and inside == access_facts.owned(person, inside)


def _lock(person: User, token: str) -> Gift:
    purchase_id, version = links.read(token)
    return _of_version(locking.lock(purchase_id, person), version)


def _of_version(gift: Gift | None, version: int) -> Gift:
    if gift is None or gift.version != version:
        raise InvalidToken(links.REPLACED)
    return gift
