"""Public pages of creators: profile, links and totals."""

import uuid
from typing import Any, NamedTuple

from sqlalchemy import case, func, or_, select

from domain.base import clock
from domain.catalog import counters
from domain.catalog.availability import listed
from domain.catalog.cards import creator_slug, people, profiles
from domain.catalog.index.index_builder import courses, products
from domain.people import creator_page_drafts
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import CreatorProfile, User, db


class CreatorTotals(NamedTuple):
    """Totals of a creator: listed `courses`, `students` who hold one, the average `rating` of all reviews."""

    courses: int
    students: int
    ratings: int
    rating: float


class CreatorPage(NamedTuple):
    """A creator's public page; the links are absolute URLs or None."""

    id: uuid.UUID
    name: str
    slug: str
    headline: str
    bio: str
    expertise: list[str]
    years_experience: int | None
    certifications: list[str]
    links: list[str]
    website: str | None
    github: str | None
    linkedin: str | None
    avatar: str | None
    totals: CreatorTotals


def find(slug: str) -> CreatorPage | None:
    """Find the creator whose page is at `slug`: only people with a profile or a listed course have one."""
    u, p = people.c, profiles.c
    query = (
        select(
            u.id, u.name, creator_slug(), func.coalesce(p.headline, ""), u.bio, p.expertise,
            p.years_experience, p.certifications, p.links, u.website, u.github, u.linkedin,
            u.avatar,
        )
        .select_from(people.outerjoin(profiles, p.user_id == u.id))
        .where(or_(p.slug == slug, p.slug.is_(None) & (u.id == _as_id(slug))), u.deleted_at.is_(None))
    )  # fmt: skip
    row = db.session.execute(query).first()
    if row is None:
        return None
    totals = _totals(row[0])
    if not totals.courses and row.years_experience is None and row.expertise is None:
        return None
    values: list[Any] = list(row)
    values[5] = _words(values[5])
    values[7:9] = [_words(values[7]), [link for link in _words(values[8]) if _web(link)]]
    values[9:12] = [_web(row.website), _at("https://github.com/", row.github), _at(_LINKEDIN, row.linkedin)]
    return CreatorPage._make((*values, totals))


def _totals(creator_id: uuid.UUID) -> CreatorTotals:
    """Sum up products and ratings, and count the people who have any of the products."""
    now = clock.now()
    shown = case((listed(now), 1), else_=0)
    ratings = func.coalesce(func.sum(products.c.rating_count), 0)
    query = (
        select(
            func.coalesce(func.sum(shown), 0),
            counters.people_of(creator_id),
            ratings,
            func.sum(products.c.rating_avg * products.c.rating_count) / func.nullif(ratings, 0),
        )
        .select_from(products.outerjoin(courses, courses.c.id == products.c.id))
        .where(products.c.creator_id == creator_id, products.c.deleted_at.is_(None))
    )
    count, students, rated, average = db.session.execute(query).one()
    return CreatorTotals(int(count), int(students), int(rated), float(average or 0))


def profile_of(user: User) -> CreatorProfile:
    """Find the profile of `user` to edit; a new unsaved one for somebody without."""
    return db.session.get(CreatorProfile, user.id) or CreatorProfile(user_id=user.id)


def save_profile(
    user: User, bio: str, headline: str, expertise: list[str], years_experience: int | None,
    certifications: list[str], links: list[str],
) -> CreatorProfile:  # fmt: skip
    """Save the profile of `user`; the first time it gets its slug, which never changes."""
    values = {
        "bio": bio, "headline": headline, "expertise": expertise, "years_experience": years_experience,
        "certifications": certifications, "links": links,
    }  # fmt: skip
    creator_page_drafts.keep(user, values)
    audit.record(user, AuditAction.CHANGE_PROFILE, user)
    db.session.flush()
    return profile_of(user)


def _words(values: Any) -> list[str]:
    return [str(value) for value in values or []]


_LINKEDIN = "https://www.linkedin.com/in/"


def _as_id(slug: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(slug)
    except ValueError:
        return None


def _web(address: str | None) -> str | None:
    return address if address and address.startswith(("https://", "http://")) else None


def _at(place: str, name: str | None) -> str | None:
    """Build the URL of the user `name` at another site; URLs of that site pass unchanged."""
    if not name:
        return None
    return name if name.startswith(place) else place + name.strip("/@ ").rsplit("/", 1)[-1]
