"""The categories of the catalogue: a tree of two levels, in order; a slug never changes."""

import uuid
from dataclasses import dataclass

from sqlalchemy import select

import jobs
from domain import Refused
from domain.base import slugs, sql
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import Category, Product, User, db

MOST = 200


@dataclass(frozen=True)
class CategoryTree:
    """A category of the first level with its subcategories."""

    category: Category
    children: list[Category]


@dataclass(frozen=True)
class CategoryInput:
    """The fields of a category to create or change: `parent_id` None is the first level."""

    name: str
    description: str
    icon: str
    parent_id: uuid.UUID | None


def tree() -> list[CategoryTree]:
    """Load all categories in order, in one query."""
    rows = list(db.session.scalars(select(Category).order_by(Category.position, Category.name)))
    return [
        CategoryTree(row, [child for child in rows if child.parent_id == row.id])
        for row in rows
        if row.parent_id is None
    ]


def find(category_id: uuid.UUID) -> Category | None:
    """Find a category; None if it doesn't exist."""
    return db.session.get(Category, category_id)


def lock_all() -> list[Category]:
    """Lock all categories until the transaction ends, in order: two admins can't undo each other's move."""
    return list(sql.locked(select(Category).order_by(Category.position, Category.name), keys=True))


def add(values: CategoryInput, admin: User) -> Category:
    """Create a category behind its siblings. Raises Refused for a taken name or a wrong parent."""
    rows = lock_all()
    if len(rows) >= MOST:
        raise Refused(f"You can have at most {MOST} categories.")
    _check(rows, values, None)
    category = Category(
        name=values.name, slug=_free_slug(rows, values.name), description=values.description,
        icon=values.icon, parent_id=values.parent_id, position=_last(rows, values.parent_id),
    )  # fmt: skip
    db.session.add(category)
    db.session.flush()
    audit.record(admin, AuditAction.ADD_CATEGORY, category, category.name)
    return category


def change(category: Category, values: CategoryInput, admin: User) -> None:
    """Rename, describe or move a category; its slug stays. Raises Refused as `add` does.

    Courses are found by the names of their category and its parent: a job reindexes them.
    """
    rows = lock_all()
    _check(rows, values, category)
    if (category.name, category.parent_id) != (values.name, values.parent_id):
        jobs.enqueue("reindex_category", category_id=str(category.id))
    before = f"{category.name} → {values.name}" if category.name != values.name else values.name
    if category.parent_id != values.parent_id:
        category.position = _last(rows, values.parent_id)
    category.name, category.description, category.icon = values.name, values.description, values.icon
    category.parent_id = values.parent_id
    audit.record(admin, AuditAction.CHANGE_CATEGORY, category, before)
    db.session.flush()


def move(category: Category, up: bool, admin: User) -> None:
    """Swap a category with its sibling above or below; does nothing at an end."""
    beside = [row for row in lock_all() if row.parent_id == category.parent_id]
    place = beside.index(category)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(beside):
        return
    beside[place], beside[other] = beside[other], beside[place]
    for position, row in enumerate(beside, 1):
        if row.position != position:
            row.position = position
    audit.record(admin, AuditAction.MOVE_CATEGORY, category, category.name)
    db.session.flush()


def delete(category: Category, admin: User) -> None:
    """Delete an empty category. Idempotent. Raises Refused while it has courses or subcategories."""
    rows = lock_all()
    if category not in rows:
        return
    if any(row.parent_id == category.id for row in rows):
        raise Refused(f"“{category.name}” has subcategories. Move or delete them first.")
    if db.session.scalar(select(Product.id).where(Product.category_id == category.id).limit(1)) is not None:
        raise Refused(f"“{category.name}” has courses. Only an empty category can be deleted.")
    audit.record(admin, AuditAction.DELETE_CATEGORY, category, category.name)
    db.session.delete(category)
    db.session.flush()


def _check(rows: list[Category], values: CategoryInput, category: Category | None) -> None:
    others = [row for row in rows if row is not category]
    if any(row.name.casefold() == values.name.casefold() for row in others):
        raise Refused("Another category has this name.", "name")
    if values.parent_id is None:
        return
    parent = next((row for row in others if row.id == values.parent_id), None)
    if parent is None or parent.parent_id is not None:
        raise Refused("Choose a top-level category, or none.", "parent_id")
    if category is not None and any(row.parent_id == category.id for row in rows):
        raise Refused("It has subcategories, so it has to stay at the top level.", "parent_id")


def _last(rows: list[Category], parent_id: uuid.UUID | None) -> int:
    return max((row.position for row in rows if row.parent_id == parent_id), default=0) + 1


def _free_slug(rows: list[Category], name: str) -> str:
    return slugs.free(slugs.slugify(name, "category"), {row.slug for row in rows})
