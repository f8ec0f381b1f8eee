"""Rules for markdown-it within a paragraph: formulas, emoji by name, and emphasis beside CJK punctuation."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token
from markdown_it.utils import EnvType

MAX_FORMULA = 2_000  # characters
_EMOJI = re.compile(r"(?<![\w:]):([a-z0-9_+\-’'()&.!]{1,60}):(?![\w:])", re.IGNORECASE)
_AMOUNT = re.compile(r"\d[\d.,]*\s+\(?[^\W\d_]{2,}")  # "5 dollars (US" between two dollar signs
_PARENTHESES = re.compile(r"[\\^_={}<>+]|\w\(|\A\s*\w{1,2}\s*\Z")
_BRACKETS = re.compile(r"[\\^_={}<>+]")


def formulas(parser: MarkdownIt) -> None:
    """Read $…$, $$…$$, $`…`$, \\(…\\) and \\[…\\] as formulas: tokens `math` with meta["display"]."""
    parser.inline.ruler.before("escape", "math", _formula)


def _formula(state: StateInline, silent: bool) -> bool:
    found = _dollars(state) if state.src[state.pos] == "$" else _backslash(state)
    if found is None:
        return False
    content, size, display = found
    if not silent:
        state.push("math", "math", 0).content = content.strip()
        state.tokens[-1].meta = {"display": display}
    state.pos += size
    return True


def _dollars(state: StateInline) -> tuple[str, int, bool] | None:
    """Read a formula between dollar signs, by pandoc's rules: prices aren't formulas."""
    src, start, last = state.src, state.pos, state.posMax
    before = src[start - 1] if start else " "
    for mark, end_mark in (("$$", "$$"), ("$`", "`$"), ("$", "$")):
        if not src.startswith(mark, start):
            continue
        begin = start + len(mark)
        end = _find(src, end_mark, begin, min(last, begin + MAX_FORMULA))
        if end < 0:
            return None
        content, after = src[begin:end], src[end + len(end_mark) : end + len(end_mark) + 1]
        if mark != "$":
            return (content, end + len(end_mark) - start, mark == "$$") if content.strip() else None
        is_formula = (
            content
            and not content[0].isspace()
            and not content[-1].isspace()
            and "`" not in content
            and not (before.isascii() and before.isalnum())
            and not (after.isascii() and after.isalnum())
            and not _AMOUNT.match(content)
        )
        return (content, end + 1 - start, False) if is_formula else None
    return None


def _find(src: str, mark: str, begin: int, last: int) -> int:
    """Find `mark` where no backslash escapes it; -1 without."""
    at = src.find(mark, begin, last)
    while at > begin and src[at - 1] == "\\":
        at = src.find(mark, at + 1, last)
    return at


def _backslash(state: StateInline) -> tuple[str, int, bool] | None:
    """Read \\(…\\) and \\[…\\], which are escaped brackets in CommonMark: only what looks like one."""
    opening = state.src[state.pos : state.pos + 2]
    if opening not in ("\\(", "\\["):
        return None
    begin = state.pos + 2
    end = state.src.find("\\)" if opening == "\\(" else "\\]", begin, min(state.posMax, begin + MAX_FORMULA))
    content = state.src[begin:end] if end >= 0 else ""
    is_formula = _PARENTHESES.search(content) if opening == "\\(" else looks_like_formula(content)
    if not content.strip() or not is_formula:
        return None
    return content, end + 2 - state.pos, opening == "\\["


def looks_like_formula(content: str) -> bool:
    """Tell whether what stands between \\[ and \\], which may be escaped brackets, is a formula."""
    return bool(_BRACKETS.search(content))


def emoji_names(state: StateCore) -> None:
    """Replace :rocket: and the like in text, which code isn't; unknown names stay."""
    for token in state.tokens:
        for child in _texts(token):
            if child.content.count(":") > 1:
                child.content = _EMOJI.sub(_named, child.content)


def _named(found: re.Match[str]) -> str:
    return _emoji().get(found[1].lower(), found[0])


def _texts(token: Token) -> Iterator[Token]:
    if token.type == "text":
        yield token
    for child in token.children or ():
        yield from _texts(child)


@lru_cache(maxsize=1)
def _emoji() -> dict[str, str]:
    """Load GitHub's and Unicode's names of emoji, without colons."""
    from emoji import EMOJI_DATA, STATUS  # costs 70 ms and some megabytes, which most texts don't need

    known: dict[str, str] = {}
    for written, data in EMOJI_DATA.items():
        if data["status"] == STATUS["fully_qualified"]:
            for name in (*data.get("alias", ()), data["en"]):
                known.setdefault(name.strip(":").lower(), written)
    return known


class _State(StateInline):
    """An inline state in which emphasis works beside the punctuation of Chinese, Japanese and Korean.

    CommonMark takes **重要。**次 for no emphasis, as a letter follows the closing marks that punctuation
    precedes; these languages have no blanks between words. The rule is that of the "CJK friendly" amendment.
    """

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803
        """Tell whether the marks at `start` can open and close emphasis."""
        end = start
        while end < self.posMax and self.src[end] == self.src[start]:
            end += 1
        before = self.src[start - 1] if start else " "
        after = self.src[end] if end < self.posMax else " "
        before_mark, after_mark = _is_punctuation(before), _is_punctuation(after)
        before_cjk, after_cjk = _is_cjk(before), _is_cjk(after)
        before_blank, after_blank = isWhiteSpace(ord(before)), isWhiteSpace(ord(after))
        left = not after_blank and (not after_mark or after_cjk or before_blank or before_mark or before_cjk)
        right = not before_blank and (not before_mark or before_cjk or after_blank or after_mark or after_cjk)
        can_open = left and (canSplitWord or not right or before_mark)
        can_close = right and (canSplitWord or not left or after_mark)
        return Scanned(can_open, can_close, end - start)


def _is_punctuation(character: str) -> bool:
    return isMdAsciiPunct(ord(character)) or isPunctChar(character)


def _is_cjk(character: str) -> bool:
    """Tell whether a character is wide, which emoji are too, or a joined letter of Korean."""
    code = ord(character)
    if code < 0x1100:
        return False
    return unicodedata.east_asian_width(character) in "WFH" and not 0x1F000 <= code <= 0x1FAFF


class CjkInline(ParserInline):
    """A parser of paragraphs with `_State`."""

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        """Parse `src` and append its tokens to `tokens`."""
        state = _State(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens
