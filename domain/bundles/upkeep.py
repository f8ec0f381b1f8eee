"""Upkeep of bundles: one with fewer than two courses that can be sold goes off sale."""

from sqlalchemy import select

from domain.base import clock
from domain.base.addresses import path_to
from domain.bundles import contents
from domain.catalog import lifecycle
from domain.platform import notifications
from models import Bundle, NotificationKind, ProductStatus, db

BATCH = 500


def settle() -> None:
    """Take bundles off sale that too few of their courses are left of, and tell their creators.

    Idempotent, at most BATCH a run. They come back by being submitted again.
    """
    now = clock.now()
    query = (
        select(Bundle)
        .where(
            Bundle.status == ProductStatus.PUBLISHED,
            Bundle.deleted_at.is_(None),
            contents.sold_in(Bundle.id, now) < contents.FEWEST,
        )
        .order_by(Bundle.id)
        .limit(BATCH)
    )
    for bundle in db.session.scalars(query).all():
        lifecycle.lock_course(bundle)
        if bundle.status != ProductStatus.PUBLISHED or not _is_short(bundle):
            continue
        lifecycle.change_status(bundle, ProductStatus.EXPIRED, None)
        notifications.tell(
            bundle.creator_id, NotificationKind.COURSE_EXPIRING, f"“{bundle.title[:150]}” is off sale",
            "Fewer than two of its courses can be sold. People who own it keep it. Add a course, or bring"
            " one back on sale, then submit the bundle again.",
            path_to("studio.bundle_courses", bundle_id=bundle.id), "See its courses",
            key=f"bundle_short:{bundle.id.hex}:{now:%Y%m%d%H%M%S}",
        )  # fmt: skip


def _is_short(bundle: Bundle) -> bool:
    sold = db.session.scalar(select(contents.sold_in(bundle.id, clock.now())))
    return (sold or 0) < contents.FEWEST
