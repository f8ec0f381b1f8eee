"""Creators who can be paid, what they earned, and payouts that are made without a worker."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select

import jobs
from domain.base import clock
from domain.payouts import connect, particulars, planning, runs, settling, taking
from models import (
    BillingDetails,
    ConnectAccount,
    ConnectState,
    Course,
    Earning,
    EarningStatus,
    Order,
    OrderStatus,
    Payout,
    PayoutParticulars,
    PayoutRun,
    PayoutStatus,
    Purchase,
    PurchaseStatus,
    User,
    VatState,
    VatStatus,
    db,
)
from payments import StripeTransfer
from stripe_sandbox import accounts, ledger
from stripe_sandbox.testing import RunningSandbox
from tests.cast import share_of

DAY = timedelta(days=1)


def sale(
    course: Course, share: int, currency: str = "usd", at: datetime | None = None, **more: object
) -> Earning:
    """Somebody bought `course`, of which its creator gets `share`: 70 percent. It is payable unless said."""
    at = at or clock.now() - 40 * DAY
    buyer = User(email=f"{uuid.uuid4().hex}@example.com", name="Buyer Somebody", created_at=at)
    db.session.add(buyer)
    db.session.flush()
    amount = share * 10 // 7
    order = Order(
        number=f"LN-{uuid.uuid4().hex[:12].upper()}", user_id=buyer.id, cart_key="x", subtotal_cents=amount,
        total_cents=amount, currency=currency, status=OrderStatus.COMPLETED, completed_at=at, created_at=at,
        stripe_payment_intent_id=f"pi_{uuid.uuid4().hex}",
    )  # fmt: skip
    db.session.add(order)
    db.session.flush()
    purchase = Purchase(
        order_id=order.id, user_id=buyer.id, owner_id=buyer.id, product_id=course.id,
        product_snapshot={"title": course.title, "creator": "Ada", "slug": course.slug, "summary": ""},
        price_cents=amount, amount_cents=amount, currency=currency, status=PurchaseStatus.COMPLETED,
        created_at=at,
    )  # fmt: skip
    part = share_of(purchase, course, fee=amount - share)
    db.session.add(purchase)
    db.session.flush()
    line = Earning(
        creator_id=course.creator_id, share_id=part.id, key=f"sale:{part.id.hex}", amount_cents=share,
        currency=currency, available_at=more.get("available_at", at + 30 * DAY), created_at=at,
    )  # fmt: skip
    db.session.add(line)
    db.session.flush()
    return line


def fund(stripe: RunningSandbox, cents: int, currency: str = "usd") -> None:
    """Put money into the shop's balance at Stripe (below 0: take it out)."""
    with stripe.engine.store.transaction():
        body = {"id": "tu_1", "currency": currency, "description": "Top-up"}
        ledger.move(stripe.engine, "topup", body, cents, stripe.clock.now())


def able(
    stripe: RunningSandbox, user: User, status: VatStatus = VatStatus.NONE, country: str = "US",
    vat_id: str = "",
) -> ConnectAccount:  # fmt: skip
    """`user` can be paid: has an account that takes transfers, and has said everything."""
    with stripe.engine.store.transaction():
        made = accounts.appear(stripe.engine)
        accounts.decide(stripe.engine, made["id"], None)
    account = ConnectAccount(creator_id=user.id, stripe_account_id=made["id"], state="active")
    said(user, status, country, vat_id)
    db.session.add(account)
    db.session.flush()
    return account


def said(user: User, status: VatStatus = VatStatus.NONE, country: str = "US", vat_id: str = "") -> None:
    """`user` has said what documents say about them."""
    state = VatState.CONFIRMED if vat_id else VatState.NONE
    billing = BillingDetails(
        user_id=user.id, name=user.name, address="1 Main St", city="Town", country=country, vat_id=vat_id,
        vat_state=state,
    )  # fmt: skip
    kept = PayoutParticulars(
        creator_id=user.id, vat_status=status, agreement=particulars.AGREEMENT, agreed_at=clock.now()
    )
    db.session.add_all([billing, kept])
    db.session.flush()


def run() -> list[Payout]:
    """Start a run and do what the worker does; answers all payouts, oldest first."""
    runs.start(None)
    db.session.commit()
    jobs.run_all()
    return payouts()


def payouts() -> list[Payout]:
    """All payouts, oldest first."""
    return list(db.session.scalars(select(Payout).order_by(Payout.created_at, Payout.id)))


def statuses(user: User) -> list[EarningStatus]:
    """The states of a creator's lines, oldest first."""
    query = select(Earning.status).where(Earning.creator_id == user.id)
    return list(db.session.scalars(query.order_by(Earning.created_at, Earning.id)))


def settled(user: User) -> Payout:
    """What `user` earned was paid, without a Stripe."""
    said(user)
    account = connect.of(user)
    if account is None:
        account = ConnectAccount(creator_id=user.id, stripe_account_id="acct_staged", requirements=[])
        db.session.add(account)
    run, account.state = PayoutRun(created_at=clock.now()), ConnectState.ACTIVE
    db.session.add(run)
    db.session.flush()
    at = clock.now()
    due = planning.of_creator(user.id, "usd", at)
    if due is None:  # where the clock stands, nothing is due yet
        at += timedelta(days=365)
        due = planning.of_creator(user.id, "usd", at)
    assert due is not None
    payout = taking.take(due, run.id, at)
    transfer = StripeTransfer(
        "tr_staged", payout.amount_cents, 0, "usd", account.stripe_account_id, str(payout.id), "",
        clock.now(), "txn_staged",
    )  # fmt: skip
    assert settling.apply(payout, transfer)
    db.session.commit()
    return payout


def payout_row(creator_id: uuid.UUID, cents: int, status: PayoutStatus) -> Payout:
    """A payout over `cents` US cents in some state, without lines."""
    run, id_ = PayoutRun(created_at=clock.now()), uuid.uuid4()
    db.session.add(run)
    db.session.flush()
    is_paid = status == PayoutStatus.PAID
    row = Payout(
        id=id_, creator_id=creator_id, run_id=run.id, amount_cents=cents, currency="usd", status=status,
        idempotency_key=f"payout:{id_.hex}:1", destination="acct_x", period_start=clock.now(),
        period_end=clock.now(), opening_cents=0, closing_cents=0, billing={}, sums={},
        paid_at=clock.now() if is_paid else None, stripe_transfer_id=f"tr_{id_.hex}" if is_paid else None,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row
