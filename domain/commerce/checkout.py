"""Checkout: from "Buy now" to Stripe's page, idempotent under repeated clicks and failures.

Opening a Checkout Session can't be a job, because the buyer is waiting. So it takes three steps, and the
caller commits between them: `start_order` writes the order with its frozen price, `fetch_session` calls
Stripe without a transaction, `record_session` stores the result. When that returns no address, the order has
changed meanwhile and the three steps are repeated.
"""

import uuid
from dataclasses import dataclass

from sqlalchemy import Select, select, text
from sqlalchemy.orm import joinedload
from uuid_utils.compat import uuid7

import payments
from domain import Refused
from domain.base import clock
from domain.catalog import availability, kinds, pricing
from domain.commerce import fulfilment, order_events, order_lines, orders
from domain.platform import alerts
from domain.platform.audit_actions import AuditAction
from domain.platform.event_registry import EventName
from models import (
    Order,
    OrderStatus,
    Product,
    Purchase,
    User,
    db,
    upsert,
)

ROUNDS = 5


class NotVerified(Refused):
    """The buyer's email address isn't verified."""


class FreeProduct(Refused):
    """The product is free: it needs no checkout."""


@dataclass(frozen=True)
class Seen:
    """The buyer's view of the offer: the price in minor units (None: unknown), and whether a lock."""

    price_cents: int | None = None
    lock: bool = False


UNKNOWN = Seen()


class Unseen(Refused):
    """The price has risen since the buyer saw it, or they weren't told of a lock.

    `price_cents` is the price now, `lock` what has to be done before the product opens.
    """

    def __init__(self, price_cents: int, lock: kinds.Lock | None) -> None:
        super().__init__("Something has changed since you pressed the button.")
        self.price_cents, self.lock = price_cents, lock


@dataclass(frozen=True)
class CheckoutPlan:
    """The next step for an open order: retrieve `session_id`, or open `checkout`.

    `stale`: the price has changed since the session was opened. `waits`: nothing may be opened, because a
    payment is being confirmed or an admin has to check the order.
    """

    order_id: uuid.UUID
    number: str
    attempt: int
    session_id: str | None
    stale: bool
    waits: bool
    checkout: payments.Checkout


def product_on_offer(product_id: uuid.UUID) -> Product | None:
    """Load the product to buy, with its creator; None for one that isn't public knowledge."""
    product = db.session.scalar(
        select(Product).options(joinedload(Product.creator)).where(Product.id == product_id)
    )
    return product if product is not None and availability.is_visible(product) else None


def refuse_unless_sold(user: User, product: Product) -> None:
    """Raise Refused, with the reason, unless `user` may pay for `product` now."""
    now = clock.now()
    if sentence := kinds.kind_of(product).refusal(user, product, now):
        raise Refused(sentence)
    if product.price_at(now) == 0:
        raise FreeProduct(f"This {kinds.noun(product)} is free. You can start it without paying.")
    if not user.is_verified:
        raise NotVerified("Confirm your email address before you pay, so that your receipt reaches you.")


def refuse_unless_seen(user: User, product: Product, seen: Seen) -> None:
    """Raise Unseen unless `user` knows what `product` costs now, or more, and that it is locked if it is."""
    price, lock = product.price_at(clock.now()), kinds.kind_of(product).lock(user, product)
    is_dearer = seen.price_cents is not None and price > seen.price_cents
    if is_dearer or (lock is not None and not seen.lock):
        raise Unseen(price, lock)


def start_order(
    user: User, product: Product, success_url: str, cancel_url: str, seen: Seen = UNKNOWN
) -> CheckoutPlan:
    """Get or create the buyer's one open order for `product`, and plan the next step.

    `success_url` holds the literal {CHECKOUT_SESSION_ID}, `cancel_url` a literal {ORDER}. Raises Refused,
    and Unseen where the buyer has to be asked again: the price is frozen in this transaction.
    """
    refuse_unless_sold(user, product)
    refuse_unless_seen(user, product, seen)
    order = _open_order(user, product)
    return CheckoutPlan(
        order_id=order.id,
        number=order.number,
        attempt=order.attempt,
        session_id=order.stripe_session_id,
        stale=_is_stale(order),
        waits=order.confirming_since is not None or order.problem is not None,
        checkout=payments.Checkout(
            key=f"order:{order.id}:v{order.attempt}",
            order_id=str(order.id),
            number=order.number,
            lines=tuple(
                payments.Line(line.product_snapshot["title"], line.amount_cents) for line in order.purchases
            ),
            currency=order.currency,
            email=user.email,
            success_url=success_url,
            cancel_url=cancel_url.replace("{ORDER}", order.number),
        ),
    )


def fetch_session(plan: CheckoutPlan) -> payments.Session | None:
    """Retrieve or open the plan's session; None when this attempt is used up.

    No transaction may be open. Raises payments.PaymentUnavailable, payments.PaymentRefused.
    """
    if plan.session_id is not None:
        session = payments.find_session(plan.session_id)
        if session is not None and session.status == "open" and plan.stale:
            session = payments.expire_session(session.id)
        return session
    if plan.stale:
        return None
    try:
        return payments.open_session(plan.checkout)
    except payments.KeySpent:
        return None


def record_session(plan: CheckoutPlan, session: payments.Session | None) -> str | None:
    """Store Stripe's answer; returns the address of the payment page, or None to begin again."""
    order = orders.lock(plan.order_id)
    if order.status != OrderStatus.PENDING or order.attempt != plan.attempt:
        return None
    if session is None or session.status == "expired":
        _renew(order)
        return None
    if session.status == "complete":
        fulfilment.fulfil(session)
        return None
    order.stripe_session_id = session.id
    order.checkout_url = session.url
    order.checkout_expires_at = session.expires_at
    return session.url


def close_order(plan: CheckoutPlan, reason: str) -> None:
    """Cancel an order that Stripe refuses to open a session for, and raise an alert."""
    order = orders.lock(plan.order_id)
    if order.status == OrderStatus.PENDING:
        fulfilment.cancel(order, order.stripe_session_id)
        alerts.raise_for(order, AuditAction.CHECKOUT_REFUSED, f"Stripe refused to open a checkout: {reason}")


def _open_order(user: User, product: Product) -> Order:
    """Get or create the pending order of this buyer and product; a partial unique index allows only one."""
    under_way = db.session.scalar(_pending(user, product))
    if under_way is not None:
        return under_way
    values = {
        "id": uuid7(),
        "number": orders.new_number(clock.now()),
        "user_id": user.id,
        "cart_key": str(product.id),
        "subtotal_cents": 0,
        "total_cents": 0,
        "currency": product.currency.lower(),
    }
    made = db.session.scalar(
        upsert(Order)
        .values(values)
        .on_conflict_do_nothing(
            index_elements=["user_id", "cart_key"],
            index_where=text("status = 'pending' AND confirming_since IS NULL AND problem IS NULL"),
        )
        .returning(Order.id)
    )
    if made is not None:
        _add_line(made, user, product)
    order = db.session.scalar(_pending(user, product))
    if order is None:
        raise Refused("Your order has just changed. Try again.")
    return order


def _pending(user: User, product: Product) -> Select[Order]:
    """Build the query of the buyer's pending orders of the product, one that a bank is paying first."""
    return (
        orders.with_purchases()
        .where(
            Order.user_id == user.id,
            Order.cart_key == str(product.id),
            Order.status == OrderStatus.PENDING,
        )
        .order_by(Order.confirming_since.is_(None))
    )


def _add_line(order_id: uuid.UUID, user: User, product: Product) -> None:
    """Freeze today's price into the line of a new order, and hold what is scarce."""
    line = Purchase(order_id=order_id, user_id=user.id, owner_id=user.id, product=product)
    order_lines.freeze(line, product, pricing.quote(product, clock.now()))
    db.session.add(line)
    order = db.session.get_one(Order, order_id)
    _total(order, [line])
    db.session.flush()
    kinds.kind_of(product).reserve(line)
    order_events.write(EventName.CHECKOUT_STARTED, order, [line])


def _is_stale(order: Order) -> bool:
    """Tell whether the order's lines cost something else today."""
    offers = [pricing.quote(line.product, clock.now()) for line in order.purchases]
    today = [(offer.amount_cents, offer.currency) for offer in offers]
    return today != [(line.amount_cents, order.currency) for line in order.purchases]


def _total(order: Order, lines: list[Purchase]) -> None:
    order.subtotal_cents = order.total_cents = sum(line.amount_cents for line in lines)
    order.currency = lines[0].currency


def _renew(order: Order) -> None:
    """Begin another attempt at today's prices, after the last session has expired."""
    for line in order.purchases:
        order_lines.freeze(line, line.product, pricing.quote(line.product, clock.now()))
    _total(order, order.purchases)
    order.attempt += 1
    order.stripe_session_id = order.checkout_url = order.checkout_expires_at = None
