"""Storing of a course's files, before any row is written.

All refusals are collected as problems; then, and after any other error, every stored file is removed again.
"""

import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import storage
from domain import Refused
from domain.authoring.page_drafts import rendered
from domain.base import highlighting, markdown
from domain.base.addresses import path_to
from domain.base.markdown_elements import LINKED
from domain.media import code_archives, originals, upload_rules
from domain.platform import image_signatures, images
from domain.portable import MANIFEST, Findings, InvalidCourse, Problem
from domain.portable.link_rewriting import UNUSABLE, LinkRewriter, UsedPicture
from domain.portable.model import NewCourse, NewLesson, NewRecording
from domain.portable.source import Source
from domain.portable.target_course import TargetCourse

Progress = Callable[[str, int, int], None]
PLAIN = "application/octet-stream"


@dataclass(frozen=True)
class RowFile:
    """A stored file, with the id of its future row."""

    id: uuid.UUID
    key: str
    filename: str
    size: int


@dataclass
class PreparedCourse:
    """The data of the rows to write, and what to tell. `keys` and `cover` are the files stored for it."""

    course: NewCourse
    place: TargetCourse
    notes: list[Problem]
    html: dict[str, markdown.RenderedMarkdown] = field(default_factory=dict)
    description_html: str = ""
    pictures: list[dict[str, Any]] = field(default_factory=list)
    recordings: dict[str, RowFile] = field(default_factory=dict)
    resources: dict[tuple[str, int], RowFile] = field(default_factory=dict)
    code: tuple[RowFile, code_archives.ArchiveContents] | None = None
    cover: str | None = None
    keys: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """Count what the course has now, in a sentence."""
        counts = (
            ("lesson", len(self.course.lessons())),
            ("module", len(self.course.modules)),
            ("picture", len(self.pictures)),
            ("recording", len(self.recordings)),
            ("file", len(self.resources) + bool(self.code)),
        )
        said = [f"{count:,} {word}{'' if count == 1 else 's'}" for word, count in counts if count]
        return f"Imported: {', '.join(said) or 'no lessons'}."

    def discard(self) -> None:
        """Remove every file that was stored for it."""
        for key in self.keys:
            storage.current().delete(key)
        if self.cover:
            images.remove(images.ImageUse.THUMBNAIL, self.cover)


def store_files(
    source: Source,
    course: NewCourse,
    place: TargetCourse,
    findings: Findings,
    progress: Progress,
    strict: bool = False,
) -> PreparedCourse:
    """Rewrite the texts of `course` and store its files. Raises InvalidCourse with all problems.

    `progress` is called with a label, the number of files done, and their total. With `strict`, dead links
    and unusable pictures are problems.
    """
    addresses = LinkRewriter(source, course, place.slug, place.course_id, findings)
    addresses.turn_all()
    _raise_problems(findings, strict)
    made = PreparedCourse(course, place, findings.notes)
    with _undone_on_failure(made):
        _FileStore(source, addresses, made, progress, strict).keep_all()
    return made


def _raise_problems(findings: Findings, strict: bool) -> None:
    dead = [note for note in findings.notes if note.kind] if strict else []
    if found := [*findings.problems, *dead]:
        raise InvalidCourse(sorted(found, key=lambda problem: (problem.file != MANIFEST, problem)))


@contextmanager
def _undone_on_failure(made: PreparedCourse) -> Iterator[None]:
    try:
        yield
    except BaseException:
        made.discard()
        raise


class _FileStore:
    """Stores the files of one course: first those that may be refused, then the large ones."""

    def __init__(
        self, source: Source, addresses: LinkRewriter, made: PreparedCourse, progress: Progress, strict: bool
    ) -> None:
        self.source, self.addresses, self.made, self.progress = source, addresses, made, progress
        self.course, self.findings, self.strict = addresses.course, addresses.findings, strict
        self.problems = self.findings.problems
        self._uses = Counter(picture.file for picture in addresses.pictures.values())
        self._drawn: dict[str, images.StoredImage] = {}

    def keep_all(self) -> None:
        """Store every file. Raises InvalidCourse."""
        used = list(self.addresses.pictures.values())
        files = list(self._files())
        total = len(used) + len(files) + bool(self.course.cover) + bool(self.course.code)
        done = iter(range(1, total + 1))
        for name, keep in ((self.course.cover, self._cover), (self.course.code, self._code)):
            if name:
                with self._noting(MANIFEST, 0):
                    keep(name)
                self.progress("Files", next(done), total)
        if self.problems:
            raise InvalidCourse(self.problems)
        for picture in used:
            self._picture(picture)
            self.progress("Pictures", next(done), total)
        _raise_problems(self.findings, self.strict)
        self._render()
        for _file, keep_it in files:
            keep_it()
            self.progress("Files", next(done), total)

    @contextmanager
    def _noting(self, file: str, line: int) -> Iterator[None]:
        try:
            yield
        except InvalidCourse as trouble:
            self.problems.extend(trouble.problems)
        except Refused as refusal:
            self.problems.append(Problem(file, line, refusal.sentence))

    def _files(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Yield the large files by name, each with the function that stores it."""
        film = self.course.preview_film
        if film:
            yield film.file, partial(self._recording, "", film)
        for lesson in self.course.lessons():
            if lesson.recording:
                yield lesson.recording.file, partial(self._recording, lesson.slug, lesson.recording)
            for number, resource in enumerate(lesson.resources):
                if resource.file:
                    yield resource.file, partial(self._resource, lesson, number, resource.file)

    def _render(self) -> None:
        """Render every text to HTML; each was validated before its links were rewritten."""
        with highlighting.one_process():
            for lesson in self.course.lessons():
                made = self.made.html[lesson.slug] = markdown.render(lesson.body)
                self._note_dropped(made.dropped, lesson.file)
        if self.course.description:
            dropped = markdown.dropped(self.course.description)
            self._note_dropped(dropped, self.course.readme or MANIFEST)
            self.made.description_html = rendered(self.course.description)

    def _note_dropped(self, dropped: dict[str, int], file: str) -> None:
        """Note what the text has that learners don't see."""
        for kind in dropped:
            what = {
                "comment": "HTML comments aren’t shown to learners.",
                **dict.fromkeys(LINKED, f"<{kind}> is shown to learners as a link."),
                "formula": "A formula can’t be read as LaTeX and is shown as code.",
            }
            self.findings.note(file, what.get(kind, f"<{kind}> isn’t shown to learners."))

    def _picture(self, used: UsedPicture) -> None:
        """Store a picture; the text of one that can't be used names its file again, which is noted."""
        try:
            drawn = self._draw(used.file)
        except (Refused, InvalidCourse) as refusal:
            self._give_up(used, refusal.sentence)
            return
        key = f"pictures/{self.made.place.course_id}/{used.id}.webp"
        self._put(key, drawn.content, "image/webp")
        row = {"id": used.id, "storage_key": key, "content_type": "image/webp", "size": len(drawn.content)}
        lesson = used.lesson.slug if used.lesson else None
        row |= {"width": drawn.width, "height": drawn.height, "lesson": lesson}
        self.made.pictures.append(row)

    def _draw(self, file: str) -> images.StoredImage:
        """Encode a picture, once for all texts that show it."""
        drawn = self._drawn.get(file)
        if drawn is None:
            with self.source.open(file) as content:
                drawn = images.draw(content, image_signatures.named_in(file))
        self._uses[file] -= 1
        if self._uses[file]:
            self._drawn[file] = drawn
        else:
            self._drawn.pop(file, None)
        return drawn

    def _give_up(self, used: UsedPicture, sentence: str) -> None:
        address = path_to("media.picture", picture_id=used.id)
        if used.lesson:
            used.lesson.body = used.lesson.body.replace(address, used.written)
        else:
            self.course.description = self.course.description.replace(address, used.written)
        place = used.lesson.file if used.lesson else self.course.readme or MANIFEST
        self.findings.note(place, f"{used.file}: {sentence}", used.line, UNUSABLE)

    def _cover(self, file: str) -> None:
        with self.source.open(file) as content:
            self.made.cover = images.keep(
                images.ImageUse.THUMBNAIL, content, seal=image_signatures.named_in(file)
            )

    def _code(self, file: str) -> None:
        if self.source.names[file] > code_archives.MOST_BYTES:
            most = code_archives.MOST_BYTES // code_archives.MIB
            raise Refused(f"{file} is too large. Code can have at most {most} MB.")
        with tempfile.TemporaryDirectory(prefix="lectern-code-") as folder:
            copy = Path(folder, "code")
            with self.source.open(file) as content, copy.open("wb") as out:
                while block := content.read(code_archives.BLOCK):
                    out.write(block)
            contents = code_archives.inspect(copy)
            id_ = self.addresses.id_of("code")
            key = f"archives/{id_}.{contents.format}"
            with copy.open("rb") as packed:
                self._put(key, packed, PLAIN)
        name = PurePosixPath(file).name
        self.made.code = RowFile(id_, key, upload_rules.plain_name(name), contents.size), contents

    def _recording(self, lesson_slug: str, recording: NewRecording) -> None:
        id_ = self.addresses.id_of(f"recording {lesson_slug}")
        suffix = PurePosixPath(recording.file).suffix.lower()
        self.made.recordings[lesson_slug] = self._keep(
            id_, f"{originals.folder(id_)}original{suffix}", recording.file
        )

    def _resource(self, lesson: NewLesson, number: int, file: str) -> None:
        id_ = self.addresses.resource_id(lesson, number)
        ending = upload_rules.ending_of(file)
        key = f"resources/{id_}.{ending}" if ending else f"resources/{id_}"
        self.made.resources[lesson.slug, number] = self._keep(id_, key, file)

    def _keep(self, id_: uuid.UUID, key: str, file: str) -> RowFile:
        with self.source.open(file) as content:
            size = self._put(key, content, PLAIN)
        return RowFile(id_, key, upload_rules.plain_name(PurePosixPath(file).name), size)

    def _put(self, key: str, content: Any, content_type: str) -> int:
        self.made.keys.append(key)
        return storage.current().put(key, content, content_type)
