"""Markdown of lessons, descriptions and reviews to safe HTML, rendered once when a text is saved.

Against XSS in depth: the author's HTML is reduced to an allow-list (markdown_html), the result is sanitised
by another one (nh3), and htmx attributes are ignored inside it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it.token import Token

from domain import Refused
from domain.base import markdown_anchors, markdown_headings
from domain.base.code_fences import fence_info
from domain.base.highlighting import Listing, highlight
from domain.base.markdown_anchors import ID_PREFIX
from domain.base.markdown_headings import WORDS, FirstHeading, Heading, finish_headings
from domain.base.markdown_parser import PARSER, SECONDS, parse
from domain.base.markdown_renderer import is_foreign
from domain.base.markdown_sanitizer import sanitize
from domain.base.reading_time import reading_seconds, word_count
from domain.base.text import clean

__all__ = [
    "MAX_BYTES", "SECONDS", "FirstHeading", "Heading", "RenderedMarkdown", "anchors", "check", "described",
    "dropped", "first_heading", "headings", "pictures", "render", "split_title",
]  # fmt: skip
MAX_BYTES = 200_000
MAX_LINES = 10_000
MAX_COLUMNS = 30
TOP = 5_000  # characters in which a title is looked for
MOST_FORMULAS = 2_000  # further ones stay code
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_DIRECTED = {
    f"{block}_open"
    for block in (
        "paragraph",
        "heading",
        "bullet_list",
        "ordered_list",
        "list_item",
        "blockquote",
        "th",
        "td",
    )
}
_DELIMITER_ROW = re.compile(r"^[ \t>|:\-]{3,}$", re.MULTILINE)


@dataclass(frozen=True)
class RenderedMarkdown:
    """A rendered text: one `<div class="prose" hx-ignore>`, its table of contents, words and reading time.

    `dropped` counts by kind what isn't shown (see `dropped`), `pictures` are the sources of its images.
    """

    html: str
    toc: tuple[Heading, ...]
    words: int
    reading_seconds: int
    dropped: dict[str, int]
    pictures: tuple[str, ...]


def render(markdown: str, own_host: str | None = None, top_level: int = 2) -> RenderedMarkdown:
    """Render Markdown and the HTML in it to sanitised HTML; docs/creators/markdown.md says what works.

    Links that leave `own_host` are marked `nofollow ugc noopener`. The text's highest heading becomes
    `top_level` (2–6), the others follow without a gap. In a text with right-to-left letters each block
    takes the direction of its own first letter. Raises `Refused` for more than 200 kB, 10,000 lines or 30
    table columns. A text that takes longer than SECONDS to parse is shown as it was typed.
    """
    env: dict[str, Any] = {"own_host": own_host}
    tokens = _parse(markdown, env)
    toc = tuple(finish_headings(tokens, top_level, env))
    words: list[str] = []
    directed = _RIGHT_TO_LEFT.search(markdown) is not None
    for token in _all(tokens):
        _finish_token(token, env)
        if directed and token.type in _DIRECTED:
            token.attrs.setdefault("dir", "auto")
        if token.type in WORDS:
            words.append(token.content)
    unreadable = _typeset(tokens)
    counted = _counted(env)
    if unreadable:
        counted["formula"] = unreadable
    cleaned = sanitize(PARSER.renderer.render(tokens, PARSER.options, env))
    html = f'<div class="prose" hx-ignore>\n{cleaned}</div>'
    said = " ".join(words)
    return RenderedMarkdown(
        html, toc, word_count(said), reading_seconds(said), counted, tuple(_pictures(tokens))
    )  # fmt: skip


def headings(markdown: str) -> tuple[Heading, ...]:
    """Build the table of contents of `markdown`, as `render` does. Raises Refused as it does."""
    env: dict[str, Any] = {}
    return tuple(finish_headings(_parse(markdown, env), 2, env))


def anchors(markdown: str) -> dict[str, str]:
    """Map every name that a link into this text may use, "#name", to the id on its page. Raises Refused.

    Names are the ids of headings and elements that the author wrote, and GitHub's for headings, even those
    with an id of their own.
    """
    env: dict[str, Any] = {}
    toc = list(finish_headings(_parse(markdown, env), 2, env))
    found = {name: ID_PREFIX + name for name in env.get("anchors", {})}
    for heading in toc:
        found.setdefault(markdown_anchors.slug(heading.text), heading.anchor)
    return found


def first_heading(markdown: str) -> FirstHeading | None:
    """Find the first heading within the first TOP characters of a text."""
    beginning = clean(markdown)
    if len(beginning) > TOP:
        beginning = beginning[: beginning.rfind("\n", 0, TOP) + 1]
    return markdown_headings.first_heading(parse(beginning, {}))


def split_title(markdown: str) -> tuple[str, str, int]:
    """Split off the heading that is a text's title: the first, if nothing stands above it.

    Returns its words in one line ("" without one), the rest, and the number of lines removed. Comments and
    anchors above it stay. A later heading of the first level gives the title, too, but stays.
    """
    found = first_heading(markdown)
    if found is None or not (found.leads or found.level == 1):
        return "", markdown, 0
    if not found.leads:
        return found.text, markdown, 0
    lines = markdown.split("\n")
    above, below = lines[: found.first_line], lines[found.end_line :]
    blank = next((at for at, line in enumerate(below) if line.strip()), len(below))
    rest = [*(above if any(line.strip() for line in above) else []), *below[blank:]]
    return found.text, "\n".join(rest), len(lines) - len(rest)


def dropped(markdown: str) -> dict[str, int]:
    """Count what isn't shown of a text, by kind: "comment", or the name of an element such as "iframe".

    Raises Refused as `render` does.
    """
    env: dict[str, Any] = {}
    _parse(markdown, env)
    return _counted(env)


def described(counted: dict[str, int]) -> str:
    """Describe what `dropped` counted: "iframe × 2, comment × 5"."""
    return ", ".join(f"{kind} × {count}" for kind, count in counted.items())


def pictures(markdown: str) -> tuple[str, ...]:
    """List the sources of the images of a text, as written. Raises Refused as `render` does."""
    return tuple(_pictures(_parse(markdown, {})))


def block_lines(markdown: str) -> list[int]:
    """List the line, from 0, on which each top-level block begins, in the order of `render`."""
    tokens = _parse(markdown, {})
    return [token.map[0] for token in tokens if token.level == 0 and token.nesting >= 0 and token.map]


def check(markdown: str) -> None:
    """Raise Refused for a text too large to render."""
    _check_size(clean(markdown))


def _parse(markdown: str, env: dict[str, Any]) -> list[Token]:
    source = clean(markdown)
    _check_size(source)
    return parse(source, env)


def _counted(env: dict[str, Any]) -> dict[str, int]:
    counted: Counter[str] = env.get("dropped", Counter())
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


def _pictures(tokens: Sequence[Token]) -> Iterator[str]:
    return (str(token.attrs["src"]) for token in _all(tokens) if token.type == "image")


def _typeset(tokens: list[Token]) -> int:
    """Highlight all listings of a text and set all its formulas together, because they share its time.

    Returns the number of formulas that can't be read.
    """
    listings = [token for token in tokens if token.type in ("fence", "code_block")]
    formulas = [token for token in _all(tokens) if token.type == "math"][:MOST_FORMULAS]
    wanted: list[Listing] = []
    for token in listings:
        info = fence_info(token.info)
        wanted.append(Listing(token.content, info.language, info.marked))
    coloured, typeset = highlight(wanted, [(token.content, token.meta["display"]) for token in formulas])
    for token, html in zip(listings, coloured, strict=True):
        token.meta["html"] = html
    for token, mathml in zip(formulas, typeset, strict=True):
        token.meta["html"] = mathml
    return typeset.count("")


def _check_size(text: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise Refused(f"This text has {size // 1000} kB. At most {MAX_BYTES // 1000} kB can be stored.")
    if text.count("\n") > MAX_LINES:
        raise Refused(f"This text has more than {MAX_LINES:,} lines. Split it into several lessons.")
    # Before parsing, because parsing a wide table is what takes long.
    if any(row.group().strip(" \t>|").count("|") >= MAX_COLUMNS for row in _DELIMITER_ROW.finditer(text)):
        raise Refused(f"A table can have at most {MAX_COLUMNS} columns.")


def _all(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or ())


def _finish_token(token: Token, env: dict[str, Any]) -> None:
    """Finish a token's attributes: alignment as a class, ids that links name, `rel` on external links."""
    if token.type in ("th_open", "td_open"):
        style = token.attrs.pop("style", None)
        if style:
            token.attrs["class"] = str(style).rpartition(":")[2]
        if token.type == "th_open":
            token.attrs["scope"] = "col"
    elif token.type == "link_open":
        address = str(token.attrs.get("href", ""))
        token.attrs["href"] = markdown_anchors.target(env, address)
        if is_foreign(address, env.get("own_host")):
            token.attrs["rel"] = "nofollow ugc noopener"
