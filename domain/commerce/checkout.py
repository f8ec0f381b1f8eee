"""Checkout: from "Buy now" or the cart to Stripe's page, idempotent under repeated clicks and failures.

Opening a Checkout Session can't be a job, because the buyer is waiting. So it takes three steps, and the
caller commits between them: `start_order` writes the order with its frozen prices, `fetch_session` calls
Stripe without a transaction, `record_session` stores the result. When that returns no address, the order has
changed meanwhile and the three steps are repeated.
"""

import uuid
from dataclasses import dataclass, replace

from sqlalchemy import Select, text
from uuid_utils.compat import uuid7

import payments
from domain import Refused
from domain.base import clock, money
from domain.catalog import currency, kinds
from domain.commerce import (
    baskets,
    fulfilment,
    order_consents,
    order_events,
    order_lines,
    order_particulars,
    orders,
)
from domain.commerce.baskets import Basket
from domain.commerce.order_consents import Given
from domain.commerce.quoting import OrderQuote, Wanted
from domain.gifts import orders as gifts
from domain.platform import alerts, settings
from domain.platform.audit_actions import AuditAction
from domain.platform.event_registry import EventName
from domain.tax import billing
from domain.tax.treatment import TreatmentKind
from models import Order, OrderStatus, Purchase, User, db, upsert

ROUNDS = 5
OPEN = "status = 'pending' AND confirming_since IS NULL AND problem IS NULL"


class NotVerified(Refused):
    """The buyer's email address isn't verified."""


class FreeProduct(Refused):
    """The product is free: it needs no checkout."""


@dataclass(frozen=True)
class Seen:
    """The buyer's view of the offer: what it costs in minor units (None: unknown), and whether a lock.

    `price_cents` stood beside *Buy now*: without discount, and with or without tax as the shop shows prices.
    `total_cents` stood beside *Pay*.
    """

    price_cents: int | None = None
    lock: bool = False
    total_cents: int | None = None


UNKNOWN = Seen()


class Unseen(Refused):
    """The price has risen since the buyer saw it, or they weren't told of a lock.

    `price_cents` is the price or the total now, `lock` what has to be done before the product opens.
    """

    def __init__(self, price_cents: int, lock: kinds.Lock | None) -> None:
        super().__init__("Something has changed since you pressed the button.")
        self.price_cents, self.lock = price_cents, lock


@dataclass(frozen=True)
class CheckoutPlan:
    """The next step for an open order: retrieve `session_id`, or open `checkout`.

    `stale`: something else is wanted now, or it costs something else. `waits`: nothing may be opened, because
    a payment is being confirmed or an admin has to check the order. `customer` is who buys, for Stripe.
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


def refuse_unless_sold(user: User, wanted: Wanted) -> None:
    """Raise Refused, with the reason, unless `user` may pay for what is wanted now."""
    now, product = clock.now(), wanted.product
    if wanted.gift is not None:
        sentence = gifts.refusal(product, now)
    else:
        sentence = kinds.kind_of(product).refusal(user, product, now)
    if sentence:
        raise Refused(sentence)
    if kinds.offer(user, product, now, gift=wanted.gift is not None).amount_cents == 0:
        raise FreeProduct(f"This {kinds.noun(product)} is free. You can start it without paying.")


def refuse_unless_verified(user: User) -> None:
    """Raise NotVerified unless the buyer's address is confirmed: the receipt goes there."""
    if not user.is_verified:
        raise NotVerified("Confirm your email address before you pay, so that your receipt reaches you.")


def refuse_unless_seen(user: User, basket: Basket, quote: OrderQuote, seen: Seen) -> None:
    """Raise Unseen unless `user` knows what the basket costs now, or more, and that it is locked if it is.

    A cart says beside each line what locks it, so only a single product is asked about here.
    """
    lock = None
    if basket.product is not None and basket.wanted[0].gift is None:
        lock = kinds.kind_of(basket.product).lock(user, basket.product)
        price = quote.lines[0].price_cents
        is_dearer = seen.total_cents is None and seen.price_cents is not None and price > seen.price_cents
        if is_dearer or (lock is not None and not seen.lock):
            raise Unseen(price, lock)
    if seen.total_cents is not None and quote.total_cents > seen.total_cents:
        raise Unseen(quote.total_cents, lock)


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
        return _plan(waiting, user, success_url, cancel_url, stale=False)
    if not basket.wanted:
        raise Refused("There’s nothing in your cart that you can buy right now.")
    for wanted in basket.wanted:
        refuse_unless_sold(user, wanted)
    refuse_unless_verified(user)
    quote = baskets.quote(user, basket)
    refuse_unless_seen(user, basket, quote, seen)
    _refuse_too_little(quote)
    if sentence := billing.missing(billing.of(user), settings.current()):
        raise Refused(sentence)
    order_consents.refuse_unless_given(given)
    order = _open_order(user, basket, quote)
    return _plan(order, user, success_url, cancel_url, stale=not order_lines.matches(order, quote))


def fetch_session(plan: CheckoutPlan) -> tuple[payments.Session | None, str]:
    """Retrieve or open the plan's session (None when this attempt is used up), and answer the customer's id.

    No transaction may be open. Raises payments.PaymentUnavailable, payments.PaymentRefused.
    """
    checkout = plan.checkout
    if plan.session_id is not None:
        session = payments.find_session(plan.session_id)
        if session is not None and session.status == "open" and plan.stale:
            session = payments.expire_session(session.id)
        return session, checkout.customer
    if plan.stale:
        return None, checkout.customer
    try:
        customer = _customer(plan)
        return payments.open_session(replace(checkout, customer=customer)), customer
    except payments.UnknownCustomer:
        return None, ""
    except payments.KeySpent:
        return None, checkout.customer


def record_session(plan: CheckoutPlan, session: payments.Session | None, customer: str) -> str | None:
    """Store Stripe's answer; returns the address of the payment page, or None to begin again."""
    order = orders.lock(plan.order_id)
    if order.user.stripe_customer_id != (customer or None):
        order.user.stripe_customer_id = customer or None
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
    order = orders.lock(plan.order_id)
    if order.status == OrderStatus.PENDING:
        fulfilment.cancel(order, order.stripe_session_id)
        alerts.raise_for(order, AuditAction.CHECKOUT_REFUSED, f"Stripe refused to open a checkout: {reason}")


def _waiting(user: User, basket: Basket) -> Order | None:
    """Find the unsettled order that holds the product of *Buy now*, which isn't sold again meanwhile."""
    if basket.product is None or basket.wanted[0].gift is not None:
        return None
    number = baskets.under_way(user).get(basket.product.id)
    return orders.find(user, number) if number is not None else None


def _refuse_too_little(quote: OrderQuote) -> None:
    """Refuse what Stripe can't charge; nothing at all is no charge."""
    least = money.least_charge(quote.currency)
    if 0 < quote.total_cents < least:
        raise Refused(f"A payment has to be at least {money.money(least, quote.currency)}.")


def _plan(order: Order, user: User, success_url: str, cancel_url: str, *, stale: bool) -> CheckoutPlan:
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


def _customer(plan: CheckoutPlan) -> str:
    """Bring the buyer's customer up to date, or make one: the page shows name and address."""
    known, person = plan.checkout.customer, plan.checkout
    if known and payments.update_customer(known, person.email, plan.name):
        return known
    return payments.ensure_customer(
        f"customer:{plan.user_id}:{plan.order_id}:v{plan.attempt}",
        plan.checkout.email,
        plan.name,
        str(plan.user_id),
    )


def _open_order(user: User, basket: Basket, quote: OrderQuote) -> Order:
    """Get or create the pending order of this buyer and basket; a partial unique index allows only one."""
    values = {
        "id": uuid7(),
        "number": orders.new_number(clock.now()),
        "user_id": user.id,
        "cart_key": basket.key,
        "subtotal_cents": 0,
        "total_cents": 0,
        "currency": quote.currency,
    }
    made = db.session.scalar(
        upsert(Order)
        .values(values)
        .on_conflict_do_nothing(index_elements=["user_id", "cart_key"], index_where=text(OPEN))
        .returning(Order.id)
    )
    if made is not None:
        _fill(made, user, quote)
    order = db.session.scalar(_open(user, basket.key), execution_options={"populate_existing": True})
    if order is None:
        raise Refused("Your order has just changed. Try again.")
    if made is None and order_lines.matches(order, quote):
        order_particulars.freeze(order, user, quote)  # a company's name is new, and the amounts are the same
    return order


def _open(user: User, key: str) -> Select[Order]:
    return orders.with_purchases().where(
        Order.user_id == user.id,
        Order.cart_key == key,
        text(f"orders.{OPEN}".replace(" AND ", " AND orders.")),
    )


def _fill(order_id: uuid.UUID, user: User, quote: OrderQuote) -> None:
    """Freeze today's prices into the lines of a new order, and hold what is scarce."""
    order = db.session.get_one(Order, order_id)
    currency.hold(quote.currency)
    order_particulars.freeze(order, user, quote)
    lines = order_lines.freeze(order, quote, user)
    order_consents.record(order)
    for line in lines:
        kinds.kind_of(line.product).reserve(line)
    order_events.write(EventName.CHECKOUT_STARTED, order, lines)


def _renew(order: Order, plan: CheckoutPlan) -> None:
    """Begin again after the last session has expired: another attempt, or another order if it is stale."""
    if plan.stale:
        fulfilment.cancel(order, order.stripe_session_id)
        return
    order.attempt += 1
    order.stripe_session_id = order.checkout_url = order.checkout_expires_at = None
