"""Routes of the lesson editor: save, autosave, and 409 on an edit conflict (optimistic lock)."""

import uuid
from typing import Any

from flask import abort, jsonify, request, url_for
from werkzeug.wrappers import Response

from blueprints.studio import bp
from blueprints.studio.course_editor import course_of, opened
from blueprints.studio.lesson_forms import (
    KINDS,
    VISIBILITIES,
    ChaptersForm,
    DraftMarkForm,
    EditorForm,
    LessonForm,
    LinkForm,
)
from domain import Refused
from domain.authoring import autosave, curriculum, lesson_content, lesson_drafts
from domain.authoring.curriculum import NotInCourse
from domain.authoring.lesson_drafts import EditConflict, EditorTab, LessonDeleted
from domain.catalog import lifecycle
from domain.learning import access
from domain.media import captions, recordings
from models import Course, Lesson, MediaAsset
from web import hypermedia
from web.actions import Attempt
from web.signed_in import me

PLACE = "/courses/<uuid:course_id>/lessons/<uuid:lesson_id>"


def lesson_at(course_id: uuid.UUID, lesson_id: uuid.UUID) -> tuple[Course, Lesson]:
    """Load the lesson to edit, with its course; raises NotFound for somebody else's."""
    return access.lesson_for_creator(me(), course_id, lesson_id)


def opened_lesson(course_id: uuid.UUID, lesson_id: uuid.UUID) -> tuple[Course, Lesson]:
    """Load the lesson whose page is open; for a POST its course is locked first, as in `opened`."""
    if request.method == "POST":
        opened(course_id)
    return lesson_at(course_id, lesson_id)


@bp.route(PLACE, methods=["GET", "POST"])
def lesson(course_id: uuid.UUID, lesson_id: uuid.UUID) -> Response:
    """Show the editor with its autosaved values; posting saves them."""
    course = course_of(course_id)
    form = LessonForm()
    if not form.is_submitted():
        return editor(course, *lesson_at(course_id, lesson_id)[1:])
    try:
        row = curriculum.lesson_of(course, lesson_id)
    except NotInCourse:
        return _gone(course, form)
    if not form.validate():
        return editor(course, lesson_at(course_id, lesson_id)[1], form)
    with Attempt(silent=True) as attempt:
        lesson_drafts.save(course, row, me(), _values(course, row, form), form.seen_version(), _tab(form))
        attempt.say("Saved. Learners see it once the update is approved." if row.draft else "Saved.")
    if attempt.refusal is not None:
        return _refuse(course_id, lesson_id, form, attempt.refusal)
    return hypermedia.see_other(url_for("studio.lesson", course_id=course_id, lesson_id=lesson_id))


@bp.post(f"{PLACE}/typed")
def autosave_lesson(course_id: uuid.UUID, lesson_id: uuid.UUID) -> Response:
    """Autosave the form; answers JSON to the script that sends it."""
    course, row = lesson_at(course_id, lesson_id)
    form = LessonForm()
    form.validate()
    if "csrf_token" in form.errors:
        abort(400)
    with Attempt(silent=True) as attempt:
        at = autosave.keep(course, row, me(), form.values(), form.seen_version(), _tab(form))
    if (refusal := attempt.refusal) is not None:
        return _answer(409 if isinstance(refusal, EditConflict) else 422, sentence=refusal.sentence)
    return _answer(200, at=at.isoformat())


@bp.post(f"{PLACE}/typed/throw-away")
def throw_away(course_id: uuid.UUID, lesson_id: uuid.UUID) -> Response:
    """Discard the autosaved values; 409 with both texts when they aren't those of the page that sends it."""
    course, row = lesson_at(course_id, lesson_id)
    form = LessonForm()
    with Attempt(silent=True) as attempt:
        autosave.discard(course, row, _tab(form))
        attempt.say("Unsaved changes discarded.")
        return hypermedia.see_other(url_for("studio.lesson", course_id=course_id, lesson_id=lesson_id))
    assert attempt.refusal is not None  # noqa: S101 - or the block has returned
    if isinstance(attempt.refusal, EditConflict):
        hypermedia.toast("Something newer was typed elsewhere, so nothing was discarded.", "warn")
    return _refuse(course_id, lesson_id, form, attempt.refusal)


@bp.route(f"{PLACE}/discard", methods=["GET", "POST"])
def discard(course_id: uuid.UUID, lesson_id: uuid.UUID) -> Response:
    """Confirm with the changes that are pending approval, then discard them."""
    course, row = lesson_at(course_id, lesson_id)
    refusal: Refused | None = None
    form = DraftMarkForm()
    if request.method == "POST":
        with Attempt(silent=True) as attempt:
            lesson_drafts.discard(course, row, me(), form.draft.data or "")
            attempt.say("Changes discarded. The lesson is back to what learners see.")
            return hypermedia.see_other(url_for("studio.lesson", course_id=course_id, lesson_id=lesson_id))
        refusal = attempt.refusal
        course, row = lesson_at(course_id, lesson_id)
    recording = recordings.for_creator(course.id, row.id)
    form.draft.data = lesson_drafts.mark(course, row, recording)
    return hypermedia.render(
        "studio/lesson/discard.html",
        status=409 if refusal else 200,
        form=form,
        course=course,
        lesson=row,
        now=lesson_drafts.working(row),
        waiting=lesson_drafts.waiting(row, recording),
        in_review=lifecycle.in_review(course),
        refused=refusal.sentence if refusal else "",
    )


def editor(
    course: Course,
    row: Lesson,
    form: LessonForm | None = None,
    theirs: dict[str, Any] | None = None,
    **sections: Any,
) -> Response:
    """Render the editor; `theirs` are the stored values after an edit conflict.

    `sections` are the forms of other sections that were sent and refused.
    """
    now, kept = lesson_drafts.working(row), autosave.find(row)
    if form is None:
        form = _filled(row)
        status = 200
    else:
        status = 409 if theirs is not None else form.status
    asset = recordings.for_creator(course.id, row.id)
    shown = {
        "link": LinkForm(formdata=None),
        "trouble": "",
        "renamed": None,
        "renamed_id": None,
        "chapters": chapters_form(asset, formdata=None) if asset else None,
        **sections,
    }
    return hypermedia.render(
        "studio/lesson/page.html",
        status=sections.get("status", status),
        course=course,
        lesson=row,
        now=now,
        unsaved=kept if form.seen.data and theirs is None else None,
        form=form,
        theirs=theirs,
        asset=asset,
        playback=recordings.for_editor(asset),
        waits=lifecycle.needs_approval(course, me()),
        waiting=lesson_drafts.waiting(row, asset),
        spoken=captions.working_copies(asset) if asset else [],
        is_live=lifecycle.is_live(course),
        **{name: shown[name] for name in ("link", "chapters", "trouble", "renamed", "renamed_id")},
    )


def chapters_form(asset: MediaAsset, **sent: Any) -> ChaptersForm:
    """Build the form of a recording's chapters; `formdata=None` ignores what was sent."""
    written = captions.as_text(captions.working_chapters(asset))
    return ChaptersForm(data={"chapters": written}, **sent)


def _filled(row: Lesson) -> LessonForm:
    """Build the form of a freshly opened editor: autosaved values where there are any, else stored ones."""
    now, kept = lesson_drafts.working(row), autosave.find(row)
    values = {name: getattr(now, name) for name in lesson_content.COLUMNS}
    values |= lesson_content.typed(kept.values) if kept else {}
    length = values.pop("duration_seconds")
    form = LessonForm(
        formdata=None, data={**values, "length": _clock(length) if values["external_video_url"] else ""}
    )
    form.version.data, form.tab.data = str(row.version), uuid.uuid4().hex[:16]
    form.seen.data = lesson_drafts.autosave_mark(row)
    return form


def _values(course: Course, row: Lesson, form: LessonForm) -> dict[str, Any]:
    """Collect the submitted values by column name; the slug follows the title unless it was edited."""
    values = form.values()
    if not values["slug"] or values["slug"] == lesson_drafts.working(row).slug:
        values.pop("slug")
        values |= curriculum.slug_for_title(course, row, values["title"])
    return values


def _refuse(course_id: uuid.UUID, lesson_id: uuid.UUID, form: LessonForm, refusal: Refused) -> Response:
    """Show the editor with everything that was typed, and the error or the conflicting stored values."""
    course = course_of(course_id)
    if isinstance(refusal, LessonDeleted):
        return _gone(course, form)
    row = lesson_at(course_id, lesson_id)[1]
    if not isinstance(refusal, EditConflict):
        form.refuse(refusal)
        return editor(course, row, form)
    current = _filled(row)
    form.version.data, form.seen.data = current.version.data, current.seen.data
    theirs = {
        field.name: (field.label.text, _shown(field.name, field.data))
        for field in current
        if field.name not in ("version", "tab", "seen", "csrf_token") and field.data != form[field.name].data
    }
    return editor(course, row, form, theirs)


def _gone(course: Course, form: LessonForm) -> Response:
    """Show what was typed for a lesson that was deleted meanwhile (404)."""
    return hypermedia.render("studio/lesson/gone.html", status=404, course=course, form=form)


def _shown(name: str, value: Any) -> str:
    """Format a form value for people."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    names: dict[str, str] = {
        "kind": {kind.value: text for kind, text in KINDS.items()},
        "visibility": {seen_by.value: text for seen_by, text in VISIBILITIES.items()},
    }.get(name, {})
    return names.get(value, value or "")


def _tab(form: EditorForm) -> EditorTab:
    return EditorTab((form.tab.data or "")[:64], (form.seen.data or "")[:64])


def _clock(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def _answer(status: int, **said: Any) -> Response:
    response = jsonify(said)
    response.status_code = status
    return response
