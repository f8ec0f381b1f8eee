"""Drafts of a live course's or bundle's page, and of modules: changes nobody else sees before approval.

Where changes need approval (lifecycle.needs_approval), texts and picture are kept in `Course.draft` by name,
a module's title and description in `Module.draft`: a title that could be changed at once could turn a course
that people trust into another one. Price, access, order and hiding take effect at once.
"""

import uuid
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import undefer_group

from domain import Refused
from domain.authoring.lesson_content import NEW
from domain.base import markdown, slugs
from domain.catalog import lifecycle, tags
from domain.catalog.lifecycle import Authored
from domain.platform import audit, images
from domain.platform.audit_actions import AuditAction
from models import Category, Course, Level, Module, UpdateState, User, db

LABELS = {
    "title": "Title",
    "slug": "Address",
    "summary": "Summary",
    "description": "Description",
    "category_id": "Category",
    "tags": "Tags",
    "level": "Level",
    "technology": "Technology",
    "language": "Language",
    "objectives": "What learners will be able to do",
    "prerequisites": "What learners need to know",
    "meta_title": "Search and sharing title",
    "meta_description": "Search and sharing description",
    "thumbnail": "Image",
}
# What only courses have.
_OF_COURSES = ("technology", "language", "objectives", "prerequisites")
MODULE_LABELS = {"title": "Title of a module", "description": "Description of a module"}


class ModuleText(NamedTuple):
    """A module in its creator's version; `is_new`: it was never published."""

    title: str
    description: str
    published: bool
    waits: bool
    is_new: bool


def live(course: Authored) -> dict[str, Any]:
    """Read the published values of the page by name, as JSON keeps them."""
    names = [name for name in LABELS if isinstance(course, Course) or name not in _OF_COURSES]
    values = {name: getattr(course, name) for name in names if name != "tags"}
    return _plain({**values, "tags": tags.names_of(course)})


def working(course: Authored) -> dict[str, Any]:
    """Read the creator's version of the page by name, with values as a row takes them."""
    return _typed({**live(course), **_draft(course)})


def changed(course: Authored) -> list[str]:
    """List the names of changed fields, in the order of LABELS."""
    return [name for name in LABELS if name in _draft(course)]


def waiting(course: Authored) -> list[str]:
    """List the waiting changes of the page and its modules, in words for people."""
    if course.update_state == UpdateState.NONE:
        return []
    words = [LABELS[name].lower() for name in changed(course)]
    for module in _waiting_modules(course):
        kind = "the new module" if NEW in (module.draft or {}) else "the module"
        words.append(f"{kind} “{module_text(module).title}”")
    return words


def picture(course: Authored) -> str | None:
    """Read the picture's token in the creator's version; None for the drawn cover."""
    token: str | None = _draft(course).get("thumbnail", course.thumbnail)
    return token


def keep(course: Authored, actor: User, wanted: Mapping[str, Any]) -> None:
    """Save checked values of the page by name: directly, or as a draft where changes need approval.

    The caller has locked the course.
    """
    values = _plain(wanted)
    if lifecycle.needs_approval(course, actor):
        seen = live(course)
        draft = {name: value for name, value in {**_draft(course), **values}.items() if value != seen[name]}
        course.draft = draft or None
        lifecycle.sync_update_state(course)
        return
    course.draft = {name: value for name, value in _draft(course).items() if name not in values} or None
    write(course, values)
    lifecycle.sync_update_state(course)


def set_picture(course: Authored, actor: User, file: BinaryIO, crop: images.Crop | None) -> None:
    """Set the picture of `course`, directly or as a draft. Raises Refused for an unreadable file."""
    token = images.keep(images.ImageUse.THUMBNAIL, file, crop)
    lifecycle.lock_and_reload(course)
    _drop_waiting_picture(course)
    keep(course, actor, {"thumbnail": token})
    audit.record(actor, AuditAction.CHANGE_PICTURE, course)


def remove_picture(course: Authored, actor: User) -> None:
    """Remove the picture for everybody at once, back to the drawn cover."""
    lifecycle.lock_and_reload(course)
    _drop_waiting_picture(course)
    write(course, {"thumbnail": None})
    lifecycle.sync_update_state(course)
    audit.record(actor, AuditAction.REMOVE_PICTURE, course)


def apply(course: Authored) -> None:
    """Publish the drafts of the page and of its modules. The caller has decided that this is allowed."""
    lifecycle.lock_and_reload(course)
    draft = _draft(course)
    if "slug" in draft:
        draft["slug"] = slugs.for_product(draft["slug"], course.id)
    if "category_id" in draft and db.session.get(Category, uuid.UUID(draft["category_id"])) is None:
        del draft["category_id"]  # deleted while it waited
    course.draft = None
    write(course, draft)
    for module in _waiting_modules(course):
        for name, value in (module.draft or {}).items():
            if name != NEW:
                setattr(module, name, value)
        module.draft = None
    db.session.flush()


def mark(course: Authored) -> str:
    """Fingerprint what `discard` drops, so that it drops nothing that nobody has seen (optimistic lock)."""
    modules = [(module.id, sorted((module.draft or {}).items())) for module in _waiting_modules(course)]
    return sha256(repr((sorted(_draft(course).items()), modules)).encode()).hexdigest()[:16]


def discard(course: Authored, actor: User, seen: str) -> None:
    """Drop the drafts of the page and of published modules; nobody else sees a difference.

    `seen` is their `mark` as they were shown. Refused when they have changed since, while in review, and
    where nothing waits.
    """
    lifecycle.lock_and_reload(course)
    if lifecycle.in_review(course):
        raise Refused("These changes are in review. Withdraw the update on the Publish page first.")
    known = [module for module in _waiting_modules(course) if NEW not in (module.draft or {})]
    if course.draft is None and not known:
        raise Refused("This page has no changes waiting any more.")
    if seen != mark(course):
        raise Refused("These changes aren’t the ones you saw, so nothing was discarded. They’re shown now.")
    _drop_waiting_picture(course)
    course.draft = None
    for module in known:
        module.draft = None
    audit.record(actor, AuditAction.DISCARD_CHANGES, course, course.title)
    lifecycle.sync_update_state(course)


def write(course: Authored, values: Mapping[str, Any]) -> None:
    """Write `values` by name to the row, with redirects, tags and HTML that follow from them."""
    typed = _typed(values)
    if "thumbnail" in typed and typed["thumbnail"] != course.thumbnail:
        images.remove_later(images.ImageUse.THUMBNAIL, course.thumbnail)
    if "slug" in typed:
        slugs.rename(course, typed.pop("slug"))
    if "tags" in typed:
        tags.set_tags(course, typed.pop("tags"))
    for name, value in typed.items():
        setattr(course, name, value)
    if "description" in typed:
        course.description_html = rendered(course.description) if course.description else ""
    db.session.flush()


def rendered(source: str) -> str:
    """Render Markdown to the HTML that is stored and shown. Raises Refused for one too large to render."""
    return markdown.render(source, own_host=own_host()).html


def own_host() -> str:
    """Read the host of this site, links to which are internal."""
    host: str = urlsplit(current_app.config["SETTINGS"].base_url).netloc
    return host


def module_text(module: Module) -> ModuleText:
    """Build the creator's version of `module`, whose draft is loaded."""
    draft = module.draft or {}
    return ModuleText(
        draft.get("title", module.title),
        draft.get("description", module.description),
        draft.get("published", module.published),
        bool(draft),
        NEW in draft,
    )


def keep_module(course: Course, module: Module, actor: User, wanted: Mapping[str, Any]) -> None:
    """Save title, description or `published` of a module: directly, or as a draft.

    Hiding takes effect at once, even where other changes need approval.
    """
    if not lifecycle.needs_approval(course, actor):
        for name, value in {**(module.draft or {}), **wanted}.items():
            if name != NEW:
                setattr(module, name, value)
        module.draft = None
        return
    if wanted.get("published") is False:
        module.published = False
    draft = {**(module.draft or {}), **wanted}
    differs = {name: value for name, value in draft.items() if name == NEW or value != getattr(module, name)}
    module.draft = differs or None


def initial_module_state(course: Course, actor: User, hidden: bool = False) -> dict[str, Any]:
    """Choose the initial publication of a module: shown, or hidden until it is approved."""
    if lifecycle.needs_approval(course, actor):
        return {"published": False, "draft": {NEW: True} if hidden else {NEW: True, "published": True}}
    return {"published": not hidden}


def _draft(course: Authored) -> dict[str, Any]:
    return dict(course.draft or {})


def _drop_waiting_picture(course: Authored) -> None:
    draft = _draft(course)
    images.remove_later(images.ImageUse.THUMBNAIL, draft.pop("thumbnail", None))
    course.draft = draft or None


def _waiting_modules(course: Authored) -> list[Module]:
    query = select(Module).where(Module.course_id == course.id, Module.draft.is_not(None))
    return list(db.session.scalars(query.options(undefer_group("drafts")).order_by(Module.position)))


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Serialise `values` for a JSON column."""
    plain = {name: values[name] for name in LABELS if name in values}
    if "category_id" in plain:
        plain["category_id"] = str(plain["category_id"])
    if "level" in plain:
        plain["level"] = Level(plain["level"]).value
    return plain


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Deserialise values from JSON to those of a row: the reverse of `_plain`."""
    typed = {name: values[name] for name in LABELS if name in values}
    if "category_id" in typed:
        typed["category_id"] = uuid.UUID(str(typed["category_id"]))
    if "level" in typed:
        typed["level"] = Level(typed["level"])
    return typed
