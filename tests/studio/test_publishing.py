"""Putting a course forward: the checklist, submitting, taking back, updates of what is on sale."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from models import (
    AuditEntry,
    Course,
    Job,
    Lesson,
    LessonKind,
    MediaAsset,
    MediaStatus,
    ModerationItem,
    Notification,
    PlatformSettings,
    ProductStatus,
    UpdateState,
    User,
    Verdict,
    db,
)
from tests.cast import Cast

Browser = Callable[[User], FlaskClient]


def address(course: Course, more: str = "") -> str:
    return f"/studio/courses/{course.id}/publish{more}"


def change(app: Flask, row: Any, **values: Any) -> None:
    with app.app_context():
        found = db.session.get_one(type(row), row.id)
        for name, value in values.items():
            setattr(found, name, value)
        db.session.commit()


def state(app: Flask, course: Course) -> tuple[str, str]:
    with app.app_context():
        found = db.session.get_one(Course, course.id)
        return found.status.value, found.update_state.value


def items(app: Flask) -> list[tuple[str, str | None]]:
    with app.app_context():
        rows = db.session.scalars(select(ModerationItem).order_by(ModerationItem.created_at))
        return [(row.kind.value, row.verdict.value if row.verdict else None) for row in rows]


def test_a_new_creators_course_waits_and_can_be_taken_back(
    app: Flask, cast: Cast, signed_in: Browser
) -> None:
    nia = signed_in(cast.nia)
    page = nia.get(address(cast.draft_course)).text
    assert "Submit for review" in page
    assert "An admin reviews it" in page
    assert nia.post(address(cast.draft_course)).status_code == 303
    assert state(app, cast.draft_course) == ("pending_review", "none")
    assert items(app) == [("course", None)]
    assert "Withdraw" in nia.get(address(cast.draft_course)).text
    assert nia.post(address(cast.draft_course)).status_code == 422, "twice is once"
    assert nia.post(address(cast.draft_course, "/withdraw")).status_code == 303
    assert state(app, cast.draft_course) == ("draft", "none")
    assert items(app) == [("course", "withdrawn")]
    assert nia.post(address(cast.draft_course, "/withdraw")).status_code == 422
    with app.app_context():
        actions = db.session.scalars(
            select(AuditEntry.action).where(AuditEntry.subject_id == str(cast.draft_course.id))
        )
        assert sorted(actions) == ["submit", "withdraw"]
        assert db.session.scalar(select(Job.id).where(Job.kind == "check_links")) is not None


@pytest.mark.parametrize("how", ["vetted", "no review"])
def test_trusted_creators_publish_at_once(app: Flask, cast: Cast, signed_in: Browser, how: str) -> None:
    if how == "vetted":
        change(app, cast.nia, vetted=True)
    else:
        with app.app_context():
            db.session.get_one(PlatformSettings, 1).require_review = False
            db.session.commit()
    nia = signed_in(cast.nia)
    assert "Publish course" in nia.get(address(cast.draft_course)).text
    assert nia.post(address(cast.draft_course)).status_code == 303
    assert state(app, cast.draft_course) == ("published", "none")
    assert items(app) == []
    listed = app.test_client().get("/courses?q=secret").text
    assert "Secret draft" in listed


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("description", "A description"),
        ("lesson", "A published lesson"),
        ("recording", "has no recording yet"),
        ("processing", "still being processed"),
        ("error", "could not be processed"),
    ],
)
def test_what_is_missing_is_said_and_keeps_it_here(
    app: Flask, cast: Cast, signed_in: Browser, what: str, says: str
) -> None:
    if what == "description":
        change(app, cast.draft_course, description="Short")
    elif what == "lesson":
        change(app, cast.draft_lesson, published=False)
    else:
        change(app, cast.draft_lesson, kind=LessonKind.VIDEO)
    if what in ("processing", "error"):
        with app.app_context():
            asset = MediaAsset(
                course_id=cast.draft_course.id, lesson_id=cast.draft_lesson.id, storage_key="x",
                status=MediaStatus(what), error="No film." if what == "error" else None,
            )  # fmt: skip
            db.session.add(asset)
            db.session.commit()
    nia = signed_in(cast.nia)
    page = nia.get(address(cast.draft_course)).text
    assert says in page
    assert "disabled" in page
    answer = nia.post(address(cast.draft_course))
    assert answer.status_code == 422
    assert "Something is missing" in answer.text
    assert state(app, cast.draft_course)[0] == "draft"


def test_the_length_of_its_size_is_only_a_warning(app: Flask, cast: Cast, signed_in: Browser) -> None:
    nia = signed_in(cast.nia)
    assert "this size is for 1 to 2" in nia.get(address(cast.draft_course)).text
    assert nia.post(address(cast.draft_course)).status_code == 303


def on_sale_by_nia(app: Flask, cast: Cast) -> None:
    """Let the Flask course be Nia's, who isn't vetted, with a changed lesson."""
    change(app, cast.flask_course, creator_id=cast.nia.id, update_state=UpdateState.EDITING)
    change(app, cast.text_lesson, draft={"body": "Newer *text*."})


def test_an_update_waits_while_the_course_stays_on_sale(app: Flask, cast: Cast, signed_in: Browser) -> None:
    on_sale_by_nia(app, cast)
    nia = signed_in(cast.nia)
    page = nia.get(address(cast.flask_course)).text
    assert "Learners don’t see your changes yet" in page
    change(app, cast.video_lesson, kind=LessonKind.TEXT)
    assert nia.post(address(cast.flask_course)).status_code == 303
    assert state(app, cast.flask_course) == ("published", "pending")
    assert items(app) == [("update", None)]
    assert "Flask, first steps" in app.test_client().get("/courses").text
    assert nia.post(address(cast.flask_course, "/withdraw")).status_code == 303
    assert state(app, cast.flask_course) == ("published", "editing")


def test_a_creator_vetted_meanwhile_publishes_the_update(app: Flask, cast: Cast, signed_in: Browser) -> None:
    on_sale_by_nia(app, cast)
    change(app, cast.video_lesson, kind=LessonKind.TEXT)
    change(app, cast.nia, vetted=True)
    assert signed_in(cast.nia).post(address(cast.flask_course)).status_code == 303
    assert state(app, cast.flask_course) == ("published", "none")
    with app.app_context():
        assert db.session.get_one(Lesson, cast.text_lesson.id).body == "Newer *text*."


def test_an_update_without_changes_is_refused(cast: Cast, signed_in: Browser) -> None:
    answer = signed_in(cast.ada).post(address(cast.flask_course))
    assert answer.status_code == 422
    assert "no new changes" in answer.text


def test_what_an_admin_took_off_sale_is_looked_at_again(app: Flask, cast: Cast, signed_in: Browser) -> None:
    change(app, cast.free_course, status=ProductStatus.ARCHIVED)
    with app.app_context():
        db.session.add(
            ModerationItem(
                kind="report", subject_id=cast.free_course.id, title="Reading code", creator_id=cast.ada.id,
                verdict=Verdict.HIDDEN, closed_at=cast.free_course.created_at,
            )
        )  # fmt: skip
        db.session.commit()
    assert signed_in(cast.ada).post(address(cast.free_course)).status_code == 303
    assert state(app, cast.free_course)[0] == "pending_review", "although she is vetted"


def test_archived_by_herself_it_comes_back_at_once(app: Flask, cast: Cast, signed_in: Browser) -> None:
    change(app, cast.free_course, status=ProductStatus.ARCHIVED)
    assert signed_in(cast.ada).post(address(cast.free_course)).status_code == 303
    assert state(app, cast.free_course)[0] == "published"


def test_strangers_find_no_such_course(cast: Cast, signed_in: Browser) -> None:
    nia = signed_in(cast.nia)
    for path in ("", "/withdraw"):
        assert nia.post(address(cast.flask_course, path)).status_code == 404
    assert nia.get(address(cast.flask_course)).status_code == 404


def test_the_page_asks_few_questions(cast: Cast, signed_in: Browser) -> None:
    ada = signed_in(cast.ada)
    ada.get(address(cast.flask_course))
    asked: list[str] = []
    event.listen(
        Engine, "before_cursor_execute", note := lambda _c, _u, statement, *_: asked.append(statement)
    )
    ada.get(address(cast.flask_course))
    event.remove(Engine, "before_cursor_execute", note)
    assert len(asked) <= 10, "\n".join(asked)


def test_nobody_is_told_before_it_is_decided(app: Flask, cast: Cast, signed_in: Browser) -> None:
    signed_in(cast.nia).post(address(cast.draft_course))
    with app.app_context():
        assert db.session.scalars(select(Notification)).all() == []
