"""The curriculum: modules and lessons added, moved, copied, shown, hidden and deleted on one page."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from domain import Refused
from domain.authoring import curriculum
from domain.authoring.curriculum import Position
from domain.catalog import lifecycle
from models import (
    AuditEntry,
    Course,
    Job,
    Lesson,
    LessonProgress,
    LessonVisibility,
    MediaAsset,
    Module,
    SearchDocument,
    UpdateState,
    User,
    db,
    now,
)
from tests.cast import Cast
from tests.conftest import ON_POSTGRESQL

HTMX = {"HX-Request": "true"}


@pytest.fixture
def ada(cast: Cast, signed_in: Callable[[User], FlaskClient]) -> FlaskClient:
    """The browser of the creator of the Flask course."""
    return signed_in(cast.ada)


@pytest.fixture
def home(cast: Cast) -> str:
    """The address of the Flask course's curriculum."""
    return f"/studio/courses/{cast.flask_course.id}/curriculum"


@pytest.fixture
def database(app: Flask) -> Iterator[None]:
    """The database, open in the test itself."""
    with app.app_context():
        yield


def order(app: Flask, cast: Cast) -> dict[str, list[str]]:
    """The titles of the Flask course's lessons by module; positions must count from 1."""
    with app.app_context():
        modules = db.session.scalars(
            select(Module).where(Module.course_id == cast.flask_course.id).order_by(Module.position)
        ).all()
        assert [module.position for module in modules] == list(range(1, len(modules) + 1))
        found = {}
        for module in modules:
            query = select(Lesson).where(Lesson.module_id == module.id).order_by(Lesson.position)
            lessons = db.session.scalars(query).all()
            assert [lesson.position for lesson in lessons] == list(range(1, len(lessons) + 1))
            found[module.title] = [lesson.title for lesson in lessons]
        return found


def totals(app: Flask, cast: Cast) -> tuple[int, int]:
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        return course.lesson_count, course.duration_seconds


def test_the_page_lists_modules_and_lessons(ada: FlaskClient, home: str) -> None:
    page = ada.get(home)
    assert page.status_code == 200
    titles = ("Begin</h2>", "Hello, Flask</a>", "Routes</a>", "Go on</h2>", "Going live</a>")
    places = [page.text.index(f">{title}") for title in titles]
    assert places == sorted(places)
    assert "Free preview" in page.text


def test_few_queries_however_many_lessons(app: Flask, cast: Cast, ada: FlaskClient, home: str) -> None:
    with app.app_context():
        for number in range(40):
            db.session.add(
                Lesson(
                    course_id=cast.flask_course.id, module_id=cast.text_lesson.module_id,
                    position=10 + number, title=f"Lesson {number}", slug=f"more-{number}",
                    draft={"title": "Other"},
                )
            )  # fmt: skip
        db.session.commit()
        statements: list[str] = []
        event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    page = ada.get(home)
    assert page.text.count("data-lesson=") == 44
    assert len(statements) <= 8


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_modules_and_lessons_are_added(
    app: Flask, cast: Cast, ada: FlaskClient, home: str, headers: dict[str, str]
) -> None:
    answer = ada.post(home, data={"title": "  Later  on "}, headers=headers)
    assert answer.status_code == (200 if headers else 303)
    with app.app_context():
        module = db.session.scalars(select(Module).where(Module.title == "Later on")).one()
    answer = ada.post(
        f"{home}/modules/{module.id}/lessons", data={"title": "Forms", "kind": "video"}, headers=headers
    )
    assert answer.status_code == (200 if headers else 303)
    if headers:
        assert answer.text.lstrip().startswith("<div")
        assert "<html" not in answer.text
        assert "Forms" in answer.text
    assert order(app, cast)["Later on"] == ["Forms"]
    with app.app_context():
        lesson = db.session.scalars(select(Lesson).where(Lesson.title == "Forms")).one()
        assert (lesson.slug, lesson.kind.value, lesson.published) == ("forms", "video", False)
        actions = list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
        assert actions[-2:] == ["add_module", "add_lesson"]
    assert totals(app, cast) == (4, 1920)


def test_a_lesson_of_a_course_nobody_has_is_shown_from_the_beginning(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient]
) -> None:
    path = f"/studio/courses/{cast.draft_course.id}/curriculum/modules/{cast.draft_lesson.module_id}/lessons"
    signed_in(cast.nia).post(path, data={"title": "Second", "kind": "text"})
    with app.app_context():
        assert db.session.scalars(select(Lesson).where(Lesson.title == "Second")).one().published


def test_wrong_titles_come_back_beside_their_field(cast: Cast, ada: FlaskClient, home: str) -> None:
    for path in (home, f"{home}/modules/{cast.text_lesson.module_id}/lessons"):
        for title in ("", " \u200b ", "x" * 10_000):
            answer = ada.post(path, data={"title": title, "kind": "text"})
            assert answer.status_code == 422
            assert "field-error" in answer.text
    answer = ada.post(f"{home}/lessons/{cast.text_lesson.id}/title", data={"title": ""})
    assert answer.status_code == 422
    assert ada.post(f"{home}/lessons/{cast.text_lesson.id}/move").status_code == 400
    assert ada.post(f"{home}/lessons/{cast.text_lesson.id}/move", data={"to": "after:x"}).status_code == 400


def test_lessons_move_within_and_between_modules(app: Flask, cast: Cast, ada: FlaskClient, home: str) -> None:
    move = lambda lesson, to: ada.post(f"{home}/lessons/{lesson.id}/move", data={"to": to})  # noqa: E731
    assert move(cast.preview_lesson, f"after:{cast.text_lesson.id}").status_code == 303
    assert order(app, cast)["Begin"] == ["Routes", "Hello, Flask"]
    move(cast.preview_lesson, f"after:{cast.video_lesson.id}")
    assert order(app, cast) == {"Begin": ["Routes"], "Go on": ["Forms on film", "Hello, Flask", "Going live"]}
    move(cast.last_lesson, f"first:{cast.text_lesson.module_id}")
    move(cast.preview_lesson, f"last:{cast.text_lesson.module_id}")
    assert order(app, cast) == {"Begin": ["Going live", "Routes", "Hello, Flask"], "Go on": ["Forms on film"]}
    move(cast.text_lesson, f"after:{cast.text_lesson.id}")
    assert order(app, cast)["Begin"] == ["Going live", "Routes", "Hello, Flask"]
    assert totals(app, cast) == (4, 1920)


def test_modules_move(app: Flask, cast: Cast, ada: FlaskClient, home: str) -> None:
    begin, go_on = cast.text_lesson.module_id, cast.video_lesson.module_id
    ada.post(f"{home}/modules/{begin}/move", data={"to": f"after:{go_on}"})
    assert list(order(app, cast)) == ["Go on", "Begin"]
    ada.post(f"{home}/modules/{begin}/move", data={"to": "first"})
    assert list(order(app, cast)) == ["Begin", "Go on"]


def test_the_buttons_of_the_page_do_what_they_say(
    app: Flask, cast: Cast, ada: FlaskClient, home: str
) -> None:
    def press(lesson: Lesson, which: str) -> None:
        page = ada.get(home).text
        button = page[: page.index(f'id="lesson-{lesson.id.hex}-{which}"')].rpartition("<button")[2]
        to = button.split('value="')[1].split('"')[0]
        assert ada.post(f"{home}/lessons/{lesson.id}/move", data={"to": to}).status_code == 303

    press(cast.text_lesson, "up")
    assert order(app, cast)["Begin"] == ["Routes", "Hello, Flask"]
    press(cast.text_lesson, "up")
    assert order(app, cast)["Begin"] == ["Routes", "Hello, Flask"]
    press(cast.preview_lesson, "down")
    assert order(app, cast)["Go on"] == ["Hello, Flask", "Forms on film", "Going live"]
    press(cast.preview_lesson, "up")
    assert order(app, cast)["Begin"] == ["Routes", "Hello, Flask"]
    press(cast.last_lesson, "down")
    assert order(app, cast)["Go on"] == ["Forms on film", "Going live"]


def test_toasts_promise_learners_only_what_they_can_see(
    cast: Cast, ada: FlaskClient, home: str, signed_in: Callable[[User], FlaskClient]
) -> None:
    def said(browser: FlaskClient, place: str) -> str:
        return browser.post(f"{place}/published", data={"on": "yes"}, headers=HTMX).text

    nia, draft = signed_in(cast.nia), f"/studio/courses/{cast.draft_course.id}/curriculum"
    module, lesson = cast.draft_lesson.module_id, cast.draft_lesson.id
    assert "once the course is published." in said(nia, f"{draft}/modules/{module}")
    assert "will be open to" in said(nia, f"{draft}/lessons/{lesson}")
    assert "Learners see “Begin”." in said(ada, f"{home}/modules/{cast.text_lesson.module_id}")
    assert "is published and open to" in said(ada, f"{home}/lessons/{cast.text_lesson.id}")


def test_deleting_offers_to_keep_what_it_is_about(cast: Cast, ada: FlaskClient, home: str) -> None:
    for path, kept in (
        (f"lessons/{cast.text_lesson.id}", "Keep lesson"),
        (f"modules/{cast.text_lesson.module_id}", "Keep module"),
    ):
        page = ada.get(f"{home}/{path}/delete").text
        assert [word for word in ("Keep lesson", "Keep module", "Keep course") if word in page] == [kept]


def test_what_was_deleted_meanwhile_is_said(app: Flask, cast: Cast, ada: FlaskClient, home: str) -> None:
    ada.post(f"{home}/lessons/{cast.preview_lesson.id}/delete")
    for path, data in (
        (f"{home}/lessons/{cast.preview_lesson.id}/move", {"to": f"after:{cast.last_lesson.id}"}),
        (f"{home}/lessons/{cast.last_lesson.id}/move", {"to": f"after:{cast.preview_lesson.id}"}),
        (f"{home}/lessons/{cast.last_lesson.id}/move", {"to": f"first:{uuid.uuid4()}"}),
        (f"{home}/lessons/{cast.preview_lesson.id}/published", {"on": "no"}),
        (f"{home}/lessons/{cast.preview_lesson.id}/title", {"title": "x"}),
        (f"{home}/lessons/{cast.preview_lesson.id}/delete", {}),
        (f"{home}/modules/{uuid.uuid4()}/move", {"to": "first"}),
    ):
        for headers in ({}, HTMX):
            answer = ada.post(path, data=data, headers=headers)
            assert answer.status_code == 404
            assert "part of this course any more" in answer.text
            assert "Going live" in answer.text
    assert order(app, cast) == {"Begin": ["Routes"], "Go on": ["Forms on film", "Going live"]}


def test_hiding_and_showing_keeps_the_totals(app: Flask, cast: Cast, ada: FlaskClient, home: str) -> None:
    path = f"{home}/lessons/{cast.text_lesson.id}"
    ada.post(f"{path}/published", data={"on": "no"})
    assert totals(app, cast) == (3, 1320)
    ada.post(f"{path}/published", data={"on": "yes"})
    assert totals(app, cast) == (4, 1920)
    ada.post(f"{home}/modules/{cast.text_lesson.module_id}/published", data={"on": "no"})
    assert totals(app, cast) == (2, 1020)
    ada.post(f"{path}/preview", data={"on": "yes"})
    with app.app_context():
        assert db.session.get_one(Lesson, cast.text_lesson.id).visibility == LessonVisibility.PREVIEW


def test_deleting_says_what_is_lost_and_leaves_nothing(
    app: Flask, cast: Cast, ada: FlaskClient, home: str
) -> None:
    with app.app_context():
        db.session.add(
            LessonProgress(user_id=cast.bo.id, lesson_id=cast.video_lesson.id, started_at=now(), watched=[])
        )
        db.session.add(
            MediaAsset(course_id=cast.flask_course.id, lesson_id=cast.video_lesson.id, storage_key="x")
        )
        db.session.commit()
    path = f"{home}/modules/{cast.video_lesson.module_id}/delete"
    page = ada.get(path).text
    assert "1 learner started it" in page
    assert "2 lessons, 1 recording" in page
    assert ada.post(path).status_code == 303
    assert order(app, cast) == {"Begin": ["Hello, Flask", "Routes"]}
    assert totals(app, cast) == (2, 900)
    with app.app_context():
        assert db.session.scalars(select(Job.kind).where(Job.kind == "discard_media")).all()


def test_copies_are_hidden_and_stand_behind_the_original(
    app: Flask, cast: Cast, ada: FlaskClient, home: str
) -> None:
    ada.post(f"{home}/lessons/{cast.preview_lesson.id}/duplicate")
    assert order(app, cast)["Begin"] == ["Hello, Flask", "Copy of Hello, Flask", "Routes"]
    ada.post(f"{home}/modules/{cast.text_lesson.module_id}/duplicate")
    assert list(order(app, cast)) == ["Begin", "Copy of Begin", "Go on"]
    assert order(app, cast)["Copy of Begin"] == ["Hello, Flask", "Copy of Hello, Flask", "Routes"]
    assert totals(app, cast) == (4, 1920)


def test_a_module_is_described_and_opens_later(app: Flask, cast: Cast, ada: FlaskClient, home: str) -> None:
    path = f"{home}/modules/{cast.text_lesson.module_id}/edit"
    assert ada.post(path, data={"title": "Start", "unlock_after_days": "-1"}).status_code == 422
    form = {"title": "Start", "description": "First of all.", "unlock_after_days": "7", "published": "y"}
    assert ada.post(path, data=form).status_code == 303
    with app.app_context():
        module = db.session.get_one(Module, cast.text_lesson.module_id)
        assert (module.title, module.unlock_after_days, module.published) == ("Start", 7, True)
        body = db.session.scalars(
            select(SearchDocument.body).where(SearchDocument.product_id == cast.flask_course.id)
        ).one()
        assert "start" in body


def test_an_address_follows_the_title_only_before_anybody_learns_there(
    app: Flask, cast: Cast, ada: FlaskClient, home: str, signed_in: Callable[[User], FlaskClient]
) -> None:
    ada.post(f"{home}/lessons/{cast.text_lesson.id}/title", data={"title": "Ways in"})
    path = f"/studio/courses/{cast.draft_course.id}/curriculum/lessons/{cast.draft_lesson.id}/title"
    signed_in(cast.nia).post(path, data={"title": "Now at last"})
    with app.app_context():
        live = db.session.get_one(Lesson, cast.text_lesson.id)
        assert (live.title, live.slug) == ("Ways in", "routes")
        assert db.session.get_one(Lesson, cast.draft_lesson.id).slug == "now-at-last"


def test_changes_that_wait_leave_the_course_as_it_is(
    app: Flask, cast: Cast, ada: FlaskClient, home: str
) -> None:
    with app.app_context():
        db.session.get_one(User, cast.ada.id).vetted = False
        db.session.commit()
    ada.post(f"{home}/lessons/{cast.text_lesson.id}/published", data={"on": "no"})
    with app.app_context():
        assert db.session.get_one(Course, cast.flask_course.id).update_state == UpdateState.NONE
    ada.post(f"{home}/modules/{cast.text_lesson.module_id}/lessons", data={"title": "Extra", "kind": "text"})
    ada.post(f"{home}/lessons/{cast.text_lesson.id}/published", data={"on": "yes"})
    with app.app_context():
        assert db.session.get_one(Course, cast.flask_course.id).update_state == UpdateState.EDITING
        extra = db.session.scalars(select(Lesson).where(Lesson.title == "Extra")).one()
        assert (extra.published, extra.draft) == (False, {"published": True, "new": True})
        assert not db.session.get_one(Lesson, cast.text_lesson.id).published
    assert totals(app, cast) == (3, 1320)
    page = ada.get(home).text
    assert "New, not approved" in page
    assert "Changes not approved" in page
    ada.post(f"{home}/lessons/{extra.id}/delete")
    ada.post(f"{home}/lessons/{cast.text_lesson.id}/published", data={"on": "no"})
    with app.app_context():
        assert db.session.get_one(Course, cast.flask_course.id).update_state == UpdateState.NONE


def test_nobody_reaches_the_lessons_of_others(
    cast: Cast, home: str, signed_in: Callable[[User], FlaskClient], ada: FlaskClient
) -> None:
    nia, lesson, module = signed_in(cast.nia), cast.text_lesson.id, cast.text_lesson.module_id
    of_module = ("move", "published", "duplicate", "edit", "delete", "lessons")
    of_lesson = ("move", "published", "preview", "duplicate", "title", "delete")
    for path in ("", *(f"/modules/{module}/{end}" for end in of_module),
                 *(f"/lessons/{lesson}/{end}" for end in of_lesson)):  # fmt: skip
        assert nia.post(home + path, data={"title": "Mine", "to": "first", "kind": "text"}).status_code == 404
    own = f"/studio/courses/{cast.draft_course.id}/curriculum"
    for data in ({"to": f"after:{lesson}"}, {"to": f"first:{module}"}):
        assert nia.post(f"{own}/lessons/{cast.draft_lesson.id}/move", data=data).status_code == 404
    assert (
        nia.post(
            f"{own}/modules/{cast.draft_lesson.module_id}/move", data={"to": f"after:{module}"}
        ).status_code
        == 404
    )
    assert nia.post(f"{own}/lessons/{lesson}/published", data={"on": "no"}).status_code == 404


def test_scripts_in_titles_are_text(cast: Cast, ada: FlaskClient, home: str) -> None:
    ada.post(home, data={"title": "<script>alert(1)</script>"})
    assert "<script>alert(1)" not in ada.get(home).text


Moves = Callable[[float], list[str | None]]


@pytest.fixture
def two_moves(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Moves:
    """Two tabs move one lesson each. Both have read the order before either writes, unless one of them
    waits for a lock: then the other goes on after that many seconds."""
    met, real, patience = threading.Barrier(2), curriculum._lessons, [10.0]

    def read(module_id: uuid.UUID) -> list[uuid.UUID]:
        ids = real(module_id)
        with suppress(threading.BrokenBarrierError):  # the other one waits for the lock
            met.wait(patience[0])
        return ids

    monkeypatch.setattr(curriculum, "_lessons", read)

    def move(lesson: Lesson, after: Position) -> str | None:
        with app.app_context():
            try:
                course = db.session.get_one(Course, cast.flask_course.id)
                ada = db.session.get_one(User, cast.ada.id)
                curriculum.move_lesson(course, lesson.id, ada, after, cast.text_lesson.module_id)
                db.session.commit()
            except Refused as refusal:
                return refusal.sentence
            except Exception as error:  # noqa: BLE001 - what the test is about
                db.session.rollback()
                return type(error).__name__
            return None

    def both(seconds: float) -> list[str | None]:
        patience[0] = seconds
        with ThreadPoolExecutor(2) as pool:
            return list(
                pool.map(
                    move, [cast.video_lesson, cast.last_lesson], [Position(last=True), Position(last=True)]
                )
            )

    return both


def test_two_tabs_move_at_once_and_both_are_right(app: Flask, cast: Cast, two_moves: Moves) -> None:
    assert two_moves(0.5) == [None, None]
    found = order(app, cast)
    assert found["Go on"] == []
    assert found["Begin"][:2] == ["Hello, Flask", "Routes"]
    assert sorted(found["Begin"][2:]) == ["Forms on film", "Going live"]


@pytest.mark.skipif(not ON_POSTGRESQL, reason="SQLite gives one writer at a time the whole database")
def test_without_the_lock_one_move_is_lost(
    app: Flask, cast: Cast, two_moves: Moves, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "lock_course", lambda course: None)
    two_moves(10)
    assert len(order(app, cast)["Begin"]) < 4
