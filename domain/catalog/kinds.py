"""Kinds of product: whatever is sold is a product of a kind, an object that checkout and refunds speak to.

Commerce asks the kind of each line of an order and never what kind it is. A kind lives in its own package and
is named here, as jobs name their verbs.
"""

import importlib
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, Protocol

from sqlalchemy import select
from werkzeug.exceptions import NotFound

from domain.base import slugs
from domain.base.addresses import path_to
from models import Product, ProductKind, Purchase, PurchaseStatus, User, db


class Part(NamedTuple):
    """A part of a product: whom it pays, for which course, and its weight in the price (minor units).

    `list_cents` is what the course costs by itself without a sale.
    """

    creator_id: uuid.UUID
    course_id: uuid.UUID
    weight: int
    list_cents: int


class Offer(NamedTuple):
    """The price of a product for one person, in minor units, and the parts that it pays for.

    `list_cents` is the price without a sale. `amount_cents` is divided among `parts` by their weights; what
    the person owns already is no part.
    """

    list_cents: int
    amount_cents: int
    parts: list[Part]


class Link(NamedTuple):
    """A link by its words and its path below the site's address."""

    label: str
    path: str


class Lock(NamedTuple):
    """A lock on a product: a sentence that says what has to be done before it opens, and a link to that."""

    sentence: str
    way: Link


class Kind(Protocol):
    """The verbs of a kind, and its words. A line is a Purchase with its product loaded.

    `noun` is what people call such a product, in lower case. `page` is the path of the page of the one with
    that slug, `entrance` leads to what somebody has who owns it. `is_known_to` tells whether `person` (None:
    a visitor) may know that the product exists. `held` says in a sentence why `person` needn't pay for it,
    None if they have to. `editor` is the path where its creator changes it. `take_down` takes it off sale, by
    an admin who says why in `note`.

    `lock` says what `person` has to do before the product opens, were it theirs; None if it opens at once.
    `refusal` says in a sentence why `buyer` (None: a visitor) can't take the product at `at`, None if they
    can. `offer` prices it for `buyer` and lists whom it pays; a `gift` costs the whole price. `amounts`
    prices several products by their ids and prices for whoever has the courses `owned` for good, with one
    query at most; None: it isn't sold. `contents`
    lists the courses in each of the products by their ids, with one query at most: a course is its own.
    `take_free` gives `buyer` what costs nothing, and refuses what does; idempotent.

    `reserve` holds what is scarce before Stripe is asked. `deliver` gives the line to its owner and
    `withdraw` takes back exactly that; both are idempotent. `landing` leads to what the line gave, to what
    has to be done before that opens, or to the product's page while it gives nothing.
    """

    noun: str

    def page(self, slug: str) -> str: ...
    def entrance(self, slug: str) -> Link: ...
    def editor(self, product: Product) -> str: ...
    def take_down(self, product: Product, admin: User, note: str) -> None: ...
    def is_known_to(self, person: User | None, product: Product) -> bool: ...
    def held(self, person: User, product: Product, at: datetime) -> str | None: ...
    def lock(self, person: User, product: Product) -> Lock | None: ...
    def refusal(self, buyer: User | None, product: Product, at: datetime) -> str | None: ...
    def offer(self, buyer: User | None, product: Product, at: datetime, *, gift: bool = False) -> Offer: ...
    def amounts(
        self, prices: Mapping[uuid.UUID, int], owned: Collection[uuid.UUID], at: datetime
    ) -> dict[uuid.UUID, int | None]: ...
    def contents(self, product_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]: ...
    def take_free(self, buyer: User, product: Product) -> None: ...
    def reserve(self, line: Purchase) -> None: ...
    def deliver(self, line: Purchase) -> None: ...
    def withdraw(self, line: Purchase) -> None: ...
    def landing(self, line: Purchase) -> Link: ...


# "module.class" below domain/.
KINDS: dict[ProductKind, str] = {
    ProductKind.COURSE: "learning.course_kind.CourseKind",
    ProductKind.BUNDLE: "bundles.kind.BundleKind",
}


class Named(Protocol):
    """The columns of a product, or of a row about one, that name its kind and its page."""

    @property
    def kind(self) -> ProductKind: ...
    @property
    def slug(self) -> str: ...


class Identified(Protocol):
    """The columns of a product, or of a row about one, that identify it and name its kind."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def kind(self) -> ProductKind: ...


class Priced(Identified, Protocol):
    """The columns of a row about a product that also say what it costs everybody now, in minor units."""

    @property
    def price_now_cents(self) -> int: ...


# The names of these columns, for queries.
COLUMNS = ("kind", "slug")


def kind_of(product: Named) -> Kind:
    """Find the kind of `product`, which may be a row with the columns of Named."""
    return _load(product.kind)


def noun(product: Named) -> str:
    """Return what people call `product`, in lower case: “course”."""
    return kind_of(product).noun


def page(product: Named) -> str:
    """Build the path of the page of `product`."""
    return kind_of(product).page(product.slug)


def entrance(product: Named) -> Link:
    """Link to what somebody has who owns `product`."""
    return kind_of(product).entrance(product.slug)


def contents(products: Iterable[Identified]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """List the courses in each of `products` by their ids; one query per kind at most."""
    by_kind: dict[ProductKind, list[uuid.UUID]] = defaultdict(list)
    for product in products:
        by_kind[product.kind].append(product.id)
    found: dict[uuid.UUID, list[uuid.UUID]] = {}
    for kind, product_ids in by_kind.items():
        found |= _load(kind).contents(product_ids)
    return found


def amounts(
    products: Iterable[Priced], owned: Collection[uuid.UUID], at: datetime
) -> dict[uuid.UUID, int | None]:
    """Price products, or rows about some, as `offer` does, but all at once.

    The buyer has the courses `owned` for good. None: the product isn't sold. One query per kind at most.
    """
    by_kind: dict[ProductKind, dict[uuid.UUID, int]] = defaultdict(dict)
    for product in products:
        by_kind[product.kind][product.id] = product.price_now_cents
    found: dict[uuid.UUID, int | None] = {}
    for kind, prices in by_kind.items():
        found |= _load(kind).amounts(prices, owned, at)
    return found


def offer(buyer: User | None, product: Product, at: datetime, *, gift: bool = False) -> Offer:
    """Ask the kind of `product` what it costs `buyer` (None: a visitor) at `at`."""
    return kind_of(product).offer(buyer, product, at, gift=gift)


def product_at(person: User | None, slug: str) -> Product:
    """Load the product at `slug` (or a former slug).

    Raises NotFound for an unknown one, and for one whose existence `person` (None: a visitor) may not know.
    """
    product: Any = db.session.scalar(select(Product).where(Product.id == slugs.product_id_at(slug)))
    if product is None or not kind_of(product).is_known_to(person, product):
        raise NotFound
    found: Product = product
    return found


def known(person: User | None, product_id: uuid.UUID) -> Product:
    """Load a product by its id; raises NotFound as `product_at` does."""
    product: Any = db.session.get(Product, product_id)
    if product is None or not kind_of(product).is_known_to(person, product):
        raise NotFound
    found: Product = product
    return found


def landing(line: Purchase) -> Link:
    """Ask the kind of the line's product where the line leads its buyer; `line.product` must be loaded.

    A gift is somebody else's: once it is paid it leads to its own page.
    """
    if line.is_gift and line.status == PurchaseStatus.COMPLETED:
        return Link("See your gift", path_to("my_gifts.show", purchase_id=line.id))
    return kind_of(line.product).landing(line)


def lock_of(line: Purchase) -> Lock | None:
    """Ask the kind what the owner of a delivered line has to do before it opens; None if it is open."""
    if line.status != PurchaseStatus.COMPLETED or line.owner_id is None:
        return None
    return kind_of(line.product).lock(db.session.get_one(User, line.owner_id), line.product)


@cache
def _load(name: ProductKind) -> Kind:
    module, _, found = KINDS[name].rpartition(".")
    kind: Kind = getattr(importlib.import_module(f"domain.{module}"), found)()
    return kind
