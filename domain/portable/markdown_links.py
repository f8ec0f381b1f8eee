"""Finding and rewriting links in Markdown."""

import bisect
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll

from domain.base import markdown
from domain.base.markdown_rules import TookTooLongError, limit_time, timed

_CHARACTER = r"(?:\\[^\s]|[^\s()\\])"
_TARGET = re.compile(
    rf"""(?P<inline>\]\([ \t]*(?:\n[ \t]*)?)(?P<a><[^<>\n]*>|(?!<)(?:{_CHARACTER}|\({_CHARACTER}*\))+)
    |^(?P<defined>[ >]*\[[^\[\]\n]+\]:[ \t]*(?:\n[ \t]*)?)(?P<b><[^<>\n]*>|\S+)""",
    re.MULTILINE | re.VERBOSE,
)
_BETWEEN_PARAGRAPHS = re.compile(r"(\n[ \t]*\n)")
_PARSER = timed(MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]))


@dataclass(frozen=True)
class Link:
    """The target of a link as written, without angle brackets, and its line (from 1)."""

    target: str
    line: int

    @property
    def is_relative(self) -> bool:
        """Tell whether it points within the same folder or text."""
        return not self.target.startswith("/") and not re.match(r"[a-zA-Z][a-zA-Z0-9+.\-]*:", self.target)


def rewrite(text: str, turn: Callable[[Link], str | None]) -> str:
    """Replace every target of a link or image in `text` by the result of `turn`; None leaves it.

    Code is skipped, and so is a text that takes too long to parse. Results of `turn` need no escaping.
    """
    masked, known = _without_code(text)
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    pieces: list[str] = []
    at = 0
    for found in _TARGET.finditer(masked):
        group = "a" if found["inline"] is not None else "b"
        begin, end = found.span(group)
        raw = text[begin:end]
        target = unescapeAll(raw[1:-1] if raw.startswith("<") else raw)
        if _PARSER.normalizeLink(target) not in known:
            continue
        turned = turn(Link(target, bisect.bisect_right(starts, begin)))
        if turned is not None:
            pieces += [text[at:begin], turned]
            at = end
    return "".join([*pieces, text[at:]])


def github_anchors(toc: tuple[markdown.Heading, ...]) -> dict[str, str]:
    """Map the anchors that GitHub and most editors give the headings to ours."""
    taken: dict[str, int] = {}
    found: dict[str, str] = {}
    for heading in toc:
        name = _github_slug(heading.text)
        number = taken.get(name, 0)
        taken[name] = number + 1
        found.setdefault(f"{name}-{number}" if number else name, heading.anchor)
    return found


def _github_slug(text: str) -> str:
    kept = (c for c in text.lower() if c in " -_" or unicodedata.category(c)[0] in "LNM")
    return "".join(kept).replace(" ", "-")


def _without_code(text: str) -> tuple[str, set[str]]:
    """Blank out code, keeping all positions, and collect the link targets that the parser found."""
    env: dict[str, dict[str, dict[str, str]]] = {}
    limit_time(markdown.SECONDS)
    try:
        tokens = _PARSER.parse(text, env)
    except TookTooLongError:
        return text, set()
    known = {reference["href"] for reference in env.get("references", {}).values()}
    lines = text.split("\n")
    for token in tokens:
        if token.type in ("fence", "code_block") and token.map:
            for number in range(*token.map):
                if number < len(lines):
                    lines[number] = " " * len(lines[number])
        for child in token.children or ():
            known |= {str(value) for name, value in child.attrs.items() if name in ("href", "src")}
            known |= {str(g.attrs["src"]) for g in child.children or () if g.type == "image"}
    paragraphs = _BETWEEN_PARAGRAPHS.split("\n".join(lines))
    return "".join(map(_without_spans, paragraphs)), known


def _without_spans(paragraph: str) -> str:
    """Blank out code spans: text between two runs of equally many backticks."""
    runs = [found.span() for found in re.finditer(r"(?<!\\)`+", paragraph)]
    last = {end - start: number for number, (start, end) in enumerate(runs)}
    pieces: list[str] = []
    at = number = 0
    while number < len(runs):
        start, end = runs[number]
        size = end - start
        if last[size] == number:
            number += 1
            continue
        number = next(n for n in range(number + 1, len(runs)) if runs[n][1] - runs[n][0] == size)
        span = paragraph[start : runs[number][1]]
        pieces += [paragraph[at:start], re.sub(r"[^\n]", " ", span)]
        at = runs[number][1]
        number += 1
    return "".join([*pieces, paragraph[at:]])
