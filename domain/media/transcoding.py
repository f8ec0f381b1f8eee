"""Transcoding of uploaded recordings by the worker."""

import tempfile
import uuid
from pathlib import Path

from flask import current_app
from sqlalchemy import select

import media
import storage
from domain.base import sql
from domain.catalog import counters
from domain.media import captions, embedded_captions, originals, recordings, served_files
from models import Course, Lesson, MediaAsset, MediaKind, MediaStatus, Product, db

GAVE_UP = "Something went wrong on our side while this recording was processed. Try again."
Plan = tuple[uuid.UUID, str]


def begin(asset_id: str) -> Plan | None:
    """Read a recording's id and storage key; None if it is gone or done already."""
    asset = db.session.get(MediaAsset, uuid.UUID(asset_id))
    if asset is None or asset.status != MediaStatus.PROCESSING:
        return None
    return asset.id, asset.storage_key


def process(plan: Plan) -> media.Processed | media.MediaError:
    """Transcode and store renditions and poster. A bad file is a result, not a failure to retry."""
    asset_id, key = plan
    store = storage.current()
    with store.local_copy(key) as path, tempfile.TemporaryDirectory(prefix="lectern-media-") as folder:
        out = Path(folder)
        try:
            made = media.process(path, out, heights=_heights())
        except media.MediaError as error:
            return error
        for file in sorted(out.rglob("*")):
            if file.is_file():
                name = file.relative_to(out).as_posix()
                with file.open("rb") as content:
                    store.put(
                        f"{served_files.folder(asset_id)}{name}", content, served_files.content_type(name)
                    )
        return made


def _heights() -> tuple[int, ...]:
    """Choose the qualities to stream, in lines, up to the site's best."""
    best: int = current_app.config["SETTINGS"].video_max_lines
    return tuple(lines for lines in media.HEIGHTS if lines <= best) or (media.HEIGHTS[-1],)


def end(plan: Plan, result: media.Processed | media.MediaError) -> None:
    """Record the renditions, or the sentence that explains the error."""
    # Lock the course first, as all changes of recordings do: another order would deadlock.
    course = select(MediaAsset.course_id).where(MediaAsset.id == plan[0]).scalar_subquery()
    sql.lock_key(Product, course)
    asset = sql.locked(select(MediaAsset).where(MediaAsset.id == plan[0]), keys=True).first()
    if asset is None:
        return
    if isinstance(result, media.MediaError):
        asset.status, asset.error = MediaStatus.ERROR, str(result)[:500]
        return
    record(asset, result)


def record(asset: MediaAsset, made: media.Processed) -> None:
    """Write the properties and renditions to the row, and publish the recording.

    The lesson takes its duration from it.
    """
    asset.kind = MediaKind(made.kind)
    asset.duration_seconds = made.duration
    asset.width, asset.height, asset.format = made.width, made.height, made.format
    asset.mp4, asset.playlist, asset.poster = made.mp4, made.playlist, made.poster
    asset.renditions = made.renditions
    asset.status, asset.error = MediaStatus.READY, None
    asset.notes = embedded_captions.take(asset, made.subtitles)
    captions.trim_chapters(asset, made.duration)
    recordings.came_ready(asset)
    if asset.lesson_id is not None:
        db.session.get_one(Lesson, asset.lesson_id).duration_seconds = round(made.duration)
        counters.count_lessons(db.session.get_one(Course, asset.course_id))


def give_up(_error: str, asset_id: str) -> None:
    """Show an error at the recording after the last attempt of the worker."""
    asset = db.session.get(MediaAsset, uuid.UUID(asset_id))
    if asset is not None and asset.status == MediaStatus.PROCESSING:
        asset.status, asset.error = MediaStatus.ERROR, GAVE_UP


def discard(asset_id: str) -> None:
    """Delete the files of a replaced recording. Runs when its addresses have expired; idempotent."""
    if db.session.get(MediaAsset, uuid.UUID(asset_id)) is None:
        for folder in (served_files.folder(uuid.UUID(asset_id)), originals.folder(uuid.UUID(asset_id))):
            storage.current().delete_prefix(folder)
