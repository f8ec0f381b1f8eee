"""Agreement of a payment at Stripe with the frozen order, and the facts that it adds.

Without Stripe Tax every amount was ours, so all must be equal. With it the sum before tax must be, the
tax is Stripe's, and no discount may have come between them (DOMAIN, rule 3).
"""

from domain.base.money import money
from domain.commerce import order_lines, order_particulars
from domain.coupons import redemptions
from domain.tax.treatment import TreatmentKind
from models import Order
from payments import Session, is_live


def is_taxed_by_stripe(order: Order) -> bool:
    """Tell whether Stripe computes the tax of `order`."""
    return order_particulars.tax_kind(order) == TreatmentKind.STRIPE


def disagreement(order: Order, session: Session) -> str | None:
    """Describe the difference between the frozen order and the paid session; None if they agree."""
    if session.livemode != is_live():
        return "Stripe’s session is in the wrong mode (live or test)."
    if {session.client_reference_id, session.metadata.get("order_id")} != {str(order.id)}:
        return "Stripe’s session belongs to another order."
    if session.currency.lower() != order.currency:
        return f"Paid in {session.currency.upper()}, ordered in {order.currency.upper()}."
    paid = session.amount_subtotal if is_taxed_by_stripe(order) else session.amount_total
    if paid != order.total_cents:
        words = (money(cents, order.currency) for cents in (paid, order.total_cents))
        return "Paid {}, ordered for {}.".format(*words)
    return _discount_at_stripe(order, session) or _other_lines(order, session)


def _discount_at_stripe(order: Order, session: Session) -> str | None:
    """Describe a discount that Stripe took off, which the sum before tax doesn't show; we never give any."""
    with_tax = session.amount_subtotal + (0 if order.prices_include_tax else session.amount_tax)
    if not is_taxed_by_stripe(order) or session.amount_total == with_tax:
        return None
    words = (money(cents, order.currency) for cents in (session.amount_total, with_tax))
    return "Paid {}, lines and tax make {}.".format(*words)


def _other_lines(order: Order, session: Session) -> str | None:
    """Describe a line that was paid otherwise than ordered; sessions without references have none."""
    said = {line.reference: line.amount_subtotal for line in session.lines if line.reference}
    ours = {str(line.id): line.paid_cents for line in order.purchases}
    if said and said != ours:
        return "The lines that were paid differ from those of the order."
    return None


def take_over(order: Order, session: Session) -> None:
    """Store how the order was paid, from which countries, and the tax where Stripe computed it.

    The order's lines and shares must be loaded, and must agree with the session.
    """
    order.payment_method = (session.payment_method or "")[:40] or None
    order.payment_last4 = (session.method_last4 or "")[:4] or None
    order_particulars.observe(order, session)
    if is_taxed_by_stripe(order):
        _take_tax(order, session)


def _take_tax(order: Order, session: Session) -> None:
    said = {line.reference: line for line in session.lines}
    borne_by, included = redemptions.borne_by(order), order.prices_include_tax
    for line in order.purchases:
        if found := said.get(str(line.id)):
            rate = found.tax_rate_bp or 0
            order_lines.retax(line, found.amount_tax, rate, borne_by, included=included)
    order.tax_cents = sum(line.tax_cents for line in order.purchases)
    if not order.prices_include_tax:
        order.total_cents += order.tax_cents
