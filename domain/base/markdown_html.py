"""HTML that authors write in Markdown: an allow-list is rendered, the rest is left out and counted.

The elements of one text are balanced here, within the block or the emphasis that they stand in, and lose the
attributes that aren't on the list. So whatever an author leaves open or closes too often stays in its place,
and the sanitiser behind this one is given short, regular HTML. A name that no element has, as in `List<int>`,
stays text.
"""

import re
from collections import Counter
from collections.abc import Sequence
from html import unescape

from markdown_it.common.html_re import attribute
from markdown_it.common.utils import escapeHtml
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType

from domain.base.markdown_anchors import ID_PREFIX, anchor_name, claim
from domain.base.markdown_elements import (
    CLOSED_BY,
    ELEMENTS,
    HEADINGS,
    HIDDEN,
    KEPT,
    LINKED,
    MOST_DEEP,
    SIZE,
    TRANSPARENT,
    VOID,
    kept_attributes,
    read_attributes,
)  # fmt: skip

_PIECE = re.compile(
    rf"""(?P<comment><!--(?:>|->|.*?(?:-->|\Z)))
    |<(?P<open>[A-Za-z][A-Za-z0-9.\-]*)(?P<attributes>{attribute}*)\s*(?P<void>/?)>
    |</(?P<close>[A-Za-z][A-Za-z0-9.\-]*)\s*>
    |(?P<other><\?.*?(?:\?>|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<![A-Za-z][^>]*(?:>|\Z))""",
    re.DOTALL | re.VERBOSE,
)
_TABS = {"tabs", "tabitem", "tab", "codegroup"}


def html_elements(state: StateCore) -> None:
    """Replace the author's HTML in all tokens by what is kept of it; counts the rest in env["dropped"]."""
    state.env.setdefault("dropped", Counter())
    state.tokens = _Walk(state.env, inline=False).run(state.tokens)


class _Walk:
    """One pass over the tokens of a text, or of a paragraph (`inline`)."""

    def __init__(self, env: EnvType, inline: bool) -> None:
        self.env = env
        self.inline = inline
        self.dropped: Counter[str] = env["dropped"]
        self.components: set[str] = env.setdefault("components", set())
        self.out: list[Token] = []
        self.frames: list[list[str]] = [[]]  # names of open elements, for each open token of Markdown
        self.pending: list[Token] | None = None  # the content of an HTML heading
        self.unclosed: set[str] = set()

    def run(self, tokens: Sequence[Token]) -> list[Token]:
        at = 0
        while at < len(tokens):
            token = tokens[at]
            if token.type in ("html_block", "html_inline"):
                at += self._html(tokens, at)
            elif token.nesting < 0:
                self._close_all(self.frames.pop() if len(self.frames) > 1 else self.frames[0])
                self._put(token)
            else:
                if token.type == "inline":
                    self._paragraph(tokens, at)
                self._put(token)
                if token.nesting > 0:
                    self.frames.append([])
            at += 1
        self._end_heading()
        while self.frames:
            self._close_all(self.frames.pop())
        return self.out

    def _put(self, token: Token) -> None:
        (self.out if self.pending is None else self.pending).append(token)

    def _raw(self, html: str) -> None:
        self._put(Token("html_inline", "", 0, content=html))

    def _paragraph(self, tokens: Sequence[Token], at: int) -> None:
        """Render the HTML of a paragraph; one that is left without anything visible loses its element."""
        inline = tokens[at]
        before = inline.children or []
        if not any(child.type == "html_inline" for child in before):
            return
        inline.children = _Walk(self.env, inline=True).run(before)
        if tokens[at - 1].type == "paragraph_open" and not any(map(_is_visible, inline.children)):
            tokens[at - 1].hidden = tokens[at + 1].hidden = True

    def _html(self, tokens: Sequence[Token], at: int) -> int:
        """Take the pieces of one HTML token; answers how many further tokens are skipped with it."""
        content, place = tokens[at].content, 0
        endless: set[str] = set()  # whose closing tags have been looked for in vain
        while found := _PIECE.search(content, place):
            self._text(content[place : found.start()])
            place = found.end()
            name = (found["open"] or "").lower()
            if found["comment"] is not None:
                self.dropped["comment"] += 1
            elif found["other"] is not None:
                self._text(found["other"] if found["other"].startswith("<![CDATA[") else "")
            elif found["close"]:
                self._close(found["close"], found.group())
            elif name in HIDDEN:
                self.dropped[name] += 1
                if found["void"] or name in VOID:
                    continue
                end = None if name in endless else self._end_of(name, content, place)
                if end is not None:
                    place = end
                    continue
                endless.add(name)
                if skipped := self._skipped(name, tokens, at):
                    last = tokens[at + skipped]
                    last.content = last.content[self._end_of(name, last.content, 0) or len(last.content) :]
                    return skipped - 1
            else:
                self._open(
                    found["open"], found.group(), read_attributes(found["attributes"]), bool(found["void"])
                )
        self._text(content[place:])
        self._end_heading()
        return 0

    def _end_of(self, name: str, content: str, place: int) -> int | None:
        """Find where the closing tag of a hidden element ends, within the same piece of HTML."""
        closing = re.compile(rf"</{re.escape(name)}\s*>", re.IGNORECASE).search(content, place)
        return closing.end() if closing else None

    def _skipped(self, name: str, tokens: Sequence[Token], at: int) -> int:
        """Count the tokens up to the closing tag of a hidden element, if it follows on the same level."""
        if name in self.unclosed:
            return 0
        depth, wanted = 0, f"</{name}"
        for further in range(at + 1, len(tokens)):
            depth += tokens[further].nesting
            if depth < 0:
                break
            is_html = tokens[further].type in ("html_inline", "html_block")
            if depth == 0 and is_html and wanted in tokens[further].content.lower():
                return further - at
        self.unclosed.add(name)
        return 0

    def _text(self, text: str) -> None:
        if text:
            self._put(Token("text", "", 0, content=unescape(text)))

    def _open(self, written: str, tag: str, attributes: dict[str, str], is_void: bool) -> None:
        name = written.lower()
        if name in _TABS and written[0].isupper():
            self._open_tab(name, attributes)
        elif name not in ELEMENTS:
            if (
                attributes or is_void
            ):  # a component of MDX or Vue; without, more likely a type or a placeholder
                self.dropped[written] += 1
                self.components |= set() if is_void else {written}
            else:
                self._text(tag)
        elif name in LINKED:
            self.dropped[name] += 1
            self._link_to_film(name, attributes)
        elif name == "img":
            self._picture(attributes)
        elif name in HEADINGS and not self.inline:
            self._end_heading()
            self._begin_heading(name, attributes)
        elif name in KEPT:
            self._element(name, KEPT[name], attributes)
        elif name not in TRANSPARENT:
            self.dropped[name] += 1

    def _element(self, name: str, tag: str, attributes: dict[str, str]) -> None:
        frame = self.frames[-1]
        while frame and frame[-1] in CLOSED_BY.get(name, ()):
            self._close_last(frame)
        if len(frame) >= MOST_DEEP:
            return
        self._put_open(name, tag, attributes)
        if name not in VOID:
            frame.append(name)

    def _put_open(self, name: str, tag: str, attributes: dict[str, str]) -> None:
        kept = kept_attributes(name, attributes)
        anchor = anchor_name(attributes.get("id") or (attributes.get("name", "") if name == "a" else ""))
        if anchor and claim(self.env, anchor):
            kept["id"] = ID_PREFIX + anchor
        if name == "a" and (address := _address(attributes, "href")):
            self._put(Token("link_open", "a", 1, attrs={**kept, "href": address}, info="html"))
        elif name == "table":
            self._put(Token("table_open", "table", 1))
        else:
            written = "".join(f' {key}="{escapeHtml(value)}"' for key, value in kept.items())
            self._raw(f"<{tag}{written}>")

    def _close(self, written: str, tag: str) -> None:
        name = written.lower()
        if self.pending is not None and name in HEADINGS:
            self._end_heading()
        elif name in self.frames[-1]:
            while self._close_last(self.frames[-1]) != name:
                pass
        elif name not in ELEMENTS and name not in _TABS and written not in self.components:
            self._text(tag)

    def _close_last(self, frame: list[str]) -> str:
        name = frame.pop()
        if name == "table":
            self._put(Token("table_close", "table", -1))
        else:
            self._raw(f"</{'section' if name in _TABS else KEPT[name]}>")
        return name

    def _close_all(self, frame: list[str]) -> None:
        while frame:
            self._close_last(frame)

    def _picture(self, attributes: dict[str, str]) -> None:
        source = _address(attributes, "src")
        if not source:
            return
        kept = {key: attributes[key] for key in ("title",) if attributes.get(key)}
        kept |= {
            key: attributes[key] for key in ("width", "height") if SIZE.fullmatch(attributes.get(key, ""))
        }
        alt = attributes.get("alt", "")
        children = [Token("text", "", 0, content=alt)] if alt else []
        self._put(Token("image", "img", 0, attrs={**kept, "src": source}, children=children, info="html"))

    def _link_to_film(self, name: str, attributes: dict[str, str]) -> None:
        """Offer a film, a sound or a framed page as a link, as pages load nothing from elsewhere."""
        source = _address(attributes, "src")
        if source:
            shown = attributes.get("title") or source
            self._put(Token("link_open", "a", 1, attrs={"href": source, "class": "film"}, info="html"))
            self._put(Token("text", "", 0, content=shown))
            self._put(Token("link_close", "a", -1))

    def _open_tab(self, name: str, attributes: dict[str, str]) -> None:
        label = attributes.get("label") or attributes.get("title") or attributes.get("value") or ""
        if len(self.frames[-1]) < MOST_DEEP and name in ("tabitem", "tab"):
            self._raw('<section class="tab">')
            self._raw(f'<p class="tab-title">{escapeHtml(label)}</p>' if label else "")
            self.frames[-1].append(name)

    def _begin_heading(self, name: str, attributes: dict[str, str]) -> None:
        heading = Token("heading_open", name, 1, block=True)
        anchor = anchor_name(attributes.get("id", ""))
        if anchor:
            heading.meta["anchor"] = anchor
        self.out.append(heading)
        self.frames.append([])
        self.pending = []

    def _end_heading(self) -> None:
        if self.pending is None:
            return
        self._close_all(self.frames.pop())
        children, self.pending = self.pending, None
        text = "".join(child.content for child in children if child.type == "text")
        tag = next(token.tag for token in reversed(self.out) if token.type == "heading_open")
        self.out.append(Token("inline", "", 0, content=text, children=children))
        self.out.append(Token("heading_close", tag, -1, block=True))


def _address(attributes: dict[str, str], name: str) -> str:
    """Read an address as browsers do, to which /\\other.example is //other.example."""
    written = attributes.get(name, "").strip()
    path = re.split("[?#]", written, maxsplit=1)[0]
    return path.replace("\\", "/") + written[len(path) :]


def _is_visible(token: Token) -> bool:
    if token.type in ("text", "softbreak", "hardbreak"):
        return bool(token.content.strip())
    return token.type != "html_inline" or not re.fullmatch(r"</?a\b[^>]*>", token.content)
