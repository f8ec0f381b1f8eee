"""The reminder of a cart: one mail, a day after its last change, to people who agreed to marketing."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select

import jobs
import mail
from domain.base import clock
from domain.cart import carts, contents
from domain.platform import consents
from models import Cart, CartItem, MarketingConsent, Order, User, db

AFTER = timedelta(days=1)
# A cart that nobody was reminded of by then, because no worker ran or they agreed later, is left alone.
WITHIN = timedelta(days=4)
# The batch size of one transaction: on SQLite it blocks all other writers.
AT_ONCE = 50
NAMED = 5


def remind(after: str | None = None) -> None:
    """Remind the owners of the next AT_ONCE carts, by id, as a job; the rest becomes another one.

    Each cart is looked at once until it is filled anew, whether or not its owner is mailed.
    """
    now = clock.now()
    waiting = select(Cart).where(
        Cart.user_id.is_not(None),
        Cart.reminded_at.is_(None),
        Cart.changed_at <= now - AFTER,
        Cart.changed_at > now - WITHIN,
        select(CartItem.id).where(CartItem.cart_id == Cart.id, carts.standing()).exists(),
        select(MarketingConsent.id)
        .where(MarketingConsent.user_id == Cart.user_id, MarketingConsent.withdrawn_at.is_(None))
        .exists(),
    )
    if after is not None:
        waiting = waiting.where(Cart.id > uuid.UUID(after))
    found = list(db.session.scalars(waiting.order_by(Cart.id).limit(AT_ONCE)))
    for cart in found:
        _remind(cart)
    if len(found) == AT_ONCE:
        last = str(found[-1].id)
        jobs.enqueue("remind_of_carts", key=f"remind_of_carts:after:{last}:{now:%Y%m%d%H}", after=last)


def objection(user: User, since: str) -> str | None:
    """Say why `user` must not be reminded any more of a cart that changed last at `since`; None if they may.

    A condition of mail: the message may have waited.
    """
    cart = carts.find(user)
    if cart is None or cart.changed_at != datetime.fromisoformat(since):
        return "The cart has changed since the message was written."
    if _has_bought_since(user, cart.changed_at):
        return "They have bought something since."
    return None if _waiting(cart) else "Nothing in the cart can be bought now."


def _remind(cart: Cart) -> None:
    cart.reminded_at = clock.now()
    user = db.session.get_one(User, cart.user_id)
    if consents.objection(user) is not None or objection(user, cart.changed_at.isoformat()) is not None:
        return
    titles = _waiting(cart)
    mail.cart_reminder(user, cart, titles[:NAMED], len(titles) - len(titles[:NAMED]))


def _waiting(cart: Cart) -> list[str]:
    """List the titles of what can be had now."""
    return [line.title for line in contents.lines(cart) if line.is_taken]


def _has_bought_since(user: User, moment: datetime) -> bool:
    """Tell whether an order of `user` was paid after `moment`, or a bank is paying one."""
    paid: ColumnElement[bool] = or_(Order.completed_at >= moment, Order.confirming_since.is_not(None))
    return db.session.scalar(select(Order.id).where(Order.user_id == user.id, paid).limit(1)) is not None
