"""What the catalogue can be narrowed and sorted by, and what of it somebody chose."""

import bisect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from domain.base import word_folding as words
from domain.base.text import one_line
from models import Level, Tier

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
class Choice:
    """One thing a facet can be narrowed to: its value in addresses, its name, the codes that count as it.

    `cents` is the amount that a price's label has a place for ("Under {}"); `parent` the value it is part of.
    """

    value: str
    label: str
    codes: tuple[int, ...]
    parent: str | None = None
    cents: int | None = None


@dataclass(frozen=True)
class Facet:
    """A question the filters ask. With `many`, several answers may be given, and any of them will do."""

    name: str
    label: str
    many: bool
    choices: tuple[Choice, ...]
    by_value: Mapping[str, Choice] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_value", {choice.value: choice for choice in self.choices})

    def lines(self, chosen: tuple[str, ...]) -> list[Choice]:
        """The choices worth a line: those at the top, and below those only what is around `chosen`."""
        picked = self.by_value[chosen[0]] if chosen else None
        near = {None, picked.value, picked.parent} if picked else {None}
        return [choice for choice in self.choices if choice.parent in near or choice.value in chosen]


@dataclass(frozen=True)
class Selection:
    """What a visitor asked for: the text as typed, its folded words, and (facet, values) pairs."""

    text: str = ""
    words: tuple[str, ...] = ()
    chosen: tuple[tuple[str, tuple[str, ...]], ...] = ()
    sort: str = "popular"

    def values(self, facet: str) -> tuple[str, ...]:
        """What was chosen of `facet`."""
        return dict(self.chosen).get(facet, ())

    def without(self, facet: str, value: str | None = None) -> "Selection":
        """The same without one value of `facet`, or without the facet."""
        kept = ((n, tuple(v for v in vs if n != facet or v != value)) for n, vs in self.chosen)
        return replace(
            self, chosen=tuple((n, vs) for n, vs in kept if vs and (value is not None or n != facet))
        )

    def pairs(self) -> list[tuple[str, str]]:
        """The parameters of its address, without those that say nothing."""
        found = [("q", self.text)] if self.words else []
        found += [(name, value) for name, values in self.chosen for value in values]
        return found if self.sort == self.usual_sort else [*found, ("sort", self.sort)]

    @property
    def usual_sort(self) -> str:
        """The order in which nobody had to ask for one."""
        return "relevance" if self.words else "popular"


def read(values: Mapping[str, list[str]], facets: Iterable[Facet]) -> Selection:
    """The selection that a query string's `values` (name to list) ask for; what no facet knows is ignored."""
    text = one_line(values.get("q", [""])[0])[:QUERY_LENGTH]
    wanted = words.of_query(text)
    chosen = []
    for facet in facets:
        asked = set(values.get(facet.name, ()))
        known = tuple(choice.value for choice in facet.choices if choice.value in asked)
        if known:
            chosen.append((facet.name, known if facet.many else known[:1]))
    selection = Selection(text if wanted else "", wanted, tuple(chosen))
    sort = values.get("sort", [""])[0]
    known_sort = sort in SORTS and (sort != "relevance" or bool(wanted))
    return replace(selection, sort=sort if known_sort else selection.usual_sort)


def level() -> Facet:
    """Whom it is for; the codes are the levels in their order."""
    return Facet("level", "Level", True, _numbered((x.value, x.value.capitalize()) for x in Level))


def tier() -> Facet:
    """How big it is; code 0 is a course of no tier."""
    names = ((x.value.replace("_", "-"), x.value.replace("_", " ").capitalize()) for x in Tier)
    return Facet("tier", "Size", True, _numbered(names, first=1))


def price() -> Facet:
    """What it costs: free, or under a limit, each limit including what is under the one before it."""
    limits = [
        Choice(f"under-{step // 100}", "Under {}", tuple(range(number + 2)), cents=step)
        for number, step in enumerate(PRICE_STEPS)
    ]
    last = PRICE_STEPS[-1]
    over = Choice(f"from-{last // 100}", "{} and more", (len(PRICE_STEPS) + 1,), cents=last)
    return Facet("price", "Price", False, (Choice("free", "Free", (0,)), *limits, over))


def price_code(cents: int) -> int:
    """0 for free, then the step that `cents` lies in."""
    return 1 + bisect.bisect_right(PRICE_STEPS, cents) if cents else 0


def rating() -> Facet:
    """How it is rated, at least."""
    top = len(RATING_STEPS)
    return Facet(
        "rating",
        "Rating",
        False,
        tuple(
            Choice(f"{RATING_STEPS[at]:g}", f"{RATING_STEPS[at]:.1f} and up", tuple(range(at + 1, top + 1)))
            for at in reversed(range(top))
        ),
    )


def rating_code(average: float) -> int:
    """How many of the steps `average` reaches."""
    return bisect.bisect_right(RATING_STEPS, average)


def duration() -> Facet:
    """How long it takes."""
    names = (
        ("under-1h", "Under 1 hour"),
        ("1-3h", "1 to 3 hours"),
        ("3-6h", "3 to 6 hours"),
        ("over-6h", "Over 6 hours"),
    )
    return Facet("duration", "Duration", True, _numbered(names))


def duration_code(seconds: int) -> int:
    """Which of the four lengths `seconds` is."""
    return bisect.bisect_right(DURATION_STEPS, seconds)


def sale() -> Facet:
    """Whether it is cheaper than usual now."""
    return Facet("sale", "Offers", True, (Choice("on", "On sale", (1,)),))


def language(codes: list[str]) -> Facet:
    """What it is taught in; `codes` are BCP 47 tags in the order of their numbers."""
    return Facet("language", "Language", True, _numbered((code, language_name(code)) for code in codes))


def language_name(code: str) -> str:
    """The English name of a language, or its tag where none is known."""
    return LANGUAGES.get(code.split("-")[0].lower(), code)


def technology(names: list[str]) -> Facet:
    """What it teaches; `names` in the order of their numbers, number 0 being every other one."""
    return Facet("technology", "Technology", True, _numbered(((n.lower(), n) for n in names), first=1))


def _numbered(names: Iterable[tuple[str, str]], first: int = 0) -> tuple[Choice, ...]:
    return tuple(Choice(value, label, (code,)) for code, (value, label) in enumerate(names, first))
