"""The directory of people for admins: lists, search, and what admins may change."""

import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import joinedload

import mail
from domain import Refused
from domain.base import pagination, slugs, sql
from domain.base.pagination import Page
from domain.people import accounts, sessions, suspension
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


def newest(kind: PeopleFilter, after: uuid.UUID | None) -> Page[User]:
    """List people newest first, behind the cursor `after`: ids grow with time."""
    query = _filtered(kind).order_by(User.id.desc()).limit(PAGE_SIZE + 1)
    if after is not None:
        query = query.where(User.id < after)
    return pagination.cut(db.session.scalars(query), PAGE_SIZE, lambda user: user.id)


def search(text: str, kind: PeopleFilter) -> Page[User]:
    """Find people whose address or name begins with `text`, with two index range scans.

    At most FOUND; `after` tells that there are more, which only a longer text leads to.
    """
    address = _as_address(text)
    spelt = {_as_stored(text), _as_stored(text.title()), _as_stored(text.capitalize())}
    lowered = func.lower(User.name)
    by_address = _filtered(kind).where(*_begins(User.email, address)).order_by(User.email).limit(FOUND + 1)
    names = or_(*(_both(_begins(lowered, spelling)) for spelling in sorted(spelt)))
    by_name = _filtered(kind).where(names).order_by(lowered, User.id).limit(FOUND + 1)
    found = {user.id: user for query in (by_address, by_name) for user in db.session.scalars(query)}
    return pagination.cut(found.values(), FOUND, lambda user: user.id)


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


def _both(conditions: tuple[ColumnElement[bool], ColumnElement[bool]]) -> ColumnElement[bool]:
    return conditions[0] & conditions[1]


def _as_address(text: str) -> str:
    """Normalise a whole address as it is stored; lower the case of a part of one."""
    try:
        return accounts.normalise(text)
    except Refused:
        return text.lower()


def _as_stored(text: str) -> str:
    """Lower the case of ASCII letters only, as lower() of the databases does."""
    return "".join(c.lower() if c.isascii() else c for c in text)
