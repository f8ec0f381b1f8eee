"""Merging: what a guest put into a cart goes with them when they sign in."""

import uuid

from sqlalchemy import delete, select, update

from domain.base import sql
from domain.cart import carts
from models import Cart, CartItem, User, WishlistItem, db, upsert


def merge(user: User, token: str) -> bool:
    """Move the lines of the guest's cart that `token` names into `user`'s, and delete it.

    Answers whether there was one. Idempotent, and safe when done twice at once: the guest's row is locked,
    and gone afterwards. Lines keep their ids. What `user`'s cart has already isn't doubled; what it can't
    hold goes to the wishlist.
    """
    guest_id = carts.signed_id(token)
    if guest_id is None:
        return False
    guest = _lock(guest_id)
    if guest is None:
        return False
    cart = carts.open_for(user)
    free = carts.MOST - carts.count(cart.id)
    lines = _new_lines(guest_id, cart.id)
    moved = lines[: max(free, 0)]
    if moved:
        carts.touch(cart)
        db.session.execute(update(CartItem).where(CartItem.id.in_(moved)).values(cart_id=cart.id))
    _save(user, lines[len(moved) :])
    db.session.execute(delete(Cart).where(Cart.id == guest_id))
    return True


def _lock(guest_id: uuid.UUID) -> Cart | None:
    # Its key as well: no line may be put into a cart that is about to be deleted.
    guests = select(Cart).where(Cart.id == guest_id, Cart.user_id.is_(None))
    return sql.locked(guests, keys=True).one_or_none()


def _new_lines(guest_id: uuid.UUID, cart_id: uuid.UUID) -> list[uuid.UUID]:
    """List the ids of the guest's lines that the other cart lacks: gifts first, each group oldest first."""
    there = select(CartItem.product_id).where(
        CartItem.cart_id == cart_id, carts.standing(), CartItem.recipient_email.is_(None)
    )
    is_gift = CartItem.recipient_email.is_not(None)
    lines = select(CartItem.id).where(
        CartItem.cart_id == guest_id, carts.standing(), is_gift | CartItem.product_id.not_in(there)
    )
    return list(db.session.scalars(lines.order_by(is_gift.desc(), CartItem.created_at, CartItem.id)))


def _save(user: User, item_ids: list[uuid.UUID]) -> None:
    """Put the products of lines on the wishlist, beyond its limit too: nothing may be lost."""
    products = select(CartItem.product_id).where(CartItem.id.in_(item_ids)).distinct()
    for product_id in db.session.scalars(products).all() if item_ids else ():
        row = upsert(WishlistItem).values(user_id=user.id, product_id=product_id)
        db.session.execute(row.on_conflict_do_nothing(index_elements=["user_id", "product_id"]))
