"""Sitemaps (sitemaps.org) of all public pages, and the feed of new courses."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, func, select

from domain.base import clock
from domain.base.addresses import path_to
from domain.catalog import kinds
from domain.catalog.availability import listed
from domain.catalog.cards import people, profiles
from domain.catalog.index.index_builder import courses, products
from models import Category, ProductKind, db

# sitemaps.org/protocol.html. A file may have 50 MB, too: a thousand bytes for each.
URLS_IN_A_FILE = 50_000
FIRST = ("catalog.home", "catalog.courses")
ENTRIES_IN_THE_FEED = 30


class SitemapAddress(NamedTuple):
    """An address in the sitemap: a path, and when it last changed if that is known."""

    path: str
    changed: datetime | None


class FeedEntry(NamedTuple):
    """A product in the feed."""

    kind: ProductKind
    slug: str
    title: str
    summary: str
    creator: str
    published_at: datetime
    updated_at: datetime


def sitemap_files() -> int:
    """Count the files that all addresses fill."""
    return max(1, -(-sum(_counts()) // URLS_IN_A_FILE))


def addresses(number: int) -> list[SitemapAddress]:
    """List the addresses of sitemap file `number` (from 1): pages and categories, creators, products."""
    found: list[SitemapAddress] = []
    skip = (number - 1) * URLS_IN_A_FILE
    for count, load in zip(_counts(), (_pages, _creators, _products), strict=True):
        room = URLS_IN_A_FILE - len(found)
        if room and skip < count:
            found += load(skip, room)
        skip = max(0, skip - count)
    return found


def _counts() -> list[int]:
    queries = (
        select(func.count(Category.id)),
        select(func.count()).select_from(_creator_slugs().order_by(None).subquery()),
        select(func.count()).select_from(_LISTED).where(listed(clock.now())),
    )
    pages, creators, products_ = db.session.execute(select(*(q.scalar_subquery() for q in queries))).one()
    return [len(FIRST) + pages, creators, products_]


def _pages(skip: int, count: int) -> list[SitemapAddress]:
    slugs = db.session.scalars(select(Category.slug).order_by(Category.slug))
    paths = [*(path_to(page) for page in FIRST), *(path_to("catalog.category", slug=slug) for slug in slugs)]
    return [SitemapAddress(path, None) for path in paths[skip : skip + count]]


def _creators(skip: int, count: int) -> list[SitemapAddress]:
    slugs = db.session.scalars(_creator_slugs().limit(count).offset(skip))
    return [SitemapAddress(path_to("catalog.creator", slug=slug), None) for slug in slugs]


def _creator_slugs() -> Select[tuple[str]]:
    """Build the query of the pages of creators with a listed course."""
    made = (
        select(products.c.creator_id)
        .select_from(_LISTED)
        .where(listed(clock.now()), products.c.creator_id == profiles.c.user_id)
    )
    return (
        select(profiles.c.slug)
        .join(people, people.c.id == profiles.c.user_id)
        .where(people.c.deleted_at.is_(None), made.exists())
        .order_by(profiles.c.slug)
    )


def _products(skip: int, count: int) -> list[SitemapAddress]:
    changed = func.coalesce(courses.c.content_updated_at, products.c.updated_at)
    query = (
        select(products.c.kind, products.c.slug, changed.label("changed"))
        .select_from(_LISTED)
        .where(listed(clock.now()))
        .order_by(products.c.id)
        .limit(count)
        .offset(skip)
    )
    return [SitemapAddress(kinds.page(row), row.changed) for row in db.session.execute(query)]


def feed() -> list[FeedEntry]:
    """List the newest listed products."""
    p = products.c
    query = (
        select(p.kind, p.slug, p.title, p.summary, people.c.name, p.published_at, p.updated_at)
        .select_from(_LISTED.join(people, people.c.id == p.creator_id))
        .where(listed(clock.now()))
        .order_by(p.published_at.desc(), p.id)
        .limit(ENTRIES_IN_THE_FEED)
    )
    return [FeedEntry(*row) for row in db.session.execute(query)]


_LISTED = products.outerjoin(courses, courses.c.id == products.c.id)
