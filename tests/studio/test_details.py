"""The details of a course: what is stored, what is refused, and two tabs at the same page."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from domain import Refused
from domain.authoring import course_details
from models import AuditEntry, Course, SearchDocument, Tag, User, course_prerequisites, db
from tests.cast import Cast
from tests.pages import forms_of
from tests.studio.editor import Desk, details

Browser = Callable[[User], FlaskClient]
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def desk(app: Flask, cast: Cast, signed_in: Browser) -> Desk:
    return Desk(app, signed_in(cast.ada), cast.flask_course)


def test_details_are_saved_and_found(desk: Desk, cast: Cast) -> None:
    typed = details(
        cast, cast.flask_course, title="Flask, second steps", description="# About\n\n**More**",
        tags="Flask, REST APIs, flask",
        objectives="Build\n\n  Deploy  it\n", prerequisites="", level="advanced", technology="Quart",
    )  # fmt: skip
    answer = desk.browser.post(desk.home, data=typed)
    assert (answer.status_code, answer.location) == (303, desk.home)
    row = desk.row()
    assert (row.title, row.objectives, row.prerequisites) == (
        "Flask, second steps",
        ["Build", "Deploy it"],
        [],
    )
    assert "<strong>More</strong>" in row.description_html
    assert row.level == "advanced"
    page = desk.get()
    assert 'value="Flask, REST APIs"' in page
    with desk.app.app_context():
        document = db.session.scalars(select(SearchDocument).where(SearchDocument.product_id == row.id)).one()
        assert "second" in document.title
        assert "quart" in document.keywords
        assert "rest" in document.keywords
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "describe")).one()
        assert entry.subject_id == str(row.id)


def test_a_new_address_keeps_the_former_one(desk: Desk, cast: Cast, client: FlaskClient) -> None:
    typed = details(cast, cast.flask_course, slug="flask-anew")
    assert desk.browser.post(desk.home, data=typed).status_code == 303
    assert client.get("/courses/flask-anew").status_code == 200
    moved = client.get("/courses/flask-first-steps")
    assert (moved.status_code, moved.location) == (301, "/courses/flask-anew")


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("title", "", "Enter a title"),
        ("title", "\u200b", "Enter a title"),
        ("title", "a" * 10_000, "at most 200"),
        ("slug", "reading-code", "reading-code-2 is available"),
        ("slug", "Über Flask!", "uber-flask"),
        ("slug", "!", "letters and digits"),
        ("summary", "a" * 301, "at most 300"),
        ("description", "é" * 100_001, "2 too many"),
        ("category", "01890000-0000-7000-8000-000000000000", "Choose one of these."),
        ("tags", ",".join(f"tag {n}" for n in range(11)), "at most 10 tags"),
        ("tags", "a" * 51, "at most 50"),
        ("tags", "Flask, ???", "at least one letter"),
        ("level", "guru", "Choose one of these."),
        ("technology", "a" * 61, "at most 60"),
        ("language", "xx", "Choose one of these."),
        ("objectives", "\n".join(f"line {n}" for n in range(21)), "at most 20 lines"),
        ("prerequisites", "a" * 201, "at most 200 characters per line"),
    ],
)
def test_what_cannot_be_stored_is_refused_beside_its_field(
    desk: Desk, cast: Cast, field: str, typed: str, said: str
) -> None:
    before = desk.row().updated_at
    form = details(cast, cast.flask_course, **{field: typed})
    answer = desk.browser.post(desk.home, data=form)
    assert answer.status_code == 422
    beside = answer.text.split(f'id="{field}-error"')
    assert len(beside) == 2
    assert said in beside[1][:400]
    assert desk.row().updated_at == before


def test_scripts_are_shown_as_text(desk: Desk, cast: Cast, client: FlaskClient) -> None:
    form = details(
        cast, cast.flask_course, title=SCRIPT, summary=SCRIPT, description=SCRIPT, tags=SCRIPT,
        technology=SCRIPT, objectives=SCRIPT, prerequisites=SCRIPT,
    )  # fmt: skip
    assert desk.browser.post(desk.home, data=form).status_code == 303
    for text in (desk.get(), desk.get("/sharing"), client.get("/courses/flask-first-steps").text):
        assert SCRIPT not in text
        assert "&lt;script&gt;" in text


def test_two_tabs_do_not_write_over_each_other(desk: Desk, cast: Cast) -> None:
    was, long = desk.was(), "From the first tab. " * 5
    first = details(cast, cast.flask_course, title="From the first tab", description=long, was=was)
    assert desk.browser.post(desk.home, data=first).status_code == 303
    second = details(cast, cast.flask_course, summary="From the second tab", was=was)
    assert desk.browser.post(desk.home, data=second).status_code == 303
    both = desk.row()
    assert (both.title, both.summary, both.description) == ("From the first tab", "From the second tab", long)
    third = details(cast, cast.flask_course, title="From the third", description="Short", was=was)
    answer = desk.browser.post(desk.home, data=third)
    assert answer.status_code == 409
    assert "This was changed elsewhere to “From the first tab”" in answer.text
    assert f'aria-label="Current version">{long}</textarea>' in answer.text
    assert 'value="From the third"' in answer.text
    assert desk.row().title == "From the first tab"
    again = next(form.values for form in forms_of(answer.text) if form.action == desk.home)
    assert desk.browser.post(desk.home, data=again).status_code == 303
    mine = desk.row()
    assert (mine.title, mine.summary, mine.description) == ("From the third", both.summary, "Short")


def test_saving_the_same_twice_is_no_conflict(desk: Desk, cast: Cast) -> None:
    form = details(cast, cast.flask_course, title="Once", was=desk.was())
    assert [desk.browser.post(desk.home, data=form).status_code for _ in range(2)] == [303, 303]


def test_another_page_saved_meanwhile_is_no_conflict(desk: Desk, cast: Cast) -> None:
    was = desk.was()
    sharing = {"meta_title": "Elsewhere", "was": desk.was("/sharing")}
    assert desk.browser.post(f"{desk.home}/sharing", data=sharing).status_code == 303
    form = details(cast, cast.flask_course, title="Once", was=was)
    assert desk.browser.post(desk.home, data=form).status_code == 303


def test_tags_are_suggested_as_they_are_typed(desk: Desk) -> None:
    with desk.app.app_context():
        db.session.add_all([Tag(name="Pytest", slug="pytest"), Tag(name="Rust", slug="rust")])
        db.session.commit()
    found = desk.browser.get("/studio/tags?tags=Flask, Py", headers=HTMX).text
    assert "Pytest" in found
    assert "Python" in found
    assert "Rust" not in found
    assert "<button" not in desk.browser.get("/studio/tags?tags=Flask,", headers=HTMX).text


def test_another_course_can_be_asked_for_first(desk: Desk, cast: Cast) -> None:
    found = desk.browser.get(f"{desk.home}?find=reading").text
    assert "Reading code" in found.split('id="required"')[1]
    press = {"course": str(cast.free_course.id)}
    assert desk.browser.post(f"{desk.home}/required", data=press).status_code == 303
    assert "Remove Reading code" in desk.get()
    with desk.app.app_context():
        assert db.session.scalar(select(course_prerequisites.c.prerequisite_id)) == cast.free_course.id
    away = f"{desk.home}/required/{cast.free_course.id}/release"
    fragment = desk.browser.post(away, headers=HTMX).text
    assert "Remove Reading code" not in fragment
    assert "<html" not in fragment


@pytest.mark.parametrize("which", ["itself", "in a circle", "a draft", "nothing"])
def test_what_nobody_could_complete_is_not_asked_for(desk: Desk, cast: Cast, which: str) -> None:
    with desk.app.app_context():
        row = {"course_id": cast.free_course.id, "prerequisite_id": cast.flask_course.id}
        db.session.execute(course_prerequisites.insert().values(row))
        db.session.commit()
    ids = {
        "itself": cast.flask_course.id, "in a circle": cast.free_course.id, "a draft": cast.draft_course.id,
        "nothing": "x",
    }  # fmt: skip
    answer = desk.browser.post(f"{desk.home}/required", data={"course": str(ids[which])})
    assert answer.status_code == (422 if which == "nothing" else 303)
    with desk.app.app_context():
        query = select(course_prerequisites).where(course_prerequisites.c.course_id == cast.flask_course.id)
        assert db.session.execute(query).first() is None


def test_other_peoples_courses_do_not_exist(cast: Cast, signed_in: Browser) -> None:
    nia, mo = signed_in(cast.nia), signed_in(cast.mo)
    home = f"/studio/courses/{cast.flask_course.id}"
    for page in (
        "",
        "/pricing",
        "/access",
        "/sharing",
        "/duplicate",
        "/archive",
        "/delete",
        "/preview",
        "/required",
    ):
        assert nia.get(home + page).status_code == 404
        assert mo.get(home + page).status_code in (200, 303)
        if page != "/preview":
            assert nia.post(home + page).status_code == 404
    assert nia.post(f"{home}/required/{cast.free_course.id}/release").status_code == 404
    assert "by Ada" in mo.get(home).text
    assert isinstance(cast.flask_course, Course)


@pytest.mark.parametrize(
    "lines", [["x"] * (course_details.LINES + 1), ["x" * (course_details.LINE_LENGTH + 1)]]
)
@pytest.mark.parametrize("field", ["objectives", "prerequisites"])
def test_lists_have_limits_without_the_form(app: Flask, cast: Cast, field: str, lines: list[str]) -> None:
    with app.app_context():
        course, ada = db.session.get_one(Course, cast.flask_course.id), db.session.get_one(User, cast.ada.id)
        new = replace(course_details.details_of(course), **{field: lines})
        with pytest.raises(Refused, match="Use at most") as caught:
            course_details.set_details(course, ada, new)
        assert caught.value.field == field
