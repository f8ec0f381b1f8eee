"""The meaning of links in a course: a lesson, a file, or nothing, with the reason."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from domain.base.text import composed
from domain.base.word_folding import fold
from domain.portable.lesson_files import find_lesson, is_lesson, without_ending
from domain.portable.model import NewCourse, NewLesson
from domain.portable.recordings import missing
from domain.portable.source import Source

NOWHERE = "Some links lead nowhere. They were left as they are."
TO_A_FOLDER = "Some links lead to folders without a lesson. They were left as they are."
OUTSIDE = "Some links lead out of the folder. They were left as they are."
FROM_THE_ROOT = "Some links begin at the root of another site. They were left as they are."
NO_LESSON = "Some links lead to texts that are no lessons of this course. They were left as they are."
MISSING_PICTURES = "Some pictures are missing."
_OWN = re.compile(
    r"/(?:courses|learn|pictures|categories|creators|search|images|studio|account|media)(?:[/?#]|$)"
)
_ROOTS = ("", "static", "public", "docs", "content", "src", "assets", "source")
_PICTURE = re.compile(r"\.(?:png|jpe?g|webp|gif|svg|avif|bmp|tiff?|ico)$", re.IGNORECASE)


@dataclass(frozen=True)
class Target:
    """The meaning of a link: `lesson`, or `file`; or neither, and why: a sentence and its kind."""

    lesson: NewLesson | None = None
    file: str = ""
    sentence: str = ""
    kind: str = ""


@dataclass
class Targets:
    """Looks up links among the files and lessons of one course."""

    source: Source
    course: NewCourse
    lessons: dict[str, NewLesson] = field(default_factory=dict)
    _addresses: dict[str, NewLesson] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _firsts: dict[str, NewLesson] = field(default_factory=dict)  # of each folder, at any depth
    _folders: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for lesson in self.course.lessons():
            if lesson.file:
                self.lessons[lesson.file] = lesson
                for folder in _folders_of(lesson.file):
                    self._firsts.setdefault(folder, lesson)
            for address in lesson.addresses:
                self._addresses.setdefault(_address(address), lesson)
        for file, first in self.course.introductions.items():
            if first in self.lessons:
                self.lessons.setdefault(file, self.lessons[first])
        for name in self.source.names:
            self._folders.update(_folders_of(name))
            self._names.setdefault(fold(PurePosixPath(name).name), name)
            if name in self.lessons:
                self._names.setdefault(fold(PurePosixPath(without_ending(name)).name), name)
        for lesson in self.course.lessons():
            self._names.setdefault(fold(lesson.title), lesson.file)

    def is_own(self, path: str) -> bool:
        """Tell whether a path from the root is a page of this site, not a file of the course."""
        return _OWN.match(path) is not None and not any(self._files(path))

    def find(self, path: str, file: str) -> Target:
        """Find what `path` means in `file`; both without query and fragment."""
        paths = list(self._candidates(path, file))
        for name in paths:
            if name in self.lessons:
                return Target(self.lessons[name])
            if name == self.course.readme or name in self.source.names and not is_lesson(name):
                return Target(file=name)
        for name in paths:
            if self.course.readme and find_lesson(self.source.names, name) == self.course.readme:
                return Target(file=self.course.readme)
            if found := self.lesson_at(name):
                return Target(found)
        if known := self._addresses.get(_address(path)):
            return Target(known)
        if not paths:
            return Target(sentence=f"{path[:100]} points outside the folder.", kind=OUTSIDE)
        return self._nothing(paths[0], path)

    def named(self, name: str) -> Target:
        """Find what the name in a wiki link means: a title, or a file with or without its ending and path."""
        written = name.strip().strip("/")
        for path in (written, self._names.get(fold(PurePosixPath(written).name), "")):
            if path in self.lessons:
                return Target(self.lessons[path])
            if path in self.source.names:
                return Target(file=path)
        sentence = f"There is no lesson or file called {written[:100]}."
        return Target(sentence=sentence, kind=MISSING_PICTURES if _PICTURE.search(written) else NOWHERE)

    def lesson_at(self, name: str) -> NewLesson | None:
        """Find the lesson that a path without its ending, with `.html`, or of a folder means."""
        meant = find_lesson(self.source.names, name)
        if meant in self.lessons:
            return self.lessons[meant]
        return self._firsts.get(name.rstrip("/"))

    def _candidates(self, path: str, file: str) -> Iterator[str]:
        path = composed(path)
        if path.startswith("/"):
            yield from self._files(path)
            yield posixpath.normpath(path.strip("/"))
            return
        here = posixpath.dirname(file)
        for folder in dict.fromkeys((here, without_ending(file))):
            name = posixpath.normpath(posixpath.join(folder, path))
            if not name.startswith(("../", "/")) and name != "..":
                yield name
            elif folder == here:
                return

    def _files(self, path: str) -> Iterator[str]:
        """Yield the files and folders that a path from the root may mean: sites have several roots."""
        bare = posixpath.normpath(path.strip("/"))
        for root in _ROOTS:
            name = posixpath.normpath(posixpath.join(root, bare))
            if name in self.source.names or find_lesson(self.source.names, name) or self.lesson_at(name):
                yield name

    def _nothing(self, name: str, path: str) -> Target:
        if _PICTURE.search(name):
            return Target(sentence=missing(self.source, name), kind=MISSING_PICTURES)
        if name in self.source.names or find_lesson(self.source.names, name):
            return Target(sentence=f"{name} is no lesson of this course.", kind=NO_LESSON)
        if name == "." or name in self._folders:
            return Target(sentence=f"{name} is a folder without a lesson.", kind=TO_A_FOLDER)
        if path.startswith("/"):
            return Target(sentence=f"{path[:100]} is no file of this folder.", kind=FROM_THE_ROOT)
        return Target(sentence=missing(self.source, name), kind=NOWHERE)


def _folders_of(file: str) -> list[str]:
    return [str(folder) for folder in PurePosixPath(file).parents][:-1]


def _address(path: str) -> str:
    return without_ending(re.sub(r"\.html?$", "", path.strip("/"))).lower()
