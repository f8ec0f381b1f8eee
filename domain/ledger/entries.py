"""Entries of the creators' ledger: what a sale earns, and what refunds and disputes take back of it.

Every verb is idempotent by the keys of its entries, which are never changed: what was booked wrongly is
booked once more, the other way round. Callers have locked the order.
"""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from domain import Refused
from domain.base.money import apportion
from models import Earning, Purchase, PurchaseShare, User, db


class ShareBack(NamedTuple):
    """The part of a share that its creator gives back, in minor units."""

    share: PurchaseShare
    cents: int


def credit(purchase: Purchase, at: datetime, window: timedelta) -> None:
    """Book what each share earns its creator, due after `window`; a free share earns nothing."""
    for share in purchase.shares:
        if share.creator_amount_cents:
            _book(
                share, f"sale:{share.id.hex}", share.creator_amount_cents, purchase.currency, at, at + window
            )


def divide(purchase: Purchase, net_cents: int) -> list[ShareBack]:
    """Compute what the creators give back when `net_cents` of `purchase` goes back, nothing written.

    It is divided in proportion to what is left: of each creator's amount, and of the platform's fee, which
    bears the rest (largest remainder). So the last refund takes exactly what remains. The purchase still
    holds `net_cents`.
    """
    left = _left(purchase)
    held = [left[share.id] for share in purchase.shares]
    net_left = purchase.left_cents - purchase.tax_left_cents
    *parts, _fee = apportion(net_cents, [*held, net_left - sum(held)])
    return [ShareBack(share, cents) for share, cents in zip(purchase.shares, parts, strict=True) if cents]


def take_back(purchase: Purchase, net_cents: int, cause: str, at: datetime) -> None:
    """Book what the creators give back of `net_cents` as `<cause>:<share>`, due with the sale or now.

    Called before the purchase counts the amount as gone.
    """
    if _of_cause(purchase, cause):
        return
    due = _due(purchase)
    for share, cents in divide(purchase, net_cents):
        _book(share, f"{cause}:{share.id.hex}", -cents, purchase.currency, at, max(at, due.get(share.id, at)))


def give_back(purchase: Purchase, cause: str, back: str, at: datetime) -> None:
    """Book the opposite of the entries of `cause` as `<back>:<share>`, due when those are."""
    if _of_cause(purchase, back):
        return
    shares = {share.id: share for share in purchase.shares}
    for entry in _of_cause(purchase, cause):
        share = shares[entry.share_id]  # type: ignore[index]
        _book(
            share, f"{back}:{share.id.hex}", -entry.amount_cents, entry.currency, at,
            max(at, entry.available_at),
        )  # fmt: skip


def return_part(
    purchase: Purchase, causes: Sequence[str], net_cents: int, of_cents: int, back: str, at: datetime
) -> None:
    """Book what the creators get again of `net_cents` as `<back>:<share>`, in proportion to what they gave.

    `of_cents` is what the entries of `causes` still stand for, net; all of it gives back exactly those.
    """
    if _of_cause(purchase, back):
        return
    given: dict[uuid.UUID | None, int] = defaultdict(int)
    due = _due(purchase)
    for cause in causes:
        for entry in _of_cause(purchase, cause):
            given[entry.share_id] -= entry.amount_cents
    held = [given[share.id] for share in purchase.shares]
    *parts, _fee = apportion(net_cents, [*held, of_cents - sum(held)])
    for share, cents in zip(purchase.shares, parts, strict=True):
        if cents:
            _book(
                share, f"{back}:{share.id.hex}", cents, purchase.currency, at, max(at, due.get(share.id, at))
            )


def adjust(creator: User, cents: int, currency: str, note: str, at: datetime) -> Earning:
    """Book `cents` (negative: a debit) for a creator, because of `note`. Raises Refused without a reason."""
    if not cents or not note.strip():
        raise Refused("Say how much, and why.")
    id = uuid7()
    entry = Earning(
        id=id, creator_id=creator.id, share_id=None, key=f"adjust:{id.hex}", amount_cents=cents,
        currency=currency, available_at=at, created_at=at, note=note.strip(),
    )  # fmt: skip
    db.session.add(entry)
    db.session.flush()
    return entry


def _book(
    share: PurchaseShare, key: str, cents: int, currency: str, at: datetime, due: datetime
) -> None:  # fmt: skip
    db.session.add(
        Earning(
            creator_id=share.creator_id, share_id=share.id, key=key, amount_cents=cents, currency=currency,
            available_at=due, created_at=at,
        )
    )  # fmt: skip
    db.session.flush()


def _left(purchase: Purchase) -> dict[uuid.UUID, int]:
    """Sum what each share still earns its creator."""
    ids = [share.id for share in purchase.shares]
    query = (
        select(Earning.share_id, func.sum(Earning.amount_cents))
        .where(Earning.share_id.in_(ids))
        .group_by(Earning.share_id)
    )
    sums: dict[uuid.UUID | None, int] = dict(db.session.execute(query).all())
    return {share_id: int(sums.get(share_id) or 0) for share_id in ids}


def _due(purchase: Purchase) -> dict[uuid.UUID, datetime]:
    """Find when the sale of each share is due."""
    keys = [f"sale:{share.id.hex}" for share in purchase.shares]
    query = select(Earning.share_id, Earning.available_at).where(Earning.key.in_(keys))
    return {share_id: due for share_id, due in db.session.execute(query) if share_id is not None}


def _of_cause(purchase: Purchase, cause: str) -> list[Earning]:
    """Load the entries that `cause` has for the shares of `purchase`."""
    keys = [f"{cause}:{share.id.hex}" for share in purchase.shares]
    return list(db.session.scalars(select(Earning).where(Earning.key.in_(keys)).order_by(Earning.key)))
