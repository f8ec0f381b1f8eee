"""Headings of a text: their levels, anchors and plain words, and the one that is its title."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from domain.base.markdown_anchors import ID_PREFIX, anchor_name, claim, claim_numbered, former_slug, slug
from domain.base.text import one_line

WORDS = {"text", "code_inline", "fence", "code_block", "math"}
# Possessive, and without braces in values: each text is read once, whatever an author writes (ReDoS).
_ONE = r"(?>[#.][^\s{}#.]++|[\w-]++=(?:\"[^\"{}]*+\"|'[^'{}]*+'|[^\s{}]++)|-(?=[\s}]))"
_SAID = rf"\{{:?[ \t]*+(?P<a>{_ONE}(?:[ \t]*+{_ONE})*+)[ \t]*+\}}"
_SAID_IN_MDX = r"\{/\*[ \t]*+(?P<b>#[^\s{}*]++)[ \t]*+\*/\}"
_ATTRIBUTES = re.compile(rf"(?<![ \t])[ \t]*+(?:{_SAID}|{_SAID_IN_MDX})[ \t]*+\Z")
_TOC = re.compile(r"\[\[_?toc_?\]\]|\[toc\]|\{:\s*toc[^}]*\}|\$\{toc\}", re.IGNORECASE)
_ABOVE = {"html_inline", "softbreak", "hardbreak"}


@dataclass(frozen=True)
class Heading:
    """A heading of the text: `level` from 2; `anchor` is the element's id on a page."""

    level: int
    anchor: str
    text: str


@dataclass(frozen=True)
class FirstHeading:
    """The first heading of a text: its words in one line, the name that links give it, and its lines.

    `level` is as written, from 1. `leads` says that nothing visible stands above it.
    """

    text: str
    name: str
    level: int
    first_line: int
    end_line: int
    leads: bool


def heading_attributes(state: StateCore) -> None:
    """Take {#id .class} off headings before their words are parsed; drop marks for a table of contents."""
    for at, token in enumerate(state.tokens):
        if token.type == "heading_open":
            inline = state.tokens[at + 1]
            if found := _ATTRIBUTES.search(inline.content):
                ids = [word[1:] for word in (found["a"] or found["b"]).split() if word.startswith("#")]
                inline.content = inline.content[: found.start()]
                token.meta["anchor"] = anchor_name(ids[0]) if ids else ""
        elif token.type == "paragraph_open" and _TOC.fullmatch(state.tokens[at + 1].content.strip()):
            state.tokens[at + 1].content = ""
            token.hidden = state.tokens[at + 2].hidden = True


def finish_headings(tokens: list[Token], top_level: int, env: dict[str, Any]) -> Iterator[Heading]:
    """Set each heading's level and unique id; yields the table of contents.

    Ids that authors wrote come first: a heading whose own name is taken by one gets a number.
    """
    places = [index for index, token in enumerate(tokens) if token.type == "heading_open"]
    highest = min((int(tokens[index].tag[1]) for index in places), default=1)
    written = [
        name if (name := str(tokens[index].meta.get("anchor", ""))) and claim(env, name) else ""
        for index in places
    ]
    former: dict[str, str] = env.setdefault("former_anchors", {})
    counted: dict[str, int] = {}
    previous = top_level - 1
    for index, own in zip(places, written, strict=True):
        level = int(tokens[index].tag[1]) - highest + top_level
        previous = min(level, previous + 1, 6)
        inline = tokens[index + 1]
        text = words_of(inline).strip()
        name = own or claim_numbered(env, slug(text))
        old = former_slug(text)
        number = counted[old] = counted.get(old, 0) + 1
        former.setdefault(f"{old}-{number}" if number > 1 else old, name)
        tokens[index].tag = tokens[index + 2].tag = f"h{previous}"
        tokens[index].attrs["id"] = ID_PREFIX + name
        inline.children = [
            *(inline.children or ()), Token("heading_anchor", "a", 0, meta={"id": ID_PREFIX + name}),
        ]  # fmt: skip
        yield Heading(previous, ID_PREFIX + name, text)


def words_of(inline: Token) -> str:
    """Read the words of a heading without markup; a picture gives its description."""
    return "".join(_words(inline.children or ()))


def _words(tokens: Sequence[Token]) -> Iterator[str]:
    for child in tokens:
        if child.type in WORDS:
            yield child.content
        elif child.type in ("softbreak", "hardbreak"):
            yield " "
        elif child.type == "image":
            yield from _words(child.children or ())


def first_heading(tokens: list[Token]) -> FirstHeading | None:
    """Find the first heading with words among the parsed `tokens` of a text."""
    leads = True
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            text = one_line(words_of(tokens[at + 1]))
            if text and token.map and not token.level:
                name = str(token.meta.get("anchor", "")) or slug(text)
                return FirstHeading(text, name, int(token.tag[1]), token.map[0], token.map[1], leads)
            leads = False
        elif token.type == "inline":
            children = token.children or ()
            leads = leads and all(
                child.type in _ABOVE or (child.type == "text" and not child.content.strip())
                for child in children
            )
        elif token.type not in ("paragraph_open", "paragraph_close", "html_inline", "heading_close"):
            leads = leads and token.type == "text" and not token.content.strip()
    return None
