"""The limit of recipients: a shop that mails whom anybody names would soon be taken for a sender of spam."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import func, select

from domain import Refused
from domain.base import clock, signing, sql
from models import LoginAttempt, User, db

MOST_A_DAY = 20
DAY = timedelta(days=1)


def count(giver: User, addresses: Iterable[str]) -> None:
    """Count recipients of a giver, each once a day. Raises Refused beyond MOST_A_DAY.

    Rows are keyed hashes, as those of other limits, and are deleted with them. The giver's row is locked.
    """
    sql.lock_key(User, giver.id)
    everybody = signing.digest(f"gifts:{giver.id.hex}")
    new = [subject for one in sorted(set(addresses)) if not _seen(subject := _named(giver, one))]
    if not new:
        return
    if _today(everybody) + len(new) > MOST_A_DAY:
        raise Refused(f"You can give to {MOST_A_DAY} people a day. Try again tomorrow.", "recipient")
    now = clock.now()
    db.session.add_all(LoginAttempt(subject=subject, at=now) for one in new for subject in (everybody, one))
    db.session.flush()


def _named(giver: User, address: str) -> str:
    return signing.digest(f"gift to:{giver.id.hex} {address}")


def _seen(subject: str) -> bool:
    return _today(subject) > 0


def _today(subject: str) -> int:
    query = select(func.count()).where(LoginAttempt.subject == subject, LoginAttempt.at > clock.now() - DAY)
    return db.session.scalar(query) or 0
