"""Spelling correction (“Did you mean”) from the words of titles and keywords."""

from collections.abc import Mapping, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

SHORTEST = 3
CANDIDATES = 24


def correct(wanted: Sequence[str], vocabulary: Mapping[str, int]) -> tuple[str, ...] | None:
    """Replace every unknown word by the likeliest known one; None when nothing changes.

    `vocabulary` maps words to their frequency. Distances are optimal string alignment, so that swapped
    letters count as one edit: `pyhton` is as near to `python` as `pythn`.
    """
    better = tuple(
        word if _is_known(word, vocabulary, is_last=at == len(wanted) - 1) else _nearest(word, vocabulary)
        for at, word in enumerate(wanted)
    )
    return None if better == tuple(wanted) else better


def _is_known(word: str, vocabulary: Mapping[str, int], is_last: bool) -> bool:
    if word in vocabulary or len(word) < SHORTEST or word.isdigit():
        return True
    return is_last and any(known.startswith(word) for known in vocabulary)


def _nearest(word: str, vocabulary: Mapping[str, int]) -> str:
    slips = 1 if len(word) <= 4 else 2
    near = process.extract(word, vocabulary.keys(), scorer=OSA.distance, score_cutoff=slips, limit=CANDIDATES)
    if not near:
        return word
    return str(min(near, key=lambda found: (found[1], -vocabulary[found[0]], found[0]))[0])
