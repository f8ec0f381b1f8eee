"""Keyed hashes of former email addresses, by which a suspended person is recognised.

Otherwise somebody could move an account to another address, be suspended there, and register anew with the
first one. Hashes are kept for KEEP, or as long as a decision holds (docs/decisions/0022).
"""

from datetime import timedelta

from sqlalchemy import delete, exists, select

from domain import Refused
from domain.base import clock, signing
from domain.people import accounts
from models import AddressMark, ReviewStanding, Standing, User, db, upsert

KEEP = timedelta(days=365)


def remember(user: User, address: str) -> None:
    """Record that `user` has or had `address`, as of now. Idempotent."""
    now = clock.now()
    row = upsert(AddressMark).values(
        mark=signing.digest(_mailbox(address)), user_id=user.id, created_at=now, updated_at=now
    )
    again = {"created_at": now, "updated_at": now}
    db.session.execute(row.on_conflict_do_update(index_elements=["mark", "user_id"], set_=again))


def is_remembered(user: User, address: str) -> bool:
    """Tell if `address` is recorded as one that `user` has or had."""
    return any(known.id == user.id for known in _known(address))


def forget_since(user: User, address: str) -> None:
    """Delete the record of `address` and of all later addresses of `user`: an intruder's doing."""
    theirs = select(AddressMark.created_at).where(
        AddressMark.user_id == user.id, AddressMark.mark.in_(_marks(address))
    )
    since = db.session.scalar(theirs.order_by(AddressMark.created_at).limit(1))
    if since is not None:
        later = (AddressMark.user_id == user.id, AddressMark.created_at >= since)
        db.session.execute(delete(AddressMark).where(*later))


def refuse_suspended(address: str) -> None:
    """Raise Refused where a suspended person has or had `address`, which has been proved by now."""
    if any(user.suspended_at is not None for user in _known(address)):
        raise Refused(accounts.suspended_sentence())


def carry_over(user: User) -> None:
    """Apply decisions about reviews from a person's older accounts to `user`, whose account is new.

    Where a review was hidden, a new one of the same course waits for an admin.
    """
    older = [known.id for known in _known(user.email) if known.id != user.id]
    if not older:
        return
    kept = select(ReviewStanding.product_id).where(
        ReviewStanding.user_id.in_(older), ReviewStanding.standing != Standing.APPROVED
    )
    for product_id in db.session.scalars(kept.distinct().order_by(ReviewStanding.product_id)).all():
        row = upsert(ReviewStanding).values(
            user_id=user.id, product_id=product_id, standing=Standing.HIDDEN, words="", dismissed=[]
        )
        db.session.execute(row.on_conflict_do_nothing())


def clean_up() -> None:
    """Delete the hashes older than KEEP that no decision needs."""
    suspended = exists().where(User.id == AddressMark.user_id, User.suspended_at.is_not(None))
    hidden = exists().where(
        ReviewStanding.user_id == AddressMark.user_id, ReviewStanding.standing == Standing.HIDDEN
    )
    old = AddressMark.created_at < clock.now() - KEEP
    db.session.execute(delete(AddressMark).where(old, ~suspended, ~hidden))


def _known(address: str) -> list[User]:
    """Find the people who have or had `address`, trying former secret keys as well."""
    noted = AddressMark.mark.in_(_marks(address))
    query = select(User).join(AddressMark, AddressMark.user_id == User.id).where(noted)
    return list(db.session.scalars(query.order_by(User.id)).unique())


def _marks(address: str) -> list[str]:
    return signing.digests(_mailbox(address))


def _mailbox(address: str) -> str:
    """Name the mailbox of `address`: “me+shop@…” and “me@…” are the same."""
    local, _, host = accounts.canonical(address).rpartition("@")
    return f"address mark:{local.partition('+')[0]}@{host}"
