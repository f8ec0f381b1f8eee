"""Cards of products: the lists of the start page, of the catalogue and of a creator's page."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, String, bindparam, cast, func, select

from domain.base import clock
from domain.base.sql import asked_last
from domain.catalog import availability, featured, pricing
from domain.catalog.index import index_cache, spelling, words
from domain.catalog.index.course_index import CategoryCount, CourseIndex
from domain.catalog.index.facets import Selection
from domain.catalog.index.index_builder import courses, products
from models import Category, CreatorProfile, ProductKind, User, db

PAGE_SIZE = 24
SHOWN_AT_HOME = 8
SHOWN_FEATURED = 4
people, profiles, categories = (t.__table__ for t in (User, CreatorProfile, Category))


class CourseCard(NamedTuple):
    """A card of a product of any kind, as templates/shared/_course_card.html shows it.

    `price_now_cents` includes a current sale, `reference_cents` is what that is compared with. Only courses
    have a duration and lessons. `owned` is the progress in whole percents of somebody who has it. `cart` is
    what its button does: "add", "in" the cart already, or "" without one.
    """

    id: uuid.UUID
    kind: ProductKind
    slug: str
    title: str
    summary: str
    level: str
    price_cents: int
    price_now_cents: int
    reference_cents: int | None
    currency: str
    rating_avg: float
    rating_count: int
    duration_seconds: int | None
    lesson_count: int | None
    creator_name: str
    creator_slug: str
    category_name: str
    category_slug: str
    thumbnail: str | None = None
    language: str | None = None
    eager: bool = False
    owned: int | None = None
    cart: str = "add"


@dataclass(frozen=True)
class CatalogPage:
    """A page of search results; `total` counts all results.

    `partly` tells how many of how many words the best of them have, if none has all. Only then, or without
    results: `meant` is a corrected spelling that has some. Only without results: `instead` are popular
    courses. `corrected` is a spelling that was searched instead of the typed one, which finds nothing.
    """

    selection: Selection
    index: CourseIndex
    total: int
    number: int
    cards: list[CourseCard]
    partly: tuple[int, int] | None = None
    meant: str | None = None
    corrected: str | None = None
    instead: tuple[CourseCard, ...] = ()

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Count the courses that each choice would show (facet counts), by facet and value."""
        return self.index.counts(self.selection.words, self.selection.chosen)

    @property
    def last(self) -> int:
        """Compute the number of the last page."""
        return max(1, -(-self.total // PAGE_SIZE))

    @property
    def may_be_misspelt(self) -> bool:
        """Tell whether a word of the search could have a typo: C++ hasn’t."""
        typed = map(words.readable, self.selection.words)
        return any(len(word) >= spelling.SHORTEST and word.isalpha() for word in typed)


@dataclass(frozen=True)
class StartPage:
    """The lists of the start page, in order."""

    featured: list[CourseCard]
    newest: list[CourseCard]
    best: list[CourseCard]
    categories: list[CategoryCount]
    total: int


def browse(index: CourseIndex, selection: Selection, number: int) -> CatalogPage | None:
    """Load page `number` (from 1) of the search results; None beyond the last page.

    If nothing is found and a corrected spelling has results with all its words, these are shown.
    """
    total = index.total(selection.words, selection.chosen)
    corrected = None
    if not total and selection.words and not selection.exact:
        better = index.meant(selection.words)
        if better and index.hits(better, "popular").is_whole:
            total = index.total(better, selection.chosen)
            if total:
                selection, corrected = replace(selection, words=better), _readable(better)
    skip = (number - 1) * PAGE_SIZE
    if number > 1 and skip >= total:
        return None
    cards = cards_of(index.page(selection, skip, PAGE_SIZE)) if total else []
    page = CatalogPage(selection, index, total, number, cards, corrected=corrected)
    found = index.hits(selection.words, "popular") if selection.words else None
    if found and total and not found.is_whole:
        page = replace(page, partly=(found.matched, found.asked))
    return page if total and not page.partly else _with_a_way_on(page)


def home() -> StartPage:
    """Load featured, newest and best rated courses and the categories, in one query."""
    index = index_cache.current()
    featured_ids = featured.in_order(index.featured)[:SHOWN_FEATURED]
    newest = _first(index, "newest", without=featured_ids)
    best = _first(index, "rating", without=[*featured_ids, *newest])
    known = {card.id: card for card in cards_of([*featured_ids, *newest, *best])}
    categories = [one for one in index.categories.values() if one.parent is None and one.courses]
    return StartPage(
        featured=[known[id_] for id_ in featured_ids if id_ in known],
        newest=[known[id_] for id_ in newest if id_ in known],
        best=[known[id_] for id_ in best if id_ in known],
        categories=categories,
        total=index.size,
    )


def _first(index: CourseIndex, sort: str, without: list[uuid.UUID]) -> list[uuid.UUID]:
    """List the first courses in a sort order, without those that the page shows already."""
    ids = index.page(Selection(sort=sort), 0, SHOWN_AT_HOME + len(without))
    return [id_ for id_ in ids if id_ not in without][:SHOWN_AT_HOME]


def cards_of(ids: Sequence[uuid.UUID]) -> list[CourseCard]:
    """Load the cards of those `ids` that are still listed, in the order of `ids`."""
    if not ids:
        return []
    now = clock.now()
    rows = db.session.connection().execute(_CARDS, {"ids": ids, "now": now}).all()
    found = {row[0]: card_of(row) for row in rows}
    return [found[id_] for id_ in ids if id_ in found]


def cards_by(creator_id: uuid.UUID, number: int) -> list[CourseCard]:
    """Load page `number` of a creator's listed courses, newest first.

    By number, so that search engines find each page at the same address. It counts one creator's courses.
    """
    query = (
        cards_query()
        .where(products.c.creator_id == creator_id)
        .order_by(products.c.published_at.desc(), products.c.id)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return [card_of(row) for row in db.session.execute(query, {"now": clock.now()}).all()]


def cards_query() -> Select[Any]:
    """Build the query of cards, for products listed at the parameter `now`."""
    p, c, now = products.c, courses.c, bindparam("now", type_=products.c.published_at.type)
    return (
        select(
            p.id, p.kind, p.slug, p.title, p.summary, p.level, p.price_cents,
            pricing.price_at(now), pricing.reference_at(now), p.currency, p.rating_avg,
            p.rating_count, c.duration_seconds, c.lesson_count, people.c.name,
            creator_slug(), categories.c.name, categories.c.slug, p.thumbnail, c.language,
        )
        .select_from(
            products.outerjoin(courses, c.id == p.id)
            .join(people, people.c.id == p.creator_id)
            .outerjoin(profiles, profiles.c.user_id == p.creator_id)
            .join(categories, categories.c.id == p.category_id)
        )
        .where(asked_last(availability.listed(now)))
    )  # fmt: skip


def card_of(row: Sequence[Any]) -> CourseCard:
    """Build a card from a row of `cards_query`."""
    return CourseCard(*row)


def creator_slug() -> ColumnElement[str]:
    """Build the SQL for the slug of a creator's page: the user's id until they have chosen a slug."""
    return func.coalesce(profiles.c.slug, cast(people.c.id, String))


_CARDS = cards_query().where(products.c.id.in_(bindparam("ids", expanding=True)))


def _with_a_way_on(found: CatalogPage) -> CatalogPage:
    """Add a spelling suggestion, and to an empty result popular courses."""
    index, selection = found.index, found.selection
    better = index.meant(selection.words) if selection.words else None
    popular = [] if found.total else index.page(Selection(), 0, SHOWN_FEATURED)
    meant = _readable(better) if better else None
    return replace(found, meant=meant, instead=tuple(cards_of(popular)))


def _readable(folded: Sequence[str]) -> str:
    return " ".join(map(words.readable, folded))
