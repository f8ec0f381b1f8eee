"""The wishlist, and notifications of its products' sales."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, or_, select, update
from werkzeug.exceptions import NotFound

import jobs
import mail
from domain import Refused
from domain.base import clock, pagination, percent
from domain.base.pagination import Page
from domain.catalog import availability, kinds, pricing
from domain.catalog.cards import creator_slug, people, profiles
from domain.learning import access_facts
from domain.platform import consents, last_days, notifications
from models import (
    Category,
    Course,
    NotificationKind,
    Product,
    User,
    WishlistItem,
    db,
    upsert,
)

PER_PAGE = 30
MOST = 500
# The batch size of notifications in one transaction: on SQLite it blocks all other writers.
TOLD_AT_ONCE = 50


def add(user: User, product: Product) -> None:
    """Put `product` on `user`'s wishlist. Idempotent.

    Refused for a product that they have or can't get, and beyond MOST entries.
    """
    if sentence := refusal(user, product):
        raise Refused(sentence)
    wished = select(WishlistItem.product_id).where(WishlistItem.user_id == user.id, ~_held())
    if db.session.scalar(wished.offset(MOST - 1).limit(1)) is not None:
        raise Refused(f"Your wishlist can hold {MOST} entries. Remove one first.")
    row = upsert(WishlistItem).values(user_id=user.id, product_id=product.id)
    db.session.execute(row.on_conflict_do_nothing(index_elements=["user_id", "product_id"]))


def refusal(user: User, product: Product) -> str | None:
    """Say in a sentence why `user` can't wish for `product`, in the words of its page; None if they can."""
    return kinds.kind_of(product).refusal(user, product, clock.now())


def remove(user_id: uuid.UUID, product_id: uuid.UUID) -> None:
    """Remove a product from a wishlist, if it is there."""
    db.session.execute(delete(WishlistItem).where(*_item(user_id, product_id)))


def notify(user: User, product_id: uuid.UUID, wanted: bool) -> None:
    """Turn notifications of sales on or off for an entry; raises NotFound when the user has no such entry."""
    found = db.session.scalar(
        update(WishlistItem)
        .where(*_item(user.id, product_id))
        .values(notify_sale=wanted)
        .returning(WishlistItem.product_id)
    )
    if found is None:
        raise NotFound


def wished(user: Any, product: Any) -> ColumnElement[bool]:
    """Build the SQL condition "`user` has `product` on the wishlist"; both are columns or parameters."""
    wish = WishlistItem.__table__.c
    mine = and_(wish.user_id == user, wish.product_id == product)
    return select(wish.product_id).where(mine).correlate_except(WishlistItem.__table__).exists()


def page_of(user: User, before: uuid.UUID | None = None) -> Page[Any]:
    """List `user`'s wishlist, latest first: the first page, or the one after the product `before`.

    A row holds what its line shows. `is_sold`: it can be bought now; `is_open`: its page can be seen. Raises
    NotFound when `before` isn't on it.
    """
    query, place = _lines(clock.now()).where(WishlistItem.user_id == user.id, ~_held()), None
    if before is not None:
        last = db.session.get(WishlistItem, (user.id, before))
        if last is None:
            raise NotFound
        place = last.created_at, last.product_id
    newest = pagination.newest_first(query, WishlistItem.created_at, WishlistItem.product_id, place)
    return pagination.cut(db.session.execute(newest.limit(PER_PAGE + 1)), PER_PAGE, lambda row: row.id)


def tell_of_sale(course_id: str, after: str | None = None) -> None:
    """Notify the next TOLD_AT_ONCE people, by id, of a sale of the product; the rest becomes a job.

    Nobody is notified twice of a running sale, even if its end was moved.
    """
    now = clock.now()
    product = db.session.get(Product, uuid.UUID(course_id))
    if product is None or not pricing.has_sale(product, now):
        return
    waiting = select(WishlistItem).where(
        WishlistItem.product_id == product.id,
        WishlistItem.notify_sale.is_(True),
        ~_held(),
        or_(WishlistItem.told_of_sale_ending.is_(None), WishlistItem.told_of_sale_ending <= now),
    )
    if after is not None:
        waiting = waiting.where(WishlistItem.user_id > uuid.UUID(after))
    items = list(db.session.scalars(waiting.order_by(WishlistItem.user_id).limit(TOLD_AT_ONCE)))
    for item in items:
        _tell(item, product)
    if len(items) == TOLD_AT_ONCE:
        last = str(items[-1].user_id)
        key = f"wished_sale:{product.id}:{product.sale_ends_at:%Y%m%d%H%M}:{last}"
        jobs.enqueue("tell_of_sale", key=key, course_id=course_id, after=last)


def objection(user: User, course_id: str, ends: str, saved: str | None = None) -> str | None:
    """Say why `user` must not be told any more of the sale of a product that was to end at `ends`.

    None if they may. A condition of mail: the message may have waited. `saved` is what it says of the price;
    messages of an earlier release didn't keep that.
    """
    product, now = db.session.get(Product, uuid.UUID(course_id)), clock.now()
    told_end = datetime.fromisoformat(ends)
    # Once its own end has passed, a sale that is on is another one.
    if product is None or not pricing.has_sale(product, now) or told_end <= now:
        return "The sale is over."
    if product.sale_ends_at is None or product.sale_ends_at < told_end:
        return "The sale ends earlier than the message says."
    if saved not in (None, _saved(product)):
        return "The price has changed since the message was written."
    wanted = select(WishlistItem.product_id).where(
        *_item(user.id, product.id), WishlistItem.notify_sale.is_(True), ~_held()
    )
    return None if db.session.scalar(wanted) else "They have it, or no longer want to know of its sales."


def _tell(item: WishlistItem, product: Product) -> None:
    ends = item.told_of_sale_ending = product.sale_ends_at
    assert ends is not None  # noqa: S101 - what a sale has
    noun, saved = kinds.noun(product), _saved(product)
    is_new = notifications.tell(
        item.user_id, NotificationKind.WISHED_SALE, f"“{product.title[:150]}” is on sale",
        f"This {noun} is on your wishlist. Until {last_days.said(ends)} it’s {saved}.",
        kinds.page(product), f"See the {noun}", key=f"sale:{product.id}:{ends:%Y%m%d%H%M}",
    )  # fmt: skip
    user = db.session.get_one(User, item.user_id)
    if is_new and consents.objection(user) is None:
        mail.wished_sale(user, product, kinds.page(product), ends, saved)


def _saved(product: Product) -> str:
    """Say how much less a product on sale costs."""
    before, now_costs = product.reference_price_cents or 0, product.sale_price_cents or 0
    return f"{percent.whole(before - now_costs, before)}% off" if now_costs else "free"


def _lines(now: datetime) -> Any:
    product, course = Product.__table__.c, Course.__table__
    return (
        select(
            product.id, *(product[name] for name in kinds.COLUMNS), product.title, product.price_cents,
            product.currency, product.thumbnail, product.rating_avg, product.rating_count,
            course.c.language, pricing.price_at(now).label("price_now_cents"),
            pricing.reference_at(now).label("reference_cents"),
            pricing.sale_end_at(now).label("sale_ends_at"),
            people.c.name.label("creator_name"), creator_slug().label("creator_slug"),
            Category.slug.label("category_slug"), WishlistItem.notify_sale, WishlistItem.created_at,
            case((availability.visible(), True), else_=False).label("is_open"),
            case((availability.available(now), True), else_=False).label("is_sold"),
        )
        .select_from(WishlistItem)
        .join(Product.__table__, product.id == WishlistItem.product_id)
        .outerjoin(course, course.c.id == product.id)
        .join(people, people.c.id == product.creator_id)
        .outerjoin(profiles, profiles.c.user_id == product.creator_id)
        .join(Category, Category.id == product.category_id)
    )  # fmt: skip


def _held() -> ColumnElement[bool]:
    """Build the SQL condition "the owner of the entry has the product", which hides the entry."""
    return access_facts.having(WishlistItem.user_id, WishlistItem.product_id)


def _item(user_id: uuid.UUID, product_id: uuid.UUID) -> tuple[ColumnElement[bool], ...]:
    return WishlistItem.user_id == user_id, WishlistItem.product_id == product_id
