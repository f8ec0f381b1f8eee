"""Availability: which courses people see, find and may take, each rule once in Python and once in SQL.

Each of these includes the next:

- visible: anybody may open its page. It was published at some time, and is neither private nor deleted.
- published: its status says so, and it hasn't expired. Its previews are open.
- available: it is sold by itself, so that people may buy it or enroll.
- listed: it stands in the catalogue, in search, in the sitemap and in the feed.

The Python forms take a course, or a row with the columns of the same names. `offer_to` says what one person
may do with a course, `refusal` why it can't be taken; the page, the button's POST and checkout all ask them.
"""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, or_

from models import Course, Product, ProductStatus, ProductVisibility

products, courses = Product.__table__, Course.__table__

NOT_YET_PUBLISHED = (ProductStatus.DRAFT, ProductStatus.PENDING_REVIEW, ProductStatus.REJECTED)
SOLD_BY_ITSELF = (ProductVisibility.PUBLIC, ProductVisibility.UNLISTED)

OWN_COURSE = "This is your own course."
EVERY_COURSE = "You have access to every course."
ALREADY_OWNED = "You already own this course."


class Offer(StrEnum):
    """The offer of a course to one person."""

    BUY = "buy"
    ENROLL = "enroll"
    CONTINUE = "continue"
    OWN = "own"
    FREE_ACCESS = "free_access"
    UNAVAILABLE = "unavailable"
    MEMBERS_ONLY = "members_only"


class Listing(Protocol):
    """The columns of a product that the rules read."""

    @property
    def status(self) -> ProductStatus: ...
    @property
    def visibility(self) -> ProductVisibility: ...
    @property
    def deleted_at(self) -> datetime | None: ...


class Person(Protocol):
    """The columns of a person that the rules read."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def opens_every_course(self) -> bool: ...


def is_expired(course: Listing, moment: datetime) -> bool:
    """Tell if `course` has expired at `moment`, whether or not the job has noticed.

    Products without the column `expires_at` never do by themselves.
    """
    ends: datetime | None = getattr(course, "expires_at", None)
    return (ends is not None and ends <= moment) or course.status == ProductStatus.EXPIRED


def awaits_update(course: Listing, moment: datetime) -> bool:
    """Tell if `course` is off sale only because it has expired, so that an update brings it back."""
    return is_expired(course, moment) and course.status in (ProductStatus.PUBLISHED, ProductStatus.EXPIRED)


def is_visible(course: Listing) -> bool:
    """Tell if anybody may know of `course`, or another product, and open its page."""
    is_hidden = course.status in NOT_YET_PUBLISHED or course.visibility == ProductVisibility.PRIVATE
    return not is_hidden and course.deleted_at is None


def is_published(course: Listing, moment: datetime) -> bool:
    """Tell if `course` is visible, published and not expired at `moment`."""
    in_time = course.status == ProductStatus.PUBLISHED and not is_expired(course, moment)
    return in_time and is_visible(course)


def is_available(course: Listing, moment: datetime) -> bool:
    """Tell if people may buy `course`, or enroll in it, at `moment`."""
    return is_published(course, moment) and course.visibility in SOLD_BY_ITSELF


def is_listed(course: Listing, moment: datetime) -> bool:
    """Tell if the catalogue lists `course` at `moment`."""
    return is_published(course, moment) and course.visibility == ProductVisibility.PUBLIC


def unexpired(moment: Any, course: Any = courses.c) -> ColumnElement[bool]:
    """Build the SQL condition that a course hasn't reached its date at `moment`, a time or a parameter.

    `course` holds the columns of courses: the table's, or an alias's. They are NULL, which never ends, where
    products of every kind are joined with them (LEFT JOIN).
    """
    return or_(course.expires_at.is_(None), course.expires_at > moment)


def visible(product: Any = products.c) -> ColumnElement[bool]:
    """Build `is_visible` as SQL; `product` holds the columns of products: the table's, or an alias's."""
    return and_(
        product.status.not_in(NOT_YET_PUBLISHED),
        product.visibility != ProductVisibility.PRIVATE,
        product.deleted_at.is_(None),
    )


def published(moment: Any, product: Any = products.c, course: Any = courses.c) -> ColumnElement[bool]:
    """Build `is_published` as SQL."""
    return and_(
        product.status == ProductStatus.PUBLISHED,
        product.visibility != ProductVisibility.PRIVATE,
        product.deleted_at.is_(None),
        unexpired(moment, course),
    )


def available(moment: Any, product: Any = products.c, course: Any = courses.c) -> ColumnElement[bool]:
    """Build `is_available` as SQL."""
    # Without IN, whose list a statement that is compiled once (the heartbeat's) can't take.
    sold = or_(*(product.visibility == one for one in SOLD_BY_ITSELF))
    return and_(published(moment, product, course), sold)


def listed(moment: Any, product: Any = products.c, course: Any = courses.c) -> ColumnElement[bool]:
    """Build `is_listed` as SQL."""
    return and_(published(moment, product, course), product.visibility == ProductVisibility.PUBLIC)


def offer_to(
    person: Person | None, course: Any, *, owned: bool, price_cents: int, moment: datetime
) -> Offer:  # fmt: skip
    """Choose what `course` offers to `person` (None: a visitor) at `moment`.

    It depends first on who they are, then on what they own, then on what is available; `owned`: they have a
    grant that holds, `price_cents`: the price at that moment.
    """
    if person is not None and course.creator_id == person.id:
        return Offer.OWN
    if owned:
        return Offer.CONTINUE
    if person is not None and person.opens_every_course:
        return Offer.FREE_ACCESS
    if is_published(course, moment) and course.visibility == ProductVisibility.MEMBERS_ONLY:
        return Offer.MEMBERS_ONLY
    if not is_available(course, moment):
        return Offer.UNAVAILABLE
    return Offer.BUY if price_cents else Offer.ENROLL


def refusal(offer: Offer, course: Listing, moment: datetime) -> str | None:
    """Say in a sentence why a course with this `offer` can't be taken; None for one that can, or is owned."""
    match offer:
        case Offer.OWN:
            return OWN_COURSE
        case Offer.FREE_ACCESS:
            return EVERY_COURSE
        case Offer.MEMBERS_ONLY:
            return "This course is only available to members."
        case Offer.UNAVAILABLE if awaits_update(course, moment):
            return "This course isn’t for sale right now: its creator needs to update it first."
        case Offer.UNAVAILABLE:
            return "This course isn’t for sale right now."
        case _:
            return None
