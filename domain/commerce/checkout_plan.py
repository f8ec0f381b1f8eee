"""The plan of a checkout: what is asked of Stripe for an open order, made before Stripe is called."""

import uuid
from dataclasses import dataclass

import payments
from domain.base import addresses
from domain.commerce import customers, order_particulars
from domain.commerce.customers import Buyer
from domain.platform import images, settings
from domain.platform.images import ImageUse
from domain.tax.treatment import TreatmentKind
from models import Order, Purchase, User

WIDTH = 640  # pixels of a picture on Stripe's page


@dataclass(frozen=True)
class CheckoutPlan:
    """The next step for an open order: retrieve `session_id`, or open `checkout`.

    `stale`: something else is wanted now, or it costs something else. `waits`: nothing may be opened, because
    a payment is being confirmed or an admin has to check the order. `checkout` is still without its
    customer.
    """

    order_id: uuid.UUID
    number: str
    attempt: int
    session_id: str | None
    stale: bool
    waits: bool
    buyer: Buyer
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
        buyer=customers.buyer_of(user),
        checkout=_checkout(order, user, success_url, cancel_url),
    )


def _checkout(order: Order, user: User, success_url: str, cancel_url: str) -> payments.Checkout:
    """Build what Stripe is asked for, by what the order froze: the same whenever it is asked again."""
    kind = order_particulars.tax_kind(order)
    by_stripe = kind == TreatmentKind.STRIPE
    behavior = ("inclusive" if order.prices_include_tax else "exclusive") if by_stripe else ""
    return payments.Checkout(
        key=f"order:{order.id}:v{order.attempt}",
        order_id=str(order.id),
        number=order.number,
        lines=tuple(_line(order, line, behavior) for line in order.purchases),
        currency=order.currency,
        email=user.email,
        success_url=success_url,
        cancel_url=cancel_url.replace("{ORDER}", order.number),
        collect_address=kind != TreatmentKind.NONE,
        automatic_tax=by_stripe,
        tax_id_collection=by_stripe,
        save_card=bool(order.total_cents),
        statement_descriptor=settings.current().statement_descriptor,
    )


def _line(order: Order, line: Purchase, tax_behavior: str) -> payments.Line:
    """Build a line: its price after the discount, with the code in its name, and what the buyer chose."""
    bought = line.product_snapshot
    image = images.address(ImageUse.THUMBNAIL, bought["image"], WIDTH) if bought.get("image") else ""
    return payments.Line(
        title=_title(order, line),
        amount=line.paid_cents,
        tax_behavior=tax_behavior,
        description=bought.get("summary") or "",
        image=addresses.for_outsiders(image) if image else "",
        reference=str(line.id),
    )


def _title(order: Order, line: Purchase) -> str:
    title = str(line.product_snapshot["title"])
    return f"{title} ({order.coupon_code})" if line.discount_cents and order.coupon_code else title
