"""Courses as folders: in, out, and in again without a difference."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import selectinload

import storage
from domain.portable import Broken, exporting, importing, packing
from models import (
    Caption,
    CodeArchive,
    Course,
    Job,
    Lesson,
    LessonVisibility,
    MediaAsset,
    Module,
    Picture,
    ProductStatus,
    Resource,
    SearchDocument,
    User,
    course_prerequisites,
    db,
    product_tags,
)
from tests import folders
from tests.cast import Cast

TABLES = (Course, Module, Lesson, Resource, MediaAsset, Caption, Picture, CodeArchive, Job)


@pytest.fixture(autouse=True)
def _context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def silent(_what: str, _done: int, _total: int) -> None:
    """No bar."""


def imported(cast: Cast, path: Path) -> Course:
    creator = db.session.get_one(User, cast.ada.id)
    made = importing.prepare_folder(path, creator)
    course = importing.write_or_undo(made, creator, path.name)
    db.session.commit()
    return course


def problems(cast: Cast, path: Path) -> list[str]:
    """What is wrong with the folder or zip at `path`, of which nothing may remain."""
    before, kept = counted(), stored()
    with pytest.raises(Broken) as caught:
        imported(cast, path)
    db.session.rollback()
    assert counted() == before
    assert stored() == kept
    return [str(problem) for problem in caught.value.problems]


def counted() -> list[int]:
    return [db.session.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES]


def stored() -> set[str]:
    store = storage.current()
    assert isinstance(store, storage.LocalStorage)
    return {path.as_posix() for path in store.root.rglob("*") if path.is_file()}


def lessons_of(course: Course) -> list[Lesson]:
    query = (
        select(Lesson)
        .join(Module, Module.id == Lesson.module_id)
        .where(Lesson.course_id == course.id)
        .options(selectinload(Lesson.resources), selectinload(Lesson.media).selectinload(MediaAsset.captions))
        .order_by(Module.position, Lesson.position)
    )
    return list(db.session.scalars(query, execution_options={"populate_existing": True}))


def small(**files: Any) -> dict[str, Any]:
    """A folder with one lesson, and `files`."""
    return {"course.toml": 'title = "Small"\ncategory = "web"\n', "01-one.md": "# One\n\nText.\n", **files}


def test_thirty_lessons_become_a_draft(cast: Cast, tmp_path: Path) -> None:
    course = imported(cast, folders.write(tmp_path, folders.files_of_thirty()))
    lessons = lessons_of(course)
    assert (course.status, course.creator_id) == (ProductStatus.DRAFT, cast.ada.id)
    assert list(Counter(lesson.module_id for lesson in lessons).values()) == [10, 10, 11]
    assert lessons[0].title == "Lesson 1: a *long* one"
    assert not lessons[0].body.startswith("#")
    assert course.lesson_count == 31
    assert course.duration_seconds == sum(lesson.duration_seconds for lesson in lessons) > 30 * 120
    assert course.content_updated_at is not None
    indexed = select(SearchDocument.id).where(SearchDocument.product_id == course.id)
    assert db.session.scalar(indexed) is None


def test_links_lead_to_lessons_and_headings(cast: Cast, tmp_path: Path) -> None:
    course = imported(cast, folders.write(tmp_path, folders.files_of_thirty()))
    first, second = lessons_of(course)[:2]
    home = "/learn/thirty-lessons"
    assert f"[the next one]({home}/{second.slug}#what-is-new-here)" in first.body
    assert "[below](#s-section-2-what-s-new-here)" in first.body
    assert 'id="s-section-2-what-s-new-here"' in first.body_html
    assert f"[first]: {home}/{first.slug}#s-section-1-what-s-new-here" in first.body
    assert f"[first]({home}/{first.slug})" in first.body
    assert "[not a link](missing.md) ![nor a picture](missing.png)" in first.body
    assert "`[this](missing.md)`" in first.body
    assert "[elsewhere](https://example.com/other.md)" in first.body
    assert course.description.startswith(f"Begin with [the first lesson]({home}/{first.slug}).")


def test_pictures_are_stored_with_their_lesson(cast: Cast, tmp_path: Path) -> None:
    course = imported(cast, folders.write(tmp_path, folders.files_of_thirty()))
    first = lessons_of(course)[0]
    shown = re.findall(r"/pictures/([0-9a-f-]{36})", first.body)
    rows = db.session.scalars(select(Picture).where(Picture.lesson_id == first.id)).all()
    assert {str(row.id) for row in rows} == set(shown)
    assert all(storage.current().exists(row.storage_key) for row in rows)
    described = db.session.scalars(
        select(Picture).where(Picture.course_id == course.id, Picture.lesson_id.is_(None))
    ).one()
    assert str(described.id) in course.description_html


def test_film_captions_chapters_and_files(cast: Cast, tmp_path: Path) -> None:
    course = imported(cast, folders.write(tmp_path, folders.files_of_thirty()))
    film = lessons_of(course)[-1]
    assert film.visibility == LessonVisibility.PREVIEW
    assert film.media is not None
    assert [(c.language, c.label) for c in film.media.captions] == [("de", "Deutsch"), ("en", "English")]
    assert film.media.chapters == [{"start": 0, "title": "Begin"}, {"start": 90, "title": "Go on"}]
    notes, manual = film.resources
    assert manual.url == "https://flask.palletsprojects.com/"
    assert f"[the notes](/learn/thirty-lessons/the-film/resources/{notes.id})" in film.body
    queued = select(Job).where(Job.kind == "process_media", Job.unique_key == f"media:{film.media.id}")
    assert db.session.scalar(queued) is not None


OWN = {"id", "created_at", "updated_at", "content_updated_at", "slug", "storage_key", "thumbnail", "filename"}


def facts(row: Any) -> dict[str, Any]:
    """The values of a row that an import must bring back: all but ids, dates and names of files."""
    columns = inspect(type(row)).column_attrs
    hidden = OWN | {c.key for c in columns if c.key.endswith("_id")}
    values = {c.key: getattr(row, c.key) for c in columns if c.key not in hidden}
    turned = {"body", "body_html", "description", "description_html"}
    return {
        name: re.sub(r"[0-9a-f-]{36}|thirty-lessons(-\d)?", "*", value) if name in turned else value
        for name, value in values.items()
    }


def whole(course: Course) -> list[Any]:
    """Everything that a course consists of, without ids and dates."""
    found: list[Any] = [facts(course)]
    for table, own, other in (
        (product_tags, "product_id", "tag_id"),
        (course_prerequisites, "course_id", "prerequisite_id"),
    ):
        found.append(set(db.session.scalars(select(table.c[other]).where(table.c[own] == course.id))))
    found += map(facts, db.session.scalars(select(Module).where(Module.course_id == course.id)))
    for lesson in lessons_of(course):
        found += [lesson.slug, facts(lesson), *map(facts, lesson.resources)]
        if lesson.media:
            found += [facts(lesson.media), *map(facts, lesson.media.captions)]
    found += map(facts, db.session.scalars(select(CodeArchive).where(CodeArchive.course_id == course.id)))
    pictures = db.session.scalars(select(Picture).where(Picture.course_id == course.id))
    found.append(sorted(map(str, map(facts, pictures))))
    return found


def exported(course: Course, folder: Path) -> dict[str, bytes]:
    packing.to_folder(exporting.entries(course), folder, silent)
    return folders.read(folder)


def test_a_round_trip_changes_nothing(cast: Cast, tmp_path: Path) -> None:
    first = imported(cast, folders.write(tmp_path / "written", folders.files_of_thirty()))
    one = exported(first, tmp_path / "one")
    second = imported(cast, tmp_path / "one")
    assert second.slug == "thirty-lessons-2"
    assert whole(second) == whole(first)
    two = exported(second, tmp_path / "two")
    two["course.toml"] = two["course.toml"].replace(b'"thirty-lessons-2"', b'"thirty-lessons"')
    assert two == one


def test_an_export_reads_well(cast: Cast, tmp_path: Path) -> None:
    course = imported(cast, folders.write(tmp_path / "written", folders.files_of_thirty()))
    files = exported(course, tmp_path / "one")
    assert 'lessons = [\n  "01-part-1/01-lesson-1-a-long-one.md",' in files["course.toml"].decode()
    text = files["01-part-1/10-lesson-10-a-long-one.md"].decode()
    assert text.startswith('+++\ntitle = "Lesson 10: a *long* one"\n')
    assert "](../02-part-2/01-lesson-11-a-long-one.md#what-is-new-here)" in text
    assert "[below](#section-2-whats-new-here)" in text
    assert not re.search(r"/learn/|/pictures/", text)


def test_a_zip_is_read_as_its_folder_is(cast: Cast, tmp_path: Path) -> None:
    first = imported(cast, folders.write(tmp_path / "written", folders.files_of_thirty()))
    packed = tmp_path / "course.zip"
    packed.write_bytes(b"".join(packing.to_zip(exporting.entries(first), first.slug)))
    second = imported(cast, packed)
    assert whole(second) == whole(first)


def test_what_is_missing_is_named_all_at_once(cast: Cast, tmp_path: Path) -> None:
    two = '+++\nrecording = "film.mp4"\n+++\n\nOne\n\n[gone](03-three.md)\n![gone](a/b.png)\n'
    files = small(**{"02-two.md": two, "a/B.png": folders.picture()})
    files["course.toml"] += 'cover = "cover.jpg"\n'
    found = problems(cast, folders.write(tmp_path, files))
    assert found == [
        "course.toml, line 3: There is no file cover.jpg.",
        "02-two.md, line 2: There is no file film.mp4.",
    ]
    (tmp_path / "cover.jpg").write_bytes(folders.picture())
    (tmp_path / "film.mp4").write_bytes(b"film")
    assert problems(cast, tmp_path) == [
        "02-two.md, line 7: There is no file 03-three.md.",
        "02-two.md, line 8: There is no file a/b.png. There is a/B.png: capital letters count.",
    ]
