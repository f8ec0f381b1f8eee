"""Drafts: what waits is kept beside the live columns, taken over whole or dropped whole."""

from collections.abc import Iterator

import pytest
from flask import Flask

from domain import Refused
from domain.authoring import autosave, lesson_drafts
from domain.authoring.lesson_drafts import EditConflict, EditorTab
from domain.catalog import lifecycle
from domain.learning import access
from domain.media import recordings
from models import (
    AuditEntry,
    Course,
    Lesson,
    LessonKind,
    LessonVisibility,
    MediaAsset,
    MediaStatus,
    Resource,
    ResourceKind,
    UpdateState,
    User,
    db,
)
from tests.cast import Cast


def mark_of(course: Course, lesson: Lesson) -> str:
    return lesson_drafts.mark(course, lesson, recordings.for_creator(course.id, lesson.id))


@pytest.fixture
def desk(app: Flask, cast: Cast) -> Iterator[tuple[Course, Lesson, User]]:
    """A live course of a creator whose updates wait, one of its lessons, and the creator."""
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        ada = db.session.get_one(User, cast.ada.id)
        ada.vetted = False
        db.session.commit()
        yield course, db.session.get_one(Lesson, cast.text_lesson.id), ada


Desk = tuple[Course, Lesson, User]


def test_what_waits_is_kept_beside_what_learners_see(desk: Desk) -> None:
    course, lesson, ada = desk
    lesson_drafts.save(course, lesson, ada, {"title": "New name", "body": "Some *text*."}, version=1)
    assert (lesson.title, lesson.version, lesson.draft) == ("Routes", 2, {"title": "New name"})
    copy = lesson_drafts.working(lesson)
    assert (copy.title, copy.changed, copy.is_new) == ("New name", ("title",), False)
    assert course.update_state == UpdateState.EDITING
    assert lifecycle.has_pending_changes(course)
    lesson_drafts.apply(course)
    db.session.flush()
    assert (lesson.title, lesson.draft, lifecycle.has_pending_changes(course)) == ("New name", None, False)


def test_what_is_changed_back_waits_no_longer(desk: Desk) -> None:
    course, lesson, ada = desk
    lesson_drafts.save(course, lesson, ada, {"title": "New name"}, version=1)
    lesson_drafts.save(course, lesson, ada, {"title": "Routes"}, version=2)
    assert lesson.draft is None
    assert lesson.draft_saved_at is None


def test_trusted_creators_change_lessons_at_once(desk: Desk) -> None:
    course, lesson, ada = desk
    ada.vetted = True
    lesson_drafts.save(
        course, lesson, ada, {"body": "word " * 440, "visibility": LessonVisibility.PREVIEW}, 1
    )
    assert lesson.draft is None
    assert lesson.body_html.count("word") == 440
    assert lesson.duration_seconds == 120
    assert course.duration_seconds == 300 + 120 + 120 + 900
    assert db.session.query(AuditEntry).filter_by(action="save_lesson").count() == 1


def test_an_old_version_is_refused_and_nothing_written(desk: Desk) -> None:
    course, lesson, ada = desk
    lesson_drafts.save(course, lesson, ada, {"title": "First"}, version=1)
    with pytest.raises(EditConflict):
        lesson_drafts.save(course, lesson, ada, {"title": "Second"}, version=1)
    assert lesson_drafts.working(lesson).title == "First"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": ""}, "title"),
        ({"slug": "hello-flask"}, "slug"),
        ({"slug": "No Good"}, "slug"),
        ({"external_video_url": "https://evil.example/film"}, "external_video_url"),
        ({"body": "x" * 300_000}, "body"),
        ({"duration_seconds": 10**9}, "duration_seconds"),
    ],
)
def test_what_a_lesson_cannot_be(desk: Desk, values: dict[str, str], field: str) -> None:
    course, lesson, ada = desk
    with pytest.raises(Refused) as refusal:
        lesson_drafts.save(course, lesson, ada, values, version=1)
    assert refusal.value.field == field
    assert lesson.version == 1


def test_unsaved_text_of_another_tab_is_not_overwritten(desk: Desk) -> None:
    course, lesson, ada = desk
    one, two = EditorTab("one"), EditorTab("two")
    autosave.keep(course, lesson, ada, {"body": "From one"}, 1, one)
    with pytest.raises(EditConflict):
        autosave.keep(course, lesson, ada, {"body": "From two"}, 1, two)
    with pytest.raises(EditConflict):
        lesson_drafts.save(course, lesson, ada, {"body": "From two"}, 1, two)
    seen = lesson_drafts.autosave_mark(lesson)
    autosave.keep(course, lesson, ada, {"body": "From one, and more"}, 1, one)
    with pytest.raises(EditConflict):
        autosave.keep(course, lesson, ada, {"body": "From two"}, 1, EditorTab("two", seen))
    with pytest.raises(Refused, match="changed elsewhere"):
        autosave.discard(course, lesson, EditorTab("two", seen))
    seen = lesson_drafts.autosave_mark(lesson)
    autosave.keep(course, lesson, ada, {"body": "From two"}, 1, EditorTab("two", seen))
    with pytest.raises(EditConflict):
        autosave.keep(course, lesson, ada, {"body": "From one again"}, 1, one)
    assert (kept := autosave.find(lesson)) is not None
    assert (kept.values, kept.user_id) == ({"body": "From two"}, ada.id)
    assert lesson.body == "Some *text*."
    lesson_drafts.save(course, lesson, ada, {"body": "Saved"}, 1, two)
    assert autosave.find(lesson) is None
    autosave.keep(course, lesson, ada, {"body": "Typed"}, 2, two)
    autosave.discard(course, lesson, two)
    assert autosave.find(lesson) is None


def test_everything_that_waits_is_taken_over_or_dropped(desk: Desk) -> None:
    course, lesson, ada = desk
    old = MediaAsset(course_id=course.id, lesson_id=lesson.id, storage_key="media/old/original")
    new = MediaAsset(
        course_id=course.id, proposed_for=lesson.id, storage_key="media/new/original",
        status=MediaStatus.READY, duration_seconds=77.4,
    )  # fmt: skip
    notes = Resource(
        lesson_id=lesson.id, title="Notes", kind=ResourceKind.LINK, url="https://example.com/", pending=True
    )
    db.session.add_all([old, new, notes])
    lesson_drafts.save(course, lesson, ada, {"kind": LessonKind.VIDEO}, version=1)
    shown = access.lesson_for_creator(ada, course.id, lesson.id)[1]
    words = lesson_drafts.waiting(shown, recordings.for_creator(course.id, lesson.id))
    assert words == ["type", "recording", "“Notes”"]
    lesson_drafts.apply(course)
    assert (new.lesson_id, new.proposed_for, notes.pending) == (lesson.id, None, False)
    assert (lesson.kind, lesson.duration_seconds) == (LessonKind.VIDEO, 77)

    more = Resource(
        lesson_id=lesson.id, title="More", kind=ResourceKind.LINK, url="https://example.com/", pending=True
    )
    db.session.add(more)
    lesson.draft = {"title": "Dropped"}
    db.session.flush()
    lesson_drafts.discard(course, lesson, ada, mark_of(course, lesson))
    db.session.flush()
    assert (lifecycle.has_pending_changes(course), course.update_state) == (False, UpdateState.NONE)
    assert lesson.title == "Routes"
    assert db.session.query(Resource).filter_by(lesson_id=lesson.id).count() == 1


def test_a_lesson_nobody_has_seen_is_deleted_and_not_discarded(desk: Desk) -> None:
    course, lesson, ada = desk
    fresh = Lesson(
        course_id=course.id, module_id=lesson.module_id, title="Fresh", slug="fresh", position=9,
        published=False, draft={"published": True, "new": True},
    )  # fmt: skip
    db.session.add(fresh)
    db.session.flush()
    assert lesson_drafts.working(fresh).published
    with pytest.raises(Refused, match="Delete it in the curriculum"):
        lesson_drafts.discard(course, fresh, ada, mark_of(course, fresh))
    assert fresh.draft == {"published": True, "new": True}


def test_a_shown_working_copy_is_never_written(desk: Desk) -> None:
    course, lesson, ada = desk
    lesson_drafts.save(course, lesson, ada, {"title": "Preview me", "body": "**new**"}, version=1)
    db.session.commit()
    lesson_id = lesson.id
    lesson = access.lesson_for_creator(ada, course.id, lesson_id)[1]
    lesson_drafts.overlay(lesson)
    assert (lesson.title, "<strong>new</strong>" in lesson.body_html) == ("Preview me", True)
    db.session.commit()
    assert db.session.get_one(Lesson, lesson_id).title == "Routes"
