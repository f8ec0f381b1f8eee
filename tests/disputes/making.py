"""Disputes as Stripe would report them, applied by the verb that events call."""

from dataclasses import replace
from datetime import datetime, timedelta

from domain.base import clock
from domain.disputes import applying
from domain.ledger import checks
from models import Dispute, Earning, Order, User, db
from payments import DisputeMovement, StripeDispute
from tests.cast import Cast

# It stands for whatever an admin still has to read.
READ_BY_ADMINS = "alerts about money were looked at"


class Bank:
    """A bank that disputes the payment of an order: each call is a change that Stripe reports."""

    def __init__(self, order: Order, amount: int | None = None, name: str = "dp_1") -> None:
        now = clock.now()
        self.dispute = StripeDispute(
            id=name, status="needs_response", reason="fraudulent", currency=order.currency,
            amount=order.total_cents if amount is None else amount, created=now,
            payment_intent=order.stripe_payment_intent_id, due_by=now + timedelta(days=7),
            order_number=order.number, charge="ch_1", movements=(), submission_count=0, evidence={},
        )  # fmt: skip

    def become(self, status: str, moved: int = 0, fee: int = 0) -> StripeDispute:
        """Change the status and move money: -1 withdraws all of it, 1 returns it, others that much."""
        amount = moved * self.dispute.amount if moved in (-1, 1) else moved
        self.dispute = replace(self.dispute, status=status)
        if amount:
            number = len(self.dispute.movements) + 1
            movement = DisputeMovement(
                f"txn_{self.dispute.id}_{number}", amount, fee, self.dispute.currency, clock.now()
            )
            self.dispute = replace(self.dispute, movements=(*self.dispute.movements, movement))
        return self.dispute

    def reports(self, status: str, moved: int = 0, fee: int = 0) -> Dispute:
        """Change it, and let the shop know at once."""
        return tell(self.become(status, moved, fee))


def tell(found: StripeDispute, asked_at: datetime | None = None) -> Dispute:
    """Apply what Stripe reports; it was asked for now, unless said otherwise."""
    dispute = applying.apply(found, asked_at or clock.now())
    assert dispute is not None
    db.session.commit()
    return dispute


def order_of(cast: Cast) -> Order:
    """Load the order of the cast with its lines."""
    query = db.select(Order).where(Order.id == cast.order.id).options(db.selectinload(Order.purchases))
    return db.session.scalars(query, execution_options={"populate_existing": True}).one()


def balance(creator: User) -> int:
    """Sum what a creator has earned."""
    query = db.select(db.func.coalesce(db.func.sum(Earning.amount_cents), 0))
    return int(db.session.scalar(query.where(Earning.creator_id == creator.id)))


def wrong_books() -> list[str]:
    """What the ledger check finds, but for alerts."""
    db.session.expire_all()
    return [row for name, check in checks.CHECKS.items() if name != READ_BY_ADMINS for row in check()]
