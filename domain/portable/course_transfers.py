"""Import and export jobs: zips that creators upload or download, read and built by the worker.

Problems of a zip are a result, stored in the row. Errors on our side are retried.
"""

import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from werkzeug.exceptions import NotFound

import jobs
import storage
from domain.base import clock
from domain.media.upload_results import UploadedFile
from domain.portable import InvalidCourse, exporting, folder_writer, importing, report
from domain.portable.file_store import PreparedCourse
from models import (
    CodeArchive,
    Course,
    CourseTransfer,
    Lesson,
    MediaAsset,
    Picture,
    Resource,
    TransferKind,
    TransferState,
    Upload,
    User,
    db,
)

SHOWN = 10
KEPT_FOR = timedelta(days=1)
AT_ONCE = 64 * 1024**2  # bytes; a larger zip is built by the worker
TRIED_AGAIN = "Something went wrong on our side. We’ll try again automatically."
OVER = "Only creators can import courses."


@dataclass(frozen=True)
class ImportPlan:
    """A zip to import: its future creator, and where it is stored."""

    id: uuid.UUID
    creator_id: uuid.UUID
    storage_key: str
    filename: str


@dataclass(frozen=True)
class ExportPlan:
    """A course to export, and where its zip will be stored."""

    id: uuid.UUID
    course_id: uuid.UUID
    storage_key: str


def take_upload(
    _upload: Upload, actor: User, _course: Course | None, _lesson: Lesson | None, file: UploadedFile
) -> uuid.UUID:
    """Enqueue the import of an uploaded zip; returns the id of the import."""
    return start_import(actor, file.key, file.filename, file.size).id


def start_import(user: User, storage_key: str, filename: str, size: int) -> CourseTransfer:
    """Enqueue the import of the zip at `storage_key` as a draft of `user`."""
    row = CourseTransfer(
        user_id=user.id, kind=TransferKind.IN, filename=filename[:255], storage_key=storage_key, size=size
    )
    db.session.add(row)
    db.session.flush()
    jobs.enqueue("import_course", key=f"import:{row.id}", transfer_id=str(row.id))
    return row


def start_export(user: User, course: Course) -> CourseTransfer:
    """Enqueue the export of `course` for `user`; returns the pending one, if there is one."""
    waiting = newest_export(user, course)
    if waiting is not None and waiting.state == TransferState.WAITING:
        return waiting
    row = CourseTransfer(
        user_id=user.id, course_id=course.id, kind=TransferKind.OUT, filename=f"{course.slug}.zip",
        storage_key="",
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    row.storage_key = f"exports/{row.id}.zip"
    jobs.enqueue("export_course", key=f"export:{row.id}", transfer_id=str(row.id))
    return row


def imports_of(user: User) -> list[tuple[CourseTransfer, str | None]]:
    """List the latest imports of `user`, each with the title of its course if that exists; one query."""
    query = (
        select(CourseTransfer, Course.title)
        .outerjoin(Course, (Course.id == CourseTransfer.course_id) & Course.deleted_at.is_(None))
        .where(CourseTransfer.user_id == user.id, CourseTransfer.kind == TransferKind.IN)
        .order_by(CourseTransfer.created_at.desc())
        .limit(SHOWN)
    )
    return [(row[0], row[1]) for row in db.session.execute(query)]


def newest_export(user: User, course: Course) -> CourseTransfer | None:
    """Load the latest zip of `course` that `user` requested, unless it has expired."""
    query = (
        select(CourseTransfer)
        .where(
            CourseTransfer.user_id == user.id,
            CourseTransfer.kind == TransferKind.OUT,
            CourseTransfer.course_id == course.id,
        )
        .order_by(CourseTransfer.created_at.desc())
        .limit(1)
    )
    row = db.session.scalar(query)
    return None if row is None or _is_gone(row) else row


def export_to_fetch(user: User, course: Course, transfer_id: uuid.UUID) -> CourseTransfer:
    """Load an export that is ready for download; raises NotFound otherwise."""
    row = db.session.get(CourseTransfer, transfer_id)
    theirs = row is not None and (row.user_id, row.course_id) == (user.id, course.id)
    if row is None or not theirs or row.state != TransferState.DONE or _is_gone(row):
        raise NotFound
    return row


def weight(course: Course) -> int:
    """Estimate the size of a zip of `course` in bytes: the sum of its files."""
    lessons = select(Lesson.id).where(Lesson.course_id == course.id)
    sums = (
        select(func.sum(MediaAsset.size)).where(MediaAsset.course_id == course.id),
        select(func.sum(Picture.size)).where(Picture.course_id == course.id),
        select(func.sum(CodeArchive.size)).where(CodeArchive.course_id == course.id),
        select(func.sum(Resource.size)).where(Resource.lesson_id.in_(lessons)),
    )
    row = db.session.execute(select(*(one.scalar_subquery() for one in sums))).one()
    return sum(int(one or 0) for one in row)


def begin_import(transfer_id: str) -> ImportPlan | None:
    """Plan the import, unless it is done."""
    row = db.session.get(CourseTransfer, uuid.UUID(transfer_id))
    if row is None or row.state != TransferState.WAITING:
        return None
    user = db.session.get_one(User, row.user_id)
    if user.suspended_at or user.deleted_at or not (user.is_creator or user.is_admin):
        _fail(row, [OVER])
        return None
    return ImportPlan(row.id, row.user_id, row.storage_key, row.filename)


def read_import(plan: ImportPlan) -> PreparedCourse | InvalidCourse:
    """Read and validate the zip and store its files. Its problems are a result, not an error."""
    creator = db.session.get_one(User, plan.creator_id)
    course_id = uuid.uuid5(plan.id, "course")  # the same at every retry, as are the names of its files
    try:
        with storage.current().local_copy(plan.storage_key) as path:
            return importing.prepare_folder(path, creator, course_id=course_id)
    except InvalidCourse as broken:
        return broken


def end_import(plan: ImportPlan, result: PreparedCourse | InvalidCourse) -> None:
    """Write the course, or the problems."""
    row = db.session.get_one(CourseTransfer, plan.id)
    if isinstance(result, InvalidCourse):
        _fail(row, report.grouped(result.problems))
        return
    creator = db.session.get_one(User, plan.creator_id)
    course = importing.write_or_undo(result, creator, plan.filename)
    row = db.session.get_one(CourseTransfer, plan.id)
    row.course_id, row.state, row.finished_at = course.id, TransferState.DONE, clock.now()
    row.problems = [result.summary, *report.grouped(result.notes)]
    _discard(row, clock.now())


def note_failure(_error: str, transfer_id: str) -> None:
    """Report that an attempt failed on our side."""
    row = db.session.get(CourseTransfer, uuid.UUID(transfer_id))
    if row is not None and row.state == TransferState.WAITING:
        row.problems = [TRIED_AGAIN]


def begin_export(transfer_id: str) -> ExportPlan | None:
    """Plan the export, unless it is done or the course is deleted."""
    row = db.session.get(CourseTransfer, uuid.UUID(transfer_id))
    if row is None or row.state != TransferState.WAITING:
        return None
    if row.course_id is None:
        _fail(row, ["The course no longer exists."])
        return None
    return ExportPlan(row.id, row.course_id, row.storage_key)


def pack(plan: ExportPlan) -> int | str:
    """Build and store the zip; returns its size in bytes, or the reason why it can't be built."""
    course = db.session.get_one(Course, plan.course_id)
    slug, entries = course.slug, exporting.entries(course)
    db.session.rollback()  # hold no transaction while files are copied
    with tempfile.TemporaryDirectory(prefix="lectern-export-") as folder:
        packed = Path(folder, "course.zip")
        try:
            with packed.open("wb") as out:
                for block in folder_writer.to_zip(entries, slug):
                    out.write(block)
        except FileNotFoundError:
            return "A file of this course is missing. Upload it again, or remove it."
        with packed.open("rb") as content:
            return storage.current().put(plan.storage_key, content, "application/zip")


def end_export(plan: ExportPlan, result: int | str) -> None:
    """Offer the zip for download, for a day."""
    row = db.session.get_one(CourseTransfer, plan.id)
    if isinstance(result, str):
        _fail(row, [result])
        return
    row.size, row.state, row.finished_at, row.problems = result, TransferState.DONE, clock.now(), []
    _discard(row, clock.now() + KEPT_FOR)


def _fail(row: CourseTransfer, problems: Sequence[str | report.Entry]) -> None:
    row.state, row.problems, row.finished_at = TransferState.FAILED, list(problems), clock.now()
    _discard(row, clock.now())


def _discard(row: CourseTransfer, when: datetime) -> None:
    jobs.enqueue("discard_file", run_after=when, storage_key=row.storage_key)


def _is_gone(row: CourseTransfer) -> bool:
    return row.finished_at is not None and row.finished_at + KEPT_FOR <= clock.now()
