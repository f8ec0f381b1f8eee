"""What a reviewer reads beside the lessons, compared: the page of a course, or a creator’s own page."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from domain.authoring import course_details, page_drafts, settled_values
from domain.authoring.course_content import Contents
from domain.moderation.review_page import Difference, Line, compare, said
from domain.people import creator_page_drafts
from models import Course, ModerationItem, User


class Fact(NamedTuple):
    """Something that showed without waiting, as it is and (where it changed) as it was when last approved."""

    label: str
    now: Any
    before: Any
    changed: bool


@dataclass(frozen=True)
class Page:
    """The page of a course as it would be: `values` by name, and what differs from what everybody sees.

    `modules` are the words of each by its id.
    """

    values: dict[str, Any]
    html: str
    category: str
    differences: list[Difference]
    modules: dict[uuid.UUID, page_drafts.ModuleWords]
    facts: list[Fact]
    order: tuple[Line, ...]
    picture_before: str | None
    picture_changes: bool


class ProfileFile(NamedTuple):
    """A creator whose page would change: how, the portrait it would have (None: the same), and its mark."""

    user: User
    differences: list[Difference]
    picture: str | None
    mark: str


def profile_file(item: ModerationItem) -> ProfileFile | None:
    """The creator of `item` with what waits of their page; None when they are gone."""
    creator = creator_page_drafts.creator_of(item)
    if creator is None:
        return None
    seen, wanted = creator_page_drafts.live(creator), creator_page_drafts.working(creator)
    changed = [name for name in creator_page_drafts.LABELS if seen[name] != wanted[name]]
    differences = [
        _before_and_after(creator_page_drafts.LABELS[name], seen[name], wanted[name])
        for name in changed
        if name != "avatar"
    ]
    picture = wanted["avatar"] if "avatar" in changed else None
    return ProfileFile(creator, differences, picture, creator_page_drafts.mark(creator))


def _before_and_after(label: str, old: Any, new: Any) -> Difference:
    """Two values; lists and texts of several lines are compared line by line."""
    if isinstance(new, list):
        return Difference(label, "", "", compare("\n".join(map(str, old)), "\n".join(map(str, new))))
    if "\n" in f"{old}{new}":
        return Difference(label, "", "", compare(old or "", new or ""))
    return Difference(label, said(old), said(new))


def of(there: Contents) -> Page:
    """Read the page of the course of `there` as it would be, with its category loaded."""
    course = there.course
    values = page_drafts.working(course)
    now, before = settled_values.of(there), course.approved or {}
    order, order_before = now.pop(settled_values.ORDER), before.get(settled_values.ORDER)
    facts = [
        Fact(label, value, before.get(label), bool(before) and before.get(label) != value)
        for label, value in now.items()
    ]
    return Page(
        values,
        page_drafts.rendered(values["description"]) if values["description"] else "",
        _category(values["category_id"]) if "category_id" in (course.draft or {}) else course.category.name,
        [*_page_differences(course), *_module_differences(there)],
        {module.id: page_drafts.module_words(module) for module in there.places},
        facts,
        compare(order_before, order) if order_before not in (None, order) else (),
        course.thumbnail,
        "thumbnail" in page_drafts.changed(course),
    )


def _page_differences(course: Course) -> Iterator[Difference]:
    """What differs from what everybody sees in the words of the page."""
    seen, wanted = page_drafts.live(course), course.draft or {}
    for name in page_drafts.changed(course):
        label, old, new = page_drafts.LABELS[name], seen[name], wanted[name]
        if name == "thumbnail":
            continue  # shown as pictures
        if name == "category_id":
            yield Difference(label, _category(old), _category(new))
        elif name == "description":
            yield Difference(label, "", "", compare(old, new))
        else:
            yield _before_and_after(label, old, new)


def _module_differences(there: Contents) -> Iterator[Difference]:
    for module in there.places:
        words = page_drafts.module_words(module)
        if words.is_new:
            yield Difference("A new module", "Nothing", words.title)
            continue
        for name, label in page_drafts.MODULE_LABELS.items():
            old, new = getattr(module, name), getattr(words, name)
            if old != new:
                yield Difference(label, said(old), said(new))
        if words.published != module.published:
            yield Difference(f"“{words.title}” is shown", said(module.published), said(words.published))


def _category(category_id: object) -> str:
    """The name of a category, its parent before it."""
    return dict(course_details.categories()).get(uuid.UUID(str(category_id)), "A category that is gone")
