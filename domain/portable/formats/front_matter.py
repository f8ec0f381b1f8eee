"""The values above a lesson's text: our own TOML, and what site generators use.

Jekyll, Docusaurus, VitePress and Quarto write YAML between lines of `---`; Hugo also TOML between lines of
`+++`, or JSON. What we have a place for is read under its many names; the rest is noted, once per key.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from domain.authoring import lesson_content
from domain.base import slugs
from domain.base.text import one_line, paragraphs
from domain.portable import Problem
from domain.portable.fields import Location, parse
from domain.portable.formats import yaml_values

FENCE = "+++"
MAX_YAML = 64 * 1024
MOST_NOTED = 40  # unused keys of one file: finding the line of each reads all of its values
OWN = {
    "title", "slug", "description", "kind", "preview", "visibility", "published", "video", "duration",
    "recording", "captions", "chapters", "resources",
}  # fmt: skip
_TITLES = ("title", "linktitle", "sidebar_label", "nav_title", "sidebartitle", "short_title")
_DESCRIPTIONS = ("description", "summary", "subtitle", "abstract", "excerpt", "lead")
_ADDRESSES = ("slug", "permalink", "url")
_ORDERS = ("sidebar_position", "nav_order", "weight", "order", "position")
_TAGS = ("tags", "categories", "category", "keywords", "topics")
_LANGUAGES = ("language", "lang", "locale")
_FOREIGN = {
    *_TITLES[1:], *_DESCRIPTIONS[1:], *_ADDRESSES[1:], *_ORDERS, *_TAGS, *_LANGUAGES,
    "draft", "date", "lastmod", "publishdate", "author", "authors", "layout", "type", "menu", "aliases",
    "params", "id", "toc", "math", "image", "images", "cascade", "build", "series", "authorbox",
}  # fmt: skip
_KEY_LINE = re.compile(r"([A-Za-z_][\w-]*):(?:[ \t]+(.*))?$")


@dataclass
class FrontMatter:
    """The values above a text, under our names, and where they are written.

    `label` is a shorter title for menus, `order` the place among its neighbours, `addresses` other addresses
    under which links may name it.
    """

    values: dict[str, Any] = field(default_factory=dict)
    place: Location | None = None
    label: str = ""
    order: float | None = None
    tags: list[str] = field(default_factory=list)
    language: str = ""
    addresses: list[str] = field(default_factory=list)


def split(
    text: str, file: str, problems: list[Problem], notes: list[Problem]
) -> tuple[FrontMatter, str, int]:
    """Split `text` into its front matter, the rest, and the number of lines above the rest.

    TOML of ours that can't be read is a problem, anything foreign only a note.
    """
    text = text.lstrip("\ufeff")
    first, _, rest = text.partition("\n")
    if first.strip() == FENCE:
        return _toml(rest, file, problems, notes) or (FrontMatter(), text, 0)
    found = _yaml(first, rest, file, notes) or _json(text, file, notes)
    return found or (FrontMatter(), text, 0)


def _toml(
    rest: str, file: str, problems: list[Problem], notes: list[Problem]
) -> tuple[FrontMatter, str, int] | None:
    lines = rest.split("\n")
    end = next((number for number, line in enumerate(lines) if line.strip() == FENCE), None)
    if end is None:
        problems.append(Problem(file, 1, "A second line of +++ is missing below the values."))
        return None
    values = parse(Location(file, "\n".join(lines[:end]), above=1))
    lenient = any(key.lower() in _FOREIGN for key in values)
    place = Location(file, "\n".join(lines[:end]), above=1, lenient=lenient)
    body = "\n".join(lines[end + 1 :])
    if lenient:
        return understood(values, place, notes), body, end + 2
    notes.extend(_unused(key, place) for key in [key for key in values if key not in OWN][:MOST_NOTED])
    return FrontMatter({key: values[key] for key in values if key in OWN}, place), body, end + 2


def _yaml(first: str, rest: str, file: str, notes: list[Problem]) -> tuple[FrontMatter, str, int] | None:
    if first.rstrip() != "---":
        return None
    lines = rest.split("\n")
    end = next((n for n, line in enumerate(lines) if line.rstrip() in ("---", "...")), None)
    written = "\n".join(lines[:end])
    if end is None or len(written) > MAX_YAML:
        return None
    place = Location(file, written, above=1, lenient=True)
    try:
        values, repeated = yaml_values.load(written)
    except yaml_values.NotYamlError as error:
        values, repeated = _key_lines(lines[:end]), []
        if not values:
            return None
        sentence = "The front matter isn’t valid YAML. What could be read of it was used."
        notes.append(Problem(file, error.line + 1, sentence))
    if values is None and not written.strip():
        values = {}
    if not isinstance(values, dict):
        return None
    for key in repeated:
        notes.append(Problem(file, 1, f"The front matter has `{key[:60]}` twice. The last one counts."))
    return understood(values, place, notes), "\n".join(lines[end + 1 :]), end + 2


def _key_lines(lines: list[str]) -> dict[str, Any]:
    """Read `key: value` lines as they are: `title: Ropes: an introduction` is invalid YAML, and common."""
    found = (_KEY_LINE.match(line) for line in lines)
    values = {one[1]: (one[2] or "").strip() for one in found if one}
    return {key: value.strip("\"'") for key, value in values.items() if value}


def _json(text: str, file: str, notes: list[Problem]) -> tuple[FrontMatter, str, int] | None:
    if not re.match(r'\{\s*"', text):
        return None
    try:
        values, end = json.JSONDecoder().raw_decode(text[:MAX_YAML])
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or text[end : end + 1] not in ("\n", ""):
        return None
    place = Location(file, text[:end], lenient=True)
    return understood(values, place, notes), text[end + 1 :], text.count("\n", 0, end) + 1


def understood(values: Mapping[str, Any], place: Location, notes: list[Problem]) -> FrontMatter:
    """Find what we have a place for in foreign front matter; note the other keys."""
    given = {key: value for key, value in values.items() if value not in (None, "", [], {})}
    known = {str(key).strip().lower(): value for key, value in given.items()}
    front = FrontMatter(place=place)
    used = {"draft", "published", "id"}

    def take(names: tuple[str, ...]) -> list[Any]:
        used.update(names)
        return [known[name] for name in names if name in known]

    titles = [line for value in take(_TITLES) if (line := plain_line(value))]
    if title := plain_line(known.get("title")):
        front.values["title"] = _cut(title, "title", lesson_content.MAX_TITLE, place, notes)
    front.label = (titles or [""])[0][: lesson_content.MAX_TITLE]
    described = [text for value in take(_DESCRIPTIONS) if (text := plain_text(value))]
    if described:
        most = lesson_content.MAX_DESCRIPTION
        front.values["description"] = _cut(described[0], "description", most, place, notes)
    front.addresses = [str(value) for value in take(_ADDRESSES) if isinstance(value, str)]
    if isinstance(named := known.get("id"), str):
        front.addresses.append(named)
    for address in front.addresses:
        last = address.rstrip("/").rpartition("/")[2].removesuffix(".html")
        if ":" not in address and "{" not in address and (slug := slugs.slugify(last, "")):
            front.values.setdefault("slug", slug)
    front.order = next((n for value in take(_ORDERS) if (n := number(value)) is not None), None)
    front.tags = [tag for value in take(_TAGS) for tag in words(value)]
    front.language = next((plain_line(value) for value in take(_LANGUAGES)), "")
    if _is(known.get("draft"), True) or _is(known.get("published"), False):
        front.values["published"] = False
    for key in OWN - used:
        if key in known:
            front.values[key] = known[key]
            used.add(key)
    unused = [str(key) for key in values if str(key).strip().lower() not in used]
    notes.extend(_unused(key, place) for key in unused[:MOST_NOTED])
    return front


def plain_line(value: Any) -> str:
    """Read a text of one line from any plain value; "" for what isn't one."""
    if isinstance(value, (list, tuple)) and value:
        return plain_line(value[0])
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return "" if not hasattr(value, "isoformat") else str(value)
    return one_line(str(value))


def plain_text(value: Any) -> str:
    """Read a text of any number of lines from any plain value."""
    return paragraphs(value) if isinstance(value, str) else plain_line(value)


def words(value: Any) -> list[str]:
    """Read a list of words: a list, or a text with commas."""
    if isinstance(value, str):
        return [word for part in value.split(",") if (word := one_line(part))]
    if isinstance(value, (list, tuple)):
        return [word for part in value if not isinstance(part, (list, dict)) and (word := plain_line(part))]
    return []


def number(value: Any) -> float | None:
    """Read a number of at most nine digits before and after the point; None for anything else."""
    if isinstance(value, bool):
        return None
    return float(value) if re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", str(value)) else None


def _is(value: Any, wanted: bool) -> bool:
    return value is wanted or isinstance(value, str) and value.strip().lower() == str(wanted).lower()


def _cut(text: str, key: str, most: int, place: Location, notes: list[Problem]) -> str:
    if len(text) > most:
        sentence = f"`{key}` was longer than {most:,} characters and was cut."
        notes.append(Problem(place.file, place.line_of(key), sentence))
    return text[:most].rstrip()


def _unused(key: str, place: Location) -> Problem:
    near = get_close_matches(key, OWN, 1, 0.8)
    hint = f" Did you mean `{near[0]}`?" if near else ""
    return Problem(place.file, place.line_of(key), f"`{one_line(key)[:60]}` above the text isn’t used.{hint}")
