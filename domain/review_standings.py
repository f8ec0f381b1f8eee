"""What was decided about a person's reviews of a product: it holds also after they delete what they wrote."""

import uuid
from collections.abc import Iterable
from hashlib import sha256

from sqlalchemy import select

from domain import clock, settings, words
from models import Review, ReviewStanding, Standing, db, upsert


def of(user_id: uuid.UUID, product_id: uuid.UUID) -> ReviewStanding | None:
    """Find what was decided about what this person says of the product."""
    query = select(ReviewStanding).filter_by(user_id=user_id, product_id=product_id)
    return db.session.scalar(query, execution_options={"populate_existing": True})


def remember(review: Review, standing: Standing, dismissed: Iterable[uuid.UUID] = ()) -> None:
    """Bind the author of `review` to a decision; `dismissed` are those whose reports weren't followed."""
    values = {
        "standing": standing,
        "words": digest(review.comment) if standing == Standing.APPROVED else "",
        "dismissed": sorted(str(user_id) for user_id in dismissed),
        "updated_at": clock.now(),
    }
    row = upsert(ReviewStanding).values(user_id=review.user_id, product_id=review.product_id, **values)
    db.session.execute(row.on_conflict_do_update(index_elements=["user_id", "product_id"], set_=values))


def place(review: Review) -> bool:
    """Decide how `review`, whose words are new, stands; answers whether an admin is to look at it.

    Words that were approved stay approved. After a review of this person was hidden, and with words on the
    shop's list, it is hidden until an admin has looked. What was reported and deleted before is shown, but
    looked at.
    """
    before = of(review.user_id, review.product_id)
    standing = before.standing if before else None
    if before and standing == Standing.APPROVED and before.words == digest(review.comment):
        review.flagged, review.approved = False, True
        return False
    held = standing == Standing.HIDDEN or has_held_words(review.comment)
    review.flagged, review.approved = held, False
    return held or standing == Standing.REPORTED


def was_dismissed(user_id: uuid.UUID, review: Review) -> bool:
    """Tell whether this person reported these very words before, and an admin let them stay."""
    before = of(review.user_id, review.product_id)
    if before is None or before.standing != Standing.APPROVED or before.words != digest(review.comment):
        return False
    return str(user_id) in before.dismissed


def has_held_words(text: str) -> bool:
    """Tell whether `text` has a word or phrase of the shop's list, whatever its case and accents."""
    said = f" {' '.join(words.split(text))} "
    phrases = (" ".join(words.split(phrase)) for phrase in settings.current().held_words)
    return any(f" {phrase} " in said for phrase in phrases if phrase)


def digest(comment: str) -> str:
    """Stand for the words of a comment: SHA-256 in hexadecimal."""
    return sha256(comment.encode()).hexdigest()
