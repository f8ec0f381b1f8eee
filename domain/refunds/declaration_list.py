"""The declarations of withdrawal, as admins see them."""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from domain import Refused
from domain.base import clock, pagination, sql
from domain.base.pagination import Cursor, Page
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import RefundRequest, User, Withdrawal, WithdrawalState, db

PAGE_SIZE = 50


def page(after: str, unclear: bool) -> Page[Withdrawal]:
    """List a page of the declarations after the cursor `after`, newest first; or those that need a person."""
    lines = selectinload(Withdrawal.requests).joinedload(RefundRequest.purchase)
    query = select(Withdrawal).options(joinedload(Withdrawal.order), lines)
    if unclear:
        query = query.where(Withdrawal.state == WithdrawalState.UNCLEAR, Withdrawal.handled_at.is_(None))
    newest = pagination.newest_first(query, Withdrawal.declared_at, Withdrawal.id, pagination.read(after))
    rows = db.session.scalars(newest.limit(PAGE_SIZE + 1))
    return pagination.cut(rows, PAGE_SIZE, lambda row: str(Cursor(row.declared_at, row.id)))


def handle(withdrawal_id: uuid.UUID, admin: User) -> Withdrawal | None:
    """Note that `admin` has dealt with an unclear declaration; None if there is none. Idempotent.

    Raises Refused for one that needs nobody.
    """
    row = db.session.get(Withdrawal, withdrawal_id)
    if row is None:
        return None
    sql.lock(row)
    if row.state != WithdrawalState.UNCLEAR:
        raise Refused("This declaration needs nobody: it was clear from which order.")
    if row.handled_at is None:
        row.handled_at, row.handled_by = clock.now(), admin.id
        audit.record(admin, AuditAction.HANDLE_WITHDRAWAL, row)
        db.session.flush()
    return row
