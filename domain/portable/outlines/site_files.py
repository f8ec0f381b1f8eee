"""Tables of contents of site generators: MkDocs, Jupyter Book, Quarto, Docusaurus.

Each gives nodes whose `file` is written as the generator writes it; who asked finds the files.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from domain.portable.formats import yaml_values
from domain.portable.formats.front_matter import plain_line
from domain.portable.outlines import MOST_DEEP, MOST_NODES, Node

AUTOMATIC = "*"  # the file of a node that stands for a folder: its title is the folder's name
_SECTION_KEYS = ("chapters", "sections", "parts", "entries", "subtrees", "contents", "items")


class _Counted:
    """Counts nodes, since aliases of YAML may repeat them."""

    def __init__(self) -> None:
        self.left = MOST_NODES

    def take(self, deep: int) -> bool:
        """Tell whether there may be one more node."""
        self.left -= 1
        return self.left >= 0 and deep < MOST_DEEP


def mkdocs(data: Any) -> list[Node]:
    """Read the `nav` of mkdocs.yml."""
    nav = data.get("nav") if isinstance(data, dict) else None
    return list(_nav(nav, _Counted(), 0))


def _nav(items: Any, count: _Counted, deep: int) -> Iterator[Node]:
    for item in items if isinstance(items, list) else []:
        if not count.take(deep):
            return
        if isinstance(item, str):
            yield Node(file=item)
        elif isinstance(item, dict):
            for title, value in item.items():
                if not count.take(deep):
                    return
                if isinstance(value, str):
                    yield Node(plain_line(title), value)
                else:
                    yield Node(plain_line(title), children=list(_nav(value, count, deep + 1)))


def jupyter_book(data: Any) -> list[Node]:
    """Read a _toc.yml, of any version."""
    count = _Counted()
    if isinstance(data, list):
        return _under_headings(list(_entries(data, count, 0)))
    if not isinstance(data, dict):
        return []
    root = data.get("root")
    first = [Node(file=root)] if isinstance(root, str) else []
    return first + list(_below(data, count, 0))


def _under_headings(nodes: list[Node]) -> list[Node]:
    """Put the entries after a heading below it, as the older format means them."""
    found: list[Node] = []
    for node in nodes:
        is_heading = not node.file and not node.children
        if is_heading or not found or found[-1].file:
            found.append(node)
        else:
            found[-1].children.append(node)
    return found


def quarto(data: Any) -> list[Node]:
    """Read the chapters of _quarto.yml, or the sidebar of its website."""
    if not isinstance(data, dict):
        return []
    count = _Counted()
    book = data.get("book")
    if isinstance(book, dict) and book.get("chapters"):
        appendices = list(_entries(book.get("appendices"), count, 1))
        more = [Node("Appendices", children=appendices)] if appendices else []
        return list(_entries(book["chapters"], count, 0)) + more
    site = data.get("website")
    bars = site.get("sidebar") if isinstance(site, dict) else None
    found: list[Node] = []
    for bar in bars if isinstance(bars, list) else [bars]:
        found += _entries(bar.get("contents"), count, 0) if isinstance(bar, dict) else []
    return found


def _below(entry: dict[str, Any], count: _Counted, deep: int) -> Iterator[Node]:
    for key in _SECTION_KEYS:
        yield from _entries(entry.get(key), count, deep)


def _entries(items: Any, count: _Counted, deep: int) -> Iterator[Node]:
    """Read entries that name files as texts or tables, and sections as tables with entries of their own."""
    for item in items if isinstance(items, list) else [items] if isinstance(items, str) else []:
        if not count.take(deep):
            return
        if isinstance(item, str):
            yield Node(file=item)
        elif isinstance(item, dict):
            yield from _entry(item, count, deep)


def _entry(item: dict[str, Any], count: _Counted, deep: int) -> Iterator[Node]:
    part = item.get("part") or item.get("caption") or item.get("section")
    title = plain_line(item.get("title") or item.get("text") or part)
    file = next((item[key] for key in ("file", "href") if isinstance(item.get(key), str)), "")
    if isinstance(part, str) and "section" not in item and re.search(r"\.\w{2,8}$", part):
        title, file = "", part
    children = list(_below(item, count, deep + 1))
    if isinstance(item.get("glob"), str):
        yield Node(item["glob"], AUTOMATIC)
    elif file or children:
        yield Node(title, file, children)
    elif isinstance(part, str) and title:
        yield Node(title)


def docusaurus(text: str) -> list[Node] | None:
    """Read sidebars.json, or a sidebars.js that is plain data; None if it isn't.

    YAML's flow style is what a literal of JavaScript is, once its comments are gone.
    """
    found = re.search(
        r"(?:module\.exports\s*=|export\s+default|sidebars\s*(?::[^=\n]{1,200})?=)\s*(\{)", text
    )
    written = text[found.start(1) :] if found else text
    end = written.rfind("}")
    plain = re.sub(r"/\*.*?(?:\*/|\Z)|(?:^|(?<=[\s,{\[]))//[^\n]*", "", written[: end + 1], flags=re.DOTALL)
    if found:
        plain = re.split(r"\}[ \t]*+;?[ \t]*+\n\s*+(?:module\.exports|export\s+default)", plain)[0]
        plain = plain if plain.rstrip().endswith("}") else plain + "}"
    plain = re.sub(r"([{,]\s*)([A-Za-z_]\w*)\s*:", r"\1\2: ", plain).replace("\t", " ")
    try:
        data, _repeated = yaml_values.load(plain)
    except yaml_values.NotYamlError:
        return None
    if not isinstance(data, dict) or not all(isinstance(value, (list, dict)) for value in data.values()):
        return None
    count = _Counted()
    bars = [list(_bar(value, count, 0)) for value in data.values()]
    if len(bars) == 1:
        return bars[0]
    names = (re.sub(r"(?<!\s)\s*+sidebar$", "", str(name), flags=re.IGNORECASE) or str(name) for name in data)
    return [Node(_spoken(name), children=bar) for name, bar in zip(names, bars, strict=True) if bar]


def _spoken(name: str) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]+", " ", name).lower().strip()
    return words[:1].upper() + words[1:]


def _bar(items: Any, count: _Counted, deep: int) -> Iterator[Node]:
    if isinstance(items, dict):  # the short form: titles with lists
        pairs = islice(items.items(), max(count.left, 0))
        items = [{title: value} for title, value in pairs] if "type" not in items else [items]
    for item in items if isinstance(items, list) else []:
        if not count.take(deep):
            return
        if isinstance(item, str):
            yield Node(file=item)
        elif not isinstance(item, dict):
            continue
        elif item.get("type") == "category":
            link = item.get("link")
            own = plain_line(link.get("id")) if isinstance(link, dict) else ""
            yield Node(plain_line(item.get("label")), own, list(_bar(item.get("items"), count, deep + 1)))
        elif item.get("type") == "autogenerated":
            yield Node(plain_line(item.get("dirName")) or ".", AUTOMATIC)
        elif item.get("type") in ("doc", "ref"):
            yield Node(plain_line(item.get("label")), plain_line(item.get("id")))
        elif "type" not in item:
            for title, value in item.items():
                if not count.take(deep):
                    return
                yield Node(plain_line(title), children=list(_bar(value, count, deep + 1)))
