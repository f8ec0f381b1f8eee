"""A bundle under review: its page before and after, its courses, and what deserves a second look."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from domain.authoring import bundle_checklist, bundle_details, page_drafts
from domain.base.money import money
from domain.bundles import editing
from domain.bundles.editing import ChosenCourse
from domain.moderation.page_comparison import category_name, page_differences
from domain.moderation.review_hints import Hint, links
from domain.moderation.review_page import Difference
from models import Bundle, ModerationItem


@dataclass(frozen=True)
class BundleReview:
    """A bundle or update under review; `values` is its page in the creator's version, by name."""

    bundle: Bundle
    values: dict[str, Any]
    html: str
    category: str
    differences: list[Difference]
    courses: list[ChosenCourse]
    singly_cents: int
    hints: list[Hint]
    mark: str


def load(bundle: Bundle, item: ModerationItem) -> BundleReview:
    """Load what the review page of `bundle` shows."""
    values, courses = page_drafts.working(bundle), editing.chosen(bundle)
    singly = sum(one.course.price_cents for one in courses if one.agreed)
    return BundleReview(
        bundle,
        values,
        page_drafts.rendered(values["description"]) if values["description"] else "",
        category_name(values["category_id"]),
        list(page_differences(bundle)),
        courses,
        singly,
        [*_hints(bundle, singly), *links(item)],
        bundle_details.mark(bundle),
    )


def _hints(bundle: Bundle, singly: int) -> Iterator[Hint]:
    for point in bundle_checklist.items(bundle):
        if not point.done and point.says:
            yield Hint(point.says, point.path)
    if bundle.price_cents and singly and bundle.price_cents * 10 < singly:
        price, together = money(bundle.price_cents, bundle.currency), money(singly, bundle.currency)
        yield Hint(f"It costs {price}; singly its courses cost {together}.")
