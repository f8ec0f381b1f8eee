"""Recordings: published and proposed ones, playback, and signed media addresses.

Processed files are below `media/<id>/` in storage, the original apart from them (domain/media/originals.py).
Addresses carry a signed, expiring token for that folder; they are given out only after an access decision.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import selectinload
from uuid_utils.compat import uuid7

import jobs
import storage
from domain.base import clock, webvtt
from domain.base.addresses import pattern_of
from domain.catalog import counters, lifecycle
from domain.media import captions, originals, served_files
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import (
    Caption,
    Course,
    Lesson,
    LessonKind,
    MediaAsset,
    MediaStatus,
    Module,
    ProposedCaption,
    Upload,
    User,
    db,
)

ADDRESS_LIFETIME = timedelta(hours=6)
MOST_SHOWN = 50


@dataclass(frozen=True)
class PlaybackSource:
    """A file that can be played: its address and MIME type."""

    url: str
    type: str


@dataclass(frozen=True)
class Track:
    """A caption track: BCP 47 tag, its label, and the address of the WebVTT."""

    language: str
    label: str
    url: str


@dataclass(frozen=True)
class Playback:
    """The data of the player. `state` is "ready" when there is something to play.

    `sources` are best first, `duration` is in seconds; `chapters` are {"start": seconds, "title": text};
    `transcripts` holds the cues of each language; `chapters_url` is None without chapters.
    """

    kind: str
    state: str
    error: str | None
    duration: float
    sources: list[PlaybackSource]
    poster_url: str | None
    tracks: list[Track]
    chapters: list[dict[str, object]]
    chapters_url: str | None
    transcripts: dict[str, list[webvtt.Cue]]


class RecordingRow(NamedTuple):
    """A recording in a course's list; `waits` for approval."""

    lesson_id: uuid.UUID
    title: str
    status: MediaStatus
    filename: str
    error: str | None
    waits: bool


def play(asset_id: uuid.UUID) -> Playback | None:
    """Build the playback of a recording, for somebody allowed to watch it; two queries."""
    query = select(MediaAsset).where(MediaAsset.id == asset_id).options(selectinload(MediaAsset.captions))
    asset = db.session.scalar(query)
    return playback(asset) if asset is not None else None


def for_editor(asset: MediaAsset | None) -> Playback | None:
    """Build the playback of what `for_creator` found, without transcripts; None if it can't be played."""
    ready = asset is not None and asset.status == MediaStatus.READY
    return playback(asset, working=True, transcribed=False) if asset is not None and ready else None


def playback(asset: MediaAsset, working: bool = False, transcribed: bool = True) -> Playback:
    """Build the playback of `asset` (captions loaded), for somebody allowed to watch it.

    `working`: the creator's version, with proposed captions (loaded, too) and chapters over the published
    ones. Captions loaded without their text get no transcript, and none do unless `transcribed`.
    """
    token = _opening(served_files.folder(asset.id))
    spoken: list[captions.Spoken] = captions.working_copies(asset) if working else [*asset.captions]
    chapters = captions.working_chapters(asset) if working else asset.chapters
    aside = ""
    if working and (asset.proposed_captions or asset.proposed_chapters):
        aside = _opening(served_files.proposals(asset.id))
    files = [
        (asset.playlist, served_files.TYPES[".m3u8"]),
        (asset.mp4, served_files.content_type(asset.mp4 or "")),
    ]
    ready = asset.status == MediaStatus.READY
    return Playback(
        kind=asset.kind.value,
        state=asset.status.value,
        error=asset.error,
        duration=asset.duration_seconds or 0,
        sources=[
            PlaybackSource(_path("file", token, asset, name=name), kind)
            for name, kind in files
            if name and ready
        ],
        poster_url=_path("file", token, asset, name=asset.poster) if asset.poster else None,
        tracks=[Track(c.language, c.label, _captions_path(c, asset, token, aside)) for c in spoken],
        chapters=chapters,
        chapters_url=_chapters_path(chapters, asset, token, aside) if chapters else None,
        transcripts=_transcripts(spoken) if transcribed else {},
    )


def _transcripts(spoken: list[captions.Spoken]) -> dict[str, list[webvtt.Cue]]:
    return {row.language: webvtt.without_repeats(webvtt.parse(row.vtt)) for row in spoken if row.vtt}


def caption_text(asset_id: uuid.UUID, language: str, proposed: bool = False) -> str | None:
    """Load the WebVTT of a language, published or `proposed`; None without any."""
    table = ProposedCaption if proposed else Caption
    return db.session.scalar(select(table.vtt).where(table.asset_id == asset_id, table.language == language))


def chapters_text(asset_id: uuid.UUID, proposed: bool = False) -> str | None:
    """Build the chapters track, published or `proposed`; None without any."""
    column = MediaAsset.proposed_chapters if proposed else MediaAsset.chapters
    row = db.session.execute(
        select(column.label("chapters"), MediaAsset.duration_seconds).where(MediaAsset.id == asset_id)
    ).first()
    if row is None or not row.chapters:
        return None
    starts = [(float(c["start"]), str(c["title"])) for c in row.chapters]
    return webvtt.chapters_vtt(starts, row.duration_seconds or starts[-1][0] + 1)


def for_creator(
    course_id: uuid.UUID, lesson_id: uuid.UUID | None, playable: bool = False
) -> MediaAsset | None:
    """Find the creator's version of a recording, of the lesson or the preview film: proposed over published.

    `playable`: the published one as long as the proposed one can't be played.
    """
    query = select(MediaAsset).where(MediaAsset.course_id == course_id)
    if playable:
        query = query.order_by(MediaAsset.status != MediaStatus.READY)
    if lesson_id is None:
        query = query.where(*_PREVIEW_FILM).order_by(MediaAsset.proposed_film.desc())
    else:
        theirs = (MediaAsset.proposed_for == lesson_id) | (MediaAsset.lesson_id == lesson_id)
        query = query.where(theirs).order_by(MediaAsset.proposed_for.is_(None))
    both = selectinload(MediaAsset.captions), selectinload(MediaAsset.proposed_captions)
    return db.session.scalar(query.options(*both).limit(1))


def unready(course_id: uuid.UUID) -> list[RecordingRow]:
    """List the first MOST_SHOWN recordings that aren't ready, or wait for approval; one query."""
    query = (
        select(
            Lesson.id, Lesson.title, MediaAsset.status, MediaAsset.filename, MediaAsset.error,
            MediaAsset.proposed_for.is_not(None) & ~MediaAsset.steps_in,
        )
        .join(Lesson, Lesson.id == func.coalesce(MediaAsset.proposed_for, MediaAsset.lesson_id))
        .join(Module, Module.id == Lesson.module_id)
        .where(MediaAsset.course_id == course_id)
        .where((MediaAsset.status != MediaStatus.READY) | MediaAsset.proposed_for.is_not(None))
        .order_by(Module.position, Lesson.position)
        .limit(MOST_SHOWN)
    )  # fmt: skip
    return [RecordingRow._make(row) for row in db.session.execute(query)]


def add(lesson: Lesson, file: BinaryIO, filename: str) -> MediaAsset:
    """Store an uploaded recording for `lesson` and enqueue its processing; it replaces any before."""
    asset_id = uuid7()
    key = f"{originals.folder(asset_id)}original{_ending(filename)}"
    size = storage.current().put(key, file, "application/octet-stream")
    asset = MediaAsset(
        id=asset_id, course_id=lesson.course_id, storage_key=key, size=size, filename=filename[:255]
    )
    _place(asset, lesson, for_approval=False)
    return _keep(asset)


def adopt(
    course: Course, lesson: Lesson | None, actor: User, asset_id: uuid.UUID, key: str, size: int, name: str
) -> MediaAsset:
    """Make the stored file at `key` (`size` bytes) the recording of `lesson`, or the film of `course`.

    It starts with the captions and chapters of the one before, and replaces it once it can be played; only
    then does the expiry clock restart. Where changes need approval, it is proposed beside the published one.
    """
    lifecycle.lock_course(course)
    waits = lifecycle.needs_approval(course, actor)
    asset = MediaAsset(id=asset_id, course_id=course.id, storage_key=key, size=size, filename=name[:255])
    before = for_creator(course.id, lesson.id if lesson else None)
    _place(asset, lesson, for_approval=waits)
    _keep(asset)
    if before is not None:
        captions.copy_to(before, asset)
    if waits:
        lifecycle.content_changed(course, actor)
    return asset


def came_ready(asset: MediaAsset) -> None:
    """Publish `asset`, which has just become playable, unless it needs approval.

    The caller has locked its course. One uploaded while the course was in its first review needs approval,
    too, if the course was published meanwhile.
    """
    course = db.session.get_one(Course, asset.course_id)
    if asset.steps_in and lifecycle.needs_approval(course, _uploader(asset, course)):
        asset.steps_in = False
        lifecycle.sync_update_state(course)
    if asset.steps_in:
        _step_in(asset)
    if asset.proposed_for is None and not asset.proposed_film:
        lifecycle.content_shown(course)


def waits(asset: MediaAsset) -> bool:
    """Tell if `asset` (captions loaded) is proposed, or has proposed captions or chapters."""
    proposed = (asset.proposed_for is not None or asset.proposed_film) and not asset.steps_in
    return proposed or asset.proposed_chapters is not None or bool(asset.proposed_captions)


def retry(asset: MediaAsset) -> None:
    """Enqueue the processing of a failed recording again; does nothing for others."""
    if asset.status == MediaStatus.ERROR:
        asset.status, asset.error = MediaStatus.PROCESSING, None
        jobs.enqueue("process_media", asset_id=str(asset.id))


def remove(course: Course, asset: MediaAsset, actor: User) -> None:
    """Delete a recording; its files only once issued addresses have expired."""
    lifecycle.lock_course(course)
    lesson = db.session.get(Lesson, asset.lesson_id) if asset.lesson_id else None
    _drop(MediaAsset.id == asset.id)
    if not asset.steps_in:
        if lesson is not None and lesson.kind != LessonKind.TEXT:
            lesson.duration_seconds = 0  # it was the recording's duration
            counters.count_lessons(course)
        lifecycle.content_changed(course, actor)
    audit.record(actor, AuditAction.REMOVE_RECORDING, asset, asset.filename)


def accept_proposals(course: Course) -> None:
    """Publish the proposed recordings, captions and chapters of `course`.

    One that can't be played doesn't replace one that can.
    """
    captions.accept_proposals(course)
    for asset in db.session.scalars(_proposed(course)).all():
        lesson = db.session.get(Lesson, asset.proposed_for) if asset.proposed_for else None
        if asset.status == MediaStatus.READY or not _plays(course.id, lesson):
            _step_in(asset)


def drop_proposals(lesson: Lesson) -> None:
    """Drop the proposed recording of `lesson`, and proposals for the published one."""
    _drop(MediaAsset.proposed_for == lesson.id, ~MediaAsset.steps_in)
    live = db.session.scalar(select(MediaAsset).where(MediaAsset.lesson_id == lesson.id))
    if live is not None:
        captions.drop_proposals(live)


_PREVIEW_FILM = (MediaAsset.lesson_id.is_(None), MediaAsset.proposed_for.is_(None))


def _proposed(course: Course) -> Select[MediaAsset]:
    waits = (MediaAsset.proposed_for.is_not(None) | MediaAsset.proposed_film) & ~MediaAsset.steps_in
    return select(MediaAsset).where(MediaAsset.course_id == course.id, waits)


def _place(asset: MediaAsset, lesson: Lesson | None, for_approval: bool) -> None:
    """Assign `asset` to its lesson or course: beside a playable published one, else in its place."""
    asset.steps_in = not for_approval and _plays(asset.course_id, lesson)
    beside = for_approval or asset.steps_in
    if lesson is None:
        asset.proposed_film = beside
        films = (MediaAsset.course_id == asset.course_id, *_PREVIEW_FILM)
        _drop(*films, *([MediaAsset.proposed_film.is_(True)] if beside else []))
        return
    here, waiting = MediaAsset.lesson_id == lesson.id, MediaAsset.proposed_for == lesson.id
    asset.proposed_for, asset.lesson_id = (lesson.id, None) if beside else (None, lesson.id)
    _drop(waiting if beside else here | waiting)


def _plays(course_id: uuid.UUID, lesson: Lesson | None) -> bool:
    """Tell if the lesson, or the preview film, has a published recording that can be played."""
    place = (MediaAsset.lesson_id == lesson.id,) if lesson else (*_PREVIEW_FILM, ~MediaAsset.proposed_film)
    ready = (MediaAsset.course_id == course_id, MediaAsset.status == MediaStatus.READY, *place)
    return db.session.scalar(select(MediaAsset.id).where(*ready).limit(1)) is not None


def _step_in(asset: MediaAsset) -> None:
    """Replace the published recording by `asset`."""
    if asset.proposed_film:
        _drop(MediaAsset.course_id == asset.course_id, *_PREVIEW_FILM, MediaAsset.id != asset.id)
    else:
        _drop(MediaAsset.lesson_id == asset.proposed_for)
        asset.lesson_id, asset.proposed_for = asset.proposed_for, None
    asset.proposed_film = asset.steps_in = False
    db.session.flush()
    if asset.lesson_id is not None and asset.duration_seconds is not None:
        lesson = db.session.get_one(Lesson, asset.lesson_id)
        lesson.duration_seconds = round(asset.duration_seconds)


def _uploader(asset: MediaAsset, course: Course) -> User:
    """Find the uploader, else the course's creator. An upload has the id of its recording."""
    upload = db.session.get(Upload, asset.id)
    return db.session.get_one(User, upload.user_id if upload else course.creator_id)


def _keep(asset: MediaAsset) -> MediaAsset:
    asset.status = MediaStatus.PROCESSING
    db.session.add(asset)
    db.session.flush()
    jobs.enqueue("process_media", key=f"media:{asset.id}", asset_id=str(asset.id))
    return asset


def _drop(*which: ColumnElement[bool]) -> None:
    """Delete recordings; their files only once issued addresses have expired, for people watching."""
    for asset in db.session.scalars(select(MediaAsset).where(*which)).all():
        jobs.enqueue("discard_media", run_after=clock.now() + ADDRESS_LIFETIME, asset_id=str(asset.id))
        db.session.delete(asset)
    db.session.flush()


def _ending(filename: str) -> str:
    suffix = Path(filename).suffix.lower()[:8]
    return suffix if suffix[1:].isalnum() else ""


def _opening(path: str) -> str:
    """Sign a token that opens the files below `path` for ADDRESS_LIFETIME."""
    return storage.sign(path, clock.now() + ADDRESS_LIFETIME)


def _path(what: str, token: str, asset: MediaAsset, **names: str) -> str:
    return pattern_of(f"media.{what}").format(token=token, asset_id=asset.id, **names)


def _captions_path(row: captions.Spoken, asset: MediaAsset, token: str, aside: str) -> str:
    query = f"?v={served_files.version(row.vtt)}" if row.vtt else ""
    if isinstance(row, ProposedCaption):
        return _path("proposed_captions", aside, asset, language=row.language) + query
    return _path("captions", token, asset, language=row.language) + query


def _chapters_path(chapters: list[Any] | None, asset: MediaAsset, token: str, aside: str) -> str:
    query = f"?v={served_files.version(json.dumps(chapters))}"
    if chapters is asset.chapters:
        return _path("chapters", token, asset) + query
    return _path("proposed_chapters", aside, asset) + query
