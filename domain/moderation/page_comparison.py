"""Comparison of a course page or creator page: published values against pending ones."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from domain.authoring import approved_settings, course_details, page_drafts
from domain.authoring.course_content import CourseContent
from domain.catalog.lifecycle import Authored
from domain.moderation.review_page import Difference, DiffLine, as_text, compare
from domain.people import creator_page_drafts
from models import ModerationItem, User


class ChangedFact(NamedTuple):
    """A value that was published without approval: now, and (if changed) when last approved."""

    label: str
    now: Any
    before: Any
    changed: bool


@dataclass(frozen=True)
class PageComparison:
    """A course page with its pending changes: `values` by name, and the differences from the published one.

    `modules` are the texts of each by its id.
    """

    values: dict[str, Any]
    html: str
    category: str
    differences: list[Difference]
    modules: dict[uuid.UUID, page_drafts.ModuleText]
    facts: list[ChangedFact]
    order: tuple[DiffLine, ...]
    picture_before: str | None
    picture_changes: bool


class ProfileComparison(NamedTuple):
    """A creator page with its pending changes, the new avatar (None: unchanged), and its fingerprint."""

    user: User
    differences: list[Difference]
    picture: str | None
    mark: str


def compare_profile(item: ModerationItem) -> ProfileComparison | None:
    """Load the item's creator with the pending changes of their page; None when the account is deleted."""
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
    return ProfileComparison(creator, differences, picture, creator_page_drafts.version(creator))


def _before_and_after(label: str, old: Any, new: Any) -> Difference:
    """Compare two values; lists and multi-line texts line by line."""
    if isinstance(new, list):
        return Difference(label, "", "", compare("\n".join(map(str, old)), "\n".join(map(str, new))))
    if "\n" in f"{old}{new}":
        return Difference(label, "", "", compare(old or "", new or ""))
    return Difference(label, as_text(old), as_text(new))


def compare_page(there: CourseContent) -> PageComparison:
    """Compare the page of a loaded course with its pending changes."""
    course = there.course
    values = page_drafts.working(course)
    now, before = approved_settings.snapshot(there), approved_settings.last_approved(course)
    order, order_before = now.pop(approved_settings.ORDER), before.get(approved_settings.ORDER)
    facts = [
        ChangedFact(label, value, before.get(label), bool(before) and before.get(label) != value)
        for label, value in now.items()
    ]
    return PageComparison(
        values,
        page_drafts.rendered(values["description"]) if values["description"] else "",
        category_name(values["category_id"])
        if "category_id" in (course.draft or {})
        else course.category.name,
        [*page_differences(course), *_module_differences(there)],
        {module.id: page_drafts.module_text(module) for module in there.places},
        facts,
        compare(order_before, order) if order_before not in (None, order) else (),
        course.thumbnail,
        "thumbnail" in page_drafts.changed(course),
    )


def page_differences(course: Authored) -> Iterator[Difference]:
    """Yield the differences between the published and the pending page."""
    seen, wanted = page_drafts.live(course), course.draft or {}
    for name in page_drafts.changed(course):
        label, old, new = page_drafts.LABELS[name], seen[name], wanted[name]
        if name == "thumbnail":
            continue  # shown as pictures
        if name == "category_id":
            yield Difference(label, category_name(old), category_name(new))
        elif name == "description":
            yield Difference(label, "", "", compare(old, new))
        else:
            yield _before_and_after(label, old, new)


def _module_differences(there: CourseContent) -> Iterator[Difference]:
    for module in there.places:
        words = page_drafts.module_text(module)
        if words.is_new:
            yield Difference("A new module", "Nothing", words.title)
            continue
        for name, label in page_drafts.MODULE_LABELS.items():
            old, new = getattr(module, name), getattr(words, name)
            if old != new:
                yield Difference(label, as_text(old), as_text(new))
        if words.published != module.published:
            yield Difference(f"“{words.title}” is shown", as_text(module.published), as_text(words.published))


def category_name(category_id: object) -> str:
    """Return the name of a category with its parent."""
    return dict(course_details.categories()).get(uuid.UUID(str(category_id)), "A category that is gone")
