"""The reviews on a course page: rating histogram, a page of reviews, and the reader's own."""

import itertools
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Any, NamedTuple
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Select, bindparam, case, exists, func, literal, select, true, union_all

from domain.community import reviews
from models import Review, ReviewVote, User, db

PAGE_SIZE = 10
STARS = (5, 4, 3, 2, 1)
SORTS = {
    "helpful": "Most helpful",
    "newest": "Newest",
    "highest": "Highest rated",
    "lowest": "Lowest rated",
}
DEFAULT_SORT = "helpful"


class ReviewRow(NamedTuple):
    """A review with its creator's reply; a hidden reply is loaded for admins only.

    `author` is None once their account is deleted. `voted`: the reader has voted for it as helpful.
    """

    id: uuid.UUID
    user_id: uuid.UUID
    rating: int
    comment: str
    helpful_count: int
    created_at: datetime
    edited_at: datetime | None
    reply: str
    replied_at: datetime | None
    reply_hidden: bool
    is_hidden: bool
    author: str | None
    voted: bool


@dataclass(frozen=True)
class ReviewList:
    """Page `number` of a product's reviews; `counts` maps stars to the number of visible reviews."""

    sorts = SORTS
    sort: str = DEFAULT_SORT
    number: int = 1
    last: int = 1
    counts: Mapping[int, int] = field(default_factory=dict)
    lines: tuple[ReviewRow, ...] = ()
    own: ReviewRow | None = None

    @property
    def total(self) -> int:
        """Return the number of visible reviews."""
        return sum(self.counts.values())

    @property
    def average(self) -> float:
        """Return their average rating, 0 without any."""
        return sum(stars * count for stars, count in self.counts.items()) / (self.total or 1)

    @property
    def histogram(self) -> list[tuple[str, int, None]]:
        """Build the bars of `ui.bars`."""
        words = ((stars, "star" if stars == 1 else "stars") for stars in STARS)
        return [(f"{stars} {word}", self.counts.get(stars, 0), None) for stars, word in words]

    @property
    def place(self) -> str:
        """Build the query string that leads back to this order and page, with its "?"; often empty."""
        given = [("reviews_sort", self.sort)] if self.sort != DEFAULT_SORT else []
        given += [("reviews_page", str(self.number))] if self.number > 1 else []
        return f"?{urlencode(given)}" if given else ""

    def pages(self, here: str) -> dict[str, Any]:
        """Build the items of `ui.pager`; `here` is the address of the course page."""
        near = {1, self.last, *range(max(1, self.number - 1), min(self.last, self.number + 1) + 1)}
        items: list[tuple[str, str | None, bool]] = []
        for before, number in itertools.pairwise([0, *sorted(near)]):
            if number - before > 1:
                items.append(("…", None, False))
            items.append((f"{number:,}", self._at(here, number), number == self.number))
        return {
            "prev": self._at(here, self.number - 1) if self.number > 1 else None,
            "next": self._at(here, self.number + 1) if self.number < self.last else None,
            "items": items,
        }

    def _at(self, here: str, number: int) -> str:
        return f"{here}?{urlencode({'reviews_sort': self.sort, 'reviews_page': number})}#reviews"


def load(product_id: uuid.UUID, reader: User | None, asked: Mapping[str, str]) -> ReviewList:
    """Load the reviews of a product for `reader` (None: a visitor), in one query, or two if there are many.

    `asked` may name an order of SORTS as reviews_sort and a page as reviews_page; invalid values mean the
    first, a page beyond the end the last. Admins also see hidden reviews, everyone their own.

    By number, not behind a cursor: the page says how many there are and links to the last, in each of four
    orders, and people come back to their place. It skips rows of one product's index.
    """
    sort = asked.get("reviews_sort", "")
    sort = sort if sort in SORTS else DEFAULT_SORT
    view = (reader is not None, reader is not None and reader.is_admin)
    values: dict[str, Any] = {"product": product_id, "reader": reader.id if reader else None}
    number = _page(asked.get("reviews_page", ""))
    if number == 1:
        lines, own = _lines(sort, view, values, 1)
        if len(lines) < PAGE_SIZE:  # so all of them are loaded
            seen = [line for line in (*lines, own) if line is not None and not line.is_hidden]
            return ReviewList(sort, counts=Counter(line.rating for line in seen), lines=lines, own=own)
    counts, last = _totals(view, values)
    if number > 1:
        lines, own = _lines(sort, view, values, min(number, last))
    return ReviewList(sort, min(number, last), last, counts, lines, own)


def _totals(view: tuple[bool, bool], values: dict[str, Any]) -> tuple[Mapping[int, int], int]:
    """Count the visible reviews by stars, and the pages of listed reviews."""
    stars = db.session.connection().execute(_HISTOGRAMS[view], values).all()
    own = stars[0].own if stars else 0
    listed = sum(row.everything if view[1] else row.visible for row in stars) - own
    return {row.rating: row.visible for row in stars}, max(1, ceil(listed / PAGE_SIZE))


def _lines(
    sort: str, view: tuple[bool, bool], values: dict[str, Any], number: int
) -> tuple[tuple[ReviewRow, ...], ReviewRow | None]:
    """Load page `number` of the reviews, and the reader's own."""
    values = values | {"skip": (number - 1) * PAGE_SIZE}
    rows = db.session.connection().execute(_PAGES[sort, *view], values).all()
    found = sorted((ReviewRow(*row[:-1]) for row in rows if not row.is_own), key=_KEYS[sort], reverse=True)
    return tuple(found), next((ReviewRow(*row[:-1]) for row in rows if row.is_own), None)


def _page(asked: str) -> int:
    return max(1, int(asked[:9])) if asked.isascii() and asked.isdigit() else 1


review, votes, people = Review.__table__.c, ReviewVote.__table__.c, User.__table__.c
_IS_HIDDEN = reviews.hidden(review)
_OF_PRODUCT = review.product_id == bindparam("product", type_=review.id.type)
_READER = bindparam("reader", type_=review.id.type)
_ORDERS = {
    "helpful": (review.helpful_count.desc(), review.created_at.desc(), review.id.desc()),
    "newest": (review.created_at.desc(), review.id.desc()),
    "highest": (review.rating.desc(), review.created_at.desc(), review.id.desc()),
    "lowest": (review.rating, review.created_at.desc(), review.id.desc()),
}
# The same orders in Python: the rows of a UNION come in no guaranteed order.
_KEYS: dict[str, Any] = {
    "helpful": lambda line: (line.helpful_count, line.created_at, line.id),
    "newest": lambda line: (line.created_at, line.id),
    "highest": lambda line: (line.rating, line.created_at, line.id),
    "lowest": lambda line: (-line.rating, line.created_at, line.id),
}


def _histogram(with_reader: bool, sees_all: bool) -> Select[Any]:
    """Build the query that counts reviews by stars, and how many of the listed ones are the reader's."""
    own: Any = literal(0)
    if with_reader:
        mine = select(func.count()).where(_OF_PRODUCT, review.user_id == _READER)
        own = (mine if sees_all else mine.where(~_IS_HIDDEN)).correlate(None).scalar_subquery()
    return (
        select(
            review.rating,
            func.count().label("everything"),
            func.sum(case((_IS_HIDDEN, 0), else_=1)).label("visible"),
            own.label("own"),
        )
        .where(_OF_PRODUCT)
        .group_by(review.rating)
    )


def _shown_reply(sees_all: bool) -> ColumnElement[str]:
    shown = review.reply if sees_all else case((review.reply_hidden, ""), else_=review.reply)
    return shown.label("reply")


def _select(sort: str, with_reader: bool, sees_all: bool) -> Select[Any]:
    """Build the query of a page in one order, with the reader's own review in a UNION."""
    columns = (
        review.id, review.user_id, review.rating, review.comment, review.helpful_count, review.created_at,
        review.edited_at, _shown_reply(sees_all),
        review.replied_at, review.reply_hidden, _IS_HIDDEN.label("is_hidden"),
    )  # fmt: skip
    shown = true() if sees_all else ~_IS_HIDDEN
    page: Any = select(*columns, literal(False).label("is_own")).where(_OF_PRODUCT, shown)
    if with_reader:
        page = page.where(review.user_id != _READER)
    page = page.order_by(*_ORDERS[sort]).limit(PAGE_SIZE).offset(bindparam("skip"))
    voted: ColumnElement[bool] = literal(False)
    found = page.subquery()
    if with_reader:
        own = select(*columns, literal(True)).where(_OF_PRODUCT, review.user_id == _READER)
        found = union_all(select(found), own).subquery()
        voted = exists().where(votes.review_id == found.c.id, votes.user_id == _READER)
    *shown_columns, is_own = found.c
    author = case((people.deleted_at.is_(None), people.name))
    return (
        select(*shown_columns, author.label("author"), voted.label("voted"), is_own)
        .join(User.__table__, people.id == found.c.user_id)
    )  # fmt: skip


# (signed in, sees hidden reviews)
_VIEWS = ((False, False), (True, False), (True, True))
_HISTOGRAMS = {view: _histogram(*view) for view in _VIEWS}
_PAGES = {(sort, *view): _select(sort, *view) for sort in SORTS for view in _VIEWS}
