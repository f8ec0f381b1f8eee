"""The directory of people for admins: lists, search, and what admins may change."""

import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import joinedload

import mail
from domain import Refused
from domain.base import pagination, slugs, sql
from domain.base.pagination import Page
from domain.people import accounts, names, sessions, suspension
from domain.platform import audit, consents
from domain.platform.audit_actions import AuditAction
from models import (
    AccessGrant,
    AuditEntry,
    Course,
    CreatorProfile,
    Enrollment,
    MarketingConsent,
    Order,
    Product,
    Role,
    User,
    UserSession,
    db,
)

PAGE_SIZE = 50
FOUND = 50
SHOWN = 20


class PeopleFilter(StrEnum):
    """A filter of the list."""

    ALL = "all"
    LEARNERS = "learner"
    CREATORS = "creator"
    ADMINS = "admin"
    VETTED = "vetted"
    SUSPENDED = "suspended"


class PeopleSort(StrEnum):
    """An order of the list."""

    NEWEST = "newest"
    OLDEST = "oldest"
    NAME = "name"


@dataclass(frozen=True)
class HeldCourse:
    """A course that a person has, the grant that gives it, and their progress in percent."""

    grant: AccessGrant
    course: Course
    percent: int | None


@dataclass(frozen=True)
class PersonDetails:
    """The data of one person's page; each list holds the SHOWN newest."""

    user: User
    profile: CreatorProfile | None
    made: list[Product]
    held: list[HeldCourse]
    orders: list[Order]
    devices: list[UserSession]
    history: list[tuple[AuditEntry, str | None]]
    consent: MarketingConsent | None


def page(kind: PeopleFilter, sort: PeopleSort, after: uuid.UUID | None) -> Page[User]:
    """List people in an order, behind the cursor `after`. Ids grow with time."""
    query = _filtered(kind).limit(PAGE_SIZE + 1)
    if sort == PeopleSort.NAME:
        last = db.session.get(User, after) if after else None
        if last is not None:
            query = query.where(*pagination.beyond(User.name_folded, User.id, (last.name_folded, last.id)))
        query = query.order_by(User.name_folded, User.id)
    else:
        if after is not None:
            query = query.where(User.id < after if sort == PeopleSort.NEWEST else User.id > after)
        query = query.order_by(User.id.desc() if sort == PeopleSort.NEWEST else User.id)
    return pagination.cut(db.session.scalars(query), PAGE_SIZE, lambda user: user.id)


def search(text: str, kind: PeopleFilter) -> Page[User]:
    """Find people whose address, name or surname begins with `text`, with three index range scans.

    At most FOUND; `after` tells that there are more, which only a longer text leads to.
    """
    queries = [
        _filtered(kind).where(*condition).order_by(column, User.id).limit(FOUND + 1)
        for column, condition in _beginnings(text)
    ]
    found = {user.id: user for query in queries for user in db.session.scalars(query)}
    return pagination.cut(found.values(), FOUND, lambda user: user.id)


def ids_of(text: str) -> list[uuid.UUID]:
    """Find the ids of at most FOUND people as `search` does, of closed accounts too."""
    found: dict[uuid.UUID, None] = {}
    for column, condition in _beginnings(text):
        query = select(User.id).where(*condition).order_by(column, User.id).limit(FOUND)
        found |= dict.fromkeys(db.session.scalars(query))
    return list(found)[:FOUND]


def find(user_id: uuid.UUID) -> User | None:
    """Find a person, even one whose account is closed."""
    return db.session.get(User, user_id)


def load_details(user: User) -> PersonDetails:
    """Load the data of one person's page in six queries."""
    made = (
        select(Product)
        .where(Product.creator_id == user.id, Product.deleted_at.is_(None))
        .order_by(Product.id.desc())
    )
    held = (
        select(AccessGrant, Course, Enrollment.progress_percent)
        .join(Course, Course.id == AccessGrant.course_id)
        .outerjoin(
            Enrollment,
            (Enrollment.user_id == AccessGrant.user_id) & (Enrollment.course_id == AccessGrant.course_id),
        )
        .where(AccessGrant.user_id == user.id)
        .order_by(AccessGrant.id.desc())
        .limit(SHOWN)
    )
    orders = select(Order).where(Order.user_id == user.id).order_by(Order.created_at.desc()).limit(SHOWN)
    once = (
        select(CreatorProfile, MarketingConsent)
        .select_from(User)
        .outerjoin(CreatorProfile, CreatorProfile.user_id == User.id)
        .outerjoin(MarketingConsent, MarketingConsent.id == consents.latest_id(User.id))
        .where(User.id == user.id)
    )
    profile, consent = db.session.execute(once).one()
    return PersonDetails(
        user=user,
        profile=profile,
        made=list(db.session.scalars(made.limit(SHOWN))),
        held=[HeldCourse(*row) for row in db.session.execute(held)],
        orders=list(db.session.scalars(orders.options(joinedload(Order.user)))),
        devices=sessions.devices_of(user)[:SHOWN],
        history=audit.history_of("user", user.id, SHOWN),
        consent=consent,
    )


def lock(person: User) -> None:
    """Load `person` in their present state and lock them until the transaction ends.

    The admins are locked first, as by whatever changes them: two who change each other would deadlock.
    """
    suspension.keep_an_admin()
    sql.lock(person)


def change_role(person: User, role: Role, admin: User) -> None:
    """Change the role of `person` and mail them. Idempotent.

    Raises Refused when that would leave the shop without an admin.
    """
    suspension.keep_an_admin(without=person if role != Role.ADMIN else None)
    if person.role == role:
        return
    audit.record(admin, AuditAction.CHANGE_ROLE, person, f"{person.role} → {role}")
    person.role = role
    if role != Role.CREATOR:
        person.vetted = False
    elif db.session.get(CreatorProfile, person.id) is None:
        db.session.add(CreatorProfile(user_id=person.id, slug=slugs.for_creator(person.name)))
    mail.role_changed(person)
    db.session.flush()


def vet(person: User, trusted: bool, admin: User) -> None:
    """Let courses of `person` go on sale without review, or no longer. Idempotent.

    Raises Refused for people who don't teach.
    """
    if person.vetted == trusted:
        return
    if trusted and person.role != Role.CREATOR:
        raise Refused("Only creators can be trusted.")
    person.vetted = trusted
    audit.record(admin, AuditAction.VET_CREATOR if trusted else AuditAction.UNVET_CREATOR, person)
    db.session.flush()


def override_access(person: User, everything: bool, admin: User) -> None:
    """Give `person` access to every course, or no longer, and mail them. Idempotent."""
    if person.access_override == everything:
        return
    person.access_override = everything
    audit.record(
        admin, AuditAction.OPEN_EVERY_COURSE if everything else AuditAction.CLOSE_EVERY_COURSE, person
    )
    if everything:
        mail.access_given(person, None, None)
    db.session.flush()


def _filtered(kind: PeopleFilter) -> Select[User]:
    living = select(User).where(User.deleted_at.is_(None))
    if kind == PeopleFilter.ALL:
        return living
    if kind == PeopleFilter.VETTED:
        return living.where(User.vetted.is_(True))
    if kind == PeopleFilter.SUSPENDED:
        return living.where(User.suspended_at.is_not(None))
    return living.where(User.role == Role(kind.value))


def _begins(column: Any, text: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Build the range of an index, compared bytewise, in which everything has the prefix `text`."""
    return column >= text, column < text + "\U0010ffff"


def _beginnings(text: str) -> list[tuple[Any, tuple[ColumnElement[bool], ColumnElement[bool]]]]:
    """Build a range of an index for each column in which `text` may be the beginning."""
    name = names.folded(text)["name_folded"]
    within = [(User.email, as_address(text)), (User.name_folded, name), (User.surname_folded, name)]
    return [(column, _begins(column, beginning)) for column, beginning in within if beginning]


def as_address(text: str) -> str:
    """Normalise a whole address as it is stored; lower the case of a part of one."""
    try:
        return accounts.normalise(text)
    except Refused:
        return text.lower()
