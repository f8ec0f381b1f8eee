"""Gifts in an order: addressed when it opens, mailed once it is paid, ended by a refund."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

import mail
from domain import Refused
from domain.base import clock, sql
from domain.catalog import kinds
from domain.gifts import mailing, recipients
from domain.gifts.terms import GiftTerms
from models import Gift, Order, Product, Purchase, User, db, upsert


def refusal(product: Product, at: datetime) -> str | None:
    """Say in a sentence why nobody can give `product` at `at`; None if it can be given.

    What the giver owns, or made, is no obstacle.
    """
    noun = kinds.noun(product)
    if sentence := kinds.kind_of(product).refusal(None, product, at):
        return sentence
    if kinds.offer(None, product, at, gift=True).amount_cents == 0:
        return f"This {noun} is free, so there’s nothing to give: send your friend its address."
    return None


def attach(order: Order, gifts: Iterable[tuple[Purchase, GiftTerms]]) -> None:
    """Address the gifts among the lines of an open order; those of an order opened before are changed.

    Their recipients count for the day. Raises Refused.
    """
    chosen = list(gifts)
    for line, _ in chosen:
        if sentence := refusal(line.product, clock.now()):
            raise Refused(sentence)
    giver, addresses = db.session.get_one(User, order.user_id), [wanted.recipient for _, wanted in chosen]
    if giver.email in addresses:
        raise Refused("One of your gifts goes to your own address. Take it out, and buy it for yourself.")
    recipients.count(giver, addresses)
    db.session.flush()
    for line, wanted in chosen:
        values = wanted._asdict()
        row = upsert(Gift).values(
            purchase_id=line.id, sender_id=order.user_id, version=1, reminders=0, **values
        )
        db.session.execute(row.on_conflict_do_update(index_elements=["purchase_id"], set_=values))


def deliver(purchase: Purchase) -> None:
    """Mail a paid gift on its day: now, if that has come. Idempotent: it opens nothing."""
    gift = _locked(purchase.id)
    if gift is None or gift.sent_at or gift.claimed_at or gift.ended_at or gift.next_mail_at:
        return
    mailing.schedule(gift)


def end(purchase: Purchase) -> None:
    """End a gift whose line was refunded, and withdraw what it gave. Idempotent."""
    gift = _locked(purchase.id)
    if gift is None or gift.ended_at is not None:
        return
    gift.ended_at, gift.next_mail_at = clock.now(), None
    kinds.kind_of(purchase.product).withdraw(purchase)
    if gift.claimed_by_id is not None:
        receiver = db.session.get_one(User, gift.claimed_by_id)
        mail.gift_ended(receiver, purchase.product, kinds.page(purchase.product))


def resume(purchase: Purchase) -> None:
    """Take up a gift again whose refund failed: what it gave opens again, or its mails go on. Idempotent."""
    gift = _locked(purchase.id)
    if gift is None or gift.ended_at is None:
        return
    gift.ended_at = None
    db.session.flush()
    if gift.claimed_by_id is not None:
        kinds.kind_of(purchase.product).deliver(purchase)
    elif gift.sent_at is None:
        mailing.schedule(gift)
    else:
        gift.next_mail_at = clock.now() + mailing.FIRST_REMINDER


def of_order(order_id: uuid.UUID) -> dict[uuid.UUID, Gift]:
    """Load the gifts of an order by their lines."""
    query = select(Gift).join(Purchase, Purchase.id == Gift.purchase_id).where(Purchase.order_id == order_id)
    return {gift.purchase_id: gift for gift in db.session.scalars(query)}


def _locked(purchase_id: uuid.UUID) -> Gift | None:
    return sql.locked(select(Gift).where(Gift.purchase_id == purchase_id)).first()
