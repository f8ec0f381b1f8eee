"""Courses and bundles for tests, made as rows."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from domain.base import clock
from domain.catalog.index import search
from models import Bundle, BundleCourse, Course, ProductStatus, db
from tests.cast import Cast


def make_course(cast: Cast, title: str, price: int = 1000, **more: Any) -> Course:
    """A course of Ada's on sale, without lessons."""
    now = clock.now()
    values = {
        "creator_id": cast.ada.id, "category_id": cast.web.id, "status": ProductStatus.PUBLISHED,
        "published_at": now, "expires_at": now + timedelta(days=180),
    } | more  # fmt: skip
    course = Course(title=title, slug=title.lower().replace(" ", "-"), price_cents=price, **values)
    db.session.add(course)
    db.session.flush()
    return course


def make_bundle(
    cast: Cast,
    courses: Sequence[uuid.UUID] | None = None,
    slug: str = "web-bundle",
    price: int = 1500,
    **more: Any,
) -> Bundle:
    """A bundle of Ada's on sale: of both of her courses, or of those named."""
    now = clock.now()
    values = {
        "creator_id": cast.ada.id, "category_id": cast.web.id, "status": ProductStatus.PUBLISHED,
        "published_at": now, "title": slug.replace("-", " ").capitalize(), "summary": "All together.",
    } | more  # fmt: skip
    bundle = Bundle(slug=slug, price_cents=price, **values)
    db.session.add(bundle)
    db.session.flush()
    inside = courses if courses is not None else [cast.flask_course.id, cast.free_course.id]
    for position, course_id in enumerate(inside, 1):
        db.session.add(
            BundleCourse(bundle_id=bundle.id, course_id=course_id, position=position, agreed_at=now)
        )
    db.session.flush()
    if bundle.status == ProductStatus.PUBLISHED:
        search.index(bundle)
    return bundle
