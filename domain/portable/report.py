"""The report of an import: equal sentences once, with a count and the first places.

Page and command show the same entries. They are stored as plain values in `CourseTransfer.problems`.
"""

from collections.abc import Iterable
from typing import TypedDict

from domain.portable import MAX_PROBLEMS, Problem

SHOWN = 12


class Entry(TypedDict):
    """A sentence, how often it holds, and the first places where it does."""

    sentence: str
    count: int
    places: list[str]


def grouped(problems: Iterable[Problem]) -> list[str | Entry]:
    """Put equal problems and those of one kind together, in the order of their first ones.

    One that stands alone stays a sentence with its place.
    """
    groups: dict[str, list[Problem]] = {}
    for problem in problems:
        groups.setdefault(problem.kind or problem.sentence, []).append(problem)
    entries = [_entry(sentence, found) for sentence, found in groups.items()]
    if len(entries) > MAX_PROBLEMS:
        return [*entries[:MAX_PROBLEMS], f"And {len(entries) - MAX_PROBLEMS:,} more."]
    return entries


def _entry(sentence: str, found: list[Problem]) -> str | Entry:
    if len(found) == 1:
        return str(found[0])
    by_kind = bool(found[0].kind)
    places = list(dict.fromkeys(str(one) if by_kind else one.place for one in found))
    more = [f"and {len(places) - SHOWN:,} more"] if len(places) > SHOWN else []
    return {"sentence": sentence, "count": len(found), "places": [*filter(None, places[:SHOWN]), *more]}


def lines(entries: Iterable[str | Entry]) -> list[str]:
    """Write entries as lines of text, the places of each indented below it."""
    found: list[str] = []
    for entry in entries:
        if isinstance(entry, str):
            found.append(entry)
        else:
            found.append(f"{entry['sentence']} ({entry['count']:,} times)")
            found += [f"    {place}" for place in entry["places"]]
    return found
