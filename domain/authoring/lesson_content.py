"""The content columns of a lesson: validation, and the values derived from them (HTML, duration)."""

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import select

from domain import Refused
from domain.base import markdown, slugs
from domain.media import video_embeds
from models import Lesson, LessonKind, LessonVisibility, MediaAsset, db

COLUMNS = (
    "title",
    "slug",
    "description",
    "kind",
    "visibility",
    "body",
    "external_video_url",
    "duration_seconds",
    "published",
)
NEW = "new"  # key in the draft of a lesson that learners have never seen
MAX_TITLE = 200
MAX_DESCRIPTION = 1000
LONGEST = 24 * 3600


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Serialise `values` for a JSON column, dropping keys that aren't content columns."""
    return {name: getattr(values[name], "value", values[name]) for name in COLUMNS if name in values}


def typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Deserialise values from JSON to those of a row: the reverse of `plain`."""
    found = {name: values[name] for name in COLUMNS if name in values}
    if "kind" in found:
        found["kind"] = LessonKind(found["kind"])
    if "visibility" in found:
        found["visibility"] = LessonVisibility(found["visibility"])
    return found


def check(lesson: Lesson, values: Mapping[str, Any]) -> None:
    """Validate values for `lesson`; raises Refused with the field: no title, a taken slug, a bad film URL."""
    if "title" in values and not values["title"]:
        raise Refused("A lesson needs a title.", "title")
    if len(values.get("title") or "") > MAX_TITLE:
        raise Refused(f"Use at most {MAX_TITLE} characters.", "title")
    if len(values.get("description") or "") > MAX_DESCRIPTION:
        raise Refused(f"Use at most {MAX_DESCRIPTION:,} characters.", "description")
    if values.get("external_video_url") and video_embeds.embed(values["external_video_url"]) is None:
        raise Refused("That isn’t a YouTube or Vimeo link.", "external_video_url")
    if not 0 <= (values.get("duration_seconds") or 0) <= LONGEST:
        raise Refused("A lesson can take at most 24 hours.", "duration_seconds")
    if "slug" in values:
        _check_address(lesson.course_id, lesson.id, values["slug"])
    if "body" in values:
        try:
            markdown.check(values["body"])
        except Refused as refusal:
            raise Refused(refusal.sentence, "body") from refusal


def rendered(source: str) -> markdown.RenderedMarkdown:
    """Render a lesson's Markdown to sanitised HTML; links within this site count as internal."""
    own_host = urlsplit(current_app.config["SETTINGS"].base_url).netloc
    return markdown.render(source, own_host=own_host)


def write(lesson: Lesson, values: Mapping[str, Any]) -> None:
    """Write `values` to the row with the HTML and duration derived from them."""
    was_text = lesson.kind == LessonKind.TEXT
    for name, value in typed(values).items():
        setattr(lesson, name, value)
    if "body" in values or "kind" in values:
        text = rendered(lesson.body)
        lesson.body_html = text.html if lesson.body else ""
        if lesson.kind == LessonKind.TEXT:
            lesson.duration_seconds = text.reading_seconds
    if lesson.kind != LessonKind.TEXT and (length := _recorded(lesson.id)) is not None:
        lesson.duration_seconds = length
    elif lesson.kind != LessonKind.TEXT and was_text and "duration_seconds" not in values:
        lesson.duration_seconds = 0  # it was the reading time


def _recorded(lesson_id: uuid.UUID) -> int | None:
    """Read the duration of the lesson's recording in seconds; None before it was measured."""
    length = db.session.scalar(select(MediaAsset.duration_seconds).where(MediaAsset.lesson_id == lesson_id))
    return None if length is None else round(length)


def _check_address(course_id: uuid.UUID, lesson_id: uuid.UUID, slug: str) -> None:
    if not slugs.is_slug(slug):
        raise Refused("Use lowercase letters, digits and hyphens, such as first-steps.", "slug")
    taken = select(Lesson.id).where(
        Lesson.course_id == course_id, Lesson.slug == slug, Lesson.id != lesson_id
    )
    if db.session.scalar(taken) is not None:
        raise Refused("Another lesson in this course uses this address.", "slug")
