"""Suspension of accounts, and lifting it.

Everything that may remove an admin locks the rows of all admins first, so that two concurrent changes can't
leave the shop without one.
"""

from sqlalchemy import select

import mail
from domain import Refused
from domain.base import clock, sql, text
from domain.people import address_history, sessions
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import Role, User, db

MAX_REASON = 1000


def suspend(person: User, admin: User, reason: str) -> bool:
    """Suspend `person`: signs them out everywhere and mails them the reason. Idempotent.

    Answers if they weren't suspended before. Raises Refused without a reason, for oneself, and for the last
    admin.
    """
    reason = text.paragraphs(reason)
    if not reason:
        raise Refused("Enter a reason. We email it to them and keep it in the audit log.", "reason")
    if person.id == admin.id:
        raise Refused("You can’t suspend yourself. Ask another admin.")
    keep_an_admin(without=person)
    if person.suspended_at is not None:
        return False
    person.suspended_at = clock.now()
    sessions.end_all(person)
    address_history.remember(person, person.email)
    audit.record(admin, AuditAction.SUSPEND_ACCOUNT, person, reason[:MAX_REASON])
    mail.account_suspended(person, reason[:MAX_REASON])
    db.session.flush()
    return True


def restore(person: User, admin: User) -> bool:
    """Lift the suspension of `person`, who signs in anew. Idempotent. Answers if they were suspended."""
    keep_an_admin()
    if person.suspended_at is None:
        return False
    person.suspended_at = None
    audit.record(admin, AuditAction.RESTORE_ACCOUNT, person)
    mail.account_restored(person)
    db.session.flush()
    return True


def keep_an_admin(without: User | None = None) -> None:
    """Lock the rows of all admins until the transaction ends, and reload `without`.

    Raises Refused when `without` is the only admin left.
    """
    admins = (User.role == Role.ADMIN) & User.deleted_at.is_(None) & User.suspended_at.is_(None)
    held = list(sql.locked(select(User.id).where(admins).order_by(User.id)))
    if without is None:
        return
    sql.lock(without)
    if held == [without.id]:
        raise Refused("This is the only admin left. Make someone else an admin first.")
