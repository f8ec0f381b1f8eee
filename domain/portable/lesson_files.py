"""The files that can be lessons, each read once: its front matter and its text as Markdown."""

import io
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from domain.base.text import markdown_source, one_line
from domain.portable import Findings, InvalidCourse, broken
from domain.portable.formats import front_matter, mdx, notebooks
from domain.portable.formats.front_matter import FrontMatter
from domain.portable.markdown_links import unknown_syntax, without_templates
from domain.portable.source import Source, text_of

ENDINGS = (".md", ".markdown", ".mdown", ".mkdn", ".mkd", ".mdx", ".qmd", ".rmd", ".ipynb")
INDEXES = ("_index", "index", "readme")
# Folders of generators and package managers, and Jekyll's that hold no pages
_NO_LESSONS = {"node_modules", "venv", "__pycache__", "site-packages", "vendor"}
_PAGES = {"_chapters", "_docs", "_episodes", "_lessons", "_pages", "_posts", "_tutorials"}
_ABOUT_THE_FOLDER = {
    "changelog", "code_of_conduct", "code-of-conduct", "contributing", "contributors", "license", "licence",
    "maintainers", "notice", "security", "support", "summary", "pull_request_template", "issue_template",
}  # fmt: skip
_NUMBER = re.compile(r"^[0-9]+(?:[.)](?=[\s_-]|$)|[\s._)-]+|$)[\s._-]*")


@dataclass
class LessonFile:
    """A file read: its front matter, its text, and the line on which that begins."""

    file: str
    front: FrontMatter
    body: str
    first_line: int


class Expanded:
    """A source with the pictures of notebooks as files beside them; `read` are the files that were opened."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._spool = tempfile.TemporaryFile(prefix="lectern-import-")  # noqa: SIM115 - closed with the source
        self._added: dict[str, tuple[int, int]] = {}
        self.names: dict[str, int] = dict(source.names)
        self.read: set[str] = set()

    def open(self, name: str) -> BinaryIO:
        """Open a file, as Source.open."""
        self.read.add(name)
        if name not in self._added:
            return self._source.open(name)
        offset, size = self._added[name]
        self._spool.seek(offset)
        return io.BytesIO(self._spool.read(size))

    def add(self, name: str, content: bytes) -> None:
        """Add a file, unless there is one of this name."""
        if name not in self.names:
            self._added[name] = (self._spool.seek(0, io.SEEK_END), len(content))
            self._spool.write(content)
            self.names[name] = len(content)

    @property
    def given(self) -> list[str]:
        """List the files that came with the course."""
        return [name for name in self.names if name not in self._added]

    def close(self) -> None:
        """Remove the added files."""
        self._spool.close()


class LessonFiles:
    """Reads each lesson file of a source once."""

    def __init__(self, source: Expanded, findings: Findings) -> None:
        self.source, self.findings = source, findings
        self._read: dict[str, LessonFile | None] = {}

    def get(self, name: str) -> LessonFile | None:
        """Read a file; None if it can't be, which is then among the problems."""
        if name not in self._read:
            try:
                self._read[name] = self._load(name)
            except InvalidCourse as trouble:
                self.findings.problems.extend(trouble.problems)
                self._read[name] = None
        return self._read[name]

    def _load(self, name: str) -> LessonFile:
        problems, notes = self.findings.problems, self.findings.notes
        text = self._notebook(name) if name.lower().endswith(".ipynb") else text_of(self.source, name)
        front, body, above = front_matter.split(text, name, problems, notes)
        if name.lower().endswith(".mdx"):
            body = mdx.to_markdown(body, name, notes)
        if front.place and body.startswith("\n"):
            body, above = body[1:], above + 1
        body = without_templates(markdown_source(body.removesuffix("\n")))
        for line, kind in unknown_syntax(body):
            self.findings.note(
                name, f"{kind} can’t be used here and learners see the text as written.", above + line
            )
        return LessonFile(name, front, body, above + 1)

    def _notebook(self, name: str) -> str:
        if self.source.names[name] > notebooks.MAX_BYTES:
            raise broken(f"This notebook is too large: {self.source.names[name] // 1000:,} kB.", name)
        with self.source.open(name) as file:
            content = file.read(notebooks.MAX_BYTES + 1)
        try:
            made = notebooks.read(content, name, self.findings.notes)
        except notebooks.NotANotebookError as error:
            raise broken("This isn’t a notebook that can be read.", name) from error
        for picture, drawn in made.pictures.items():
            self.source.add(str(PurePosixPath(name).with_name(picture)), drawn)
        return made.front_matter + made.text


def is_lesson(name: str) -> bool:
    """Tell whether a file can be a lesson: Markdown or a notebook, and no other program's own."""
    *folders, file = PurePosixPath(name).parts
    stem, ending = _split(file)
    if ending not in ENDINGS or stem.startswith("_") and stem not in INDEXES:
        return False
    if any(part.startswith("_") and part.lower() not in _PAGES or part in _NO_LESSONS for part in folders):
        return False
    return bool(folders) or stem not in _ABOUT_THE_FOLDER


def is_index(name: str) -> bool:
    """Tell whether a file speaks for its folder: README, index, _index."""
    return _split(PurePosixPath(name).name)[0] in INDEXES


def without_ending(name: str) -> str:
    """Remove the ending of a lesson file from its path."""
    ending = _split(PurePosixPath(name).name)[1]
    return name[: -len(ending)] if ending in ENDINGS else name


def _split(file: str) -> tuple[str, str]:
    path = PurePosixPath(file)
    return path.stem.lower(), path.suffix.lower()


def readable_name(name: str, fallback: str) -> str:
    """Make a title from the name of a file or folder: `02-first_steps` gives “First steps”."""
    last = PurePosixPath(without_ending(name)).name if name != "." else ""
    words = re.sub(r"[_-]+", " ", _NUMBER.sub("", last))
    words = re.sub(r"(?<=[a-z]{3})(?=[0-9]{1,3}$)", " ", words)
    title = one_line(words)
    number = re.match(r"0*([0-9]{1,6})", last)
    if not title:
        return f"{fallback} {number[1]}" if number and number[1] != "0" else fallback
    return title[:1].upper() + title[1:]


def find_lesson(names: Mapping[str, int], path: str) -> str | None:
    """Find the lesson file that `path` means, which may lack its ending, have `.html`, or name a folder."""
    path = path.strip("/")
    if path in names and is_lesson(path):
        return path
    bare = re.sub(r"\.html?$", "", path)
    for base in dict.fromkeys((bare, without_ending(bare))):
        for ending in ENDINGS:
            if (name := f"{base}{ending}") in names:
                return name
    folder = "" if path in ("", ".") else f"{re.sub(r'/index$', '', bare)}/"
    for stem in ("index", "README", "readme", "_index", "Readme", "Index", "ReadMe"):
        for ending in ENDINGS:
            if (name := f"{folder}{stem}{ending}") in names:
                return name
    return None
