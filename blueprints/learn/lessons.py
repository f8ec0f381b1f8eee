"""Lesson pages: resuming a course, a lesson, and its resources."""

import mimetypes
import uuid
from dataclasses import replace
from pathlib import PurePosixPath

from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

import storage
from blueprints.learn import access_denied, bp
from blueprints.learn.forms import LONGEST
from domain.authoring import lesson_drafts
from domain.learning import access, openings, outline, playback
from domain.learning.access import AccessDecision
from domain.media import recordings, upload_rules, video_embeds
from domain.media.recordings import Playback
from domain.pages import next_course
from domain.platform.event_registry import EventName
from models import Course, Lesson, MediaAsset, Resource, User
from web import hypermedia, visitor
from web.signed_in import reader

NEARLY_OVER = 0.97


@bp.get("/learn/<course_slug>")
def course(course_slug: str) -> Response:
    """Redirect to the lesson at which the reader stopped, never to a locked one."""
    found, decision = access.course_for_learner(reader(), course_slug)
    user = reader()
    if user is None or not decision.allowed or decision.facts is None:
        return access_denied.deny(found, None, decision)
    plan = outline.load(user, found, decision.facts)
    entry = plan.where_to_go_on(outline.last_lesson_of(user, found))
    if entry is not None:
        return redirect(url_for("learn.lesson", course_slug=found.slug, lesson_slug=entry.slug))
    is_preview = not decision.facts.holds and _works_on(user, found)
    return hypermedia.render("learn/waiting.html", course=found, plan=plan, is_preview=is_preview)


@bp.get("/learn/<course_slug>/<lesson_slug>")
def lesson(course_slug: str, lesson_slug: str) -> Response:
    """Show the lesson, or the reason why it is locked (403)."""
    found, shown, decision = access.lesson_for(reader(), course_slug, lesson_slug)
    if found.slug != course_slug:
        url = url_for("learn.lesson", course_slug=found.slug, lesson_slug=shown.slug)
        return redirect(url, 301)
    if not decision.allowed:
        return access_denied.deny(found, shown, decision)
    if not hypermedia.is_swap():
        visitor.record(EventName.CONTENT_VIEW, found.id, found.creator_id, shown.id, kind="lesson")
    return page(found, shown, decision)


@bp.get("/learn/<course_slug>/<lesson_slug>/resources/<uuid:resource_id>")
def resource(course_slug: str, lesson_slug: str, resource_id: uuid.UUID) -> Response:
    """Download a resource of the lesson, if the reader may open the lesson."""
    found, shown, decision = access.lesson_for(reader(), course_slug, lesson_slug)
    if not decision.allowed:
        return access_denied.deny(found, shown, decision)
    theirs = _resources(shown, everything=_works_on(reader(), found))
    file = next((r for r in theirs if r.id == resource_id and r.storage_key), None) or abort(404)
    suffix = PurePosixPath(file.storage_key or "").suffix
    kind = mimetypes.types_map.get(suffix, "application/octet-stream")
    name = upload_rules.download_name(file.title, file.storage_key or "")
    return storage.send(file.storage_key or "", kind, download_name=name)


def page(course: Course, lesson: Lesson, decision: AccessDecision) -> Response:
    """Render the lesson page; a swap gets the parts that completing a lesson changes."""
    user, facts = reader(), decision.facts
    assert facts is not None  # noqa: S101 - decide() always says by what it decided
    plan = outline.load(user, course, facts)
    before, after = plan.beside(lesson.id)
    entry = plan.entry(lesson.id)
    works_on = _works_on(user, course)
    is_draft = works_on and request.args.get("draft") == "1"
    if is_draft:
        lesson_drafts.overlay(lesson)
    recording = recordings.for_creator(course.id, lesson.id, playable=True) if is_draft else lesson.media
    player = _playback(course, recording, is_draft)
    keeps_progress = user is not None and (facts.holds or facts.trusted)
    if user is not None and facts.holds and not entry.begun and not entry.withheld:
        openings.note(user.id, lesson.id)
    finished = keeps_progress and plan.percent == 100
    return hypermedia.render(
        "learn/lesson.html",
        "learn/lesson.oob.html",
        course=course,
        lesson=lesson,
        plan=plan,
        entry=entry,
        before=before,
        after=after,
        playback=player,
        embed=video_embeds.embed(lesson.external_video_url) if player is None else None,
        start_at=_start_at(entry.position, player.duration if player else 0),
        opened_at=playback.sign_opening(user.id, lesson.id) if user else "",
        keeps_progress=keeps_progress,
        next_course=next_course.by_the_same_creator(user, course) if user and finished else None,
        owned=facts.holds or facts.trusted,
        code=course.code if facts.holds or facts.trusted else None,
        is_preview=works_on and (is_draft or not facts.holds),
        is_draft=is_draft,
        resources=_resources(lesson, everything=is_draft),
    )


def _works_on(user: User | None, course: Course) -> bool:
    return user is not None and (user.is_admin or course.creator_id == user.id)


def _resources(lesson: Lesson, everything: bool) -> list[Resource]:
    """List the lesson's resources; those pending approval only for those who edit the course."""
    return [resource for resource in lesson.resources if everything or not resource.pending]


def _playback(course: Course, recording: MediaAsset | None, is_draft: bool) -> Playback | None:
    """Load the recording with its tracks, the course's own language first; drafts have pending ones too."""
    if recording is None:
        return None
    found = recordings.playback(recording, working=is_draft)
    tracks = sorted(found.tracks, key=lambda track: track.language.split("-")[0] != course.language)
    return replace(found, tracks=tracks)


def _start_at(position: int, duration: float) -> int:
    """Compute the start position in seconds: `?t=` of the address, or where the reader stopped."""
    asked = request.args.get("t", "")
    if asked.isascii() and asked.isdigit() and (second := int(asked[:9])) <= min(LONGEST, duration):
        return second
    return 0 if position >= duration * NEARLY_OVER else position
