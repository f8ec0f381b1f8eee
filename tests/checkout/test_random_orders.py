"""Random orders of bundles, courses and gifts, with coupons and tax, in currencies of every exponent.

Whatever is bought, the books agree: shares add up to their lines, lines to their orders, and `flask ledger
check` finds nothing. TEST_LONG makes ten thousand orders.
"""

import random
import uuid
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from domain.base import clock, money
from domain.commerce import baskets, fulfilment, order_lines, order_particulars, orders, quoting
from domain.commerce.quoting import Wanted
from domain.gifts.terms import GiftTerms, today_here
from domain.ledger import checks, order_lock
from domain.platform import settings
from domain.tax.treatment import Treatment, TreatmentKind
from models import Bundle, Coupon, Course, Order, PlatformSettings, Product, Purchase, User, db
from payments import Session, SessionLine
from tests.bundles.making import make_bundle, make_course
from tests.cast import Cast
from tests.effort import times

CURRENCIES = ("usd", "eur", "jpy", "huf", "kwd", "gbp")
ORDERS = times(50, -(-10_000 // len(CURRENCIES)))
TREATMENTS = (
    Treatment(TreatmentKind.NONE),
    Treatment(TreatmentKind.OWN, 1900, included_bp=1900),
    Treatment(TreatmentKind.OWN, 2100, includes=False),
    Treatment(TreatmentKind.OWN, 550, included_bp=550),
    Treatment(TreatmentKind.REVERSE_CHARGE, included_bp=1900),
    Treatment(TreatmentKind.STRIPE),
    Treatment(TreatmentKind.STRIPE, includes=False),
)
STRIPE_RATES = (0, 550, 1900, 2700)  # basis points; Stripe knows them when the order is paid


@pytest.mark.parametrize("currency", CURRENCIES)
def test_the_books_agree_whatever_is_bought(app: Flask, cast: Cast, currency: str) -> None:
    dice = random.Random(f"orders in {currency}")
    with app.test_request_context(method="POST"):
        products, codes = stock(cast, currency, dice)
        for number in range(ORDERS):
            buy(number, currency, products, codes, dice)
            db.session.commit()
        for name, check in checks.CHECKS.items():
            assert check() == [], name
        assert {order.status for order in db.session.scalars(db.select(Order))} == {"completed"}


def stock(cast: Cast, currency: str, dice: random.Random) -> tuple[list[Product], list[str]]:
    """Courses of two creators, bundles of them, and coupons that each side bears."""
    # What the cast has sold was paid in dollars; the new products are in the shop's own currency.
    db.session.merge(PlatformSettings(id=1, currency=currency))
    db.session.commit()
    settings.forget()
    unit = money.step(currency)
    made: list[Product] = []
    for number in range(8):
        price = dice.randrange(5, 90) * max(unit, 100 if money.minor_digits(currency) else 1) + unit * 3
        creator = dice.choice([cast.ada.id, cast.bo.id])
        made.append(make_course(cast, f"Number {number}", price, currency=currency, creator_id=creator))
    for number in range(3):
        inside = dice.sample(made[:8], dice.randrange(2, 5))
        total = sum(course.price_cents for course in inside)
        price = total * dice.randrange(40, 95) // 100 // unit * unit
        ids = [course.id for course in inside]
        made.append(make_bundle(cast, ids, f"bundle-{number}", price, currency=currency))
    for code, kind, value, side in (
        ("TEN", "percentage", 10, "both"),
        ("THIRD", "percentage", 33, "platform"),
        ("ALL", "percentage", 100, "platform"),
        ("FIXED", "fixed_amount", 7 * max(unit, 100 if money.minor_digits(currency) else 1), "both"),
    ):
        db.session.add(Coupon(code=code, kind=kind, value=value, scope="all", borne_by=side))
    mine: dict[str, Any] = {"owner_id": cast.ada.id, "creator_id": cast.ada.id}
    db.session.add(
        Coupon(code="ADA", kind="percentage", value=25, scope="creator", borne_by="creator", **mine)
    )
    db.session.commit()
    return made, ["", "TEN", "THIRD", "ALL", "FIXED", "ADA"]


def buy(number: int, currency: str, products: list[Product], codes: list[str], dice: random.Random) -> None:
    """One order by somebody new, paid."""
    now = clock.now()
    buyer = User(email=f"buyer{number}@example.com", name="Buyer", email_verified_at=now)
    db.session.add(buyer)
    db.session.flush()
    wanted = []
    for product in dice.sample(products, dice.randrange(1, 5)):
        loaded = baskets.product_on_offer(product.id)
        assert loaded is not None
        gift = GiftTerms(f"friend{number}@example.net", "", today_here()) if dice.random() < 0.2 else None
        wanted.append(Wanted(loaded, gift))
    taxed = replace(dice.choice(TREATMENTS), step=money.step(currency))
    quote = quoting.quote_order(buyer, wanted, dice.choice(codes), taxed, now)
    if any(line.wanted.gift and not line.price_cents for line in quote.lines):
        return
    order = Order(
        id=uuid.UUID(int=dice.getrandbits(128), version=4), number=orders.new_number(now), user_id=buyer.id,
        cart_key="cart", subtotal_cents=0, total_cents=0, currency=currency,
    )  # fmt: skip
    db.session.add(order)
    db.session.flush()
    order_particulars.freeze(order, buyer, quote)
    order_lines.freeze(order, quote, buyer)
    db.session.flush()
    assert order.total_cents == sum(line.paid_cents for line in quote.lines)
    assert order.total_cents % money.step(currency) == 0
    for line in quote.lines:
        assert sum(share.amount_cents for share in line.shares) == line.amount_cents
        assert all(0 <= share.fee_cents <= share.amount_cents for share in line.shares)
    session = paid(order_lock.lock(order.id), dice.choice(STRIPE_RATES))
    fulfilment.fulfil(session)
    assert order.total_cents == session.amount_total == sum(line.paid_cents for line in order.purchases)
    assert order.tax_cents == sum(line.tax_cents for line in order.purchases)
    for bought in order.purchases:
        assert sum(share.amount_cents for share in bought.shares) == bought.amount_cents
        assert all(0 <= share.platform_fee_cents <= share.amount_cents for share in bought.shares)
    # A second event of the same payment changes nothing.
    if dice.random() < 0.1:
        fulfilment.fulfil(session)


def paid(order: Order, rate_bp: int) -> Session:
    """The session of `order`, paid by card, or with nothing due; Stripe Tax is at `rate_bp`."""
    by_stripe = order_particulars.tax_kind(order) == TreatmentKind.STRIPE
    lines = tuple(taxed(order, line, rate_bp if by_stripe else 0) for line in order.purchases)
    return Session(
        id=f"cs_{order.id.hex}", url=None, status="complete", payment_status="paid",
        amount_subtotal=order.total_cents, amount_total=sum(line.amount_total for line in lines),
        amount_tax=sum(line.amount_tax for line in lines), tax_status="complete" if by_stripe else None,
        lines=lines, currency=order.currency, livemode=False, expires_at=clock.now(),
        payment_intent=f"pi_{order.id.hex}" if order.total_cents else None, payment_intent_status="succeeded",
        metadata={"order_id": str(order.id)}, client_reference_id=str(order.id),
    )  # fmt: skip


def taxed(order: Order, line: Purchase, rate_bp: int) -> SessionLine:
    """What Stripe says of a line: its tax is inside the price, or comes on top."""
    price, included = line.paid_cents, order.prices_include_tax
    tax = round(price * rate_bp / (10_000 + rate_bp)) if included else round(price * rate_bp / 10_000)
    return SessionLine(
        name="A line", quantity=1, amount_subtotal=price, amount_tax=tax,
        amount_total=price if included else price + tax, tax_rate_bp=rate_bp, reference=str(line.id),
    )  # fmt: skip


def test_stock_has_bundles_and_courses(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        products, _ = stock(cast, "eur", random.Random(1))
        kinds = {type(product) for product in products}
        assert kinds == {Course, Bundle}
        db.session.execute(update(Product).values(currency="usd"))
