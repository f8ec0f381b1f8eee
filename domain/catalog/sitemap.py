"""Sitemaps (sitemaps.org) of all public pages, and the feed of new courses."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from domain.base import clock
from domain.base.addresses import path_to
from domain.catalog import kinds
from domain.catalog.availability import listed
from domain.catalog.cards import people, profiles
from domain.catalog.index.index_builder import courses, products
from models import Category, ProductKind, db

URLS_IN_A_FILE = 50_000  # sitemaps.org/protocol.html
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
    """Count the files that the listed products fill; other pages go into the first."""
    query = select(func.count()).select_from(_LISTED).where(listed(clock.now()))
    return max(1, -(-db.session.execute(query).scalar_one() // URLS_IN_A_FILE))


def product_addresses(number: int) -> list[SitemapAddress]:
    """List the products of sitemap file `number` (from 1)."""
    changed = func.coalesce(courses.c.content_updated_at, products.c.updated_at)
    query = (
        select(products.c.kind, products.c.slug, changed.label("changed"))
        .select_from(_LISTED)
        .where(listed(clock.now()))
        .order_by(products.c.id)
        .limit(URLS_IN_A_FILE)
        .offset((number - 1) * URLS_IN_A_FILE)
    )
    return [SitemapAddress(kinds.page(row), row.changed) for row in db.session.execute(query)]


def other_addresses() -> list[SitemapAddress]:
    """List the other public pages: start, catalogue, categories, creators with a listed course."""
    slugs = select(Category.slug).order_by(Category.slug)
    made = (
        select(products.c.creator_id)
        .select_from(_LISTED)
        .where(listed(clock.now()), products.c.creator_id == profiles.c.user_id)
    )
    creators = (
        select(profiles.c.slug)
        .join(people, people.c.id == profiles.c.user_id)
        .where(people.c.deleted_at.is_(None), made.exists())
        .order_by(profiles.c.slug)
    )
    return [
        SitemapAddress("/", None),
        SitemapAddress(path_to("catalog.courses"), None),
        *(SitemapAddress(path_to("catalog.category", slug=slug), None) for slug in db.session.scalars(slugs)),
        *(
            SitemapAddress(path_to("catalog.creator", slug=slug), None)
            for slug in db.session.scalars(creators)
        ),
    ]


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
