"""The first line of a fence: its language, title and marked lines, as the usual tools spell them."""

import re
from dataclasses import dataclass
from html import unescape
from pathlib import PurePosixPath

from domain.base.highlighting import LANGUAGES

MOST_LINES = 2_000  # a higher number marks nothing
_TITLE = re.compile(r"""(?:^|[\s,{])(?:title|filename|file|caption)\s*[=:]\s*("[^"]*"|'[^']*'|[^\s,}"']+)""")
_MARKED = re.compile(
    r"""[{\[]([\d\s,\-]+)[}\]]|(?:hl_lines|emphasize-lines|highlight)\s*[=:]\s*["']?([\d\s,\-]+)"""
)
_LANGUAGE = re.compile(r"""\.?([^\s.,:={}()\[\]"'][^\s,:={}()\[\]"']*)""")
_DIRECTIVE = re.compile(r"\{(?:code-block|code-cell|code|sourcecode)\}\s*")
_FILE = re.compile(r"[\w./@\-]*\w\.[A-Za-z]\w{0,9}")


@dataclass(frozen=True)
class FenceInfo:
    """The name of a listing's language ("" without), its title, and its marked lines, from 1."""

    language: str = ""
    title: str = ""
    marked: tuple[int, ...] = ()


def fence_info(written: str) -> FenceInfo:
    """Read the words after the opening marks of a fence, such as `js{1,3} title="a.js"`."""
    info = unescape(written).strip()[:500]
    title = _TITLE.search(info)
    shown = title[1].strip("\"'") if title else ""
    marked = _MARKED.search(info)
    lines = _numbers(marked[1] or marked[2]) if marked else ()
    rest = _DIRECTIVE.sub("", info)
    if _MARKED.match(rest):
        rest = _MARKED.sub("", rest, count=1)
    words = rest.lstrip("{ ").split(maxsplit=1)
    found = _LANGUAGE.match(words[0]) if words else None
    if not found or "=" in words[0].split("{")[0]:
        return FenceInfo("", shown, lines)
    language = found[1]
    after = words[0][found.end() :]
    if not shown and after.startswith(":") and _FILE.fullmatch(after[1:]):
        shown = after[1:]
    elif not shown and len(words) > 1 and _FILE.fullmatch(words[1].split()[0]):
        shown = words[1].split()[0]
    if "." in language and language.lower() not in LANGUAGES and _FILE.fullmatch(language):
        shown, language = shown or language, PurePosixPath(language).suffix[1:]
    return FenceInfo(language, shown[:200], lines)


def _numbers(written: str) -> tuple[int, ...]:
    """Read line numbers such as "1,3-5" or "1 3"."""
    found: set[int] = set()
    for part in re.split(r"[\s,]+", written.strip(" ,-"))[:200]:
        first, _, last = part.partition("-")
        if first.isdigit():
            end = int(last[:6]) if last.isdigit() else int(first[:6])
            found.update(range(int(first[:6]), min(end, MOST_LINES) + 1))
    return tuple(sorted(number for number in found if 0 < number <= MOST_LINES))
