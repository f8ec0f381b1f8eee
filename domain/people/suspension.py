"""Shutting somebody out for a while, and letting them in again.

Whoever changes who may run the shop holds the rows of all admins first, so that two at once can't leave it
without one.
"""

from sqlalchemy import select

import mail
from domain import Refused
from domain.base import clock
from domain.people import address_marks, sessions
from domain.platform import audit
from models import Role, User, db

MAX_REASON = 1000


def suspend(person: User, admin: User, reason: str) -> bool:
    """Sign `person` out everywhere and keep them out; they are told why. Safe to repeat.

    Answers whether they were let in before. Raises Refused without a reason, for oneself, and for the last
    admin.
    """
    reason = reason.strip()
    if not reason:
        raise Refused("Say why: they are told, and it stands in the audit log.", "reason")
    if person.id == admin.id:
        raise Refused("You can’t suspend yourself. Another admin can.")
    keep_an_admin(without=person)
    if person.suspended_at is not None:
        return False
    person.suspended_at = clock.now()
    sessions.end_all(person)
    address_marks.note(person, person.email)
    audit.record(admin, "suspend", person, reason[:MAX_REASON])
    mail.account_suspended(person, reason[:MAX_REASON])
    db.session.flush()
    return True


def restore(person: User, admin: User) -> bool:
    """Let `person` in again; they sign in anew. Safe to repeat. Answers whether they were suspended."""
    keep_an_admin()
    if person.suspended_at is None:
        return False
    person.suspended_at = None
    audit.record(admin, "restore", person)
    mail.account_restored(person)
    db.session.flush()
    return True


def keep_an_admin(without: User | None = None) -> None:
    """Hold the admins' rows until the transaction ends, and that of `without`, whose row is read anew.

    Raises Refused when nobody but `without` could run the shop.
    """
    admins = (User.role == Role.ADMIN) & User.deleted_at.is_(None) & User.suspended_at.is_(None)
    held = list(db.session.scalars(select(User.id).where(admins).order_by(User.id).with_for_update()))
    if without is None:
        return
    db.session.refresh(without, with_for_update=True)
    if held == [without.id]:
        raise Refused("This is the only admin left. Make somebody else an admin first.")
