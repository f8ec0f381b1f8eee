"""Opening an order: the buyer's one pending order of a basket, with its prices frozen."""

import uuid

from sqlalchemy import Select, text
from uuid_utils.compat import uuid7

from domain import Refused
from domain.base import clock, sql
from domain.catalog import currency, kinds
from domain.commerce import order_consents, order_lines, order_particulars, orders
from domain.commerce.baskets import Basket
from domain.commerce.quoting import OrderQuote
from domain.ledger import order_events
from domain.platform.event_registry import EventName
from models import Order, User, db, upsert

OPEN = "status = 'pending' AND confirming_since IS NULL AND problem IS NULL"


def open_order(user: User, basket: Basket, quote: OrderQuote) -> Order:
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
    # Locked, so that a payment that comes in keeps what it writes and what was invoiced.
    order = sql.locked(_open(user, basket.key)).one_or_none()
    if order is None:
        raise Refused("Your order has just changed. Try again.")
    if made is None and order_lines.matches(order, quote):
        order_particulars.freeze(order, user, quote)  # a company's name is new, and the amounts are the same
        order_consents.record(order)
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
