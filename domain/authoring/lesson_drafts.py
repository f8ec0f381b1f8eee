"""What a creator has changed in lessons and learners don't see yet.

Where changes wait for approval (publishing.waits) they are kept in `Lesson.draft` by column name; a new
lesson is unpublished with `published` in its draft, a new resource or archive is pending, a new recording is
proposed for its lesson; other captions, chapters and titles of resources are proposed beside those that
learners have. `apply` lets learners see all of it, `discard` drops what waits in one lesson; what a reviewer
reads is put together in dossier.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import contains_eager, undefer_group
from sqlalchemy.orm.attributes import set_committed_value

import jobs
from domain import Refused
from domain.authoring import lesson_content, page_drafts
from domain.authoring.lesson_content import NEW
from domain.base import clock, slugs
from domain.catalog import lifecycle
from domain.learning import recounting
from domain.media import code_archives, recordings
from domain.platform import audit
from models import (
    Course,
    Lesson,
    LessonKind,
    LessonVisibility,
    MediaAsset,
    Module,
    Resource,
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


def labels(lesson: Lesson) -> dict[str, str]:
    """Name what people are told of a change; how long a text takes to read follows from the text."""
    kind = (lesson.draft or {}).get("kind", lesson.kind)
    derived = {"duration_seconds"} if kind == LessonKind.TEXT == lesson.kind else set()
    return {name: label for name, label in LABELS.items() if name not in derived}


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


def working(lesson: Lesson) -> Working:
    """`lesson` as its creator works on it."""
    draft = lesson.draft or {}
    live = {name: getattr(lesson, name) for name in lesson_content.COLUMNS}
    changed = tuple(name for name, value in live.items() if name in draft and draft[name] != value)
    return Working(lesson, **{**live, **lesson_content.typed(draft)}, changed=changed, is_new=NEW in draft)


def show(lesson: Lesson) -> Working:
    """Let the loaded `lesson` carry its working copy from here on, as learners would see it, with resources.

    The rows leave the session first, so that nothing of this is ever written. Its address stays the one
    that it can be reached at.
    """
    copy = working(lesson)
    draft = lesson_content.typed(lesson.draft or {})
    db.session.expunge(lesson)
    for name in draft.keys() - {"slug"}:
        set_committed_value(lesson, name, draft[name])
    html = lesson_content.rendered(lesson.body).html if lesson.body else ""
    set_committed_value(lesson, "body_html", html)
    for resource in lesson.resources:
        if resource.proposed_title is not None:
            db.session.expunge(resource)
            set_committed_value(resource, "title", resource.proposed_title)
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


def waiting(lesson: Lesson, recording: MediaAsset | None) -> list[str]:
    """What of `lesson` learners don't see yet, in words; `recording` is the one to work on.

    The draft, the resources and the captions of both kinds are loaded.
    """
    draft, live = lesson.draft or {}, _live(lesson)
    words = [
        label.lower() for name, label in labels(lesson).items() if draft.get(name, live[name]) != live[name]
    ]
    if recording is not None and recording.proposed_for is not None:
        words += [] if recording.steps_in else ["recording"]
    elif recording is not None:
        words += [f"captions in {caption.label}" for caption in recording.proposed_captions]
        words += ["chapters"] if recording.proposed_chapters is not None else []
    for resource in lesson.resources:
        if resource.pending:
            words.append(f"“{resource.title}”")
        elif resource.proposed_title is not None:
            words.append(f"the title of “{resource.title}”")
    return words


def apply(course: Course) -> None:
    """Let learners see everything of `course` that waited. The caller decided that they may."""
    lifecycle.hold(course)
    page_drafts.apply(course)
    recordings.accept_proposals(course)
    code_archives.accept_proposal(course)
    for lesson in _lessons(course, Lesson.draft.is_not(None)):
        draft = lesson.draft or {}
        if "slug" in draft:
            draft = {**draft, "slug": slugs.for_lesson(draft["slug"], course.id, lesson.id)}
        lesson_content.put(lesson, draft)
        lesson.draft = lesson.draft_saved_at = None
    for resource in _waiting_resources(course):
        resource.title, resource.proposed_title = resource.proposed_title or resource.title, None
        resource.pending = False
    recounting.recount_course(course)


def discard(course: Course, lesson: Lesson, actor: User) -> None:
    """Drop what waits in `lesson`, and what was typed there; learners see no difference.

    Refused while it is in review, for a lesson that learners have never seen, and where nothing waits.
    """
    _load(course, lesson)
    if lifecycle.in_review(course):
        raise Refused("These changes are in review. Take the update back on the Publish page first.")
    if NEW in (lesson.draft or {}):
        raise Refused("Learners have never seen this lesson. Delete it in the curriculum instead.")
    resources = [row for row in _waiting_resources(course) if row.lesson_id == lesson.id]
    recording = recordings.for_creator(course.id, lesson.id)
    if not (lesson.draft or resources or (recording is not None and recordings.waits(recording))):
        raise Refused("Nothing of this lesson waits any more.")
    recordings.drop_proposals(lesson)
    for resource in resources:
        _drop(resource)
    lesson.draft = lesson.draft_saved_at = lesson.typed = lesson.typed_at = None
    lesson.version += 1
    audit.record(actor, "discard_changes", lesson, lesson.title)
    recounting.recount_course(course)
    lifecycle.settle_update(course)


def _load(course: Course, lesson: Lesson) -> None:
    """Hold the course and read the row as it is now."""
    lifecycle.hold(course)
    kept = ("version", "draft", "draft_saved_at", "typed", "typed_at")
    try:
        db.session.refresh(lesson, [*lesson_content.COLUMNS, *kept])
    except InvalidRequestError as gone:
        raise Gone from gone


def _live(lesson: Lesson) -> dict[str, Any]:
    """What learners see, as JSON keeps it."""
    return lesson_content.plain({name: getattr(lesson, name) for name in lesson_content.COLUMNS})


def _change(course: Course, lesson: Lesson, actor: User, values: Mapping[str, Any]) -> None:
    """Write checked `values` to the row or to its draft, and everything that follows from a change."""
    lesson_content.check(lesson, values)
    if lifecycle.waits(course, actor):
        _keep(lesson, lesson_content.plain(values))
    else:
        _put_live(lesson, values)
    lesson.version += 1
    audit.record(actor, "save_lesson", lesson, working(lesson).title)
    recounting.recount_course(course)
    lifecycle.content_changed(course, actor)


def _keep(lesson: Lesson, wanted: Mapping[str, Any]) -> None:
    """Keep in the draft what differs from what learners see; only hiding a lesson waits for nobody."""
    if wanted.get("published") is False:
        lesson.published = False
    draft, live = {**(lesson.draft or {}), **wanted}, _live(lesson)
    is_text = draft.get("kind", live["kind"]) == LessonKind.TEXT
    if is_text and draft.get("body", live["body"]) != live["body"]:
        draft["duration_seconds"] = lesson_content.rendered(draft["body"]).reading_seconds
    differs = {name: value for name, value in draft.items() if name == NEW or value != live[name]}
    lesson.draft = differs or None
    lesson.draft_saved_at = clock.now() if differs else None


def _put_live(lesson: Lesson, wanted: Mapping[str, Any]) -> None:
    """Let learners see `wanted`, together with what waited before."""
    lesson_content.put(lesson, {**(lesson.draft or {}), **wanted})
    lesson.draft = lesson.draft_saved_at = None


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


def _waiting_resources(course: Course) -> list[Resource]:
    lessons = select(Lesson.id).where(Lesson.course_id == course.id)
    waits = Resource.pending | Resource.proposed_title.is_not(None)
    return list(db.session.scalars(select(Resource).where(Resource.lesson_id.in_(lessons), waits)))


def _drop(resource: Resource) -> None:
    """Drop a resource that waits, or the title that does."""
    resource.proposed_title = None
    if resource.pending:
        db.session.delete(resource)
        if resource.storage_key:
            jobs.enqueue("discard_file", storage_key=resource.storage_key)
