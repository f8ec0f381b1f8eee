"""Carts: finding the cart of a person or a guest, and changing its lines.

Whoever changes the lines holds the lock on the cart's row (`open_for`), which keeps the limit of MOST lines.
Where other rows are locked too, carts come after people and products.
"""

import uuid
from collections.abc import Collection
from datetime import timedelta

from itsdangerous import BadData
from sqlalchemy import ColumnElement, and_, delete, func, select
from werkzeug.exceptions import NotFound

from domain import Refused
from domain.base import clock, signing, sql
from domain.cart import wishlist
from domain.catalog import kinds
from domain.gifts import orders as gifts
from domain.gifts.terms import GiftTerms
from models import Cart, CartItem, Product, User, db, upsert

MOST = 50
FULL = f"A cart can hold {MOST} things. Remove one first, or check out."
SALT = "lectern.cart"
LONGEST_TOKEN = 200
# A guest's cart is kept as long as its cookie lasts after the last change.
KEEP_GUESTS = timedelta(days=60)
KEEP_REMOVED = timedelta(hours=1)


def token_of(cart: Cart) -> str:
    """Sign the id of a guest's cart, for its cookie."""
    return signing.undated_serializer(SALT).dumps(cart.id.hex)


def signed_id(token: str) -> uuid.UUID | None:
    """Read the id in a guest's token; None for a forged one."""
    if not token or len(token) > LONGEST_TOKEN:
        return None
    try:
        return uuid.UUID(signing.undated_serializer(SALT).loads(token))
    except (BadData, ValueError, TypeError, AttributeError):
        return None


def find(user: User | None, token: str = "") -> Cart | None:
    """Find the cart of `user`, or the guest's cart that `token` names; a token never opens a person's."""
    return db.session.scalar(select(Cart).where(*whose(user, token)))


def whose(user: User | None, token: str = "") -> tuple[ColumnElement[bool], ...]:
    """Build the SQL conditions of the cart of `user`, or of the guest with `token`."""
    return (Cart.user_id == user.id,) if user is not None else _guests(signed_id(token))


def open_for(user: User | None, token: str = "") -> Cart:
    """Get or create the cart of `user`, or of the guest with `token`, and lock it."""
    if user is not None:
        row = upsert(Cart).values(user_id=user.id)
        db.session.execute(row.on_conflict_do_nothing(index_elements=["user_id"]))
        return sql.locked(select(Cart).where(Cart.user_id == user.id)).one()
    cart_id = signed_id(token)
    cart = sql.locked(select(Cart).where(*_guests(cart_id))).one_or_none() if cart_id is not None else None
    if cart is None:
        cart = Cart()
        db.session.add(cart)
        db.session.flush()
    return cart


def add(cart: Cart, user: User | None, product: Product) -> CartItem:
    """Put `product` into a locked cart. Idempotent.

    Refused for what `user` (None: a guest) has or can't get, and beyond MOST lines.
    """
    if sentence := kinds.kind_of(product).refusal(user, product, clock.now()):
        raise Refused(sentence)
    if (there := _line_of(cart, product.id)) is not None:
        return there
    _make_room(cart)
    _forget_removed(cart, product.id)
    item = CartItem(
        cart_id=cart.id,
        product_id=product.id,
        price_cents=product.price_at(clock.now()),
    )
    touch(cart)
    db.session.add(item)
    db.session.flush()
    return item


def add_gift(cart: Cart, product: Product, wanted: GiftTerms, instead: uuid.UUID | None = None) -> CartItem:
    """Put `product` into a locked cart as a gift, in place of the line `instead` of it, if that is there.

    Refused for what can't be given, and beyond MOST lines.
    """
    if sentence := gifts.refusal(product, clock.now()):
        raise Refused(sentence)
    there = (
        CartItem.id == instead,
        CartItem.cart_id == cart.id,
        CartItem.product_id == product.id,
        standing(),
    )
    item = db.session.scalar(select(CartItem).where(*there)) if instead is not None else None
    if item is None:
        _make_room(cart)
        item = CartItem(cart_id=cart.id, product_id=product.id, price_cents=product.price_at(clock.now()))
    touch(cart)
    item.recipient_email, item.message = wanted.recipient, wanted.message or None
    item.deliver_on = wanted.deliver_on
    db.session.add(item)
    db.session.flush()
    return item


def remove(cart: Cart, item_id: uuid.UUID) -> CartItem:
    """Remove a line from a locked cart; `put_back` undoes it. Idempotent; raises NotFound for another's."""
    item = _item(cart, item_id)
    if item.removed_at is None:
        touch(cart)
        item.removed_at = clock.now()
    return item


def put_back(cart: Cart, item_id: uuid.UUID) -> CartItem:
    """Undo the removal of a line of a locked cart. Idempotent.

    Raises NotFound for another cart's line and for one that is gone; Refused where the cart is full.
    """
    item = _item(cart, item_id)
    if item.removed_at is None:
        return item
    if item.recipient_email is None and (there := _line_of(cart, item.product_id)) is not None:
        return there
    _make_room(cart)
    touch(cart)
    item.removed_at = None
    return item


def save_for_later(cart: Cart, user: User, item_id: uuid.UUID) -> CartItem:
    """Move a line of a locked cart to the wishlist. Refused for what can't be wished for."""
    item = _item(cart, item_id)
    wishlist.add(user, db.session.get_one(Product, item.product_id))
    return remove(cart, item_id)


def remove_bought(
    user: User, product_ids: Collection[uuid.UUID], gift_ids: Collection[uuid.UUID] = ()
) -> None:
    """Remove what `user` has bought from their cart: products for themselves, and lines that were gifts.

    Nobody is reminded of what is left then. Does nothing without a cart.
    """
    cart = sql.locked(select(Cart).where(Cart.user_id == user.id)).one_or_none()
    if cart is None:
        return
    theirs = and_(CartItem.product_id.in_(product_ids), CartItem.recipient_email.is_(None))
    db.session.execute(
        delete(CartItem).where(CartItem.cart_id == cart.id, theirs | CartItem.id.in_(gift_ids))
    )
    cart.changed_at = cart.reminded_at = clock.now()


def touch(cart: Cart) -> None:
    """Record that the lines of `cart` are about to change.

    What is put into an empty cart may be reminded of again.
    """
    if count(cart.id) == 0:
        cart.reminded_at = None
    cart.changed_at = clock.now()


def count(cart_id: uuid.UUID) -> int:
    """Count the lines of a cart."""
    return db.session.scalar(select(func.count()).where(CartItem.cart_id == cart_id, standing())) or 0


def guest_count(token: str) -> int:
    """Count the lines of the guest's cart that `token` names; 0 for a forged one."""
    cart_id = signed_id(token)
    if cart_id is None:
        return 0
    lines = (
        select(func.count(CartItem.id))
        .join(Cart, Cart.id == CartItem.cart_id)
        .where(*_guests(cart_id), standing())
    )
    return db.session.scalar(lines) or 0


def product_ids(cart: Cart) -> set[uuid.UUID]:
    """List the products that are in `cart` for its owner."""
    own = (CartItem.cart_id == cart.id, CartItem.recipient_email.is_(None), standing())
    return set(db.session.scalars(select(CartItem.product_id).where(*own)))


def standing() -> ColumnElement[bool]:
    """Build the SQL condition that a line wasn't removed."""
    return CartItem.removed_at.is_(None)


def clean_up() -> None:
    """Delete guests' carts that nobody has changed for KEEP_GUESTS, and lines that were removed. A job."""
    now = clock.now()
    db.session.execute(delete(Cart).where(Cart.user_id.is_(None), Cart.changed_at < now - KEEP_GUESTS))
    db.session.execute(delete(CartItem).where(CartItem.removed_at < now - KEEP_REMOVED))


def _guests(cart_id: uuid.UUID | None) -> tuple[ColumnElement[bool], ...]:
    return Cart.id == cart_id, Cart.user_id.is_(None)


def _item(cart: Cart, item_id: uuid.UUID) -> CartItem:
    item = db.session.scalar(select(CartItem).where(CartItem.id == item_id, CartItem.cart_id == cart.id))
    if item is None:
        raise NotFound
    return item


def _line_of(cart: Cart, product_id: uuid.UUID) -> CartItem | None:
    """Find the line with which a product is bought for oneself."""
    this = (CartItem.cart_id == cart.id, CartItem.product_id == product_id, standing())
    return db.session.scalar(select(CartItem).where(*this, CartItem.recipient_email.is_(None)))


def _make_room(cart: Cart) -> None:
    if count(cart.id) >= MOST:
        raise Refused(FULL)


def _forget_removed(cart: Cart, product_id: uuid.UUID) -> None:
    db.session.execute(
        delete(CartItem).where(
            CartItem.cart_id == cart.id,
            CartItem.product_id == product_id,
            CartItem.recipient_email.is_(None),
            CartItem.removed_at.is_not(None),
        )
    )
