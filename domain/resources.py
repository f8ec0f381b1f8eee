"""What a lesson gives to take along: links and files, in their order."""

import uuid
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from sqlalchemy import func, select

import jobs
from domain import Refused, audit, clock, drafts, publishing, recordings
from models import Course, Lesson, MediaAsset, Picture, Resource, ResourceKind, User, db

MOST = 40
MAX_TITLE, MAX_ADDRESS = 200, 500
KINDS: dict[ResourceKind, tuple[str, ...]] = {
    ResourceKind.PDF: (".pdf",),
    ResourceKind.DOCUMENT: (
        ".doc", ".docx", ".odt", ".rtf", ".txt", ".md", ".epub", ".png", ".jpg", ".jpeg", ".webp",
    ),
    ResourceKind.SPREADSHEET: (".xls", ".xlsx", ".ods", ".csv", ".tsv"),
    ResourceKind.PRESENTATION: (".ppt", ".pptx", ".odp"),
    ResourceKind.CODE: (
        ".zip", ".gz", ".tgz", ".py", ".ipynb", ".js", ".ts", ".html", ".css", ".json", ".toml", ".yaml",
        ".yml", ".xml", ".sql", ".sh", ".rs", ".go", ".java", ".kt", ".c", ".h", ".cpp", ".cs", ".rb",
        ".php", ".swift", ".r", ".jl", ".lua", ".diff",
    ),
}  # fmt: skip
# What a file of this ending begins with; the others are text or say nothing about themselves.
_BEGINNINGS = {
    (".pdf",): b"%PDF-",
    (".zip", ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".epub"): b"PK",
    (".gz", ".tgz"): b"\x1f\x8b",
    (".png",): b"\x89PNG",
    (".jpg", ".jpeg"): b"\xff\xd8\xff",
}


def kind_of(filename: str) -> ResourceKind:
    """What a file is by its ending; raises Refused for one that isn't taken."""
    suffix = suffix_of(filename)
    for kind, suffixes in KINDS.items():
        if suffix in suffixes:
            return kind
    raise Refused(
        "Files of this kind can’t be added. Take a PDF, a document, a spreadsheet, slides, code or a zip.",
        "file",
    )


def suffix_of(filename: str) -> str:
    """The ending of a file's name in lower case, with its dot."""
    return PurePosixPath(filename.replace("\\", "/")).suffix.lower()


def check_beginning(filename: str, beginning: bytes) -> None:
    """Raise Refused where the first bytes of a file aren't what its ending says."""
    suffix = suffix_of(filename)
    for suffixes, expected in _BEGINNINGS.items():
        if suffix in suffixes and not beginning.startswith(expected):
            raise Refused(f"This isn’t what its name says: no {suffix[1:].upper()} begins like this.", "file")


def add_link(course: Course, lesson: Lesson, actor: User, title: str, url: str) -> Resource:
    """A link below the lesson; it waits where changes wait. Raises Refused for what is no web address."""
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and "." in (parts.hostname or "") and " " not in url
    except ValueError:
        fine = False
    if not fine or len(url) > MAX_ADDRESS:
        raise Refused("That is no web address. It looks like https://example.com/page.", "url")
    return add(course, lesson, actor, Resource(title=title, kind=ResourceKind.LINK, url=url))


def find(lesson: Lesson, resource_id: uuid.UUID) -> Resource:
    """A resource of `lesson`; raises Refused when it is gone."""
    found = db.session.scalar(
        select(Resource).where(Resource.id == resource_id, Resource.lesson_id == lesson.id)
    )
    if found is None:
        raise Refused("That isn’t part of this lesson any more.")
    return found


def rename(course: Course, lesson: Lesson, actor: User, resource_id: uuid.UUID, title: str) -> None:
    """Give a resource another title, at once."""
    publishing.hold(course)
    resource = find(lesson, resource_id)
    resource.title = title
    _note(course, actor, "rename_resource", resource)


def move(
    course: Course, lesson: Lesson, actor: User, resource_id: uuid.UUID, after: uuid.UUID | None
) -> None:
    """Let a resource follow another one; None is the beginning. Refused when either is gone."""
    publishing.hold(course)
    resource = find(lesson, resource_id)
    query = select(Resource).where(Resource.lesson_id == lesson.id, Resource.id != resource.id)
    others = list(db.session.scalars(query.order_by(Resource.position, Resource.id)))
    place = others.index(find(lesson, after)) + 1 if after is not None and after != resource.id else 0
    others.insert(place, resource)
    for position, row in enumerate(others, 1):
        row.position = position
    _note(course, actor, "move_resource", resource)


def delete(course: Course, lesson: Lesson, actor: User, resource_id: uuid.UUID) -> str:
    """Take a resource away at once; answers its title."""
    publishing.hold(course)
    resource = find(lesson, resource_id)
    title = resource.title
    db.session.delete(resource)
    if resource.storage_key:
        jobs.enqueue("discard_file", storage_key=resource.storage_key)
    _note(course, actor, "delete_resource", resource)
    return title


def discard_files(lesson_ids: Iterable[uuid.UUID]) -> None:
    """Let the worker remove every file of lessons that are about to be deleted, once nobody watches."""
    ids = list(lesson_ids)
    later = clock.now() + recordings.ADDRESS_LIFETIME
    assets = select(MediaAsset.id).where(MediaAsset.lesson_id.in_(ids) | MediaAsset.proposed_for.in_(ids))
    for asset_id in db.session.scalars(assets):
        jobs.enqueue("discard_media", run_after=later, asset_id=str(asset_id))
    for table in (Resource, Picture):
        keys = select(table.storage_key).where(table.lesson_id.in_(ids), table.storage_key.is_not(None))
        for key in db.session.scalars(keys):
            jobs.enqueue("discard_file", run_after=later, storage_key=key)


def add(course: Course, lesson: Lesson, actor: User, row: Resource, verb: str = "add_resource") -> Resource:
    """Put a new row, a link or a stored file, at the end of the lesson's; it waits where changes wait.

    Raises Refused where there are MOST already.
    """
    publishing.hold(course)
    count, last = db.session.execute(
        select(func.count(Resource.id), func.max(Resource.position)).where(Resource.lesson_id == lesson.id)
    ).one()
    if count >= MOST:
        raise Refused(f"A lesson has at most {MOST} things to take along.")
    row.lesson_id, row.position = lesson.id, (last or 0) + 1
    row.pending = publishing.waits(course, actor)
    db.session.add(row)
    db.session.flush()
    _note(course, actor, verb, row)
    return row


def _note(course: Course, actor: User, verb: str, resource: Resource) -> None:
    audit.record(actor, verb, resource, resource.title)
    drafts.note(course, actor)
