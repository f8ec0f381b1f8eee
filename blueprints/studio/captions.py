"""Routes of a recording's captions by language, and of its chapters."""

import uuid

from flask import abort, url_for
from werkzeug.wrappers import Response

from blueprints.studio import bp
from blueprints.studio.lesson_forms import CaptionForm
from blueprints.studio.lessons import PLACE, chapters_form, editor, lesson_at, opened_lesson
from domain import Refused
from domain.base import webvtt
from domain.media import caption_files, captions, recordings
from models import Caption, Course, Lesson, MediaAsset, ProposedCaption
from web import hypermedia
from web.actions import Attempt
from web.signed_in import me

MOST_NOTES = 5  # on a file, said at once


@bp.route(f"{PLACE}/captions", methods=["GET", "POST"], defaults={"language": None})
@bp.route(f"{PLACE}/captions/<language>", methods=["GET", "POST"])
def edit_captions(course_id: uuid.UUID, lesson_id: uuid.UUID, language: str | None) -> Response:
    """Add captions from a file or as text, or edit those of one language."""
    course, lesson = opened_lesson(course_id, lesson_id)
    asset = _recording(course, lesson)
    row = captions.find(asset, language) if language else None
    if language and row is None:
        abort(404)
    form = CaptionForm(obj=row, fixed=language)
    notes = _read_file(form) if form.is_submitted() else None
    if notes is not None and form.validate():
        with Attempt(form) as attempt:
            if not language and not form.replace.data:
                captions.check_new(asset, form.spoken)
            row = captions.write(course, asset, me(), form.spoken, form.label.data or "", form.vtt.data or "")
            later = _later(isinstance(row, ProposedCaption))
            attempt.say(" ".join([f"The captions in {row.label} are saved.{later}", *_in_short(notes)]))
            return hypermedia.see_other(_page(course_id, lesson_id))
        course, lesson = lesson_at(course_id, lesson_id)
        asset = _recording(course, lesson)
    return hypermedia.render(
        "studio/lesson/captions.html",
        status=form.status,
        course=course,
        lesson=lesson,
        form=form,
        language=language,
        there_are=None if language else _standing(asset, form.spoken),
        notes=_in_short(notes or []),
    )


@bp.post(f"{PLACE}/captions/<language>/delete")
def delete_captions(course_id: uuid.UUID, lesson_id: uuid.UUID, language: str) -> Response:
    """Delete the captions of one language."""
    course, lesson = lesson_at(course_id, lesson_id)
    with Attempt() as attempt:
        kept = captions.remove(course, _recording(course, lesson), me(), language)
        attempt.say(
            "The captions waiting for approval are deleted. Learners keep the current ones."
            if kept
            else "The captions are deleted."
        )
    return hypermedia.see_other(_page(course_id, lesson_id))


@bp.post(f"{PLACE}/chapters")
def chapters(course_id: uuid.UUID, lesson_id: uuid.UUID) -> Response:
    """Save all chapters, one line of text each."""
    course, lesson = opened_lesson(course_id, lesson_id)
    asset = _recording(course, lesson)
    form = chapters_form(asset)
    if form.validate():
        with Attempt(form) as attempt:
            captions.set_chapters(course, asset, me(), form.chapters.data or "")
            attempt.say(f"The chapters are saved.{_later(asset.proposed_chapters is not None)}")
        if attempt.refusal is not None:
            course, lesson = lesson_at(course_id, lesson_id)
        elif hypermedia.is_swap():
            form = chapters_form(asset, formdata=None)
        else:
            return hypermedia.see_other(_page(course_id, lesson_id, "lesson-chapters"))
    if hypermedia.is_swap():
        status = form.status if form.errors else 200
        fragment = "studio/lesson/_chapters.html"
        return hypermedia.render(
            fragment, fragment, status=status, course=course, lesson=lesson, chapters=form,
            asset=_recording(course, lesson),
        )  # fmt: skip
    return editor(course, lesson, status=form.status, chapters=form)


def _read_file(form: CaptionForm) -> list[str] | None:
    """Read the uploaded file, if any, in place of the text; returns notes, or None where it can't be read."""
    written = form.file.data
    if not getattr(written, "filename", ""):
        return []
    try:
        content = written.stream.read(caption_files.MOST_BYTES + 1)
        form.vtt.data, notes = caption_files.read(content, form.spoken)
    except Refused as refusal:
        form.validate()  # what else is wrong, such as no language to read it in
        form.refuse(refusal)
        return None
    return notes


def _standing(asset: MediaAsset, tag: str) -> Caption | ProposedCaption | None:
    """Find the captions of a language, whose tag may be malformed."""
    try:
        return captions.find(asset, webvtt.check_language(tag)) if tag else None
    except Refused:
        return None


def _in_short(notes: list[str]) -> list[str]:
    """Cut notes on a file to what a message holds."""
    more = len(notes) - MOST_NOTES
    return notes[:MOST_NOTES] + [f"And {more} more."] * (more > 0)


def _recording(course: Course, lesson: Lesson) -> MediaAsset:
    """Load the recording that is edited; raises NotFound where there is none."""
    return recordings.for_creator(course.id, lesson.id) or abort(404)


def _later(waits: bool) -> str:
    return " Learners see them once the update is approved." if waits else ""


def _page(course_id: uuid.UUID, lesson_id: uuid.UUID, place: str = "captions") -> str:
    return url_for("studio.lesson", course_id=course_id, lesson_id=lesson_id, _anchor=place)
