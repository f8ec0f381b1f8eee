"""Pricing: the current price of a product, and what a sale is compared with."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case

from domain.catalog import availability
from models import Product

_products = Product.__table__


def price_at(moment: Any, product: Any = _products.c) -> ColumnElement[int]:
    """Build `Product.price_at` as SQL: the price at `moment`, a time or a parameter, in minor units."""
    return case((product.sale_ends_at > moment, product.sale_price_cents), else_=product.price_cents)


def sale_end_at(moment: Any, product: Any = _products.c) -> ColumnElement[datetime | None]:
    """Build the SQL for the end of the sale that runs at `moment`; NULL without one."""
    return case((product.sale_ends_at > moment, product.sale_ends_at))


def reference_at(moment: Any, product: Any = _products.c) -> ColumnElement[int | None]:
    """Build the SQL for what the sale at `moment` is compared with; NULL without a sale or a higher price."""
    return case((product.sale_ends_at > moment, product.reference_price_cents))


def snapshot(product: Product) -> dict[str, Any]:
    """Copy the fields that a receipt shows, however the product changes later."""
    return {
        "title": product.title,
        "summary": product.summary,
        "description": product.description,
        "image": product.thumbnail,
        "creator": product.creator.name,
        "slug": product.slug,
    }


def has_sale(product: Product, now: datetime) -> bool:
    """Tell if `product` can be bought at `now` for less than in the 30 days before its sale."""
    return availability.is_available(product, now) and reference(product, now) is not None


def reference(product: Product, now: datetime) -> int | None:
    """Return what the sale at `now` is compared with, in minor units; None without one that may be named."""
    ends = product.sale_ends_at
    return product.reference_price_cents if ends is not None and ends > now else None
