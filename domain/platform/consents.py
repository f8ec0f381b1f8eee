"""Consent to marketing email: each is kept with when and how it was given, and when and how it ended."""

import uuid
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, select, update
from sqlalchemy.orm import aliased

from domain.base import clock
from models import ConsentEnd, ConsentSource, MarketingConsent, User, db, upsert

# What people agree to. It is kept with each consent, so a new wording leaves the old ones as they were.
WORDING = "Email me news and offers, such as sales on my wishlist. I can stop this at any time."


def objection(user: User | None) -> str | None:
    """Say why `user` must not be sent marketing email; None if they may.

    An address that nobody has confirmed may be a stranger's, so consent counts only for a confirmed one.
    """
    if user is None or not user.is_verified:
        return "The address isn’t confirmed."
    return None if is_given(user) else "There’s no consent to marketing email."


def is_given(user: User) -> bool:
    """Tell whether `user` has agreed to marketing email and not withdrawn it."""
    given = select(MarketingConsent.id).where(*_standing(user))
    return db.session.scalar(given) is not None


def give(user: User, source: ConsentSource) -> None:
    """Record that `user` agrees to WORDING now. Idempotent."""
    row = upsert(MarketingConsent).values(
        user_id=user.id, wording=WORDING, given_at=clock.now(), given_by=source
    )
    db.session.execute(row.on_conflict_do_nothing())


def withdraw(user: User, end: ConsentEnd) -> None:
    """Record that the consent of `user`, if there is one, ends now. Idempotent."""
    now = clock.now()
    db.session.execute(
        update(MarketingConsent)
        .where(*_standing(user))
        .values(withdrawn_at=now, withdrawn_by=end, updated_at=now)
    )


def latest_id(user_id: Any) -> ScalarSelect[uuid.UUID]:
    """Build the SQL for the id of the latest consent of `user_id`, a column; given or withdrawn."""
    table = aliased(MarketingConsent)
    theirs = select(table.id).where(table.user_id == user_id)
    return theirs.order_by(table.given_at.desc()).limit(1).scalar_subquery()


def _standing(user: User) -> tuple[ColumnElement[bool], ...]:
    return MarketingConsent.user_id == user.id, MarketingConsent.withdrawn_at.is_(None)
