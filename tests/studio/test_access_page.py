"""Who may come in, in which order and when; and what is said of a course elsewhere."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import Module, ProductVisibility, User, db
from tests.cast import Cast
from tests.studio.editor import Desk

Browser = Callable[[User], FlaskClient]


@pytest.fixture
def desk(app: Flask, cast: Cast, signed_in: Browser) -> Desk:
    return Desk(app, signed_in(cast.ada), cast.flask_course)


def modules(desk: Desk) -> dict[str, tuple[str, int]]:
    """The field of each module, with its title and the days it waits."""
    with desk.app.app_context():
        query = select(Module).where(Module.course_id == desk.course.id).order_by(Module.position)
        return {f"days_{m.id.hex}": (m.title, m.unlock_after_days) for m in db.session.scalars(query)}


def typed(desk: Desk, **more: str) -> dict[str, Any]:
    days = {name: str(wait) for name, (_title, wait) in modules(desk).items()}
    return {"visibility": "public", "was": desk.was("/access"), **days, **more}


def test_access_is_saved(desk: Desk, client: FlaskClient) -> None:
    first, second = modules(desk)
    form = typed(desk, visibility="unlisted", sequential="y", **{first: "0", second: "7"})
    assert desk.browser.post(f"{desk.home}/access", data=form).status_code == 303
    row = desk.row()
    assert (row.visibility, row.sequential) == (ProductVisibility.UNLISTED, True)
    assert modules(desk)[second] == ("Go on", 7)
    assert "Flask, first steps" not in client.get("/courses?q=flask").text
    again = typed(desk)
    again.pop("sequential", None)
    assert desk.browser.post(f"{desk.home}/access", data=again).status_code == 303
    assert desk.row().sequential is False


@pytest.mark.parametrize("days", ["", "-1", "366", "soon", "1" + "0" * 30, "1.5"])
def test_wrong_days_are_refused_beside_their_module(desk: Desk, days: str) -> None:
    first = next(iter(modules(desk)))
    answer = desk.browser.post(f"{desk.home}/access", data=typed(desk, **{first: days}))
    assert answer.status_code == 422
    assert f'id="{first}-error"' in answer.text
    assert modules(desk)[first][1] == 0


def test_a_wrong_visibility_is_refused(desk: Desk) -> None:
    answer = desk.browser.post(f"{desk.home}/access", data=typed(desk, visibility="everybody"))
    assert (answer.status_code, desk.row().visibility) == (422, ProductVisibility.PUBLIC)


def test_members_only_stays_where_it_is_and_comes_nowhere_else(desk: Desk) -> None:
    choice = 'value="members_only"'
    assert choice not in desk.get("/access")
    answer = desk.browser.post(f"{desk.home}/access", data=typed(desk, visibility="members_only"))
    assert (answer.status_code, desk.row().visibility) == (422, ProductVisibility.PUBLIC)
    assert "Memberships aren’t available yet." in answer.text.split('class="field-error"')[1]
    desk.change(visibility=ProductVisibility.MEMBERS_ONLY)
    assert choice in desk.get("/access")
    kept = typed(desk, visibility="members_only", sequential="y")
    assert desk.browser.post(f"{desk.home}/access", data=kept).status_code == 303
    assert (desk.row().visibility, desk.row().sequential) == (ProductVisibility.MEMBERS_ONLY, True)


def test_two_tabs_do_not_write_over_each_other(desk: Desk) -> None:
    before = typed(desk)
    first = next(iter(modules(desk)))
    assert desk.browser.post(f"{desk.home}/access", data={**before, first: "3"}).status_code == 303
    answer = desk.browser.post(f"{desk.home}/access", data={**before, first: "5"})
    assert answer.status_code == 409
    assert "This was changed elsewhere to “3”" in answer.text
    assert modules(desk)[first][1] == 3
    hidden = {**before, "visibility": "unlisted"}
    assert desk.browser.post(f"{desk.home}/access", data=hidden).status_code == 303
    assert (desk.row().visibility, modules(desk)[first][1]) == (ProductVisibility.UNLISTED, 3)


def test_a_module_added_meanwhile_keeps_its_days(desk: Desk) -> None:
    form = typed(desk)
    with desk.app.app_context():
        db.session.add(Module(course_id=desk.course.id, title="New", position=9, unlock_after_days=4))
        db.session.commit()
    answer = desk.browser.post(f"{desk.home}/access", data={**form, "visibility": "private"})
    assert answer.status_code == 303
    assert ("New", 4) in modules(desk).values()


def test_a_module_deleted_meanwhile_is_no_fault(desk: Desk) -> None:
    form = typed(desk)
    with desk.app.app_context():
        db.session.execute(db.delete(Module).where(Module.title == "Go on"))
        db.session.commit()
    answer = desk.browser.post(f"{desk.home}/access", data={**form, "visibility": "private"})
    assert (answer.status_code, desk.row().visibility) == (303, ProductVisibility.PRIVATE)


def test_what_is_said_elsewhere(desk: Desk, client: FlaskClient) -> None:
    page = desk.get("/sharing")
    assert page.count("Flask, first steps, in short.") >= 2, "the summary, until there is another text"
    form = {
        "meta_title": "Learn Flask",
        "meta_description": "In an afternoon.",
    }
    assert desk.browser.post(f"{desk.home}/sharing", data=form).status_code == 303
    assert "Learn Flask" in desk.get("/sharing")
    shown = client.get("/courses/flask-first-steps").text
    assert "<title>Learn Flask" in shown
    assert 'content="In an afternoon."' in shown
    empty = {"meta_title": "", "meta_description": " "}
    assert desk.browser.post(f"{desk.home}/sharing", data=empty).status_code == 303
    assert (desk.row().meta_title, desk.row().meta_description) == (None, None)


@pytest.mark.parametrize(
    ("field", "length"), [("meta_title", 61), ("meta_description", 161), ("meta_title", 10_000)]
)
def test_what_is_too_long_is_refused(desk: Desk, field: str, length: int) -> None:
    form = {field: "a" * length}
    answer = desk.browser.post(f"{desk.home}/sharing", data=form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
