"""The lines of a cart with what is true of each now, and taking those that are free."""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, delete, literal, null, select

from domain import Refused
from domain.base import clock
from domain.cart import carts
from domain.catalog import availability, kinds, pricing
from domain.catalog.cards import creator_slug, people, profiles
from domain.learning import access_facts, prerequisites
from domain.learning.prerequisites import LockingCourse
from domain.ledger import states
from models import Cart, CartItem, Category, Course, Product, User, course_prerequisites, db


@dataclass(frozen=True)
class CartLine:
    """A line of a cart as its page shows it; amounts in minor units of the product's currency.

    `price_now_cents` is today's price, `added_cents` that of when it was added, `amount_cents` what its owner
    pays for it, who may have a part of it already. `is_open`: its page can be
    seen, `is_sold`: it can be taken now, `is_gift`: it is for somebody else. `held` says why it needn't be
    bought, "" if it has to. `inside` are the titles of other lines that hold all of it, so that it isn't paid
    for again. `locking` are the courses to finish before it opens. `order_number` is an order of it
    that a bank is paying.
    """

    item_id: uuid.UUID
    id: uuid.UUID
    kind: Any  # by it `kinds` finds words and addresses
    slug: str
    title: str
    language: str | None
    thumbnail: str | None
    category_slug: str
    creator_name: str
    creator_slug: str
    creator_id: uuid.UUID
    category_id: uuid.UUID
    currency: str
    price_now_cents: int
    amount_cents: int
    reference_cents: int | None
    sale_ends_at: datetime | None
    added_cents: int
    recipient_email: str | None
    message: str | None
    deliver_on: date | None
    is_open: bool
    is_sold: bool
    held: str = ""
    inside: tuple[str, ...] = ()
    locking: tuple[LockingCourse, ...] = ()
    order_number: str | None = None

    @property
    def is_gift(self) -> bool:
        """Tell whether the line is for somebody else."""
        return self.recipient_email is not None

    @property
    def is_taken(self) -> bool:
        """Tell whether checking out takes this line, paid or free."""
        return self.is_sold and not (self.held or self.inside or self.gives_nothing or self.order_number)

    @property
    def gives_nothing(self) -> bool:
        """Tell whether it is a gift of something free."""
        return self.is_gift and self.is_sold and self.amount_cents == 0

    @property
    def is_free(self) -> bool:
        """Tell whether the line costs nothing now."""
        return self.is_taken and self.amount_cents == 0

    @property
    def has_part(self) -> bool:
        """Tell whether it costs less because they have a part of it."""
        return self.is_taken and self.amount_cents < self.price_now_cents

    @property
    def has_changed(self) -> bool:
        """Tell whether the price is another than when it was added."""
        return self.is_taken and self.price_now_cents != self.added_cents

    @property
    def lock(self) -> kinds.Lock | None:
        """Say what has to be finished before it opens; None if it opens at once."""
        return prerequisites.lock_on(list(self.locking)) if self.is_taken else None


def lines(cart: Cart | None) -> list[CartLine]:
    """List the lines of `cart`, oldest first; six queries at most, however many they are."""
    if cart is None:
        return []
    person = db.session.get(User, cart.user_id) if cart.user_id is not None else None
    return _lines(person, CartItem.cart_id == cart.id)


def lines_for(user: User | None, token: str) -> list[CartLine]:
    """List the lines of the cart of `user`, or of the guest with `token`, as `lines` does."""
    return _lines(user, CartItem.cart_id.in_(select(Cart.id).where(*carts.whose(user, token))))


def _lines(person: User | None, which: ColumnElement[bool]) -> list[CartLine]:
    now = clock.now()
    rows = db.session.execute(_query(person, now).where(which)).all()
    contents = kinds.contents(rows)
    owned = access_facts.owned(person, {course_id for inside in contents.values() for course_id in inside})
    amounts = _amounts(rows, owned, now)
    held = {row.item_id: _held(person, row, contents[row.id], owned) for row in rows}
    sold = {row.item_id for row in rows if row.is_sold and amounts[row.item_id] is not None}
    inside = _inside(rows, contents, {item_id for item_id in sold if not held[item_id]})
    locking = _locking(person, rows)
    return [
        CartLine(
            **{name: getattr(row, name) for name in _SHOWN},
            is_open=bool(row.is_open),
            is_sold=row.item_id in sold,
            amount_cents=amounts[row.item_id] or 0,
            held=held[row.item_id],
            inside=inside.get(row.item_id, ()),
            locking=tuple(locking.get(row.id, ())),
        )
        for row in rows
    ]


def subtotal(of: Iterable[CartLine]) -> int:
    """Sum what checking out these lines costs today, in minor units."""
    return sum(line.amount_cents for line in of if line.is_taken)


def take_free(user: User) -> list[CartLine]:
    """Give `user` the lines of their cart that are free, and remove them; answers which. Idempotent.

    What they have no right to any more stays in the cart, which says why.
    """
    cart = carts.find(user)
    taken = []
    for line in lines(cart):
        if line.is_free and _take(user, line.id):
            taken.append(line)
    if cart is not None and taken:
        carts.open_for(user)
        db.session.execute(delete(CartItem).where(CartItem.id.in_([line.item_id for line in taken])))
        carts.touch(cart)
    return taken


def _take(user: User, product_id: uuid.UUID) -> bool:
    product = db.session.get_one(Product, product_id)
    try:
        kinds.kind_of(product).take_free(user, product)
    except Refused:
        return False
    return True


def _query(person: User | None, now: datetime) -> Select[Any]:
    product, course = Product.__table__.c, Course.__table__
    had: Any = access_facts.having(person.id, product.id) if person is not None else literal(False)
    found = (
        select(
            CartItem.id.label("item_id"), CartItem.price_cents.label("added_cents"),
            CartItem.recipient_email, CartItem.message, CartItem.deliver_on,
            product.id, *(product[name] for name in kinds.COLUMNS), product.title, product.thumbnail,
            product.currency, product.creator_id, product.category_id, course.c.language,
            pricing.price_at(now).label("price_now_cents"),
            pricing.reference_at(now).label("reference_cents"),
            pricing.sale_end_at(now).label("sale_ends_at"),
            people.c.name.label("creator_name"), creator_slug().label("creator_slug"),
            Category.slug.label("category_slug"), had.label("is_had"),
            _may_be_locked(product.id).label("may_be_locked"),
            case((availability.visible(), True), else_=False).label("is_open"),
            case((availability.available(now), True), else_=False).label("is_sold"),
        )
        .select_from(CartItem)
        .join(Product.__table__, product.id == CartItem.product_id)
        .outerjoin(course, course.c.id == product.id)
        .join(people, people.c.id == product.creator_id)
        .outerjoin(profiles, profiles.c.user_id == product.creator_id)
        .join(Category, Category.id == product.category_id)
        .where(carts.standing())
        .order_by(CartItem.created_at, CartItem.id)
    )  # fmt: skip
    if person is None:
        return found.add_columns(null().label("order_number"))
    paying = states.on_the_way(person.id).subquery("paying")
    is_theirs = and_(paying.c.product_id == product.id, CartItem.recipient_email.is_(None))
    return found.outerjoin(paying, is_theirs).add_columns(paying.c.number.label("order_number"))


def _may_be_locked(product_id: Any) -> ColumnElement[bool]:
    """Build the SQL condition that a prerequisite is a lock; few are, and what they say takes a query."""
    table = course_prerequisites.c
    return (
        select(table.course_id).where(table.course_id == product_id, table.locks_since.is_not(None)).exists()
    )


# The columns of the query that a line takes as they are.
_SHOWN = (
    "item_id", "id", "kind", "slug", "title", "language", "thumbnail", "category_slug", "creator_name",
    "creator_slug", "creator_id", "category_id", "currency", "price_now_cents", "reference_cents",
    "sale_ends_at", "added_cents", "recipient_email", "message", "deliver_on", "order_number",
)  # fmt: skip


def _amounts(rows: Any, owned: set[uuid.UUID], now: datetime) -> dict[uuid.UUID, int | None]:
    """Price each line, by its id: for who has the courses `owned`, and gifts as for anybody."""
    own = kinds.amounts((row for row in rows if row.recipient_email is None), owned, now)
    gifts = kinds.amounts((row for row in rows if row.recipient_email is not None), (), now)
    return {row.item_id: (own if row.recipient_email is None else gifts)[row.id] for row in rows}


def _held(person: User | None, row: Any, course_ids: list[uuid.UUID], owned: set[uuid.UUID]) -> str:
    """Say why `person` needn't buy the product of a line for themselves; "" if they have to."""
    if person is None or row.recipient_email is not None:
        return ""
    if row.creator_id == person.id:
        return f"This is your own {kinds.noun(row)}."
    if row.is_had or (course_ids and owned.issuperset(course_ids)):
        return f"You already own this {kinds.noun(row)}."
    return availability.EVERY_COURSE if person.opens_every_course else ""


def _inside(
    rows: Any, contents: dict[uuid.UUID, list[uuid.UUID]], bought: Collection[uuid.UUID]
) -> dict[uuid.UUID, tuple[str, ...]]:
    """Find the lines all of whose courses another line holds that is `bought`, with the titles of those.

    Both by the ids of lines.
    """
    own = [(row, set(contents[row.id])) for row in rows if row.recipient_email is None]
    larger = [(row, courses) for row, courses in own if len(courses) > 1 and row.item_id in bought]
    found = {
        row.item_id: tuple(other.title for other, held in larger if courses and courses < held)
        for row, courses in own
    }
    return {item_id: titles for item_id, titles in found.items() if titles}


def _locking(person: User | None, rows: Any) -> dict[uuid.UUID, list[LockingCourse]]:
    """List what locks each product, without what `person` gives away, made, or may see anyway."""
    if person is not None and person.opens_every_course:
        return {}
    concerned = [
        row.id
        for row in rows
        if row.may_be_locked
        and row.recipient_email is None
        and (person is None or row.creator_id != person.id)
    ]
    return prerequisites.locking_each(person, concerned) if concerned else {}
