"""How a course comes on sale, stays fresh and is changed while people learn it.

A course that was ever published is live: learners may hold it. What a creator who isn't vetted adds to or
changes on the page and in the lessons of a live course stays in drafts until an admin approves the update;
everybody else's changes show at once.

Statuses change in `move` alone, along TRANSITIONS. Beyond the plain way to the shelf and off it, what waits
for a review can be taken back to where it was.
"""

from datetime import datetime, timedelta

from sqlalchemy import inspect, or_, select
from werkzeug.exceptions import NotFound

from domain import Refused
from domain.base import clock
from domain.catalog.index import search
from domain.platform import audit, moderation_queue, settings
from models import (
    CodeArchive,
    Course,
    Lesson,
    MediaAsset,
    ModerationKind,
    Module,
    Product,
    ProductStatus,
    ProposedCaption,
    Resource,
    UpdateState,
    User,
    db,
)

FRESH_FOR_MONTHS = 6

DRAFT, PENDING_REVIEW, PUBLISHED, REJECTED, EXPIRED, ARCHIVED = ProductStatus
TRANSITIONS: dict[ProductStatus, tuple[ProductStatus, ...]] = {
    DRAFT: (PENDING_REVIEW,),
    PENDING_REVIEW: (PUBLISHED, REJECTED, DRAFT, EXPIRED, ARCHIVED),
    PUBLISHED: (EXPIRED, ARCHIVED),
    REJECTED: (PENDING_REVIEW,),
    EXPIRED: (PENDING_REVIEW,),
    ARCHIVED: (PENDING_REVIEW,),
}
NAMES = {
    DRAFT: "a draft",
    PENDING_REVIEW: "in review",
    PUBLISHED: "published",
    REJECTED: "sent back",
    EXPIRED: "expired",
    ARCHIVED: "archived",
}
_VERBS = {
    PENDING_REVIEW: "submit",
    PUBLISHED: "publish",
    REJECTED: "reject",
    EXPIRED: "expire",
    ARCHIVED: "archive",
}


def is_live(course: Course) -> bool:
    """Whether learners may hold it: it was published at some time."""
    return course.published_at is not None


def publishes_directly(course: Course, actor: User) -> bool:
    """Whether what `actor` does needs no approval: admins, vetted creators, a shop that asks for none."""
    return actor.is_admin or actor.vetted or not settings.current().require_review


def waits(course: Course, actor: User) -> bool:
    """Whether changes by `actor` to the page and the lessons of `course` wait for approval as drafts."""
    return is_live(course) and not publishes_directly(course, actor)


def move(course: Course, to: ProductStatus, actor: User | None, note: str = "") -> None:
    """Give `course` the status `to`, with an entry in the audit log; `actor` None is the system.

    What depends on the status follows: when it was published and runs out, whether it is found, the stamp
    that the catalogue watches, and an update that waited while it was archived. Refused where TRANSITIONS
    has no such way from where the course stands now, and where `to` isn't for this actor to decide.
    """
    hold(course)
    before = course.status
    if to not in TRANSITIONS[before]:
        raise Refused(f"This course is {NAMES[before]}, so it can’t become {NAMES[to]}.")
    if to in (PUBLISHED, REJECTED) and actor is not None and not _may_decide(course, to, actor):
        raise Refused("An admin has to look at this course first.")
    course.status = to
    if to == PUBLISHED:
        now = clock.now()
        course.published_at = course.published_at or now
        renew(course, now)
    elif to == ARCHIVED and course.update_state == UpdateState.PENDING:
        moderation_queue.withdraw(ModerationKind.UPDATE, course.id)
        course.update_state = UpdateState.EDITING
    _keep_findable(course)
    taken_back = before == PENDING_REVIEW and to in (DRAFT, EXPIRED, ARCHIVED)
    audit.record(actor, "withdraw" if taken_back else _VERBS[to], course, note)
    db.session.flush()


def hold(course: Course) -> None:
    """Read `course` as it is now and keep others from changing it until the transaction ends.

    Raises NotFound for one that was deleted meanwhile.
    """
    db.session.flush()
    living = select(Product.id).where(Product.id == course.id, Product.deleted_at.is_(None))
    if db.session.scalar(living.with_for_update(key_share=True)) is None:
        raise NotFound
    names = ["status", "published_at", "expires_at", "content_updated_at", "update_state", "admin_notes"]
    db.session.refresh(course, [*names, "draft"])


def hold_whole(course: Course) -> None:
    """Hold `course` as `hold` does, and read every column of it anew."""
    hold(course)
    db.session.refresh(course, [column.key for column in inspect(Course).column_attrs])


def where_it_was(course: Course) -> ProductStatus:
    """What a course in review becomes when it is taken back."""
    if course.published_at is None:
        return DRAFT
    ran_out = course.expires_at is not None and course.expires_at <= clock.now()
    return EXPIRED if ran_out else ARCHIVED


def renew(course: Course, moment: datetime) -> None:
    """Let `course` be as fresh as of `moment`, when it was published or an update of it was approved."""
    course.content_updated_at = moment
    course.expires_at, course.warned_days = fresh_until(moment), None


def refresh(course: Course) -> None:
    """Let a course that is on sale be as fresh as today and found by its present words."""
    renew(course, clock.now())
    _keep_findable(course)


def content_changed(course: Course, actor: User) -> None:
    """Note that `actor` changed what `course` teaches: call it after every change of modules, lessons, files.

    A change that shows at once makes the course as fresh as today. Where changes of `actor` wait, one that
    really does opens an update, and small fixes that show all the same make nothing fresh. The search index
    and the catalogue's stamp follow.
    """
    if waits(course, actor):
        settle_update(course)
        if course.status == PUBLISHED:
            search.index(course)
        return
    content_shown(course)


def content_shown(course: Course) -> None:
    """Note that learners see something new of what `course` teaches from now on."""
    now = clock.now()
    course.content_updated_at = now
    # One that has run out comes back by being submitted, not by an edit.
    if course.status == PUBLISHED:
        renew(course, now)
    _keep_findable(course)


def settle_update(course: Course) -> None:
    """Let `course` have an update under way exactly where something waits; one in review is left alone."""
    db.session.flush()
    if course.update_state != UpdateState.PENDING:
        course.update_state = UpdateState.EDITING if something_waits(course) else UpdateState.NONE


def something_waits(course: Course) -> bool:
    """Whether anything of `course` waits to be seen by learners."""
    lessons = select(Lesson.id).where(Lesson.course_id == course.id)
    recordings = select(MediaAsset.id).where(MediaAsset.course_id == course.id)
    page = select(Course.id).where(Course.id == course.id, Course.draft.is_not(None))
    waiting = (
        page,
        select(Module.id).where(Module.course_id == course.id, Module.draft.is_not(None)),
        lessons.where(Lesson.draft.is_not(None)),
        lessons.join(Resource).where(Resource.pending | Resource.proposed_title.is_not(None)),
        recordings.where(
            (MediaAsset.proposed_for.is_not(None) & ~MediaAsset.steps_in)
            | (MediaAsset.proposed_film & ~MediaAsset.steps_in)
            | MediaAsset.proposed_chapters.is_not(None)
        ),
        recordings.join(ProposedCaption),
        select(CodeArchive.id).where(CodeArchive.course_id == course.id, CodeArchive.pending),
    )
    return bool(db.session.scalar(select(or_(*(query.exists() for query in waiting)))))


def in_review(course: Course) -> bool:
    """Whether an admin is to decide about `course` or its update now."""
    return course.status == PENDING_REVIEW or course.update_state == UpdateState.PENDING


def fresh_until(moment: datetime) -> datetime:
    """When what was published or updated at `moment` has to be looked at again: six months later."""
    month = moment.month - 1 + FRESH_FOR_MONTHS
    year, month = moment.year + month // 12, month % 12 + 1
    first = moment.replace(year=year, month=month, day=1)
    day = min(moment.day, ((first + timedelta(days=31)).replace(day=1) - timedelta(days=1)).day)
    return first.replace(day=day)


def _may_decide(course: Course, to: ProductStatus, actor: User) -> bool:
    return actor.is_admin or (to == PUBLISHED and publishes_directly(course, actor))


def _keep_findable(course: Course) -> None:
    if course.status == PUBLISHED:
        search.index(course)
    else:
        search.forget(course)
