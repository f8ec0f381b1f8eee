"""The lines of an order: prices and shares, frozen when its checkout opens."""

from domain.base import clock
from domain.base.money import apportion
from domain.catalog import kinds, pricing
from domain.catalog.pricing import Quote
from domain.platform import settings
from models import Product, Purchase, PurchaseShare


def freeze(purchase: Purchase, product: Product, offer: Quote) -> None:
    """Copy price, a snapshot of the product and today's shares into `purchase`.

    `product.creator` must be loaded, and `purchase.shares` of a line that was frozen before.
    """
    purchase.price_cents = offer.price_cents
    purchase.amount_cents = offer.amount_cents
    purchase.currency = offer.currency
    purchase.product_snapshot = pricing.snapshot(product)
    _share_out(purchase, product)


def _share_out(purchase: Purchase, product: Product) -> None:
    """Divide the amount among those it pays; a share that stays is changed in place."""
    percent = settings.current().platform_fee_percent
    known = {share.course_id: share for share in purchase.shares}
    parts = kinds.offer(None, product, clock.now()).parts
    amounts = apportion(purchase.amount_cents, [part.weight for part in parts])
    shares = []
    for part, amount in zip(parts, amounts, strict=True):
        share = known.get(part.course_id) or PurchaseShare(course_id=part.course_id)
        share.creator_id, share.list_cents, share.amount_cents = part.creator_id, part.weight, amount
        share.platform_fee_cents, share.creator_amount_cents = pricing.split(amount, percent)
        shares.append(share)
    purchase.shares = shares
