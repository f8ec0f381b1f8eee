"""The bundles that a course is also sold in, with what each saves its reader."""

import uuid
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from domain.bundles import contents, pricing
from domain.catalog import availability
from models import Bundle, BundleCourse, User, db

MOST = 3


class BundleHint(NamedTuple):
    """A bundle with the course: what the reader pays for it, and saves, in minor units of `currency`."""

    title: str
    slug: str
    course_count: int
    to_pay_cents: int
    saved_cents: int
    currency: str


def hints(course_id: uuid.UUID, reader: User | None, now: datetime) -> list[BundleHint]:
    """List the bundles with a course that `reader` (None: a visitor) can buy, the greatest saving first.

    Two queries, and a third for readers who are signed in.
    """
    query = (
        select(Bundle)
        .join(BundleCourse, BundleCourse.bundle_id == Bundle.id)
        .where(BundleCourse.course_id == course_id, BundleCourse.agreed_at.is_not(None))
    )
    found = [bundle for bundle in db.session.scalars(query) if availability.is_listed(bundle, now)]
    parts = contents.parts_of(found, reader, now)
    said = [
        BundleHint(
            bundle.title, bundle.slug, len(parts[bundle.id]), to_pay,
            pricing.singly(parts[bundle.id]) - to_pay, bundle.currency,
        )
        for bundle in found
        if (to_pay := pricing.to_pay(parts[bundle.id])) and not contents.is_short(parts[bundle.id])
    ]  # fmt: skip
    return sorted(said, key=lambda hint: (-hint.saved_cents, hint.title))[:MOST]
