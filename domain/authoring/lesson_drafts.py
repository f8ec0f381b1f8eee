"""Drafts of lessons: changes that learners don't see before approval.

Where changes need approval (lifecycle.needs_approval) they are kept in `Lesson.draft` by column name. A new
lesson is unpublished with `published` in its draft, a new resource or archive is pending, a new recording is
proposed for its lesson; captions, chapters and titles of resources are proposed beside the published ones.
`apply` publishes all of it, `discard` drops the changes of one lesson.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, undefer_group
from sqlalchemy.orm.attributes import set_committed_value
from werkzeug.exceptions import NotFound

import jobs
from domain import Refused
from domain.authoring import lesson_content, page_drafts
from domain.authoring.lesson_content import NEW
from domain.base import clock, slugs, sql
from domain.catalog import lifecycle
from domain.learning import progress_recount
from domain.media import code_archives, recordings
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
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
    "kind": "Type",
    "visibility": "Who can open it",
    "body": "Text",
    "external_video_url": "Video link",
    "duration_seconds": "Length in seconds",
    "published": "Published",
}


def labels(lesson: Lesson) -> dict[str, str]:
    """Label the columns for a list of changes; a text's duration is left out, it follows from the text."""
    kind = (lesson.draft or {}).get("kind", lesson.kind)
    derived = {"duration_seconds"} if kind == LessonKind.TEXT == lesson.kind else set()
    return {name: label for name, label in LABELS.items() if name not in derived}


class EditConflict(Refused):
    """An edit conflict: the lesson was saved or typed in elsewhere since it was opened."""

    def __init__(self) -> None:
        super().__init__("This lesson was changed elsewhere since you opened it.")


class LessonDeleted(Refused):
    """The lesson was deleted while somebody worked on it."""

    def __init__(self) -> None:
        super().__init__("This lesson was deleted in the meantime.")


@dataclass(frozen=True)
class EditorTab:
    """An open editor. `seen` is the mark of the autosaved text that it was loaded with, or empty."""

    name: str
    seen: str = ""


@dataclass(frozen=True)
class WorkingCopy:
    """A lesson in its creator's version: published values with the draft over them.

    `changed` names the columns that differ from the published ones; `is_new`: it was never published.
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
        """Read the lesson's id."""
        return self.lesson.id


def working(lesson: Lesson) -> WorkingCopy:
    """Build the creator's version of `lesson`."""
    draft = lesson.draft or {}
    live = {name: getattr(lesson, name) for name in lesson_content.COLUMNS}
    changed = tuple(name for name, value in live.items() if name in draft and draft[name] != value)
    return WorkingCopy(
        lesson, **{**live, **lesson_content.typed(draft)}, changed=changed, is_new=NEW in draft
    )


def overlay(lesson: Lesson) -> WorkingCopy:
    """Turn the loaded `lesson` into its creator's version, as learners would see it, for a preview.

    Detaches the rows from the session first, so that none of this can be written. The published slug stays,
    because the page is reached by it.
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
    tab: EditorTab | None = None,
) -> None:
    """Save the content of `lesson` by column name: directly, or as a draft where changes need approval.

    Optimistic lock: `version` is the one the actor opened. Raises EditConflict when the row has another, or
    when another tab autosaved text that `tab` hasn't loaded; Refused, with its field, for invalid values.
    """
    lock_lesson(course, lesson, version, tab)
    _change(course, lesson, actor, values)
    lesson.typed = lesson.typed_at = None
    db.session.flush()


def adjust(course: Course, lesson: Lesson, actor: User, values: Mapping[str, Any]) -> None:
    """Save one or two columns whatever the version, as a switch in the curriculum does; keeps autosaves."""
    lock_latest(course, lesson)
    _change(course, lesson, actor, values)
    db.session.flush()


def lock_lesson(course: Course, lesson: Lesson, version: int, tab: EditorTab | None = None) -> None:
    """Lock the course until the transaction ends, reload `lesson` and check its version.

    Raises EditConflict as `save` does.
    """
    lock_latest(course, lesson)
    if lesson.version != version or (tab is not None and has_unseen_autosave(lesson, tab)):
        raise EditConflict


def autosave_mark(lesson: Lesson) -> str:
    """Name the autosaved text of `lesson`, by its time: a tab autosaves many; empty where there is none."""
    return lesson.typed_at.isoformat() if lesson.typed and lesson.typed_at else ""


def has_unseen_autosave(lesson: Lesson, tab: EditorTab) -> bool:
    """Tell if `lesson` has autosaved text that `tab` neither wrote nor was loaded with."""
    if lesson.typed is None:
        return False
    return lesson.typed["tab"] != tab.name and autosave_mark(lesson) != tab.seen


def waiting(lesson: Lesson, recording: MediaAsset | None) -> list[str]:
    """List the changes of `lesson` that wait for approval, in words for people.

    `recording` is the one its creator works on. Draft, resources and both kinds of captions are loaded.
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
    """Publish every waiting change of `course`. The caller has decided that this is allowed."""
    lifecycle.lock_course(course)
    page_drafts.apply(course)
    recordings.accept_proposals(course)
    code_archives.accept_proposal(course)
    for lesson in _lessons(course, Lesson.draft.is_not(None)):
        draft = lesson.draft or {}
        if "slug" in draft:
            draft = {**draft, "slug": slugs.for_lesson(draft["slug"], course.id, lesson.id)}
        lesson_content.write(lesson, draft)
        lesson.draft = lesson.draft_saved_at = None
    for resource in _waiting_resources(course):
        resource.title, resource.proposed_title = resource.proposed_title or resource.title, None
        resource.pending = False
    progress_recount.recount_course(course)


def mark(course: Course, lesson: Lesson, recording: MediaAsset | None) -> str:
    """Fingerprint what `discard` drops, so that it drops nothing that nobody has seen (optimistic lock).

    `recording` is the one its creator works on.
    """
    files = [row for row in _waiting_resources(course) if row.lesson_id == lesson.id]
    facts: list[object] = [lesson.version, autosave_mark(lesson)]
    facts += sorted((str(row.id), row.title, row.proposed_title) for row in files)
    if recording is not None:
        facts += [recording.id, recording.proposed_for, recording.proposed_chapters]
        facts += sorted((caption.language, caption.vtt) for caption in recording.proposed_captions)
    return sha256(repr(facts).encode()).hexdigest()[:16]


def discard(course: Course, lesson: Lesson, actor: User, seen: str) -> None:
    """Drop the waiting changes and the autosave of `lesson`; learners see no difference.

    `seen` is their `mark` as they were shown. Refused when they have changed since, while in review, for a
    lesson that was never published, and where nothing waits.
    """
    lock_latest(course, lesson)
    if lifecycle.in_review(course):
        raise Refused("These changes are in review. Withdraw the update on the Publish page first.")
    if NEW in (lesson.draft or {}):
        raise Refused("Learners have never seen this lesson. Delete it in the curriculum instead.")
    resources = [row for row in _waiting_resources(course) if row.lesson_id == lesson.id]
    recording = recordings.for_creator(course.id, lesson.id)
    if not (lesson.draft or resources or (recording is not None and recordings.waits(recording))):
        raise Refused("This lesson has no changes waiting any more.")
    if seen != mark(course, lesson, recording):
        raise Refused("These changes aren’t the ones you saw, so nothing was discarded. They’re shown now.")
    recordings.drop_proposals(lesson)
    for resource in resources:
        _drop(resource)
    lesson.draft = lesson.draft_saved_at = lesson.typed = lesson.typed_at = None
    lesson.version += 1
    audit.record(actor, AuditAction.DISCARD_CHANGES, lesson, lesson.title)
    progress_recount.recount_course(course)
    lifecycle.sync_update_state(course)


def lock_latest(course: Course, lesson: Lesson) -> None:
    """Lock the course and reload the row; raises LessonDeleted when it was deleted."""
    lifecycle.lock_course(course)
    kept = ("version", "draft", "draft_saved_at", "typed", "typed_at")
    try:
        sql.reload(lesson, [*lesson_content.COLUMNS, *kept])
    except NotFound as gone:
        raise LessonDeleted from gone


def _live(lesson: Lesson) -> dict[str, Any]:
    """Read the published values as JSON keeps them."""
    return lesson_content.plain({name: getattr(lesson, name) for name in lesson_content.COLUMNS})


def _change(course: Course, lesson: Lesson, actor: User, values: Mapping[str, Any]) -> None:
    """Validate and write `values` to the row or its draft, then recount and audit."""
    lesson_content.check(lesson, values)
    if lifecycle.needs_approval(course, actor):
        _keep(lesson, lesson_content.plain(values))
    else:
        _put_live(lesson, values)
    lesson.version += 1
    audit.record(actor, AuditAction.SAVE_LESSON, lesson, working(lesson).title)
    progress_recount.recount_course(course)
    lifecycle.content_changed(course, actor)


def _keep(lesson: Lesson, wanted: Mapping[str, Any]) -> None:
    """Keep the differences from the published version as a draft; only hiding takes effect at once."""
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
    """Publish `wanted` directly, together with an earlier draft."""
    lesson_content.write(lesson, {**(lesson.draft or {}), **wanted})
    lesson.draft = lesson.draft_saved_at = None


def _lessons(course: Course, which: Any) -> list[Lesson]:
    """List the lessons of `course` that meet a condition, in order, with draft and module."""
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
    """Drop a pending resource, or the proposed title of a published one."""
    resource.proposed_title = None
    if resource.pending:
        db.session.delete(resource)
        if resource.storage_key:
            jobs.enqueue("discard_file", storage_key=resource.storage_key)
