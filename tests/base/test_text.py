"""What is kept of a typed text, on every way it can take."""

import re
import time
import tomllib
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import example, given
from hypothesis import strategies as st

from domain import Refused
from domain.base import markdown, text, webvtt, word_folding
from domain.catalog import tags
from domain.media import captions
from domain.portable import exporting, folder_writer, importing
from domain.portable.fields import Fields, Location
from models import Course, Lesson, Review, User, db
from tests.cast import Cast
from tests.studio.editor import details
from web import forms

WALES = "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"
NEWER = "\U0001fae9\U0001fadf\u0560\U00011bc0"  # two of these came after Python 3.11's tables
KEPT = f"{WALES}{NEWER}a\u200db\u200cc\u200ed\u200fe\u00adf\u061cg\u2060h\u0600i\ufe0fj\u00a0k\u3000l"
LOST = "\x00\x01\x08\x0b\x0c\x0e\x1f\x7f\x80\x9f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
LOST += "\ufdd0\ufdef\ufffe\uffff\U0001fffe\U0010ffff"
ACCENT = "e\u0301"  # é in two characters
MAKEFILE = "  indented\n\n```make\nall:\n\tcc  \n\t\n```\n\n- a\n\t- b\n\nhard  \nbreak\\\n\n| a |\n\n\n"
EDGES = f"\n \n{MAKEFILE}+++\n---\n{KEPT}{ACCENT}\n# x\n\u2028\u2029</textarea>&amp;<b>\n\t"


@pytest.mark.slow
@given(st.text())
@example(LOST)
@example("\ufeff\ufeffa")
@example("a \x00 b")
@example("\r\r\n\n\x0b")
def test_cleaning_twice_is_cleaning_once(typed: str) -> None:
    for clean in (text.clean, text.markdown_source, text.one_line, text.paragraphs):
        assert clean(clean(typed)) == clean(typed)
        assert not set(clean(typed)) & set(LOST)
        clean(typed).encode()


def test_only_what_breaks_or_lies_is_removed() -> None:
    for character in KEPT:
        assert text.one_line(f"a{character}b") == f"a{character}b"
        assert text.markdown_source(f"a{character}b") == text.paragraphs(f"a{character}b") == f"a{character}b"
    for lost in [*LOST, "\ud800", "\udfff"]:
        assert text.markdown_source(f"a{lost}b") == text.paragraphs(f"a{lost}b") == "ab"
        assert text.one_line(f"a{lost}b") in ("ab", "a b")  # a vertical tab parts words


def test_markdown_is_kept_byte_for_byte() -> None:
    assert text.markdown_source(EDGES) == EDGES
    assert text.markdown_source(EDGES.replace("\n", "\r\n")) == EDGES
    assert text.markdown_source(f"\ufeff{EDGES}") == EDGES
    assert forms.raw_markdown(b"a file") == forms.raw_markdown(None) == ""


def test_one_line_has_single_spaces_and_composed_accents() -> None:
    assert text.one_line(f"  {ACCENT}t{ACCENT} \r\n\t ") == "été"
    assert text.paragraphs(f"\n \n  {ACCENT}\t x  \ny \n\n") == f"  {ACCENT}\t x  \ny"


@pytest.mark.parametrize(
    "nothing", ["\u200b\ufeff", " \u3164 ", "\u2800", "\u00ad\n\u200e", WALES[1:], "\x00 "]
)
def test_what_shows_nothing_is_nothing(nothing: str) -> None:
    assert text.one_line(nothing) == text.paragraphs(nothing) == text.markdown_source(nothing) == ""


def test_words_are_found_however_they_are_spelt() -> None:
    assert word_folding.split("inter\u00adnational caf\u200be\u0301 می\u200cخواهم") == [
        "international",
        "cafe",
        "میخواهم",
    ]


@pytest.mark.parametrize("marks", ["\u0301", "\u0301\u0316", "\u0f71\u0f72"])
def test_heaps_of_marks_take_no_time(marks: str) -> None:
    heap = "a" + marks * (300_000 // len(marks))
    started = time.process_time()
    assert text.one_line(heap) == heap
    assert word_folding.fold(heap) == "a"
    markdown.render("# a" + marks * (60_000 // len(marks)))
    assert time.process_time() - started < 8  # with the square of the marks it would be minutes


@pytest.fixture
def ada(cast: Cast, signed_in: Callable[[User], FlaskClient]) -> FlaskClient:
    return signed_in(cast.ada)


def field(page: str, name: str) -> str:
    """What a browser has in the textarea `name`: it drops one line feed behind the tag."""
    areas = re.findall(r"<textarea([^>]*)>(.*?)</textarea>", page, re.DOTALL)
    inside = next(text for tag, text in areas if f'name="{name}"' in tag).replace("\r\n", "\n")
    return unescape(inside.removeprefix("\n"))


def course_as_typed(app: Flask, cast: Cast, ada: FlaskClient) -> None:
    """Description and lesson typed into the editor, sent as browsers do."""
    home = f"/studio/courses/{cast.flask_course.id}"
    sent = EDGES.replace("\n", "\r\n")
    typed = details(cast, cast.flask_course, description=sent, title=f"T{KEPT}")
    assert ada.post(home, data=typed).status_code == 303
    lesson = f"{home}/lessons/{cast.text_lesson.id}"
    page = ada.get(lesson).text
    hidden = {
        name: page.split(f'name="{name}"')[1].split('value="')[1].split('"')[0] for name in ("version", "tab")
    }
    values = {
        "title": f"L{KEPT}",
        "slug": "routes",
        "kind": "text",
        "visibility": "members",
        "published": "y",
    }
    answer = ada.post(lesson, data={**values, **hidden, "body": sent, "description": f"x\ty  \n{KEPT}"})
    assert answer.status_code == 303


def test_a_round_trip_loses_no_character(app: Flask, cast: Cast, ada: FlaskClient, tmp_path: Path) -> None:
    """Form, database, editor, export, import."""
    course_as_typed(app, cast, ada)
    home = f"/studio/courses/{cast.flask_course.id}"
    assert field(ada.get(home).text, "description") == EDGES
    assert field(ada.get(f"{home}/lessons/{cast.text_lesson.id}").text, "body") == EDGES
    with app.app_context():
        course, lesson = (
            db.session.get_one(Course, cast.flask_course.id),
            db.session.get_one(Lesson, cast.text_lesson.id),
        )
        assert (course.description, lesson.body) == (EDGES, EDGES)
        assert (course.title, lesson.title) == (f"T{KEPT}", f"L{KEPT}")
        assert "\t" in course.description_html
        folder_writer.to_folder(exporting.entries(course), tmp_path, lambda *_: None)
        creator = db.session.get_one(User, cast.ada.id)
        copy = importing.write_or_undo(importing.prepare_folder(tmp_path, creator), creator, "x")
        db.session.flush()
        twin = db.session.query(Lesson).filter_by(course_id=copy.id, slug=lesson.slug).one()
        assert (copy.description, copy.title) == (EDGES, course.title)
        assert (twin.body, twin.title, twin.description) == (EDGES, lesson.title, lesson.description)


def test_saving_another_field_changes_no_description(app: Flask, cast: Cast, ada: FlaskClient) -> None:
    course_as_typed(app, cast, ada)
    home = f"/studio/courses/{cast.flask_course.id}"
    page = ada.get(home).text
    again = details(cast, cast.flask_course, description=field(page, "description"), title="Anew")
    assert ada.post(home, data=again).status_code == 303
    with app.app_context():
        assert db.session.get_one(Course, cast.flask_course.id).description == EDGES


def test_reviews_keep_what_was_typed(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient]
) -> None:
    said = f"  first\n\tsecond  \n{KEPT}{ACCENT}"
    form = {"rating": "5", "comment": f"\r\n{said}{LOST}\r\n".replace("\n", "\r\n")}
    answer = signed_in(cast.bo).post("/courses/flask-first-steps/review", data=form)
    assert answer.status_code in (200, 303)
    with app.app_context():
        assert db.session.query(Review).filter_by(user_id=cast.bo.id).one().comment == said


def test_imports_and_captions_clean_as_forms_do() -> None:
    raw = KEPT + "".join(c for c in LOST if ord(c) > 0x9F)
    place = Location("x", "")
    table = Fields(tomllib.loads(f'line = "{raw}\\u0000"\ntext = "{raw}\\u0000\\t\\n"'), place, [])
    assert table.line("line", 200) == forms.one_line(raw) == KEPT
    assert table.text("text", 200) == forms.raw_markdown(f"{raw}\t\n") == f"{KEPT}\t\n"
    cue = webvtt.parse(f"WEBVTT\n\n00:00.000 --> 00:02.000\n{raw}\x00&#x202e;\n")[0]
    assert cue.text == KEPT


@given(st.lists(st.text(st.characters(exclude_characters=",\n\r")), max_size=5))
@example(["  a \u2028 b ", ACCENT, "\u200b", "a  b", "\u202ea", "a b"])
def test_a_form_and_an_import_keep_the_same_lines(typed: list[str]) -> None:
    class Own(forms.ReusableForm):
        listed = forms.LinesField("L", most=9, longest=10_000)

    own = Own()
    kept = text.lines(typed)
    imported = Fields({"listed": typed, "one": typed[0] if typed else ""}, Location("course.toml", ""), [])
    assert imported.lines("listed", 9, 10_000) == kept
    assert imported.line("one", 10_000) == text.one_line(typed[0] if typed else "")
    own.listed.process_formdata(["\n".join(typed)])
    assert own.listed.data == text.lines(part for one in typed for part in one.splitlines())
    assert kept == text.lines(kept)
    for line in kept:
        assert text.one_line(line) == line


def test_a_chapter_and_a_tag_are_kept_as_an_import_keeps_them() -> None:
    typed = f"  Caf{ACCENT}\u202e \u3000 two\u00a0  three "
    imported = Fields({"title": typed}, Location("a.md", ""), []).line("title", 100)
    assert imported == text.one_line(typed)
    assert captions._chapter(1, f"4:05 {typed}") == (245.0, imported)
    assert tags.split(f"{typed}, \u200b") == [imported]
    with pytest.raises(Refused, match="isn’t a time and a title"):
        captions._chapter(1, "4:05 \u200b")
