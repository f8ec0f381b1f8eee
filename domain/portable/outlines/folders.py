"""The outline of folders: README or index first, then by stated order, then by the numbers in names."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from domain.authoring import curriculum
from domain.base.text import natural_order, paragraphs
from domain.portable import Findings, InvalidCourse
from domain.portable.formats import yaml_values
from domain.portable.formats.front_matter import number, plain_line, plain_text
from domain.portable.lesson_files import LessonFile, is_index, readable_name
from domain.portable.markdown_links import without_comments
from domain.portable.outlines import Node
from domain.portable.source import Source, text_of

CATEGORY_FILES = ("_category_.json", "_category_.yml", "_category_.yaml")
_LINK = re.compile(r"!?\[[^\]\n]{0,300}\](?:\([^()\n]*\)|\[[^\]\n]{0,300}\])|<https?://[^<>\s]+>")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|[0-9]{1,9}[.)])[ \t]+")
_RULE = re.compile(r"[ \t]*(?:#{1,6}([ \t]|$)|[-=*_]{3,}[ \t]*$|<!--.*-->[ \t]*$|\|)")


@dataclass
class _Folder:
    """A folder with lessons: its files and folders by name."""

    name: str
    files: list[str] = field(default_factory=list)
    folders: dict[str, "_Folder"] = field(default_factory=dict)


def outline(
    names: list[str],
    get: Callable[[str], LessonFile | None],
    title_of: Callable[[LessonFile], str],
    source: Source,
    findings: Findings,
    introductions: dict[str, str],
) -> list[Node]:
    """Arrange the lesson files `names`.

    A folder's README that has only headings and links is no lesson: it names the module, and `introductions`
    maps it to the lesson that comes first there.
    """
    top = _Folder("")
    for name in names:
        folder = top
        for part in PurePosixPath(name).parts[:-1]:
            path = f"{folder.name}/{part}" if folder.name else part
            folder = folder.folders.setdefault(part, _Folder(path))
        folder.files.append(name)
    return _Arranger(get, title_of, source, findings, introductions).inside(_deepest_alone(top)).children


def _deepest_alone(folder: _Folder) -> _Folder:
    """Go down while a folder holds nothing but one folder, such as `docs`, that isn't a module itself."""
    while not folder.files and len(folder.folders) == 1:
        [inner] = folder.folders.values()
        if not inner.folders:
            break
        folder = inner
    return folder


@dataclass
class _Arranger:
    get: Callable[[str], LessonFile | None]
    title_of: Callable[[LessonFile], str]
    source: Source
    findings: Findings
    introductions: dict[str, str]

    def inside(self, folder: _Folder) -> Node:
        """Build the node of a folder."""
        index = self._index(folder)
        about = _category(self.source, folder.name, self.findings)
        node = Node(plain_line(about.get("label")), description=_described(about))
        read = self.get(index) if index else None
        if read:
            node.title = node.title or self.title_of(read)
        node.title = node.title or readable_name(folder.name or ".", "Lessons")
        beside = [*folder.files, *(one.name for one in folder.folders.values())]
        numbered = all(_leading(one) is not None or is_index(one) for one in beside)
        children = [(self._key(name, numbered), self._leaf(name)) for name in folder.files if name != index]
        for inner in folder.folders.values():
            children.append((self._key(inner.name, numbered, inner), self.inside(inner)))
        node.children = [child for _key, child in sorted(children, key=lambda pair: pair[0])]
        if index and read:
            first = next((one.file for child in node.children for one in child.files()), "")
            words = _introduction(read.body)
            if words is not None and first:
                self.introductions[index] = first
                node.description = node.description or words[: curriculum.LONGEST_DESCRIPTION]
            else:
                node.children.insert(0, Node(self.title_of(read), index))
        return node

    def _leaf(self, name: str) -> Node:
        read = self.get(name)
        return Node(self.title_of(read) if read else "", name)

    def _index(self, folder: _Folder) -> str:
        own = PurePosixPath(folder.name).name.lower()
        found = [name for name in folder.files if is_index(name)]
        found.sort(key=lambda name: ("_index", "index", "readme").index(PurePosixPath(name).stem.lower()))
        named = [name for name in folder.files if own and PurePosixPath(name).stem.lower() == own]
        return next(iter([*found, *named]), "")

    def _key(self, name: str, numbered: bool, inner: _Folder | None = None) -> tuple[Any, ...]:
        """Build the key by which a file or folder is ordered among its neighbours, all `numbered` or not."""
        order = self._order(inner) if inner else _order_of(self.get(name))
        stem = PurePosixPath(name).name
        leading = _leading(name)
        place = order if order is not None else leading if numbered and leading is not None else None
        is_folder = inner is not None and not numbered
        return (place is None, place or 0, is_folder, natural_order(stem))

    def _order(self, folder: _Folder) -> float | None:
        about = _category(self.source, folder.name, Findings())
        if (position := number(about.get("position"))) is not None:
            return position
        index = self._index(folder)
        return _order_of(self.get(index)) if index else None


def _order_of(file: LessonFile | None) -> float | None:
    return file.front.order if file else None


def _leading(name: str) -> float | None:
    found = re.match(r"(?:[^\W\d_]+[ _-]*)?([0-9]{1,9}(?:\.[0-9]{1,4}(?![0-9.]))?)", PurePosixPath(name).stem)
    return float(found[1]) if found else None


def _category(source: Source, folder: str, findings: Findings) -> Mapping[str, Any]:
    """Read Docusaurus' description of a folder; {} without one."""
    for file in CATEGORY_FILES:
        name = f"{folder}/{file}" if folder else file
        if name not in source.names:
            continue
        try:
            value = json.loads(text_of(source, name)) if file.endswith(".json") else yaml_values.load(
                text_of(source, name)
            )[0]  # fmt: skip
        except (ValueError, RecursionError, InvalidCourse):
            findings.note(name, "This file can’t be read and was left out.")
            return {}
        return value if isinstance(value, dict) else {}
    return {}


def _described(about: Mapping[str, Any]) -> str:
    link = about.get("link")
    written = about.get("description") or (link.get("description") if isinstance(link, dict) else "")
    return plain_text(written)[: curriculum.LONGEST_DESCRIPTION]


def _introduction(body: str) -> str | None:
    """Return the words of a text that has only headings and links, "" if there are none; else None.

    One paragraph may come with them: it describes the module.
    """
    body = without_comments(body, "<!--", "-->")
    words: list[str] = []
    links = 0
    for line in body.split("\n"):
        if _RULE.match(line):
            if line.lstrip().startswith("|"):
                return None
            continue
        rest = _LINK.sub("", _ITEM.sub("", line)).strip(" \t.,;:–—-")
        is_link = _LINK.search(line) is not None and (_ITEM.match(line) is not None or not rest)
        links += is_link
        if line.strip() and not is_link:
            if _ITEM.match(line) or line.startswith(("    ", "```", "~~~", ">", "<")):
                return None
            words.append(line.strip())
        elif not line.strip() and words and words[-1]:
            words.append("")
    said = "\n".join(words).strip()
    if "\n\n" in said or (said and not links):
        return None
    return paragraphs(said)
