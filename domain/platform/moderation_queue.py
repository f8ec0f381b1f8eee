"""The moderation queue: items that wait for an admin, each claimed by one admin at a time.

Opening an item claims it for CLAIM (a lease): another admin is told so instead of deciding the same thing,
and may take it over. Decided items stay as history.
"""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Uuid, and_, bindparam, func, or_, select, tuple_, update
from sqlalchemy.orm import aliased
from werkzeug.exceptions import NotFound

from domain import Refused
from domain.base import clock, pagination, sql
from domain.base.pagination import Page
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import ModerationItem, ModerationKind, User, Verdict, db, upsert

CLAIM = timedelta(minutes=15)
PAGE_SIZE = 30
OF_REVIEWS = (ModerationKind.REVIEW, ModerationKind.REPLY)
OF_COURSES = (ModerationKind.COURSE, ModerationKind.UPDATE, ModerationKind.REPORT)
OF_PEOPLE = (ModerationKind.APPLICATION, ModerationKind.REFUND)
COUNTED = 1000  # more are shown as “more than”, not counted


class ClaimedByOther(Refused):
    """The item is claimed by another admin: `by` is their name, `until` the end of their lease."""

    def __init__(self, by: str, until: datetime) -> None:
        super().__init__(f"{by} is reviewing this right now. You can take over.")
        self.by, self.until = by, until


class QueueRow(NamedTuple):
    """A line of the queue: the item, its owner's name, and the admin who claimed or decided it (or None)."""

    item: ModerationItem
    creator: str | None
    admin: str | None


def enqueue(
    kind: ModerationKind, subject_id: uuid.UUID, title: str, creator_id: uuid.UUID | None
) -> ModerationItem:
    """Queue a subject; idempotent: one that waits already keeps its place.

    `creator_id` is the owner: the creator of the course or the answer, the review's author, the
    applicant, or the buyer who asks for a refund.
    """
    row = upsert(ModerationItem).values(
        kind=kind, subject_id=subject_id, title=title[:200], creator_id=creator_id
    )
    db.session.execute(row.on_conflict_do_nothing())
    return db.session.scalars(_waiting(kind, subject_id)).one()


def waiting(kind: ModerationKind, subject_id: uuid.UUID) -> ModerationItem | None:
    """Find the open item of a subject."""
    return db.session.scalars(_waiting(kind, subject_id)).one_or_none()


def withdraw(kind: ModerationKind, subject_id: uuid.UUID) -> None:
    """Close the open item of a subject as withdrawn; does nothing without one."""
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


def queue(kind: ModerationKind | None, after: uuid.UUID | None) -> Page[QueueRow]:
    """Load a page of waiting items, oldest first, behind the item `after`. Two queries at most."""
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


def history(kind: ModerationKind | None, before: uuid.UUID | None) -> Page[QueueRow]:
    """Load a page of decided items, latest first, behind the item `before`. Two queries at most."""
    creator, admin = aliased(User), aliased(User)
    query = (
        select(ModerationItem, creator.name, admin.name)
        .outerjoin(creator, creator.id == ModerationItem.creator_id)
        .outerjoin(admin, admin.id == ModerationItem.closed_by)
        .where(ModerationItem.closed_at.is_not(None))
    )
    last = db.session.get(ModerationItem, before) if before else None
    place = (last.closed_at, last.id) if last is not None and last.closed_at is not None else None
    return _page(pagination.newest_first(query, ModerationItem.closed_at, ModerationItem.id, place), kind)


def counts() -> dict[ModerationKind, int]:
    """Count the waiting items of each kind in one query, up to COUNTED + 1."""
    counted = []
    for kind in ModerationKind:
        some = select(ModerationItem.id).where(_open(kind)).limit(COUNTED + 1).subquery()
        counted.append(select(func.count()).select_from(some).scalar_subquery())
    return dict(zip(ModerationKind, db.session.execute(select(*counted)).one(), strict=True))


def subject_history(subject_id: uuid.UUID) -> list[QueueRow]:
    """List the items about one subject, latest first."""
    rows = db.session.execute(_OF_SUBJECT, {"subject": subject_id, "most": PAGE_SIZE})
    return [QueueRow(item, None, name) for item, name in rows]


def past_of(item: ModerationItem) -> list[QueueRow]:
    """List the earlier items about the subject of `item`, latest first.

    A deleted and rewritten review, a course begun anew or another application has a new id: for these it is
    what was decided about the same person (and a review of the same course, or a course of the same name).
    """
    if item.kind in OF_REVIEWS and item.creator_id is not None:
        which = _of_same_name(item, (item.kind,))
    elif item.kind in OF_COURSES and not item.is_profile and item.creator_id is not None:
        which = _of_same_name(item, OF_COURSES)
    elif item.kind in OF_PEOPLE and item.creator_id is not None:
        which = and_(ModerationItem.kind == item.kind, ModerationItem.creator_id == item.creator_id)
    else:
        return [row for row in subject_history(item.subject_id) if row.item.id != item.id]
    query = (
        select(ModerationItem, User.name)
        .outerjoin(User, User.id == ModerationItem.closed_by)
        .where(which, ModerationItem.id != item.id)
        .order_by(ModerationItem.created_at.desc(), ModerationItem.id.desc())
        .limit(PAGE_SIZE)
    )
    return [QueueRow(row, None, name) for row, name in db.session.execute(query)]


def find(item_id: uuid.UUID) -> ModerationItem:
    """Find an item, open or closed; raises NotFound."""
    item = db.session.get(ModerationItem, item_id)
    if item is None:
        raise NotFound
    return item


def claim(item: ModerationItem, admin: User, takeover: bool = False) -> None:
    """Claim `item` for `admin` for CLAIM; another's claim only with `takeover`.

    Raises ClaimedByOther when another admin has it, Refused when it was decided meanwhile.
    """
    lock_claimed(item, admin, takeover)
    if takeover and _holder(item, admin) is not None:
        audit.record(admin, AuditAction.TAKE_OVER_CLAIM, item, item.title)
    item.claimed_by, item.claimed_until = admin.id, clock.now() + CLAIM
    db.session.flush()


def is_claimed(item: ModerationItem) -> bool:
    """Tell if somebody's claim on the item is still valid."""
    return item.claimed_by is not None and item.claimed_until is not None and item.claimed_until > clock.now()


def release_claim(item: ModerationItem, admin: User) -> None:
    """Release `admin`'s claim."""
    mine = (ModerationItem.id == item.id, ModerationItem.claimed_by == admin.id)
    db.session.execute(update(ModerationItem).where(*mine).values(claimed_by=None, claimed_until=None))


def save_notes(item: ModerationItem, admin: User, notes: str) -> None:
    """Autosave an admin's notes on an open item; "" deletes them.

    `at` is in milliseconds since 1970: the browser compares it with its own copy, which may be newer.
    """
    lock(item)
    if item.closed_at is not None or notes == saved_notes(item, admin)[0]:
        return
    kept = {by: note for by, note in (item.jotted or {}).items() if by != str(admin.id)}
    if notes:
        kept[str(admin.id)] = {"notes": notes, "at": int(clock.now().timestamp() * 1000)}
    item.jotted = kept or None
    db.session.flush()


def saved_notes(item: ModerationItem, admin: User) -> tuple[str, int]:
    """Read an admin's autosaved notes and their time; "" and 0 without any."""
    found = (item.jotted or {}).get(str(admin.id))
    return (found["notes"], found["at"]) if found else ("", 0)


def claim_next(
    admin: User, kind: ModerationKind | None, behind: ModerationItem | None = None
) -> uuid.UUID | None:
    """Claim for `admin` the oldest item free, of `kind` if given; answers its id.

    With `behind` the search begins after that item and wraps around. Skips rows that other transactions have
    locked.
    """
    if behind is not None and (found := _claim_first(admin, kind, _behind(behind))) is not None:
        return found
    others = ModerationItem.id != behind.id if behind is not None else ModerationItem.id.is_not(None)
    return _claim_first(admin, kind, others)


def lock_claimed(item: ModerationItem, admin: User, takeover: bool = False) -> None:
    """Lock `item` until the transaction ends, for `admin` to decide it.

    Raises ClaimedByOther when another admin has it (unless `takeover`), Refused when it was decided before.
    """
    lock(item)
    check_claim(item, admin, takeover)


def check_claim(item: ModerationItem, admin: User, takeover: bool = False) -> None:
    """Raise what `lock_claimed` raises, by the row as it was loaded, without a lock."""
    if item.closed_at is not None or item.decision is not None:
        raise Refused("This has already been decided.")
    holder = _holder(item, admin)
    if holder is not None and item.claimed_until is not None and not takeover:
        raise ClaimedByOther(holder, item.claimed_until)


def lock(item: ModerationItem) -> None:
    """Lock the row of `item` until the transaction ends and reload it."""
    sql.lock(item)


def close(item: ModerationItem, admin: User, verdict: Verdict, reason: str = "", notes: str = "") -> None:
    """Close `item` with a verdict."""
    item.verdict, item.reason, item.notes = verdict, reason, notes
    item.closed_by, item.closed_at = admin.id, clock.now()
    item.claimed_by = item.claimed_until = item.jotted = None
    db.session.flush()


def _holder(item: ModerationItem, admin: User) -> str | None:
    """Find the name of another admin whose claim is valid."""
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


def _page(query: Select[*tuple[Any, ...]], kind: ModerationKind | None) -> Page[QueueRow]:
    if kind is not None:
        query = query.where(ModerationItem.kind == kind)
    rows = (QueueRow(*row) for row in db.session.execute(query.limit(PAGE_SIZE + 1)))
    return pagination.cut(rows, PAGE_SIZE, lambda row: row.item.id)


def _behind(item: ModerationItem) -> ColumnElement[bool]:
    return and_(
        ModerationItem.created_at >= item.created_at,
        tuple_(ModerationItem.created_at, ModerationItem.id) > tuple_(item.created_at, item.id),
    )


def _of_same_name(item: ModerationItem, kinds: Collection[ModerationKind]) -> ColumnElement[bool]:
    """Match the same subject, or one of the same person with the same title."""
    return or_(
        ModerationItem.subject_id == item.subject_id,
        and_(
            ModerationItem.kind.in_(kinds),
            ModerationItem.creator_id == item.creator_id,
            ModerationItem.title == item.title,
        ),
    )


def _open(kind: ModerationKind | None) -> ColumnElement[bool]:
    """Match items that wait for an admin: neither closed nor decided with the decision still revocable."""
    waits = ModerationItem.closed_at.is_(None) & ModerationItem.effective_at.is_(None)
    return waits if kind is None else and_(waits, ModerationItem.kind == kind)


def _waiting(kind: ModerationKind, subject_id: uuid.UUID) -> Select[ModerationItem]:
    """Select the open item of a subject, even while a decision about it can be taken back."""
    of_it = (ModerationItem.kind == kind, ModerationItem.subject_id == subject_id)
    return select(ModerationItem).where(*of_it, ModerationItem.closed_at.is_(None))


_OF_SUBJECT = (
    select(ModerationItem, User.name)
    .outerjoin(User, User.id == ModerationItem.closed_by)
    .where(ModerationItem.subject_id == bindparam("subject", type_=Uuid()))
    .order_by(ModerationItem.created_at.desc(), ModerationItem.id.desc())
    .limit(bindparam("most"))
)
