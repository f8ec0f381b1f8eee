"""The amounts of a document's lines: net unit prices of an invoice, and the part of them that is credited."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from domain.base.money import apportion
from domain.documents.snapshots import Line
from models import Order, Purchase

BASIS = 10_000  # basis points of a whole


def of_order(order: Order) -> tuple[Line, ...]:
    """Describe the lines of `order`, whose purchases are loaded, in their order."""
    return tuple(_line(order, purchase) for purchase in order.purchases)


def credited(
    lines: Sequence[Line], gross: Mapping[str, int], earlier: Sequence[Line] = ()
) -> tuple[Line, ...]:
    """Describe the credit of `gross` minor units, tax included, by purchase; `earlier` was credited before.

    Each line is credited net and tax in proportion. Both are computed from the sum of all credits so far, so
    that what was paid back bit by bit adds up to the line.
    """
    found = []
    for line in lines:
        cents = gross.get(line.purchase, 0)
        before = [old for old in earlier if old.purchase == line.purchase]
        if cents:
            tax = _tax_within(line, sum(old.gross_cents for old in before) + cents)
            tax -= sum(old.tax_cents for old in before)
            net = cents - tax
            found.append(replace(line, unit_net_cents=net, discount_cents=0, net_cents=net, tax_cents=tax))
    return tuple(found)


def shared_out(lines: Sequence[Line], cents: int, earlier: Sequence[Line] = ()) -> dict[str, int]:
    """Divide `cents` among the lines in proportion to what of each is not credited yet, at most all of it."""
    left = {line.purchase: line.gross_cents for line in lines}
    for old in earlier:
        left[old.purchase] -= old.gross_cents
    parts = apportion(min(cents, sum(left.values())), list(left.values()))
    return dict(zip(left, parts, strict=True))


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
    paid = purchase.amount_cents + (purchase.tax_cents if order.prices_include_tax else 0)
    shown = paid + purchase.discount_cents
    if paid > 0:
        return _half_up(shown * purchase.amount_cents, paid)
    return _half_up(shown * BASIS, BASIS + purchase.tax_rate_bp) if order.prices_include_tax else shown


def _tax_within(line: Line, gross_cents: int) -> int:
    return _half_up(gross_cents * line.tax_cents, line.gross_cents)


def _half_up(above: int, below: int) -> int:
    return (2 * above + below) // (2 * below)
