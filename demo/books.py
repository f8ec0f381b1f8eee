"""The books of the demo: what Stripe moved for its sales and payouts, a check, and some findings."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from domain.ledger.states import SETTLED
from models import (
    BooksCheck,
    BooksFinding,
    FindingKind,
    MatchedKind,
    Order,
    Payout,
    PayoutStatus,
    StripeMovement,
    User,
    db,
)

FEE_PERCENT, FEE_CENTS = 3, 30


def add_books(admin: User, now: datetime) -> None:
    """Insert the movements of all paid orders and payouts, last night's check, and what it found."""
    paid = (Order.id, Order.stripe_payment_intent_id, Order.total_cents, Order.currency, Order.completed_at)
    orders: Any = select(*paid).where(Order.status.in_(SETTLED), Order.total_cents > 0)
    payouts = select(Payout).where(Payout.status == PayoutStatus.PAID)
    rows = [_charge(number, *row) for number, row in enumerate(db.session.execute(orders), 1)]
    rows += [_transfer(number, row) for number, row in enumerate(db.session.scalars(payouts), 1)]
    db.session.execute(insert(StripeMovement), rows)
    night = now.replace(hour=3, minute=0, second=0, microsecond=0) - timedelta(days=1)
    sums: dict[str, int] = {}
    for row in rows:
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["net_cents"]
    db.session.add(
        BooksCheck(
            since=night - timedelta(days=2), until=night, pages=1, movements=7, started_at=night,
            finished_at=night + timedelta(seconds=20),
            balances={currency: [net, net] for currency, net in sums.items()},
        )
    )  # fmt: skip
    _add_findings(admin, night)
    db.session.flush()


def _add_findings(admin: User, night: datetime) -> None:
    paid = select(Order).where(Order.total_cents > 0, Order.completed_at < night)
    newest = db.session.scalars(paid.order_by(Order.completed_at.desc()).limit(1)).first()
    assert newest is not None  # noqa: S101 - the demo has sold for a year
    said = f"Stripe paid back $5.00 of order {newest.number} (re_demo_0001), which isn’t recorded here."
    unknown = "Stripe received {} ({}), which belongs to no order here."
    common = {"currency": newest.currency, "found_at": night}
    db.session.add_all(
        [
            BooksFinding(
                key="refund:re_demo_0001", kind=FindingKind.REFUND_UNKNOWN, sentence=said,
                subject="re_demo_0001", amount_cents=-500, order_id=newest.id, **common,
            ),
            BooksFinding(
                key="payment:txn_demo_a", kind=FindingKind.PAYMENT_UNKNOWN,
                sentence=unknown.format("$25.00", "ch_demo_a"), subject="ch_demo_a", amount_cents=2500,
                **common,
            ),
            BooksFinding(
                key="payment:txn_demo_b", kind=FindingKind.PAYMENT_UNKNOWN,
                sentence=unknown.format("$80.00", "ch_demo_b"), subject="ch_demo_b", amount_cents=8000,
                resolved_at=night + timedelta(hours=6), resolved_by_id=admin.id,
                resolution="A workshop, invoiced by hand through the same account.", **common,
            ),
        ]
    )  # fmt: skip


def _charge(
    number: int, order_id: Any, payment: str | None, cents: int, currency: str, at: datetime
) -> dict[str, Any]:
    fee = cents * FEE_PERCENT // 100 + FEE_CENTS
    about = {
        "id": f"txn_demo_{number:06}", "source_id": f"ch_demo_{number:06}", "type": "charge",
        "parent_id": payment or "",
    }  # fmt: skip
    return about | _moved(MatchedKind.ORDER, order_id, "charge", cents, fee, currency, at)


def _transfer(number: int, payout: Payout) -> dict[str, Any]:
    assert payout.paid_at is not None  # noqa: S101 - a constraint
    about = {
        "id": f"txn_demo_p{number:05}",
        "source_id": payout.stripe_transfer_id,
        "type": "transfer",
        "parent_id": "",
    }
    moved = _moved(
        MatchedKind.PAYOUT, payout.id, "transfer", -payout.amount_cents, 0, payout.currency, payout.paid_at
    )
    return about | moved


def _moved(
    kind: MatchedKind, row_id: Any, category: str, cents: int, fee: int, currency: str, at: datetime
) -> dict[str, Any]:
    return {
        "category": category, "our_id": "", "gross_cents": cents, "fee_cents": fee,
        "net_cents": cents - fee, "currency": currency, "paid_cents": cents, "paid_currency": currency,
        "moved_at": at, "available_at": at + timedelta(days=2), "matched_kind": kind, "matched_id": row_id,
    }  # fmt: skip
