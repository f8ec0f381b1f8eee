"""Rewriting of links on import: paths in texts become addresses of this site.

A lesson becomes its page, an image a stored image, any other file a resource of the lesson. A link that can't
be resolved stays as it is and is noted. Ids are derived from `seed` (UUIDv5), so that a retry makes the same
ones.
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
from domain.portable import MANIFEST, Findings, Problem
from domain.portable.link_targets import Target, Targets
from domain.portable.markdown_links import Link, rewrite
from domain.portable.model import NewCourse, NewLesson, NewResource
from domain.portable.source import Source
from models import UploadPurpose

PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".gif"}
OTHER_PICTURES = {
    ".svg": "SVG",
    ".avif": "AVIF",
    ".heic": "HEIC",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
UNUSABLE = "Some pictures can’t be used."
NO_HEADING = "Some links name headings that aren’t there."
NOT_TAKEN = "Some files can’t be taken along; the links to them were left as they are."


@dataclass(frozen=True)
class UsedPicture:
    """An image in a text: of a lesson, or of the course's description when `lesson` is None.

    `written` is how the text named it.
    """

    id: uuid.UUID
    file: str
    lesson: NewLesson | None
    line: int
    written: str


@dataclass
class LinkRewriter:
    """Rewrites the texts of `course`, which will be at `slug`; collects the files used and findings."""

    source: Source
    course: NewCourse
    slug: str
    seed: uuid.UUID
    findings: Findings
    pictures: dict[uuid.UUID, UsedPicture] = field(default_factory=dict)
    _anchors: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._targets = Targets(self.source, self.course)

    def turn_all(self) -> None:
        """Rewrite every text of the course; texts that can't be shown are problems, dead links notes."""
        lessons = self.course.lessons()
        for lesson in lessons:
            if self._can_be_shown(lesson.body, lesson.file, lesson.first_line):
                self._anchors[lesson.slug] = markdown.anchors(lesson.body)
        turned = [(lesson, self._turned(lesson)) for lesson in lessons]
        for lesson, body in turned:  # at the end, because anchors are computed from the original texts
            lesson.body = body
            if len(lesson.resources) > resources.MOST:
                sentence = f"A lesson has at most {resources.MOST} resources."
                self.findings.problems.append(Problem(lesson.file, 0, sentence))
        file = self.course.readme or MANIFEST
        if self._can_be_shown(self.course.description, file, self.course.readme_line):
            line = max(self.course.readme_line, 1)
            self.course.description = rewrite(
                self.course.description, lambda link: self._replacement(link, file, None, line), wiki=True
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
            self.findings.problems.append(Problem(file, line, refusal.sentence))
            return False
        return True

    def _turned(self, lesson: NewLesson) -> str:
        if lesson.slug not in self._anchors:  # it can't be rendered, which is among the problems already
            return lesson.body
        return rewrite(
            lesson.body,
            lambda link: self._replacement(link, lesson.file, lesson, lesson.first_line),
            wiki=True,
        )

    def _replacement(self, link: Link, file: str, lesson: NewLesson | None, first_line: int) -> str | None:
        """Map the target of `link` to an address of this site; None leaves it as it is."""
        if not link.is_local or not link.target:
            return None
        line = link.line + first_line - 1
        path, hash_, fragment = link.target.partition("#")
        path = unquote(path.partition("?")[0])
        if not path:
            if not (lesson and fragment):
                return None
            anchor = f"#{self._anchor(lesson, fragment, file, line)}"
            return f"[{link.label or fragment}]({anchor})" if link.is_wiki else anchor
        if path.startswith("/") and self._targets.is_own(path):
            return None
        target = self._targets.named(path) if link.is_wiki else self._targets.find(path, file)
        address = self._address(target, link, file, lesson, line)
        if address is None:
            return None
        if target.lesson and hash_:
            address += f"#{self._anchor(target.lesson, fragment, file, line) if fragment else ''}"
        if not link.is_wiki:
            return address
        label = link.label or (target.lesson.title if target.lesson else PurePosixPath(path).name)
        label = label.replace("[", "\\[").replace("]", "\\]")
        return f"{'!' if link.is_image and target.file else ''}[{label}]({address})"

    def _address(
        self, target: Target, link: Link, file: str, lesson: NewLesson | None, line: int
    ) -> str | None:
        if target.lesson:
            return path_to("learn.lesson", course_slug=self.slug, lesson_slug=target.lesson.slug)
        name = target.file
        if not name:
            self._note(file, line, target.sentence, target.kind)
            return None
        if name == self.course.readme:
            return path_to("catalog.course", slug=self.slug)
        suffix = PurePosixPath(name).suffix.lower()
        if suffix in PICTURES:
            return path_to("media.picture", picture_id=self._picture(name, lesson, line, link.target))
        if suffix in OTHER_PICTURES:
            sentence = (
                f"{name}: {OTHER_PICTURES[suffix]} images aren’t taken. Save it as PNG, JPEG, WebP or GIF."
            )
            self._note(file, line, sentence, UNUSABLE)
            return None
        if lesson is None:
            self._note(file, line, f"{name} is neither a lesson nor an image.", NOT_TAKEN)
            return None
        return self._file(name, lesson, file, line)

    def _note(self, file: str, line: int, sentence: str, kind: str) -> None:
        self.findings.note(file, sentence, line, kind)

    def _anchor(self, lesson: NewLesson, fragment: str, file: str, line: int) -> str:
        anchors = self._anchors.get(lesson.slug, {})
        wanted = unquote(fragment)
        if wanted not in anchors:
            if wanted not in anchors.values():
                self._note(file, line, f"No heading there is called #{fragment[:60]}.", NO_HEADING)
            return fragment
        return anchors[wanted]

    def _picture(self, name: str, lesson: NewLesson | None, line: int, written: str) -> uuid.UUID:
        id_ = self.id_of(f"picture {lesson.slug if lesson else ''} {name}")
        self.pictures.setdefault(id_, UsedPicture(id_, name, lesson, line, written))
        return id_

    def _file(self, name: str, lesson: NewLesson, file: str, line: int) -> str | None:
        """Add any other file to the lesson's resources, unless it is one already, and return its address."""
        number = next((n for n, known in enumerate(lesson.resources) if known.file == name), None)
        if number is None:
            try:
                upload_rules.check_file(UploadPurpose.RESOURCE, name, self.source.names[name])
            except Refused as refusal:
                self._note(file, line, f"{name}: {refusal.sentence}", NOT_TAKEN)
                return None
            number = len(lesson.resources)
            title = upload_rules.title_of(name)[: resources.MAX_TITLE]
            lesson.resources.append(NewResource(title, upload_rules.resource_kind(name), file=name))
        return path_to(
            "learn.resource", course_slug=self.slug, lesson_slug=lesson.slug,
            resource_id=self.resource_id(lesson, number),
        )  # fmt: skip
