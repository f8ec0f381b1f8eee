"""The price of a bundle: each course has a part of it, and nobody pays for what they own.

A part is the bundle's price by list prices (largest remainder), equal where all are free. A course never
costs more in a bundle than by itself at that moment, so buying one first never saves anything.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.base.money import apportion
from domain.catalog import availability
from models import Course


class CoursePart(NamedTuple):
    """A course's part of a bundle's price, in minor units.

    `single_cents` is what the course costs by itself now. `sold`: it can be bought now. `owned`: the buyer
    has it for good.
    """

    course: Course
    part_cents: int
    single_cents: int
    sold: bool
    owned: bool

    @property
    def is_bought(self) -> bool:
        """Tell whether the course is bought with the bundle: others neither cost anything nor are given."""
        return self.sold and not self.owned

    @property
    def to_pay_cents(self) -> int:
        """Compute what the buyer pays for it."""
        return min(self.part_cents, self.single_cents) if self.is_bought else 0


def divide(
    price_cents: int, courses: Sequence[Course], at: datetime, owned: Collection[uuid.UUID] = ()
) -> list[CoursePart]:
    """Divide the price of a bundle of `courses` at `at`, for a buyer who owns `owned`, in their order."""
    if not courses:
        return []
    parts = apportion(price_cents, [course.price_cents for course in courses])
    return [
        CoursePart(
            course, part, course.price_at(at), availability.is_available(course, at), course.id in owned
        )
        for course, part in zip(courses, parts, strict=True)
    ]


def to_pay(parts: Sequence[CoursePart]) -> int:
    """Add up what the buyer pays, in minor units."""
    return sum(part.to_pay_cents for part in parts)


def singly(parts: Sequence[CoursePart]) -> int:
    """Add up what the courses that the buyer would get cost by themselves, in minor units."""
    return sum(part.single_cents for part in parts if part.is_bought)
