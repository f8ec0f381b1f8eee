"""Ranking: which courses come first, those with all words of a search or those with most of them."""

from collections.abc import Sequence
from functools import reduce
from operator import and_, or_
from typing import NamedTuple


class Sets(NamedTuple):
    """Bitsets of the courses with a term: in the title; there or in the keywords; anywhere."""

    title: int
    near: int
    anywhere: int


class Found(NamedTuple):
    """Results of a search: disjoint bitsets, best first, and how many of its `asked` words the best have."""

    tiers: tuple[int, ...]
    matched: int
    asked: int

    @property
    def is_whole(self) -> bool:
        """Tell whether courses have all the words."""
        return self.matched == self.asked


def with_all(typed: Sequence[Sets], whole: Sequence[Sets]) -> Found:
    """Rank the courses that have all words; `typed` are the words exactly, `whole` with all their forms.

    Tiers: all exactly in the title; in any form there; in the title or the keywords; anywhere.
    """
    tiers, seen = list[int](), 0
    for sets, place in ((typed, 0), (whole, 0), (whole, 1), (whole, 2)):
        found = reduce(and_, (words[place] for words in sets)) & ~seen
        seen |= found
        tiers.append(found)
    return Found(tuple(tiers), len(typed) if seen else 0, len(typed))


def with_most(whole: Sequence[Sets]) -> Found:
    """Rank the courses that have most of the words, by how many, and then by whether one is in the title.

    Those with less than half as many as the best are left out.
    """
    at_least = [-1, *(0 for _ in whole)]  # [n]: the courses that have n words or more
    for sets in whole:
        for count in range(len(whole), 0, -1):
            at_least[count] |= at_least[count - 1] & sets.anywhere
    best = max((count for count, found in enumerate(at_least) if found and count), default=0)
    titled, tiers = reduce(or_, (sets.title for sets in whole)), list[int]()
    for count in range(best, (best - 1) // 2 if best else 0, -1):
        here = at_least[count] & ~(at_least[count + 1] if count < len(whole) else 0)
        tiers += [tier for tier in (here & titled, here & ~titled) if tier]
    return Found(tuple(tiers) or (0,), best, len(whole))
