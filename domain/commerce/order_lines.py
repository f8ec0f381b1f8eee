"""The lines of an order: prices and shares, frozen when its checkout opens."""

from dataclasses import replace

from domain.catalog import pricing
from domain.catalog.kinds import Part
from domain.commerce import order_particulars, quoting
from domain.commerce.quoting import OrderQuote, QuotedLine, QuotedShare
from domain.coupons import redemptions
from domain.gifts import orders as gifts
from domain.gifts.terms import GiftTerms
from models import BorneBy, Gift, Order, Purchase, PurchaseShare, User, db


def freeze(order: Order, quote: OrderQuote, buyer: User) -> list[Purchase]:
    """Write the lines of a new order, address its gifts, and reserve its coupon.

    The creators of the products must be loaded. Raises Refused when somebody took the last use of the coupon
    meanwhile, or a gift can't be given.
    """
    lines = [_purchase(order, line, quote.currency, buyer) for line in quote.lines]
    db.session.add_all(lines)
    order.subtotal_cents, order.discount_cents = quote.subtotal_cents, quote.discount_cents
    order.tax_cents, order.total_cents = quote.tax_cents, quote.total_cents
    order.prices_include_tax, order.currency = quote.prices_include_tax, quote.currency
    coupon = quote.discount.coupon
    order.coupon_code = (coupon.code or coupon.label)[:64] if coupon is not None else None
    db.session.flush()
    # Under a reverse charge the discount counts without the tax that the buyer owes.
    applied = replace(quote.discount, by_line=tuple(line.discount_cents for line in quote.lines))
    redemptions.reserve(order, applied)
    presents = [
        (line, quoted.wanted.gift)
        for line, quoted in zip(lines, quote.lines, strict=True)
        if quoted.wanted.gift is not None
    ]
    if presents:
        gifts.attach(order, presents)
    return lines


def matches(order: Order, quote: OrderQuote) -> bool:
    """Tell whether the frozen order sells what `quote` says, for the same prices to the same people.

    And under the same kind of tax, which its page at Stripe was opened for. The order's lines must be loaded.
    """
    frozen = (order.currency, order.prices_include_tax, order.subtotal_cents, order.total_cents)
    today = (quote.currency, quote.prices_include_tax, quote.subtotal_cents, quote.total_cents)
    if order_particulars.tax_kind(order) != quote.treatment.kind:
        return False
    presents = gifts.of_order(order.id) if any(line.is_gift for line in order.purchases) else {}
    old = [
        (
            str(line.product_id),
            line.discount_cents,
            line.amount_cents,
            line.tax_cents,
            *_given(presents.get(line.id)),
        )
        for line in order.purchases
    ]
    new = [
        (
            str(line.wanted.product.id),
            line.discount_cents,
            line.amount_cents,
            line.tax_cents,
            *_given(line.wanted.gift),
        )
        for line in quote.lines
    ]
    return frozen == today and sorted(old) == sorted(new)


def _given(gift: Gift | GiftTerms | None) -> tuple[str, ...]:
    return ("", "", "") if gift is None else (gift.recipient, gift.message, str(gift.deliver_on))


def _purchase(order: Order, line: QuotedLine, currency: str, buyer: User) -> Purchase:
    product, is_gift = line.wanted.product, line.wanted.gift is not None
    return Purchase(
        order_id=order.id,
        user_id=buyer.id,
        owner_id=None if is_gift else buyer.id,
        is_gift=is_gift,
        cart_item_id=line.wanted.item_id if is_gift else None,
        product=product,
        product_snapshot=pricing.snapshot(product),
        price_cents=line.list_cents,
        discount_cents=line.discount_cents,
        amount_cents=line.amount_cents,
        tax_cents=line.tax_cents,
        tax_rate_bp=line.tax_rate_bp,
        currency=currency,
        shares=[_share(share) for share in line.shares],
    )


def _share(share: QuotedShare) -> PurchaseShare:
    return PurchaseShare(
        creator_id=share.part.creator_id,
        course_id=share.part.course_id,
        list_cents=share.part.list_cents,
        amount_cents=share.amount_cents,
        platform_fee_cents=share.fee_cents,
        creator_amount_cents=share.amount_cents - share.fee_cents,
    )


def retax(
    line: Purchase, tax_cents: int, tax_rate_bp: int, borne_by: BorneBy | None, *, included: bool
) -> None:
    """Put the tax that Stripe computed into a line whose shares are loaded, and divide what is left anew.

    With prices that include tax the net amount shrinks by it, and each share in proportion. `borne_by`: who
    bears the discount of the order.
    """
    line.tax_cents, line.tax_rate_bp = tax_cents, tax_rate_bp
    if not included or not tax_cents:
        return
    net = line.amount_cents - tax_cents
    parts = [
        Part(share.creator_id, share.course_id, share.amount_cents, share.list_cents) for share in line.shares
    ]
    before = net + line.discount_cents * net // line.amount_cents
    for share, new in zip(line.shares, quoting.divide(parts, before, net, borne_by), strict=True):
        share.amount_cents, share.platform_fee_cents = new.amount_cents, new.fee_cents
        share.creator_amount_cents = new.amount_cents - new.fee_cents
    line.amount_cents = net
