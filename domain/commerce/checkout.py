"""Checkout: from "Buy now" or the cart to Stripe's page, idempotent under repeated clicks and failures.

Opening a Checkout Session can't be a job, because the buyer is waiting. So it takes three steps, and the
caller commits between them: `start_order` writes the order with its frozen prices, `fetch_session` calls
Stripe without a transaction, `record_session` stores the result. When that returns no address, the order has
changed meanwhile and the three steps are repeated.
"""

from dataclasses import replace

import payments
from domain import Refused
from domain.commerce import (
    baskets,
    checkout_plan,
    checkout_refusals,
    customers,
    fulfilment,
    opening,
    order_consents,
    order_lines,
    orders,
)
from domain.commerce.baskets import Basket
from domain.commerce.checkout_plan import CheckoutPlan
from domain.commerce.checkout_refusals import UNKNOWN, Seen
from domain.commerce.customers import Customer
from domain.commerce.order_consents import Given
from domain.ledger import order_lock
from domain.platform import alerts, settings
from domain.platform.audit_actions import AuditAction
from domain.tax import billing
from models import Order, OrderStatus, User

ROUNDS = 5


def start_order(
    user: User,
    basket: Basket,
    success_url: str,
    cancel_url: str,
    seen: Seen = UNKNOWN,
    given: Given = order_consents.NONE,
) -> CheckoutPlan:
    """Get or create the buyer's one open order for `basket`, and plan the next step.

    `success_url` holds the literal {CHECKOUT_SESSION_ID}, `cancel_url` a literal {ORDER}. Raises Refused,
    and Unseen where the buyer has to be asked again: the prices are frozen in this transaction.
    """
    waiting = _waiting(user, basket)
    if waiting is not None:
        return checkout_plan.plan_for(waiting, user, success_url, cancel_url, stale=False)
    if not basket.wanted:
        raise Refused("There’s nothing in your cart that you can buy right now.")
    for wanted in basket.wanted:
        checkout_refusals.refuse_unless_sold(user, wanted)
    checkout_refusals.refuse_unless_verified(user)
    quote = baskets.quote(user, basket)
    checkout_refusals.refuse_unless_seen(user, basket, quote, seen)
    checkout_refusals.refuse_too_little(quote)
    if sentence := billing.missing(billing.of(user), settings.current()):
        raise Refused(sentence)
    order_consents.refuse_unless_given(given)
    order = opening.open_order(user, basket, quote)
    return checkout_plan.plan_for(
        order, user, success_url, cancel_url, stale=not order_lines.matches(order, quote)
    )


def fetch_session(plan: CheckoutPlan) -> tuple[payments.Session | None, Customer]:
    """Retrieve or open the plan's session (None when this attempt is used up), and answer the customer.

    No transaction may be open. Raises payments.PaymentUnavailable, payments.PaymentRefused.
    """
    customer = plan.buyer.customer
    if plan.session_id is not None:
        session = payments.find_session(plan.session_id)
        if session is not None and session.status == "open" and plan.stale:
            session = payments.expire_session(session.id)
        return session, customer
    if plan.stale:
        return None, customer
    try:
        key = f"customer:{plan.buyer.user_id}:{plan.order_id}:v{plan.attempt}"
        customer = customers.bring_up_to_date(plan.buyer, key)
        return payments.open_session(replace(plan.checkout, customer=customer.id)), customer
    except payments.UnknownCustomer:
        return None, customers.NOBODY
    except payments.KeySpent:
        return None, customer


def record_session(plan: CheckoutPlan, session: payments.Session | None, customer: Customer) -> str | None:
    """Store Stripe's answer; returns the address of the payment page, or None to begin again."""
    order = order_lock.lock(plan.order_id)
    if customer != plan.buyer.customer:
        customers.remember(order.user, customer)
    if order.status != OrderStatus.PENDING or order.attempt != plan.attempt:
        return None
    if session is None or session.status == "expired":
        _renew(order, plan)
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
    order = order_lock.lock(plan.order_id)
    if order.status == OrderStatus.PENDING:
        fulfilment.cancel(order, order.stripe_session_id)
        alerts.raise_for(order, AuditAction.CHECKOUT_REFUSED, f"Stripe refused to open a checkout: {reason}")


def _waiting(user: User, basket: Basket) -> Order | None:
    """Find the unsettled order that holds the product of *Buy now*, which isn't sold again meanwhile."""
    if basket.product is None or basket.wanted[0].gift is not None:
        return None
    number = baskets.under_way(user).get(basket.product.id)
    return orders.find(user, number) if number is not None else None


def _renew(order: Order, plan: CheckoutPlan) -> None:
    """Begin again after the last session has expired: another attempt, or another order if it is stale."""
    if plan.stale:
        fulfilment.cancel(order, order.stripe_session_id)
        return
    order.attempt += 1
    order.stripe_session_id = order.checkout_url = order.checkout_expires_at = None
