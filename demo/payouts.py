"""Payouts of the demo: on the first of every month, to all creators but two who are not connected yet."""

from datetime import datetime, timedelta

from domain.base import months
from domain.payouts import holds, particulars, planning, self_billing, taking
from domain.payouts.planning import Due
from models import (
    BillingDetails,
    ConnectAccount,
    ConnectApi,
    ConnectState,
    Earning,
    EarningStatus,
    Payout,
    PayoutParticulars,
    PayoutRun,
    PayoutStatus,
    User,
    VatStatus,
    db,
)

MONTHS = 12
HOUR = timedelta(hours=5)
NOT_CONNECTED = 2


def add_payouts(creators: list[User], now: datetime) -> None:
    """Pay `creators` for a year; the last ones of them have told nothing and wait."""
    for number, creator in enumerate(creators[:-NOT_CONNECTED]):
        _connect(creator, number, now - timedelta(days=370))
    db.session.flush()
    for month in months.last(MONTHS, now, months.zone_of("UTC")):
        if month.start + HOUR < now:
            _pay_month(month.key, month.start + HOUR)


def _connect(creator: User, number: int, at: datetime) -> None:
    """Give a creator an account and particulars."""
    db.session.add_all(
        [
            BillingDetails(
                user_id=creator.id, name=creator.name, address=f"{number + 3} Harbour Street", city="Dublin",
                postal_code="D02", country="IE", created_at=at, updated_at=at,
            ),
            PayoutParticulars(
                creator_id=creator.id, vat_status=VatStatus.NONE, agreement=particulars.AGREEMENT,
                agreed_at=at, created_at=at, updated_at=at,
            ),
            ConnectAccount(
                creator_id=creator.id, stripe_account_id=f"acct_demo_{number:04}", api=ConnectApi.V2,
                country="IE", state=ConnectState.ACTIVE, requirements=[], may_sign_in=True, synced_at=at,
                created_at=at, updated_at=at,
            ),
        ]
    )  # fmt: skip


def _pay_month(month: str, at: datetime) -> None:
    run = PayoutRun(month=month, created_at=at)
    db.session.add(run)
    db.session.flush()
    for due in list(planning.everything(at)):
        for hold in holds.settle(due.creator.id, due.currency, due.holds):
            hold.since = at
        if due.is_paid:
            _pay(due, run, at)


def _pay(due: Due, run: PayoutRun, at: datetime) -> None:
    payout: Payout = taking.take(due, run.id, at)
    payout.status, payout.stripe_transfer_id = PayoutStatus.PAID, f"tr_demo_{payout.id.hex}"
    payout.paid_at = payout.updated_at = at + timedelta(minutes=1)
    lines = db.update(Earning).where(Earning.payout_id == payout.id)
    db.session.execute(lines.values(status=EarningStatus.PAID).execution_options(synchronize_session=False))
    db.session.flush()
    self_billing.issue(payout)
