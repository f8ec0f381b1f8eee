"""What becomes of a file that was uploaded, by what it was sent for."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from domain import archives, audit, recordings, resources, transfers, upload_rules
from models import Course, Lesson, Resource, Upload, UploadPurpose, User

FOLDERS = {
    UploadPurpose.LESSON_MEDIA: "originals/{id}/original",
    UploadPurpose.PREVIEW_FILM: "originals/{id}/original",
    UploadPurpose.RESOURCE: "resources/{id}",
    UploadPurpose.CODE_ARCHIVE: "archives/{id}",
    UploadPurpose.COURSE_IMPORT: "imports/{id}",
}


@dataclass(frozen=True)
class Arrived:
    """A file that is whole and in its place; `contents` is what was found in a code archive."""

    key: str
    size: int
    filename: str
    contents: archives.Contents | None = None


Finisher = Callable[[Upload, User, Course | None, Lesson | None, Arrived], uuid.UUID | None]


def key_of(upload: Upload) -> str:
    """Where the file will be: named for the upload, whose id what is made of it has as well."""
    ending = upload_rules.ending_of(upload.filename)
    return FOLDERS[upload.purpose].format(id=upload.id) + (f".{ending}" if ending else "")


def _recording(
    upload: Upload, actor: User, course: Course | None, lesson: Lesson | None, file: Arrived
) -> uuid.UUID:
    assert course is not None  # noqa: S101 - check_place saw to it
    asset = recordings.adopt(course, lesson, actor, upload.id, file.key, file.size, file.filename)
    audit.record(actor, "upload_recording", lesson or course, file.filename)
    return asset.id


def _resource(
    upload: Upload, actor: User, course: Course | None, lesson: Lesson | None, file: Arrived
) -> uuid.UUID:
    assert course is not None and lesson is not None  # noqa: S101, PT018 - check_place saw to it
    row = Resource(
        id=upload.id, title=PurePosixPath(file.filename).stem[:200] or "File",
        kind=upload_rules.resource_kind(file.filename), storage_key=file.key, size=file.size,
    )  # fmt: skip
    return resources.add(course, lesson, actor, row, "upload_resource").id


def _archive(
    upload: Upload, actor: User, course: Course | None, _lesson: Lesson | None, file: Arrived
) -> uuid.UUID:
    assert course is not None and file.contents is not None  # noqa: S101, PT018 - settle() looked at it
    archive = archives.adopt(course, actor, upload.id, file.key, file.filename, file.contents)
    audit.record(actor, "upload_code", course, file.filename)
    return archive.id


def _import(
    _upload: Upload, actor: User, _course: Course | None, _lesson: Lesson | None, file: Arrived
) -> uuid.UUID:
    return transfers.start_import(actor, file.key, file.filename, file.size).id


FINISHERS: dict[UploadPurpose, Finisher] = {
    UploadPurpose.LESSON_MEDIA: _recording,
    UploadPurpose.PREVIEW_FILM: _recording,
    UploadPurpose.RESOURCE: _resource,
    UploadPurpose.CODE_ARCHIVE: _archive,
    UploadPurpose.COURSE_IMPORT: _import,
}
