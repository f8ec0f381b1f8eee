"""A difference between Stripe's books and ours, as a comparison finds it."""

import uuid
from dataclasses import dataclass

from models import FindingKind


@dataclass(frozen=True)
class Difference:
    """A difference in a sentence, and by how much (minor units of `currency`).

    `key` names it from one check to the next; `subject` is what it is about at Stripe. It concerns the
    creators of the order, or the creator.
    """

    key: str
    kind: FindingKind
    sentence: str
    subject: str
    cents: int
    currency: str
    order_id: uuid.UUID | None = None
    creator_id: uuid.UUID | None = None
