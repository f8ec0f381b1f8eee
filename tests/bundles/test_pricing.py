"""The price of a bundle: parts add up, nobody pays for what they own, buying singly first saves nothing."""

import random
from datetime import timedelta
from itertools import combinations

from uuid_utils.compat import uuid7

from domain.base import clock
from domain.bundles import pricing
from models import Course, ProductStatus, ProductVisibility

NOW = clock.now()


def course(price: int, sale: int | None = None, **more: object) -> Course:
    values = {"status": ProductStatus.PUBLISHED, "visibility": ProductVisibility.PUBLIC} | more
    ends = NOW + timedelta(days=1) if sale is not None else None
    return Course(id=uuid7(), price_cents=price, sale_price_cents=sale, sale_ends_at=ends, **values)


def amounts(price: int, *courses: Course, owned: tuple[Course, ...] = ()) -> list[int]:
    parts = pricing.divide(price, courses, NOW, {one.id for one in owned})
    return [part.to_pay_cents for part in parts]


def test_parts_follow_list_prices_and_add_up() -> None:
    three = [course(1000), course(2000), course(3000)]
    assert amounts(3000, *three) == [500, 1000, 1500]
    assert amounts(1000, *three) == [167, 333, 500]
    assert amounts(3000, *three, owned=(three[1],)) == [500, 0, 1500]


def test_free_courses_share_equally() -> None:
    parts = pricing.divide(1000, [course(0), course(0), course(0)], NOW)
    assert [part.part_cents for part in parts] == [334, 333, 333]
    assert pricing.to_pay(parts) == 0, "by themselves they cost nothing"


def test_what_cannot_be_sold_is_not_paid_for() -> None:
    gone = course(1000, status=ProductStatus.ARCHIVED)
    late = course(1000, expires_at=NOW - timedelta(days=1))
    members = course(1000, visibility=ProductVisibility.MEMBERS_ONLY)
    assert amounts(2000, course(1000), gone, late, members) == [500, 0, 0, 0]


def test_a_course_on_sale_costs_no_more_than_by_itself() -> None:
    cheap = course(2000, sale=100)
    assert amounts(3000, course(2000), cheap) == [1500, 100]


def test_rule_holds_for_random_bundles() -> None:
    dice = random.Random(12)
    for _ in range(400):
        courses = [
            course(price, sale=dice.randrange(price) if price and dice.random() < 0.3 else None)
            for price in (dice.choice([0, 1, 99, 500, 1999, 100_000]) for _ in range(dice.randrange(1, 6)))
        ]
        price = dice.randrange(0, max(2, sum(one.price_cents for one in courses)))
        whole = pricing.divide(price, courses, NOW)
        assert sum(part.part_cents for part in whole) == price
        cost = {
            held: sum(amounts(price, *courses, owned=held))
            for size in range(len(courses) + 1)
            for held in combinations(courses, size)
        }
        for held, cents in cost.items():
            singles = sum(one.price_at(NOW) for one in courses if one not in held)
            assert 0 <= cents <= min(price, singles)
            for more in courses:
                if more not in held:
                    then = cost[tuple(one for one in courses if one in held or one is more)]
                    assert then <= cents, "owning more never costs more"
                    assert more.price_at(NOW) + then >= cents, "buying one first never saves anything"
