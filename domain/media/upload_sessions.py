"""Files of any size that creators send in chunks: begun, continued after a dropped connection, finished.

A chunk goes straight to its place, on our disk or in the bucket; the database only knows that an upload is
under way. How far it has come the storage says. `receive` and `settle` are for the time between two
transactions: no upload keeps the database waiting.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO

from sqlalchemy import select, update
from werkzeug.exceptions import NotFound

import jobs
import storage
from domain import Refused
from domain.base import clock
from domain.media import code_archives, upload_results, upload_rules
from domain.media.upload_results import Arrived
from models import Course, Lesson, Upload, UploadPurpose, UploadState, User, db

PART_ADDRESS_LIFETIME = timedelta(hours=6)
ABANDONED_AFTER = timedelta(days=3)
NOTED_EVERY = timedelta(seconds=30)
OVER = "This upload is over. Choose the file again."


@dataclass(frozen=True)
class Plan:
    """What is needed to go on with an upload while no transaction is open."""

    id: uuid.UUID
    purpose: UploadPurpose
    filename: str
    incoming: storage.Incoming
    sha256: str | None


def open_ones(
    user: User, purpose: UploadPurpose, course_id: uuid.UUID | None, lesson_id: uuid.UUID | None
) -> list[Upload]:
    """What `user` began for this place and can go on with, the latest first."""
    query = select(Upload).where(
        upload_rules.under_way(user.id),
        Upload.purpose == purpose,
        Upload.course_id == course_id if course_id else Upload.course_id.is_(None),
        Upload.lesson_id == lesson_id if lesson_id else Upload.lesson_id.is_(None),
    )
    return list(db.session.scalars(query.order_by(Upload.created_at.desc()).limit(upload_rules.MOST_OPEN)))


def of(user: User, upload_id: uuid.UUID, to_end: bool = False) -> Upload:
    """An upload of `user`; raises NotFound for anybody else's. `to_end` keeps others waiting who end it."""
    query = select(Upload).where(Upload.id == upload_id, Upload.user_id == user.id)
    found = db.session.scalar(query.with_for_update() if to_end else query)
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
    """Announce a file of `size` bytes. Raises Refused for a kind or size that isn't taken, or no room."""
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


def plan(upload: Upload) -> Plan:
    """What to go on with; raises Refused when it was cancelled or finished."""
    if upload.state != UploadState.OPEN:
        raise Refused(OVER)
    return Plan(upload.id, upload.purpose, upload.filename, _incoming(upload), upload.sha256)


def received(upload: Upload) -> int:
    """How many bytes have come, which is where to go on."""
    return (
        storage.current().received(_incoming(upload)) if upload.state == UploadState.OPEN else upload.received
    )


def receive(plan: Plan, offset: int, source: BinaryIO, length: int, sha256: str | None = None) -> int:
    """Keep a chunk of `length` bytes from `offset`; answers where to go on. Harmless to repeat.

    Raises WrongOffsetError, DamagedError and BusyError of storage; Refused where the bucket takes the parts.
    """
    store = storage.current()
    if not isinstance(store, storage.LocalStorage):
        raise Refused("Files go straight to the bucket here.")
    return store.append(plan.incoming, offset, source, length, sha256)


def part_address(plan: Plan, number: int) -> str | None:
    """Where the browser puts part `number` (from 1) itself; None where chunks come to us."""
    if not 1 <= number <= plan.incoming.parts:
        raise Refused("There is no such part.")
    seconds = int(PART_ADDRESS_LIFETIME.total_seconds())
    return storage.current().part_url(plan.incoming, number, seconds)


def is_quiet(upload: Upload) -> bool:
    """Whether its last sign of life is so old that another should be written down."""
    return upload.updated_at < clock.now() - NOTED_EVERY


def note(upload_id: uuid.UUID, so_far: int) -> None:
    """Write down that an upload is alive, with `so_far` bytes there."""
    alive = update(Upload).where(Upload.id == upload_id, Upload.size >= so_far)
    db.session.execute(alive.values(received=so_far, updated_at=clock.now()))


def settle(plan: Plan) -> Arrived:
    """Put the file in its place once all of it has come, and look at it. Safe to repeat.

    Raises WrongOffsetError when some is missing, Refused when it isn't what its checksum or name says.
    """
    store, incoming = storage.current(), plan.incoming
    store.complete(incoming)
    if plan.sha256 is not None:
        with store.open(incoming.key) as file:
            if storage.sha256_of(file) != plan.sha256:
                raise Refused("The file arrived damaged: its checksum is another. Upload it again.")
    contents = None
    if plan.purpose == UploadPurpose.CODE_ARCHIVE:
        with store.local_copy(incoming.key) as path:
            contents = code_archives.inspect(path)
    return Arrived(incoming.key, incoming.size, plan.filename, contents)


def finish(upload: Upload, actor: User, course: Course | None, lesson: Lesson | None, file: Arrived) -> None:
    """Make of the file what it was sent for. Nothing happens when that was done already."""
    if upload.state == UploadState.DONE:
        return
    if upload.state != UploadState.OPEN:
        raise Refused(OVER)
    upload.result_id = upload_results.FINISHERS[upload.purpose](upload, actor, course, lesson, file)
    upload.state, upload.received = UploadState.DONE, upload.size


def cancel(upload: Upload) -> None:
    """Give an upload up; the worker removes what has come of it."""
    if upload.state == UploadState.OPEN:
        upload.state = UploadState.CANCELLED
        jobs.enqueue("remove_upload", upload_id=str(upload.id))


def sweep() -> None:
    """The worker's part: give up what nobody has gone on with for days."""
    silent = select(Upload).where(
        Upload.state == UploadState.OPEN, Upload.updated_at < clock.now() - ABANDONED_AFTER
    )
    for upload in db.session.scalars(silent.limit(500)):
        cancel(upload)
    storage.current().sweep(2 * ABANDONED_AFTER.total_seconds())


def begin_removal(upload_id: str) -> storage.Incoming | None:
    """What is left of a cancelled upload, unless it is gone."""
    upload = db.session.get(Upload, uuid.UUID(upload_id))
    return _incoming(upload) if upload is not None and upload.state == UploadState.CANCELLED else None


def remove(incoming: storage.Incoming) -> None:
    """Remove it from the storage: what has come, and the whole file when it was refused at the end."""
    storage.current().abandon(incoming)
    storage.current().delete(incoming.key)


def end_removal(incoming: storage.Incoming, _result: None) -> None:
    """Nothing is left; the row stays for a while and says so."""


def _incoming(upload: Upload) -> storage.Incoming:
    return storage.Incoming(upload.id.hex, upload_results.key_of(upload), upload.size, upload.remote_id)
