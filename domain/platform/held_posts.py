"""Held posts: forms that arrived signed out, kept for their browser for a day until the person is back.

Anybody can post, so what is kept is bounded, is never sent by itself, and is shown only to the person whose
page the form was on.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select

from domain.base import clock, signing
from models import HeldPost, db

LIFETIME = timedelta(days=1)
MOST_BYTES = 1_000_000
MOST_FIELDS = 400
MOST_PER_BROWSER = 5
LONGEST_PATH = 2000


@dataclass(frozen=True)
class PostedForm:
    """A posted form: its path, the page it was on, and its fields as pairs of name and text."""

    path: str
    page: str
    fields: Sequence[tuple[str, str]]
    has_files: bool = False

    @property
    def may_be_kept(self) -> bool:
        """Tell if it is within the limits and has no NUL, which PostgreSQL can't store."""
        size = sum(
            len(name.encode(errors="replace")) + len(text.encode(errors="replace"))
            for name, text in self.fields
        )
        if size > MOST_BYTES or len(self.fields) > MOST_FIELDS:
            return False
        return all(
            len(address) <= LONGEST_PATH and "\x00" not in address for address in (self.path, self.page)
        )


def keep(browser: str, person: str, sent: PostedForm) -> HeldPost:
    """Keep a form for the browser with the token `browser`; beyond MOST_PER_BROWSER the oldest goes."""
    row = HeldPost(
        browser=_hash(browser),
        person=person,
        path=sent.path,
        page=sent.page,
        fields=[list(pair) for pair in sent.fields],
        has_files=sent.has_files,
        at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    older = (
        select(HeldPost.id)
        .where(HeldPost.browser == row.browser)
        .order_by(HeldPost.at.desc(), HeldPost.id.desc())
    )
    db.session.execute(
        delete(HeldPost).where(HeldPost.id.in_(list(db.session.scalars(older.offset(MOST_PER_BROWSER)))))
    )
    return row


def find(browser: str, held_id: uuid.UUID) -> HeldPost | None:
    """Find a kept form of the browser by id; None if there is none or it has expired."""
    row = db.session.get(HeldPost, held_id)
    return row if row and row.browser == _hash(browser) and row.at > clock.now() - LIFETIME else None


def to_offer(browser: str, person: str) -> HeldPost | None:
    """Find the newest kept form that this person wasn't shown yet."""
    query = select(HeldPost).where(
        HeldPost.browser == _hash(browser),
        HeldPost.person.in_(("", person)),
        HeldPost.at > clock.now() - LIFETIME,
        HeldPost.offered_at.is_(None),
    )
    return db.session.scalars(query.order_by(HeldPost.at.desc()).limit(1)).first()


def drop(browser: str, held_id: uuid.UUID) -> None:
    """Delete a kept form: it was sent, or isn't wanted."""
    db.session.execute(delete(HeldPost).where(HeldPost.id == held_id, HeldPost.browser == _hash(browser)))


def forget(person: str) -> None:
    """Delete a person's kept forms in every browser."""
    db.session.execute(delete(HeldPost).where(HeldPost.person == person))


def clean_up() -> None:
    """Delete expired forms."""
    db.session.execute(delete(HeldPost).where(HeldPost.at <= clock.now() - LIFETIME))


def _hash(browser: str) -> str:
    return signing.token_digest(browser)
