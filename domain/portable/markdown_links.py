"""Finding and rewriting links in Markdown."""

import bisect
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

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


_HTML = re.compile(
    r"""<(?P<tag>a|img|video|audio|source)\b(?P<before>(?:[^<>"']|"[^"]{0,2000}"|'[^']{0,2000}'){0,200}?)
    (?<=\s)(?:href|src|poster)[ \t]*=[ \t]*
    (?:"(?P<c>[^"\n]{0,2000})"|'(?P<d>[^'\n]{0,2000})'|(?P<e>[^\s"'<>=`]{1,2000}))""",
    re.IGNORECASE | re.VERBOSE,
)
_WIKI = re.compile(
    r"(?P<sign>!?)\[\[(?P<wiki>[^\[\]|\n]{1,300})(?:\|(?P<label>[^\[\]\n]{0,300}))?\]\](?![(\[:])"
)
_FROM_ROOT = re.compile(r"""\{%-?\s*link\s+(?P<to>[^%{}\s]+)\s*-?%\}""")
_TEMPLATES = (
    re.compile(r"""\{\{[<%]-?\s*(?:rel)?ref\s+["'`]?(?P<to>[^"'`<>{}%\s]+)["'`]?\s*-?[%>]\}\}"""),
    _FROM_ROOT,
    re.compile(r"""\{\{-?\s*["'](?P<to>[^"'{}]+)["']\s*\|\s*(?:relative_url|absolute_url)\s*-?\}\}"""),
    re.compile(r"""\{\{-?\s*site\.(?:baseurl|url|base_url)\s*-?\}\}(?P<to>)"""),
)
_UNKNOWN = re.compile(
    r"""(?P<snippet>^[ \t]*-+8<-+(?=\s|$))
    |(?P<icon>:(?:material|fontawesome|octicons|simple)-[a-z0-9-]{1,80}:)
    |(?P<hugo>\{\{[<%][^{}\n]{1,300}[%>]\}\})|(?P<jekyll>\{%[^{}\n]{1,300}%\})""",
    re.MULTILINE | re.VERBOSE,
)
_KINDS = {
    "snippet": "A snippet (--8<--)",
    "icon": "An icon code (such as :material-account:)",
    "hugo": "A shortcode ({{< … >}} or {{% … %}})",
    "jekyll": "A template tag ({% … %})",
}


@dataclass(frozen=True)
class Link:
    """The target of a link as written, without angle brackets, and its line (from 1).

    `is_wiki` is set for `[[target|label]]`, whose result replaces all of it.
    """

    target: str
    line: int
    is_wiki: bool = False
    label: str = ""
    is_image: bool = False

    @property
    def is_relative(self) -> bool:
        """Tell whether it points within the same folder or text."""
        return not self.target.startswith("/") and self.is_local

    @property
    def is_local(self) -> bool:
        """Tell whether it names no other site: it is relative, or begins at the root of this one."""
        return not self.target.startswith("//") and not re.match(r"[a-zA-Z][a-zA-Z0-9+.\-]*:", self.target)


def rewrite(text: str, turn: Callable[[Link], str | None], wiki: bool = False) -> str:
    """Replace every target of a link or image in `text`, also in HTML, by the result of `turn`.

    None leaves it. Code and comments are skipped, and so is a text that takes too long to parse. Results of
    `turn` need no escaping. With `wiki`, links in double brackets are turned as well.
    """
    masked, known = _without_code(text)
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    pieces: list[str] = []
    at = 0
    for begin, end, link in sorted(_links(text, masked, known, wiki), key=lambda found: found[0]):
        if begin < at:
            continue
        turned = turn(replace(link, line=bisect.bisect_right(starts, begin)))
        if turned is not None:
            pieces += [text[at:begin], turned]
            at = end
    return "".join([*pieces, text[at:]])


def _links(text: str, masked: str, known: set[str], wiki: bool) -> Iterator[tuple[int, int, Link]]:
    """Yield what `rewrite` may replace: begin, end, and the link."""
    for found in _TARGET.finditer(masked):
        begin, end = found.span("a" if found["inline"] is not None else "b")
        raw = text[begin:end]
        target = unescapeAll(raw[1:-1] if raw.startswith("<") else raw)
        if _PARSER.normalizeLink(target) in known:
            yield begin, end, Link(target, 0)
    for found in _HTML.finditer(masked):
        group = next(name for name in "cde" if found[name] is not None)
        begin, end = found.span(group)
        target = html.unescape(text[begin:end]).strip()
        yield begin, end, Link(target, 0, is_image=found["tag"].lower() == "img")
    for found in _WIKI.finditer(masked) if wiki else ():
        if found["wiki"].strip().strip("_").lower() != "toc":
            target, label = found["wiki"].strip(), (found["label"] or "").strip()
            yield *found.span(), Link(target, 0, is_wiki=True, label=label, is_image=bool(found["sign"]))


def without_templates(text: str) -> str:
    """Turn the links that Hugo and Jekyll compute (`ref`, `link`, `site.baseurl`) into plain ones."""
    if "{{" not in text and "{%" not in text:
        return text
    masked, _known = _without_code(text)
    pieces: list[str] = []
    at = 0
    found = (one for pattern in _TEMPLATES for one in pattern.finditer(masked))
    for one in sorted(found, key=lambda one: one.start()):
        if one.start() >= at:
            from_root = "/" if one.re is _FROM_ROOT and not one["to"].startswith("/") else ""
            pieces += [text[at : one.start()], from_root + one["to"]]
            at = one.end()
    return "".join([*pieces, text[at:]])


def unknown_syntax(text: str) -> Iterator[tuple[int, str]]:
    """Yield line (from 1) and kind of what other tools would replace and learners would see as it is."""
    if not _UNKNOWN.search(text):
        return
    masked, _known = _without_code(text)
    for number, line in enumerate(masked.split("\n"), 1):
        for kind in dict.fromkeys(str(found.lastgroup) for found in _UNKNOWN.finditer(line)):
            yield number, _KINDS[kind]


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
    plain = "".join(map(without_spans, paragraphs))
    return without_comments(plain, "<!--", "-->", " "), known


def without_comments(text: str, begin: str, end: str, blank: str = "") -> str:
    """Remove everything from `begin` to `end`, keeping lines; each other character becomes `blank`.

    A search by a pattern would take quadratic time where comments begin and never end.
    """
    pieces: list[str] = []
    at = 0
    while (start := text.find(begin, at)) >= 0 and (stop := text.find(end, start + len(begin))) >= 0:
        pieces += [text[at:start], re.sub(r"[^\n]", blank, text[start : stop + len(end)])]
        at = stop + len(end)
    return "".join([*pieces, text[at:]])


def without_spans(paragraph: str) -> str:
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
