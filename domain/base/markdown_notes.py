"""Rules for markdown-it: notes, folded details and tabs, in the spellings of the usual tools.

GitHub and Obsidian write `> [!NOTE]`; Docusaurus, VitePress and Quarto `:::note`; MkDocs `!!! note`,
`??? note` and `=== "Tab"`; MyST ```` ```{note} ````. All of them become tokens `note`. The lines of a note
are parsed where they stand, so that none is read twice.
"""

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

KINDS = {
    "note": "note info abstract summary tldr seealso quote cite example todo question help faq admonition "
            "details collapse dropdown spoiler callout exercise solution topic",
    "tip": "tip hint success check done",
    "important": "important",
    "warning": "warning attention",
    "caution": "caution danger error failure fail missing bug",
}  # fmt: skip
NOTES = {name: kind for kind, names in KINDS.items() for name in names.split()}
TITLES = {
    "seealso": "See also",
    "tldr": "In short",
    "faq": "Questions",
    "admonition": "Note",
    "callout": "Note",
}
FOLDED = {"details", "collapse", "dropdown", "spoiler"}
TABS = {"tab", "tab-item"}
DEEPEST = 12  # notes inside each other
_ALERT = re.compile(r"\[!(?P<name>[A-Za-z]+)\](?P<fold>[+-]?)[ \t]*(?P<title>[^\n]*)(?:\n|\Z)")
_INDENTED = re.compile(
    r"(?P<mark>!!!|\?\?\?\+?)[ \t]*(?P<name>[\w-]+)(?P<rest>.*)|===[!+]{0,2}[ \t]+(?P<tab>[\"'].*)"
)
_COLONS = re.compile(r"(?P<mark>:{3,})[ \t]*(?P<head>[^\s:].*)")
_COLONS_END = re.compile(r":{3,}[ \t]*\Z")
_DIRECTIVE = re.compile(r"(?P<mark>`{3,}|~{3,}|:{3,})[ \t]*\{(?P<name>[a-z\-]+)\}(?P<rest>[^`]*)\Z")
_FENCE = re.compile(r"(`{3,}|~{3,})")
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_ATTRIBUTE = re.compile(r"(title|collapse|name|label)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s}]+))")
_OPTION = re.compile(r":(?P<key>[a-z\-]+):(?P<value>.*)\Z")
_ALTERNATIVES: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}


@dataclass(frozen=True)
class Box:
    """The form of a marked part of a text: `kind` is one of KINDS, "tab", or "" for its content alone."""

    kind: str
    title: str = ""
    folded: bool = False
    opened: bool = False


def notes(parser: MarkdownIt) -> None:
    """Add the rules to `parser`."""
    parser.block.ruler.before("fence", "colons", _colons, _ALTERNATIVES)
    parser.block.ruler.before("fence", "directive", _directive, _ALTERNATIVES)
    parser.block.ruler.before("fence", "indented_note", _indented, _ALTERNATIVES)
    parser.block.ruler.before("fence", "tab_line", _tab_line, _ALTERNATIVES)
    parser.core.ruler.after("block", "alerts", _alerts)


def box(name: str, title: str, folded: bool = False, opened: bool = False) -> Box:
    """Choose what a part named `name` becomes; an unknown name gives its content alone."""
    known = name.lower().removeprefix("callout-")
    if known in TABS:
        return Box("tab", title)
    if known not in NOTES:
        return Box("")
    shown = title or TITLES.get(known) or known.capitalize()
    return Box(NOTES[known], shown, folded or known in FOLDED, opened)


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _colons(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    found = None if state.is_code_block(start) else _COLONS.match(_line(state, start))
    if not found or _COLONS_END.fullmatch(found["head"]):
        return False
    if not silent:
        last = _end_of_colons(state, start, end)
        _put(state, _colon_box(found["head"]), start, (start + 1, last), min(last + 1, end))
    return True


def _end_of_colons(state: StateBlock, start: int, end: int) -> int:
    """Find the line of colons that closes the part; those in code don't count, those inside are counted."""
    depth, fence = 1, ""
    for line in range(start + 1, end):
        text = _line(state, line)
        if text and state.sCount[line] < state.blkIndent:
            return line
        if text.startswith(("```", "~~~")):
            mark = _FENCE.match(text)
            if mark and not fence:
                fence = mark[1]
            elif mark and text.rstrip() == mark[1] and mark[1].startswith(fence):
                fence = ""
        elif text.startswith(":::") and not fence:
            depth += -1 if _COLONS_END.match(text) else 1
            if not depth:
                return line
    return end


def _colon_box(head: str) -> Box:
    """Read what follows colons: `note Title`, `note[Title]`, `{note} Title`, `{.callout-tip title="…"}`."""
    found = re.match(r"\{(?P<inner>[^}]*)\}(?P<rest>.*)|(?P<name>[\w-]+)(?P<after>.*)", head)
    if not found:
        return Box("")
    values = {key: a or b or c for key, a, b, c in _ATTRIBUTE.findall(head)}
    folded = values.get("collapse") == "true"
    if found["inner"] is not None:
        names = re.findall(r"(?<![\w-])[.]?([A-Za-z][\w-]*+)(?=[\s}]|\Z)", found["inner"])
        name = next((name for name in names if box(name, "").kind), "")
        return box(name, values.get("title") or found["rest"].strip(" \t:"), folded)
    title = re.sub(r"\{[^{}]*\}", "", found["after"]).strip(" \t:")
    if title.startswith("[") and title.endswith("]"):
        title = title[1:-1]
    return box(found["name"], values.get("title") or title, folded)


def _directive(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a directive of MyST between backticks, such as ```{note}."""
    found = None if state.is_code_block(start) else _DIRECTIVE.match(_line(state, start))
    if not found or found["mark"].startswith(":") or found["name"] not in NOTES.keys() | TABS | {"tab-set"}:
        return False
    if silent:
        return True
    mark, last = found["mark"], start + 1
    while last < end and not re.fullmatch(rf"{mark}{mark[0]}*\s*", _line(state, last)):
        last += 1
    first, title, folded = start + 1, found["rest"].strip(), False
    while first < last and (option := _OPTION.match(_line(state, first))):
        folded = folded or (option["key"] == "class" and "dropdown" in option["value"])
        first += 1
    _put(state, box(found["name"], title, folded), start, (first, last), min(last + 1, end))
    return True


def _indented(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a note or a tab of MkDocs, whose content is indented by four."""
    found = None if state.is_code_block(start) else _INDENTED.fullmatch(_line(state, start).rstrip())
    if not found:
        return False
    last, after = start + 1, start + 1
    while last < end and (state.isEmpty(last) or state.sCount[last] >= state.blkIndent + 4):
        last += 1
        after = after if state.isEmpty(last - 1) else last
    if after == start + 1:
        return False
    if not silent:
        quoted = _QUOTED.search(found["rest"] or found["tab"] or "")
        title = (quoted[1] or quoted[2] or "") if quoted else ""
        if found["tab"]:
            made = Box("tab", title)
        else:
            made = box(found["name"], title, found["mark"][0] == "?", found["mark"] == "???+")
            made = made if made.kind else Box("note", title or found["name"].capitalize())
        _put(state, made, start, (start + 1, after), after, indent=4)
    return True


def _tab_line(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read `@tab Title`, which VuePress has inside `::: tabs`."""
    found = (
        re.fullmatch(r"@tab(?::\w+)?[ \t]+(.+?)\s*", _line(state, start)) if state.env.get("boxes") else None
    )
    if not found or state.is_code_block(start):
        return False
    if not silent:
        _title(state, found[1], "tab-title", "p", start)
        state.line = start + 1
    return True


def _put(
    state: StateBlock, made: Box, start: int, inner: tuple[int, int], after: int, indent: int = 0
) -> None:
    """Emit the tokens of a part, parsing its lines `inner` in place, and go on at line `after`."""
    depth = state.env.get("boxes", 0)
    made = made if depth < DEEPEST else Box("")
    before = state.lineMax, state.parentType, state.blkIndent
    state.env["boxes"] = depth + 1
    tag = "details" if made.folded else "section" if made.kind == "tab" else "aside"
    if made.kind:
        token = state.push("note_open", tag, 1)
        token.map, token.meta = [start, after], {"box": made}
        if made.title:
            _title(
                state, made.title, "tab-title" if made.kind == "tab" else "note-title",
                "summary" if made.folded else "p", start,
            )  # fmt: skip
    state.lineMax, state.blkIndent = inner[1], state.blkIndent + indent
    state.parentType = "container"
    if depth < 2 * DEEPEST:
        state.md.block.tokenize(state, inner[0], inner[1])
    state.lineMax, state.parentType, state.blkIndent = before
    if made.kind:
        state.push("note_close", tag, -1)
    state.env["boxes"] = depth
    state.line = after


def _title(state: StateBlock, title: str, named: str, tag: str, line: int) -> None:
    state.push("note_title_open", tag, 1).attrs = {"class": named}
    inline = state.push("inline", "", 0)
    inline.content, inline.children, inline.map = title, [], [line, line + 1]
    state.push("note_title_close", tag, -1)


def _alerts(state: StateCore) -> None:
    """Turn block quotes that begin with [!NOTE] or the like into notes."""
    tokens = state.tokens
    opened: list[Box | None] = []
    made: list[Token] = []
    skip = 0
    for at, token in enumerate(tokens):
        if skip:
            skip -= 1
        elif token.type == "blockquote_open":
            found = _alert(tokens, at)
            opened.append(found)
            if found is None:
                made.append(token)
                continue
            made += _alert_head(found, token)
            if not tokens[at + 2].content:
                skip = 3
        elif token.type == "blockquote_close" and (found := opened.pop()):
            made.append(Token("note_close", "details" if found.folded else "aside", -1, block=True))
        else:
            made.append(token)
    state.tokens = made


def _alert(tokens: list[Token], at: int) -> Box | None:
    """Read the first line of the block quote at `at`, and remove it if it makes it a note."""
    if len(tokens) <= at + 2 or tokens[at + 1].type != "paragraph_open":
        return None
    found = _ALERT.match(tokens[at + 2].content)
    made = (
        box(found["name"], found["title"].strip(), bool(found["fold"]), found["fold"] == "+")
        if found
        else None
    )
    if not found or not made or made.kind in ("", "tab"):
        return None
    tokens[at + 2].content = tokens[at + 2].content[found.end() :]
    return made


def _alert_head(made: Box, quote: Token) -> list[Token]:
    tag = "summary" if made.folded else "p"
    opening = Token("note_open", "details" if made.folded else "aside", 1, map=quote.map, block=True)
    opening.meta = {"box": made}
    return [
        opening,
        Token("note_title_open", tag, 1, attrs={"class": "note-title"}, block=True),
        Token("inline", "", 0, content=made.title, children=[], map=quote.map, block=True),
        Token("note_title_close", tag, -1, block=True),
    ]
