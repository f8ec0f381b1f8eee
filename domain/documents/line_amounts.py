"""The amounts of a document's lines: net unit prices of an invoice, and the part of them that is credited."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from domain.documents.snapshots import Line
from models import Order, Purchase

BASIS = 10_000  # basis points of a whole


def of_order(order: Order) -> tuple[Line, ...]:
    """Describe the lines of `order`, whose purchases are loaded, in their order."""
    return tuple(_line(order, purchase) for purchase in order.purchases)


def credited(lines: Sequence[Line], amounts: Mapping[str, tuple[int, int]]) -> tuple[Line, ...]:
    """Describe the credit of `amounts`, net and tax in minor units by purchase (32 hex digits)."""
    return tuple(
        replace(line, unit_net_cents=net, discount_cents=0, net_cents=net, tax_cents=tax)
        for line in lines
        for net, tax in [amounts.get(line.purchase, (0, 0))]
        if net or tax
    )


def shown_cents(order: Order, purchase: Purchase) -> int:
    """Compute the price of a line as the shop showed it: before its discount, with tax if prices hold it."""
    tax = purchase.tax_cents if order.prices_include_tax else 0
    return purchase.amount_cents + tax + purchase.discount_cents


def difference(wanted: tuple[int, int] | None, present: tuple[int, int] | None) -> tuple[int, int]:
    """Subtract net and tax of what there is from those of what is wanted; None is nothing."""
    (net, tax), (net_now, tax_now) = wanted or (0, 0), present or (0, 0)
    return net - net_now, tax - tax_now


def _line(order: Order, purchase: Purchase) -> Line:
    unit = _unit_net(order, purchase)
    return Line(
        purchase=purchase.id.hex,
        title=purchase.product_snapshot["title"],
        author=purchase.product_snapshot.get("creator", ""),
        unit_net_cents=unit,
        discount_cents=unit - purchase.amount_cents,
        net_cents=purchase.amount_cents,
        tax_cents=purchase.tax_cents,
        tax_rate_bp=purchase.tax_rate_bp,
    )


def _unit_net(order: Order, purchase: Purchase) -> int:
    """Compute the price of a line without tax, before its discount.

    Tax is taken out of the discount as it was taken out of what is paid; where nothing is paid the line's
    rate says how.
    """
    shown = shown_cents(order, purchase)
    paid = shown - purchase.discount_cents
    if paid > 0:
        return _half_up(shown * purchase.amount_cents, paid)
    return _half_up(shown * BASIS, BASIS + purchase.tax_rate_bp) if order.prices_include_tax else shown


def _half_up(above: int, below: int) -> int:
    return (2 * above + below) // (2 * below)
