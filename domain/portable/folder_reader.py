"""Reading of a course: course.toml, a table of contents, or the order of folders and files."""

from collections import Counter
from pathlib import PurePosixPath
from typing import Any

from domain.authoring import course_details, course_price, curriculum, lesson_content
from domain.base import markdown, money, slugs
from domain.base.text import one_line, paragraphs
from domain.catalog import tags
from domain.learning import prerequisites
from domain.platform import settings
from domain.portable import MANIFEST, Findings, Problem, broken
from domain.portable.fields import Fields, Location, parse
from domain.portable.lesson_files import Expanded, LessonFile, LessonFiles, is_index, is_lesson
from domain.portable.lessons import read_lesson, title_of, without_title
from domain.portable.model import NewCourse, NewLesson, NewModule
from domain.portable.outlines import Node, contents, folders, to_modules
from domain.portable.recordings import path_in, read_recording
from domain.portable.source import text_of
from models import Level, ProductVisibility, Tier


def read(source: Expanded, findings: Findings) -> NewCourse:
    """Read the course in `source`; `findings` gets all problems and notes about its files.

    Raises InvalidCourse if there is nothing to go on with.
    """
    if MANIFEST not in source.names:
        raise broken(
            f"There is no {MANIFEST} in the top folder. It needs at least a category; a title may be in the"
            " README."
        )
    place = Location(MANIFEST, text_of(source, MANIFEST))
    reader = _Reader(source, findings, Fields(parse(place), place, findings.problems, notes=findings.notes))
    return reader.course()


class _Reader:
    """Reads one course."""

    def __init__(self, source: Expanded, findings: Findings, values: Fields) -> None:
        self.source, self.findings, self.values = source, findings, values
        self.files = LessonFiles(source, findings)
        self.site = contents.site(source)
        self.used = {MANIFEST, *self.site.files}
        self.introductions: dict[str, str] = {}

    def course(self) -> NewCourse:
        """Read everything."""
        values = self.values
        found = self._modules()
        lessons = {lesson.file for module in found for lesson in module.lessons if lesson.file}
        readme = self._readme(lessons)
        course = self._details(readme)
        course.modules, course.introductions, course.used = found, self.introductions, self.used
        self.used |= lessons | set(self.introductions)
        self._fill_from_lessons(course)
        values.finish()
        _settle_slugs(course, self.findings.problems)
        return course

    def _readme(self, lessons: set[str]) -> LessonFile | None:
        """Read the README beside course.toml, unless it is a lesson."""
        names = sorted(name for name in self.source.names if "/" not in name and is_lesson(name))
        for name in names:
            if PurePosixPath(name).stem.lower() == "readme" and name not in lessons:
                self.used.add(name)
                return self.files.get(name)
        return None

    def _details(self, readme: LessonFile | None) -> NewCourse:
        values, source, site = self.values, self.source, self.site
        description, line = values.text("description", markdown.MAX_BYTES), 0
        above = readme.front.values if readme else {}
        title = values.line("title", course_details.TITLE)
        if readme and not description:
            description, line = readme.body, readme.first_line
            if not title:
                heading, description, taken = without_title(description)
                title, line = one_line(str(above.get("title", ""))) or heading, line + taken
        title = title or (title_of(readme) if readme and description else "") or site.title
        if not title:
            values.wrong("title", "`title` is missing.")
        summary = values.line("summary", course_details.SUMMARY)
        price, sale_price = _amount(values, "price_cents"), _amount(values, "sale_price_cents")
        film = values.raw("preview_film", dict, str)
        return NewCourse(
            title=title[: course_details.TITLE],
            slug=values.line("slug", slugs.LONGEST),
            summary=summary or self._summary(above),
            description=description,
            readme=readme.file if readme and line else "",
            readme_line=line,
            category=values.line("category", 100, needed=True),
            tags=values.lines("tags", tags.MOST, tags.LENGTH),
            level=values.choice("level", Level) or Level.BEGINNER,
            technology=values.line("technology", course_details.TECHNOLOGY),
            language=values.line("language", 16),
            tier=values.choice("tier", Tier),
            price_cents=price or 0,
            sale_price_cents=sale_price,
            sale_ends_at=values.moment("sale_ends_at"),
            visibility=values.choice("visibility", ProductVisibility) or ProductVisibility.PUBLIC,
            objectives=values.lines("objectives", course_details.LINES, course_details.LINE_LENGTH),
            prerequisites=values.lines("prerequisites", course_details.LINES, course_details.LINE_LENGTH),
            prerequisite_courses=values.lines("prerequisite_courses", prerequisites.MOST, 220),
            locked_until_finished=values.lines("locked_until_finished", prerequisites.MOST, 220),
            sequential=values.flag("sequential", False),
            meta_title=values.line("meta_title", course_details.META_TITLE) or None,
            meta_description=values.line("meta_description", course_details.META_DESCRIPTION) or None,
            cover=path_in(source, values, "cover"),
            code=path_in(source, values, "code"),
            preview_film=read_recording(source, _film(values, film), "file") if film else None,
        )

    def _summary(self, above: dict[str, Any]) -> str:
        """Take the summary from the README's front matter or the site's settings, if it fits."""
        said = (above.get("description"), self.site.description)
        lines = (one_line(text) for text in said if isinstance(text, str))
        return next((line for line in lines if line and len(line) <= course_details.SUMMARY), "")

    def _fill_from_lessons(self, course: NewCourse) -> None:
        """Take tags and language from front matter and the site's settings where course.toml has none."""
        read = [file for name in self.used if is_lesson(name) and (file := self.files.get(name))]
        if "tags" not in self.values.values:
            counted = Counter(tag for file in read for tag in dict.fromkeys(file.front.tags))
            often = sorted(counted, key=lambda tag: (-counted[tag], tag))
            wanted = [*self.site.tags, *often]
            course.tags = [tag for tag in dict.fromkeys(wanted) if len(tag) <= tags.LENGTH][: tags.MOST]
            if course.tags:
                self.findings.note(MANIFEST, f"The tags come from your files: {', '.join(course.tags)}.")
        if not course.language:
            said = {file.front.language for file in read if file.front.language}
            course.language = next(iter(said)) if len(said) == 1 else self.site.language
            course.is_language_guessed = True

    def _modules(self) -> list[NewModule]:
        if "modules" in self.values.values:
            found = [self._listed(table) for table in self.values.tables("modules")]
        else:
            found = self._found()
            if not found and not any(map(_is_found, self.source.names)):
                self.findings.problems.append(_nothing(self.source))
        self.findings.problems.extend(_too_many(found))
        return found

    def _listed(self, table: Fields) -> NewModule:
        """Read a module of course.toml: its lessons are file names, or tables."""
        module = NewModule(
            title=table.line("title", lesson_content.MAX_TITLE, needed=True),
            description=paragraphs(table.text("description", curriculum.LONGEST_DESCRIPTION)),
            published=table.flag("published", True),
            unlock_after_days=table.whole("unlock_after_days", curriculum.LONGEST_DRIP) or 0,
        )
        for item in table.raw("lessons", list) or []:
            entry = {"file": item} if isinstance(item, str) else item
            if not isinstance(entry, dict):
                table.wrong("lessons", "`lessons` must be a list of names of files, or of tables.")
                continue
            fields = Fields(entry, table.place, table.problems, notes=table.notes)
            name = path_in(self.source, fields, "file")
            if name is None and "file" in entry:
                continue
            file = self.files.get(name) if name else None
            if file or not name:
                module.lessons.append(read_lesson(self.source, file, fields))
        table.finish()
        return module

    def _found(self) -> list[NewModule]:
        """Derive modules and lessons from a table of contents, or from the folders."""
        table = contents.find(self.source, self.files.get, self._arranged, self.findings)
        if table:
            self.used.add(table.file)
            nodes = table.nodes
            self.findings.note(table.file, "Lessons and their order come from this file.")
        else:
            nodes = self._arranged([name for name in self.source.names if _is_found(name)])
        for node in (node for top in nodes for node in _all(top)):
            if not node.title and node.file and (file := self.files.get(node.file)):
                node.title = title_of(file)
        outlined, joined = to_modules(nodes)
        if joined:
            self.findings.note("", joined)
        found = []
        for module in outlined:
            title = module.title[: lesson_content.MAX_TITLE] or "Lessons"
            new = NewModule(title, module.description, True, 0)
            for node in module.lessons:
                if file := self.files.get(node.file):
                    new.lessons.append(self._lesson(file))
            found += [new] if new.lessons else []
        return found

    def _arranged(self, names: list[str]) -> list[Node]:
        return folders.outline(
            names, self.files.get, title_of, self.source, self.findings, self.introductions
        )

    def _lesson(self, file: LessonFile) -> NewLesson:
        place = Location(file.file, "")
        return read_lesson(
            self.source, file, Fields({}, place, self.findings.problems, notes=self.findings.notes)
        )


def _is_found(name: str) -> bool:
    """Tell whether a file is a lesson without being named as one: all but the README beside course.toml."""
    return is_lesson(name) and not ("/" not in name and is_index(name) and "readme" in name.lower())


def _all(node: Node) -> list[Node]:
    return [node, *(one for child in node.children for one in _all(child))]


def _nothing(source: Expanded) -> Problem:
    """Say that a folder has no lessons, and what it has instead."""
    others = [name for name in source.given if name != MANIFEST]
    if not others:
        return Problem("", 0, f"There are no lessons: {MANIFEST} is the only file.")
    sentence = "There are no lessons. Lessons are Markdown files or notebooks; this has"
    return Problem("", 0, f"{sentence} {listing(others)}.")


def left_out(source: Expanded, course: NewCourse) -> list[Problem]:
    """Name the files that became no part of the course, after everything else was read."""
    unused = [name for name in source.given if name not in course.used]
    texts = [name for name in unused if is_lesson(name)]
    others = [name for name in unused if not is_lesson(name) and name not in source.read]
    found = [Problem("", 0, f"Left out: {listing(others)}.")] if others else []
    if texts:
        them, lessons = ("it", "a lesson") if len(texts) == 1 else ("them", "lessons")
        found.insert(
            0, Problem("", 0, f"Left out, because nothing lists {them} as {lessons}: {listing(texts)}.")
        )
    return found


def listing(names: list[str]) -> str:
    """Name a few files, or count them by their ending: “9 files (8 .py, 1 .rst), such as a.py, b.py”."""
    shown = ", ".join(name[:80] for name in sorted(names)[:5])
    if len(names) <= 5:
        return shown
    kinds = Counter(PurePosixPath(name).suffix.lower()[:16] or "without an ending" for name in names)
    often = sorted(kinds, key=lambda kind: (-kinds[kind], kind))[:8]
    counted = ", ".join(f"{kinds[kind]:,} {kind}" for kind in often)
    return f"{len(names):,} files ({counted}), such as {shown}"


def _amount(values: Fields, key: str) -> int | None:
    """Read a price in minor units that can be paid, or 0."""
    currency = settings.current().currency
    cents = values.whole(key, course_price.highest(currency))
    if course_price.too_small(cents, currency):
        least = money.least_charge(currency)
        values.wrong(
            key, f"`{key}` is below {least}, the smallest amount that can be paid. Use 0 for free.", cents
        )
    elif cents and cents % money.step(currency):
        values.wrong(
            key, f"`{key}` in {currency.upper()} must be a multiple of {money.step(currency)}.", cents
        )
    return cents


def _film(values: Fields, film: Any) -> Fields:
    """Return the preview film's table; if only a file is named, a table with it."""
    named = {"file": film} if isinstance(film, str) else film
    return Fields(named, values.place, values.problems, notes=values.notes)


def _too_many(modules: list[NewModule]) -> list[Problem]:
    """Report the first module and the first lesson beyond the limits of a course."""
    lessons = [lesson for module in modules for lesson in module.lessons]
    over = [lesson for module in modules[curriculum.MOST_MODULES :] for lesson in module.lessons]
    found = []
    if len(modules) > curriculum.MOST_MODULES:
        sentence = f"A course has at most {curriculum.MOST_MODULES} modules. This one has {len(modules):,}."
        found.append(Problem(over[0].file or MANIFEST if over else MANIFEST, 0, sentence))
    if len(lessons) > curriculum.MOST_LESSONS:
        sentence = f"A course has at most {curriculum.MOST_LESSONS} lessons. This one has {len(lessons):,}."
        found.append(Problem(lessons[curriculum.MOST_LESSONS].file or MANIFEST, 0, sentence))
    return found


def _settle_slugs(course: NewCourse, problems: list[Problem]) -> None:
    """Give every lesson a unique slug; a duplicate in the source is a problem."""
    if course.slug and not slugs.is_slug(course.slug):
        problems.append(Problem(MANIFEST, 0, f"`slug` can’t be “{course.slug}”: {_SLUG_RULE}"))
    lessons = course.lessons()
    wanted = Counter(lesson.slug for lesson in lessons if lesson.slug and lesson.is_slug_firm)
    for lesson in lessons:
        if lesson.slug and not lesson.is_slug_firm:
            continue
        if lesson.slug and not slugs.is_slug(lesson.slug):
            sentence = f"The address “{lesson.slug}” can’t be used: {_SLUG_RULE}"
            problems.append(Problem(lesson.file, 0, sentence))
        elif wanted[lesson.slug] > 1:
            sentence = f"Another lesson has the address “{lesson.slug}” too. Give one of them another `slug`."
            problems.append(Problem(lesson.file, 0, sentence))
    taken = set(wanted)
    for lesson in lessons:
        if not (lesson.slug and lesson.is_slug_firm):
            made = lesson.slug or slugs.slugify(lesson.title, "lesson", course.language)
            lesson.slug = slugs.free(made, taken)
            taken.add(lesson.slug)
    files = [lesson.file for lesson in lessons if lesson.file]
    for file in sorted(file for file, count in Counter(files).items() if count > 1):
        problems.append(Problem(file, 0, "This file is listed as a lesson more than once."))


_SLUG_RULE = "use lower-case letters, digits and hyphens, such as first-steps."
