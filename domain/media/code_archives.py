"""Code archives of courses: inspected when uploaded, verified by checksum before they are sent.

They are never unpacked here. The inspection refuses what would harm a learner who unpacks it: path traversal,
links, devices, and decompression bombs.
"""

import gzip
import tarfile
import time
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

import jobs
import storage
from domain import Refused
from domain.base import clock, safe_zip
from domain.base.log import log
from domain.catalog import lifecycle
from domain.media.recordings import ADDRESS_LIFETIME
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import ArchiveFormat, AuditEntry, CodeArchive, Course, User, db

ENDINGS = ("zip", "tar.gz")
MIB = 1024 * 1024
MOST_BYTES = 200 * MIB
MOST_FILES = 20_000
MOST_UNPACKED = 1024 * MIB
MOST_SAID = 8 * MIB  # all extended headers of a tar.gz: names and times
SECONDS = 15  # of processor time: what is packed as usual takes a third of that at most
SMALL = 10 * MIB  # below this no ratio is suspicious
BLOCK = 1024 * 1024
TOO_MANY = f"There are too many files in this archive. Use at most {MOST_FILES:,}."
DAMAGED = AuditAction.CODE_DAMAGED
TOO_SLOW = "This archive takes too long to check. Pack fewer files, as a plain ZIP or tar.gz."
NO_ARCHIVE = "This isn’t a readable ZIP or tar.gz archive. Create it again."

_SENTENCES = {
    safe_zip.Trouble.ENCRYPTED: "This archive is password-protected. Create it without a password.",
    safe_zip.Trouble.COMPRESSION: "This archive uses an unusual compression. Create a plain ZIP.",
}


class DamagedArchiveError(Exception):
    """The stored file isn't the one that was uploaded; it must not be sent."""


@dataclass(frozen=True)
class ArchiveContents:
    """The result of an inspection: format by content, number of files, size (bytes) and checksum."""

    format: ArchiveFormat
    file_count: int
    size: int
    sha256: str


def inspect(path: Path) -> ArchiveContents:
    """Inspect the archive at `path`, for SECONDS at most.

    Raises Refused for an unreadable, dangerous or slow one.
    """
    size, deadline = path.stat().st_size, _Deadline()
    if size > MOST_BYTES:
        raise Refused(f"The archive is too large. Use at most {MOST_BYTES // MIB} MB.", "file")
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(0)
        sha256 = storage.sha256_of(file)
    kind = {b"PK": ArchiveFormat.ZIP, b"\x1f\x8b": ArchiveFormat.TAR_GZ}.get(head[:2])
    if kind is None:
        raise Refused(NO_ARCHIVE, "file")
    is_zip = kind == ArchiveFormat.ZIP
    try:
        count = _check_entries(_in_zip(path, deadline) if is_zip else _in_tar(path, size, deadline), size)
    except Refused:
        raise
    except safe_zip.ListsTooMuch as error:
        raise Refused(TOO_MANY, "file") from error
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, ValueError, RuntimeError,
            NotImplementedError, OverflowError) as error:  # fmt: skip
        raise Refused(NO_ARCHIVE, "file") from error
    if not count:
        raise Refused("There are no files in this archive.", "file")
    return ArchiveContents(kind, count, size, sha256)


def adopt(
    course: Course, actor: User, archive_id: uuid.UUID, key: str, filename: str, contents: ArchiveContents
) -> CodeArchive:
    """Make the stored file at `key` the code of `course`, pending where changes need approval."""
    lifecycle.lock_course(course)
    waits = lifecycle.needs_approval(course, actor)
    _drop(course, pending=waits)
    archive = CodeArchive(
        id=archive_id, course_id=course.id, storage_key=key, filename=filename, size=contents.size,
        format=contents.format, sha256=contents.sha256, file_count=contents.file_count, pending=waits,
    )  # fmt: skip
    db.session.add(archive)
    db.session.flush()
    lifecycle.content_changed(course, actor)
    return archive


def list_archives(course_id: uuid.UUID) -> list[CodeArchive]:
    """List the published and then the pending archive; either may be missing."""
    query = select(CodeArchive).where(CodeArchive.course_id == course_id).order_by(CodeArchive.pending)
    return list(db.session.scalars(query))


def offered(course_id: uuid.UUID) -> CodeArchive | None:
    """Find the published archive; None without one."""
    query = select(CodeArchive).where(CodeArchive.course_id == course_id, CodeArchive.pending.is_(False))
    return db.session.scalar(query)


def remove(course: Course, actor: User, pending: bool) -> None:
    """Delete the published archive, or with `pending` the one that waits for approval."""
    lifecycle.lock_course(course)
    _drop(course, pending)
    lifecycle.content_changed(course, actor)
    audit.record(actor, AuditAction.REMOVE_CODE, course)


def accept_proposal(course: Course) -> None:
    """Publish the pending archive in place of the published one."""
    archive = _find(course, pending=True)
    if archive is not None:
        _drop(course, pending=False)
        archive.pending = False
        db.session.flush()


def verify(archive: CodeArchive) -> None:
    """Raise DamagedArchiveError, and log it, unless the stored file has the checksum of the upload."""
    try:
        with storage.current().open(archive.storage_key) as file:
            same = storage.sha256_of(file) == archive.sha256
    except FileNotFoundError:
        same = False
    if not same:
        log.error("code archive %s is damaged or missing: %s", archive.id, archive.storage_key)
        raise DamagedArchiveError


def report_damage(archive_id: uuid.UUID) -> None:
    """Record in the audit log, once for each archive, that it can't be sent."""
    archive = db.session.get_one(CodeArchive, archive_id)
    said = select(AuditEntry.id).where(
        AuditEntry.subject_type == "codearchive",
        AuditEntry.subject_id == str(archive_id),
        AuditEntry.action == DAMAGED.value,
    )
    if db.session.scalar(said.limit(1)) is None:
        audit.record(None, DAMAGED, archive, f"{archive.filename}: missing, or its checksum is another")


def _find(course: Course, pending: bool) -> CodeArchive | None:
    found = select(CodeArchive).where(CodeArchive.course_id == course.id, CodeArchive.pending.is_(pending))
    return db.session.scalar(found)


def _drop(course: Course, pending: bool) -> None:
    """Delete an archive's row; its file only once issued addresses have expired, for running downloads."""
    archive = _find(course, pending)
    if archive is not None:
        later = clock.now() + ADDRESS_LIFETIME
        jobs.enqueue("discard_file", run_after=later, storage_key=archive.storage_key)
        db.session.delete(archive)
        db.session.flush()


class _Deadline:
    """A limit of SECONDS of this thread's processor time, however busy the machine is."""

    def __init__(self) -> None:
        self._at = time.thread_time() + SECONDS

    def check(self) -> None:
        """Raise Refused once the time is spent."""
        if time.thread_time() > self._at:
            raise Refused(TOO_SLOW, "file")


@dataclass(frozen=True)
class _Entry:
    name: str
    size: int
    is_file: bool
    is_folder: bool


def _check_entries(entries: Iterator[_Entry], packed: int) -> int:
    """Count the files, raising Refused at the first entry that is dangerous."""
    count = total = files = 0
    for entry in entries:
        count, total, files = count + 1, total + entry.size, files + entry.is_file
        if count > MOST_FILES:
            raise Refused(TOO_MANY, "file")
        if total > MOST_UNPACKED or safe_zip.is_bomb(total, packed, SMALL):
            raise Refused("Unpacked, this archive would be far too large.", "file")
        if not (entry.is_file or entry.is_folder):
            raise Refused(f"“{entry.name[:80]}” is a link or device. Include regular files only.", "file")
        _check_path(entry.name)
    return files


def _check_path(name: str) -> None:
    if safe_zip.points_outside(name) or len(name) > 1000:
        raise Refused(f"“{name[:80]}” points outside the archive’s folder. Create it again.", "file")


def _in_zip(path: Path, deadline: _Deadline) -> Iterator[_Entry]:
    """Yield the entries of a ZIP. Reads each file, as the sizes in the directory prove nothing."""
    with safe_zip.opened(path) as archive:
        for info in archive.infolist():
            trouble = safe_zip.trouble_of(info, info.orig_filename)
            if trouble in _SENTENCES:
                raise Refused(_SENTENCES[trouble], "file")
            is_taken = trouble != safe_zip.Trouble.SPECIAL
            is_file, is_folder = is_taken and not info.is_dir(), is_taken and info.is_dir()
            yield _Entry(info.orig_filename, info.file_size, is_file, is_folder)
            if is_file:
                _read_through(archive, info, deadline)


def _read_through(archive: zipfile.ZipFile, info: zipfile.ZipInfo, deadline: _Deadline) -> None:
    """Unpack to nowhere to check checksum and size; zipfile stops at the announced size."""
    with archive.open(info) as file:
        while file.read(BLOCK):
            deadline.check()


def _in_tar(path: Path, packed: int, deadline: _Deadline) -> Iterator[_Entry]:
    """Yield the entries of a tar.gz, read as a stream; limits its growth as it is unpacked."""
    with path.open("rb") as raw:
        bounded: Any = _Bounded(raw, packed, deadline)
        for member in tarfile.open(fileobj=bounded, mode="r|", tarinfo=_Header):  # noqa: SIM115
            yield _Entry(member.name, member.size, member.isreg(), member.isdir())


class _Header(tarfile.TarInfo):
    """A tar header with a limit on extended headers, which tarfile reads into memory and parses.

    A gigabyte of them compresses well, and would hold a thread for minutes.
    """

    DESCRIBING = (*"xgXLK",)

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type.decode("latin-1") in self.DESCRIBING:
            said = getattr(archive, "said_by_headers", 0) + self.size
            if self.size > MIB or said > MOST_SAID:
                raise Refused(NO_ARCHIVE, "file")
            archive.said_by_headers = said  # type: ignore[attr-defined]
        return super()._proc_member(archive)  # type: ignore[misc]

    def _proc_gnusparse_10(self, *_: object) -> None:
        raise Refused(NO_ARCHIVE, "file")


class _Bounded:
    """A gzip reader with a limit on the unpacked size."""

    def __init__(self, raw: object, packed: int, deadline: _Deadline) -> None:
        self._deadline = deadline
        self._file = gzip.GzipFile(fileobj=raw)  # type: ignore[call-overload]
        self._left = min(MOST_UNPACKED, max(SMALL, packed * safe_zip.MOST_RATIO)) + 64 * MIB

    def read(self, size: int = -1) -> bytes:
        """Read the next bytes; raises Refused beyond the limit."""
        self._deadline.check()
        block: bytes = self._file.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise Refused("Unpacked, this archive would be far too large.", "file")
        return block
