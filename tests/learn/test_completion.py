"""Marking lessons complete and taking it back, with htmx and without, and what becomes of the course."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from domain.learning import progress
from models import Enrollment, EnrollmentStatus, Lesson, LessonProgress, User, db
from tests.cast import Cast

Browser = Callable[[User], FlaskClient]
COURSE = "/learn/flask-first-steps"
SWAP = {"HX-Request": "true", "HX-Request-Type": "partial"}


def enrollment_of(app: Flask, user: User) -> Enrollment:
    """The person's enrolment in the Flask course."""
    with app.app_context():
        row = db.session.scalars(select(Enrollment).where(Enrollment.user_id == user.id)).one()
        db.session.expunge(row)
        return row


def test_marking_leads_back_to_the_lesson_with_its_tick(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    answer = browser.post(f"{COURSE}/routes/complete")
    assert (answer.status_code, answer.location) == (303, f"{COURSE}/routes")
    html = browser.get(answer.location).text
    assert "1 of 4 lessons" in html
    assert f'action="{COURSE}/routes/reopen"' in html
    row = enrollment_of(app, cast.bo)
    assert (row.progress_percent, row.last_lesson_id) == (25, cast.text_lesson.id)


def test_htmx_gets_the_steps_the_outline_and_the_finish(cast: Cast, signed_in: Browser) -> None:
    answer = signed_in(cast.bo).post(f"{COURSE}/routes/complete", headers=SWAP)
    assert answer.status_code == 200
    html = answer.text
    assert "<html" not in html
    assert 'id="lesson-steps"' in html
    assert 'id="lesson-plan" hx-swap-oob="true"' in html
    assert 'id="lesson-finish" hx-swap-oob="true"' in html
    assert "1 of 4 lessons" in html
    assert "Undo" in html
    assert html.count('id="lesson-plan"') == 1


def test_undoing_takes_it_back(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    browser.post(f"{COURSE}/routes/complete")
    assert browser.post(f"{COURSE}/routes/reopen").status_code == 303
    assert enrollment_of(app, cast.bo).progress_percent == 0
    assert "Mark complete" in browser.get(f"{COURSE}/routes").text


def test_marking_twice_changes_nothing(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    browser.post(f"{COURSE}/routes/complete")
    with app.app_context():
        first = db.session.scalar(select(LessonProgress.completed_at))
    browser.post(f"{COURSE}/routes/complete")
    browser.post(f"{COURSE}/hello-flask/reopen")
    with app.app_context():
        assert db.session.scalars(select(LessonProgress.completed_at)).all() == [first]


def test_the_last_lesson_completes_the_course_and_asks_for_a_review(
    app: Flask, cast: Cast, signed_in: Browser
) -> None:
    browser = signed_in(cast.bo)
    for slug in ("hello-flask", "routes", "forms-on-film"):
        browser.post(f"{COURSE}/{slug}/complete")
    assert enrollment_of(app, cast.bo).status == EnrollmentStatus.ACTIVE
    assert "You’ve completed" not in browser.get(f"{COURSE}/routes").text
    answer = browser.post(f"{COURSE}/going-live/complete", headers=SWAP)
    assert "You’ve completed this course" in answer.text
    assert 'href="/courses/flask-first-steps#reviews"' in answer.text
    assert "You’ve completed “Flask, first steps”" in answer.text
    row = enrollment_of(app, cast.bo)
    assert (row.status, row.progress_percent) == (EnrollmentStatus.COMPLETED, 100)
    assert row.completed_at is not None
    browser.post(f"{COURSE}/routes/reopen")
    row = enrollment_of(app, cast.bo)
    assert (row.status, row.progress_percent, row.completed_at) == (EnrollmentStatus.ACTIVE, 75, None)


def test_whoever_completes_a_course_is_led_on(cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    for slug in ("hello-flask", "routes", "forms-on-film", "going-live"):
        browser.post(f"{COURSE}/{slug}/complete")
    page = browser.get(f"{COURSE}/going-live").text
    assert 'href="#lesson-finish"' in page
    finish = page.split('id="lesson-finish"')[1].split("</section>")[0]
    ways = ("/courses/flask-first-steps#reviews", "/learn", "/courses/reading-code")
    assert [way for way in ways if f'href="{way}"' not in finish] == []
    browser.post("/learn/reading-code/enroll")
    page = browser.get(f"{COURSE}/going-live").text
    assert "/courses/reading-code" not in page.split('id="lesson-finish"')[1].split("</section>")[0]


def test_a_completed_course_stays_so_when_it_grows(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    for slug in ("hello-flask", "routes", "forms-on-film", "going-live"):
        browser.post(f"{COURSE}/{slug}/complete")
    with app.app_context():
        module_id = cast.last_lesson.module_id
        for n in (8, 9):
            db.session.add(
                Lesson(
                    course_id=cast.flask_course.id,
                    module_id=module_id,
                    title=f"New {n}",
                    slug=f"new-{n}",
                    position=n,
                )
            )
        db.session.commit()
    browser.post(f"{COURSE}/new-8/complete")
    row = enrollment_of(app, cast.bo)
    assert (row.status, row.progress_percent) == (EnrollmentStatus.COMPLETED, 83)


def test_strangers_change_nothing(app: Flask, cast: Cast, signed_in: Browser, client: FlaskClient) -> None:
    for verb in ("complete", "reopen"):
        assert signed_in(cast.cy).post(f"{COURSE}/routes/{verb}").status_code == 403
        assert client.post(f"{COURSE}/routes/{verb}").status_code == 303
        assert client.post(f"{COURSE}/hello-flask/{verb}").status_code == 303
        assert signed_in(cast.cy).post(f"/learn/secret-draft/not-yet/{verb}").status_code == 404
        assert signed_in(cast.cy).post(f"/learn/none/none/{verb}").status_code == 404
        assert signed_in(cast.bo).get(f"{COURSE}/routes/{verb}").status_code == 405
    with app.app_context():
        assert db.session.scalar(select(LessonProgress.user_id)) is None


def test_a_preview_that_was_marked_counts_after_buying(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.cy)
    assert browser.post(f"{COURSE}/hello-flask/complete").status_code == 303
    from domain.learning import access, enrollment
    from models import GrantSource

    with app.app_context():
        access.grant(cast.cy.id, cast.flask_course.id, GrantSource.FREE, cast.flask_course.id)
        enrollment.enroll(cast.cy.id, cast.flask_course.id)
        db.session.commit()
    assert enrollment_of(app, cast.cy).progress_percent == 25


def test_without_its_token_a_press_is_refused(app: Flask, cast: Cast, signed_in: Browser) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    for address in ("routes/complete", "routes/reopen", "routes/heartbeat", "enroll"):
        assert signed_in(cast.bo).post(f"{COURSE}/{address}").status_code == 400
    with app.app_context():
        assert db.session.scalar(select(LessonProgress.user_id)) is None


def test_a_free_course_is_taken_in_one_press(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.cy)
    answer = browser.post("/learn/reading-code/enroll")
    assert (answer.status_code, answer.location) == (303, "/learn/reading-code")
    assert browser.get(answer.location).location == "/learn/reading-code/why-read"
    assert browser.post("/learn/reading-code/enroll").status_code == 303
    assert enrollment_of(app, cast.cy).status == EnrollmentStatus.ACTIVE


@pytest.mark.parametrize("person", ["cy", "una"])
def test_a_paid_course_is_not_given_away(app: Flask, cast: Cast, signed_in: Browser, person: str) -> None:
    browser = signed_in(getattr(cast, person))
    answer = browser.post(f"{COURSE}/enroll")
    assert (answer.status_code, answer.location) == (303, "/courses/flask-first-steps")
    assert browser.get(f"{COURSE}/routes").status_code == 403


def test_a_stranger_is_asked_to_sign_in_before_taking_a_course(client: FlaskClient) -> None:
    answer = client.post("/learn/reading-code/enroll")
    assert answer.status_code == 303
    assert answer.location.startswith("/login")
    assert client.post("/learn/secret-draft/enroll").status_code == 404


def test_progress_is_the_learners_own(app: Flask, cast: Cast) -> None:
    with app.app_context():
        lesson = db.session.get_one(Lesson, cast.free_lesson.id)
        progress.complete(db.session.get_one(User, cast.bo.id), lesson)
        db.session.commit()
    assert enrollment_of(app, cast.bo).progress_percent == 0
