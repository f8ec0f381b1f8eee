"""Spelling correction (“Did you mean”) from the words of titles, keywords and summaries."""

from collections.abc import Mapping, Sequence, Set

from rapidfuzz import process
from rapidfuzz.distance import OSA

SHORTEST = 3  # and in that only two letters may have changed places
LONG = 8  # letters, from which on two slips are near; in a shorter word they make another one
OFTEN = 2  # courses that have a word two slips away
CANDIDATES = 24
BEGINNING = 7  # letters that may be a beginning with a slip: `postgers` of `postgresql`
REST = 4  # letters that such a beginning may lack


def correct(
    wanted: Sequence[str], unknown: Set[str], vocabulary: Mapping[str, int]
) -> tuple[str, ...] | None:
    """Replace the `unknown` of the words by the likeliest known ones; None when nothing changes.

    `vocabulary` maps words to the number of their courses. Distances are optimal string alignment, so that
    swapped letters count as one edit: `pyhton` is as near to `python` as `pythn`.
    """
    better = tuple(_nearest(word, vocabulary) if word in unknown else word for word in wanted)
    return None if better == tuple(wanted) else better


def _nearest(word: str, vocabulary: Mapping[str, int]) -> str:
    if len(word) < SHORTEST or not word.isalpha():
        return word
    slips = 2 if len(word) >= LONG else 1
    near = process.extract(word, vocabulary.keys(), scorer=OSA.distance, score_cutoff=slips, limit=CANDIDATES)
    likely = [
        (distance, -vocabulary[known], known)
        for known, distance, _ in near
        if known.isalpha()
        and (len(word) > SHORTEST or sorted(known) == sorted(word))
        and (known[0] == word[0] or known[:2] == word[1::-1])
        and (distance <= 1 or vocabulary[known] >= OFTEN)
    ]
    best = min(likely, default=None)
    if best and best[0] <= 1:
        return best[2]
    return _longer(word, vocabulary) or (best[2] if best else word)


def _longer(word: str, vocabulary: Mapping[str, int]) -> str | None:
    """Find the word that begins with `word` but for one slip; the end of a search is often left out."""
    if len(word) < BEGINNING:
        return None
    near = [
        (len(known), -often, known)
        for known, often in vocabulary.items()
        if known[0] == word[0]
        and len(word) < len(known) <= len(word) + REST
        and known.isalpha()
        and any(
            known[length - 1] == word[-1] and OSA.distance(word, known[:length], score_cutoff=1) <= 1
            for length in (len(word) - 1, len(word), len(word) + 1)
        )
    ]
    return min(near)[2] if near else None
