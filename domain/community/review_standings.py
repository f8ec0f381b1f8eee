"""What was decided about a person's words under a product: a review of it, or the creator's answer to one.

It holds also after they delete what they wrote.
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
class Said:
    """Words that somebody stands by, and the row (a table and its key) that keeps a decision about them."""

    table: type[ReviewStanding] | type[ReplyStanding]
    key: dict[str, uuid.UUID]
    text: str


@dataclass(frozen=True)
class Place:
    """How new words stand: hidden, approved before, and whether an admin is to look at them."""

    hidden: bool
    approved: bool
    waits: bool


def in_review(review: Review) -> Said:
    """What the author of `review` says of the product."""
    return Said(ReviewStanding, {"user_id": review.user_id, "product_id": review.product_id}, review.comment)


def in_reply(review: Review, creator_id: uuid.UUID) -> Said:
    """What the creator of the product answers beneath `review`."""
    key = {"user_id": creator_id, "reviewer_id": review.user_id, "product_id": review.product_id}
    return Said(ReplyStanding, key, review.reply)


def of(said: Said) -> ReviewStanding | ReplyStanding | None:
    """Find what was decided about what this person says there."""
    query: Select[Any] = select(said.table).filter_by(**said.key)
    found: ReviewStanding | ReplyStanding | None = db.session.scalar(
        query, execution_options={"populate_existing": True}
    )
    return found


def remember(said: Said, standing: Standing, dismissed: Iterable[uuid.UUID] = ()) -> None:
    """Bind whoever said it to a decision; `dismissed` are those whose reports weren't followed."""
    values = {
        "standing": standing,
        "words": digest(said.text) if standing == Standing.APPROVED else "",
        "dismissed": sorted(str(user_id) for user_id in dismissed),
        "updated_at": clock.now(),
    }
    row = upsert(said.table).values(**said.key, **values)
    db.session.execute(row.on_conflict_do_update(index_elements=list(said.key), set_=values))


def place(said: Said) -> Place:
    """Decide how new words stand.

    Words that were approved stay approved. After words of this person were hidden there, and with words on
    the shop's list, they are hidden until an admin has looked. What was reported and deleted before is shown,
    but looked at.
    """
    before = of(said)
    standing = before.standing if before else None
    if is_approved(said, before):
        return Place(hidden=False, approved=True, waits=False)
    hidden = standing == Standing.HIDDEN or has_held_words(said.text)
    return Place(hidden, approved=False, waits=hidden or standing == Standing.REPORTED)


def is_approved(said: Said, before: ReviewStanding | ReplyStanding | None) -> bool:
    """Tell whether an admin let these very words stay."""
    return bool(before and before.standing == Standing.APPROVED and before.words == digest(said.text))


def was_dismissed(user_id: uuid.UUID, said: Said) -> bool:
    """Tell whether this person reported these very words before, and an admin let them stay."""
    before = of(said)
    return before is not None and is_approved(said, before) and str(user_id) in before.dismissed


def has_held_words(text: str) -> bool:
    """Tell whether `text` has a word or phrase of the shop's list, whatever its case and accents."""
    said = f" {' '.join(word_folding.split(text))} "
    phrases = (" ".join(word_folding.split(phrase)) for phrase in settings.current().held_words)
    return any(f" {phrase} " in said for phrase in phrases if phrase)


def digest(comment: str) -> str:
    """Stand for the words of a comment: SHA-256 in hexadecimal."""
    return sha256(comment.encode()).hexdigest()
