"""A whole import: read, validate, store, write."""

import uuid
from contextlib import closing
from pathlib import Path

from domain.portable import Findings
from domain.portable.course_writer import write
from domain.portable.file_store import PreparedCourse, Progress, store_files
from domain.portable.folder_reader import left_out, read
from domain.portable.lesson_files import Expanded
from domain.portable.source import opened
from domain.portable.target_course import find_place
from models import Course, User, db


def _silently(_what: str, _done: int, _total: int) -> None:
    """Report no progress."""


def prepare_folder(
    path: Path,
    creator: User,
    progress: Progress = _silently,
    course_id: uuid.UUID | None = None,
    strict: bool = False,
) -> PreparedCourse:
    """Read and validate the folder or zip at `path`, and store its files for a course of `creator`.

    Links that lead nowhere and pictures that can't be used are noted, or with `strict` are problems. Raises
    InvalidCourse with all problems; then nothing is stored. Ends the transaction: none is open while files
    are stored.
    """
    findings = Findings()
    with opened(path) as given, closing(Expanded(given)) as source:
        course = read(source, findings)
        place = find_place(course, creator, given.names, findings, course_id)
        db.session.rollback()
        made = store_files(source, course, place, findings, progress, strict)
        findings.notes += left_out(source, course)
        return made


def write_or_undo(made: PreparedCourse, creator: User, origin: str) -> Course:
    """Write the draft of a prepared import; on an error its files are removed again.

    `origin` names the folder or file it came from.
    """
    try:
        return write(made, creator, origin)
    except BaseException:
        db.session.rollback()
        made.discard()
        raise
