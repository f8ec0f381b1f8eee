"""Kinds of product: whatever is sold is a product of a kind, an object that checkout and refunds speak to.

Commerce asks the kind of each line of an order and never what kind it is. A kind lives in its own package and
is named here, as jobs name their verbs.
"""

import importlib
import uuid
from datetime import datetime
from functools import cache
from typing import NamedTuple, Protocol

from models import Product, ProductKind, Purchase, User


class Part(NamedTuple):
    """A part of a product: whom it pays, for which course, and its weight in the price (minor units)."""

    creator_id: uuid.UUID
    course_id: uuid.UUID
    weight: int


class Link(NamedTuple):
    """A link by its words and its path below the site's address."""

    label: str
    path: str


class Kind(Protocol):
    """The verbs of a kind. A line is a Purchase with its product loaded.

    `refusal` says in a sentence why `buyer` can't take the product at `at`, None if they can. `parts` lists
    whom it pays. `reserve` holds what is scarce before Stripe is asked. `deliver` gives the line to its owner
    and `withdraw` takes back exactly that; both are idempotent. `landing` leads to what the line gave, or to
    the product's page while it gives nothing.
    """

    def refusal(self, buyer: User, product: Product, at: datetime) -> str | None: ...
    def parts(self, product: Product) -> list[Part]: ...
    def reserve(self, line: Purchase) -> None: ...
    def deliver(self, line: Purchase) -> None: ...
    def withdraw(self, line: Purchase) -> None: ...
    def landing(self, line: Purchase) -> Link: ...


# "module.class" below domain/.
KINDS: dict[ProductKind, str] = {ProductKind.COURSE: "learning.course_kind.CourseKind"}


def kind_of(product: Product) -> Kind:
    """Find the kind of `product`."""
    return _load(product.kind)


def landing(line: Purchase) -> Link:
    """Ask the kind of the line's product where the line leads; `line.product` must be loaded."""
    return kind_of(line.product).landing(line)


@cache
def _load(name: ProductKind) -> Kind:
    module, _, found = KINDS[name].rpartition(".")
    kind: Kind = getattr(importlib.import_module(f"domain.{module}"), found)()
    return kind
