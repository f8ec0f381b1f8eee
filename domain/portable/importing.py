"""The whole way in, for whoever waits for it: read, compare with the shop, store, write."""

import uuid
from pathlib import Path

from domain.portable.reading import read
from domain.portable.shop import find_place
from domain.portable.source import opened
from domain.portable.storing import Prepared, Progress, prepare
from domain.portable.writing import write
from models import Course, User, db


def _silently(_what: str, _done: int, _total: int) -> None:
    """Nobody is watching."""


def prepare_folder(
    path: Path, creator: User, progress: Progress = _silently, course_id: uuid.UUID | None = None
) -> Prepared:
    """The folder or zip at `path`, read, found right, its files stored for a course of `creator`.

    Raises Broken with everything that is wrong; then nothing is stored. It ends the transaction: nobody waits
    for the database while files are stored.
    """
    with opened(path) as source:
        course = read(source)
        place = find_place(course, creator, source.names, course_id)
        db.session.rollback()
        return prepare(source, course, place, progress)


def write_or_undo(made: Prepared, creator: User, origin: str) -> Course:
    """The draft of what was prepared; its files are removed again when it can't be written.

    `origin` names the folder or file it came from.
    """
    try:
        return write(made, creator, origin)
    except BaseException:
        db.session.rollback()
        made.discard()
        raise
