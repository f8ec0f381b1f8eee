"""Results of uploads: the row made from a finished file, by the upload's purpose."""

import importlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from domain.media import code_archives, recordings, upload_rules
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import Course, Lesson, Upload, UploadPurpose, User

FOLDERS = {
    UploadPurpose.LESSON_MEDIA: "originals/{id}/original",
    UploadPurpose.PREVIEW_FILM: "originals/{id}/original",
    UploadPurpose.RESOURCE: "resources/{id}",
    UploadPurpose.CODE_ARCHIVE: "archives/{id}",
    UploadPurpose.COURSE_IMPORT: "imports/{id}",
}


@dataclass(frozen=True)
class UploadedFile:
    """A complete, stored file; `contents` is the inspection of a code archive."""

    key: str
    size: int
    filename: str
    contents: code_archives.ArchiveContents | None = None


Finisher = Callable[[Upload, User, Course | None, Lesson | None, UploadedFile], uuid.UUID | None]


def key_of(upload: Upload) -> str:
    """Build the storage key: named by the upload's id, which the resulting row has as well."""
    ending = upload_rules.ending_of(upload.filename)
    return FOLDERS[upload.purpose].format(id=upload.id) + (f".{ending}" if ending else "")


def _recording(
    upload: Upload, actor: User, course: Course | None, lesson: Lesson | None, file: UploadedFile
) -> uuid.UUID:
    assert course is not None  # noqa: S101 - check_place saw to it
    asset = recordings.adopt(course, lesson, actor, upload.id, file.key, file.size, file.filename)
    audit.record(actor, AuditAction.UPLOAD_RECORDING, lesson or course, file.filename)
    return asset.id


def _archive(
    upload: Upload, actor: User, course: Course | None, _lesson: Lesson | None, file: UploadedFile
) -> uuid.UUID:
    assert course is not None and file.contents is not None  # noqa: S101, PT018 - settle() looked at it
    archive = code_archives.adopt(course, actor, upload.id, file.key, file.filename, file.contents)
    audit.record(actor, AuditAction.UPLOAD_CODE, course, file.filename)
    return archive.id


def _elsewhere(verb: str) -> Finisher:
    """Import a finisher "module.function" of a higher package lazily; the layers forbid importing it."""

    def finish(
        upload: Upload, actor: User, course: Course | None, lesson: Lesson | None, file: UploadedFile
    ) -> uuid.UUID | None:
        module, name = verb.rsplit(".", 1)
        found: Finisher = getattr(importlib.import_module(f"domain.{module}"), name)
        return found(upload, actor, course, lesson, file)

    return finish


FINISHERS: dict[UploadPurpose, Finisher] = {
    UploadPurpose.LESSON_MEDIA: _recording,
    UploadPurpose.PREVIEW_FILM: _recording,
    UploadPurpose.RESOURCE: _elsewhere("authoring.resources.take_upload"),
    UploadPurpose.CODE_ARCHIVE: _archive,
    UploadPurpose.COURSE_IMPORT: _elsewhere("portable.course_transfers.take_upload"),
}
