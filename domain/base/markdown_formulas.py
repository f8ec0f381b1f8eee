"""Formulas on their own lines: $$…$$, \\[…\\], an environment such as align, or a fence named math."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore

from domain.base.markdown_inline import MAX_FORMULA, looks_like_formula

_ENDS = {"$$": "$$", "\\[": "\\]"}
_ENVIRONMENTS = (
    r"(?:equation|align|aligned|alignat|gather|gathered|multline|split|eqnarray|cases|[pbBvV]?matrix)\*?"
)
_BEGIN = re.compile(rf"\\begin\{{({_ENVIRONMENTS})\}}")
_LABEL = re.compile(r"(?P<end>\$\$)[ \t]*(?:\([\w:\-]+\)|\{#[\w:\-]+\})\Z")


def block_formulas(parser: MarkdownIt) -> None:
    """Add the rules to `parser`; they make tokens `math`."""
    parser.block.ruler.before(
        "fence", "math_block", _block, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    parser.core.ruler.after("block", "math_fences", _fences)


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start):
        return False
    first = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    begun = _BEGIN.match(first)
    closing = rf"\end{{{begun[1]}}}" if begun else _ENDS.get(first[:2])
    if closing is None:
        return False
    found = _until(state, start, end, closing, 0 if begun else 2)
    if found is None:
        return False
    content, last = found
    body = content[: -len(closing)] if not begun else content
    if not body.strip() or len(body) > MAX_FORMULA or (first[:2] == "\\[" and not looks_like_formula(body)):
        return False
    if not silent:
        token = state.push("math", "math", 0)
        token.content, token.meta, token.block = body.strip(), {"display": True}, True
        token.map = [start, last + 1]
        state.line = last + 1
    return True


def _until(state: StateBlock, start: int, end: int, closing: str, skipped: int) -> tuple[str, int] | None:
    """Collect the lines up to the one that ends with `closing`; a formula has no blank line beside text."""
    lines: list[str] = []
    size = 0
    for line in range(start, end):
        text = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].rstrip()
        if line > start and text and state.sCount[line] < state.blkIndent:
            return None
        text = _LABEL.sub(r"\g<end>", text[skipped:] if line == start else text)
        lines.append(text)
        size += len(text)
        if text.endswith(closing) and not text.endswith("\\" + closing):
            return "\n".join(lines), line
        if closing in text or size > MAX_FORMULA:
            return None
    return None


def _fences(state: StateCore) -> None:
    """Turn fences named math, latex-math or {math} into formulas."""
    for token in state.tokens:
        if token.type == "fence" and re.fullmatch(r"\{?math\}?", token.info.strip()):
            body = re.sub(r"\A(?::[a-z\-]+:.*\n)+", "", token.content)
            if body.strip() and len(body) <= MAX_FORMULA:
                token.type, token.content, token.meta = "math", body.strip(), {"display": True}
