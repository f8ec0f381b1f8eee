"""Rows of what buyers have before they buy: billing details, coupons, and carts."""

import random
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from uuid_utils.compat import uuid7

from domain.cart import carts

COUPON_PERCENT = 10
Row = dict[str, Any]


def billing_details(reader: uuid.UUID, now: datetime) -> Row:
    """Build the billing details of a reader, a business with a confirmed VAT id."""
    return {
        "user_id": reader, "name": "Person", "company": "Bench GmbH", "address": "Main Street 1",
        "postal_code": "10115", "city": "Berlin", "country": "DE", "vat_id": "DE136695976",
        "vat_state": "confirmed", "vat_consultation": "WAPI", "vat_checked_at": now,
        "created_at": now, "updated_at": now,
    }  # fmt: skip


def shop_coupon(now: datetime) -> Row:
    return {
        "id": uuid7(), "name": "Bench", "code": "BENCH", "automatic": False, "kind": "percentage",
        "value": COUPON_PERCENT, "scope": "all", "borne_by": "both", "min_order_cents": 0,
        "first_purchase_only": False, "active": True, "created_at": now, "updated_at": now,
    }  # fmt: skip


def coupons(creators: list[uuid.UUID], now: datetime) -> Iterator[Row]:
    """Generate coupons: of each creator twenty codes, and one for all they sell that applies by itself."""
    for number, creator in enumerate(creators):
        for place in range(21):
            code = f"CODE-{number}-{place}" if place else None
            yield {
                "id": uuid7(), "owner_id": creator, "name": "Bench", "code": code, "automatic": code is None,
                "kind": "percentage", "value": 5 + place, "scope": "creator", "creator_id": creator,
                "borne_by": "creator", "min_order_cents": 0, "max_uses": 100, "first_purchase_only": False,
                "active": True, "created_at": now, "updated_at": now,
            }  # fmt: skip


def carts_of(
    dice: random.Random, readers: list[uuid.UUID], sold: list[Row], now: datetime
) -> tuple[list[Row], list[Row]]:
    """Build the carts of readers and of as many guests; that of reader 1 is full, and reader 0 has none;
    returns carts and lines.

    The bare application, which answers as reader 0, asks no database.
    """
    owners = [*readers[1:], *[None] * len(readers)]
    stamps = {"created_at": now, "updated_at": now}
    rows = [
        {"id": uuid7(), "user_id": owner, "changed_at": now, "reminded_at": now, **stamps} for owner in owners
    ]
    sizes = [carts.MOST, *(dice.randrange(6) for _ in rows[1:])]
    lines = [
        {"id": uuid7(), "cart_id": row["id"], "product_id": product["id"], "price_cents": 900, **stamps}
        for row, size in zip(rows, sizes, strict=True)
        for product in dice.sample(sold, min(size, len(sold)))
    ]
    return rows, lines
