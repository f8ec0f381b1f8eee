"""Export: the files of a course as its creator edits it, drafts and pending changes included."""

import posixpath
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload, undefer, undefer_group

import storage
from domain.authoring import lesson_drafts, page_drafts
from domain.authoring.lesson_drafts import WorkingCopy
from domain.base import markdown, slugs
from domain.learning import prerequisites
from domain.media import captions, code_archives, upload_rules
from domain.platform import image_signatures, images
from domain.portable import MANIFEST, README
from domain.portable.markdown_links import rewrite
from domain.portable.toml import table
from models import (
    Category,
    Course,
    Lesson,
    LessonKind,
    LessonVisibility,
    MediaAsset,
    Module,
    Picture,
    ProductVisibility,
    Resource,
    SlugRedirect,
    db,
)

_PAGE = re.compile(r"/learn/([^/#?]+)/([^/#?]+)(?:/resources/([0-9a-fA-F-]{36}))?(?:#(.*))?")
_PICTURE = re.compile(r"/pictures/([0-9a-fA-F-]{36})")
_COURSE = re.compile(r"/courses/([^/#?]+)")


@dataclass(frozen=True)
class ExportedFile:
    """A file of the folder: its name, and its content, or its storage key and size (bytes)."""

    name: str
    content: bytes = b""
    key: str | None = None
    size: int = 0


def entries(course: Course) -> list[ExportedFile]:
    """List every file of the folder of `course`, course.toml first; large ones by storage key."""
    return list(_Exported(course).entries())


@dataclass
class _LessonFile:
    """A lesson to export: its file, and the files of its resources by id."""

    working: WorkingCopy
    lesson: Lesson
    file: str
    recording: MediaAsset | None
    resources: list[Resource]
    files: dict[uuid.UUID, str] = field(default_factory=dict)


class _Exported:
    """A course with everything that belongs to it, loaded once."""

    def __init__(self, course: Course) -> None:
        self.course = course
        former = select(SlugRedirect.slug).where(SlugRedirect.product_id == course.id)
        self.slugs = {course.slug, *db.session.scalars(former)}
        kept = select(Picture).where(Picture.course_id == course.id)
        self.pictures = {row.id: row for row in db.session.scalars(kept)}
        assets = select(MediaAsset).where(MediaAsset.course_id == course.id)
        both = selectinload(MediaAsset.captions), selectinload(MediaAsset.proposed_captions)
        assets = assets.where(~MediaAsset.steps_in).options(*both).order_by(MediaAsset.id)
        self.assets = list(db.session.scalars(assets))
        self.modules = self._modules()
        self.lesson_files = [lesson_file for _module, files in self.modules for lesson_file in files]
        self.by_slug = {slug: s for s in self.lesson_files for slug in (s.lesson.slug, s.working.slug)}
        self.drawn: dict[str, ExportedFile] = {}
        self._anchors: dict[str, dict[str, str]] = {}

    def entries(self) -> Iterator[ExportedFile]:
        """Yield all files."""
        readme = self._turned(page_drafts.working(self.course)["description"], README, None)
        written = [
            ExportedFile(lesson_file.file, self._lesson(lesson_file)) for lesson_file in self.lesson_files
        ]
        manifest, kept = self._manifest()
        yield ExportedFile(MANIFEST, manifest)
        if readme:
            yield ExportedFile(README, f"{readme}\n".encode())
        yield from written
        yield from kept
        yield from self.drawn.values()
        for lesson_file in self.lesson_files:
            yield from self._beside(lesson_file)

    def _modules(self) -> list[tuple[Module, list[_LessonFile]]]:
        query = (
            select(Module)
            .where(Module.course_id == self.course.id)
            .options(selectinload(Module.lessons).selectinload(Lesson.resources))
            .options(selectinload(Module.lessons).options(undefer_group("drafts")), undefer(Module.draft))
            .order_by(Module.position)
        )
        modules = list(db.session.scalars(query))
        wide = len(str(max(len(modules), 10)))
        return [
            (module, self._lesson_files(module, f"{number:0{wide}}-{slugs.slugify(title, 'module')}"))
            for number, module in enumerate(modules, 1)
            for title in [page_drafts.module_text(module).title]
        ]

    def _lesson_files(self, module: Module, folder: str) -> list[_LessonFile]:
        wide = len(str(max(len(module.lessons), 10)))
        return [self._lesson_file(one, f"{folder}/{n:0{wide}}-") for n, one in enumerate(module.lessons, 1)]

    def _lesson_file(self, lesson: Lesson, beginning: str) -> _LessonFile:
        working = lesson_drafts.working(lesson)
        proposed = next((a for a in self.assets if a.proposed_for == lesson.id), None)
        recording = proposed or next((a for a in self.assets if a.lesson_id == lesson.id), None)
        lesson_file = _LessonFile(
            working, lesson, f"{beginning}{working.slug}.md", recording, list(lesson.resources)
        )
        taken: set[str] = set()
        for resource in lesson_file.resources:
            if resource.storage_key:
                ending = upload_rules.ending_of(posixpath.basename(resource.storage_key))
                ending = f".{ending}" if ending else ""
                title = resource.title.removesuffix(ending) if ending else resource.title
                stem = slugs.free(slugs.slugify(title, "file"), taken)
                taken.add(stem)
                lesson_file.files[resource.id] = f"files/{working.slug}/{stem}{ending}"
        return lesson_file

    def _manifest(self) -> tuple[bytes, list[ExportedFile]]:
        """Build course.toml, and the files that it names itself."""
        course, page, kept = self.course, page_drafts.working(self.course), []
        required = [first for first in prerequisites.required_courses(course) if first.can_be_had]
        category = db.session.scalar(select(Category.slug).where(Category.id == page["category_id"]))
        values: dict[str, Any] = {
            "title": page["title"], "slug": page["slug"], "summary": page["summary"], "category": category,
            "tags": page["tags"], "level": page["level"].value, "technology": page["technology"],
            "language": page["language"], "tier": course.tier.value if course.tier else None,
            "price_cents": course.price_cents, "sale_price_cents": course.sale_price_cents,
            "sale_ends_at": course.sale_ends_at, "sequential": course.sequential or None,
            "visibility": _unless(course.visibility, ProductVisibility.PUBLIC),
            "objectives": page["objectives"], "prerequisites": page["prerequisites"],
            "prerequisite_courses": [first.slug for first in required],
            "locked_until_finished": [first.slug for first in required if first.is_lock],
            "meta_title": page["meta_title"], "meta_description": page["meta_description"],
        }  # fmt: skip
        if page["thumbnail"]:
            entry = self._cover(page["thumbnail"])
            values["cover"] = entry.name
            kept.append(entry)
        waiting_first = reversed(code_archives.list_archives(course.id))
        if archive := next(waiting_first, None):
            values["code"] = f"code/{_safe(archive.filename)}"
            kept.append(ExportedFile(values["code"], key=archive.storage_key, size=archive.size))
        films = (a for a in self.assets if a.lesson_id is None and a.proposed_for is None)
        film = max(films, key=lambda a: a.proposed_film, default=None)
        if film:
            found = list(self._recording(film, "preview-film"))
            values["preview_film"] = {"file": found[0].name, **self._about(film, "preview-film", MANIFEST)}
            kept += found
        # Without any, an import would look for lessons in the folders.
        modules = "".join(map(self._module, self.modules)) or "modules = []\n"
        written = table(values) + modules
        return written.encode(), kept

    @staticmethod
    def _module(pair: tuple[Module, list[_LessonFile]]) -> str:
        module, files = pair
        words = page_drafts.module_text(module)
        values = {
            "title": words.title, "description": words.description,
            "published": None if words.published else False,
            "unlock_after_days": module.unlock_after_days or None,
            "lessons": [lesson_file.file for lesson_file in files],
        }  # fmt: skip
        return f"\n[[modules]]\n{table(values)}"

    def _cover(self, token: str) -> ExportedFile:
        name = images.largest(images.ImageUse.THUMBNAIL)
        key = images.key_of(images.ImageUse.THUMBNAIL, token, name) or ""
        with storage.current().open(key) as file:
            content = file.read()
        return ExportedFile(
            f"cover.{image_signatures.sign(content, 'jpg')}{_ending(name)}", content, size=len(content)
        )

    def _lesson(self, lesson_file: _LessonFile) -> bytes:
        lesson = lesson_file.working
        preview = lesson.visibility == LessonVisibility.PREVIEW
        values: dict[str, Any] = {
            "title": lesson.title, "slug": lesson.slug, "kind": lesson.kind.value,
            "preview": preview or None,
            "visibility": None if preview else _unless(lesson.visibility, LessonVisibility.MEMBERS),
            "published": None if lesson.published else False,
            "description": lesson.description, "video": lesson.external_video_url,
            "duration": (lesson.duration_seconds or None) if lesson.kind != LessonKind.TEXT else None,
        }  # fmt: skip
        if lesson_file.recording:
            values["recording"] = _path(
                f"media/{lesson.slug}{_ending(lesson_file.recording.storage_key)}", lesson_file.file
            )
            values |= self._about(lesson_file.recording, lesson.slug, lesson_file.file)
        values["resources"] = [self._resource(lesson_file, resource) for resource in lesson_file.resources]
        body = self._turned(lesson.body, lesson_file.file, lesson_file)
        text = f"\n{body}\n" if body else ""
        return f"+++\n{table(values)}+++\n{text}".encode()

    @staticmethod
    def _resource(lesson_file: _LessonFile, resource: Resource) -> dict[str, Any]:
        file = lesson_file.files.get(resource.id)
        return {
            "title": resource.proposed_title or resource.title, "kind": resource.kind.value,
            "file": _path(file, lesson_file.file) if file else None, "url": resource.url,
        }  # fmt: skip

    @staticmethod
    def _about(asset: MediaAsset, name: str, file: str) -> dict[str, Any]:
        """Build the values of a recording: captions and chapters."""
        about: dict[str, Any] = {}
        if spoken := captions.working_copies(asset):
            about["captions"] = {
                one.language: {"file": _path(_captions_file(name, one.language), file), "label": one.label}
                for one in spoken
            }
        if chapters := captions.working_chapters(asset):
            about["chapters"] = [{"start": one["start"], "title": one["title"]} for one in chapters]
        return about

    @staticmethod
    def _recording(asset: MediaAsset, name: str) -> Iterator[ExportedFile]:
        yield ExportedFile(
            f"media/{name}{_ending(asset.storage_key)}", key=asset.storage_key, size=asset.size
        )
        for one in captions.working_copies(asset):
            content = one.vtt.encode()
            yield ExportedFile(_captions_file(name, one.language), content, size=len(content))

    def _beside(self, lesson_file: _LessonFile) -> Iterator[ExportedFile]:
        """Yield the files of a lesson."""
        if lesson_file.recording:
            yield from self._recording(lesson_file.recording, lesson_file.working.slug)
        for resource in lesson_file.resources:
            if resource.storage_key:
                yield ExportedFile(
                    lesson_file.files[resource.id], key=resource.storage_key, size=resource.size or 0
                )

    def _turned(self, text: str, file: str, lesson_file: _LessonFile | None) -> str:
        return rewrite(text, lambda link: self._target(link.target, file, lesson_file))

    def _target(self, target: str, file: str, lesson_file: _LessonFile | None) -> str | None:
        """Map the address `target` to a path in the folder; None for what isn't in it."""
        if target.startswith("#s-") and lesson_file:
            return "#" + self._anchor(lesson_file, target[1:])
        if (found := _PICTURE.fullmatch(target)) and (row := self._known(found[1])):
            return _path(self._picture(row, lesson_file), file)
        if (found := _COURSE.fullmatch(target)) and found[1] in self.slugs and self.course.description:
            return _path(README, file)
        found = _PAGE.fullmatch(target)
        other = self.by_slug.get(found[2]) if found and found[1] in self.slugs else None
        if found is None or other is None:
            return None
        if found[3]:
            beside = other.files.get(uuid.UUID(found[3])) if _is_uuid(found[3]) else None
            return _path(beside, file) if beside and other is lesson_file else None
        anchor = f"#{self._anchor(other, found[4])}" if found[4] is not None else ""
        return _path(other.file, file) + anchor

    def _known(self, text: str) -> Picture | None:
        return self.pictures.get(uuid.UUID(text)) if _is_uuid(text) else None

    def _picture(self, row: Picture, lesson_file: _LessonFile | None) -> str:
        """Return the file name of an image: each text that shows it has a copy, as it has after an import."""
        place = lesson_file.working.slug if lesson_file else "course"
        drawn = f"{place} {row.id}"
        if drawn not in self.drawn:
            number = 1 + sum(key.startswith(f"{place} ") for key in self.drawn)
            with storage.current().open(row.storage_key) as file:
                seal = image_signatures.sign(file.read(), "webp")
            name = f"images/{place}-{number}.{seal}{_ending(row.storage_key)}"
            self.drawn[drawn] = ExportedFile(name, key=row.storage_key, size=row.size)
        return self.drawn[drawn].name

    def _anchor(self, lesson_file: _LessonFile, anchor: str) -> str:
        """Map one of our anchors to the name that it has in the text, which for headings is GitHub's."""
        key = lesson_file.file
        if key not in self._anchors:
            named = markdown.anchors(lesson_file.working.body)
            self._anchors[key] = {ours: theirs for theirs, ours in reversed(named.items())}
        return self._anchors[key].get(anchor, anchor)


def _path(name: str, file: str) -> str:
    """Make `name` relative to `file`."""
    return posixpath.relpath(name, posixpath.dirname(file) or ".")


def _captions_file(name: str, language: str) -> str:
    return f"captions/{name}.{language}.vtt"


def _ending(key: str) -> str:
    return posixpath.splitext(key)[1]


def _safe(filename: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", filename).strip(".-") or "code.zip"


def _unless(value: Any, usual: Any) -> Any:
    return None if value == usual else value.value


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
