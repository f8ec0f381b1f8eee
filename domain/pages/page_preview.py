"""Preview of a course page with its pending changes, for its creator and for admins."""

from types import SimpleNamespace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased, undefer_group

from domain.authoring import page_drafts
from domain.base import slugs
from models import Category, Course, Module, db

_PLACE = 0  # column of course_query's curriculum: the position of the module
_TITLE, _DESCRIPTION = 2, 3


def over(row: Any) -> Any:
    """Overlay `row`, the columns of course_query, with the pending values of the page, but not the slug."""
    course = db.session.scalars(
        select(Course).where(Course.id == row.id).options(undefer_group("drafts"))
    ).one()
    values = page_drafts.working(course)
    shown = {name: value for name, value in values.items() if name in row._mapping and name != "slug"}
    shown["description_html"] = page_drafts.rendered(values["description"]) if values["description"] else ""
    shown["tags"] = [[name, slugs.slugify(name)] for name in values["tags"]]
    shown["curriculum"] = _curriculum(course, row.curriculum or [])
    return SimpleNamespace(**{**row._mapping, **shown, **_category(values["category_id"])})


def _category(category_id: Any) -> dict[str, Any]:
    parent = aliased(Category)
    query = (
        select(
            Category.name.label("category_name"), Category.slug.label("category_slug"),
            parent.name.label("parent_name"), parent.slug.label("parent_slug"),
        )
        .outerjoin(parent, parent.id == Category.parent_id)
        .where(Category.id == category_id)
    )  # fmt: skip
    found = db.session.execute(query).mappings().first()
    return dict(found) if found else {}


def _curriculum(course: Course, lines: list[list[Any]]) -> list[list[Any]]:
    """Overlay the curriculum with the pending texts of modules."""
    query = select(Module).where(Module.course_id == course.id, Module.draft.is_not(None))
    modules = db.session.scalars(query.options(undefer_group("drafts")))
    words = {module.position: page_drafts.module_text(module) for module in modules}
    for line in lines:
        if line[_PLACE] in words:
            line[_TITLE], line[_DESCRIPTION] = words[line[_PLACE]].title, words[line[_PLACE]].description
    return lines
