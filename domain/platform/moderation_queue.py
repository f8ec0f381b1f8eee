"""The queue of what waits for an admin: put there by whoever asks, decided by one admin at a time.

Whoever looks at something claims it, for CLAIM: another admin is told so instead of deciding the same thing,
and may take it over. What was decided stays as history.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Uuid, and_, bindparam, func, or_, select, tuple_, update
from sqlalchemy.orm import aliased
from werkzeug.exceptions import NotFound

from domain import Refused
from domain.base import clock, pagination
from domain.platform import audit
from models import ModerationItem, ModerationKind, User, Verdict, db, upsert

CLAIM = timedelta(minutes=15)
PAGE_SIZE = 30
OF_REVIEWS = (ModerationKind.REVIEW, ModerationKind.REPLY)
OF_COURSES = (ModerationKind.COURSE, ModerationKind.UPDATE, ModerationKind.REPORT)
COUNTED = 1000  # more than this is said to be more, not counted


class Claimed(Refused):
    """Somebody else has it: `by` is their name, `until` when their claim runs out."""

    def __init__(self, by: str, until: datetime) -> None:
        super().__init__(f"{by} is looking at this at the moment. You can take it over.")
        self.by, self.until = by, until


class Row(NamedTuple):
    """A line of the queue: the item, whose it is, who has claimed it (None: nobody) or decided it."""

    item: ModerationItem
    creator: str | None
    admin: str | None


@dataclass(frozen=True)
class Page:
    """Some lines and the id of the last when there are more."""

    rows: list[Row]
    after: uuid.UUID | None


def put(
    kind: ModerationKind, subject_id: uuid.UUID, title: str, creator_id: uuid.UUID | None
) -> ModerationItem:
    """Let the subject wait for an admin; one that waits already goes on waiting since then.

    `creator_id` is whose it is: the creator of the course or the answer, the review's author, the applicant.
    """
    row = upsert(ModerationItem).values(
        kind=kind, subject_id=subject_id, title=title[:200], creator_id=creator_id
    )
    db.session.execute(row.on_conflict_do_nothing())
    return db.session.scalars(_waiting(kind, subject_id)).one()


def waiting(kind: ModerationKind, subject_id: uuid.UUID) -> ModerationItem | None:
    """The open item of the subject, if it waits."""
    return db.session.scalars(_waiting(kind, subject_id)).one_or_none()


def withdraw(kind: ModerationKind, subject_id: uuid.UUID) -> None:
    """Take what nobody asks for any longer out of the queue."""
    db.session.execute(
        update(ModerationItem)
        .where(
            ModerationItem.kind == kind,
            ModerationItem.subject_id == subject_id,
            ModerationItem.closed_at.is_(None),
        )
        .values(
            verdict=Verdict.WITHDRAWN,
            closed_at=clock.now(),
            claimed_by=None,
            claimed_until=None,
            decision=None,
            effective_at=None,
            jotted=None,
        )
    )


def queue(kind: ModerationKind | None, after: uuid.UUID | None) -> Page:
    """What waits, oldest first: a page of it, from behind the item `after` on. At most two queries."""
    creator, admin = aliased(User), aliased(User)
    held = and_(admin.id == ModerationItem.claimed_by, ModerationItem.claimed_until > clock.now())
    query = (
        select(ModerationItem, creator.name, admin.name)
        .outerjoin(creator, creator.id == ModerationItem.creator_id)
        .outerjoin(admin, held)
        .where(_open(None))
        .order_by(ModerationItem.created_at, ModerationItem.id)
    )
    behind = db.session.get(ModerationItem, after) if after else None
    if behind is not None:
        query = query.where(_behind(behind))
    return _page(query, kind)


def history(kind: ModerationKind | None, before: uuid.UUID | None) -> Page:
    """What was decided, latest first: a page of it, from behind the item `before` on. At most two queries."""
    creator, admin = aliased(User), aliased(User)
    query = (
        select(ModerationItem, creator.name, admin.name)
        .outerjoin(creator, creator.id == ModerationItem.creator_id)
        .outerjoin(admin, admin.id == ModerationItem.closed_by)
        .where(ModerationItem.closed_at.is_not(None))
        .order_by(ModerationItem.closed_at.desc(), ModerationItem.id.desc())
    )
    last = db.session.get(ModerationItem, before) if before else None
    if last is not None and last.closed_at is not None:
        place = ModerationItem.closed_at, ModerationItem.id
        query = query.where(*pagination.behind(*place, (last.closed_at, last.id)))
    return _page(query, kind)


def counts() -> dict[ModerationKind, int]:
    """How many of each kind wait, in one query; COUNTED + 1 stands for more than COUNTED."""
    counted = []
    for kind in ModerationKind:
        some = select(ModerationItem.id).where(_open(kind)).limit(COUNTED + 1).subquery()
        counted.append(select(func.count()).select_from(some).scalar_subquery())
    return dict(zip(ModerationKind, db.session.execute(select(*counted)).one(), strict=True))


def of_subject(subject_id: uuid.UUID) -> list[Row]:
    """What was asked and decided about one subject, latest first."""
    rows = db.session.execute(_OF_SUBJECT, {"subject": subject_id, "most": PAGE_SIZE})
    return [Row(item, None, name) for item, name in rows]


def past_of(item: ModerationItem) -> list[Row]:
    """Read what was asked and decided before about what `item` is about, latest first.

    A person may delete a review, begin a course anew or apply again, so that the subject has another id: for
    these it is what was decided about the same person (and a review of the same course, or a course of the
    same name).
    """
    if item.kind in OF_REVIEWS and item.creator_id is not None:
        which = _of_same_name(item, (item.kind,))
    elif item.kind in OF_COURSES and not item.is_profile and item.creator_id is not None:
        which = _of_same_name(item, OF_COURSES)
    elif item.kind == ModerationKind.APPLICATION and item.creator_id is not None:
        which = and_(
            ModerationItem.kind == ModerationKind.APPLICATION, ModerationItem.creator_id == item.creator_id
        )
    else:
        return [row for row in of_subject(item.subject_id) if row.item.id != item.id]
    query = (
        select(ModerationItem, User.name)
        .outerjoin(User, User.id == ModerationItem.closed_by)
        .where(which, ModerationItem.id != item.id)
        .order_by(ModerationItem.created_at.desc(), ModerationItem.id.desc())
        .limit(PAGE_SIZE)
    )
    return [Row(row, None, name) for row, name in db.session.execute(query)]


def find(item_id: uuid.UUID) -> ModerationItem:
    """One item, waiting or decided; raises NotFound."""
    item = db.session.get(ModerationItem, item_id)
    if item is None:
        raise NotFound
    return item


def claim(item: ModerationItem, admin: User, takeover: bool = False) -> None:
    """Let `admin` have `item` from now for CLAIM; another's claim only with `takeover`.

    Raises Claimed when somebody else has it, Refused when it was decided meanwhile.
    """
    hold(item, admin, takeover)
    if takeover and _holder(item, admin) is not None:
        audit.record(admin, "take_over", item, item.title)
    item.claimed_by, item.claimed_until = admin.id, clock.now() + CLAIM
    db.session.flush()


def is_claimed(item: ModerationItem) -> bool:
    """Whether somebody has it and their claim still holds."""
    return item.claimed_by is not None and item.claimed_until is not None and item.claimed_until > clock.now()


def release(item: ModerationItem, admin: User) -> None:
    """Let others have what `admin` had claimed."""
    mine = (ModerationItem.id == item.id, ModerationItem.claimed_by == admin.id)
    db.session.execute(update(ModerationItem).where(*mine).values(claimed_by=None, claimed_until=None))


def jot(item: ModerationItem, admin: User, notes: str) -> None:
    """Keep what `admin` noted about an open item, for when they come back to it; "" forgets it.

    `at` is the moment in milliseconds since 1970, by which a browser knows what it holds that is newer.
    """
    lock(item)
    if item.closed_at is not None or notes == jotted(item, admin)[0]:
        return
    kept = {by: note for by, note in (item.jotted or {}).items() if by != str(admin.id)}
    if notes:
        kept[str(admin.id)] = {"notes": notes, "at": int(clock.now().timestamp() * 1000)}
    item.jotted = kept or None
    db.session.flush()


def jotted(item: ModerationItem, admin: User) -> tuple[str, int]:
    """What `admin` noted about `item` before, and when; "" and 0 for nothing."""
    found = (item.jotted or {}).get(str(admin.id))
    return (found["notes"], found["at"]) if found else ("", 0)


def claim_next(
    admin: User, kind: ModerationKind | None, behind: ModerationItem | None = None
) -> uuid.UUID | None:
    """Claim for `admin` the oldest that nobody else has, of `kind` if named; answers its id.

    With `behind` the search begins after that item and comes round to the beginning.
    """
    if behind is not None and (found := _claim_first(admin, kind, _behind(behind))) is not None:
        return found
    others = ModerationItem.id != behind.id if behind is not None else ModerationItem.id.is_not(None)
    return _claim_first(admin, kind, others)


def hold(item: ModerationItem, admin: User, takeover: bool = False) -> None:
    """Read `item` as it is now and keep it so for this transaction, in which `admin` decides it.

    Raises Claimed when somebody else has it (unless `takeover`), Refused when it was decided before.
    """
    lock(item)
    if item.closed_at is not None or item.decision is not None:
        raise Refused("This was decided already.")
    holder = _holder(item, admin)
    if holder is not None and item.claimed_until is not None and not takeover:
        raise Claimed(holder, item.claimed_until)


def lock(item: ModerationItem) -> None:
    """Read `item` as it is now and keep it so for this transaction."""
    query = select(ModerationItem).where(ModerationItem.id == item.id).with_for_update(key_share=True)
    db.session.scalars(query, execution_options={"populate_existing": True}).one()


def close(item: ModerationItem, admin: User, verdict: Verdict, reason: str = "", notes: str = "") -> None:
    """Take `item` out of the queue with what was decided."""
    item.verdict, item.reason, item.notes = verdict, reason, notes
    item.closed_by, item.closed_at = admin.id, clock.now()
    item.claimed_by = item.claimed_until = item.jotted = None
    db.session.flush()


def _holder(item: ModerationItem, admin: User) -> str | None:
    """The name of somebody else whose claim holds."""
    if item.claimed_by == admin.id or not is_claimed(item):
        return None
    return db.session.scalar(select(User.name).where(User.id == item.claimed_by))


def _claim_first(admin: User, kind: ModerationKind | None, place: ColumnElement[bool]) -> uuid.UUID | None:
    now = clock.now()
    free = or_(
        ModerationItem.claimed_by.is_(None),
        ModerationItem.claimed_until <= now,
        ModerationItem.claimed_by == admin.id,
    )
    first = (
        select(ModerationItem.id)
        .where(_open(kind), free, place)
        .order_by(ModerationItem.created_at, ModerationItem.id)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )
    found = db.session.scalar(first)
    if found is not None:
        values = {"claimed_by": admin.id, "claimed_until": now + CLAIM}
        db.session.execute(update(ModerationItem).where(ModerationItem.id == found).values(values))
    return found


def _page(query: Select[*tuple[Any, ...]], kind: ModerationKind | None) -> Page:
    if kind is not None:
        query = query.where(ModerationItem.kind == kind)
    rows = [Row(*row) for row in db.session.execute(query.limit(PAGE_SIZE + 1))]
    more = len(rows) > PAGE_SIZE
    rows = rows[:PAGE_SIZE]
    return Page(rows, rows[-1].item.id if more else None)


def _behind(item: ModerationItem) -> ColumnElement[bool]:
    return and_(
        ModerationItem.created_at >= item.created_at,
        tuple_(ModerationItem.created_at, ModerationItem.id) > tuple_(item.created_at, item.id),
    )


def _of_same_name(item: ModerationItem, kinds: Collection[ModerationKind]) -> ColumnElement[bool]:
    """The same, or what is the same person's and of the same title: a course is known by it to the queue."""
    return or_(
        ModerationItem.subject_id == item.subject_id,
        and_(
            ModerationItem.kind.in_(kinds),
            ModerationItem.creator_id == item.creator_id,
            ModerationItem.title == item.title,
        ),
    )


def _open(kind: ModerationKind | None) -> ColumnElement[bool]:
    """Waits for an admin: neither closed nor decided and about to be carried out."""
    waits = ModerationItem.closed_at.is_(None) & ModerationItem.effective_at.is_(None)
    return waits if kind is None else and_(waits, ModerationItem.kind == kind)


def _waiting(kind: ModerationKind, subject_id: uuid.UUID) -> Select[ModerationItem]:
    """The one open item of the subject, also while a decision about it can be taken back."""
    of_it = (ModerationItem.kind == kind, ModerationItem.subject_id == subject_id)
    return select(ModerationItem).where(*of_it, ModerationItem.closed_at.is_(None))


_OF_SUBJECT = (
    select(ModerationItem, User.name)
    .outerjoin(User, User.id == ModerationItem.closed_by)
    .where(ModerationItem.subject_id == bindparam("subject", type_=Uuid()))
    .order_by(ModerationItem.created_at.desc(), ModerationItem.id.desc())
    .limit(bindparam("most"))
)
