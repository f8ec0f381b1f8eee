"""Recordings: what can be played, and the addresses under which it is.

A recording lives below `media/<id>/` in storage: the original, and what the worker made of it. Its
addresses carry a signed, expiring token for that folder; they are handed out after an access decision
and by nobody else.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import selectinload

import jobs
import storage
from domain import captions, clock
from models import Caption, Lesson, MediaAsset, MediaStatus, db

ADDRESS_LIFETIME = timedelta(hours=6)
TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mp4": "video/mp4",
    ".m4s": "video/iso.segment",
    ".m4a": "audio/mp4",
    ".ts": "video/mp2t",
    ".jpg": "image/jpeg",
    ".vtt": "text/vtt",
}


@dataclass(frozen=True)
class Source:
    """One way to play a recording: its address and MIME type, best first."""

    url: str
    type: str


@dataclass(frozen=True)
class Track:
    """Captions in one language: a BCP 47 tag, its name for people, the address of the WebVTT."""

    language: str
    label: str
    url: str


@dataclass(frozen=True)
class Playback:
    """Everything the player needs. `state` is "ready" when there is something to play.

    `duration` is in seconds; `chapters` are {"start": seconds, "title": text}; `transcripts` holds the
    cues of each language; `chapters_url` is None without chapters.
    """

    kind: str
    state: str
    error: str | None
    duration: float
    sources: list[Source]
    poster_url: str | None
    tracks: list[Track]
    chapters: list[dict[str, object]]
    chapters_url: str | None
    transcripts: dict[str, list[captions.Cue]]


def of_lesson(lesson_id: uuid.UUID) -> MediaAsset | None:
    """The recording of a lesson with its captions, in two queries."""
    query = (
        select(MediaAsset).where(MediaAsset.lesson_id == lesson_id).options(selectinload(MediaAsset.captions))
    )
    return db.session.scalar(query)


def playback(asset: MediaAsset) -> Playback:
    """How to play `asset` (captions loaded). Call it only for somebody who may watch it."""
    base = _address(asset.id)
    files = [(asset.playlist, TYPES[".m3u8"]), (asset.mp4, _type_of(asset.mp4 or ""))]
    ready = asset.status == MediaStatus.READY
    return Playback(
        kind=asset.kind.value,
        state=asset.status.value,
        error=asset.error,
        duration=asset.duration_seconds or 0,
        sources=[Source(f"{base}/{name}", kind) for name, kind in files if name and ready],
        poster_url=f"{base}/{asset.poster}" if asset.poster else None,
        tracks=[Track(c.language, c.label, f"{base}/captions/{c.language}.vtt") for c in asset.captions],
        chapters=asset.chapters,
        chapters_url=f"{base}/chapters.vtt" if asset.chapters else None,
        transcripts={c.language: captions.parse(c.vtt) for c in asset.captions},
    )


def caption_text(asset_id: uuid.UUID, language: str) -> str | None:
    """The WebVTT of one language, if there is one."""
    return db.session.scalar(
        select(Caption.vtt).where(Caption.asset_id == asset_id, Caption.language == language)
    )


def chapters_text(asset_id: uuid.UUID) -> str | None:
    """The chapters as WebVTT, if there are any."""
    row = db.session.execute(
        select(MediaAsset.chapters, MediaAsset.duration_seconds).where(MediaAsset.id == asset_id)
    ).first()
    if row is None or not row.chapters:
        return None
    starts = [(float(c["start"]), str(c["title"])) for c in row.chapters]
    return captions.chapters_vtt(starts, row.duration_seconds or starts[-1][0] + 1)


def add(lesson: Lesson, file: BinaryIO, filename: str) -> MediaAsset:
    """Keep an uploaded recording for `lesson`, in place of any it had, and have the worker process it."""
    old = db.session.scalar(select(MediaAsset).where(MediaAsset.lesson_id == lesson.id))
    if old is not None:
        db.session.delete(old)
        db.session.flush()
        jobs.enqueue("discard_media", run_after=clock.now() + ADDRESS_LIFETIME, asset_id=str(old.id))
    asset = MediaAsset(course_id=lesson.course_id, lesson_id=lesson.id, storage_key="")
    db.session.add(asset)
    db.session.flush()
    suffix = Path(filename).suffix.lower()[:8]
    suffix = suffix if suffix[1:].isalnum() else ""
    asset.storage_key = f"media/{asset.id}/original{suffix}"
    asset.size = storage.current().put(asset.storage_key, file, "application/octet-stream")
    asset.status = MediaStatus.PROCESSING
    jobs.enqueue("process_media", key=f"media:{asset.id}", asset_id=str(asset.id))
    return asset


def content_type(name: str) -> str:
    """The MIME type under which a file of a recording is sent."""
    return _type_of(name)


def folder(asset_id: uuid.UUID) -> str:
    """Where a recording's files are kept, and what its token opens."""
    return f"media/{asset_id}/"


def _address(asset_id: uuid.UUID) -> str:
    token = storage.sign(folder(asset_id), clock.now() + ADDRESS_LIFETIME)
    return f"/media/{token}/{asset_id}"


def _type_of(name: str) -> str:
    return TYPES.get(Path(name).suffix.lower(), "application/octet-stream")
