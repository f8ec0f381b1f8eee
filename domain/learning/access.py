"""Access control: the one function that decides who may learn what, and the loaders that apply it.

The order of the rule: admins and the creator, people with free access to everything, previews of published
courses, a valid grant that isn't paused, and then what gates the lessons of a course.
"""

import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cache

from sqlalchemy import ColumnElement, Select, Uuid, bindparam, select, update
from sqlalchemy.orm import joinedload, undefer, undefer_group
from werkzeug.exceptions import NotFound

from domain.base import clock, slugs
from domain.catalog import availability, counters
from domain.catalog.availability import Offer
from domain.learning import access_facts, lesson_query, pausing
from models import (
    AccessGrant,
    Course,
    GrantSource,
    Lesson,
    MediaAsset,
    Product,
    User,
    db,
    upsert,
)

# Grants whose reason is a line of an order.
BY_PURCHASE = (GrantSource.PURCHASE, GrantSource.GIFT)


class DenialReason(StrEnum):
    """The reason why a course or lesson is locked; each has its sentence and its link."""

    LOGIN = "login"
    BUY = "buy"
    ENROLL = "enroll"
    DRAFT = "draft"
    UNAVAILABLE = "unavailable"
    EXPIRED = "expired"
    PAUSED = "paused"
    LOCKED_UNTIL = "locked_until"
    FINISH_PREVIOUS = "finish_previous"
    PREREQUISITE = "prerequisite"


@dataclass(frozen=True)
class AccessDecision:
    """An access decision: allowed, or the reason why not.

    `until`: when it opens, or when access expired (aware UTC). `needed` is the lesson or course to complete
    first. `facts` are the facts it was based on.
    """

    allowed: bool
    reason: DenialReason | None = None
    until: datetime | None = None
    needed: Course | Lesson | None = None
    facts: access_facts.AccessFacts | None = field(default=None, compare=False, repr=False)


def decide(user: User | None, course: Course, lesson: Lesson | None = None) -> AccessDecision:
    """Decide whether `user` (None: a visitor) may learn `course`, or open `lesson` of it.

    At most two queries.
    """
    person = user if user is not None and user.is_authenticated else None
    return _decide(course, access_facts.load(person, course, lesson))


def _decide(course: Course, facts: access_facts.AccessFacts) -> AccessDecision:
    decision = decide_by(facts)
    if decision.reason == DenialReason.BUY and course.price_at(clock.now()) == 0:
        decision = AccessDecision(False, DenialReason.ENROLL)
    return replace(decision, needed=_needed(decision, facts), facts=facts)


def decide_by(facts: access_facts.AccessFacts) -> AccessDecision:
    """Apply the access rule to `facts`, without a query; `decide` adds `needed` and looks at the price."""
    if facts.deleted_at is not None and not facts.holds:
        return AccessDecision(False, DenialReason.DRAFT)
    if facts.trusted or facts.opens_preview:
        return AccessDecision(True)
    if facts.stranger:
        return AccessDecision(False, DenialReason.DRAFT if facts.hidden else DenialReason.LOGIN)
    if not facts.holds:
        return _way_in(facts)
    if facts.paused:
        return AccessDecision(False, DenialReason.PAUSED)
    if facts.missing is not None:
        return AccessDecision(False, DenialReason.PREREQUISITE)
    return AccessDecision(True) if facts.gate is None else _pass(facts.gate, facts.since)


def owns(user: User | None, course: Product) -> bool:
    """Tell whether `user` has a valid grant for `course`: neither revoked nor expired."""
    if user is None or not user.is_authenticated:
        return False
    held = select(AccessGrant.id).where(*access_facts.holding(user.id, course.id)).limit(1)
    return db.session.scalar(held) is not None


def has(user: User | None, product: Product) -> bool:
    """Tell whether `product` is `user`'s: a grant is valid that it gave, or a purchase of it."""
    if user is None or not user.is_authenticated:
        return False
    return bool(db.session.scalar(select(access_facts.having(user.id, product.id))))


def offer_to(user: User | None, course: Course, moment: datetime) -> Offer:
    """Choose what `course` offers to `user` (None: a visitor) at `moment`, by what they own and its price."""
    price = course.price_at(moment)
    return availability.offer_to(
        user, course, owned=owns(user, course), price_cents=price, moment=moment
    )  # fmt: skip


def course_for_learner(user: User | None, slug: str) -> tuple[Course, AccessDecision]:
    """Load the course at `slug` (or a former slug), and decide whether `user` may learn it.

    Raises NotFound for an unknown course, and for one whose existence `user` may not know of.
    """
    course = _by_slug(slug)
    decision = decide(user, course)
    if decision.reason == DenialReason.DRAFT:
        raise NotFound
    return course, decision


def lesson_for(
    user: User | None, course_slug: str, lesson_slug: str
) -> tuple[Course, Lesson, AccessDecision]:
    """Load a lesson with everything that its page shows (module, recording, captions, resources), and decide.

    One query for both, and one for captions. Raises NotFound for unknown addresses and for what isn't
    published, unless the reader may see it.
    """
    found = lesson_query.load(user.id if user is not None else None, course_slug, lesson_slug)
    if found is None:
        raise NotFound
    course, lesson, rows = found
    decision = _decide(course, access_facts.about(user, course, rows))
    gate = decision.facts.gate if decision.facts else None
    if not decision.allowed and (decision.reason == DenialReason.DRAFT or (gate and gate.withheld)):
        raise NotFound
    return course, lesson, decision


def course_for_creator(user: User, course_id: uuid.UUID) -> Course:
    """Load a course to edit, with its creator and category: by its creator, or any by an admin.

    Raises NotFound for everybody else, for an unknown id and for a deleted course.
    """
    course = db.session.scalar(_course_to_work_on(), {"course": course_id})
    if course is None or not (user.is_admin or course.creator_id == user.id):
        raise NotFound
    return course


@cache
def _course_to_work_on() -> Select[Course]:
    return (
        select(Course)
        .where(Course.id == bindparam("course", type_=Uuid()), Course.deleted_at.is_(None))
        .options(joinedload(Course.creator), joinedload(Course.category), undefer(Course.draft))
    )


def lesson_for_creator(user: User, course_id: uuid.UUID, lesson_id: uuid.UUID) -> tuple[Course, Lesson]:
    """Load a lesson to edit, with its module, recording and captions; raises NotFound as above."""
    course = course_for_creator(user, course_id)
    query = (
        select(Lesson)
        .where(Lesson.id == lesson_id, Lesson.course_id == course.id)
        .options(
            joinedload(Lesson.module),
            joinedload(Lesson.media).selectinload(MediaAsset.captions),
            joinedload(Lesson.resources),
            undefer_group("drafts"),
        )
    )
    lesson = db.session.scalars(query).unique().one_or_none()
    if lesson is None:
        raise NotFound
    return course, lesson


def grants_of(user: User, course: Product) -> list[AccessGrant]:
    """Load `user`'s valid grants for `course`."""
    return list(db.session.scalars(select(AccessGrant).where(*access_facts.holding(user.id, course.id))))


def grant(
    user_id: uuid.UUID,
    course_id: uuid.UUID,
    source: GrantSource,
    source_id: uuid.UUID,
    expires_at: datetime | None = None,
) -> AccessGrant:
    """Grant access to a course for one reason, for good or until `expires_at`.

    Idempotent: a revoked grant for this reason is restored, a valid one gets the new `expires_at`.
    """
    this = (
        AccessGrant.user_id == user_id,
        AccessGrant.course_id == course_id,
        AccessGrant.source == source,
        AccessGrant.source_id == source_id,
    )
    row = upsert(AccessGrant).values(
        user_id=user_id, course_id=course_id, source=source, source_id=source_id,
        purchase_id=source_id if source in BY_PURCHASE else None, granted_at=clock.now(),
        expires_at=expires_at,
    )  # fmt: skip
    if db.session.scalar(row.on_conflict_do_nothing().returning(AccessGrant.id)) is None:
        db.session.execute(update(AccessGrant).where(*this).values(expires_at=expires_at, revoked_at=None))
    counters.recount_holders(course_id)
    return db.session.scalars(
        select(AccessGrant).where(*this), execution_options={"populate_existing": True}
    ).one()


def revoke(purchase_id: uuid.UUID) -> None:
    """Revoke the grants of a purchase; the enrolment is cancelled unless another grant is valid."""
    _revoke(AccessGrant.purchase_id == purchase_id)


def revoke_grant(given: AccessGrant) -> None:
    """Revoke one grant; the enrolment is cancelled unless another grant is valid."""
    _revoke(AccessGrant.id == given.id)


def _revoke(which: ColumnElement[bool]) -> None:
    rows = db.session.execute(
        update(AccessGrant)
        .where(which, AccessGrant.revoked_at.is_(None))
        .values(revoked_at=clock.now())
        .returning(AccessGrant.user_id, AccessGrant.course_id)
    ).all()
    for user_id, course_id in sorted(map(tuple, rows)):
        counters.recount_holders(course_id)
        pausing.follow_grants(user_id, course_id)


def _by_slug(slug: str) -> Course:
    course = db.session.scalar(select(Course).where(Course.id == slugs.product_id_at(slug)))
    if course is None:
        raise NotFound
    return course


def _needed(decision: AccessDecision, facts: access_facts.AccessFacts) -> Course | Lesson | None:
    if decision.reason == DenialReason.PREREQUISITE:
        return db.session.get(Course, facts.missing)
    if decision.reason == DenialReason.FINISH_PREVIOUS and facts.gate is not None:
        return db.session.get(Lesson, facts.gate.unfinished)
    return None


def _way_in(facts: access_facts.AccessFacts) -> AccessDecision:
    """Decide for somebody without a valid grant: the reason tells them what they can do."""
    if facts.hidden:
        return AccessDecision(False, DenialReason.DRAFT)
    now = clock.now()
    if availability.awaits_update(facts, now):
        return AccessDecision(False, DenialReason.EXPIRED)
    if not availability.is_available(facts, now):
        return AccessDecision(False, DenialReason.UNAVAILABLE)
    if facts.ran_out is not None:
        return AccessDecision(False, DenialReason.EXPIRED, until=facts.ran_out)
    return AccessDecision(False, DenialReason.BUY)


def _pass(gate: access_facts.LessonGate, since: datetime | None) -> AccessDecision:
    """Decide whether an owner may open one lesson. A lesson that was completed once stays open."""
    if gate.withheld:
        return AccessDecision(False, DenialReason.DRAFT)
    if gate.completed:
        return AccessDecision(True)
    opens = access_facts.opens_at(since, gate.unlock_after_days)
    if opens is not None and opens > clock.now():
        return AccessDecision(False, DenialReason.LOCKED_UNTIL, until=opens)
    return (
        AccessDecision(True)
        if gate.unfinished is None
        else AccessDecision(False, DenialReason.FINISH_PREVIOUS)
    )
