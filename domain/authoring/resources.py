"""Resources of a lesson: links and files for learners to download, in order."""

import uuid
from collections.abc import Iterable
from urllib.parse import urlsplit

from sqlalchemy import func, select

import jobs
from domain import Refused
from domain.base import clock
from domain.catalog import lifecycle
from domain.media import recordings, upload_rules
from domain.media.upload_results import UploadedFile
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import Course, Lesson, MediaAsset, Picture, Resource, ResourceKind, Upload, User, db

GONE = "That isn’t part of this lesson any more."
MOST = 40
MAX_TITLE, MAX_ADDRESS = 200, 500


def add_link(course: Course, lesson: Lesson, actor: User, title: str, url: str) -> Resource:
    """Add a link to a lesson, pending where changes need approval. Raises Refused for a bad URL."""
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and "." in (parts.hostname or "") and " " not in url
    except ValueError:
        fine = False
    if not fine or len(url) > MAX_ADDRESS:
        raise Refused("That isn’t a web address. Use one like https://example.com/page.", "url")
    return add(course, lesson, actor, Resource(title=title, kind=ResourceKind.LINK, url=url))


def find(lesson: Lesson, resource_id: uuid.UUID) -> Resource:
    """Find a resource of `lesson`; raises Refused when it is gone."""
    found = db.session.scalar(
        select(Resource).where(Resource.id == resource_id, Resource.lesson_id == lesson.id)
    )
    if found is None:
        raise Refused(GONE)
    return found


def rename(course: Course, lesson: Lesson, actor: User, resource_id: uuid.UUID, title: str) -> None:
    """Change the title of a resource; proposed only, where changes need approval."""
    lifecycle.lock_course(course)
    resource = find(lesson, resource_id)
    if lifecycle.needs_approval(course, actor) and not resource.pending:
        resource.proposed_title = title if title != resource.title else None
    else:
        resource.title, resource.proposed_title = title, None
    _record_change(course, actor, AuditAction.RENAME_RESOURCE, resource)


def move(
    course: Course, lesson: Lesson, actor: User, resource_id: uuid.UUID, after: uuid.UUID | None
) -> None:
    """Move a resource behind another one; None is the beginning. Refused when either is gone."""
    lifecycle.lock_course(course)
    resource = find(lesson, resource_id)
    query = select(Resource).where(Resource.lesson_id == lesson.id, Resource.id != resource.id)
    others = list(db.session.scalars(query.order_by(Resource.position, Resource.id)))
    place = others.index(find(lesson, after)) + 1 if after is not None and after != resource.id else 0
    others.insert(place, resource)
    for position, row in enumerate(others, 1):
        row.position = position
    _record_change(course, actor, AuditAction.MOVE_RESOURCE, resource)


def delete(course: Course, lesson: Lesson, actor: User, resource_id: uuid.UUID) -> str:
    """Delete a resource at once, without approval; answers its title."""
    lifecycle.lock_course(course)
    resource = find(lesson, resource_id)
    title = resource.title
    db.session.delete(resource)
    if resource.storage_key:
        jobs.enqueue("discard_file", storage_key=resource.storage_key)
    _record_change(course, actor, AuditAction.DELETE_RESOURCE, resource)
    return title


def discard_files(lesson_ids: Iterable[uuid.UUID]) -> None:
    """Enqueue jobs that delete all files of lessons about to be deleted.

    They run only after issued media addresses have expired, so that nobody's playback breaks.
    """
    ids = list(lesson_ids)
    later = clock.now() + recordings.ADDRESS_LIFETIME
    assets = select(MediaAsset.id).where(MediaAsset.lesson_id.in_(ids) | MediaAsset.proposed_for.in_(ids))
    for asset_id in db.session.scalars(assets):
        jobs.enqueue("discard_media", run_after=later, asset_id=str(asset_id))
    for table in (Resource, Picture):
        keys = select(table.storage_key).where(table.lesson_id.in_(ids), table.storage_key.is_not(None))
        for key in db.session.scalars(keys):
            jobs.enqueue("discard_file", run_after=later, storage_key=key)


def add(
    course: Course, lesson: Lesson, actor: User, row: Resource, action: AuditAction = AuditAction.ADD_RESOURCE
) -> Resource:
    """Append a link or stored file to a lesson's resources, pending where changes need approval.

    Raises Refused where there are MOST already.
    """
    lifecycle.lock_course(course)
    count, last = db.session.execute(
        select(func.count(Resource.id), func.max(Resource.position)).where(Resource.lesson_id == lesson.id)
    ).one()
    if count >= MOST:
        raise Refused(f"A lesson can have at most {MOST} resources.")
    row.lesson_id, row.position = lesson.id, (last or 0) + 1
    row.pending = lifecycle.needs_approval(course, actor)
    db.session.add(row)
    db.session.flush()
    _record_change(course, actor, action, row)
    return row


def _record_change(course: Course, actor: User, action: AuditAction, resource: Resource) -> None:
    audit.record(actor, action, resource, resource.title)
    lifecycle.content_changed(course, actor)


def take_upload(
    upload: Upload, actor: User, course: Course | None, lesson: Lesson | None, file: UploadedFile
) -> uuid.UUID:
    """Add an uploaded file to the lesson it was sent for; answers the resource's id."""
    assert course is not None and lesson is not None  # noqa: S101, PT018 - check_place saw to it
    row = Resource(
        id=upload.id, title=upload_rules.title_of(file.filename)[:MAX_TITLE] or "File",
        kind=upload_rules.resource_kind(file.filename), storage_key=file.key, size=file.size,
    )  # fmt: skip
    return add(course, lesson, actor, row, AuditAction.UPLOAD_RESOURCE).id
