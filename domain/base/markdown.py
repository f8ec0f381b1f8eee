"""Markdown of lessons, descriptions and reviews to safe HTML, rendered once when a text is saved.

Against XSS in depth: the parser passes no raw HTML, the result is sanitised by an allow-list (nh3), and htmx
attributes are ignored inside it.
"""

import logging
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.footnote import footnote_plugin

from domain import Refused
from domain.base.highlighting import PYGMENTS_CLASSES, highlight, label
from domain.base.markdown_rules import TookTooLongError, limit_time, task_lists, timed
from domain.base.text import clean

log = logging.getLogger(__name__)
MAX_BYTES = 200_000
MAX_LINES = 10_000
MAX_COLUMNS = 30
SECONDS = 1.0  # of processor time for parsing a text; ten times what a long ordinary one takes
WORDS_PER_MINUTE = 220
MOST_ADDRESSED = 1_000_000  # characters of all URLs and titles: each reference to a definition repeats them
SLUGGED = 300  # characters of a heading that count for its anchor
_DELIMITER_ROW = re.compile(r"^[ \t>|:\-]{3,}$", re.MULTILINE)
_WORDS = {"text", "code_inline", "fence", "code_block"}

TAGS = {
    "a", "blockquote", "br", "code", "div", "em", "h2", "h3", "h4", "h5", "h6", "hr", "img", "input",
    "label", "li", "ol", "p", "pre", "s", "section", "span", "strong", "sup", "table", "tbody", "td", "th",
    "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title", "id", "rel", "aria-label"},
    "div": {"data-copy", "tabindex", "role", "aria-label"},
    "img": {"src", "alt", "title", "loading", "decoding"},
    "input": {"type", "checked", "disabled"},
    "li": {"id"},
    "ol": {"start"},
    "pre": {"tabindex"},
    "th": {"scope"},
    **{f"h{level}": {"id"} for level in range(2, 7)},
}
CLASSES = {
    "a": {"anchor", "footnote-backref", "foreign-image"},
    "div": {"code", "table-scroll"},
    "hr": {"footnotes-sep"},
    "input": {"task-list-item-checkbox"},
    "li": {"task-list-item", "footnote-item"},
    "ol": {"footnotes-list"},
    "pre": {"highlight"},
    "section": {"footnotes"},
    "span": {"code-language", *PYGMENTS_CLASSES},
    "sup": {"footnote-ref"},
    "td": {"left", "center", "right"},
    "th": {"left", "center", "right"},
    "ul": {"contains-task-list"},
}


@dataclass(frozen=True)
class Heading:
    """A heading of the text: `level` from 2, `anchor` is the element's id."""

    level: int
    anchor: str
    text: str


@dataclass(frozen=True)
class RenderedMarkdown:
    """A rendered text: one `<div class="prose" hx-ignore>`, its table of contents, words and reading time."""

    html: str
    toc: tuple[Heading, ...]
    words: int
    reading_seconds: int


def render(markdown: str, own_host: str | None = None, top_level: int = 2) -> RenderedMarkdown:
    """Render CommonMark with tables, strike-through, footnotes and task lists to sanitised HTML.

    Links that leave `own_host` are marked `nofollow ugc noopener`. The text's highest heading becomes
    `top_level` (2–6), the others follow without a gap. Raises `Refused` for more than 200 kB, 10,000 lines or
    30 table columns. A text that takes longer than SECONDS to parse is shown as it was typed.
    """
    env: dict[str, Any] = {"own_host": own_host}
    tokens = _parse(markdown, env)
    toc = tuple(_finish_headings(tokens, top_level))
    for token in _all(tokens):
        _finish_token(token, own_host)
    _colour(tokens)
    cleaned = nh3.clean(
        _PARSER.renderer.render(tokens, _PARSER.options, env),
        tags=TAGS,
        attributes=ATTRIBUTES,
        allowed_classes=CLASSES,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )
    words = sum(len(token.content.split()) for token in _all(tokens) if token.type in _WORDS)
    html = f'<div class="prose" hx-ignore>\n{cleaned}</div>'
    return RenderedMarkdown(html, toc, words, round(words * 60 / WORDS_PER_MINUTE))


def headings(markdown: str) -> tuple[Heading, ...]:
    """Build the table of contents of `markdown`, as `render` does. Raises Refused as it does."""
    return tuple(_finish_headings(_parse(markdown, {}), 2))


def check(markdown: str) -> None:
    """Raise Refused for a text too large to render."""
    _check_size(clean(markdown))


def _parse(markdown: str, env: dict[str, Any]) -> list[Token]:
    source = clean(markdown)
    _check_size(source)
    limit_time(SECONDS)
    try:
        tokens = _PARSER.parse(source, env)
        if _addressed(tokens) <= MOST_ADDRESSED:
            return tokens
    except TookTooLongError:
        pass
    log.info("A text of %s characters takes too long to render and stays plain", len(source))
    return [Token("code_block", "code", 0, content=source)]


def _addressed(tokens: list[Token]) -> int:
    """Count the characters of all attributes: one long URL may be referenced ten thousand times."""
    return sum(
        len(value) for token in _all(tokens) for value in token.attrs.values() if isinstance(value, str)
    )


def _colour(tokens: list[Token]) -> None:
    """Highlight all listings of a text together, because they share its time."""
    listings = [token for token in tokens if token.type in ("fence", "code_block")]
    coloured = highlight((token.content, _language(token)) for token in listings)
    for token, html in zip(listings, coloured, strict=True):
        token.meta["html"] = html


def _language(token: Token) -> str:
    return next(iter(token.info.split(maxsplit=1)), "")


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


def _finish_token(token: Token, own_host: str | None) -> None:
    """Finish a token's attributes: alignment as a class, `rel` on external links."""
    if token.type in ("th_open", "td_open"):
        style = token.attrs.pop("style", None)
        if style:
            token.attrs["class"] = str(style).rpartition(":")[2]
        if token.type == "th_open":
            token.attrs["scope"] = "col"
    elif token.type == "link_open" and _is_foreign(str(token.attrs.get("href", "")), own_host):
        token.attrs["rel"] = "nofollow ugc noopener"


def _is_foreign(address: str, own_host: str | None) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return True
    return bool(parts.netloc or parts.scheme) and (parts.netloc != own_host or own_host is None)


def _finish_headings(tokens: list[Token], top_level: int) -> Iterator[Heading]:
    """Set each heading's level and unique id; yields the table of contents."""
    places = [index for index, token in enumerate(tokens) if token.type == "heading_open"]
    highest = min((int(tokens[index].tag[1]) for index in places), default=1)
    taken: dict[str, int] = {}
    previous = top_level - 1
    for index in places:
        wanted = int(tokens[index].tag[1]) - highest + top_level
        previous = min(wanted, previous + 1, 6)
        inline = tokens[index + 1]
        text = "".join(child.content for child in inline.children or () if child.type in _WORDS).strip()
        anchor = _unique(_slug(text), taken)
        tokens[index].tag = tokens[index + 2].tag = f"h{previous}"
        tokens[index].attrs["id"] = anchor
        inline.children = [*(inline.children or ()), Token("heading_anchor", "a", 0, meta={"id": anchor})]
        yield Heading(previous, anchor, text)


def _slug(text: str) -> str:
    """Build an anchor of letters, digits and hyphens; the prefix `s-` keeps it apart from ids of the page."""
    letters = unicodedata.normalize("NFKC", text[:SLUGGED]).lower()
    return "s-" + (re.sub(r"[\W_]+", "-", letters).strip("-")[:60] or "section")


def _unique(wanted: str, taken: dict[str, int]) -> str:
    """Append the next free number to a taken anchor; `taken` keeps the last number tried for each name."""
    name = wanted
    while name in taken:
        taken[wanted] += 1
        name = f"{wanted}-{taken[wanted]}"
    taken[name] = 1
    return name


class _Renderer(RendererHTML):
    """The HTML of tokens that differ from markdown-it's."""

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Render highlighted code with its language; a script adds the copy button to `data-copy`."""
        named = label(_language(tokens[idx]))
        head = f'<span class="code-language">{escapeHtml(named)}</span>' if named else ""
        body = tokens[idx].meta["html"]
        return (
            f'<div class="code" data-copy="">{head}'
            f'<pre class="highlight" tabindex="0"><code>{body}</code></pre></div>\n'
        )

    code_block = fence

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Render a picture of this site; an external one as a link, as pages load nothing from elsewhere."""
        token = tokens[idx]
        source = str(token.attrs["src"])
        alt = self.renderInlineAsText(token.children, options, env) if token.children else ""
        if _is_foreign(source, env["own_host"]):
            shown = alt or urlsplit(source).netloc
            return (
                f'<a class="foreign-image" rel="nofollow ugc noopener" href="{escapeHtml(source)}">'
                f"{escapeHtml(shown)}</a>"
            )
        title = f' title="{escapeHtml(str(token.attrs["title"]))}"' if token.attrs.get("title") else ""
        return (
            f'<img src="{escapeHtml(source)}" alt="{escapeHtml(alt)}"{title} loading="lazy" decoding="async">'
        )

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Wrap a table so that it scrolls on narrow screens, by keyboard too."""
        return '<div class="table-scroll" role="group" aria-label="Table" tabindex="0"><table>\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Close the wrapper of a table."""
        return "</table></div>\n"

    def heading_anchor(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Render the link of a heading to itself."""
        address = escapeHtml(tokens[idx].meta["id"])
        return f' <a class="anchor" href="#{address}" aria-label="Link to this section">#</a>'


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802
        """Allow only http, https, mailto and relative links."""
        scheme = re.match(r"([^/?#]*):", url)
        return scheme is None or scheme.group(1).lower() in ("http", "https", "mailto")


def _way_back(
    renderer: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
) -> str:
    """Render the backlink of a footnote, with a label for screen readers."""
    number, again = tokens[idx].meta["id"] + 1, tokens[idx].meta["subId"]
    place = f"{number}:{again}" if again else f"{number}"
    return f' <a class="footnote-backref" href="#fnref{place}" aria-label="Back to the text">\u21a9\ufe0e</a>'


def _parser() -> MarkdownIt:
    parser = _Markdown("commonmark", {"html": False}, renderer_cls=_Renderer)
    parser.enable(["table", "strikethrough"])
    parser.use(footnote_plugin, inline=False).use(task_lists)
    parser.add_render_rule("footnote_anchor", _way_back)
    return timed(parser)


_PARSER = _parser()
