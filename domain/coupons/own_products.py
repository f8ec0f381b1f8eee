"""Products that a coupon can be for: those of a creator, and the one at an address."""

import uuid

from sqlalchemy import select

from domain import Refused
from domain.base import slugs
from models import Product, User, db

MOST = 500


def of_creator(creator: User) -> list[tuple[uuid.UUID, str]]:
    """List what `creator` has made, by title: id and title."""
    query = select(Product.id, Product.title).where(
        Product.creator_id == creator.id, Product.deleted_at.is_(None)
    )
    rows = db.session.execute(query.order_by(Product.title, Product.id).limit(MOST))
    return [(row[0], row[1]) for row in rows]


def at_address(address: str) -> uuid.UUID:
    """Find the product at an address as people copy it: its slug, or a link. Raises Refused."""
    slug = address.strip().rstrip("/").rsplit("/", 1)[-1].partition("?")[0].partition("#")[0]
    found = db.session.scalar(select(slugs.product_id_at(slug))) if slugs.is_slug(slug) else None
    if found is None:
        raise Refused("Nothing has this address. Copy it from the page of a course or bundle.", "product")
    return found
