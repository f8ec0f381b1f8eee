"""Two people, two tabs, two clicks at the same moment: one effect, and nobody sees a fault."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from domain.people import mail_tokens, registration
from models import (
    AccessGrant,
    EmailMessage,
    Enrollment,
    LessonProgress,
    Registration,
    Report,
    Review,
    ReviewVote,
    User,
    UserSession,
    db,
)
from tests.adversary.hostile import trouble
from tests.cast import PASSWORD, Cast

TIMES = 4
Ask = Callable[[FlaskClient], TestResponse]


def at_once(browsers: list[FlaskClient], ask: Ask) -> list[TestResponse]:
    """Let every browser ask at the same moment; answers what they were told. None of it may be a fault."""
    gate = Barrier(len(browsers))

    def go(browser: FlaskClient) -> TestResponse:
        gate.wait(10)
        return ask(browser)

    with ThreadPoolExecutor(len(browsers)) as pool:
        answers = list(pool.map(go, browsers))
    assert [wrong for answer in answers if (wrong := trouble(answer))] == []
    return answers


def count(app: Flask, table: type, **values: object) -> int:
    with app.app_context():
        return db.session.execute(select(func.count()).select_from(table).filter_by(**values)).scalar_one()


@pytest.fixture
def tabs(app: Flask, signed_in: Callable[[User], FlaskClient]) -> Callable[[User], list[FlaskClient]]:
    """Several browsers in which one person is signed in."""
    return lambda user: [signed_in(user) for _ in range(TIMES)]


def test_one_address_registered_by_several_at_once(app: Flask, cast: Cast) -> None:
    form = {"name": "New", "email": "new@example.com", "password": PASSWORD}
    answers = at_once([app.test_client() for _ in range(TIMES)], lambda b: b.post("/register", data=form))
    assert {(a.status_code, a.location) for a in answers} == {(303, "/register/sent")}
    assert count(app, User, email="new@example.com") == 0
    assert count(app, Registration, email="new@example.com") == TIMES


def test_a_verification_link_opened_in_several_tabs(app: Flask, cast: Cast) -> None:
    with app.app_context():
        waiting = registration.register_account(db.session.get_one(User, cast.una.id))
        token = mail_tokens.sign(mail_tokens.Purpose.VERIFY, waiting.id.hex)
        db.session.commit()
    browsers = [app.test_client() for _ in range(TIMES)]
    answers = at_once(browsers, lambda b: b.post(f"/verify-email/{token}", data={"password": PASSWORD}))
    assert sorted(a.status_code for a in answers) == [303] + [410] * (TIMES - 1)


def test_a_reset_link_used_several_times_at_once(app: Flask, cast: Cast) -> None:
    with app.app_context():
        token = mail_tokens.make(mail_tokens.Purpose.RESET, db.session.get_one(User, cast.bo.id))
    words = iter([f"another password {n}" for n in range(TIMES)])
    answers = at_once(
        [app.test_client() for _ in range(TIMES)],
        lambda b: b.post(f"/reset-password/{token}", data={"password": next(words)}),
    )
    assert sorted(a.status_code for a in answers) == [303] + [410] * (TIMES - 1)
    assert count(app, EmailMessage, template="password_changed") == 1
    assert count(app, UserSession, user_id=cast.bo.id, revoked_at=None) == 1


def test_an_address_moved_by_a_link_used_several_times_at_once(app: Flask, cast: Cast) -> None:
    with app.app_context():
        token = mail_tokens.make(
            mail_tokens.Purpose.EMAIL, db.session.get_one(User, cast.bo.id), "bo.new@example.com"
        )
    browsers, form = [app.test_client() for _ in range(TIMES)], {"password": PASSWORD}
    answers = at_once(browsers, lambda b: b.post(f"/confirm-email/{token}", data=form))
    assert sorted(a.status_code for a in answers) == [303] + [410] * (TIMES - 1)
    assert count(app, EmailMessage, template="email_changed_old") == 1


def test_two_people_move_to_one_address(app: Flask, cast: Cast) -> None:
    with app.app_context():
        people = [db.session.get_one(User, user.id) for user in (cast.bo, cast.cy)]
        links = iter(
            [mail_tokens.make(mail_tokens.Purpose.EMAIL, user, "shared@example.com") for user in people]
        )
    browsers, form = [app.test_client(), app.test_client()], {"password": PASSWORD}
    at_once(browsers, lambda b: b.post(f"/confirm-email/{next(links)}", data=form))
    assert count(app, User, email="shared@example.com") == 1
    assert count(app, User) == 6


def test_a_profile_saved_from_several_tabs(
    app: Flask, cast: Cast, tabs: Callable[[User], list[FlaskClient]]
) -> None:
    names = iter([f"Bo {n}" for n in range(TIMES)])
    form = {"bio": "", "website": "", "github": "", "linkedin": "", "timezone": "UTC"}
    answers = at_once(tabs(cast.bo), lambda b: b.post("/account", data={**form, "name": next(names)}))
    assert {a.status_code for a in answers} == {303}
    with app.app_context():
        assert db.session.get_one(User, cast.bo.id).name.startswith("Bo ")


def test_a_password_changed_in_several_tabs(
    app: Flask, cast: Cast, tabs: Callable[[User], list[FlaskClient]]
) -> None:
    form = {"current": PASSWORD, "password": "an entirely new password"}
    answers = at_once(tabs(cast.bo), lambda b: b.post("/account/security", data=form))
    assert 303 in {a.status_code for a in answers}
    fresh = app.test_client()
    assert fresh.post("/login", data={"email": cast.bo.email, "password": PASSWORD}).status_code == 422
    assert (
        fresh.post("/login", data={"email": cast.bo.email, "password": form["password"]}).status_code == 303
    )


def test_a_free_course_taken_in_several_tabs(
    app: Flask, cast: Cast, tabs: Callable[[User], list[FlaskClient]]
) -> None:
    answers = at_once(tabs(cast.cy), lambda b: b.post("/learn/reading-code/enroll"))
    assert {(a.status_code, a.location) for a in answers} == {(303, "/learn/reading-code")}
    for table in (AccessGrant, Enrollment):
        assert count(app, table, user_id=cast.cy.id) == 1
    assert count(app, EmailMessage, template="welcome_to_course") == 1


def test_a_lesson_completed_and_reopened_in_several_tabs(
    app: Flask, cast: Cast, tabs: Callable[[User], list[FlaskClient]]
) -> None:
    presses = iter(["complete", "reopen"] * TIMES)
    path = "/learn/flask-first-steps/routes"
    at_once(tabs(cast.bo), lambda b: b.post(f"{path}/{next(presses)}"))
    assert count(app, LessonProgress, user_id=cast.bo.id) == 1
    at_once(tabs(cast.bo), lambda b: b.post(f"{path}/complete"))
    with app.app_context():
        percent = db.session.scalar(
            select(Enrollment.progress_percent).where(Enrollment.user_id == cast.bo.id)
        )
    assert percent == 25


def test_a_review_sent_from_several_tabs(
    app: Flask, cast: Cast, tabs: Callable[[User], list[FlaskClient]]
) -> None:
    stars = iter("2345")
    path = "/courses/flask-first-steps/review"
    answers = at_once(tabs(cast.bo), lambda b: b.post(path, data={"rating": next(stars), "comment": "So."}))
    assert {a.status_code for a in answers} == {303}
    assert count(app, Review, user_id=cast.bo.id) == 1
    with app.app_context():
        review = db.session.scalars(select(Review)).one()
        course = db.session.get_one(type(cast.flask_course), cast.flask_course.id)
        assert (course.rating_count, course.rating_avg) == (1, review.rating)


def test_a_review_deleted_while_others_vote_and_report(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient]
) -> None:
    with app.app_context():
        review = Review(user_id=cast.bo.id, product_id=cast.flask_course.id, rating=4)
        db.session.add(review)
        db.session.commit()
        address = f"/reviews/{review.id}"
    asks: dict[FlaskClient, Ask] = {
        signed_in(cast.bo): lambda b: b.post("/courses/flask-first-steps/review/delete"),
        signed_in(cast.cy): lambda b: b.post(f"{address}/helpful", data={"helpful": "yes"}),
        signed_in(cast.una): lambda b: b.post(f"{address}/report", data={"reason": "spam"}),
        signed_in(cast.nia): lambda b: b.post(f"{address}/helpful", data={"helpful": "yes"}),
    }
    at_once(list(asks), lambda b: asks[b](b))
    for table in (Review, ReviewVote, Report):
        assert count(app, table) == 0


def test_a_device_signed_out_while_it_is_used(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient]
) -> None:
    here, there = signed_in(cast.bo), signed_in(cast.bo)
    pages = {
        here: "/account/security/devices/sign-out-others",
        there: "/learn/flask-first-steps/routes/complete",
    }
    at_once([here, there], lambda b: b.post(pages[b]))
    assert there.get("/account").status_code == 303
    assert here.get("/account").status_code == 200


def test_orders_of_others_are_unknown_whatever_is_asked(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient]
) -> None:
    cy = signed_in(cast.cy)
    for product in (str(cast.draft_course.id), str(uuid.uuid4()), "", "x", str(cast.order.id)):
        assert cy.post("/checkout", data={"product": product}).status_code == 404
    assert cy.get(f"/orders/{cast.order.number.lower()}").status_code == 404
    assert cy.get(f"/checkout/cancelled?order={cast.order.number}").status_code == 404
