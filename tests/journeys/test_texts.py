"""What a browser sends and shows of a text, and what a learner sees when a finished course has grown."""

from collections.abc import Callable

from playwright.sync_api import Page, expect
from sqlalchemy import select

from domain.authoring import curriculum
from domain.learning import progress
from models import Course, Lesson, LessonKind, User, db
from tests.accessibility import DESK, Window, every_way, tried_with
from tests.cast import Cast
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import sign_in

Visitor = Callable[..., Page]
TYPED = "\n```make\nall:\n\tcc main.c  \n```\n\n- a\n\t- b\n\nhard  \nbreak \U0001fae9\n"


@tried_with("no-js-desk")
def test_a_description_keeps_its_tabs_and_blanks(
    house: House, visitor: Visitor, cast: Cast, window: Window
) -> None:
    page = visitor(**window)
    sign_in(page, "ada@example.com")
    page.goto(f"/studio/courses/{cast.flask_course.id}")
    page.get_by_label("Description").fill(TYPED)
    for title in ("With a Makefile", "Another title"):
        page.get_by_label("Title").fill(title)
        page.get_by_role("button", name="Save details").click()
        expect(page.get_by_text("Saved.").first).to_be_visible()
        page.reload()
        expect(page.get_by_label("Title")).to_have_value(title)
        expect(page.get_by_label("Description")).to_have_value(TYPED)
        with house.app.app_context():
            assert db.session.get_one(Course, cast.flask_course.id).description == TYPED


def test_a_finished_course_says_what_is_new(house: House, visitor: Visitor, cast: Cast) -> None:
    with house.app.app_context():
        ada, bo = db.session.get_one(User, cast.ada.id), db.session.get_one(User, cast.bo.id)
        course = db.session.get_one(Course, cast.flask_course.id)
        for lesson in db.session.scalars(select(Lesson).where(Lesson.course_id == course.id)).all():
            progress.complete(bo, lesson)
        module_id = cast.last_lesson.module_id
        for title in ("Fresh", "Fresher"):
            added = curriculum.add_lesson(course, module_id, ada, title, LessonKind.TEXT)
            curriculum.publish_lesson(course, added.id, ada, True)
        db.session.commit()
    page = visitor()
    sign_in(page, "bo@example.com")
    page.goto("/learn")
    card = page.get_by_role("article").filter(has_text="Flask, first steps")
    expect(card).to_contain_text("2 new lessons since you finished")
    assert every_way(page) == []
    page.set_viewport_size(DESK)
    card.get_by_role("link", name="Flask, first steps").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Fresh")
    outline = page.get_by_label("Course outline")
    expect(outline).to_contain_text("4 of 6 lessons")
    expect(outline).to_contain_text("2 new lessons since you finished")
    assert every_way(page) == []
    page.set_viewport_size(DESK)
    page.get_by_role("button", name="Mark complete").click()
    expect(outline).to_contain_text("1 new lesson since you finished")
