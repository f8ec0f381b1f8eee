"""Anchors of a text: the names that links inside it use, and the ids that stand for them on a page.

The names are those that GitHub and most editors give headings, so that a text's own links work here as there.
On a page, ID_PREFIX keeps them apart from the ids of everything around the text.
"""

import re
import unicodedata
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import unquote

ID_PREFIX = "s-"
LONGEST = 200
_SPACE = re.compile(r"\s+")


def slug(text: str) -> str:
    """Build the name of a heading as GitHub does: letters of every script, digits, hyphens, underscores."""
    kept = (
        letter
        for letter in text[:LONGEST].strip().lower()
        if letter in " -_\u200c\u200d" or unicodedata.category(letter)[0] in "LNM"
    )
    return "".join(kept).replace(" ", "-")


def anchor_name(written: str) -> str:
    """Normalise an id that an author wrote; "" for one that can't be linked to."""
    return "" if _SPACE.search(written.strip()) else written.strip()[:LONGEST]


def claim(env: MutableMapping[str, Any], name: str) -> bool:
    """Take `name` as an anchor of this text; False if it is taken."""
    taken: dict[str, int] = env.setdefault("anchors", {})
    if name in taken:
        return False
    taken[name] = 0
    return True


def claim_numbered(env: MutableMapping[str, Any], name: str) -> str:
    """Take `name`, or with -1, -2 … the first that is free."""
    taken: dict[str, int] = env.setdefault("anchors", {})
    free = name or "section"
    while not claim(env, free):
        taken[name or "section"] += 1
        free = f"{name or 'section'}-{taken[name or 'section']}"
    return free


def target(env: MutableMapping[str, Any], address: str) -> str:
    """Turn a link to an anchor of the same text, "#name", into one to its id; any other stays as it is."""
    if not address.startswith("#"):
        return address
    name = unquote(address[1:])
    taken: dict[str, int] = env.get("anchors", {})
    if name not in taken and name.startswith(ID_PREFIX):
        name = name.removeprefix(ID_PREFIX)
        name = name if name in taken else env.get("former_anchors", {}).get(name, name)
    return f"#{ID_PREFIX}{name}" if name in taken else address


def former_slug(text: str) -> str:
    """Build the name that a heading had before names were GitHub's; texts that were imported link to it."""
    letters = unicodedata.normalize("NFKC", text[:300]).lower()
    return re.sub(r"[\W_]+", "-", letters).strip("-")[:60] or "section"
