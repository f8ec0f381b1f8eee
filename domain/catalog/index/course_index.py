"""The index of the published catalogue: filters, sorts, counts and pages without the database.

Courses are numbered rows 0…n-1. Each sort order keeps the sequence of rows and, for every choice of every
facet, the bitset of places where a matching course is, so that the lowest members of an intersection are the
first page of results.
"""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from operator import or_
from typing import NamedTuple
from uuid import UUID

from domain.catalog.index import bitsets, filler_words, ranking, spelling, terms
from domain.catalog.index.facets import Facet, Selection
from domain.catalog.index.ranking import Found, Sets
from domain.catalog.index.search import Postings
from domain.catalog.index.terms import Term

Bits = dict[str, dict[str, int]]
MAX_WORDS = 8
PAGES = "en"  # the language of the pages, and so of many searches
KEPT_SEARCHES = 128
KEPT_TERMS = 256
KEPT_COUNTS = 4096


class CategoryCount(NamedTuple):
    """A category as pages show it. `parent` is a slug; `courses` includes those of subcategories."""

    slug: str
    name: str
    description: str
    icon: str
    parent: str | None
    courses: int


@dataclass(frozen=True)
class SortOrder:
    """A sort order: the row at each place, the place of each row, and the places of each choice."""

    rows: Sequence[int]
    places: Sequence[int]
    bits: Bits

    @classmethod
    def of(cls, rows: Sequence[int], columns: dict[str, tuple[Facet, Sequence[int]]]) -> "SortOrder":
        """Build the sort order of `rows`; `columns` hold each facet with the code of every row."""
        places = array("I", bytes(4 * len(rows)))
        for place, row in enumerate(rows):
            places[row] = place
        bits: Bits = {}
        for name, (facet, codes) in columns.items():
            kinds = 1 + max((code for choice in facet.choices for code in choice.codes), default=0)
            sets = bitsets.sets_by_code([codes[row] for row in rows], kinds)
            bits[name] = {c.value: reduce(or_, (sets[code] for code in c.codes), 0) for c in facet.choices}
        return cls(array("I", rows), places, bits)

    def matching(self, selection: Selection, except_facet: str = "") -> int:
        """Intersect the chosen values of all facets but one; -1 (all bits set) where nothing is chosen."""
        found = -1
        for name, values in selection.chosen:
            if name != except_facet:
                found &= reduce(or_, (self.bits[name][value] for value in values))
        return found


@dataclass
class CourseIndex:
    """An immutable snapshot of the catalogue; a change replaces it as a whole.

    `ids` holds sixteen bytes for every row; `documents` maps the id of a search document to its row, or -1.
    `vocabulary` holds the words of titles and keywords, `spellings` those of summaries too, and in how many
    courses each occurs.
    """

    ids: bytes
    facets: dict[str, Facet]
    orders: dict[str, SortOrder]
    documents: Sequence[int]
    vocabulary: dict[str, int]
    spellings: dict[str, int]
    compounds: str
    categories: dict[str, CategoryCount]
    featured: tuple[UUID, ...]
    currency: str
    search: Callable[[Sequence[Term]], list[Postings]]
    kept_terms: dict[Term, Sets] = field(default_factory=dict, init=False)
    everything: int = field(init=False)
    dictionary: terms.Dictionary = field(init=False)

    def __post_init__(self) -> None:
        self.everything = (1 << self.size) - 1
        languages = dict.fromkeys(c.value.split("-")[0].lower() for c in self.facets["language"].choices)
        spoken = tuple(dict.fromkeys((*languages, PAGES)))
        self.dictionary = terms.Dictionary(sorted(self.vocabulary), self.compounds, spoken)
        # Caches of this snapshot: they go with it when the catalogue changes.
        self.hits = lru_cache(KEPT_SEARCHES)(self._hits)
        self.counts = lru_cache(KEPT_COUNTS)(self._counts)
        self.total = lru_cache(KEPT_COUNTS)(self._total)
        self.meant = lru_cache(KEPT_SEARCHES)(self._meant)

    @property
    def size(self) -> int:
        """Count the courses."""
        return len(self.ids) // 16

    def id_at(self, row: int) -> UUID:
        """Read the product id of a row."""
        return UUID(bytes=self.ids[16 * row : 16 * row + 16])

    def page(self, selection: Selection, skip: int, count: int) -> list[UUID]:
        """List the product ids number `skip` and following of the results, in the order of `selection`."""
        order = self.orders["popular" if selection.sort == "relevance" else selection.sort]
        found = order.matching(selection)
        found = self.everything if found < 0 else found
        if not selection.words:
            layers = [found]
        elif selection.sort == "relevance":
            layers = [found & tier for tier in self.hits(selection.words, "popular").tiers]
        else:
            layers = [found & reduce(or_, self.hits(selection.words, selection.sort).tiers)]
        places: list[int] = []
        for layer in layers:
            inside = layer.bit_count() if len(layers) > 1 else 0
            if len(layers) > 1 and skip >= inside:
                skip -= inside
                continue
            places += bitsets.page(layer, skip, count - len(places))
            skip = 0
            if len(places) == count:
                break
        return [self.id_at(order.rows[place]) for place in places]

    def _total(self, words: tuple[str, ...], chosen: tuple[tuple[str, tuple[str, ...]], ...]) -> int:
        """Count the courses that `words` find and that match the chosen facets."""
        found = self.orders["popular"].matching(Selection(chosen=chosen))
        return (self._searched(words) & found).bit_count()

    def _counts(
        self, words: tuple[str, ...], chosen: tuple[tuple[str, tuple[str, ...]], ...]
    ) -> dict[str, dict[str, int]]:
        """Count, for each choice of each facet, the courses it would show with the other facets as chosen."""
        order, selection, searched = self.orders["popular"], Selection(chosen=chosen), self._searched(words)
        whole = searched & order.matching(selection)
        counts = {}
        for name, facet in self.facets.items():
            values = selection.values(name)
            among = searched & order.matching(selection, name) if values else whole
            bits = order.bits[name]
            counts[name] = {c.value: (bits[c.value] & among).bit_count() for c in facet.lines(values)}
        return counts

    def _meant(self, words: tuple[str, ...]) -> tuple[str, ...] | None:
        """Correct the spelling of `words`; None unless courses have more of the corrected ones."""
        wanted = self._wanted(words)
        unknown = {word for word in wanted if not self._wide([word])[0][-1]}
        better = spelling.correct(wanted, unknown, self.spellings)
        if better and self.hits(better, "popular").matched > self.hits(words, "popular").matched:
            return better
        return None

    def _searched(self, words: tuple[str, ...]) -> int:
        return reduce(or_, self.hits(words, "popular").tiers) if words else self.everything

    def _hits(self, words: tuple[str, ...], sort: str) -> Found:
        """Rank the courses that have `words`, or where none has all of them, most of them.

        For another order than "popular" they are one set.
        """
        order, popular = self.orders[sort], self.orders["popular"]
        if sort != "popular":
            found = self.hits(words, "popular")
            rows = (popular.rows[p] for bits in found.tiers for p in bitsets.places(bits))
            return found._replace(
                tiers=(bitsets.from_places((order.places[row] for row in rows), self.size),)
            )
        wanted = self._wanted(words)
        whole = [terms.wide(word, self.dictionary) for word in wanted]
        typed = [terms.typed(word, term, self.dictionary) for word, term in zip(wanted, whole, strict=True)]
        found_sets = self._terms([*typed, *whole])
        found = ranking.with_all(found_sets[: len(wanted)], found_sets[len(wanted) :])
        if any(found.tiers):
            return found
        parts = terms.smaller(wanted)
        return ranking.with_most(self._wide(parts)) if len(parts) > 1 else found

    def _wanted(self, words: tuple[str, ...]) -> tuple[str, ...]:
        return filler_words.without(words, self.dictionary.languages)[:MAX_WORDS]

    def _wide(self, words: Sequence[str]) -> list[Sets]:
        return self._terms([terms.wide(word, self.dictionary) for word in words])

    def _terms(self, wanted: list[Term]) -> list[Sets]:
        """Look up the bitsets of each term over the order "popular", one for each field of Postings.

        An LRU cache; terms missing from it are searched in one query.
        """
        known = {term: sets for term in wanted if (sets := self.kept_terms.pop(term, None)) is not None}
        missing = [term for term in dict.fromkeys(wanted) if term not in known]
        if missing:
            found = self.search(missing)
            known |= {term: self._places(postings) for term, postings in zip(missing, found, strict=True)}
        self.kept_terms |= known
        while len(self.kept_terms) > KEPT_TERMS and (oldest := next(iter(self.kept_terms), None)):
            self.kept_terms.pop(oldest, None)
        return [known[term] for term in wanted]

    def _places(self, postings: Postings) -> Sets:
        """Convert document ids to bitsets over the order "popular"; unlisted documents are left out."""
        numbers, places, known = self.documents, self.orders["popular"].places, len(self.documents)
        sets: list[int] = []
        before = -1
        for documents in postings:
            # Each list of postings includes the one before it: of equal length, it has the same documents.
            if len(documents) != before:
                rows = [numbers[document] for document in documents if document < known]
                sets.append(bitsets.from_places([places[row] for row in rows if row >= 0], self.size))
            else:
                sets.append(sets[-1])
            before = len(documents)
        return Sets(*sets)

    def related(self, category: str, technology: str, count: int) -> list[UUID]:
        """List popular related courses: of its category and technology, of either, of its parent, of any."""
        order = self.orders["popular"]
        same = order.bits["category"].get(category, 0)
        alike = order.bits["technology"].get(technology.lower(), 0)
        parent = self.categories[category].parent if category in self.categories else None
        wider = order.bits["category"].get(parent or "", 0)
        seen, places = 0, list[int]()
        for layer in (same & alike, same, alike, wider, self.everything):
            places += bitsets.page(layer & ~seen, 0, count - len(places))
            seen |= layer
            if len(places) >= count:
                break
        return [self.id_at(order.rows[place]) for place in places]
