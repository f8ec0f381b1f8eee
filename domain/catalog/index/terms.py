"""Terms: what a unit of a search may look like in the documents of courses."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from domain.catalog.index import stems, words

Form = tuple[str, ...]
# Languages that write compounds in one word.
COMPOUNDING = frozenset(("da", "de", "fi", "hu", "nb", "nl", "nn", "no", "sv"))
SHORTEST_COMPOUND = 8
_SHORTEST_PART, _BEFORE = 5, 3
_MOST_COMPOUNDS = 12
_LINKS = ("", "s", "es", "n", "en", "e", "er")


class Term(NamedTuple):
    """Forms any of which may occur; of each form all words must. A word that ends with * is a beginning.

    `in_title`: only where it stands in titles is looked up.
    """

    forms: tuple[Form, ...]
    in_title: bool = False


class Dictionary(NamedTuple):
    """The words of a catalogue's titles and keywords: sorted, and its compounds as lines of one text."""

    spellings: Sequence[str]
    compounds: str
    languages: Sequence[str]

    def knows(self, word: str) -> bool:
        """Tell whether a word is, or begins with, `word`."""
        at = bisect_right(self.spellings, word)
        return (at > 0 and self.spellings[at - 1] == word) or self._continues(at, word)

    def has_others(self, word: str, beginning: str) -> bool:
        """Tell whether another word than `word` has this beginning."""
        at = bisect_left(self.spellings, beginning)
        return any(one != word and one.startswith(beginning) for one in self.spellings[at : at + 2])

    def _continues(self, at: int, word: str) -> bool:
        return at < len(self.spellings) and self.spellings[at].startswith(word)


def exact(unit: str, in_title: bool = False) -> Term:
    """Build the term of `unit` as it was typed."""
    if words.is_unspaced(unit):
        return Term((_run(unit),), in_title)
    return Term(_unique(((words.joined(unit),), tuple(words.parts_of(unit)))), in_title)


def wide(unit: str, dictionary: Dictionary) -> Term:
    """Build the term of `unit` as a beginning, by its stems, and as a part or the parts of compounds."""
    if words.is_unspaced(unit):
        return Term((_run(unit),))
    parts = words.parts_of(unit)
    whole = words.joined(unit)
    if len(parts) > 1:
        return Term(_unique(((_beginning(whole, _SHORTEST_PART),), tuple(map(_beginning, parts)))))
    found: list[Form] = [(_beginning(whole),), (_beginning(parts[0]),)]
    others = sorted(stems.of(parts[0], dictionary.languages))
    plain = [other.removeprefix(stems.MARK) for other in others]
    found += [(other,) for other in (*others, *plain)]
    if dictionary.compounds:
        found += _within_compounds((parts[0], *plain), dictionary.compounds)
        found += _parts_of_compound(parts[0], dictionary)
    return Term(_unique(found))


def typed(unit: str, whole: Term, dictionary: Dictionary) -> Term:
    """Build the term of `unit` as typed, in titles; `whole`, its wide term, if it finds the same there.

    Words with the same stem begin alike, up to its last letter.
    """
    begin = {form[0].removeprefix(stems.MARK).rstrip("*") for form in whole.forms}
    alone = all(len(form) == 1 for form in whole.forms) and not any(
        dictionary.has_others(unit, one if one == unit else one[:-1]) for one in begin
    )
    return whole if alone else exact(unit, in_title=True)


def smaller(units: Sequence[str]) -> list[str]:
    """Take units apart into their words, and runs of letters without blanks into pairs."""
    found: list[str] = []
    for unit in units:
        if words.is_unspaced(unit):
            found += words.pairs_of(unit) or [unit]
        else:
            found += words.parts_of(unit)
    return list(dict.fromkeys(found))


def _run(unit: str) -> Form:
    return tuple(words.pairs_of(unit)) or (f"{unit}*",)


def _beginning(word: str, shortest: int = 2) -> str:
    return f"{word}*" if len(word) >= shortest else word


def _unique(forms: Iterable[Form]) -> tuple[Form, ...]:
    return tuple(dict.fromkeys(forms))


def _within_compounds(forms: Iterable[str], compounds: str) -> list[Form]:
    """List compounds with one of `forms` in them, but not at their beginning: Entwurf, Datenbankentwurf."""
    found: list[Form] = []
    for form in forms:
        at = compounds.find(form) if len(form) >= _SHORTEST_PART else -1
        while at >= 0 and len(found) < _MOST_COMPOUNDS:
            start, end = compounds.rfind("\n", 0, at) + 1, compounds.find("\n", at)
            if at - start >= _BEFORE:
                found.append((compounds[start:end],))
            at = compounds.find(form, end)
    return found


def _parts_of_compound(word: str, dictionary: Dictionary) -> list[Form]:
    """Split a compound into two words of the catalogue: Datenbankentwurf, Datenbank and Entwurf."""
    if len(word) < SHORTEST_COMPOUND or not word.isalpha():
        return []
    for at in range(len(word) - 4, 3, -1):
        head, tail = word[:at], word[at:]
        if not dictionary.knows(tail):
            continue
        for link in _LINKS:
            short = head.removesuffix(link)
            if head.endswith(link) and len(short) >= 4 and dictionary.knows(short):
                return [(f"{short}*", f"{tail}*")]
    return []
