"""Words and addresses for what the entries of the audit log are about."""

from collections.abc import Callable
from typing import NamedTuple

from flask import url_for

from domain.pages.audit_subjects import Subject
from models import AuditEntry

# Of what is one row, or has no page of its own.
_FIXED = {
    "platformsettings": ("Settings", "admin.shop_settings"),
    "backuprecord": ("Backups", "admin.backups"),
}
_KINDS = {
    "mediaasset": "recording",
    "codearchive": "code archive",
    "creatorapplication": "application",
    "moderationitem": "moderation",
    "emailmessage": "email",
    "stripeevent": "webhook",
    "platformsettings": "settings",
    "backuprecord": "backup",
}
_PLACES: dict[str, Callable[[Subject], str]] = {
    "user": lambda one: url_for("admin.user", user_id=one.id),
    "course": lambda one: url_for("studio.details", course_id=one.id),
    "bundle": lambda one: url_for("studio.bundle", bundle_id=one.id),
    "module": lambda one: url_for("studio.edit_module", course_id=one.parent, module_id=one.id),
    "lesson": lambda one: url_for("studio.lesson", course_id=one.parent, lesson_id=one.id),
    "mediaasset": lambda one: url_for("studio.course_media", course_id=one.parent),
    "codearchive": lambda one: url_for("studio.course_media", course_id=one.parent),
    "review": lambda one: url_for("catalog.course", slug=one.parent, _anchor="reviews"),
    "order": lambda one: url_for("admin.order", number=one.parent),
    "coupon": lambda one: url_for("admin.coupon", coupon_id=one.id),
    "category": lambda one: url_for("admin.category", category_id=one.id),
    "creatorapplication": lambda one: url_for("admin.user", user_id=one.parent),
    "moderationitem": lambda one: url_for("admin.moderation_item", item_id=one.id),
    "emailmessage": lambda one: url_for("admin.email", message_id=one.id),
    "job": lambda one: url_for("admin.job", job_id=one.id),
    "stripeevent": lambda one: url_for("admin.webhook", event_id=one.id),
}


class AuditLink(NamedTuple):
    """The subject of an entry: the word for its kind, its name and address; both are "" if it is gone."""

    kind: str
    name: str
    href: str


def link(entry: AuditEntry, subject: Subject | None) -> AuditLink:
    """Build the link of an entry."""
    kind = _KINDS.get(entry.subject_type, entry.subject_type)
    if entry.subject_type in _FIXED:
        name, endpoint = _FIXED[entry.subject_type]
        return AuditLink(kind, name, url_for(endpoint))
    if subject is None:
        return AuditLink(kind, "", "")
    place = _PLACES.get(subject.kind)
    return AuditLink(kind, subject.name or kind, place(subject) if place else "")
