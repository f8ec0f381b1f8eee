"""Fills an empty, migrated database with a generated catalogue of any size, reproducibly.

Usage: DATABASE_URL=… python -m bench.fill 100000

Each course has 5 lessons in 2 modules, most have reviews, and readers are enrolled in some. The word
“practical” is in every second title, “zymurgy” in twelve: the two extremes of a search. There is a bundle for
every ten courses, and an order with its invoice for every course.
"""

import itertools
import random
import sys
import time
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from uuid_utils.compat import uuid7

from app import create_app
from bench import fill_bundles, fill_buyers, fill_sales
from domain.catalog.index import search
from models import (
    AccessGrant,
    Base,
    BillingDetails,
    Bundle,
    BundleCourse,
    Cart,
    CartItem,
    Category,
    Coupon,
    Course,
    CreatorProfile,
    Enrollment,
    EuroRate,
    Lesson,
    Module,
    NumberSeries,
    PlatformSettings,
    PriceChange,
    Product,
    Review,
    SearchDocument,
    User,
    db,
)

BATCH = 5000
MOST_SOLD = 1000  # courses that stand in carts
READERS = 2000
CREATORS = 500
SUBJECTS = (
    "Flask", "Django", "PostgreSQL", "SQLite", "Redis", "Linux", "Git", "Docker", "Rust", "Go", "Python",
    "JavaScript", "TypeScript", "Svelte", "React", "CSS", "Figma", "Typography", "Statistics", "Pandas",
    "Swift", "Kotlin", "Godot", "Blender", "Nginx", "Terraform", "Ansible", "Kafka", "GraphQL", "Elixir",
)  # fmt: skip
TOPICS = (
    "testing", "performance", "security", "deployment", "design", "debugging", "search", "forms", "queues",
    "caching", "migrations", "accessibility", "animation", "charts", "parsers", "compilers", "networks",
    "observability", "payments", "concurrency",
)  # fmt: skip
TIERS = (("quick_skill", 900, 5400), ("standard", 1900, 14400), ("deep_dive", 2900, 28800), (None, 0, 3600))
Row = dict[str, Any]


def fill(count: int) -> None:
    """Insert `count` courses with everything that belongs to them, in batches, and commit."""
    dice = random.Random(f"bench {count}")
    now = datetime.now(UTC).replace(microsecond=0)
    creators, readers = people(now)
    shelves = categories()
    db.session.execute(insert(PlatformSettings), [{"id": 1}])
    shop_coupon = fill_buyers.shop_coupon(now)
    write(Coupon.__table__, [shop_coupon, *fill_buyers.coupons(creators, now)])
    sales = fill_sales.Sales(dice, now, count, readers, shop_coupon["id"])
    write(BillingDetails.__table__, [fill_buyers.billing_details(reader, now) for reader in readers[::5]])
    db.session.commit()
    done = 0
    sold: list[Row] = []
    for batch in chunks(range(count), BATCH):
        courses = [course(number, dice, creators, shelves, now) for number in batch]
        write(Product.__table__, [c["product"] for c in courses])
        write(Course.__table__, [c["course"] for c in courses])
        write(SearchDocument.__table__, [c["document"] for c in courses])
        write(PriceChange.__table__, [c["price"] for c in courses])
        write(Module.__table__, [m for c in courses for m in c["modules"]])
        write(Lesson.__table__, [lesson for c in courses for lesson in c["lessons"]])
        write(Review.__table__, [r for c in courses for r in reviews(c["product"], dice, readers, now)])
        learning = [pair for c in courses for pair in enrolments(c["product"]["id"], dice, readers, now)]
        write(AccessGrant.__table__, [grant for grant, _ in learning])
        write(Enrollment.__table__, [enrolment for _, enrolment in learning])
        products = [c["product"] for c in courses]
        bundles = list(fill_bundles.of_courses(products, batch[0] // fill_bundles.EVERY, dice, now))
        fill_together(bundles)
        fill_orders(sales, batch, products, bundles)
        sold += [c["product"] for c in courses][: MOST_SOLD - len(sold)]
        db.session.commit()
        done += len(batch)
        print(f"\r{done:,} of {count:,} courses", end="", flush=True)
    print()
    write(NumberSeries.__table__, sales.series())
    write(EuroRate.__table__, list(fill_sales.euro_rates(now)))
    rows, lines = fill_buyers.carts_of(dice, readers, sold, now)
    write(Cart.__table__, rows)
    write(CartItem.__table__, lines)
    db.session.commit()


def fill_together(bundles: list[Row]) -> None:
    """Insert bundles with everything that belongs to them."""
    write(Product.__table__, [b["product"] for b in bundles])
    write(Bundle.__table__, [b["bundle"] for b in bundles])
    write(SearchDocument.__table__, [b["document"] for b in bundles])
    write(PriceChange.__table__, [b["price"] for b in bundles])
    write(BundleCourse.__table__, [row for b in bundles for row in b["courses"]])


def fill_orders(sales: fill_sales.Sales, numbers: list[int], products: list[Row], bundles: list[Row]) -> None:
    """Insert an order of each course in `products`; every tenth has a bundle of them too."""
    by_id = {product["id"]: product for product in products}
    contents = [[b["product"], *(by_id[row["course_id"]] for row in b["courses"])] for b in bundles]
    every = {numbers[0] + place * fill_bundles.EVERY + 3: rows for place, rows in enumerate(contents)}
    for table, rows in sales.batch(numbers, products, every).items():
        write(table.__table__, rows)


def people(now: datetime) -> tuple[list[uuid.UUID], list[uuid.UUID]]:
    """Insert creators and readers; returns their ids.

    Reader 0 is reader@example.com; nobody has a password.
    """
    rows: list[Row] = [
        {
            "id": uuid7(), "email": "reader@example.com" if n == CREATORS else f"person{n}@example.com",
            "name": f"Person {n}", "role": "creator" if n < CREATORS else "learner", "bio": "",
            "timezone": "UTC", "vetted": n < CREATORS, "access_override": False, "email_verified_at": now,
            "created_at": now, "updated_at": now,
        }
        for n in range(CREATORS + READERS)
    ]  # fmt: skip
    write(User.__table__, rows)
    ids = [row["id"] for row in rows]
    profiles = [{"user_id": key, "slug": f"person-{n}"} for n, key in enumerate(ids[:CREATORS])]
    db.session.execute(insert(CreatorProfile), profiles)
    return ids[:CREATORS], ids[CREATORS:]


def categories() -> list[uuid.UUID]:
    """Insert six categories with four subcategories each; returns the ids of the subcategories."""
    parents: list[Row] = [
        {"id": uuid7(), "name": f"Shelf {n}", "slug": f"shelf-{n}", "position": n} for n in range(6)
    ]
    children: list[Row] = [
        {
            "id": uuid7(),
            "name": f"Shelf {p}.{n}",
            "slug": f"shelf-{p}-{n}",
            "parent_id": row["id"],
            "position": n,
        }
        for p, row in enumerate(parents)
        for n in range(4)
    ]
    db.session.execute(insert(Category), parents)
    db.session.execute(insert(Category), children)
    return [row["id"] for row in children]


def course(
    number: int, dice: random.Random, creators: list[uuid.UUID], shelves: list[uuid.UUID], now: datetime
) -> Row:
    """Build the rows of one published course: product, course, search document, modules, lessons."""
    subject, topic = dice.choice(SUBJECTS), dice.choice(TOPICS)
    tier, price, seconds = dice.choices(TIERS, weights=(4, 4, 2, 1))[0]
    rare = " zymurgy" if number % max(1, 100_000 // 12) == 7 else ""
    title = f"{'Practical ' if number % 2 else ''}{subject} {topic}{rare}, course {number}"
    key, published = uuid7(), now - timedelta(minutes=dice.randrange(1, 500_000))
    summary = f"{topic.capitalize()} with {subject}: a course with exercises, made to measure."
    ratings, language = dice.choice((0, 1, 2, 3, 5)), dice.choice(("en", "en", "en", "de", "es"))
    product = {
        "id": key, "kind": "course", "title": title, "slug": f"course-{number}", "summary": summary,
        "description": summary, "description_html": f"<p>{summary}</p>", "creator_id": dice.choice(creators),
        "category_id": dice.choice(shelves), "level": dice.choice(("beginner", "intermediate", "advanced")),
        "tier": tier, "price_cents": price, "currency": "usd", "status": "published", "visibility": "public",
        "featured": number % 20_000 == 3, "published_at": published, "view_count": dice.randrange(5000),
        "holder_count": dice.randrange(900), "purchase_count": dice.randrange(600), "rating_count": ratings,
        "rating_avg": round(dice.uniform(2.5, 5), 2) if ratings else 0.0, "created_at": published,
        "updated_at": published,
    }  # fmt: skip
    modules: list[Row] = [
        {
            "id": uuid7(), "course_id": key, "title": f"Part {n}", "description": "", "position": n,
            "published": True, "unlock_after_days": 0, "created_at": published, "updated_at": published,
        }
        for n in (1, 2)
    ]  # fmt: skip
    return {
        "product": product,
        "course": {
            "id": key, "technology": subject, "language": language,
            "objectives": [f"Use {subject} for {topic}"], "prerequisites": [], "sequential": False,
            "duration_seconds": seconds + dice.randrange(3600), "lesson_count": 5,
            "content_updated_at": published, "expires_at": now + timedelta(days=180),
        },
        "price": {
            "product_id": key, "applies_from": published, "price_cents": price, "currency": "usd",
        },
        "document": search.document(key, language, title, [subject, topic], [summary]),
        "modules": modules,
        "lessons": [lesson(key, modules[n // 3]["id"], n, published, topic) for n in range(5)],
    }  # fmt: skip


def lesson(course_id: uuid.UUID, module_id: uuid.UUID, number: int, at: datetime, topic: str) -> Row:
    """Build a lesson's row; the first is a free preview, the second a film."""
    return {
        "id": uuid7(), "course_id": course_id, "module_id": module_id, "title": f"Lesson {number} on {topic}",
        "slug": f"lesson-{number}", "description": "", "position": number % 3 + 1,
        "kind": "video" if number == 1 else "text", "visibility": "preview" if number == 0 else "members",
        "body": topic, "body_html": f"<div class='prose'><p>{topic * 40}</p></div>",
        "duration_seconds": 600, "published": True, "created_at": at, "updated_at": at,
    }  # fmt: skip


def reviews(product: Row, dice: random.Random, readers: list[uuid.UUID], now: datetime) -> Iterator[Row]:
    """Yield as many reviews as the course's `rating_count`."""
    for reader in dice.sample(readers, product["rating_count"]):
        yield {
            "id": uuid7(), "user_id": reader, "product_id": product["id"], "rating": dice.randrange(2, 6),
            "comment": "Clear, and the exercises are worth doing.", "flagged": False, "approved": False,
            "helpful_count": dice.randrange(9), "created_at": now, "updated_at": now,
        }  # fmt: skip


def enrolments(
    course_id: uuid.UUID, dice: random.Random, readers: list[uuid.UUID], now: datetime
) -> Iterator[tuple[Row, Row]]:
    """Yield grant and enrolment of up to three readers; reader 0 is in every five-hundredth course."""
    chosen = set(dice.sample(readers[1:], dice.randrange(4)))
    if dice.randrange(500) == 0:
        chosen.add(readers[0])
    for reader in chosen:
        stamps = {"created_at": now, "updated_at": now}
        yield (
            {
                "id": uuid7(), "user_id": reader, "course_id": course_id, "source": "free",
                "source_id": course_id,                 "granted_at": now, **stamps,
            },
            {
                "id": uuid7(), "user_id": reader, "course_id": course_id, "status": "active",
                "progress_percent": 0, "total_watch_seconds": 0, "enrolled_at": now, "last_accessed_at": now,
                **stamps,
            },
        )  # fmt: skip


def write(table: Any, rows: list[Row]) -> None:
    """Insert many rows at once; missing columns are null."""
    if rows:
        names = list(dict.fromkeys(name for row in rows for name in row))
        db.session.execute(insert(table), [{name: row.get(name) for name in names} for row in rows])


def chunks(numbers: Iterable[int], size: int) -> Iterator[list[int]]:
    """Yield lists of at most `size` numbers."""
    source = iter(numbers)
    while part := list(itertools.islice(source, size)):
        yield part


def main() -> None:
    """Fill the environment's database with the given number of courses."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    app = create_app()
    started = time.monotonic()
    with app.app_context():
        if db.session.execute(db.select(User.id).limit(1)).first():
            sys.exit("There are people in this database already; the bench only fills an empty one.")
        fill(count)
        db.session.execute(db.text("ANALYZE"))
        db.session.commit()
    print(f"{count:,} courses in {time.monotonic() - started:.0f} s, {len(Base.metadata.tables)} tables")


if __name__ == "__main__":
    main()
