"""A course that was bought at the sandbox, and what its bank does."""

from typing import Any

from domain.disputes import answers
from models import Dispute, Order, User, db
from tests.cast import Cast
from tests.checkout.shop import Shop


def buy(shop: Shop, cast: Cast) -> Order:
    """Have Cy buy the course; the order, detached."""
    session_id = shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    shop.hear()
    return shop.order(session_id)


def charge_of(shop: Shop, order: Order) -> str:
    """Find the charge of an order at the sandbox."""
    rows = shop.stripe.engine.store.all("charge")
    return next(row["id"] for row in rows if row["payment_intent"] == order.stripe_payment_intent_id)


def disputes(shop: Shop) -> list[Dispute]:
    """Our rows, oldest first, detached."""
    with shop.app.app_context():
        query = db.select(Dispute).options(db.selectinload(Dispute.movements)).order_by(Dispute.id)
        rows = list(db.session.scalars(query))
        db.session.expunge_all()
        return rows


def at_stripe(shop: Shop, dispute_id: str) -> Any:
    """The dispute as the sandbox has it."""
    return shop.stripe.engine.get("dispute", dispute_id)


def collected(shop: Shop, admin: User) -> Dispute:
    """Collect the evidence of the only dispute; the dispute, detached."""
    with shop.app.test_request_context(method="POST"):
        dispute = db.session.scalars(db.select(Dispute)).one()
        answers.collect(dispute, db.session.get_one(User, admin.id))
        db.session.commit()
    return disputes(shop)[0]


def send(shop: Shop, admin: User) -> None:
    """Send its answer."""
    with shop.app.test_request_context(method="POST"):
        dispute = db.session.scalars(db.select(Dispute)).one()
        answers.send(dispute, str(dispute.evidence_version), db.session.get_one(User, admin.id))
        db.session.commit()
