"""Reading of a course: course.toml, or the order of folders and files where it has no modules."""

import re
from pathlib import PurePosixPath
from typing import Any

from domain.authoring import course_details, course_price, curriculum, lesson_content
from domain.base import markdown, money, slugs
from domain.base.text import markdown_source, one_line, paragraphs
from domain.catalog import tags
from domain.learning import prerequisites
from domain.platform import settings
from domain.portable import MANIFEST, README, InvalidCourse, Problem, broken
from domain.portable.fields import Fields, Location, parse
from domain.portable.lessons import front_matter, read_lesson, without_title
from domain.portable.model import NewCourse, NewLesson, NewModule
from domain.portable.recordings import path_in, read_recording
from domain.portable.source import Source, text_of
from models import Level, ProductVisibility, Tier


def read(source: Source) -> NewCourse:
    """Read the course in `source`. Raises InvalidCourse with all problems of its files."""
    if MANIFEST not in source.names:
        raise broken(f"There is no {MANIFEST} in the top folder. It needs at least a title and a category.")
    place = Location(MANIFEST, text_of(source, MANIFEST))
    problems: list[Problem] = []
    values = Fields(parse(place), place, problems)
    course = _course(source, values)
    course.modules = _modules(source, values)
    values.finish()
    if not problems:
        _settle_addresses(course, problems)
    if problems:
        raise InvalidCourse(sorted(problems, key=lambda problem: (problem.file != MANIFEST, problem)))
    return course


def _course(source: Source, values: Fields) -> NewCourse:
    description, line = _description(source, values)
    title = values.line("title", course_details.TITLE)
    if not title and line:
        title, description, taken = without_title(description)
        line += taken
    if not title:
        values.wrong("title", "`title` is missing.")
    price, sale_price = _amount(values, "price_cents"), _amount(values, "sale_price_cents")
    film = values.raw("preview_film", dict, str)
    return NewCourse(
        title=title,
        slug=values.line("slug", slugs.LENGTH),
        summary=values.line("summary", course_details.SUMMARY),
        description=description,
        readme_line=line,
        category=values.line("category", 100, needed=True),
        tags=values.lines("tags", tags.MOST, tags.LENGTH),
        level=values.choice("level", Level) or Level.BEGINNER,
        technology=values.line("technology", course_details.TECHNOLOGY),
        language=values.line("language", 16) or "en",
        tier=values.choice("tier", Tier),
        price_cents=price or 0,
        sale_price_cents=sale_price,
        sale_ends_at=values.moment("sale_ends_at"),
        visibility=values.choice("visibility", ProductVisibility) or ProductVisibility.PUBLIC,
        objectives=values.lines("objectives", course_details.LINES, course_details.LINE_LENGTH),
        prerequisites=values.lines("prerequisites", course_details.LINES, course_details.LINE_LENGTH),
        prerequisite_courses=values.lines("prerequisite_courses", prerequisites.MOST, 220),
        sequential=values.flag("sequential", False),
        meta_title=values.line("meta_title", course_details.META_TITLE) or None,
        meta_description=values.line("meta_description", course_details.META_DESCRIPTION) or None,
        cover=path_in(source, values, "cover"),
        code=path_in(source, values, "code"),
        preview_film=read_recording(source, _film(values, film), "file") if film else None,
    )


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
    return Fields(named, values.place, values.problems)


def _description(source: Source, values: Fields) -> tuple[str, int]:
    """Return the description, and the line of README.md it begins on (0: it is in course.toml)."""
    written = values.text("description", markdown.MAX_BYTES)
    if written or README not in source.names:
        return written, 0
    try:
        text = text_of(source, README)
    except InvalidCourse as trouble:
        values.problems.extend(trouble.problems)
        return "", 1
    return markdown_source(text.removesuffix("\n")), 1


def _modules(source: Source, values: Fields) -> list[NewModule]:
    if "modules" in values.values:
        found = [_listed(source, table) for table in values.tables("modules")]
    else:
        found = _found(source, values.problems)
    values.problems.extend(_too_many(found))
    return found


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


def _listed(source: Source, table: Fields) -> NewModule:
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
        fields = Fields(entry, table.place, table.problems)
        file = path_in(source, fields, "file")
        if file is not None or "file" not in entry:
            lesson = _lesson(source, file or "", fields)
            module.lessons += [lesson] if lesson else []
    table.finish()
    return module


def _lesson(source: Source, file: str, entry: Fields) -> NewLesson | None:
    try:
        text, front = front_matter(source, file) if file else ("", None)
    except InvalidCourse as trouble:
        entry.problems.extend(trouble.problems)
        return None
    return read_lesson(source, file, text, front, entry)


def _found(source: Source, problems: list[Problem]) -> list[NewModule]:
    """Derive modules from folders and lessons from files, in the order of their names."""
    modules: dict[str, NewModule] = {}
    for name in sorted(filter(_is_lesson, source.names), key=_in_order):
        folder = str(PurePosixPath(name).parent)
        module = modules.setdefault(folder, NewModule(_title_of(folder), "", True, 0))
        lesson = _lesson(source, name, Fields({}, Location(name, ""), problems))
        module.lessons += [lesson] if lesson else []
    return list(modules.values())


def _is_lesson(name: str) -> bool:
    parts = PurePosixPath(name)
    if parts.suffix.lower() != ".md" or parts.name.lower() == README.lower():
        return False
    return not any(part.startswith("_") for part in parts.parts)


def _in_order(name: str) -> list[list[tuple[int, int | str]]]:
    """Build the key of a natural sort: 2 comes before 10. A folder comes after the files beside it."""
    *folders, file = name.split("/")
    return [[(1, 0), *_natural(folder)] for folder in folders] + [[(0, 0), *_natural(file)]]


def _natural(part: str) -> list[tuple[int, int | str]]:
    return [
        (0, int(piece)) if piece.isdigit() else (1, piece.lower())
        for piece in re.split(r"([0-9]{1,9})", part)
        if piece
    ]


def _title_of(folder: str) -> str:
    words = re.sub(r"^[0-9]+[\s._-]*", "", PurePosixPath(folder).name)
    title = one_line(re.sub(r"[_-]+", " ", words))
    return (title[:1].upper() + title[1:])[: lesson_content.MAX_TITLE] or "Lessons"


def _settle_addresses(course: NewCourse, problems: list[Problem]) -> None:
    """Give every lesson a unique slug; a duplicate in the source is a problem."""
    if course.slug and course.slug != slugs.slugify(course.slug, ""):
        problems.append(Problem(MANIFEST, 0, f"`slug` can’t be “{course.slug}”: {_SLUG_RULE}"))
    lessons = course.lessons()
    wanted = [lesson.slug for lesson in lessons if lesson.slug]
    for lesson in lessons:
        if lesson.slug and lesson.slug != slugs.slugify(lesson.slug, ""):
            sentence = f"The address “{lesson.slug}” can’t be used: {_SLUG_RULE}"
            problems.append(Problem(lesson.file, 0, sentence))
        elif lesson.slug and wanted.count(lesson.slug) > 1:
            sentence = f"Another lesson has the address “{lesson.slug}” too. Give one of them another `slug`."
            problems.append(Problem(lesson.file, 0, sentence))
    taken = set(wanted)
    for lesson in lessons:
        if not lesson.slug:
            lesson.slug = slugs.free(slugs.slugify(lesson.title, "lesson"), taken)
            taken.add(lesson.slug)
    files = [lesson.file for lesson in lessons if lesson.file]
    for file in sorted({file for file in files if files.count(file) > 1}):
        problems.append(Problem(file, 0, "This file is listed as a lesson more than once."))


_SLUG_RULE = "use lower-case letters, digits and hyphens, such as first-steps."
