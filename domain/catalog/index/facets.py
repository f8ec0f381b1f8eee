"""Facets and sort orders of the catalogue, and the selection that an address asks for."""

import bisect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from domain.base import money
from domain.base.text import one_line
from domain.catalog.index import words
from models import Level, ProductKind, Tier

SORTS = {
    "relevance": "Best match",
    "popular": "Most popular",
    "newest": "Newest",
    "rating": "Best rated",
    "price": "Price, low to high",
    "price-desc": "Price, high to low",
}
QUERY_LENGTH = 200
PRICE_STEPS = (1000, 2000, 3000)
RATING_STEPS = (3.0, 4.0, 4.5)
DURATION_STEPS = (3600, 3 * 3600, 6 * 3600)

LANGUAGES = {
    "ar": "Arabic", "bn": "Bengali", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German",
    "el": "Greek", "en": "English", "es": "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French",
    "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese",
    "ko": "Korean", "nb": "Norwegian", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese",
    "zh": "Chinese",
}  # fmt: skip


@dataclass(frozen=True)
class FacetChoice:
    """A value of a facet: as in addresses, its label, and the codes of courses that match it.

    `cents` is the amount to fill into a price's label ("Under {}"); `parent` the value that contains this
    one.
    """

    value: str
    label: str
    codes: tuple[int, ...]
    parent: str | None = None
    cents: int | None = None


@dataclass(frozen=True)
class Facet:
    """A filter of the catalogue. `many`: several values may be chosen, a course matches any of them."""

    name: str
    label: str
    many: bool
    choices: tuple[FacetChoice, ...]
    by_value: Mapping[str, FacetChoice] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_value", {choice.value: choice for choice in self.choices})

    def lines(self, chosen: tuple[str, ...]) -> list[FacetChoice]:
        """List the choices to show: the top level, and below it only siblings and children of the chosen."""
        picked = self.by_value[chosen[0]] if chosen else None
        near = {None, picked.value, picked.parent} if picked else {None}
        return [choice for choice in self.choices if choice.parent in near or choice.value in chosen]


@dataclass(frozen=True)
class Selection:
    """A search: the text as typed, its folded words, chosen (facet, values) pairs, and the sort order.

    `noise` is a typed text without any word, so that nothing is searched. `exact`: the spelling is as it
    should be.
    """

    text: str = ""
    words: tuple[str, ...] = ()
    chosen: tuple[tuple[str, tuple[str, ...]], ...] = ()
    sort: str = "popular"
    noise: str = ""
    exact: bool = False

    def values(self, facet: str) -> tuple[str, ...]:
        """List the chosen values of `facet`."""
        return dict(self.chosen).get(facet, ())

    def without(self, facet: str, value: str | None = None) -> "Selection":
        """Copy the selection without one value of `facet`, or without the facet."""
        kept = ((n, tuple(v for v in vs if n != facet or v != value)) for n, vs in self.chosen)
        return replace(
            self, chosen=tuple((n, vs) for n, vs in kept if vs and (value is not None or n != facet))
        )

    def pairs(self) -> list[tuple[str, str]]:
        """List the query parameters of its address; defaults are left out."""
        found = [("q", self.text)] if self.words else []
        found += [("exact", "1")] if self.exact else []
        found += [(name, value) for name, values in self.chosen for value in values]
        return found if self.sort == self.usual_sort else [*found, ("sort", self.sort)]

    @property
    def usual_sort(self) -> str:
        """Choose the default sort order."""
        return "relevance" if self.words else "popular"


def read(values: Mapping[str, list[str]], facets: Iterable[Facet]) -> Selection:
    """Parse a query string's `values` (name to list) into a selection; unknown values are ignored."""
    text = one_line(values.get("q", [""])[0])[:QUERY_LENGTH]
    wanted = words.of_query(text)
    chosen = []
    for facet in facets:
        asked = set(values.get(facet.name, ()))
        known = tuple(choice.value for choice in facet.choices if choice.value in asked)
        if known:
            chosen.append((facet.name, known if facet.many else known[:1]))
    selection = Selection(text if wanted else "", wanted, tuple(chosen), noise="" if wanted else text)
    selection = replace(selection, exact=bool(wanted) and values.get("exact") == ["1"])
    sort = values.get("sort", [""])[0]
    known_sort = sort in SORTS and (sort != "relevance" or bool(wanted))
    return replace(selection, sort=sort if known_sort else selection.usual_sort)


def level() -> Facet:
    """Build the facet of the level; codes number the levels in order."""
    return Facet("level", "Level", True, _numbered((x.value, x.value.capitalize()) for x in Level))


def kind() -> Facet:
    """Build the facet of the kind of product; codes number the kinds in order."""
    return Facet("kind", "Kind", True, _numbered((x.value, f"{x.value.capitalize()}s") for x in ProductKind))


def tier() -> Facet:
    """Build the facet of the size; code 0 is a course without a tier."""
    names = ((x.value.replace("_", "-"), x.value.replace("_", " ").capitalize()) for x in Tier)
    return Facet("tier", "Size", True, _numbered(names, first=1))


def price_steps(currency: str) -> tuple[int, ...]:
    """Compute the bounds of the price ranges in minor units: 10 USD and 10 KWD, but 1,000 JPY."""
    return tuple(money.nominal(step, currency) for step in PRICE_STEPS)


def price(currency: str) -> Facet:
    """Build the facet of the price: free, or cumulative steps, each including the cheaper ones."""
    steps = price_steps(currency)
    limits = [
        FacetChoice(f"under-{money.typed(step, currency)}", "Under {}", tuple(range(number + 2)), cents=step)
        for number, step in enumerate(steps)
    ]
    last = steps[-1]
    over = FacetChoice(f"from-{money.typed(last, currency)}", "{} and more", (len(steps) + 1,), cents=last)
    return Facet("price", "Price", False, (FacetChoice("free", "Free", (0,)), *limits, over))


def price_code(cents: int, steps: tuple[int, ...]) -> int:
    """Code a price: 0 for free, else 1 and up by which of `price_steps` it is in."""
    return 1 + bisect.bisect_right(steps, cents) if cents else 0


def rating() -> Facet:
    """Build the facet of the minimum rating."""
    top = len(RATING_STEPS)
    return Facet(
        "rating",
        "Rating",
        False,
        tuple(
            FacetChoice(
                f"{RATING_STEPS[at]:g}", f"{RATING_STEPS[at]:.1f} and up", tuple(range(at + 1, top + 1))
            )
            for at in reversed(range(top))
        ),
    )


def rating_code(average: float) -> int:
    """Count the steps that `average` reaches."""
    return bisect.bisect_right(RATING_STEPS, average)


def duration() -> Facet:
    """Build the facet of the duration."""
    names = (
        ("under-1h", "Under 1 hour"),
        ("1-3h", "1 to 3 hours"),
        ("3-6h", "3 to 6 hours"),
        ("over-6h", "Over 6 hours"),
    )
    return Facet("duration", "Duration", True, _numbered(names))


def duration_code(seconds: int | None) -> int:
    """Code a duration in seconds as one of the four ranges; without one it is beyond them."""
    if seconds is None:
        return len(DURATION_STEPS) + 1
    return bisect.bisect_right(DURATION_STEPS, seconds)


def sale() -> Facet:
    """Build the facet of courses on sale."""
    return Facet("sale", "Offers", True, (FacetChoice("on", "On sale", (1,)),))


def language(codes: list[str]) -> Facet:
    """Build the facet of the language; `codes` are BCP 47 tags, numbered in their order."""
    return Facet("language", "Language", True, _numbered((code, language_name(code)) for code in codes))


def language_name(code: str) -> str:
    """Look up the English name of a language; falls back to its tag."""
    return LANGUAGES.get(code.split("-")[0].lower(), code)


def languages() -> list[tuple[str, str]]:
    """List the languages offered in forms, tags and English names, by name."""
    return sorted(LANGUAGES.items(), key=lambda pair: pair[1])


def technology(names: list[str]) -> Facet:
    """Build the facet of the technology; `names` are numbered from 1, 0 is any other."""
    return Facet("technology", "Technology", True, _numbered(((n.lower(), n) for n in names), first=1))


def _numbered(names: Iterable[tuple[str, str]], first: int = 0) -> tuple[FacetChoice, ...]:
    return tuple(FacetChoice(value, label, (code,)) for code, (value, label) in enumerate(names, first))
