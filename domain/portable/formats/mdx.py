"""MDX to Markdown: imports, exports and comments go, components leave the text between their tags."""

import re

from domain.portable import Problem
from domain.portable.markdown_links import without_comments, without_spans

_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})")
_STATEMENT = re.compile(
    r"(?:import\s+(?:[\w*{\"'])|export\s+(?:const|let|var|function|default|async|class|\{|\*))"
)
_TAG = re.compile(
    r"</?([A-Z][\w.]*)\b(?:[^<>{}\"']|\"[^\"]{0,999}\"|'[^']{0,999}'"
    r"|\{[^{}]{0,999}(?:\{[^{}]{0,999}\}[^{}]{0,999}){0,20}\}){0,999}?/?>|</?>"
)
_LABEL = re.compile(r"\b(?:label|title|summary)=(?:\"([^\"]*)\"|'([^']*)')")
_LABELLED = {"TabItem", "Tab", "Accordion", "AccordionItem", "Step", "Details"}


def to_markdown(text: str, file: str, notes: list[Problem]) -> str:
    """Turn MDX into Markdown, line by line the same; notes what was removed."""
    pieces: list[str] = []
    names: dict[str, int] = {}
    statements = 0
    for is_code, block in _blocks(text):
        if is_code:
            pieces.append(block)
            continue
        plain, count = _without_statements(block)
        statements += count
        pieces.append(_without_tags(plain, names))
    if statements:
        notes.append(Problem(file, 0, "MDX imports and exports were removed."))
    removed = "The MDX component <{}> was removed; its text stays."
    notes.extend(Problem(file, 0, removed.format(name)) for name in names)
    return "".join(pieces)


def _blocks(text: str) -> list[tuple[bool, str]]:
    """Split a text into fenced code and everything else; whether it is code, and its lines."""
    found: list[tuple[bool, list[str]]] = [(False, [])]
    fence = ""
    for line in text.splitlines(keepends=True):
        opening = _FENCE.match(line)
        if not fence and opening:
            fence = opening[1]
            found.append((True, [line]))
            continue
        found[-1][1].append(line)
        if fence and opening and opening[1].startswith(fence) and not line[opening.end() :].strip():
            fence = ""
            found.append((False, []))
    return [(is_code, "".join(lines)) for is_code, lines in found]


def _without_statements(block: str) -> tuple[str, int]:
    """Blank out import and export statements, each up to the next blank line or the end of its brackets."""
    lines, removed, inside, depth = block.split("\n"), 0, False, 0
    for number, line in enumerate(lines):
        if not inside and _STATEMENT.match(line):
            inside, depth = True, 0
            removed += 1
        if inside:
            depth += sum(map(line.count, "([{")) - sum(map(line.count, ")]}"))
            blank = not line.strip()
            following = lines[number + 1] if number + 1 < len(lines) else ""
            lines[number] = ""
            inside = not blank and (depth > 0 or not (_STATEMENT.match(following) or not following.strip()))
            if depth <= 0 and line.rstrip().endswith((";", '"', "'", "}")):
                inside = False
    return "\n".join(lines), removed


def _without_tags(block: str, names: dict[str, int]) -> str:
    """Remove components and comments outside of code spans; `names` counts the components."""

    def tag(found: re.Match[str]) -> str:
        name, whole = found[1] or "", found.group()
        kept = "\n" * whole.count("\n")
        if name:
            names[name] = names.get(name, 0) + 1
        label = _LABEL.search(whole) if name in _LABELLED and not whole.startswith("</") else None
        return f"**{label[1] or label[2]}**{kept}" if label and (label[1] or label[2]) else kept

    pieces: list[str] = []
    for paragraph in re.split(r"(\n[ \t]*\n)", without_comments(block, "{/*", "*/}")):
        at = 0
        for found in _TAG.finditer(without_spans(paragraph)):
            pieces += [paragraph[at : found.start()], tag(found)]
            at = found.end()
        pieces.append(paragraph[at:])
    return "".join(pieces)
