"""Stripe's movements: stored once, and matched to the rows here that they belong to."""

import uuid
from collections.abc import Callable, Collection, Iterable

from sqlalchemy import or_, select, update

from models import DisputeMovement, MatchedKind, Order, Payout, Refund, StripeMovement, db, upsert
from payments import BalanceMovement

# By Stripe's reporting categories. What isn't here, such as payouts to our bank or Stripe's own fees, has no
# row here; it counts in the balance alone.
KINDS = {
    "charge": MatchedKind.ORDER,
    "refund": MatchedKind.REFUND,
    "refund_failure": MatchedKind.REFUND,
    "dispute": MatchedKind.DISPUTE,
    "dispute_reversal": MatchedKind.DISPUTE,
    "transfer": MatchedKind.PAYOUT,
    "transfer_reversal": MatchedKind.PAYOUT,
}
CHARGES = ("charge",)
REFUNDS = ("refund", "refund_failure")
DISPUTES = ("dispute", "dispute_reversal")
TRANSFERS = ("transfer", "transfer_reversal")
BLOCK = 500

Matches = dict[str, uuid.UUID]  # our row, by the id of the movement


def store(found: Iterable[BalanceMovement]) -> int:
    """Store movements that aren't known yet, and match them. Returns how many were new."""
    rows = {one.id: _values(one) for one in found}
    if not rows:
        return 0
    insert = upsert(StripeMovement).values(list(rows.values()))
    new = db.session.scalars(
        insert.on_conflict_do_nothing(index_elements=["id"]).returning(StripeMovement.id)
    ).all()
    match(new)
    return len(new)


def match_again() -> None:
    """Match the movements that had no row here when they were stored."""
    last = ""
    while True:
        query = select(StripeMovement.id).where(
            StripeMovement.matched_id.is_(None), StripeMovement.category.in_(KINDS), StripeMovement.id > last
        )
        ids = db.session.scalars(query.order_by(StripeMovement.id).limit(BLOCK)).all()
        if not ids:
            return
        match(ids)
        last = ids[-1]


def match(ids: Collection[str]) -> None:
    """Match the movements with these ids."""
    rows = list(db.session.scalars(select(StripeMovement).where(StripeMovement.id.in_(ids))))
    for kind, find in FINDERS.items():
        for movement_id, row_id in find([row for row in rows if KINDS.get(row.category) == kind]).items():
            matched = {"matched_kind": kind, "matched_id": row_id}
            db.session.execute(update(StripeMovement).where(StripeMovement.id == movement_id).values(matched))


def _orders(rows: list[StripeMovement]) -> Matches:
    """Match charges to the order they paid, or to the one that sent them back."""
    payments = {row.parent_id for row in rows} - {""}
    paid = select(Order.stripe_payment_intent_id, Order.id).where(
        Order.stripe_payment_intent_id.in_(payments)
    )
    sent_back = select(Refund.payment_intent_id, Refund.order_id).where(
        Refund.payment_intent_id.in_(payments)
    )
    known = {**_pairs(sent_back), **_pairs(paid)}
    return {row.id: known[row.parent_id] for row in rows if row.parent_id in known}


def _refunds(rows: list[StripeMovement]) -> Matches:
    """Match refunds by their id at Stripe, or by the row that they name."""
    named = {uuid_of(row.our_id) for row in rows} - {None}
    query = select(Refund.stripe_refund_id, Refund.id).where(
        or_(Refund.stripe_refund_id.in_({row.source_id for row in rows}), Refund.id.in_(named))
    )
    known = [(stripe_id, row_id) for stripe_id, row_id in db.session.execute(query)]
    by_stripe_id = dict(known)
    # A row that has another refund at Stripe isn't this one's.
    waiting = {row_id for stripe_id, row_id in known if stripe_id is None}
    found = {}
    for row in rows:
        named_id = uuid_of(row.our_id)
        if row.source_id in by_stripe_id:
            found[row.id] = by_stripe_id[row.source_id]
        elif named_id in waiting and named_id is not None:
            found[row.id] = named_id
    return found


def _payouts(rows: list[StripeMovement]) -> Matches:
    """Match transfers by their id at Stripe, reversals by the transfer's."""
    transfers = {row.id: row.parent_id or row.source_id for row in rows}
    query = select(Payout.stripe_transfer_id, Payout.id).where(
        Payout.stripe_transfer_id.in_(set(transfers.values()))
    )
    known = _pairs(query)
    return {id_: known[transfer] for id_, transfer in transfers.items() if transfer in known}


def _disputes(rows: list[StripeMovement]) -> Matches:
    """Match what was moved for disputes to the dispute that has booked it."""
    query = select(DisputeMovement.balance_transaction_id, DisputeMovement.dispute_id).where(
        DisputeMovement.balance_transaction_id.in_({row.id for row in rows})
    )
    return _pairs(query)


FINDERS: dict[MatchedKind, Callable[[list[StripeMovement]], Matches]] = {
    MatchedKind.ORDER: _orders,
    MatchedKind.REFUND: _refunds,
    MatchedKind.DISPUTE: _disputes,
    MatchedKind.PAYOUT: _payouts,
}


def uuid_of(text: str) -> uuid.UUID | None:
    """Parse an id that Stripe kept for us; None for what is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _pairs(query: object) -> dict[str, uuid.UUID]:
    return dict(db.session.execute(query).all())  # type: ignore[call-overload]


def _values(one: BalanceMovement) -> dict[str, object]:
    return {
        "id": one.id, "type": one.type[:60], "category": one.category[:60], "source_id": one.source,
        "parent_id": one.parent, "our_id": one.our_id[:255], "gross_cents": one.amount,
        "fee_cents": one.fee, "net_cents": one.net, "currency": one.currency, "paid_cents": one.paid,
        "paid_currency": one.paid_currency, "moved_at": one.created, "available_at": one.available_on,
    }  # fmt: skip
