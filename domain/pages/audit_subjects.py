"""Subjects of the entries of the audit log: their names, and what leads to them."""

import uuid
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select

from models import (
    AuditEntry,
    Category,
    CodeArchive,
    Coupon,
    CreatorApplication,
    EmailMessage,
    Job,
    Lesson,
    MediaAsset,
    ModerationItem,
    Module,
    Order,
    Product,
    Resource,
    Review,
    StripeEvent,
    User,
    db,
)


class Subject(NamedTuple):
    """A row that an entry is about: its kind, key and name, and the key of what its page hangs on."""

    kind: str
    id: Any
    name: str
    parent: Any = None


def _queries() -> dict[str, Select[*tuple[Any, ...]]]:
    """Build, for each kind, the query of key, name and parent."""
    return {
        "user": select(User.id, User.name, User.id),
        "course": select(Product.id, Product.title, Product.id),
        "bundle": select(Product.id, Product.title, Product.id),
        "module": select(Module.id, Module.title, Module.course_id),
        "lesson": select(Lesson.id, Lesson.title, Lesson.course_id),
        "resource": select(Resource.id, Resource.title, Resource.lesson_id),
        "mediaasset": select(MediaAsset.id, MediaAsset.filename, MediaAsset.course_id),
        "codearchive": select(CodeArchive.id, CodeArchive.filename, CodeArchive.course_id),
        "review": select(Review.id, Product.title, Product.slug).join(
            Product, Product.id == Review.product_id
        ),
        "order": select(Order.id, Order.number, Order.number),
        "coupon": select(Coupon.id, func.coalesce(Coupon.code, Coupon.name), Coupon.id),
        "category": select(Category.id, Category.name, Category.id),
        "creatorapplication": select(CreatorApplication.id, User.name, User.id).join(
            User, User.id == CreatorApplication.user_id
        ),
        "moderationitem": select(ModerationItem.id, ModerationItem.title, ModerationItem.id),
        "emailmessage": select(EmailMessage.id, EmailMessage.subject, EmailMessage.id),
        "job": select(Job.id, Job.kind, Job.id),
        "stripeevent": select(StripeEvent.id, StripeEvent.type, StripeEvent.id),
    }


def find(entries: Iterable[AuditEntry]) -> dict[tuple[str, str], Subject]:
    """Find the subjects of a page of entries by kind and key, a query a kind; deleted ones are missing."""
    asked: dict[str, set[str]] = {}
    for entry in entries:
        asked.setdefault(entry.subject_type, set()).add(entry.subject_id)
    found = {}
    for kind, query in _queries().items():
        key = query.selected_columns[0]
        ids = [id_ for text in asked.get(kind, ()) if (id_ := _key(text, key)) is not None]
        if not ids:
            continue
        for id_, name, parent in db.session.execute(query.where(key.in_(ids))):
            found[kind, str(id_)] = Subject(kind, id_, name or "", parent)
    return found


def _key(text: str, column: Any) -> Any:
    """Read a key as the type of its column; None if it can't be one."""
    if column.type.python_type is not uuid.UUID:
        return text
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
