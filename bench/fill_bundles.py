"""Rows of bundles: one for every ten courses, of four courses each, published like these."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from uuid_utils.compat import uuid7

from domain.catalog.index import search

EVERY = 10
COURSES = 4
Row = dict[str, Any]


def bundle(number: int, courses: list[Row], dice: random.Random, now: datetime) -> Row:
    """Build the rows of one published bundle of `courses` (rows of products), at 80 % of their prices."""
    first = courses[0]
    key, published = uuid7(), now - timedelta(minutes=dice.randrange(500_000))
    title = f"{first['title']} and more, bundle {number}"
    summary = f"{len(courses)} courses that belong together."
    price = sum(course["price_cents"] for course in courses) * 4 // 5
    product = first | {
        "id": key, "kind": "bundle", "title": title, "slug": f"bundle-{number}", "summary": summary,
        "description": summary, "description_html": f"<p>{summary}</p>", "tier": None, "price_cents": price,
        "featured": False, "published_at": published, "view_count": 0, "holder_count": dice.randrange(90),
        "purchase_count": dice.randrange(60), "rating_count": 0, "rating_avg": 0.0, "created_at": published,
        "updated_at": published,
    }  # fmt: skip
    return {
        "product": product,
        "bundle": {"id": key, "update_state": "none", "off_with_creator": False},
        "price": {"product_id": key, "applies_from": published, "price_cents": price, "currency": "usd"},
        "document": search.document(key, "", title, [course["title"] for course in courses], [summary]),
        "courses": [
            {
                "bundle_id": key, "course_id": course["id"], "position": position, "added_at": published,
                "agreed_at": published, "for_buyers": False,
            }
            for position, course in enumerate(courses, 1)
        ],
    }  # fmt: skip


def of_courses(courses: list[Row], first: int, dice: random.Random, now: datetime) -> Iterator[Row]:
    """Yield the bundles of a batch of courses, numbered from `first` on."""
    for number in range(len(courses) // EVERY):
        start = number * EVERY
        yield bundle(first + number, courses[start : start + COURSES], dice, now)
