"""Every kind of product answers every verb; what it delivers once or twice it takes back exactly."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from werkzeug.exceptions import NotFound

from domain.base import clock
from domain.catalog import kinds
from domain.learning import access
from domain.ledger import checks
from models import (
    AccessGrant,
    Course,
    Enrollment,
    GrantSource,
    Order,
    Product,
    ProductKind,
    ProductStatus,
    ProductVisibility,
    Purchase,
    PurchaseStatus,
    User,
    db,
)
from tests.cast import Cast, share_of

# One product of each kind that a stranger may buy.
ON_SALE = {ProductKind.COURSE: "flask-first-steps"}


@pytest.fixture(params=list(ProductKind))
def product(request: pytest.FixtureRequest, app: Flask, cast: Cast) -> Product:
    return db.session.scalars(db.select(Product).where(Product.slug == ON_SALE[request.param])).one()


@pytest.fixture
def line(product: Product, cast: Cast) -> Purchase:
    order = Order(
        number="LN-TEST-KIND", user_id=cast.mo.id, cart_key="x", subtotal_cents=1900, total_cents=1900,
        currency="usd", completed_at=clock.now(), status="completed",
    )  # fmt: skip
    db.session.add(order)
    db.session.flush()
    line = Purchase(
        order_id=order.id, user_id=cast.mo.id, owner_id=cast.cy.id, product=product, price_cents=1900,
        amount_cents=1900, currency="usd", product_snapshot={}, status=PurchaseStatus.COMPLETED,
    )  # fmt: skip
    assert isinstance(product, Course)
    db.session.add(share_of(line, product, fee=1900))
    db.session.flush()
    return line


@pytest.fixture(autouse=True)
def _within(app: Flask, cast: Cast) -> Iterator[None]:
    with app.app_context():
        yield


def grants(line: Purchase) -> list[AccessGrant]:
    return list(
        db.session.scalars(
            db.select(AccessGrant).where(AccessGrant.purchase_id == line.id, AccessGrant.revoked_at.is_(None))
        )
    )


def test_every_kind_is_registered() -> None:
    assert set(kinds.KINDS) == set(ProductKind) == set(ON_SALE)


def test_refusal(product: Product, cast: Cast) -> None:
    kind, now = kinds.kind_of(product), clock.now()
    cy = db.session.get_one(User, cast.cy.id)
    assert kind.refusal(cy, product, now) is None
    assert "own" in (kind.refusal(db.session.get_one(User, product.creator_id), product, now) or "")
    assert "own" in (kind.refusal(db.session.get_one(User, cast.bo.id), product, now) or "")
    product.status = ProductStatus.ARCHIVED
    assert kind.refusal(cy, product, now) == "This course isn’t for sale right now."


def test_words_and_ways(product: Product, cast: Cast) -> None:
    kind = kinds.kind_of(product)
    assert kind.noun == kind.noun.lower() != ""
    assert kinds.noun(product) == kind.noun
    assert kinds.page(product) == f"/courses/{product.slug}"
    assert kinds.entrance(product) == ("Go to the course", f"/learn/{product.slug}")
    assert kind.editor(product) == f"/studio/courses/{product.id}/publish"


def test_held(product: Product, cast: Cast) -> None:
    kind, now = kinds.kind_of(product), clock.now()
    who = {name: db.session.get_one(User, getattr(cast, name).id) for name in ("cy", "bo", "mo")}
    assert kind.held(who["cy"], product, now) is None
    assert "own" in (kind.held(who["bo"], product, now) or "")
    assert "every" in (kind.held(who["mo"], product, now) or "")


def test_known_and_taken_down(product: Product, cast: Cast) -> None:
    kind = kinds.kind_of(product)
    assert kind.is_known_to(None, product)
    assert kinds.product_at(None, product.slug) is product
    kind.take_down(product, db.session.get_one(User, cast.mo.id), "Copied.")
    assert product.status == ProductStatus.ARCHIVED
    product.visibility = ProductVisibility.PRIVATE
    db.session.flush()
    assert not kind.is_known_to(db.session.get_one(User, cast.cy.id), product)
    assert kind.is_known_to(db.session.get_one(User, cast.bo.id), product)
    with pytest.raises(NotFound):
        kinds.product_at(None, product.slug)


def test_parts(product: Product) -> None:
    parts = kinds.kind_of(product).offer(None, product, clock.now()).parts
    assert parts
    assert sum(part.weight for part in parts) == product.price_cents
    assert len({part.course_id for part in parts}) == len(parts)
    assert all(db.session.get(Course, part.course_id) for part in parts)


def test_contents(product: Product) -> None:
    found = kinds.contents([product])
    assert list(found) == [product.id]
    assert all(db.session.get(Course, course_id) for course_id in found[product.id])
    paid = {part.course_id for part in kinds.offer(None, product, clock.now()).parts}
    assert paid <= set(found[product.id])


def test_delivered_to_the_owner_and_not_to_who_paid(line: Purchase, cast: Cast) -> None:
    kind = kinds.kind_of(line.product)
    kind.reserve(line)
    before = line.product.holder_count
    for _ in range(2):
        kind.deliver(line)
    db.session.refresh(line.product)
    assert [grant.user_id for grant in grants(line)] == [cast.cy.id]
    assert line.product.holder_count == before + 1
    assert checks.access_follows_payment() == []
    enrolled = db.select(Enrollment.status).where(Enrollment.user_id == cast.cy.id)
    assert db.session.scalars(enrolled).all() == ["active"]


def test_withdrawn_is_what_was_delivered(line: Purchase, cast: Cast) -> None:
    kind, cy = kinds.kind_of(line.product), db.session.get_one(User, cast.cy.id)
    given = access.grant(
        cy.id, line.product_id, GrantSource.COMPLIMENTARY, uuid.uuid4(), clock.now() + timedelta(days=1)
    )
    kind.deliver(line)
    for _ in range(2):
        kind.withdraw(line)
    assert grants(line) == []
    assert access.owns(cy, line.product)
    access.revoke_grant(given)
    kind.deliver(line)
    kind.withdraw(line)
    assert not access.owns(cy, line.product)
    assert access.owns(db.session.get_one(User, cast.bo.id), line.product), "somebody else's purchase stays"


def test_landing(line: Purchase) -> None:
    kind = kinds.kind_of(line.product)
    assert kind.landing(line) == ("Start learning", f"/learn/{line.product.slug}")
    line.status = PurchaseStatus.FAILED
    assert kind.landing(line) == ("Back to the course", f"/courses/{line.product.slug}")
