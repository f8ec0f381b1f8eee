"""What the page of one course shows, loaded in few queries, and what its visitor may do there."""

import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    literal,
    or_,
    select,
    true,
)

from domain import archives, clock, gates, listing, recordings, wishes
from domain.catalog import Card, cards_of, categories, creator_slug, people, profiles
from domain.recordings import Playback
from domain.stocktaking import courses, products
from models import (
    AccessGrant,
    CodeArchive,
    Enrollment,
    Lesson,
    LessonVisibility,
    MediaAsset,
    MediaStatus,
    Module,
    Product,
    ProductStatus,
    ProductVisibility,
    SlugRedirect,
    Tag,
    User,
    course_prerequisites,
    db,
    product_tags,
)

RELATED = 4
_BETWEEN, _END = "\x1f", "\x1e"
enrollments, grants, lessons, modules, tags = (
    t.__table__ for t in (Enrollment, AccessGrant, Lesson, Module, Tag)
)


class Offer(StrEnum):
    """What the buying panel says to this visitor."""

    BUY = "buy"
    ENROLL = "enroll"
    CONTINUE = "continue"
    OWN = "own"
    FREE_ACCESS = "free_access"
    UNAVAILABLE = "unavailable"
    MEMBERS_ONLY = "members_only"


class LessonLine(NamedTuple):
    """A lesson in the table of contents."""

    title: str
    slug: str
    kind: str
    duration_seconds: int
    is_preview: bool


class ModuleLine(NamedTuple):
    """A module in the table of contents."""

    title: str
    description: str
    duration_seconds: int
    lessons: tuple[LessonLine, ...]


class Contents(NamedTuple):
    """The table of contents of the course at `slug`, with its totals."""

    slug: str
    lesson_count: int
    duration_seconds: int
    modules: tuple[ModuleLine, ...]


@dataclass(frozen=True)
class CoursePage:
    """A course as its page shows it. `row` holds the columns of `_row`, `progress` whole percents."""

    row: Any
    offer: Offer
    contents: Contents
    tags: list[tuple[str, str]]
    required: list[tuple[str, str]]
    related: list[Card]
    is_hidden: bool
    is_preview: bool = False
    progress: int | None = None
    film: Playback | None = None
    code: CodeArchive | None = None

    @property
    def preview(self) -> LessonLine | None:
        """The first lesson that anyone may try."""
        lines = (lesson for module in self.contents.modules for lesson in module.lessons if lesson.is_preview)
        return next(lines, None)


def load(slug: str, visitor: User | None, preview: bool = False) -> CoursePage | None:
    """The page of the course at `slug` for `visitor` (None: a stranger).

    None when there is no such course, or none that the visitor may know of. With `preview` its creator and
    admins see what it offers to learners, as if it were on sale.
    """
    now = clock.now()
    row = (
        db.session.connection()
        .execute(
            _STRANGERS if visitor is None else _VISITORS,
            {"slug": slug, "now": now, "visitor": visitor.id if visitor else None},
        )
        .first()
    )
    if row is None:
        return None
    trusted = visitor is not None and (visitor.is_admin or row.creator_id == visitor.id)
    hidden = row.status in gates.NOT_YET_PUBLISHED or row.visibility == ProductVisibility.PRIVATE
    if hidden and not trusted and not row.is_owned:
        return None
    return CoursePage(
        row=row,
        offer=_offer_to_learners(row) if preview and trusted else _offer(row, visitor),
        contents=Contents(row.slug, row.lesson_count, row.duration_seconds, _modules(row.id)),
        tags=_pairs(row.tags),
        required=_pairs(row.required),
        related=_related(row),
        is_hidden=hidden,
        is_preview=preview and trusted,
        progress=row.progress,
        film=recordings.play(row.film) if row.film else None,
        code=archives.offered(row.id) if row.has_code and (trusted or row.is_owned) else None,
    )


def moved_to(slug: str) -> str | None:
    """The present slug of the product that was once at `slug`."""
    query = (
        select(Product.slug)
        .join(SlugRedirect, SlugRedirect.product_id == Product.id)
        .where(SlugRedirect.slug == slug, Product.deleted_at.is_(None))
    )
    found: str | None = db.session.scalar(query)
    return found


def _offer(row: Any, visitor: User | None) -> Offer:
    """What the visitor can do here; the order is that of who they are, what they hold, what is sold."""
    if visitor is not None and row.creator_id == visitor.id:
        return Offer.OWN
    if row.is_owned:
        return Offer.CONTINUE
    if visitor is not None and (visitor.is_admin or visitor.access_override):
        return Offer.FREE_ACCESS
    if row.status != ProductStatus.PUBLISHED or row.is_expired:
        return Offer.UNAVAILABLE
    return _offer_to_learners(row)


def _offer_to_learners(row: Any) -> Offer:
    if row.visibility == ProductVisibility.MEMBERS_ONLY:
        return Offer.MEMBERS_ONLY
    return Offer.BUY if row.price_now_cents else Offer.ENROLL


def _row(with_visitor: bool) -> Select[Any]:
    p, c, parent = products.c, courses.c, categories.alias("parents")
    now = bindparam("now", type_=p.published_at.type)
    on_sale = p.sale_ends_at > now
    held: ColumnElement[bool] = literal(False)
    wished: ColumnElement[bool] = literal(False)
    progress: Any = literal(None)
    if with_visitor:
        visitor = bindparam("visitor", type_=p.id.type)
        held = _holds(visitor, now)
        wished = wishes.wished(visitor, p.id)
        enrolled = (enrollments.c.user_id == visitor) & (enrollments.c.course_id == p.id)
        progress = select(enrollments.c.progress_percent).where(enrolled).scalar_subquery()
    return (
        select(
            p.id, p.slug, p.title, p.summary, p.description_html, p.level, p.tier, p.price_cents,
            case((on_sale, p.sale_price_cents), else_=p.price_cents).label("price_now_cents"),
            case((on_sale, p.sale_ends_at)).label("sale_ends_at"), p.currency, p.rating_avg, p.rating_count,
            p.sales_count, p.status, p.visibility, p.published_at, p.meta_title, p.meta_description,
            p.creator_id, p.thumbnail, p.deleted_at, c.technology, c.language, c.objectives, c.prerequisites,
            c.sequential, c.duration_seconds, c.lesson_count, c.content_updated_at, c.expires_at,
            case((c.expires_at <= now, True), else_=False).label("is_expired"),
            people.c.name.label("creator_name"), creator_slug().label("creator_slug"),
            people.c.avatar.label("creator_avatar"), _film().label("film"), _has_code().label("has_code"),
            profiles.c.headline.label("creator_headline"),
            categories.c.name.label("category_name"), categories.c.slug.label("category_slug"),
            parent.c.name.label("parent_name"), parent.c.slug.label("parent_slug"),
            held.label("is_owned"), wished.label("is_wished"), progress.label("progress"),
            _tags().label("tags"), _required().label("required"),
        )
        .select_from(
            products.join(courses, c.id == p.id)
            .join(people, people.c.id == p.creator_id)
            .outerjoin(profiles, profiles.c.user_id == p.creator_id)
            .join(categories, categories.c.id == p.category_id)
            .outerjoin(parent, parent.c.id == categories.c.parent_id)
        )
        .where(p.slug == bindparam("slug"), or_(p.deleted_at.is_(None), held))
    )  # fmt: skip


def _tags() -> Any:
    """The product's tags as one text, so that they need no query of their own."""
    return (
        select(_joined(tags.c.name, tags.c.slug))
        .select_from(tags.join(product_tags, product_tags.c.tag_id == tags.c.id))
        .where(product_tags.c.product_id == products.c.id)
        .scalar_subquery()
    )


def _required() -> Any:
    """The courses to take first that can be seen, as one text."""
    first = products.alias("required")
    is_seen = and_(
        first.c.status == ProductStatus.PUBLISHED,
        first.c.visibility != ProductVisibility.PRIVATE,
        first.c.deleted_at.is_(None),
    )
    return (
        select(_joined(first.c.title, first.c.slug))
        .select_from(course_prerequisites.join(first, first.c.id == course_prerequisites.c.prerequisite_id))
        .where(
            course_prerequisites.c.course_id == products.c.id,
            # A CASE, so that SQLite starts from the few prerequisites and not from all published products.
            case((is_seen, 1), else_=0) == 1,
        )
        .scalar_subquery()
    )


def _film() -> Any:
    """The id of the preview film, once it can be played."""
    film = MediaAsset.__table__.c
    own = (film.course_id == products.c.id, film.lesson_id.is_(None), film.proposed_for.is_(None))
    return select(film.id).where(*own, film.status == MediaStatus.READY).limit(1).scalar_subquery()


def _has_code() -> Any:
    archive = CodeArchive.__table__.c
    return select(archive.id).where(archive.course_id == products.c.id, archive.pending == false()).exists()


def _joined(text: Any, slug: Any) -> Any:
    return func.aggregate_strings(text + _BETWEEN + slug, _END)


def _holds(visitor: Any, now: Any) -> ColumnElement[bool]:
    """Whether `visitor` has a grant that holds at `now`, both of them parameters."""
    grant = grants.c
    in_time = or_(grant.expires_at.is_(None), grant.expires_at > now)
    mine = (grant.user_id == visitor) & (grant.course_id == products.c.id)
    return select(grant.id).where(mine, grant.revoked_at.is_(None), in_time).exists()


_STRANGERS, _VISITORS = _row(with_visitor=False), _row(with_visitor=True)

_CURRICULUM = (
    select(
        modules.c.id, modules.c.title, modules.c.description, lessons.c.title.label("lesson"),
        lessons.c.slug, lessons.c.kind, lessons.c.duration_seconds, lessons.c.visibility,
    )
    .select_from(
        modules.outerjoin(
            lessons,
            and_(
                lessons.c.module_id == modules.c.id,
                lessons.c.published == true(),
                lessons.c.visibility != LessonVisibility.PRIVATE,
            ),
        )
    )
    .where(modules.c.course_id == bindparam("course"), modules.c.published == true())
    .order_by(modules.c.position, lessons.c.position)
)  # fmt: skip


def _modules(course_id: uuid.UUID) -> tuple[ModuleLine, ...]:
    found: dict[uuid.UUID, tuple[str, str, list[LessonLine]]] = {}
    rows = db.session.connection().execute(_CURRICULUM, {"course": course_id})
    for id_, title, text, lesson, slug, kind, seconds, seen_by in rows.all():
        lines = found.setdefault(id_, (title, text, []))[2]
        if lesson is not None:
            lines.append(LessonLine(lesson, slug, kind, seconds, seen_by == LessonVisibility.PREVIEW))
    return tuple(
        ModuleLine(title, text, sum(line.duration_seconds for line in lines), tuple(lines))
        for title, text, lines in found.values()
        if lines
    )


def _pairs(joined: str | None) -> list[tuple[str, str]]:
    """What `_joined` put together, in the order of the texts."""
    lines = joined.split(_END) if joined else ()
    # A title with one of the separators in it loses its line here, and nothing else.
    return sorted((text, slug) for text, mark, slug in (line.rpartition(_BETWEEN) for line in lines) if mark)


def _related(row: Any) -> list[Card]:
    """Other courses near this one. Its neighbours have nearly the same, so these are remembered."""
    near = row.category_slug, row.technology
    cards = listing.unless_changed(
        ("related", *near), lambda index: cards_of(index.related(*near, RELATED + 1))
    )
    return [card for card in cards if card.id != row.id][:RELATED]
