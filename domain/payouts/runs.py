"""Runs: every creator to whom something is payable gets a job; monthly by itself, or on an admin's demand."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select

import jobs
import payments
from domain import Refused
from domain.base import clock, months
from domain.payouts import planning
from domain.platform import audit, settings
from domain.platform.audit_actions import AuditAction
from models import Payout, PayoutRun, PayoutStatus, User, db, upsert

PATIENCE = timedelta(minutes=30)


def begin_month() -> None:
    """Start the run of this month on its day or, when that was missed, as soon as possible; once."""
    shop, now = settings.current(), clock.now()
    today = now.astimezone(months.zone_of(shop.timezone))
    if today.day < shop.payout_day or not payments.is_configured():
        return
    row = upsert(PayoutRun).values(month=f"{today:%Y-%m}", created_at=now)
    made = row.on_conflict_do_nothing(index_elements=["month"]).returning(PayoutRun.id)
    run_id = db.session.scalar(made)
    if run_id is not None:
        _enqueue(run_id, now)


def start(admin: User | None) -> PayoutRun:
    """Start a run now; `admin` None: from the command line. Raises Refused without a key for Stripe."""
    if not payments.is_configured():
        raise Refused("Connect Stripe first: there’s no key for it yet.")
    run = PayoutRun(actor_id=admin.id if admin is not None else None, created_at=clock.now())
    db.session.add(run)
    db.session.flush()
    audit.record(admin, AuditAction.START_PAYOUTS, run)
    _enqueue(run.id, run.created_at)
    return run


def retry(payout: Payout, admin: User | None) -> None:
    """Try a refused payout again, or ask Stripe anew about one that is under way. Raises Refused."""
    if payout.status not in (PayoutStatus.FAILED, PayoutStatus.PENDING):
        raise Refused("This payout has been settled.")
    audit.record(admin, AuditAction.RETRY_PAYOUT, payout)
    slot = f":{clock.now().timestamp():.0f}"
    jobs.enqueue("look_at_account", key=f"look:{payout.id}{slot}", account_id=payout.destination)
    _pay(payout.creator_id, payout.currency, payout.run_id, slot)


def sweep() -> None:
    """Ask Stripe about payouts whose outcome is still unknown, once an hour."""
    if not payments.is_configured():
        return
    now = clock.now()
    waiting = Payout.status == PayoutStatus.PENDING, Payout.updated_at < now - PATIENCE
    for payout in db.session.scalars(select(Payout).where(*waiting)):
        _pay(payout.creator_id, payout.currency, payout.run_id, f":{int(now.timestamp() // 3600)}")


def _enqueue(run_id: uuid.UUID, at: datetime) -> None:
    """Enqueue a job for everybody with payable lines, and for payouts that are under way."""
    for payout in db.session.scalars(select(Payout).where(Payout.status == PayoutStatus.PENDING)):
        _pay(payout.creator_id, payout.currency, run_id)
    for due in planning.everything(at):
        _pay(due.creator.id, due.currency, run_id)


def _pay(creator_id: uuid.UUID, currency: str, run_id: uuid.UUID, slot: str = "") -> None:
    jobs.enqueue(
        "pay_creator", key=f"pay:{run_id}:{creator_id}:{currency}{slot}", creator_id=str(creator_id),
        currency=currency, run_id=str(run_id),
    )  # fmt: skip
