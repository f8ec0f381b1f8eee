"""Makes courses for the tests of the catalogue."""

from datetime import timedelta
from typing import Any

from domain.base import clock
from domain.base.slugs import slugify
from domain.catalog.index import search
from models import Category, Course, ProductStatus, User, db
from tests.cast import Cast


def add_course(cast: Cast, title: str, *, category: Category | None = None, **values: Any) -> Course:
    """A published course by ada in the data category, found by its words; commits."""
    course = Course(
        **{
            "title": title,
            "slug": slugify(title),
            "summary": f"About {title}.",
            "creator_id": cast.ada.id,
            "category_id": (category or cast.data).id,
            "status": ProductStatus.PUBLISHED,
            "published_at": clock.now() - timedelta(days=1),
            "content_updated_at": clock.now() - timedelta(days=1),
            "expires_at": clock.now() + timedelta(days=180),
            "duration_seconds": 3600,
            "lesson_count": 4,
            **values,
        }
    )
    db.session.add(course)
    db.session.flush()
    search.index(course)
    db.session.commit()
    return course


def person(user: User) -> User:
    """The person in the present session."""
    return db.session.get_one(User, user.id)
