"""Finding the table of contents that came with a course, and the files that its entries mean."""

import fnmatch
import json
import posixpath
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from domain.base.text import composed, natural_order
from domain.portable import Findings, InvalidCourse
from domain.portable.formats import yaml_values
from domain.portable.formats.front_matter import plain_line, words
from domain.portable.lesson_files import LessonFile, find_lesson, is_lesson, without_ending
from domain.portable.outlines import Node, site_files, summary
from domain.portable.source import Source, text_of

Reader = Callable[[str], LessonFile | None]
Arrange = Callable[[list[str]], list[Node]]
_TABLES = ("summary.md", "mkdocs.yml", "mkdocs.yaml", "_toc.yml", "_toc.yaml", "_quarto.yml", "_quarto.yaml",
           "sidebars.json", "sidebars.js", "sidebars.ts")  # fmt: skip
_SITES = (*_TABLES[1:7], "book.toml", "book.json", "_config.yml", "_config.yaml", "hugo.toml", "config.toml")


@dataclass
class Contents:
    """A table of contents: its file, and nodes whose files exist."""

    file: str
    nodes: list[Node]


@dataclass
class Site:
    """The words of a site's settings about the course; `files` are those that were read."""

    title: str = ""
    description: str = ""
    language: str = ""
    tags: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


def find(source: Source, get: Reader, arrange: Arrange, findings: Findings) -> Contents | None:
    """Find the table of contents that is nearest to the top and names lessons; None without one."""
    named = [name for name in source.names if PurePosixPath(name).name.lower() in _TABLES]
    kinds = {name: _TABLES.index(PurePosixPath(name).name.lower()) for name in named}
    named.sort(key=lambda name: (name.count("/"), kinds[name], natural_order(name)))
    for name in named[:20]:
        nodes = _Table(source, name, get, arrange, findings).nodes()
        if any(list(node.files()) for node in nodes):
            return Contents(name, nodes)
    return None


def site(source: Source) -> Site:
    """Read title, description and language from the settings of a site at the top of the folder."""
    found = Site()
    for name in (name for name in _SITES if name in source.names):
        data = _data(source, name)
        if not isinstance(data, dict):
            continue
        inner = [data.get(key) for key in ("book", "website", "project")]
        for part in [data, *(one for one in inner if isinstance(one, dict))]:
            found.title = found.title or plain_line(part.get("site_name") or part.get("title"))
            said = part.get("site_description") or part.get("description") or part.get("subtitle")
            found.description = found.description or plain_line(said)
            said = part.get("language") or part.get("lang") or part.get("languageCode")
            found.language = found.language or plain_line(said)
            found.tags = found.tags or words(part.get("keywords"))
        found.files.append(name)
    return found


def _data(source: Source, name: str) -> Any:
    try:
        text = text_of(source, name)
        if name.endswith(".toml"):
            return tomllib.loads(text[: yaml_values.MAX_BYTES])
        return json.loads(text) if name.endswith(".json") else yaml_values.load(text)[0]
    except (InvalidCourse, ValueError, RecursionError):
        return None


class _Table:
    """One table of contents, whose entries are looked up among the files."""

    def __init__(self, source: Source, file: str, get: Reader, arrange: Arrange, findings: Findings) -> None:
        self.source, self.file, self.get, self.arrange = source, file, get, arrange
        self.findings = findings
        self.base = posixpath.dirname(file)
        self.seen: set[str] = set()
        self.ids: dict[str, str] = {}
        self.automatic: list[Node] = []

    def nodes(self) -> list[Node]:
        """Read the nodes that lead to files."""
        resolved = self._resolved(self._written(), 0)
        self._fill_automatic()
        return _without_empty(resolved)

    def _written(self) -> list[Node]:
        kind = PurePosixPath(self.file).name.lower()
        try:
            text = text_of(self.source, self.file)
            if kind == "summary.md":
                return summary.parse(text)
            if kind.startswith("sidebars."):
                return self._docusaurus(text)
            data, _repeated = yaml_values.load(text)
        except (InvalidCourse, yaml_values.NotYamlError):
            sentence = "This table of contents can’t be read, so the folders give the order."
            self.findings.note(self.file, sentence)
            return []
        if kind.startswith("mkdocs"):
            inside = plain_line(data.get("docs_dir")) if isinstance(data, dict) else ""
            self.base = posixpath.normpath(posixpath.join(self.base, inside or "docs"))
            return site_files.mkdocs(data)
        return site_files.jupyter_book(data) if kind.startswith("_toc") else site_files.quarto(data)

    def _docusaurus(self, text: str) -> list[Node]:
        nodes = site_files.docusaurus(text)
        if nodes is None:
            sentence = "This is a program, not plain data, so the folders give the order."
            self.findings.note(self.file, sentence)
            return []
        beside = posixpath.join(self.base, "docs")
        if any(name.startswith(f"{beside}/") for name in self.source.names):
            self.base = beside
        for name in filter(is_lesson, self.source.names):
            path = self._inside(name)
            if path is not None:
                bare = without_ending(path)
                self.ids.setdefault(bare, name)
                self.ids.setdefault(re.sub(r"(^|/)[0-9]+\s*[._-]+\s*", r"\1", bare), name)
                read = self.get(name)
                for other in read.front.addresses if read else []:
                    self.ids.setdefault(posixpath.join(posixpath.dirname(bare), other), name)
        return nodes

    def _inside(self, name: str) -> str | None:
        if not self.base or self.base == ".":
            return name
        return name.removeprefix(f"{self.base}/") if name.startswith(f"{self.base}/") else None

    def _resolved(self, nodes: list[Node], deep: int) -> list[Node]:
        found = []
        for node in nodes:
            if node.file == site_files.AUTOMATIC:
                self.automatic.append(node)
            elif node.file:
                node.file = self._file(node)
            node.children = self._resolved(node.children, deep + 1)
            found.append(node)
        return found

    def _file(self, node: Node) -> str:
        """Find the file that an entry means; "" if there is none, which is noted."""
        written = unquote(node.file).partition("#")[0]
        if re.match(r"[a-zA-Z][a-zA-Z0-9+.\-]*:", written) or written.startswith("//"):
            kind = f"{self.file} links to other sites; those links were left out."
            self.findings.note(self.file, f"The link to {written[:160]} was left out.", kind=kind)
            return ""
        path = posixpath.normpath(posixpath.join(self.base, composed(written.lstrip("/"))))
        name = self.ids.get(written) or (find_lesson(self.source.names, path) if path != "." else None)
        if not written:
            return ""
        if name is None:
            kind = f"{self.file} names files that aren’t there; those entries were left out."
            self.findings.note(self.file, f"There is no file {path[:160]}.", kind=kind)
            return ""
        if name in self.seen:
            kind = f"{self.file} names files more than once; the first place counts."
            self.findings.note(self.file, f"{name} is named again.", kind=kind)
            return ""
        self.seen.add(name)
        return name

    def _fill_automatic(self) -> None:
        """Give the entries that stand for a folder or a pattern the files that no other entry names."""
        for node in self.automatic:
            path = posixpath.normpath(posixpath.join(self.base, node.title))
            if any(sign in path for sign in "*?["):
                names = [name for name in self.source.names if fnmatch.fnmatchcase(name, f"{path}*")]
            else:
                names = [n for n in self.source.names if path == "." or n.startswith(f"{path}/")]
            names = [name for name in names if is_lesson(name) and name not in self.seen]
            self.seen.update(names)
            node.title, node.file = "", ""
            node.children = self.arrange(names) if names else []


def _without_empty(nodes: list[Node]) -> list[Node]:
    """Drop entries that lead nowhere; the nodes of an automatic entry take its place."""
    found: list[Node] = []
    for node in nodes:
        node.children = _without_empty(node.children)
        found += [node] if node.title or node.file else node.children
    return [node for node in found if node.file or node.children]
