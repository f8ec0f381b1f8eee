"""Previews: what a refund would mean, before it is decided."""

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from domain.ledger import entries
from domain.ledger.portions import Portion
from domain.refunds import requesting
from models import Order, User, db


@dataclass(frozen=True)
class LinePreview:
    """A line of a refund: what is paid back, who loses what it gave, and who bears it, in minor units.

    `loses` is the name of whoever holds it, "" while nobody does (a gift that waits); None: nobody loses it,
    because part of its price remains. `creators` are names and what each gives back.
    """

    portion: Portion
    title: str
    is_gift: bool
    loses: str | None
    creators: list[tuple[str, int]]
    fee_cents: int


@dataclass(frozen=True)
class RefundPreview:
    """The lines of a refund, and their sums in minor units of `currency`."""

    currency: str
    lines: list[LinePreview]

    @property
    def total_cents(self) -> int:
        """Sum what goes back to the buyer."""
        return sum(line.portion.gross_cents for line in self.lines)

    @property
    def tax_cents(self) -> int:
        """Sum the tax in it."""
        return sum(line.portion.tax_cents for line in self.lines)

    @property
    def fee_cents(self) -> int:
        """Sum what the shop gives back of its fees."""
        return sum(line.fee_cents for line in self.lines)

    @property
    def creators(self) -> list[tuple[str, int]]:
        """Sum what each creator gives back, by name."""
        sums: dict[str, int] = defaultdict(int)
        for line in self.lines:
            for name, cents in line.creators:
                sums[name] += cents
        return sorted(sums.items())


def of(order: Order, gross: Mapping[uuid.UUID, int]) -> RefundPreview:
    """Compute what `requesting.request` would do. Raises Refused as that does."""
    chosen = requesting.portions_of(order, gross)
    names = _names(chosen)
    return RefundPreview(order.currency, [_line(portion, names) for portion in chosen])


def _line(portion: Portion, names: dict[uuid.UUID, str]) -> LinePreview:
    line = portion.purchase
    back = entries.divide(line, portion.net_cents)
    ends = portion.gross_cents == line.left_cents
    return LinePreview(
        portion=portion,
        title=line.product_snapshot["title"],
        is_gift=line.is_gift,
        loses=(names[line.owner_id] if line.owner_id else "") if ends else None,
        creators=[(names[share.creator_id], cents) for share, cents in back],
        fee_cents=portion.net_cents - sum(cents for _, cents in back),
    )


def _names(chosen: list[Portion]) -> dict[uuid.UUID, str]:
    """Load the names of owners and creators."""
    lines = [portion.purchase for portion in chosen]
    ids = {share.creator_id for line in lines for share in line.shares}
    ids |= {line.owner_id for line in lines if line.owner_id is not None}
    return dict(db.session.execute(select(User.id, User.name).where(User.id.in_(ids))).all())
