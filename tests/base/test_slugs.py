"""Addresses: what titles become, and that a free one is found in the index."""

import uuid
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import bindparam, event, select, text

from domain.base import slugs
from models import Course, SlugRedirect, db
from tests.cast import Cast
from tests.catalog.shop import add_course


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("A stranger's course", "a-strangers-course"),
        ("A stranger’s course", "a-strangers-course"),
        ("Don’t panic, it's O'Reilly", "dont-panic-its-oreilly"),
        ("Learners' notes on 'quoted' words", "learners-notes-on-quoted-words"),
        ("L’été à la mer", "lete-a-la-mer"),
        ("The '90s – rock ’n’ roll", "the-90s-rock-n-roll"),
        ("'", "untitled"),
    ],
)
def test_an_apostrophe_parts_no_word(title: str, slug: str) -> None:
    assert slugs.slugify(title) == slug
    assert slugs.slugify(slug) == slug


@pytest.mark.parametrize(
    ("title", "language", "slug"),
    [
        ("Русский язык", "ru", "russkiy-yazyk"),
        ("Українська мова", "uk", "ukrainska-mova"),
        ("C++", "en", "c-plus-plus"),
        ("C/C++ und C#", "de", "c-c-plus-plus-und-c-sharp"),
        ("F# on .NET 9", "en", "f-sharp-on-dot-net-9"),
        ("Größe, Höhe, Maß", "de", "groesse-hoehe-mass"),
        ("Größe, Höhe, Maß", "sv", "grosse-hohe-mass"),
        ("Straßen über Köln", "de-AT", "strassen-ueber-koeln"),
        ("Smørrebrød på færger", "da", "smorrebrod-pa-faerger"),
        ("日本語 入門", "ja", "ribenyu-rumen"),
        ("हिन्दी", "hi", "hindi"),
        ("한국어 배우기", "ko", "hangugeo-baeugi"),
        ("Ελληνικά", "el", "ellinika"),
        ("العربية", "ar", "lrbyh"),
        ("ＡＢＣ１２３ ½ ①", "en", "abc123-1-2-1"),
        ("Party 🎉 now — “really”!", "en", "party-now-really"),
        ("🎉", "en", "untitled"),
        ("Đường", "vi", "duong"),
    ],
)
def test_every_script_has_an_address(title: str, language: str, slug: str) -> None:
    assert slugs.slugify(title, language=language) == slug
    assert slugs.slugify(slug, language=language) == slug


@pytest.mark.parametrize("title", ["x" * 200, "wort " * 40, "x" * 71 + " y " * 20])
def test_with_its_number_a_slug_is_no_longer_than_the_form_allows(app: Flask, cast: Cast, title: str) -> None:
    with app.app_context():
        made = []
        for _ in range(12):
            made.append(slugs.for_product(title))
            add_course(cast, title, slug=made[-1])
        assert len(set(made)) == 12
        assert max(map(len, made)) <= slugs.LENGTH
        assert [slugs.slugify(slug) for slug in made] == made


def test_a_number_is_added_to_what_is_taken(app: Flask, cast: Cast) -> None:
    with app.app_context():
        for slug in ("weaving", "weaving-2", "weaving-10", "weaving-3-looms", "weavings", "weaving-a-rug"):
            add_course(cast, "Weaving", slug=slug)
        db.session.add(SlugRedirect(slug="weaving-3", product_id=cast.free_course.id))
        db.session.commit()
        assert slugs.for_product("Weaving") == "weaving-4"
        assert slugs.for_product("Weaving", cast.free_course.id) == "weaving-3"
        assert slugs.for_product("Weaving 1") == "weaving-1"
        assert slugs.for_product("Weaving a rug") == "weaving-a-rug-2"
        for number in range(3, 10):
            add_course(cast, "Weaving", slug=f"weaving-{number}" if number > 3 else "weaving-x")
        assert slugs.for_product("Weaving") == "weaving-11"
        assert slugs.for_lesson("Routes", cast.flask_course.id) == "routes-2"
        assert slugs.for_lesson("Routes", cast.free_course.id) == "routes"
        assert slugs.for_creator("Ada") == "ada-2"


def test_a_free_address_is_found_in_the_index(app: Flask, cast: Cast) -> None:
    asked: list[tuple[str, Any]] = []
    with app.app_context():
        bind = db.session.get_bind()
        on_postgresql = bind.dialect.name == "postgresql"

        def note(_c: object, _cursor: object, statement: str, values: Any, *_more: object) -> None:
            asked.append((statement, values))

        event.listen(bind, "before_cursor_execute", note)
        try:
            slugs.for_product("Weaving")
            slugs.for_product("Weaving", uuid.uuid4())
            slugs.for_lesson("Routes", cast.flask_course.id)
            slugs.for_creator("Ada")
        finally:
            event.remove(bind, "before_cursor_execute", note)
        if on_postgresql:  # the cast's tables are so small that reading them whole is cheaper
            db.session.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"))
        explain = "EXPLAIN" if on_postgresql else "EXPLAIN QUERY PLAN"
        connection = db.session.connection()
        assert len(asked) == 6
        for statement, values in asked:
            plan = "\n".join(
                str(tuple(row)) for row in connection.exec_driver_sql(f"{explain} {statement}", values)
            )
            wanted = "Index Cond" if on_postgresql else "slug>? AND"
            line = next(line for line in plan.splitlines() if wanted in line)
            assert "slug" in line, plan
            assert "Seq Scan" not in plan
            assert "SCAN" not in plan


def test_a_course_keeps_its_own_address(app: Flask, cast: Cast) -> None:
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        assert slugs.for_product("Flask, first steps", course.id) == course.slug
        assert slugs.for_product("Flask, first steps") == "flask-first-steps-2"


def test_a_product_is_found_by_its_present_and_its_former_slugs(app: Flask, cast: Cast) -> None:
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        first = course.slug
        slugs.rename(course, "second")
        slugs.rename(course, "third")
        db.session.commit()
        expected = {
            **dict.fromkeys((first, "second", "third"), course.id),
            cast.free_course.slug: cast.free_course.id, "nowhere": None, "": None,
        }  # fmt: skip
        assert {slug: db.session.scalar(select(slugs.product_id_at(slug))) for slug in expected} == expected
        found = select(Course.slug).where(Course.id == slugs.product_id_at(bindparam("slug")))
        assert db.session.scalar(found, {"slug": first}) == "third"


def test_a_present_slug_counts_before_a_former_one(app: Flask, cast: Cast) -> None:
    with app.app_context():
        db.session.add(SlugRedirect(slug=cast.flask_course.slug, product_id=cast.free_course.id))
        db.session.commit()
        found = db.session.scalar(select(slugs.product_id_at(cast.flask_course.slug)))
        assert found == cast.flask_course.id
