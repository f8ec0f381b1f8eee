"""The queries of the course page, and the offer to its visitor."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    select,
)

from domain.base import clock, slugs
from domain.catalog import availability, kinds
from domain.catalog.availability import Offer
from domain.catalog.cards import CourseCard, cards_of
from domain.catalog.index import index_cache
from domain.commerce import refund_terms
from domain.community import course_reports
from domain.learning import prerequisites
from domain.learning.prerequisites import LockingCourse
from domain.media import code_archives, recordings
from domain.media.recordings import Playback
from domain.pages import bundles_with, course_query, page_preview
from domain.pages.bundles_with import BundleHint
from models import (
    CodeArchive,
    Product,
    ProductVisibility,
    User,
    db,
)

RELATED = 4


class ContentsLesson(NamedTuple):
    """A lesson in the table of contents."""

    title: str
    slug: str
    kind: str
    duration_seconds: int
    is_preview: bool


class ContentsModule(NamedTuple):
    """A module in the table of contents."""

    title: str
    description: str
    duration_seconds: int
    lessons: tuple[ContentsLesson, ...]


class TableOfContents(NamedTuple):
    """The table of contents of the course at `slug`, with its totals."""

    slug: str
    language: str
    lesson_count: int
    duration_seconds: int
    modules: tuple[ContentsModule, ...]


@dataclass(frozen=True)
class CoursePage:
    """The data of a course page.

    `row` holds the columns of `course_query`, `refusal` why the course can't be taken, `progress` whole
    percents, `locking` what has to be finished before the course opens, `reported` a sentence for somebody
    who has reported it. `may_be_given`: it can be bought for somebody else.
    """

    row: Any
    offer: Offer
    refusal: str | None
    is_expired: bool
    is_listed: bool
    contents: TableOfContents
    tags: list[tuple[str, str]]
    required: list[tuple[str, str]]
    locking: list[LockingCourse]
    related: list[CourseCard]
    is_hidden: bool
    is_preview: bool = False
    progress: int | None = None
    reported: str = ""
    bundles: list[BundleHint] = field(default_factory=list)
    film: Playback | None = None
    code: CodeArchive | None = None
    may_be_given: bool = False

    @property
    def lock(self) -> kinds.Lock | None:
        """Say what has to be finished before the course opens; None if it opens at once."""
        return prerequisites.lock_on(self.locking)

    @property
    def refund_terms(self) -> str:
        """Say how to change one's mind after buying; "" in a shop that doesn't promise it."""
        return refund_terms.sentence()

    @property
    def preview(self) -> ContentsLesson | None:
        """Find the first free preview lesson."""
        lines = (lesson for module in self.contents.modules for lesson in module.lessons if lesson.is_preview)
        return next(lines, None)


def load(slug: str, visitor: User | None, preview: bool = False) -> CoursePage | None:
    """Load the page of the course at `slug` for `visitor` (None: signed out).

    None when there is no such course, or the visitor may not know of it. With `preview` its creator and
    admins see it as learners would, as if it were on sale.
    """
    now = clock.now()
    row = (
        db.session.connection()
        .execute(
            course_query.STRANGERS if visitor is None else course_query.VISITORS,
            {
                "slug": slug,
                "now": now,
                "visitor": visitor.id if visitor else None,
                "asks_from": refund_terms.asked_since(now),
            },
        )
        .first()
    )
    if row is None:
        return None
    trusted = visitor is not None and (visitor.is_admin or row.creator_id == visitor.id)
    if preview and trusted:
        row = page_preview.over(row)
    hidden = not availability.is_visible(row)
    if hidden and not trusted and not row.is_owned:
        return None
    offer = availability.offer_to(
        visitor, row, owned=row.is_owned, price_cents=row.price_now_cents, moment=now
    )  # fmt: skip
    if preview and trusted:
        offer = _offer_if_on_sale(row)
    return CoursePage(
        row=row,
        offer=offer,
        refusal=availability.refusal(offer, row, now),
        is_expired=availability.is_expired(row, now),
        is_listed=availability.is_listed(row, now),
        contents=TableOfContents(
            row.slug, row.language, row.lesson_count, row.duration_seconds, _modules(row.curriculum or [])
        ),
        tags=_pairs(row.tags),
        required=_pairs([line[:2] for line in row.required or []]),
        locking=_locking(row, visitor, preview and trusted),
        related=_related(row),
        is_hidden=hidden,
        is_preview=preview and trusted,
        progress=row.progress,
        reported=course_reports.sentence(row.report, kinds.noun(row)),
        bundles=_bundles(row, visitor, offer, now),
        film=recordings.play(row.film) if row.film else None,
        code=code_archives.offered(row.id) if row.has_code and (trusted or row.is_owned) else None,
        may_be_given=bool(row.price_now_cents) and availability.is_available(row, now),
    )


def _bundles(row: Any, visitor: User | None, offer: Offer, now: datetime) -> list[BundleHint]:
    """List the bundles to offer with the course; most courses are in none, and ask no more."""
    return bundles_with.hints(row.id, visitor, now) if row.is_in_bundles and offer == Offer.BUY else []


def moved_to(slug: str) -> str | None:
    """Return the path of the page of the product that had this slug before."""
    moved = (Product.id == slugs.product_id_at(slug), Product.slug != slug)
    query = select(Product.kind, Product.slug).where(*moved, Product.deleted_at.is_(None))
    found = db.session.execute(query).first()
    return kinds.page(found) if found else None


def _offer_if_on_sale(row: Any) -> Offer:
    """Choose the offer that learners would see once the course is on sale."""
    if row.visibility == ProductVisibility.MEMBERS_ONLY:
        return Offer.MEMBERS_ONLY
    return Offer.BUY if row.price_now_cents else Offer.ENROLL


def _locking(row: Any, visitor: User | None, preview: bool) -> list[LockingCourse]:
    """List what locks the course for the visitor; as for a stranger where its creator previews the page."""
    if not any(is_lock for *_, is_lock in row.required or []):
        return []
    return prerequisites.locking(None if preview else visitor, row)


def _modules(lines: list[list[Any]]) -> tuple[ContentsModule, ...]:
    """Group the lessons by module, in order; modules without lessons are left out."""
    found: dict[int, tuple[str, str, list[ContentsLesson]]] = {}
    for place, _, title, text, lesson, slug, kind, seconds, is_open in sorted(lines):
        seen = found.setdefault(place, (title, text, []))[2]
        seen.append(ContentsLesson(lesson, slug, kind, seconds, bool(is_open)))
    return tuple(
        ContentsModule(title, text, sum(line.duration_seconds for line in lines), tuple(lines))
        for title, text, lines in found.values()
    )


def _pairs(lines: list[list[str]] | None) -> list[tuple[str, str]]:
    """Sort pairs of text and slug by text."""
    return sorted((text, slug) for text, slug in lines or [])


def _related(row: Any) -> list[CourseCard]:
    """Load related courses. Cached by category and technology, because neighbouring courses share them."""
    near = row.category_slug, row.technology
    cards = index_cache.cached(("related", *near), lambda index: cards_of(index.related(*near, RELATED + 1)))
    return [card for card in cards if card.id != row.id][:RELATED]
