"""What the tests of gifts do to the shop: gifts are paid without Stripe, as fulfilment pays them."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from domain.base import clock
from domain.catalog import counters
from domain.documents import invoices
from domain.gifts import mailing, orders, terms
from domain.ledger import checks, order_lock
from domain.refunds import requesting
from models import (
    AccessGrant,
    Course,
    Earning,
    EmailMessage,
    Gift,
    Order,
    OrderStatus,
    Purchase,
    PurchaseShare,
    PurchaseStatus,
    RefundCause,
    User,
    db,
)
from tests.cast import Cast, share_of


def ordered(giver: User, course: Course, recipient: str, message: str = "", day: Any = None) -> uuid.UUID:
    """An order of `giver` that waits for its payment, with `course` as a gift; the id of its line."""
    number, price = f"LN-GIFT-{uuid.uuid4().hex[:12]}", course.price_cents
    order = Order(
        number=number, user_id=giver.id, cart_key=number, subtotal_cents=price, total_cents=price,
        currency="usd",
    )  # fmt: skip
    db.session.add(order)
    db.session.flush()
    line = Purchase(
        order_id=order.id, user_id=giver.id, is_gift=True, product=db.session.get(Course, course.id),
        price_cents=price, amount_cents=price, currency="usd",
        product_snapshot={"title": course.title, "creator": "Ada", "slug": course.slug, "summary": ""},
    )  # fmt: skip
    db.session.add(share_of(line, course, fee=price * 3 // 10))
    db.session.flush()
    orders.attach(order, [(line, terms.check(recipient, message, day, giver))])
    return line.id


def paid(line_id: uuid.UUID) -> None:
    """Complete the order of a gift as fulfilment does."""
    line = db.session.get_one(Purchase, line_id)
    order = db.session.get_one(Order, line.order_id)
    order.status, order.completed_at = OrderStatus.COMPLETED, clock.now()
    line.status = PurchaseStatus.COMPLETED
    share = db.session.scalars(select(PurchaseShare).where(PurchaseShare.purchase_id == line_id)).one()
    db.session.add(
        Earning(
            creator_id=share.creator_id, share_id=share.id, key=f"sale:{share.id.hex}",
            amount_cents=share.creator_amount_cents, currency="usd", available_at=clock.now(),
        )
    )  # fmt: skip
    db.session.flush()
    counters.recount_purchases(line.product_id)
    orders.deliver(line)
    with_lines = select(Order).where(Order.id == order.id).options(db.selectinload(Order.purchases))
    invoices.issue(db.session.scalars(with_lines, execution_options={"populate_existing": True}).one())


class GiftShop:
    """The application with gifts in it."""

    def __init__(self, app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient]) -> None:
        self.falsified = False  # set by tests that break the books on purpose
        self.app, self.cast, self.signed_in = app, cast, signed_in

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """A session as a POST has it, committed at the end."""
        with self.app.test_request_context(method="POST"):
            yield db.session
            db.session.commit()

    def order(self, giver: User, course: Course, recipient: str, message: str = "", day: Any = None) -> Any:
        """An order of `giver` that waits for its payment, with `course` as a gift; the id of its line."""
        with self.writing():
            return ordered(giver, course, recipient, message, day)

    def pay(self, line_id: uuid.UUID) -> None:
        """Complete the order of a line as fulfilment does."""
        with self.writing():
            paid(line_id)

    def give(self, giver: User, course: Course, recipient: str, message: str = "", day: Any = None) -> Any:
        """A gift that was paid; the id of its line."""
        line_id = self.order(giver, course, recipient, message, day)
        self.pay(line_id)
        return line_id

    def refund(self, line_id: uuid.UUID) -> None:
        """Refund a gift in full."""
        with self.writing() as session:
            order = order_lock.lock(session.get_one(Purchase, line_id).order_id)
            order.stripe_payment_intent_id = order.stripe_payment_intent_id or f"pi_{line_id.hex}"
            (line,) = (one for one in order.purchases if one.id == line_id)
            requesting.request(order, {line.id: line.left_cents}, "Asked for it", RefundCause.ADMIN, None)

    def sweep(self) -> None:
        """Let the worker send what is due."""
        with self.writing():
            mailing.sweep()

    def gift(self, line_id: uuid.UUID) -> Gift:
        """The gift of a line, with its purchase, detached."""
        with self.app.app_context():
            gift = db.session.scalars(
                select(Gift).where(Gift.purchase_id == line_id).options(db.joinedload(Gift.purchase))
            ).one()
            db.session.expunge_all()
            return gift

    def mails(self, template: str, to: str = "") -> list[EmailMessage]:
        """The messages of one kind (to one address), oldest first."""
        with self.app.app_context():
            query = select(EmailMessage).where(EmailMessage.template == template)
            if to:
                query = query.where(EmailMessage.recipient == to)
            rows = list(db.session.scalars(query.order_by(EmailMessage.created_at)))
            db.session.expunge_all()
            return rows

    def link(self, to: str) -> str:
        """The path of the claim link last mailed to an address."""
        return urlsplit(self.mails("gift_arrived", to)[-1].data["url"]).path

    def grants(self, user: User, course: Course) -> list[str]:
        """The sources of somebody's valid grants of a course."""
        with self.app.app_context():
            query = select(AccessGrant.source).where(
                AccessGrant.user_id == user.id, AccessGrant.course_id == course.id,
                AccessGrant.revoked_at.is_(None),
            )  # fmt: skip
            return sorted(source.value for source in db.session.scalars(query))

    def count(self, table: Any, *conditions: Any) -> int:
        """How many rows there are."""
        with self.app.app_context():
            return db.session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0

    def wrong_books(self) -> list[str]:
        """What the ledger check finds."""
        with self.app.app_context():
            return [row for check in checks.LIVE_CHECKS.values() for row in check()]
