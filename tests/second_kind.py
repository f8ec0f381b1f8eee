"""A second kind of product, which only tests know: rooms that ask for products must not fail on it.

A kit has no table of its own. It gives one course to its buyer.
"""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import Engine, event, text

from domain.base import clock
from domain.catalog import availability, counters, kinds
from domain.catalog.index import search
from domain.catalog.kinds import Link, Lock, Offer, Part
from domain.learning import access, enrollment
from models import (
    Course,
    GrantSource,
    Product,
    ProductKind,
    ProductStatus,
    Purchase,
    PurchaseStatus,
    User,
    db,
)
from tests.cast import Cast

SLUG = "web-kit"


class KitKind:
    """A kit: it is everybody's who sees it, and gives one course."""

    noun = "kit"

    def page(self, slug: str) -> str:
        """Build the path of its page."""
        return f"/kits/{slug}"

    def entrance(self, slug: str) -> Link:
        """Lead to what is in it."""
        return Link("Open the kit", f"/kits/{slug}/open")

    def editor(self, product: Product) -> str:
        """Lead to where it is changed."""
        return f"/studio/kits/{product.id}"

    def is_known_to(self, person: User | None, product: Product) -> bool:
        """Tell whether it is public, or theirs."""
        return availability.is_visible(product) or (person is not None and person.id == product.creator_id)

    def held(self, person: User, product: Product, at: datetime) -> str | None:
        """Say that they have it."""
        return "You already own this kit." if access.has(person, product) else None

    def lock(self, person: User, product: Product) -> Lock | None:
        """Open at once."""
        return None

    def refusal(self, buyer: User | None, product: Product, at: datetime) -> str | None:
        """Say why it can't be taken."""
        if buyer is not None and buyer.id == product.creator_id:
            return "This is your own kit."
        if buyer is not None and (sentence := self.held(buyer, product, at)):
            return sentence
        return None if availability.is_available(product, at) else "This kit isn’t for sale."

    def offer(self, buyer: User | None, product: Product, at: datetime, *, gift: bool = False) -> Offer:
        """Give it all to the creator of its course."""
        part = Part(product.creator_id, _course(), product.price_cents, product.price_cents)
        return Offer(product.price_cents, product.price_at(at), [part])

    def amounts(
        self, prices: Mapping[uuid.UUID, int], owned: Collection[uuid.UUID], at: datetime
    ) -> dict[uuid.UUID, int | None]:
        """Price each as everybody pays it."""
        return dict(prices)

    def contents(self, product_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
        """List its one course."""
        return {product_id: [_course()] for product_id in product_ids}

    def take_free(self, buyer: User, product: Product) -> None:
        """Open its course."""
        access.grant(buyer.id, _course(), GrantSource.FREE, _course())
        enrollment.enroll(buyer.id, _course())

    def reserve(self, line: Purchase) -> None:
        """Do nothing."""

    def deliver(self, line: Purchase) -> None:
        """Open its course."""
        enrollment.open_bought(line, _course())
        counters.recount_holders(line.product_id)

    def withdraw(self, line: Purchase) -> None:
        """Close it."""
        access.revoke(line.id)
        counters.recount_holders(line.product_id)

    def landing(self, line: Purchase) -> Link:
        """Lead to what is in it, or back to its page."""
        if line.status == PurchaseStatus.COMPLETED:
            return self.entrance(line.product.slug)
        return Link("Back to the kit", self.page(line.product.slug))

    def take_down(self, product: Product, admin: User, note: str) -> None:
        """Archive it."""
        product.status = ProductStatus.ARCHIVED
        search.forget(product)


def _course() -> Any:
    return db.session.scalars(db.select(Course.id).where(Course.slug == "flask-first-steps")).one()


@contextmanager
def second_kind(app: Flask, patch: pytest.MonkeyPatch) -> Iterator[ProductKind]:
    """Register kits as a kind, as a release with a second one would, and let the database keep their rows.

    On PostgreSQL the CHECK of the kinds is gone afterwards: have the database made anew.
    """
    kit = cast(ProductKind, str.__new__(ProductKind, "kit"))
    kit._name_, kit._value_ = "KIT", "kit"
    patch.setitem(ProductKind._member_map_, "KIT", kit)
    patch.setitem(ProductKind._value2member_map_, "kit", kit)
    patch.setattr(ProductKind, "_member_names_", [*ProductKind._member_names_, "KIT"])
    patch.setitem(kinds.KINDS, kit, "learning.course_kind.CourseKind")
    loaded, real = KitKind(), kinds._load
    patch.setattr(kinds, "_load", lambda name: loaded if name == "kit" else real(name))
    mapper: Any = Product.__mapper__
    patch.setitem(mapper.polymorphic_map, kit, mapper)
    column: Any = Product.__table__.c.kind.type
    patch.setitem(column._valid_lookup, kit, "kit")
    patch.setitem(column._object_lookup, "kit", kit)
    with app.app_context():
        engine = db.engine
        _forget_types(engine)
        if engine.dialect.name == "postgresql":
            with engine.begin() as connection:
                connection.execute(text("ALTER TABLE products DROP CONSTRAINT ck_products_product_kind"))
        else:
            engine.dispose()
            event.listen(engine, "connect", _ignore_checks)
    yield kit
    if engine.dialect.name != "postgresql":
        event.remove(engine, "connect", _ignore_checks)
    with app.app_context():
        db.session.remove()
        engine.dispose()
        _forget_types(engine)


def _forget_types(engine: Engine) -> None:
    """Forget how columns are converted: what a dialect knows of an enumeration it knows for good."""
    engine.clear_compiled_cache()
    cast(Any, engine.dialect)._type_memos.clear()


def _ignore_checks(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA ignore_check_constraints=ON")


def put_kit_on_sale(cast: Cast, kind: ProductKind, **more: Any) -> Product:
    """A kit of Ada's that anybody can find and buy."""
    values = {"price_cents": 2900, "summary": "All you need."} | more
    row = db.insert(Product.__table__).values(
        kind=kind, title="Zephyr kit", slug=SLUG, creator_id=cast.ada.id, category_id=cast.web.id,
        status=ProductStatus.PUBLISHED, published_at=clock.now(), **values,
    )  # fmt: skip
    db.session.execute(row)
    kit = db.session.scalars(db.select(Product).where(Product.slug == SLUG)).one()
    search.index(kit)
    return kit
