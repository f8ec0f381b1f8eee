"""Moderation decisions about a person's review of a product, or a creator's reply to it.

They survive the deletion of the text, so that posting it again doesn't evade them.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Select, select

from domain.base import clock, word_folding
from domain.platform import settings
from models import ReplyStanding, Review, ReviewStanding, Standing, db, upsert


@dataclass(frozen=True)
class AuthoredText:
    """A text of a person, and the row (a table and its key) that stores the decision about it."""

    table: type[ReviewStanding] | type[ReplyStanding]
    key: dict[str, uuid.UUID]
    text: str


@dataclass(frozen=True)
class Visibility:
    """The state of a new text: hidden, approved before, and whether it goes to the moderation queue."""

    hidden: bool
    approved: bool
    waits: bool


def in_review(review: Review) -> AuthoredText:
    """Describe the text of `review`."""
    return AuthoredText(
        ReviewStanding, {"user_id": review.user_id, "product_id": review.product_id}, review.comment
    )


def in_reply(review: Review, creator_id: uuid.UUID) -> AuthoredText:
    """Describe the creator's reply to `review`."""
    key = {"user_id": creator_id, "reviewer_id": review.user_id, "product_id": review.product_id}
    return AuthoredText(ReplyStanding, key, review.reply)


def find(authored: AuthoredText) -> ReviewStanding | ReplyStanding | None:
    """Load the decision about this person's text, if any."""
    query: Select[Any] = select(authored.table).filter_by(**authored.key)
    found: ReviewStanding | ReplyStanding | None = db.session.scalar(
        query, execution_options={"populate_existing": True}
    )
    return found


def save_decision(authored: AuthoredText, standing: Standing, dismissed: Iterable[uuid.UUID] = ()) -> None:
    """Store a decision (upsert); `dismissed` are the people whose reports were dismissed."""
    values = {
        "standing": standing,
        "words": digest(authored.text) if standing == Standing.APPROVED else "",
        "dismissed": sorted(str(user_id) for user_id in dismissed),
        "updated_at": clock.now(),
    }
    row = upsert(authored.table).values(**authored.key, **values)
    db.session.execute(row.on_conflict_do_update(index_elements=list(authored.key), set_=values))


def visibility_of(authored: AuthoredText) -> Visibility:
    """Derive the state of a new text from the earlier decision.

    An approved text stays approved. If an earlier text of this person was hidden there, or this one contains
    held words, it is hidden until approved. If an earlier one was reported and then deleted, the new one is
    shown, but goes to the queue.
    """
    before = find(authored)
    standing = before.standing if before else None
    if is_approved(authored, before):
        return Visibility(hidden=False, approved=True, waits=False)
    hidden = standing == Standing.HIDDEN or has_held_words(authored.text)
    return Visibility(hidden, approved=False, waits=hidden or standing == Standing.REPORTED)


def is_approved(authored: AuthoredText, before: ReviewStanding | ReplyStanding | None) -> bool:
    """Tell whether an admin has approved exactly this text."""
    return bool(before and before.standing == Standing.APPROVED and before.words == digest(authored.text))


def was_dismissed(user_id: uuid.UUID, authored: AuthoredText) -> bool:
    """Tell whether this person's report of exactly this text was dismissed."""
    before = find(authored)
    return before is not None and is_approved(authored, before) and str(user_id) in before.dismissed


def has_held_words(text: str) -> bool:
    """Tell whether `text` contains one of the shop's held words or phrases, ignoring case and accents."""
    authored = f" {' '.join(word_folding.split(text))} "
    phrases = (" ".join(word_folding.split(phrase)) for phrase in settings.current().held_words)
    return any(f" {phrase} " in authored for phrase in phrases if phrase)


def digest(comment: str) -> str:
    """Hash a comment: SHA-256 in hexadecimal."""
    return sha256(comment.encode()).hexdigest()
