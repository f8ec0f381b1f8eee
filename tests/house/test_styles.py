"""Style sheets work in both directions of writing: things are placed at start and end, not left or right."""

import re

import config
from domain.base.markdown_sanitizer import CLASSES

# Written by somebody who meant that side, or where every page has the same direction.
ALLOWED = {
    ("form.css", "no-repeat right 0.7rem center"),
    ("prose.css", "text-align: right"),  # what Markdown calls the right side of a table's column
}
PHYSICAL = re.compile(
    r"(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)|(?<![\w-])(?:left|right)\s*:"
    r"|(?:text-align|float|clear):\s*(?:left|right)|border-(?:top|bottom)-(?:left|right)-radius"
    r"|no-repeat (?:left|right)[^;}]*?center|to (?:left|right)\b"
)
SIDES = re.compile(r"(?<![\w-])(?:margin|padding|inset):\s*((?:[^;{}()]|\((?:[^()]|\([^()]*\))*\))+)")
PART = re.compile(r"(?:[^\s()]|\((?:[^()]|\([^()]*\))*\))+")


def uneven(rule: str) -> bool:
    """Tell whether a shorthand of four values means something else on the left than on the right."""
    parts = [part for part in PART.findall(rule) if part != "!important"]
    return len(parts) == 4 and parts[1] != parts[3]


def test_nothing_is_placed_by_left_or_right() -> None:
    found = set()
    for sheet in sorted((config.ROOT / "static" / "css").glob("*.css")):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.S)
        found |= {(sheet.name, match[0]) for match in PHYSICAL.finditer(text)}
        found |= {(sheet.name, match[0]) for match in SIDES.finditer(text) if uneven(match[1])}
    assert found == ALLOWED


def test_what_is_placed_by_a_side_is_seen() -> None:
    assert PHYSICAL.search("a { margin-left: 0 }")
    assert PHYSICAL.search("a{left:0}")
    assert not PHYSICAL.search("a { inset-inline-start: 0; text-align: start }")
    assert uneven("0 calc(1px + 2px) 0 1px")
    assert not uneven("0 1px 2px")


def test_links_in_texts_wear_no_style_of_something_else() -> None:
    classes = "|".join(sorted(CLASSES["a"] - {"anchor"}))
    worn = re.compile(rf"(?:^|[\s,>(])(?:a)?\.(?:{classes})(?![\w-])")
    found = set()
    for sheet in sorted((config.ROOT / "static" / "css").glob("*.css")):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.S)
        rules = re.findall(r"([^{};]+)\{", text)
        found |= {(sheet.name, rule.strip()) for rule in rules if ".prose" not in rule and worn.search(rule)}
    assert worn.search("  .film ")
    assert not found
