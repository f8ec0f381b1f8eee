"""The demo's bundles."""

from datetime import datetime, timedelta
from typing import Any

from demo import catalog
from domain.base import markdown
from domain.catalog import tags
from domain.catalog.index import search
from models import Bundle, BundleCourse, Category, Course, Level, ProductStatus, User, db


def add_bundles(
    rows: list[dict[str, Any]],
    people: dict[str, User],
    categories: dict[str, Category],
    courses: dict[str, Course],
    now: datetime,
) -> None:
    """Insert the bundles with their courses, to which everybody has agreed."""
    for row in rows:
        published = now - timedelta(days=row["published_days_ago"])
        bundle = Bundle(
            title=row["title"],
            slug=row["slug"],
            summary=row["summary"],
            description=row["description"],
            description_html=markdown.render(row["description"]).html,
            creator_id=people[row["creator"]].id,
            category_id=categories[row["category"]].id,
            level=Level(row["level"]),
            price_cents=row["price_cents"],
            sale_price_cents=row.get("sale_price_cents"),
            sale_ends_at=now + timedelta(days=row["sale_days"]) if "sale_days" in row else None,
            status=ProductStatus.PUBLISHED,
            published_at=published,
            created_at=published - timedelta(days=2),
        )
        db.session.add(bundle)
        db.session.flush()
        catalog.add_prices(bundle, now)
        tags.set_tags(bundle, row["tags"])
        for position, slug in enumerate(row["courses"], 1):
            db.session.add(
                BundleCourse(
                    bundle_id=bundle.id, course_id=courses[slug].id, position=position,
                    added_at=bundle.created_at, agreed_at=bundle.created_at,
                )
            )  # fmt: skip
        db.session.flush()
        search.index(bundle)
