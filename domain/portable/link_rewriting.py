"""Rewriting of links on import: relative paths in texts become addresses of this site.

A lesson becomes its page, an image a stored image, any other file a resource of the lesson. Ids are derived
from `seed` (UUIDv5), so that a retry makes the same ones.
"""

import uuid
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import unquote

from domain import Refused
from domain.authoring import resources
from domain.base import markdown
from domain.base.addresses import path_to
from domain.media import upload_rules
from domain.portable import MANIFEST, README, Problem
from domain.portable.markdown_links import Link, github_anchors, rewrite
from domain.portable.model import NewCourse, NewLesson, NewResource
from domain.portable.recordings import missing, resolve
from domain.portable.source import Source
from models import UploadPurpose

PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".gif"}


@dataclass(frozen=True)
class UsedPicture:
    """An image in a text: of a lesson, or of the course's description when `lesson` is None."""

    id: uuid.UUID
    file: str
    lesson: NewLesson | None
    line: int


@dataclass
class LinkRewriter:
    """Rewrites the texts of `course`, which will be at `slug`; collects the files used and the problems."""

    source: Source
    course: NewCourse
    slug: str
    seed: uuid.UUID
    pictures: dict[uuid.UUID, UsedPicture] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    hints: list[Problem] = field(default_factory=list)
    _anchors: dict[str, dict[str, str]] = field(default_factory=dict)
    _lessons: dict[str, NewLesson] = field(default_factory=dict)

    def turn_all(self) -> None:
        """Rewrite every text of the course; `problems` collects dead links and unusable files."""
        self._lessons = {lesson.file: lesson for lesson in self.course.lessons() if lesson.file}
        for lesson in self.course.lessons():
            if self._can_be_shown(lesson.body, lesson.file, lesson.first_line):
                self._anchors_of(lesson)
        turned = [(lesson, self._turned(lesson)) for lesson in self.course.lessons()]
        for lesson, body in turned:  # at the end, because anchors are computed from the original texts
            lesson.body = body
            if len(lesson.resources) > resources.MOST:
                sentence = f"A lesson has at most {resources.MOST} resources."
                self.problems.append(Problem(lesson.file, 0, sentence))
        file = README if self.course.readme_line else MANIFEST
        if self._can_be_shown(self.course.description, file, self.course.readme_line):
            line = max(self.course.readme_line, 1)
            self.course.description = rewrite(
                self.course.description, lambda link: self._target(link, file, None, line)
            )

    def resource_id(self, lesson: NewLesson, number: int) -> uuid.UUID:
        """Derive the id of the `number`-th resource of `lesson`, from 0."""
        return self.id_of(f"resource {lesson.slug} {number}")

    def id_of(self, what: str) -> uuid.UUID:
        """Derive an id that is the same at every retry of this import."""
        return uuid.uuid5(self.seed, what)

    def _can_be_shown(self, text: str, file: str, line: int) -> bool:
        try:
            markdown.check(text)
        except Refused as refusal:
            self.problems.append(Problem(file, line, refusal.sentence))
            return False
        return True

    def _turned(self, lesson: NewLesson) -> str:
        if lesson.slug not in self._anchors:  # it can't be rendered, which is among the problems already
            return lesson.body
        return rewrite(lesson.body, lambda link: self._target(link, lesson.file, lesson, lesson.first_line))

    def _anchors_of(self, lesson: NewLesson) -> None:
        self._anchors[lesson.slug] = github_anchors(markdown.headings(lesson.body))

    def _target(self, link: Link, file: str, lesson: NewLesson | None, first_line: int) -> str | None:
        """Map the target of `link` to an address of this site; None leaves it as it is."""
        if not link.is_relative:
            return None
        line = link.line + first_line - 1
        path, hash_, fragment = link.target.partition("#")
        path = unquote(path.partition("?")[0])
        if not path:
            return "#" + self._anchor(lesson, fragment, file, line) if lesson and fragment else None
        name = resolve(self.source, file, path)
        trouble = self._trouble(name, path)
        if name is None or trouble:
            self.problems.append(Problem(file, line, trouble or ""))
            return None
        if name in self._lessons:
            other = self._lessons[name]
            anchor = self._anchor(other, fragment, file, line) if fragment else ""
            to = path_to("learn.lesson", course_slug=self.slug, lesson_slug=other.slug)
            return f"{to}{hash_ and '#'}{anchor}"
        if name == README:
            return path_to("catalog.course", slug=self.slug)
        suffix = PurePosixPath(name).suffix.lower()
        if suffix in PICTURES:
            return path_to("media.picture", picture_id=self._picture(name, lesson, line))
        if suffix == ".md" or lesson is None:
            what = "no lesson of this course" if suffix == ".md" else "neither a lesson nor an image"
            self.problems.append(Problem(file, line, f"{name} is {what}."))
            return None
        return self._file(name, lesson, file, line)

    def _trouble(self, name: str | None, path: str) -> str | None:
        if name is None:
            return f"{path[:100]} points outside the folder."
        if name in self.source.names:
            return None
        if any(known.startswith(f"{name}/") for known in self.source.names):
            return f"{name} is a folder. Link to a file in it."
        return missing(self.source, name)

    def _anchor(self, lesson: NewLesson | None, fragment: str, file: str, line: int) -> str:
        anchors = self._anchors.get(lesson.slug, {}) if lesson else {}
        wanted = unquote(fragment)
        if wanted not in anchors:
            if wanted not in anchors.values():
                self.hints.append(Problem(file, line, f"No heading there is called #{fragment[:60]}."))
            return fragment
        return anchors[wanted]

    def _picture(self, name: str, lesson: NewLesson | None, line: int) -> uuid.UUID:
        id_ = self.id_of(f"picture {lesson.slug if lesson else ''} {name}")
        self.pictures.setdefault(id_, UsedPicture(id_, name, lesson, line))
        return id_

    def _file(self, name: str, lesson: NewLesson, file: str, line: int) -> str | None:
        """Add any other file to the lesson's resources, unless it is one already, and return its address."""
        number = next((n for n, known in enumerate(lesson.resources) if known.file == name), None)
        if number is None:
            try:
                upload_rules.check_file(UploadPurpose.RESOURCE, name, self.source.names[name])
            except Refused as refusal:
                self.problems.append(Problem(file, line, f"{name}: {refusal.sentence}"))
                return None
            number = len(lesson.resources)
            title = PurePosixPath(name).name[: resources.MAX_TITLE]
            lesson.resources.append(NewResource(title, upload_rules.resource_kind(name), file=name))
        return path_to(
            "learn.resource", course_slug=self.slug, lesson_slug=lesson.slug,
            resource_id=self.resource_id(lesson, number),
        )  # fmt: skip
