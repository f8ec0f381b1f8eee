"""The whole way in, for whoever waits for it: read, compare with the shop, store, write."""

from pathlib import Path

from domain.portable.reading import read
from domain.portable.shop import find_place
from domain.portable.source import opened
from domain.portable.storing import Prepared, Progress, prepare
from domain.portable.writing import write
from models import Course, User, db


def import_folder(path: Path, creator: User, progress: Progress) -> tuple[Course, Prepared]:
    """A draft of `creator` from the folder or zip at `path`, and the files that were stored for it.

    Raises Broken with everything that is wrong; then nothing was written or stored. Whoever can't commit
    discards what was prepared.
    """
    with opened(path) as source:
        course = read(source)
        place = find_place(course, creator, source.names)
        db.session.rollback()  # nothing was written; nobody waits for the database while files are stored
        made = prepare(source, course, place, progress)
    return write_or_undo(made, creator, path.name), made


def write_or_undo(made: Prepared, creator: User, origin: str) -> Course:
    """The rows of what was prepared; its files are removed again when they can't be written."""
    try:
        course = write(made, creator, origin)
        db.session.flush()
    except BaseException:
        db.session.rollback()
        made.discard()
        raise
    return course
