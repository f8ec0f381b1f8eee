"""The builder of the catalogue index: reads listed products of every kind from the database into columns.

What only courses have (technology, language, duration) is empty for others, and matches no
choice of its facet.
"""

import sys
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import repeat
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.engine import Connection

from domain.catalog import availability, pricing
from domain.catalog.index import facets, search, terms
from domain.catalog.index import words as of_texts
from domain.catalog.index.course_index import CategoryCount, CourseIndex, SortOrder
from domain.catalog.index.facets import Facet, FacetChoice
from domain.platform import settings
from models import (
    Category,
    Course,
    Level,
    Product,
    ProductKind,
    SearchDocument,
    Tier,
)

TECHNOLOGIES = 250
BATCH = 5000
SEPARATOR = "\n"  # between the words of a field and what is only searched
SHORTEST_WORD = 3  # that is suggested or searched as a part of others
# Bayesian average: as if every course had a few reviews of 3.5, so that a single one of 5 doesn't come first.
USUAL_RATING, USUAL_WEIGHT = 3.5, 5
_LEVELS = {level: code for code, level in enumerate(Level)}
_TIERS: dict[Tier | None, int] = {None: 0, **{tier: code for code, tier in enumerate(Tier, 1)}}

products, courses = Product.__table__, Course.__table__


def build(connection: Connection, moment: datetime) -> CourseIndex:
    """Build the index of products listed at `moment`, in two queries."""
    categories = connection.execute(_SHELVES).all()
    stock = _Columns({row.id: code for code, row in enumerate(categories)})
    for batch in connection.execute(_rows(moment), execution_options={"yield_per": BATCH}).partitions():
        stock.add(batch)
    return stock.index(categories)


def next_change(connection: Connection, moment: datetime) -> datetime | None:
    """Find the next moment when time alone changes the catalogue: a sale or a course ends."""
    ends = [
        select(func.min(products.c.sale_ends_at)).where(products.c.sale_ends_at > moment),
        select(func.min(courses.c.expires_at)).where(courses.c.expires_at > moment),
    ]
    found = [connection.execute(query).scalar() for query in ends]
    return min((end for end in found if end is not None), default=None)


_SHELVES = select(
    Category.id, Category.parent_id, Category.slug, Category.name, Category.description, Category.icon
).order_by(Category.position, Category.name)


def _rows(moment: datetime) -> Select[Any]:
    p, c, d = products.c, courses.c, SearchDocument.__table__
    price_now, reference = pricing.price_at(moment), pricing.reference_at(moment)
    return (
        select(
            p.id, p.kind, p.category_id, p.level, p.tier, reference, price_now.label("price_now"), p.currency,
            p.rating_avg, p.rating_count, p.holder_count, p.published_at, p.featured, c.technology,
            c.language, c.duration_seconds, d.c.id, d.c.title, d.c.keywords,
            p.summary,
        )
        .select_from(products.outerjoin(courses, p.id == c.id).outerjoin(d, d.c.product_id == p.id))
        .where(availability.listed(moment))
    )  # fmt: skip


@dataclass
class _Columns:
    """The columns of the catalogue, filled batch by batch."""

    category_codes: dict[UUID, int]
    ids: bytearray = field(default_factory=bytearray)
    codes: dict[str, bytearray] = field(default_factory=dict)
    category: "array[int]" = field(default_factory=lambda: array("I"))
    technology: list[str] = field(default_factory=list)
    language: list[str] = field(default_factory=list)
    price: "array[int]" = field(default_factory=lambda: array("q"))
    score: "array[float]" = field(default_factory=lambda: array("d"))
    sales: "array[int]" = field(default_factory=lambda: array("q"))
    published: "array[float]" = field(default_factory=lambda: array("d"))
    documents: list[tuple[int, int]] = field(default_factory=list)
    featured: list[UUID] = field(default_factory=list)
    currencies: Counter[str] = field(default_factory=Counter)
    vocabulary: Counter[str] = field(default_factory=Counter)
    spellings: Counter[str] = field(default_factory=Counter)
    compounds: set[str] = field(default_factory=set)

    def add(self, batch: Sequence[Any]) -> None:
        """Append a batch of rows to the columns."""
        plain: dict[str, list[int]] = {
            name: [] for name in ("kind", "level", "tier", "rating", "duration", "sale")
        }
        kinds = {kind: code for code, kind in enumerate(ProductKind)}
        for (
            id_, kind, category, level, tier, reference, price, currency, rating, count, sales, published,
            featured, technology, language, seconds, document, title, keywords, summary,
        ) in batch:  # fmt: skip
            if document is not None:
                self.documents.append((document, len(self.price)))
                self._add_words(
                    f"{title.partition(SEPARATOR)[0]} {keywords.partition(SEPARATOR)[0]}", summary, language
                )
            self.ids += id_.bytes
            self.category.append(self.category_codes[category])
            self.technology.append(sys.intern(technology or ""))
            self.language.append(sys.intern(language or ""))
            self.price.append(price)
            self.score.append((rating * count + USUAL_RATING * USUAL_WEIGHT) / (count + USUAL_WEIGHT))
            self.sales.append(sales)
            self.published.append(published.timestamp())
            plain["kind"].append(kinds[kind])
            plain["level"].append(_LEVELS[level])
            plain["tier"].append(_TIERS[tier])
            plain["rating"].append(facets.rating_code(rating))
            plain["duration"].append(facets.duration_code(seconds))
            plain["sale"].append(reference is not None)
            if featured:
                self.featured.append(id_)
            self.currencies[currency] += 1
        for name, codes in plain.items():
            self.codes.setdefault(name, bytearray()).extend(codes)

    def _add_words(self, text: str, summary: str, language: str | None) -> None:
        """Count the words of a course, each once, and keep those that may be compounds.

        `text` is folded already.
        """
        words = {word for word in text.split() if len(word) >= SHORTEST_WORD and not word.isdigit()}
        self.vocabulary.update(words)
        heard = (word for word in of_texts.of_document(summary) if len(word) >= SHORTEST_WORD)
        self.spellings.update(words.union(word for word in heard if not word.isdigit()))
        if language and language.split("-")[0].lower() in terms.COMPOUNDING:
            self.compounds.update(word for word in words if len(word) >= terms.SHORTEST_COMPOUND)

    def index(self, categories: Sequence[Any]) -> CourseIndex:
        """Sort the columns in every order and build the index."""
        columns = self._columns(categories)
        numbers = range(len(self.price))
        newest = sorted(numbers, key=self.published.__getitem__, reverse=True)
        popular = sorted(newest, key=self.sales.__getitem__, reverse=True)
        sequences = {
            "popular": popular,
            "newest": newest,
            "rating": sorted(popular, key=self.score.__getitem__, reverse=True),
            "price": sorted(popular, key=self.price.__getitem__),
            "price-desc": sorted(popular, key=self.price.__getitem__, reverse=True),
        }
        documents = array("i", [-1]) * (1 + max((document for document, _ in self.documents), default=0))
        for document, row in self.documents:
            documents[document] = row
        return CourseIndex(
            ids=bytes(self.ids),
            facets={name: facet for name, (facet, _codes) in columns.items()},
            orders={name: SortOrder.of(rows, columns) for name, rows in sequences.items()},
            documents=documents,
            vocabulary=dict(self.vocabulary),
            spellings=dict(self.spellings),
            compounds="".join(f"{word}\n" for word in sorted(self.compounds)),
            categories=_category_counts(categories, self.category),
            featured=tuple(self.featured),
            currency=self.currency(),
            search=search.find,
        )

    def currency(self) -> str:
        """Return the currency of most courses: that of the shop."""
        return self.currencies.most_common(1)[0][0] if self.currencies else settings.current().currency

    def _columns(self, categories: Sequence[Any]) -> dict[str, tuple[Facet, Sequence[int]]]:
        languages = [code for code, _ in Counter(self.language).most_common() if code]
        language_codes = {code: number for number, code in enumerate(languages)}
        technologies, technology_codes = _technologies(self.technology)
        steps, empty = facets.price_steps(self.currency()), bytearray()
        return {
            "category": (_category_facet(categories), self.category),
            "kind": (facets.kind(), self.codes.get("kind", empty)),
            "level": (facets.level(), self.codes.get("level", empty)),
            "technology": (facets.technology(technologies), technology_codes),
            "price": (
                facets.price(self.currency()),
                bytearray(map(facets.price_code, self.price, repeat(steps))),
            ),
            "rating": (facets.rating(), self.codes.get("rating", empty)),
            "duration": (facets.duration(), self.codes.get("duration", empty)),
            "tier": (facets.tier(), self.codes.get("tier", empty)),
            "language": (
                facets.language(languages),
                [language_codes.get(code, len(languages)) for code in self.language],
            ),
            "sale": (facets.sale(), self.codes.get("sale", empty)),
        }


def _technologies(names: list[str]) -> tuple[list[str], list[int]]:
    """Rank technologies, each in its commonest spelling; answers them and the code of every course."""
    spellings: dict[str, str] = {}
    often: Counter[str] = Counter()
    for name, count in Counter(names).most_common():
        if name:
            spellings.setdefault(name.lower(), name)
            often[name.lower()] += count
    kept = [lower for lower, _ in often.most_common(TECHNOLOGIES)]
    numbers = {lower: number for number, lower in enumerate(kept, 1)}
    return [spellings[lower] for lower in kept], [numbers.get(name.lower(), 0) for name in names]


def _lineage(categories: Sequence[Any]) -> list[list[int]]:
    """List for every category its own number, its parent's, and so on up."""
    number = {row.id: code for code, row in enumerate(categories)}
    found = []
    for code, row in enumerate(categories):
        line = [code]
        while row.parent_id is not None and number[row.parent_id] not in line:
            line.append(number[row.parent_id])
            row = categories[number[row.parent_id]]
        found.append(line)
    return found


def _category_facet(categories: Sequence[Any]) -> Facet:
    members: list[list[int]] = [[] for _ in categories]
    for code, line in enumerate(_lineage(categories)):
        for ancestor in line:
            members[ancestor].append(code)
    slugs = {row.id: row.slug for row in categories}
    choices = (
        FacetChoice(row.slug, row.name, tuple(members[code]), slugs.get(row.parent_id))
        for code, row in enumerate(categories)
    )
    return Facet("category", "Category", False, tuple(choices))


def _category_counts(categories: Sequence[Any], codes: Sequence[int]) -> dict[str, CategoryCount]:
    own, totals = Counter(codes), Counter[int]()
    for code, line in enumerate(_lineage(categories)):
        for ancestor in line:
            totals[ancestor] += own[code]
    slugs = {row.id: row.slug for row in categories}
    return {
        row.slug: CategoryCount(
            row.slug, row.name, row.description, row.icon, slugs.get(row.parent_id), totals[code]
        )
        for code, row in enumerate(categories)
    }
