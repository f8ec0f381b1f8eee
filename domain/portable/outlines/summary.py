"""SUMMARY.md, the table of contents of mdBook and GitBook: nested lists of links, headings as parts."""

from markdown_it import MarkdownIt
from markdown_it.token import Token

from domain.base import markdown
from domain.base.markdown_rules import TookTooLongError, limit_time, timed
from domain.base.text import one_line
from domain.portable.outlines import MOST_NODES, Node

NAMES = ("SUMMARY.md", "src/SUMMARY.md", "docs/SUMMARY.md", "book/SUMMARY.md", "summary.md")
_PARSER = timed(MarkdownIt("commonmark", {"html": False}))


def parse(text: str) -> list[Node]:
    """Read the nodes of a SUMMARY.md; `file` is the link as it is written. [] for a text that isn't one."""
    limit_time(markdown.SECONDS)
    try:
        tokens = _PARSER.parse(text)
    except TookTooLongError:
        return []
    return _Reader().read(tokens[: 20 * MOST_NODES])


class _Reader:
    """Walks the tokens with the list items that are open."""

    def __init__(self) -> None:
        self.top: list[Node] = []
        self.part: Node | None = None
        self.open: list[Node] = []

    def read(self, tokens: list[Token]) -> list[Node]:
        """Build the tree."""
        heading = False
        for at, token in enumerate(tokens):
            if token.type == "list_item_open":
                self.open.append(Node())
                self._siblings(len(self.open) - 1).append(self.open[-1])
            elif token.type == "list_item_close":
                self.open.pop()
            elif token.type in ("heading_open", "heading_close"):
                heading = token.type == "heading_open"
            elif token.type == "hr":
                self.part = None
            elif token.type == "inline":
                self._line(token, heading, first=at <= 1)
        return [node for node in self.top if node.title or node.file or node.children]

    def _siblings(self, depth: int) -> list[Node]:
        if depth:
            return self.open[depth - 1].children
        return self.part.children if self.part else self.top

    def _line(self, token: Token, heading: bool, first: bool) -> None:
        parts = list(enumerate(token.children or ()))
        links = [(_href(one), _words(token, at)) for at, one in parts if one.type == "link_open"]
        if heading:
            if not first:
                self.part = Node(one_line("".join(c.content for c in token.children or ())))
                self.top.append(self.part)
        elif self.open:
            node = self.open[-1]
            node.title = links[0][1] if links else one_line(token.content)
            node.file = links[0][0] if links else ""
        else:
            self._siblings(0).extend(Node(title, file) for file, title in links)


def _href(token: Token) -> str:
    return str(token.attrs.get("href", ""))


def _words(token: Token, at: int) -> str:
    found = ""
    for child in (token.children or ())[at + 1 :]:
        if child.type == "link_close":
            break
        found += " " if child.type == "softbreak" else child.content
    return one_line(found)
