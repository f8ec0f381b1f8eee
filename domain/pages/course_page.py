"""The queries of the course page, and the offer to its visitor."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    select,
)

from domain.base import clock
from domain.catalog.cards import CourseCard, cards_of
from domain.catalog.index import index_cache
from domain.community import course_reports
from domain.learning import access_facts
from domain.media import code_archives, recordings
from domain.media.recordings import Playback
from domain.pages import course_query, page_preview
from models import (
    CodeArchive,
    Product,
    ProductStatus,
    ProductVisibility,
    SlugRedirect,
    User,
    db,
)

RELATED = 4


class PurchasePanel(StrEnum):
    """The offer of the buying panel to this visitor."""

    BUY = "buy"
    ENROLL = "enroll"
    CONTINUE = "continue"
    OWN = "own"
    FREE_ACCESS = "free_access"
    UNAVAILABLE = "unavailable"
    MEMBERS_ONLY = "members_only"


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
    lesson_count: int
    duration_seconds: int
    modules: tuple[ContentsModule, ...]


@dataclass(frozen=True)
class CoursePage:
    """The data of a course page.

    `row` holds the columns of `course_query`, `progress` whole percents, `reported` a sentence for somebody
    who has reported it.
    """

    row: Any
    offer: PurchasePanel
    contents: TableOfContents
    tags: list[tuple[str, str]]
    required: list[tuple[str, str]]
    related: list[CourseCard]
    is_hidden: bool
    is_preview: bool = False
    progress: int | None = None
    reported: str = ""
    film: Playback | None = None
    code: CodeArchive | None = None

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
            {"slug": slug, "now": now, "visitor": visitor.id if visitor else None},
        )
        .first()
    )
    if row is None:
        return None
    trusted = visitor is not None and (visitor.is_admin or row.creator_id == visitor.id)
    if preview and trusted:
        row = page_preview.over(row)
    hidden = row.status in access_facts.NOT_YET_PUBLISHED or row.visibility == ProductVisibility.PRIVATE
    if hidden and not trusted and not row.is_owned:
        return None
    return CoursePage(
        row=row,
        offer=_offer_to_learners(row) if preview and trusted else _offer(row, visitor),
        contents=TableOfContents(
            row.slug, row.lesson_count, row.duration_seconds, _modules(row.curriculum or [])
        ),
        tags=_pairs(row.tags),
        required=_pairs(row.required),
        related=_related(row),
        is_hidden=hidden,
        is_preview=preview and trusted,
        progress=row.progress,
        reported=course_reports.sentence(row.report),
        film=recordings.play(row.film) if row.film else None,
        code=code_archives.offered(row.id) if row.has_code and (trusted or row.is_owned) else None,
    )


def moved_to(slug: str) -> str | None:
    """Return the present slug of the product that had this slug before."""
    query = (
        select(Product.slug)
        .join(SlugRedirect, SlugRedirect.product_id == Product.id)
        .where(SlugRedirect.slug == slug, Product.deleted_at.is_(None))
    )
    found: str | None = db.session.scalar(query)
    return found


def _offer(row: Any, visitor: User | None) -> PurchasePanel:
    """Choose the offer, in this order: who the visitor is, what they own, what is on sale."""
    if visitor is not None and row.creator_id == visitor.id:
        return PurchasePanel.OWN
    if row.is_owned:
        return PurchasePanel.CONTINUE
    if visitor is not None and (visitor.is_admin or visitor.access_override):
        return PurchasePanel.FREE_ACCESS
    if row.status != ProductStatus.PUBLISHED or row.is_expired:
        return PurchasePanel.UNAVAILABLE
    return _offer_to_learners(row)


def _offer_to_learners(row: Any) -> PurchasePanel:
    if row.visibility == ProductVisibility.MEMBERS_ONLY:
        return PurchasePanel.MEMBERS_ONLY
    return PurchasePanel.BUY if row.price_now_cents else PurchasePanel.ENROLL


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
