"""The plan of a checkout: what is asked of Stripe for an open order, made before Stripe is called."""

import uuid
from dataclasses import dataclass

import payments
from domain.commerce import order_particulars
from domain.platform import settings
from domain.tax.treatment import TreatmentKind
from models import Order, Purchase, User


@dataclass(frozen=True)
class CheckoutPlan:
    """The next step for an open order: retrieve `session_id`, or open `checkout`.

    `stale`: something else is wanted now, or it costs something else. `waits`: nothing may be opened, because
    a payment is being confirmed or an admin has to check the order. `user_id` and `name` are who buys,
    for Stripe.
    """

    order_id: uuid.UUID
    number: str
    attempt: int
    session_id: str | None
    stale: bool
    waits: bool
    user_id: uuid.UUID
    name: str
    checkout: payments.Checkout


def plan_for(order: Order, user: User, success_url: str, cancel_url: str, *, stale: bool) -> CheckoutPlan:
    """Plan the next step of `order`, whose lines are loaded, for `user`."""
    return CheckoutPlan(
        order_id=order.id,
        number=order.number,
        attempt=order.attempt,
        session_id=order.stripe_session_id,
        stale=stale,
        waits=order.confirming_since is not None or order.problem is not None,
        user_id=user.id,
        name=user.name,
        checkout=_checkout(order, user, success_url, cancel_url),
    )


def _checkout(order: Order, user: User, success_url: str, cancel_url: str) -> payments.Checkout:
    """Build what Stripe is asked for: each line's price after the discount, with the code in its name."""
    kind = order_particulars.tax_kind(order)
    by_stripe = kind == TreatmentKind.STRIPE
    behavior = ("inclusive" if order.prices_include_tax else "exclusive") if by_stripe else ""
    return payments.Checkout(
        key=f"order:{order.id}:v{order.attempt}",
        order_id=str(order.id),
        number=order.number,
        lines=tuple(
            payments.Line(_title(order, line), line.paid_cents, behavior, reference=str(line.id))
            for line in order.purchases
        ),
        currency=order.currency,
        email=user.email,
        success_url=success_url,
        cancel_url=cancel_url.replace("{ORDER}", order.number),
        customer=user.stripe_customer_id or "",
        collect_address=kind != TreatmentKind.NONE,
        automatic_tax=by_stripe,
        tax_id_collection=by_stripe,
        save_card=bool(order.total_cents),
        statement_descriptor=settings.current().statement_descriptor,
    )


def _title(order: Order, line: Purchase) -> str:
    title = str(line.product_snapshot["title"])
    return f"{title} ({order.coupon_code})" if line.discount_cents and order.coupon_code else title
