"""Every kind of product answers every verb; what it delivers once or twice it takes back exactly."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.exceptions import NotFound

from domain import Refused
from domain.base import clock
from domain.catalog import counters, kinds, price_history
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
    PurchaseShare,
    PurchaseStatus,
    User,
    db,
)
from tests.bundles.making import make_bundle
from tests.cast import Cast

# One product of each kind that a stranger may buy.
ON_SALE = {ProductKind.COURSE: "flask-first-steps", ProductKind.BUNDLE: "web-bundle"}
# Its page, where it is changed, what its owner is led to, and what leads back to it.
PLACES = {
    ProductKind.COURSE: (
        "/courses/{slug}", "/studio/courses/{id}/publish", ("Go to the course", "/learn/{slug}"),
        ("Start learning", "/learn/{slug}"), ("Back to the course", "/courses/{slug}"),
    ),
    ProductKind.BUNDLE: (
        "/bundles/{slug}", "/studio/bundles/{id}/publish", ("See your courses", "/bundles/{slug}"),
        ("See your courses", "/bundles/{slug}"), ("Back to the bundle", "/bundles/{slug}"),
    ),
}  # fmt: skip


@pytest.fixture(params=list(ProductKind))
def product(request: pytest.FixtureRequest, app: Flask, cast: Cast) -> Product:
    if request.param == ProductKind.BUNDLE:
        bundle = make_bundle(cast, slug=ON_SALE[request.param])
        access.grant(cast.bo.id, cast.free_course.id, GrantSource.FREE, bundle.id)
        counters.recount_holders(bundle.id)
        db.session.refresh(bundle)
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
    for number, part in enumerate(kinds.offer(None, product, clock.now()).parts):
        amount = 0 if number else 1900
        share = PurchaseShare(
            creator_id=part.creator_id, course_id=part.course_id, list_cents=part.list_cents,
            amount_cents=amount, platform_fee_cents=amount, creator_amount_cents=0,
        )  # fmt: skip
        line.shares.append(share)
    db.session.add(line)
    db.session.flush()
    return line


def opened(line: Purchase, person: User) -> list[bool]:
    """Tell of each course in the product whether it is open to `person`."""
    inside = kinds.contents([line.product])[line.product.id]
    return [access.owns(person, db.session.get_one(Course, course_id)) for course_id in inside]


def places(product: Product) -> list[Any]:
    def filled(place: Any) -> Any:
        if isinstance(place, tuple):
            return tuple(filled(part) for part in place)
        return place.format(slug=product.slug, id=product.id)

    return [filled(place) for place in PLACES[product.kind]]


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
    assert kind.refusal(cy, product, now) == f"This {kind.noun} isn’t for sale right now."


def test_words_and_ways(product: Product, cast: Cast) -> None:
    kind = kinds.kind_of(product)
    assert kind.noun == kind.noun.lower() != ""
    assert kinds.noun(product) == kind.noun
    page, editor, entrance, _landing, _back = places(product)
    assert (kinds.page(product), kind.editor(product), kinds.entrance(product)) == (page, editor, entrance)


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


def test_offer(product: Product, cast: Cast) -> None:
    kind, cy = kinds.kind_of(product), db.session.get_one(User, cast.cy.id)
    for buyer, gift in ((None, False), (cy, False), (cy, True)):
        offer = kind.offer(buyer, product, clock.now(), gift=gift)
        assert (offer.list_cents, offer.amount_cents) == (product.price_cents, product.price_cents)
        assert sum(part.weight for part in offer.parts) == offer.amount_cents
        assert [part.course_id for part in offer.parts] == kinds.contents([product])[product.id]


def test_taken_for_free(product: Product, cast: Cast) -> None:
    kind, cy = kinds.kind_of(product), db.session.get_one(User, cast.cy.id)
    with pytest.raises(Refused, match="isn’t free"):
        kind.take_free(cy, product)
    product.tier = None
    price_history.change(product, 0, None, None)
    kind.take_free(cy, product)
    db.session.refresh(product)
    assert kind.held(cy, product, clock.now())
    assert counters.recount_holders() == 0


def test_delivered_to_the_owner_and_not_to_who_paid(line: Purchase, cast: Cast) -> None:
    kind = kinds.kind_of(line.product)
    kind.reserve(line)
    before = line.product.holder_count
    for _ in range(2):
        kind.deliver(line)
    db.session.refresh(line.product)
    assert {grant.user_id for grant in grants(line)} == {cast.cy.id}
    assert len(grants(line)) == len(line.shares)
    assert line.product.holder_count == before + 1
    assert checks.access_follows_payment() == []
    enrolled = db.select(Enrollment.status).where(Enrollment.user_id == cast.cy.id)
    assert db.session.scalars(enrolled).all() == ["active"] * len(line.shares)
    assert counters.recount_holders() == 0


def test_withdrawn_is_what_was_delivered(line: Purchase, cast: Cast) -> None:
    kind, cy = kinds.kind_of(line.product), db.session.get_one(User, cast.cy.id)
    given = access.grant(
        cy.id, cast.flask_course.id, GrantSource.COMPLIMENTARY, uuid.uuid4(), clock.now() + timedelta(days=1)
    )
    kind.deliver(line)
    for _ in range(2):
        kind.withdraw(line)
    assert grants(line) == []
    assert opened(line, cy)[0]
    access.revoke_grant(given)
    kind.deliver(line)
    assert all(opened(line, cy))
    kind.withdraw(line)
    assert not any(opened(line, cy))
    assert all(opened(line, db.session.get_one(User, cast.bo.id))), "what somebody else has stays"
    assert counters.recount_holders() == 0


def test_landing(line: Purchase) -> None:
    kind = kinds.kind_of(line.product)
    *_rest, landing, back = places(line.product)
    assert kind.landing(line) == landing
    line.status = PurchaseStatus.FAILED
    assert kind.landing(line) == back
