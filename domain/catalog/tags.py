"""Tags of courses: kept as people type them, matched by slug."""

import re

from sqlalchemy import delete, func, inspect, select

from domain import Refused
from domain.base import text, word_folding
from models import Product, Tag, db, product_tags, upsert

MOST, LENGTH, SUGGESTED = 10, 50, 8
_CUT = re.compile(r"[^\W_]+")


def split(typed: str) -> list[str]:
    """Parse "Flask, Python, flask" into unique tags, in order. Raises Refused for an invalid one."""
    found: dict[str, str] = {}
    for name in map(text.one_line, typed.split(",")):
        if name and len(name) > LENGTH:
            raise Refused(f"Use at most {LENGTH} characters in a tag.", "tags")
        if name:
            found.setdefault(_slug(name), name)
    if len(found) > MOST:
        raise Refused(f"Use at most {MOST} tags.", "tags")
    if "" in found:
        raise Refused(f"“{found['']}” needs at least one letter.", "tags")
    return list(found.values())


def names_of(course: Product) -> list[str]:
    """List the tags of `course` by name, from the loaded relation if there is one."""
    if "tags" not in inspect(course).unloaded:
        return [tag.name for tag in course.tags]
    query = (
        select(Tag.name)
        .join(product_tags, product_tags.c.tag_id == Tag.id)
        .where(product_tags.c.product_id == course.id)
        .order_by(Tag.name)
    )
    return list(db.session.scalars(query))


def set_tags(course: Product, names: list[str]) -> None:
    """Replace the tags of `course`; a tag that exists keeps its spelling."""
    db.session.flush()
    former = _with_former_slugs(names)
    by_slug = {former.get(name) or _slug(name): name for name in names}
    db.session.expire(course, ["tags"])
    if by_slug:
        rows = [{"slug": slug, "name": name} for slug, name in sorted(by_slug.items())]
        db.session.execute(upsert(Tag).values(rows).on_conflict_do_nothing(index_elements=["slug"]))
    ids = set(db.session.scalars(select(Tag.id).where(Tag.slug.in_(by_slug))))
    mine = product_tags.c.product_id == course.id
    had = set(db.session.scalars(select(product_tags.c.tag_id).where(mine)))
    if had - ids:
        db.session.execute(delete(product_tags).where(mine, product_tags.c.tag_id.in_(had - ids)))
    if ids - had:
        new = [{"product_id": course.id, "tag_id": id_} for id_ in sorted(ids - had)]
        db.session.execute(upsert(product_tags).values(new).on_conflict_do_nothing())


def suggestions(begins: str) -> list[str]:
    """Suggest existing tags with the prefix `begins`, sorted by name."""
    slug = _slug(begins)
    if not slug:
        return []
    query = select(Tag.name).where(func.substr(Tag.slug, 1, len(slug)) == slug).order_by(Tag.slug)
    return list(db.session.scalars(query.limit(SUGGESTED)))


def _slug(name: str) -> str:
    return "-".join(word_folding.split(name))[:60]


def _with_former_slugs(names: list[str]) -> dict[str, str]:
    """Find the slugs of tags of these names that were made when vowel signs still cut words."""
    former = {name: slug for name in names if (slug := _cut_slug(name)) != _slug(name)}
    if not former:
        return {}
    rows = db.session.execute(select(Tag.name, Tag.slug).where(Tag.slug.in_(former.values())))
    return {name: slug for name, slug in rows if name in former}


def _cut_slug(name: str) -> str:
    return "-".join(_CUT.findall(" ".join(word_folding.split(name))))[:60]
