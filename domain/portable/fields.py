"""Typed access to TOML values; a wrong value is recorded as a problem, and reading continues."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from domain.base.text import lines, markdown_source, one_line
from domain.base.word_folding import fold
from domain.portable import MAX_PROBLEMS, Problem, broken

_CLOCK_PARTS = 3
_FIRST_YEAR, _LAST_YEAR = 2000, 2200  # the calendar's ends overflow in some time zones
# Dotted keys (a.b.c …) take tomllib quadratic time (denial of service), and we use none.
_DEEP = re.compile(r"""(?<![\w"'.-])(?:(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){50}""")
E = TypeVar("E", bound=StrEnum)
EXAMPLES = 8  # of what could have been meant


@dataclass(frozen=True)
class Location:
    """A TOML text: its file, and the number of lines above it there.

    What is wrong in a lenient one, written for another program, is only noted.
    """

    file: str
    text: str
    above: int = 0
    lenient: bool = False

    def line_of(self, key: str, value: object = None) -> int:
        """Find the line of `value`, else of `key`; 0 if not found."""
        lines = self.text.split("\n")
        sought = [value] if isinstance(value, str) and value and "\n" not in value else []
        for text in [*sought, key]:
            for number, line in enumerate(lines, 1):
                if text in line:
                    return number + self.above
        return 0


@dataclass
class Fields:
    """The values of one table. `places` says where a value is written that isn't in `place`."""

    values: Mapping[str, Any]
    place: Location
    problems: list[Problem]
    places: Mapping[str, Location] = field(default_factory=dict)
    notes: list[Problem] = field(default_factory=list)
    _asked: set[str] = field(default_factory=set)

    def where(self, key: str) -> Location:
        """Return the text in which `key` is written."""
        return self.places.get(key, self.place)

    def wrong(self, key: str, sentence: str, value: object = None) -> None:
        """Record a problem with the value of `key`."""
        place = self.where(key)
        found = self.notes if place.lenient else self.problems
        line = place.line_of(key, value) if len(found) < MAX_PROBLEMS else 0
        found.append(Problem(place.file, line, sentence))

    def raw(self, key: str, *kinds: type) -> Any:
        """Return the value of `key` if it is one of `kinds`; None when it is missing or of another type."""
        self._asked.add(key)
        value = self.values.get(key)
        if value is None or (
            isinstance(value, kinds) and not (isinstance(value, bool) and bool not in kinds)
        ):
            return value
        self.wrong(key, f"`{key}` must be {_NAMES[kinds[0]]}.")
        return None

    def line(self, key: str, most: int, needed: bool = False) -> str:
        """Read a text of one line."""
        value = one_line(self.raw(key, str) or "")
        if needed and not value:
            self.wrong(key, f"`{key}` is missing.")
        if len(value) > most:
            self.wrong(
                key, f"`{key}` has {len(value):,} characters. At most {most:,} can be used.", value[:40]
            )
            return value[:most]
        return value

    def text(self, key: str, most: int) -> str:
        """Read a text of any number of lines."""
        value = markdown_source(self.raw(key, str) or "")
        if len(value) > most:
            self.wrong(key, f"`{key}` has {len(value):,} characters. At most {most:,} can be used.")
        return value[:most]

    def flag(self, key: str, default: bool) -> bool:
        """Read true or false."""
        value = self.raw(key, bool)
        return default if value is None else bool(value)

    def whole(self, key: str, most: int) -> int | None:
        """Read a whole number from 0 to `most`."""
        value = self.raw(key, int)
        if value is not None and not 0 <= value <= most:
            self.wrong(key, f"`{key}` must be from 0 to {most:,}.")
            return None
        return value

    def choice(self, key: str, kind: type[E]) -> E | None:
        """Read a value of an enumeration."""
        value = self.raw(key, str)
        if value is None or value in set(kind):
            return None if value is None else kind(value)
        self.wrong(key, f"`{key}` can be {', '.join(kind)}. It is “{value[:60]}”.", value)
        return None

    def lines(self, key: str, most_items: int, most: int) -> list[str]:
        """Read a list of one-line texts."""
        written = self.raw(key, list) or []
        if not all(isinstance(item, str) for item in written):
            self.wrong(key, f"`{key}` must be a list of texts.")
        found = lines(item for item in written if isinstance(item, str))
        if len(found) > most_items:
            self.wrong(key, f"`{key}` has {len(found)} entries. At most {most_items} can be used.")
        for item in found:
            if len(item) > most:
                self.wrong(key, f"An entry of `{key}` is longer than {most} characters.", item[:40])
        return found

    def moment(self, key: str) -> datetime | None:
        """Read a date with its time; UTC if it has no zone."""
        value = self.raw(key, datetime, date)
        if value is not None and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day, tzinfo=UTC)
        if value is not None and value.tzinfo is None:
            value = value.replace(tzinfo=UTC)
        if value is not None and not _FIRST_YEAR <= value.year <= _LAST_YEAR:
            self.wrong(key, f"`{key}` must be a day from {_FIRST_YEAR} to {_LAST_YEAR}.")
            return None
        return value

    def seconds(self, key: str, most: int) -> float | None:
        """Read a duration in seconds, or one like "1:30" or "1:02:30"."""
        value = self.raw(key, int, float, str)
        if isinstance(value, str):
            parts = value.split(":")
            if not (1 <= len(parts) <= _CLOCK_PARTS and all(p.isascii() and p.isdigit() for p in parts)):
                self.wrong(key, f'`{key}` must be seconds, or a time such as "1:30".', value)
                return None
            value = sum(int(part[:9]) * 60**power for power, part in enumerate(reversed(parts)))
        if value is not None and not 0 <= value <= most:
            self.wrong(key, f"`{key}` must be from 0 to {most:,} seconds.")
            return None
        return value

    def tables(self, key: str) -> Iterator["Fields"]:
        """Yield every table of a list of tables."""
        for item in self.raw(key, list) or []:
            if isinstance(item, dict):
                yield Fields(item, self.where(key), self.problems, notes=self.notes)
            else:
                self.wrong(key, f"`{key}` must be a list of tables.")

    def finish(self) -> None:
        """Record unknown keys as problems: a misspelt one must not be ignored silently."""
        for key in self.values:
            if key not in self._asked:
                near = get_close_matches(key, self._asked, 1) if len(self.problems) < MAX_PROBLEMS else []
                hint = f" Did you mean `{near[0]}`?" if near else ""
                self.wrong(key, f"`{key[:60]}` isn’t a known field.{hint}")


def parse(place: Location) -> dict[str, Any]:
    """Parse a TOML text. Raises InvalidCourse with the line of a syntax error."""
    if _DEEP.search(place.text):
        raise broken("This isn’t valid TOML: it is nested too deeply.", place.file)
    try:
        return tomllib.loads(place.text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        number = said.partition("(at line ")[2].split(",")[0]
        inside = int(number) if number.isdigit() else place.text.rstrip("\n").count("\n") + 1
        line = inside + place.above
        raise broken(f"This isn’t valid TOML: {said.partition(' (at')[0]}.", place.file, line) from error
    except ValueError as error:
        raise broken("This isn’t valid TOML: a number in it is too long.", place.file) from error
    except RecursionError as error:
        raise broken("This isn’t valid TOML: it is nested too deeply.", place.file) from error


def near(word: str, known: list[str]) -> str:
    """List the entries of `known` that `word` may mean; else some examples, and how many more there are."""
    found = get_close_matches(fold(word), known, 3, 0.5)
    if found or len(known) <= EXAMPLES:
        return ", ".join(found or known)
    return f"for example {', '.join(known[:EXAMPLES])} and {len(known) - EXAMPLES:,} more"


_NAMES: dict[type, str] = {
    str: "a text in quotes",
    bool: "true or false",
    int: "a whole number",
    list: "a list",
    dict: "a table",
    datetime: "a date and time",
}
