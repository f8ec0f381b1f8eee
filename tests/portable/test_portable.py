"""Courses as folders: in, out, and in again without a difference."""

import fnmatch
import re
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import selectinload

import storage
from domain.authoring import curriculum
from domain.base import safe_zip
from domain.media import captions
from domain.portable import InvalidCourse, exporting, folder_writer, importing, report, source
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
from tests import course_folders
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
    with pytest.raises(InvalidCourse) as caught:
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


@pytest.mark.slow
def test_thirty_lessons_become_a_draft(cast: Cast, tmp_path: Path) -> None:
    course = imported(cast, course_folders.write(tmp_path, course_folders.files_of(30)))
    lessons = lessons_of(course)
    assert (course.status, course.creator_id) == (ProductStatus.DRAFT, cast.ada.id)
    assert list(Counter(lesson.module_id for lesson in lessons).values()) == [10, 10, 11]
    assert lessons[0].title == "Lesson 1: a long one"
    assert not lessons[0].body.startswith("#")
    assert course.lesson_count == 31
    assert course.duration_seconds == sum(lesson.duration_seconds for lesson in lessons) > 30 * 120
    assert course.content_updated_at is not None
    indexed = select(SearchDocument.id).where(SearchDocument.product_id == course.id)
    assert db.session.scalar(indexed) is None


def test_links_lead_to_lessons_and_headings(cast: Cast, tmp_path: Path) -> None:
    course = imported(cast, course_folders.write(tmp_path, course_folders.files_of(3)))
    first, second = lessons_of(course)[:2]
    home = "/learn/thirty-lessons"
    assert f"[the next one]({home}/{second.slug}#s-section-1-whats-new-here)" in first.body
    assert "[below](#s-section-2-whats-new-here)" in first.body
    assert 'id="s-section-2-whats-new-here"' in first.body_html
    assert f"[first]: {home}/{first.slug}#s-section-1-whats-new-here" in first.body
    assert f"[first]({home}/{first.slug})" in first.body
    assert "[not a link](missing.md) ![nor a picture](missing.png)" in first.body
    assert "`[this](missing.md)`" in first.body
    assert "[elsewhere](https://example.com/other.md)" in first.body
    assert course.description.startswith(f"Begin with [the first lesson]({home}/{first.slug}).")


def test_pictures_are_stored_with_their_lesson(cast: Cast, tmp_path: Path) -> None:
    course = imported(cast, course_folders.write(tmp_path, course_folders.files_of(3)))
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
    course = imported(cast, course_folders.write(tmp_path, course_folders.files_of(3)))
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


OWN = {
    "id",
    "lessons_counted",
    "created_at",
    "updated_at",
    "content_updated_at",
    "slug",
    "storage_key",
    "thumbnail",
    "filename",
}


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
    folder_writer.to_folder(exporting.entries(course), folder, silent)
    return course_folders.read(folder)


@pytest.mark.slow
def test_a_round_trip_changes_nothing(cast: Cast, tmp_path: Path) -> None:
    first = imported(cast, course_folders.write(tmp_path / "written", course_folders.files_of(12)))
    one = exported(first, tmp_path / "one")
    second = imported(cast, tmp_path / "one")
    assert second.slug == "thirty-lessons-2"
    assert whole(second) == whole(first)
    two = exported(second, tmp_path / "two")
    two["course.toml"] = two["course.toml"].replace(b'"thirty-lessons-2"', b'"thirty-lessons"')
    assert two == one


def test_a_required_course_that_went_off_sale_is_left_out(cast: Cast, tmp_path: Path) -> None:
    first = imported(cast, course_folders.write(tmp_path / "written", course_folders.files_of(1)))
    db.session.get_one(Course, cast.free_course.id).status = ProductStatus.ARCHIVED
    db.session.flush()
    assert "reading-code" not in exported(first, tmp_path / "one")["course.toml"].decode()
    assert imported(cast, tmp_path / "one").slug == "thirty-lessons-2"


def test_an_export_reads_well(cast: Cast, tmp_path: Path) -> None:
    course = imported(cast, course_folders.write(tmp_path / "written", course_folders.files_of(12)))
    files = exported(course, tmp_path / "one")
    assert 'lessons = [\n  "01-part-1/01-lesson-1-a-long-one.md",' in files["course.toml"].decode()
    text = files["01-part-1/10-lesson-10-a-long-one.md"].decode()
    assert text.startswith('+++\ntitle = "Lesson 10: a long one"\n')
    assert "](../02-part-2/01-lesson-11-a-long-one.md#section-1-whats-new-here)" in text
    assert "[below](#section-2-whats-new-here)" in text
    assert not re.search(r"/learn/|/pictures/", text)


@pytest.mark.slow
def test_a_zip_is_read_as_its_folder_is(cast: Cast, tmp_path: Path) -> None:
    first = imported(cast, course_folders.write(tmp_path / "written", course_folders.files_of(12)))
    packed = tmp_path / "course.zip"
    packed.write_bytes(b"".join(folder_writer.to_zip(exporting.entries(first), first.slug)))
    second = imported(cast, packed)
    assert whole(second) == whole(first)


def test_a_heading_that_is_not_there_is_only_noted(cast: Cast, tmp_path: Path) -> None:
    files = small(**{"02-two.md": "# Two\n\n[a](01-one.md#none) [b](#two) [c](01-one.md#s-part)\n"})
    files["01-one.md"] += "\n## Part\n"
    made = importing.prepare_folder(
        course_folders.write(tmp_path, files), db.session.get_one(User, cast.ada.id)
    )
    assert list(map(str, made.notes)) == [
        "02-two.md, line 3: No heading there is called #none.",
        "02-two.md, line 3: No heading there is called #two.",
    ]
    made.discard()


def test_what_is_missing_is_named_all_at_once(cast: Cast, tmp_path: Path) -> None:
    two = '+++\nrecording = "film.mp4"\n+++\n\nOne\n\n[gone](03-three.md)\n![gone](a/b.png)\n'
    files = small(**{"02-two.md": two, "a/B.png": course_folders.picture()})
    files["course.toml"] += 'cover = "cover.jpg"\n'
    found = problems(cast, course_folders.write(tmp_path, files))
    assert found == [
        "course.toml, line 3: There is no file cover.jpg.",
        "02-two.md, line 2: There is no file film.mp4.",
    ]
    (tmp_path / "cover.jpg").write_bytes(course_folders.picture())
    (tmp_path / "film.mp4").write_bytes(b"film")
    with pytest.raises(InvalidCourse) as strict:
        importing.prepare_folder(tmp_path, db.session.get_one(User, cast.ada.id), strict=True)
    assert list(map(str, strict.value.problems)) == [
        "02-two.md, line 7: There is no file 03-three.md.",
        "02-two.md, line 8: There is no file a/b.png. There is a/B.png: capital letters count.",
    ]


def zipped(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    """A zip with just these entries, however odd."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries:
            packed.writestr(name, content)
    return path


MANIFEST = ("course.toml", b'title = "Small"\ncategory = "web"\n')


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("../evil.md", "This name points outside the folder."),
        ("a/../../evil.md", "This name points outside the folder."),
        ("/etc/evil.md", "This name points outside the folder."),
        ("C:/evil.md", "This name points outside the folder."),
        ("..\\evil.md", "This name points outside the folder."),
        ("a/" + "b" * 240 + ".md", "This name is too long or can’t be read."),
    ],
)
def test_names_that_lead_elsewhere(cast: Cast, tmp_path: Path, name: str, sentence: str) -> None:
    path = zipped(tmp_path / "a.zip", MANIFEST, (name, b"# Evil\n"))
    assert problems(cast, path) == [name[:120].replace("\\", "/") + f": {sentence}"]


def test_links_in_a_zip_are_not_followed(cast: Cast, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("01-one.md")
    link.external_attr = 0o120777 << 16
    path = zipped(tmp_path / "a.zip", MANIFEST, (link, b"/etc/passwd"))
    assert problems(cast, path) == ["01-one.md: This is a symbolic link. Include the file itself."]


def test_links_in_a_folder_are_not_followed(cast: Cast, tmp_path: Path) -> None:
    folder = course_folders.write(tmp_path / "course", small())
    (folder / "02-two.md").symlink_to("/etc/passwd")
    expected = "02-two.md: This is a symbolic link. Use the file itself."
    assert problems(cast, folder) == [expected]


def test_a_zip_that_grows_too_much(cast: Cast, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", MANIFEST, ("01-one.md", b"0" * (8 * 1024**2)))
    assert problems(cast, path) == ["01-one.md: This file would be too large when unpacked."]


def test_what_the_editor_would_refuse_is_not_imported_either(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curriculum, "MOST_MODULES", 2)
    monkeypatch.setattr(curriculum, "MOST_LESSONS", 4)
    many = small(**{f"{n}-part/{m}.md": f"# Lesson {n}{m}\n\nText.\n" for n in range(2, 4) for m in (1, 2)})
    assert problems(cast, course_folders.write(tmp_path / "many", many)) == [
        "3-part/2.md: A course has at most 4 lessons. This one has 5.",
    ]
    listed = small(**{"course.toml": 'title = "A"\ncategory = "web"\n' + '[[modules]]\ntitle = "M"\n' * 3})
    assert problems(cast, course_folders.write(tmp_path / "listed", listed)) == [
        "course.toml: A course has at most 2 modules. This one has 3."
    ]
    late = small()
    late["course.toml"] += '[[modules]]\ntitle = "M"\nunlock_after_days = 366\nlessons = ["01-one.md"]\n'
    assert problems(cast, course_folders.write(tmp_path / "late", late)) == [
        "course.toml, line 5: `unlock_after_days` must be from 0 to 365."
    ]


def test_chapters_are_as_many_and_as_long_as_in_the_editor(cast: Cast, tmp_path: Path) -> None:
    chapters = "".join(f'[[chapters]]\nstart = {n}\ntitle = "C{n}"\n' for n in range(101))
    long = f'[[chapters]]\nstart = 0\ntitle = "{"x" * 121}"\n'
    for name, text in (("a", chapters), ("b", long)):
        files = small(**{"film.mp4": b"film"})
        files["01-one.md"] = f'+++\ntitle = "One"\nrecording = "film.mp4"\n{text}+++\n'
        course_folders.write(tmp_path / name, files)
    assert [s.partition(": ")[2] for s in problems(cast, tmp_path / "a")] == [
        "A recording can have at most 100 chapters."
    ]
    assert [s.partition(": ")[2] for s in problems(cast, tmp_path / "b")] == [
        "`title` has 121 characters. At most 120 can be used."
    ]


def test_a_zip_of_too_many_files(cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_FILES", 3)
    path = zipped(tmp_path / "a.zip", MANIFEST, *((f"{n}.md", b"x") for n in range(3)))
    assert problems(cast, path) == ["There are 4 files. At most 3 can be imported at once."]
    monkeypatch.setattr(source, "MAX_FILES", 5000)
    monkeypatch.setattr(source, "MAX_BYTES", 20)
    assert problems(cast, path) == ["All files together are larger than 0 GB."]


def test_a_zip_whose_list_fills_the_memory(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safe_zip, "MOST_LISTED", 100_000)
    entries = [zipfile.ZipInfo(f"{n}.md") for n in range(3)]
    for entry in entries:
        entry.extra = b"\x99\x99" + (60_000).to_bytes(2, "little") + bytes(60_000)
    path = zipped(tmp_path / "a.zip", MANIFEST, *((entry, b"x") for entry in entries))
    assert problems(cast, path) == ["There are too many files. At most 5,000 can be imported at once."]


@pytest.mark.parametrize("way", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_that_takes_too_much_to_unpack(cast: Cast, tmp_path: Path, way: int) -> None:
    path = zipped(tmp_path / "a.zip", MANIFEST)
    with zipfile.ZipFile(path, "a", way) as packed:
        packed.writestr("01-one.md", b"# One\n" * 100)
    expected = "01-one.md: This file has an unusual compression. Create a plain ZIP."
    assert problems(cast, path) == [expected]


def test_a_damaged_zip(cast: Cast, tmp_path: Path) -> None:
    content = course_folders.archive(
        {"course.toml": MANIFEST[1], "01-one.md": b"# One\n" + bytes(range(256)) * 20}
    )
    at = content.index(b"01-one.md") + 200
    (tmp_path / "a.zip").write_bytes(content[:at] + b"\xff\x00\xff\x00" + content[at + 4 :])
    assert problems(cast, tmp_path / "a.zip") == ["01-one.md: This file in the ZIP is damaged."]
    (tmp_path / "b.zip").write_bytes(b"PK nothing")
    assert problems(cast, tmp_path / "b.zip") == ["This isn’t a readable ZIP file."]
    assert problems(cast, tmp_path / "c.zip") == [f"There is no folder or file {tmp_path / 'c.zip'}."]


def test_names_in_any_spelling_of_an_accent(cast: Cast, tmp_path: Path) -> None:
    decomposed = "u\u0308ber.md"
    path = zipped(
        tmp_path / "a.zip",
        MANIFEST,
        ("01-one.md", "# One\n\n[there](über.md)".encode()),
        (decomposed, b"# Two\n"),
    )
    course = imported(cast, path)
    assert "/learn/small/two" in lessons_of(course)[0].body


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"course.toml": ""}, ["course.toml: `category` is missing.", "course.toml: `title` is missing."]),
        ({"course.toml": 'title = "x'}, ["course.toml, line 1: This isn’t valid TOML: *"]),
        (
            {"course.toml": 'title = "A"\ncategory = "wep"\n'},
            ["course.toml: There is no category “wep”. There is web*"],
        ),
        (
            {"course.toml": 'title = "A"\ncategory = "web"\ntier = "standard"\nprice_cents = 100\n'},
            ["course.toml: The tier standard costs 1500 to 2500 cents, not 100."],
        ),
        (
            {
                "course.toml": 'title = "A"\ncategory = "web"\nprice_cents = 40\nsale_price_cents = 30\n'
                "sale_ends_at = 2099-01-01T00:00:00Z\n"
            },
            [
                "course.toml, line 3: `price_cents` is below 50, the smallest amount that can be paid. *",
                "course.toml, line 4: `sale_price_cents` is below 50, the smallest amount that can be*",
            ],
        ),
        (
            {"course.toml": 'title = "A"\ncategory = "web"\ntitel = "B"\nlevel = "hard"\nsequential = 1\n'},
            [
                "course.toml, line 3: `titel` isn’t a known field. Did you mean `title`?",
                "course.toml, line 4: `level` can be beginner, intermediate, advanced. It is “hard”.",
                "course.toml, line 5: `sequential` must be true or false.",
            ],
        ),
        (
            {"course.toml": 'title = "A"\ncategory = "web"\nprerequisite_courses = ["secret-draft"]\n'},
            ["course.toml: There is no course on sale at “secret-draft”."],
        ),
        (
            {"course.toml": f'title = "{"A" * 10_000}"\ncategory = "web"\nobjectives = [1]\n'},
            [
                "course.toml, line 1: `title` has 10,000 characters. At most 200 can be used.",
                "course.toml, line 3: `objectives` must be a list of texts.",
            ],
        ),
        ({"01-one.md": b"\xff\xfe#\x00 \x00"}, ["01-one.md, line 1: This isn’t UTF-8 text. It looks like*"]),
        ({"01-one.md": b"# One\n\nA caf\xe9"}, ["01-one.md, line 3: This isn’t UTF-8 text. Save it*"]),
        ({"01-one.md": "x" * 1_100_000}, ["01-one.md: This text is too long: 1,100 kB."]),
        ({"01-one.md": "# A\n\n" + "x" * 300_000}, ["01-one.md, line 3: This text has 300 kB. *"]),
        ({"01-one.md": '+++\ntitle = "A"\n'}, ["01-one.md, line 1: A second line of +++ is missing *"]),
        ({"01-one.md": '+++\ntitle = "A"\nkind = \n+++\n'}, ["01-one.md, line 3: This isn’t valid TOML*"]),
        (
            {"01-one.md": '+++\nslug = "a"\n+++\n', "02-two.md": '+++\nslug = "a"\n+++\n'},
            ["01-one.md: Another lesson has the address “a” too. *", "02-two.md: Another lesson has *"],
        ),
        (
            {"01-one.md": '+++\nvideo = "https://evil.example/film"\n+++\n'},
            ["01-one.md, line 2: That isn’t a YouTube or Vimeo link."],
        ),
        (
            {
                "a.mp4": b"x",
                "01-one.md": '+++\nrecording = "a.mp4"\ncaptions = { klingonisch = "a.vtt" }\n+++\n',
            },
            [
                "01-one.md, line 3: There is no file a.vtt.",
                "01-one.md, line 3: “klingonisch” isn’t a language *",
            ],
        ),
        (
            {"01-one.md": '+++\nresources = [{ title = "A", url = "javascript:alert(1)" }]\n+++\n'},
            ["01-one.md, line 2: The address of a resource begins with https:// or http://."],
        ),
        (
            {"code.zip": b"PK no", "course.toml": MANIFEST[1] + b'code = "code.zip"\n'},
            ["course.toml: This isn’t a readable ZIP *"],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_clearly(
    cast: Cast, tmp_path: Path, files: dict[str, Any], expected: list[str]
) -> None:
    found = problems(cast, course_folders.write(tmp_path, small(**files)))
    assert len(found) == len(expected), found
    for said, wanted in zip(found, expected, strict=True):
        assert fnmatch.fnmatchcase(said, wanted.replace("[", "[[]")), said


def test_lessons_may_be_listed_in_course_toml(cast: Cast, tmp_path: Path) -> None:
    manifest = """
title = "Small"
category = "web"
[[modules]]
title = "All"
unlock_after_days = 3
lessons = ["b.md", { file = "a.md", title = "Another name", visibility = "private" }]
[[modules]]
title = "More"
published = false
[[modules.lessons]]
title = "On film"
video = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
duration = "3:32"
"""
    files = {"course.toml": manifest, "a.md": "# A\n", "b.md": "# B\n\nText of b.", "unlisted.md": "# No\n"}
    course = imported(cast, course_folders.write(tmp_path, files))
    lessons = lessons_of(course)
    assert [(x.title, x.slug) for x in lessons] == [
        ("B", "b"), ("Another name", "another-name"), ("On film", "on-film"),
    ]  # fmt: skip
    assert (lessons[2].kind.value, lessons[2].duration_seconds) == ("video", 212)
    assert course.lesson_count == 1


def test_markup_of_strangers_stays_text(cast: Cast, tmp_path: Path) -> None:
    files = small(
        **{"01-one.md": "# <script>alert(1)</script>\n\n<img src=x onerror=alert(1)> [a](javascript:x)\n"}
    )
    course = imported(cast, course_folders.write(tmp_path, files))
    lesson = lessons_of(course)[0]
    assert lesson.title == "One"  # as the file is called: nothing of the heading is shown
    assert "onerror" not in lesson.body_html
    assert 'href="javascript' not in lesson.body_html


def test_control_characters_are_left_out(cast: Cast, tmp_path: Path) -> None:
    manifest = 'title = "Sm\\u0000all\\u202E"\ncategory = "web"\n'
    files = {
        "course.toml": manifest,
        "README.md": "\ufeffA\r\n\x00B",
        "01-one.md": "# One\x00\r\n\r\nText\x07.",
    }
    course = imported(cast, course_folders.write(tmp_path, files))
    assert (course.title, course.description) == ("Small", "A\nB")
    assert lessons_of(course)[0].body == "Text."


def test_a_forged_seal_is_no_seal(cast: Cast, tmp_path: Path) -> None:
    png = course_folders.picture()
    name = f"a.{'0' * 32}.webp"
    course = imported(
        cast, course_folders.write(tmp_path, small(**{"01-one.md": f"![a]({name})", name: png}))
    )
    picture = db.session.scalars(select(Picture).where(Picture.course_id == course.id)).one()
    with storage.current().open(picture.storage_key) as file:
        assert file.read(4) == b"RIFF"


def test_no_room_left(app: Flask, cast: Cast, tmp_path: Path) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], upload_quota_mb=1)
    files = small(**{"big.pdf": b"%PDF-" + b"x" * 2_000_000, "01-one.md": "[big](big.pdf)"})
    found = problems(cast, course_folders.write(tmp_path, files))
    assert len(found) == 1
    assert "isn’t enough space" in found[0]


def test_the_commands(app: Flask, cast: Cast, tmp_path: Path) -> None:
    run = app.test_cli_runner().invoke
    folder = course_folders.write(tmp_path / "in", small())
    done = run(args=["import", "course", str(folder), "--creator", "ada@example.com"])
    assert done.exit_code == 0
    assert "“Small” is a draft at /courses/small with 1 lesson." in done.output
    assert db.session.scalar(select(Course.creator_id).where(Course.slug == "small")) == cast.ada.id
    done = run(args=["export", "course", "small", str(tmp_path / "out")])
    assert done.exit_code == 0
    assert set(course_folders.read(tmp_path / "out")) == {"course.toml", "01-lessons/01-one.md"}
    for args, sentence in (
        (["export", "course", "small", str(tmp_path / "out")], "is not an empty folder"),
        (["export", "course", "none", str(tmp_path / "x")], "There is no course at none."),
        (["import", "course", str(folder), "--creator", "bo@example.com"], "isn’t the address of a creator"),
        (["import", "course", str(tmp_path), "--creator", "ada@example.com"], "Nothing was imported"),
    ):
        failed = run(args=args)
        assert failed.exit_code == 1
        assert sentence in failed.output


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("a" + ".a" * 200_000 + " = 1", "nested too deeply"),
        ("['a'" + " . 'a'" * 50_000 + "]", "nested too deeply"),
        ("a = { b" + ".b" * 200_000 + " = 1 }", "nested too deeply"),
        ("a = " + "9" * 5_000, "a number in it is too long"),
        ("a = " + "[" * 20_000, "nested too deeply"),
    ],
)
def test_toml_that_would_hold_the_worker_is_not_read(
    cast: Cast, tmp_path: Path, line: str, sentence: str
) -> None:
    (tmp_path / "course.toml").write_text(f'title = "A"\n{line}\n')
    with pytest.raises(InvalidCourse) as told:
        imported(cast, tmp_path)
    assert sentence in str(told.value.problems[0])


def test_ten_thousand_mistakes_are_told_in_time(cast: Cast, tmp_path: Path) -> None:
    """Each would be looked for in the whole file; the first hundreds are."""
    (tmp_path / "course.toml").write_text("".join(f"key{n} = 1\n" for n in range(10_000)))
    started = time.process_time()
    with pytest.raises(InvalidCourse) as told:
        imported(cast, tmp_path)
    assert time.process_time() - started < 20
    assert len(told.value.problems) > 9_000
    assert str(report.grouped(told.value.problems)[-1]).endswith("more.")


@pytest.mark.parametrize("day", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "1999-12-31"])
def test_a_day_that_nobody_means_is_refused(cast: Cast, tmp_path: Path, day: str) -> None:
    sale = f"price_cents = 1900\nsale_price_cents = 900\nsale_ends_at = {day}\n"
    (tmp_path / "course.toml").write_text(f'title = "A"\ncategory = "web"\n{sale}')
    (tmp_path / "01-one.md").write_text("# One\n")
    with pytest.raises(InvalidCourse, match=r"Fix 1 problem first") as told:
        imported(cast, tmp_path)
    assert "`sale_ends_at` must be a day from 2000 to 2200." in str(told.value.problems[0])


def test_captions_in_too_many_languages_are_refused(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captions, "MAX_LANGUAGES", 1)
    [problem] = problems(cast, course_folders.write(tmp_path, course_folders.files_of(3)))
    assert problem.endswith("A recording can have captions in at most 1 languages.")
