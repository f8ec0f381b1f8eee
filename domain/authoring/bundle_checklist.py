"""The checklist of a bundle before submission."""

from domain.authoring import course_price
from domain.authoring.checklist import LEAST_DESCRIPTION, ChecklistItem
from domain.base.addresses import path_to
from domain.base.counts import plural
from domain.base.money import money
from domain.bundles import contents, editing
from models import Bundle


def items(bundle: Bundle) -> list[ChecklistItem]:
    """Build the whole checklist: requirements first, then recommendations."""
    return [*_needed(bundle), *_wished(bundle)]


def missing(bundle: Bundle) -> list[ChecklistItem]:
    """List the requirements that still block the submission."""
    return [point for point in _needed(bundle) if not point.done]


def _needed(bundle: Bundle) -> list[ChecklistItem]:
    described = len(bundle.description.strip())
    return [
        ChecklistItem("A title", bool(bundle.title.strip()), _to(bundle), says=bundle.title),
        ChecklistItem(
            "A description", described >= LEAST_DESCRIPTION, _to(bundle),
            says="" if described else "Say what the courses do together.",
        ),
        _courses(bundle),
        _price(bundle),
    ]  # fmt: skip


def _courses(bundle: Bundle) -> ChecklistItem:
    there = editing.chosen(bundle)
    sold = sum(one.sold and one.agreed for one in there)
    return ChecklistItem(
        "Two courses on sale", sold >= contents.FEWEST, _to(bundle, "studio.bundle_courses"),
        says=f"{sold} of its {plural(len(there), 'course')} can be sold now." if there else "There are none.",
    )  # fmt: skip


def _price(bundle: Bundle) -> ChecklistItem:
    page = _to(bundle, "studio.bundle_sale")
    for cents in course_price.amounts_of(bundle):
        if sentence := course_price.too_small(cents, bundle.currency):
            return ChecklistItem("A price that can be paid", False, page, says=sentence)
    return ChecklistItem("A price", True, page)


def _wished(bundle: Bundle) -> list[ChecklistItem]:
    there = editing.chosen(bundle)
    singly = sum(one.course.price_cents for one in there if one.agreed)
    waiting = [one for one in there if not one.agreed]
    off = [one for one in there if one.agreed and not one.sold]
    points = [
        ChecklistItem("A summary for the catalogue", bool(bundle.summary.strip()), _to(bundle), needed=False),
        ChecklistItem(
            "A price below that of its courses", bundle.price_cents < singly or not singly,
            _to(bundle, "studio.bundle_sale"), needed=False,
            says=f"Singly they cost {money(singly, bundle.currency)} together.",
        ),
    ]  # fmt: skip
    for one, says in (
        *((one, "has to be agreed to by its creator first") for one in waiting[:1]),
        *((one, "can’t be sold now, so nobody pays for it or gets it") for one in off[:1]),
    ):
        page = _to(bundle, "studio.bundle_courses")
        points.append(
            ChecklistItem("Every course on sale", False, page, False, f"“{one.course.title}” {says}.")
        )
    return points


def _to(bundle: Bundle, page: str = "studio.bundle") -> str:
    return path_to(page, bundle_id=bundle.id)
