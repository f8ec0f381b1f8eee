"""What a creator has changed in lessons and learners don't see yet.

Where changes wait for approval (publishing.waits) they are kept in `Lesson.draft` by column name; a new
lesson is unpublished with `published` in its draft, a new resource or archive is pending, a new recording is
proposed for its lesson. `apply` lets learners see all of it, `discard` drops all of it, `changes` is what a
reviewer reads.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import contains_eager, undefer_group
from sqlalchemy.orm.attributes import set_committed_value

import jobs
from domain import (
    Refused,
    archives,
    audit,
    clock,
    lesson_contents,
    publishing,
    recordings,
    search,
    slugs,
    totals,
)
from domain.lesson_contents import NEW
from models import (
    CodeArchive,
    Course,
    Lesson,
    LessonKind,
    LessonVisibility,
    MediaAsset,
    Module,
    ProductStatus,
    Resource,
    UpdateState,
    User,
    db,
)

LABELS = {
    "title": "Title",
    "slug": "Address",
    "description": "Description",
    "kind": "Kind",
    "visibility": "Who may open it",
    "body": "Text",
    "external_video_url": "Film elsewhere",
    "duration_seconds": "Length in seconds",
    "published": "Published",
}


class Overtaken(Refused):
    """The lesson was saved or typed at elsewhere since the page was opened. Nothing was written."""

    def __init__(self) -> None:
        super().__init__("This lesson was changed elsewhere since you opened it.")


class Gone(Refused):
    """The lesson was deleted while somebody worked on it."""

    def __init__(self) -> None:
        super().__init__("This lesson was deleted in the meantime.")


@dataclass(frozen=True)
class Tab:
    """One opened editor. `seen` is the tab whose unsaved text it was opened with, or empty."""

    name: str
    seen: str = ""


@dataclass(frozen=True)
class Working:
    """A lesson as its creator works on it: the live values with the draft over them.

    `changed` names the columns that differ from what learners see; `is_new` says that they see none of it.
    """

    lesson: Lesson
    title: str
    slug: str
    description: str
    kind: LessonKind
    visibility: LessonVisibility
    body: str
    external_video_url: str | None
    duration_seconds: int
    published: bool
    changed: tuple[str, ...] = ()
    is_new: bool = False

    @property
    def id(self) -> uuid.UUID:
        """The lesson's id."""
        return self.lesson.id


@dataclass(frozen=True)
class Difference:
    """One column before and after; `name` is the column's, `label` the one for people."""

    name: str
    label: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Change:
    """What waits in one lesson: changed columns, a proposed recording, pending resources."""

    lesson: Lesson
    module: Module
    is_new: bool
    differences: list[Difference] = field(default_factory=list)
    recording: MediaAsset | None = None
    resources: list[Resource] = field(default_factory=list)


def working(lesson: Lesson) -> Working:
    """`lesson` as its creator works on it."""
    draft = lesson.draft or {}
    live = {name: getattr(lesson, name) for name in lesson_contents.COLUMNS}
    changed = tuple(name for name, value in live.items() if name in draft and draft[name] != value)
    return Working(lesson, **{**live, **lesson_contents.typed(draft)}, changed=changed, is_new=NEW in draft)


def show(lesson: Lesson) -> Working:
    """Let the loaded `lesson` carry its working copy from here on, as learners would see it.

    The row leaves the session first, so that nothing of this is ever written. Its address stays the one
    that it can be reached at.
    """
    copy = working(lesson)
    draft = lesson_contents.typed(lesson.draft or {})
    db.session.expunge(lesson)
    for name in draft.keys() - {"slug"}:
        set_committed_value(lesson, name, draft[name])
    html = lesson_contents.rendered(lesson.body).html if lesson.body else ""
    set_committed_value(lesson, "body_html", html)
    return copy


def save(
    course: Course,
    lesson: Lesson,
    actor: User,
    values: Mapping[str, Any],
    version: int,
    tab: Tab | None = None,
) -> None:
    """Change the content of `lesson` to `values` by column name: at once, or as a draft where changes wait.

    `version` is the one that the actor saw. Raises Overtaken when the row has another, or when unsaved text
    of a tab stands there that `tab` hasn't seen; Refused, with its field, for what a lesson can't be.
    """
    hold(course, lesson, version, tab)
    _change(course, lesson, actor, values)
    lesson.typed = lesson.typed_at = None
    db.session.flush()


def adjust(course: Course, lesson: Lesson, actor: User, values: Mapping[str, Any]) -> None:
    """As `save`, for one or two columns of the lesson as it stands now; unsaved text stays where it is."""
    _load(course, lesson)
    _change(course, lesson, actor, values)
    db.session.flush()


def hold(course: Course, lesson: Lesson, version: int, tab: Tab | None = None) -> None:
    """Let nobody else change the lessons of `course` until this transaction ends, and load `lesson` as it is.

    Raises Overtaken as `save` does.
    """
    _load(course, lesson)
    unsaved = lesson.typed["tab"] if lesson.typed else ""
    unseen = unsaved and tab is not None and unsaved not in (tab.name, tab.seen)
    if lesson.version != version or unseen:
        raise Overtaken


def changes(course: Course) -> list[Change]:
    """What of `course` waits to be seen by learners, lesson by lesson in their order; three queries."""
    proposed = {asset.proposed_for: asset for asset in _proposed(course)}
    files: dict[uuid.UUID, list[Resource]] = {}
    for resource in _pending(course):
        files.setdefault(resource.lesson_id, []).append(resource)
    touched = Lesson.draft.is_not(None) | Lesson.id.in_([*proposed, *files])
    return [
        Change(
            lesson,
            lesson.module,
            NEW in (lesson.draft or {}),
            list(_differences(lesson)),
            proposed.get(lesson.id),
            files.get(lesson.id, []),
        )
        for lesson in _lessons(course, touched)
    ]


def anything(course: Course) -> bool:
    """Whether anything of `course` waits to be seen by learners."""
    mine = select(Lesson.id).where(Lesson.course_id == course.id)
    waiting = (
        mine.where(Lesson.draft.is_not(None)).exists(),
        mine.join(Resource, Resource.lesson_id == Lesson.id).where(Resource.pending).exists(),
        select(MediaAsset.id)
        .where(MediaAsset.course_id == course.id, MediaAsset.proposed_for.is_not(None))
        .exists(),
        select(CodeArchive.id).where(CodeArchive.course_id == course.id, CodeArchive.pending).exists(),
    )
    return bool(db.session.scalar(select(or_(*waiting))))


def note(course: Course, actor: User) -> None:
    """As publishing.content_changed, which opens an update only when something really waits.

    Where changes of `actor` wait, small fixes show at once all the same; they make nothing fresh.
    """
    db.session.flush()
    if not publishing.waits(course, actor) or anything(course):
        publishing.content_changed(course, actor)
        return
    if course.update_state in (UpdateState.EDITING, UpdateState.RETURNED):
        course.update_state = UpdateState.NONE
    if course.status == ProductStatus.PUBLISHED:
        search.index(course)


def apply(course: Course) -> None:
    """Let learners see everything of `course` that waited. The caller decided that they may."""
    publishing.hold(course)
    recordings.accept_proposals(course)
    archives.accept_proposal(course)
    for lesson in _lessons(course, Lesson.draft.is_not(None)):
        draft = lesson.draft or {}
        if "slug" in draft:
            draft = {**draft, "slug": slugs.for_lesson(draft["slug"], course.id, lesson.id)}
        lesson_contents.put(lesson, draft)
        lesson.draft = lesson.draft_saved_at = None
    for resource in _pending(course):
        resource.pending = False
    totals.recount_course(course)


def discard(course: Course) -> None:
    """Drop everything of `course` that waits; lessons that learners have never seen are deleted."""
    publishing.hold(course)
    recordings.drop_proposals(course)
    archives.drop_proposal(course)
    for lesson in _lessons(course, Lesson.draft.is_not(None)):
        if NEW in (lesson.draft or {}):
            db.session.delete(lesson)
        lesson.draft = lesson.draft_saved_at = None
    for resource in _pending(course):
        db.session.delete(resource)
        if resource.storage_key:
            jobs.enqueue("discard_file", storage_key=resource.storage_key)
    totals.recount_course(course)


def _load(course: Course, lesson: Lesson) -> None:
    """Hold the course and read the row as it is now."""
    publishing.hold(course)
    kept = ("version", "draft", "draft_saved_at", "typed", "typed_at")
    try:
        db.session.refresh(lesson, [*lesson_contents.COLUMNS, *kept])
    except InvalidRequestError as gone:
        raise Gone from gone


def _live(lesson: Lesson) -> dict[str, Any]:
    """What learners see, as JSON keeps it."""
    return lesson_contents.plain({name: getattr(lesson, name) for name in lesson_contents.COLUMNS})


def _change(course: Course, lesson: Lesson, actor: User, values: Mapping[str, Any]) -> None:
    """Write checked `values` to the row or to its draft, and everything that follows from a change."""
    lesson_contents.check(lesson, values)
    if publishing.waits(course, actor):
        _keep(lesson, lesson_contents.plain(values))
    else:
        _put_live(lesson, values)
    lesson.version += 1
    audit.record(actor, "save_lesson", lesson, working(lesson).title)
    totals.recount_course(course)
    note(course, actor)


def _keep(lesson: Lesson, wanted: Mapping[str, Any]) -> None:
    """Keep in the draft what differs from what learners see; only hiding a lesson waits for nobody."""
    if wanted.get("published") is False:
        lesson.published = False
    draft, live = {**(lesson.draft or {}), **wanted}, _live(lesson)
    differs = {name: value for name, value in draft.items() if name == NEW or value != live[name]}
    lesson.draft = differs or None
    lesson.draft_saved_at = clock.now() if differs else None


def _put_live(lesson: Lesson, wanted: Mapping[str, Any]) -> None:
    """Let learners see `wanted`, together with what waited before."""
    lesson_contents.put(lesson, {**(lesson.draft or {}), **wanted})
    lesson.draft = lesson.draft_saved_at = None


def _differences(lesson: Lesson) -> Iterable[Difference]:
    """What would change for learners; all of a lesson that they have never seen."""
    draft, live = lesson.draft or {}, _live(lesson)
    is_new = NEW in draft
    for name, label in LABELS.items():
        before, after = None if is_new else live[name], draft.get(name, live[name])
        if after != before and (after or not is_new):
            yield Difference(name, label, before, after)


def _lessons(course: Course, which: Any) -> list[Lesson]:
    """The lessons of `course` for which `which` holds, in their order, with draft and module."""
    query = (
        select(Lesson)
        .join(Lesson.module)
        .where(Lesson.course_id == course.id, which)
        .options(contains_eager(Lesson.module), undefer_group("drafts"))
        .order_by(Module.position, Lesson.position)
    )
    return list(db.session.scalars(query, execution_options={"populate_existing": True}))


def _proposed(course: Course) -> list[MediaAsset]:
    query = select(MediaAsset).where(MediaAsset.course_id == course.id, MediaAsset.proposed_for.is_not(None))
    return list(db.session.scalars(query))


def _pending(course: Course) -> list[Resource]:
    lessons = select(Lesson.id).where(Lesson.course_id == course.id)
    query = select(Resource).where(Resource.lesson_id.in_(lessons), Resource.pending)
    return list(db.session.scalars(query.order_by(Resource.position)))
