"""Resumable uploads in chunks: begun, continued after a dropped connection, finished.

A chunk goes straight to storage, our disk or the bucket; the database only knows that an upload is open,
storage knows how many bytes it has. `receive` and `assemble` run between two transactions, so that no upload
keeps the database waiting.
"""

import threading
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO

from sqlalchemy import select, update
from werkzeug.exceptions import NotFound

import jobs
import storage
from domain import Refused
from domain.base import clock, sql
from domain.media import code_archives, upload_results, upload_rules
from domain.media.upload_results import UploadedFile
from models import Course, Lesson, Upload, UploadPurpose, UploadState, User, db

PART_ADDRESS_LIFETIME = timedelta(hours=6)
ABANDONED_AFTER = timedelta(days=3)
NOTED_EVERY = timedelta(seconds=30)
OVER = "This upload has ended. Choose the file again."
# Looking through an archive takes seconds: it may hold one thread of this process, never all of them.
_LOOKING = threading.Lock()


@dataclass(frozen=True)
class UploadPlan:
    """The data to continue an upload without an open transaction."""

    id: uuid.UUID
    purpose: UploadPurpose
    filename: str
    incoming: storage.PartialUpload
    sha256: str | None


def open_ones(
    user: User, purpose: UploadPurpose, course_id: uuid.UUID | None, lesson_id: uuid.UUID | None
) -> list[Upload]:
    """List `user`'s open uploads for this place, which can be continued, latest first."""
    query = select(Upload).where(
        upload_rules.under_way(user.id),
        Upload.purpose == purpose,
        Upload.course_id == course_id if course_id else Upload.course_id.is_(None),
        Upload.lesson_id == lesson_id if lesson_id else Upload.lesson_id.is_(None),
    )
    return list(db.session.scalars(query.order_by(Upload.created_at.desc()).limit(upload_rules.MOST_OPEN)))


def find(user: User, upload_id: uuid.UUID, to_end: bool = False) -> Upload:
    """Find an upload of `user`; raises NotFound for another person's. `to_end` locks its row."""
    query = select(Upload).where(Upload.id == upload_id, Upload.user_id == user.id)
    found = sql.locked(query, keys=True).first() if to_end else db.session.scalar(query)
    if found is None:
        raise NotFound
    return found


def begin(
    user: User,
    purpose: UploadPurpose,
    course: Course | None,
    lesson: Lesson | None,
    filename: str,
    size: int,
    sha256: str | None = None,
) -> Upload:
    """Begin an upload of `size` bytes. Raises Refused for its type, its size or an exceeded quota."""
    name = upload_rules.plain_name(filename)
    upload_rules.check_place(purpose, course, lesson)
    upload_rules.check_file(purpose, name, size)
    upload_rules.check_room(course.creator_id if course else user.id, user.id, size)
    upload = Upload(
        user_id=user.id, course_id=course.id if course else None, lesson_id=lesson.id if lesson else None,
        purpose=purpose, filename=name, size=size, sha256=sha256,
    )  # fmt: skip
    db.session.add(upload)
    db.session.flush()
    upload.remote_id = storage.current().begin(upload_results.key_of(upload))
    return upload


def plan(upload: Upload) -> UploadPlan:
    """Read what is needed to continue; raises Refused when it was cancelled or finished."""
    if upload.state != UploadState.OPEN:
        raise Refused(OVER)
    return UploadPlan(upload.id, upload.purpose, upload.filename, _incoming(upload), upload.sha256)


def received(upload: Upload) -> int:
    """Count the bytes received, which is the offset to continue at."""
    return (
        storage.current().received(_incoming(upload)) if upload.state == UploadState.OPEN else upload.received
    )


def receive(plan: UploadPlan, offset: int, source: BinaryIO, length: int, sha256: str | None = None) -> int:
    """Append a chunk of `length` bytes at `offset`; answers the next offset. Idempotent.

    Raises WrongOffsetError, ChecksumError and BusyError of storage; Refused where parts go to the bucket.
    """
    store = storage.current()
    if not isinstance(store, storage.LocalStorage):
        raise Refused("Files go straight to the bucket here.")
    return store.append(plan.incoming, offset, source, length, sha256)


def part_address(plan: UploadPlan, number: int) -> str | None:
    """Sign a URL for the browser to put part `number` (from 1) into the bucket; None without one."""
    if not 1 <= number <= plan.incoming.parts:
        raise Refused("There is no such part.")
    seconds = int(PART_ADDRESS_LIFETIME.total_seconds())
    return storage.current().part_url(plan.incoming, number, seconds)


def is_stale(upload: Upload) -> bool:
    """Tell if the last heartbeat is old enough to record another."""
    return upload.updated_at < clock.now() - NOTED_EVERY


def touch(upload_id: uuid.UUID, so_far: int) -> None:
    """Record a heartbeat with the bytes received."""
    alive = update(Upload).where(Upload.id == upload_id, Upload.size >= so_far)
    db.session.execute(alive.values(received=so_far, updated_at=clock.now()))


def assemble(plan: UploadPlan, patience: timedelta) -> UploadedFile:
    """Complete the file in storage and inspect it. Idempotent.

    Raises WrongOffsetError when bytes are missing, Refused for a wrong checksum or content, BusyError if
    this process inspects another archive for longer than `patience`.
    """
    store, incoming = storage.current(), plan.incoming
    store.complete(incoming)
    if plan.sha256 is not None:
        with store.open(incoming.key) as file:
            if storage.sha256_of(file) != plan.sha256:
                raise Refused("The file was damaged on the way. Upload it again.")
    contents = None
    if plan.purpose == UploadPurpose.CODE_ARCHIVE:
        contents = _look_through(store, incoming.key, patience)
    return UploadedFile(incoming.key, incoming.size, plan.filename, contents)


def _look_through(store: storage.Storage, key: str, patience: timedelta) -> code_archives.ArchiveContents:
    """Inspect an archive; a copy from a bucket is fetched before, so that nobody waits for a download."""
    if not patience and _LOOKING.locked():
        raise storage.BusyError  # before it is fetched: whoever asked will ask again
    with store.local_copy(key) as path:
        if not _LOOKING.acquire(timeout=patience.total_seconds()):
            raise storage.BusyError
        try:
            return code_archives.inspect(path)
        finally:
            _LOOKING.release()


def finish(
    upload: Upload, actor: User, course: Course | None, lesson: Lesson | None, file: UploadedFile
) -> None:
    """Make the upload's result (recording, resource, archive, import). Idempotent."""
    if upload.state == UploadState.DONE:
        return
    if upload.state != UploadState.OPEN:
        raise Refused(OVER)
    upload.result_id = upload_results.FINISHERS[upload.purpose](upload, actor, course, lesson, file)
    upload.state, upload.received = UploadState.DONE, upload.size


def cancel(upload: Upload) -> None:
    """Cancel an open upload and enqueue the deletion of what was received."""
    if upload.state == UploadState.OPEN:
        upload.state = UploadState.CANCELLED
        jobs.enqueue("remove_upload", upload_id=str(upload.id))


def sweep() -> None:
    """Cancel uploads without a heartbeat for ABANDONED_AFTER. Run by the worker."""
    silent = select(Upload).where(
        Upload.state == UploadState.OPEN, Upload.updated_at < clock.now() - ABANDONED_AFTER
    )
    for upload in db.session.scalars(silent.limit(500)):
        cancel(upload)
    storage.current().sweep(2 * ABANDONED_AFTER.total_seconds())


def begin_removal(upload_id: str) -> storage.PartialUpload | None:
    """Read what is left of a cancelled upload; None if it is gone."""
    upload = db.session.get(Upload, uuid.UUID(upload_id))
    return _incoming(upload) if upload is not None and upload.state == UploadState.CANCELLED else None


def remove(incoming: storage.PartialUpload) -> None:
    """Delete it from storage: parts, and the whole file if it was refused at the end."""
    storage.current().abandon(incoming)
    storage.current().delete(incoming.key)


def end_removal(incoming: storage.PartialUpload, _result: None) -> None:
    """Do nothing more; the row stays for a while to show the state."""


def _incoming(upload: Upload) -> storage.PartialUpload:
    return storage.PartialUpload(upload.id.hex, upload_results.key_of(upload), upload.size, upload.remote_id)
