"""The queue: what waits, who has it, what is decided, and who is told."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from domain import Refused
from domain.authoring import duplication, submission
from domain.base import clock
from domain.community import course_reports, reviews
from domain.people import creator_applications
from domain.platform import moderation_queue
from models import (
    AuditEntry,
    Caption,
    Course,
    CreatorApplication,
    Lesson,
    LessonKind,
    MediaAsset,
    MediaStatus,
    ModerationItem,
    ModerationKind,
    Notification,
    ProductStatus,
    Report,
    ReportReason,
    Resource,
    ResourceKind,
    Review,
    Role,
    UpdateState,
    User,
    Verdict,
    db,
)
from tables import base
from tests.cast import Cast
from tests.checkout.shop import at_once
from tests.decisions import carried_out_at_once  # noqa: F401

pytestmark = pytest.mark.usefixtures("carried_out_at_once")

Browser = Callable[[User], FlaskClient]


@pytest.fixture
def mo(cast: Cast, signed_in: Browser) -> FlaskClient:
    """The admin's browser."""
    return signed_in(cast.mo)


@pytest.fixture
def max_(app: Flask, cast: Cast, signed_in: Browser) -> FlaskClient:
    """Another admin's browser."""
    with app.app_context():
        other = User(email="max@example.com", name="Max", role=Role.ADMIN, email_verified_at=clock.now())
        db.session.add(other)
        db.session.commit()
        db.session.refresh(other)
        db.session.expunge(other)
    return signed_in(other)


HELLO = "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nHello there\n"


def submitted(app: Flask, cast: Cast) -> uuid.UUID:
    """Nia's course waits; the item's id."""
    with app.app_context():
        course = db.session.get_one(Course, cast.draft_course.id)
        submission.submit(course, db.session.get_one(User, cast.nia.id))
        db.session.commit()
        return item_of(app, ModerationKind.COURSE)


def updated(app: Flask, cast: Cast) -> uuid.UUID:
    """An update of the Flask course waits, which is Nia's here: a changed and a new lesson, film, link."""
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        course.creator_id = cast.nia.id
        course.update_state = UpdateState.EDITING
        db.session.get_one(Lesson, cast.video_lesson.id).kind = LessonKind.TEXT
        text = db.session.get_one(Lesson, cast.text_lesson.id)
        text.draft = {"title": "Better routes", "body": "Some *text*.\n\nAnd **more**."}
        new = Lesson(
            course_id=course.id, module_id=text.module_id, title="Brand new", slug="brand-new", position=9,
            body="Fresh words.", published=False, draft={"published": True},
        )  # fmt: skip
        film = MediaAsset(
            course_id=course.id, proposed_for=cast.last_lesson.id, storage_key="media/x", mp4="film.mp4",
            status=MediaStatus.READY, duration_seconds=60.0,
        )  # fmt: skip
        link = Resource(
            lesson_id=text.id,
            title="Further",
            kind=ResourceKind.LINK,
            url="https://example.com/",
            pending=True,
        )
        db.session.add_all([new, film, link])
        db.session.flush()
        db.session.add(Caption(asset_id=film.id, language="en", label="English", vtt=HELLO))
        submission.submit_update(course, db.session.get_one(User, cast.nia.id))
        db.session.commit()
        return item_of(app, ModerationKind.UPDATE)


def reported_review(app: Flask, cast: Cast) -> tuple[uuid.UUID, uuid.UUID]:
    """Bo's review, reported by Cy; the item's and the review's id."""
    with app.app_context():
        review = Review(user_id=cast.bo.id, product_id=cast.flask_course.id, rating=1, comment="Buy shoes.")
        db.session.add(review)
        db.session.flush()
        cy = db.session.get_one(User, cast.cy.id)
        reviews.report(cy, review, ReportReason.SPAM, "Only shoes.")
        db.session.commit()
        return item_of(app, ModerationKind.REVIEW), review.id


def item_of(app: Flask, kind: ModerationKind) -> uuid.UUID:
    with app.app_context():
        return db.session.scalars(select(ModerationItem.id).where(ModerationItem.kind == kind)).one()


def at(item: uuid.UUID, more: str = "") -> str:
    return f"/admin/moderation/{item}{more}"


def item_row(app: Flask, item: uuid.UUID) -> ModerationItem:
    with app.app_context():
        row = db.session.get_one(ModerationItem, item)
        db.session.expunge(row)
        return row


def course_row(app: Flask, course: Course) -> Course:
    with app.app_context():
        row = db.session.get_one(Course, course.id)
        db.session.expunge(row)
        return row


def told(app: Flask, user: User) -> list[tuple[str, str]]:
    with app.app_context():
        rows = db.session.scalars(select(Notification).where(Notification.user_id == user.id))
        return [(row.kind.value, f"{row.title}: {row.message}") for row in rows]


def actions(app: Flask, subject: uuid.UUID, actor: User) -> list[str]:
    with app.app_context():
        query = select(AuditEntry.action).where(
            AuditEntry.subject_id == str(subject), AuditEntry.actor_id == actor.id
        )
        return list(db.session.scalars(query.order_by(AuditEntry.id)))


def test_the_queue_lists_what_waits_oldest_first_and_by_kind(app: Flask, cast: Cast, mo: FlaskClient) -> None:
    assert "The queue is empty" in mo.get("/admin/moderation").text
    reported_review(app, cast)
    submitted(app, cast)
    page = mo.get("/admin/moderation").text
    assert page.index("Flask, first steps") < page.index("Secret draft")
    only = mo.get("/admin/moderation?kind=course").text
    assert "Secret draft" in only
    assert "Flask, first steps" not in only


def test_a_long_queue_is_paged(app: Flask, cast: Cast, mo: FlaskClient) -> None:
    with app.app_context():
        for number in range(moderation_queue.PAGE_SIZE + 5):
            moderation_queue.enqueue(ModerationKind.REPORT, uuid.uuid4(), f"Number {number:02}", None)
        db.session.commit()
        after = moderation_queue.queue(None, None).after
    first = mo.get("/admin/moderation").text
    assert "Number 00" in first
    assert "Number 30" not in first
    assert f"after={after}" in first
    second = mo.get(f"/admin/moderation?after={after}").text
    assert "Number 29" not in second
    assert "Number 34" in second


def test_a_course_opens_with_everything_and_is_approved(app: Flask, cast: Cast, mo: FlaskClient) -> None:
    item = submitted(app, cast)
    page = mo.get(at(item)).text
    for words in (
        "Not yet",
        "Some <em>text</em>",
        "Very short",
        "0 published courses of 1",
        "nia@example.com",
    ):
        assert words in page
    answer = mo.post(at(item, "/decide"), data={"verdict": "approved"})
    assert (answer.status_code, answer.location) == (303, "/admin/moderation")
    course = course_row(app, cast.draft_course)
    assert course.status == ProductStatus.PUBLISHED
    assert course.published_at is not None
    row = item_row(app, item)
    assert (row.verdict, row.closed_by) == (Verdict.APPROVED, cast.mo.id)
    assert [kind for kind, _ in told(app, cast.nia)] == ["course_approved"]
    assert actions(app, course.id, cast.mo) == ["publish"]
    assert "Secret draft" in app.test_client().get("/courses?q=secret").text


@pytest.mark.parametrize(
    ("sent", "verdict"),
    [
        ({"verdict": "rejected", "reason": "quality", "notes": "The sound hums."}, "rejected"),
        ({"verdict": "changes_requested", "notes": "The sound hums."}, "changes_requested"),
    ],
)
def test_a_course_is_sent_back_with_notes(
    app: Flask, cast: Cast, mo: FlaskClient, signed_in: Browser, sent: dict[str, str], verdict: str
) -> None:
    item = submitted(app, cast)
    assert mo.post(at(item, "/decide"), data=sent).status_code == 303
    course = course_row(app, cast.draft_course)
    assert (course.status, course.admin_notes) == (ProductStatus.REJECTED, "The sound hums.")
    assert item_row(app, item).verdict == verdict
    kind, words = told(app, cast.nia)[0]
    assert kind == "course_rejected"
    assert "The sound hums." in words
    studio = signed_in(cast.nia).get(f"/studio/courses/{course.id}/publish").text
    assert studio.count("The sound hums.") == 2, "beside the course, and in its history"
    signed_in(cast.nia).post(f"/studio/courses/{course.id}/publish")
    with app.app_context():
        again = moderation_queue.waiting(ModerationKind.COURSE, course.id)
        assert again is not None
    assert "The sound hums." in mo.get(at(again.id)).text, "whoever looks next sees what was asked for"


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({}, "Choose what to do"),
        ({"verdict": "sideways"}, "Choose what to do"),
        ({"verdict": "rejected"}, "Choose a reason"),
        ({"verdict": "rejected", "reason": "whim"}, "Choose one of these reasons"),
        ({"verdict": "rejected", "reason": "other"}, "Say what needs to change"),
        ({"verdict": "changes_requested", "reason": "quality"}, "Say what needs to change"),
        ({"verdict": "hidden"}, "can’t make that decision"),
        ({"verdict": "approved", "seen": "something else"}, "changed something since you opened"),
        ({"verdict": "rejected", "reason": "quality", "notes": "x" * 6000}, "Use at most 5,000"),
    ],
)
def test_half_a_decision_is_none(
    app: Flask, cast: Cast, mo: FlaskClient, sent: dict[str, str], says: str
) -> None:
    item = submitted(app, cast)
    answer = mo.post(at(item, "/decide"), data=sent)
    assert answer.status_code == 422
    assert says in answer.text
    assert item_row(app, item).closed_at is None
    assert course_row(app, cast.draft_course).status == ProductStatus.PENDING_REVIEW


def test_what_changed_while_it_was_looked_at_is_not_approved_unseen(
    app: Flask, cast: Cast, mo: FlaskClient
) -> None:
    item = submitted(app, cast)
    mark = mo.get(at(item)).text.split('name="seen" value="')[1].split('"')[0]
    with app.app_context():
        db.session.get_one(Lesson, cast.draft_lesson.id).version += 1
        db.session.commit()
    assert mo.post(at(item, "/decide"), data={"verdict": "approved", "seen": mark}).status_code == 422
    mark = mo.get(at(item)).text.split('name="seen" value="')[1].split('"')[0]
    assert mo.post(at(item, "/decide"), data={"verdict": "approved", "seen": mark}).status_code == 303


def test_an_update_shows_its_difference_and_is_approved(app: Flask, cast: Cast, mo: FlaskClient) -> None:
    before = course_row(app, cast.flask_course)
    item = updated(app, cast)
    page = mo.get(at(item, f"?lesson={cast.text_lesson.id}")).text
    for words in (
        "<ins>And **more**.</ins>",
        "<ins>Better routes</ins>",
        "<del>Routes</del>",
        "<strong>more",
    ):
        assert words in page
    for words in ("Brand new", "Further", "New"):
        assert words in page
    assert "Fresh words." in mo.get(at(item, f"?lesson={lesson_called(app, 'Brand new')}")).text
    film = mo.get(at(item, f"?lesson={cast.last_lesson.id}")).text
    assert "New recording" in film
    assert "film.mp4" in film
    assert "captions/en.vtt" in film
    learner = app.test_client().get("/learn/flask-first-steps/routes")
    assert "more" not in learner.text
    assert mo.post(at(item, "/decide"), data={"verdict": "approved"}).status_code == 303
    course = course_row(app, cast.flask_course)
    assert (course.status, course.update_state) == (ProductStatus.PUBLISHED, UpdateState.NONE)
    assert course.expires_at is not None
    assert before.expires_at is not None
    assert course.expires_at > before.expires_at
    assert (course.published_at, course.lesson_count) == (before.published_at, 5)
    with app.app_context():
        text = db.session.get_one(Lesson, cast.text_lesson.id)
        assert (text.title, text.draft) == ("Better routes", None)
        assert db.session.scalars(select(Resource.pending)).all() == [False]
        film_row = db.session.scalars(select(MediaAsset)).one()
        assert (film_row.lesson_id, film_row.proposed_for) == (cast.last_lesson.id, None)
    assert actions(app, course.id, cast.mo) == ["approve_update"]


def lesson_called(app: Flask, title: str) -> uuid.UUID:
    with app.app_context():
        return db.session.scalars(select(Lesson.id).where(Lesson.title == title)).one()


def test_an_update_that_is_sent_back_keeps_its_drafts_and_the_course_on_sale(
    app: Flask, cast: Cast, mo: FlaskClient, signed_in: Browser
) -> None:
    item = updated(app, cast)
    sent = {"verdict": "changes_requested", "notes": "Say why."}
    assert mo.post(at(item, "/decide"), data=sent).status_code == 303
    course = course_row(app, cast.flask_course)
    assert (course.status, course.update_state) == (ProductStatus.PUBLISHED, UpdateState.RETURNED)
    with app.app_context():
        assert db.session.get_one(Lesson, cast.text_lesson.id).draft is not None
    nia = signed_in(cast.nia)
    assert "Say why." in nia.get(f"/studio/courses/{course.id}/publish").text
    assert nia.post(f"/studio/courses/{course.id}/publish").status_code == 303, "submitted again"
    assert course_row(app, cast.flask_course).update_state == UpdateState.PENDING


def test_an_update_approved_after_the_course_ran_out_brings_it_back(
    app: Flask, cast: Cast, mo: FlaskClient
) -> None:
    item = updated(app, cast)
    with app.app_context():
        db.session.get_one(Course, cast.flask_course.id).status = ProductStatus.EXPIRED
        db.session.commit()
    assert mo.post(at(item, "/decide"), data={"verdict": "approved"}).status_code == 303
    assert course_row(app, cast.flask_course).status == ProductStatus.PUBLISHED


def test_a_reported_review_is_kept(app: Flask, cast: Cast, mo: FlaskClient) -> None:
    item, review = reported_review(app, cast)
    page = mo.get(at(item)).text
    for words in ("Buy shoes.", "Only shoes.", "Advertising"):
        assert words in page
    assert mo.post(at(item, "/decide"), data={"verdict": "approved"}).status_code == 303
    assert "Buy shoes." in app.test_client().get("/courses/flask-first-steps").text
    assert [words for _, words in told(app, cast.cy)] == [
        "We’ve checked the review you reported: It doesn’t break our rules, so it stays up."
    ]
    assert told(app, cast.bo) == []
    assert actions(app, review, cast.mo) == ["approve_review"]
    with app.app_context():
        assert db.session.scalars(select(Report.outcome)).one() == "dismissed"
        assert db.session.get_one(Course, cast.flask_course.id).rating_count == 1


def test_a_reported_review_is_hidden_and_restored_later(app: Flask, cast: Cast, mo: FlaskClient) -> None:
    item, review = reported_review(app, cast)
    sent = {"verdict": "hidden", "notes": "No advertising."}
    assert mo.post(at(item, "/decide"), data=sent).status_code == 303
    assert "Buy shoes." not in app.test_client().get("/courses/flask-first-steps").text
    assert "We’ve hidden it" in told(app, cast.cy)[0][1]
    assert "No advertising." in told(app, cast.bo)[0][1]
    assert "Flask, first steps" in mo.get("/admin/moderation/history?kind=review").text
    assert "Show the review again" in mo.get(at(item)).text
    assert mo.post(at(item, "/restore")).status_code == 303
    assert "Buy shoes." in app.test_client().get("/courses/flask-first-steps").text
    assert actions(app, review, cast.mo) == ["hide_review", "restore_review"]
    mo.post(at(item, "/restore"))
    assert len(actions(app, review, cast.mo)) == 2, "a second time does nothing"


def test_a_hidden_review_that_is_changed_waits_again_and_one_deleted_no_longer(
    app: Flask, cast: Cast, mo: FlaskClient
) -> None:
    item, _ = reported_review(app, cast)
    mo.post(at(item, "/decide"), data={"verdict": "hidden"})
    with app.app_context():
        bo, course = db.session.get_one(User, cast.bo.id), db.session.get_one(Course, cast.flask_course.id)
        review = reviews.write(bo, course, 2, "Not for me.")
        db.session.commit()
        again = moderation_queue.waiting(ModerationKind.REVIEW, review.id)
        assert again is not None
        again_id = again.id
        reviews.withdraw(bo, course)
        db.session.commit()
    assert item_row(app, again_id).verdict == Verdict.WITHDRAWN
    assert mo.get(at(again_id)).status_code == 200


@pytest.mark.parametrize(
    ("verdict", "status", "says"),
    [("dismissed", "published", "it stays"), ("hidden", "archived", "taken it off sale")],
)
def test_a_reported_course(
    app: Flask, cast: Cast, mo: FlaskClient, verdict: str, status: str, says: str
) -> None:
    with app.app_context():
        cy, course = db.session.get_one(User, cast.cy.id), db.session.get_one(Course, cast.flask_course.id)
        course_reports.report(cy, course, ReportReason.OTHER, "Copied from a book.")
        db.session.commit()
    item = item_of(app, ModerationKind.REPORT)
    assert "Copied from a book." in mo.get(at(item)).text
    sent = {"verdict": verdict, "notes": "It is copied."}
    assert mo.post(at(item, "/decide"), data=sent).status_code == 303
    assert course_row(app, cast.flask_course).status == status
    assert says in told(app, cast.cy)[0][1]
    assert bool(told(app, cast.ada)) == (verdict == "hidden")


def test_no_course_goes_off_sale_without_a_word(app: Flask, cast: Cast, mo: FlaskClient) -> None:
    with app.app_context():
        cy, course = db.session.get_one(User, cast.cy.id), db.session.get_one(Course, cast.flask_course.id)
        course_reports.report(cy, course, ReportReason.OTHER, "Copied from a book.")
        db.session.commit()
    item = item_of(app, ModerationKind.REPORT)
    answer = mo.post(at(item, "/decide"), data={"verdict": "hidden", "notes": " "})
    assert answer.status_code == 422
    assert "Say why it goes off sale." in answer.text.split('id="notes-error"')[1][:300]
    assert course_row(app, cast.flask_course).status == "published"
    assert mo.post(at(item, "/decide"), data={"verdict": "hidden", "notes": "Copied."}).status_code == 303
    assert "Copied." in told(app, cast.ada)[0][1]


@pytest.mark.parametrize(
    ("sent", "role"),
    [({"verdict": "approved"}, "creator"), ({"verdict": "rejected", "notes": "No."}, "learner")],
)
def test_an_application(app: Flask, cast: Cast, mo: FlaskClient, sent: dict[str, str], role: str) -> None:
    with app.app_context():
        row = CreatorApplication(
            user_id=cast.cy.id, headline="Teaches knots", expertise=["Rope"], sample="A bowline.",
            links=["https://example.com/cy", "javascript:alert(1)"], accepted_terms_at=clock.now(),
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        moderation_queue.enqueue(ModerationKind.APPLICATION, row.id, "Cy", cast.cy.id)
        db.session.commit()
    item = item_of(app, ModerationKind.APPLICATION)
    page = mo.get(at(item)).text
    assert "Teaches knots" in page
    assert "A bowline." in page
    assert "javascript:" not in page
    assert mo.post(at(item, "/decide"), data={"verdict": "rejected"}).status_code == 422
    assert mo.post(at(item, "/decide"), data=sent).status_code == 303
    with app.app_context():
        assert db.session.get_one(User, cast.cy.id).role == role
    assert item_row(app, item).closed_by == cast.mo.id


@pytest.mark.parametrize(
    ("minutes", "price_cents", "hint"),
    [
        (0, 3000, ""),  # nothing to compare with
        (40, 1000, ""),
        (40, 3000, "It costs $30 without a size. A size for 40 minutes costs up to $10."),
        (180, 3000, "It costs $30 without a size. A size for 3 hours costs up to $25."),
    ],
)
def test_a_price_is_compared_with_that_of_its_length(
    app: Flask, cast: Cast, mo: FlaskClient, minutes: int, price_cents: int, hint: str
) -> None:
    with app.app_context():
        course = db.session.get_one(Course, cast.draft_course.id)
        course.tier, course.price_cents = None, price_cents
        lessons = db.session.scalars(select(Lesson).where(Lesson.course_id == course.id)).all()
        for number, lesson in enumerate(lessons):
            lesson.duration_seconds = 60 * minutes if number == 0 else 0
        db.session.commit()
    page = mo.get(at(submitted(app, cast))).text
    assert hint in page
    assert ("without a size" in page) == bool(hint)


@pytest.mark.parametrize("sent", [{}, {"notes": "Show more of it."}, {"notes": "Why not. " * 700}])
def test_a_late_decline_keeps_what_was_typed_and_says_why(
    app: Flask, cast: Cast, mo: FlaskClient, max_: FlaskClient, sent: dict[str, str]
) -> None:
    with app.app_context():
        row = CreatorApplication(
            user_id=cast.cy.id, headline="Teaches knots", expertise=[], links=[], sample="A bowline.",
            accepted_terms_at=clock.now(),
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        moderation_queue.enqueue(ModerationKind.APPLICATION, row.id, "Cy", cast.cy.id)
        db.session.commit()
    item = item_of(app, ModerationKind.APPLICATION)
    mo.post(at(item, "/decide"), data={"verdict": "approved"})
    late = max_.post(at(item, "/decide"), data={"verdict": "rejected", **sent})
    assert late.status_code == 422
    assert "This has already been decided." in late.text
    assert sent.get("notes", "").strip() in late.text
    assert "Please check" not in late.text  # there is no field to check


def test_a_decision_about_what_is_gone_keeps_what_was_typed(app: Flask, cast: Cast, mo: FlaskClient) -> None:
    item = submitted(app, cast)
    with app.app_context():
        db.session.get_one(Course, cast.draft_course.id).deleted_at = clock.now()
        db.session.commit()
    sent = {"verdict": "rejected", "reason": "quality", "notes": "The sound hums."}
    gone = mo.post(at(item, "/decide"), data=sent)
    assert (gone.status_code, "This course has been deleted." in gone.text) == (422, True)
    assert "The sound hums.</textarea>" in gone.text
    assert "You chose the reason “Text, audio or video quality is too low”." in gone.text
    without = mo.post(at(item, "/decide"), data={"verdict": "changes_requested"})
    assert (without.status_code, "Please check" in without.text) == (422, False)
    assert "This content no longer exists." in without.text


@pytest.mark.parametrize(
    ("hidden", "verdict", "says"),
    [
        (False, "approved", "The review stays visible."),
        (False, "hidden", "The review is hidden."),
        (True, "approved", "The review is visible again."),
        (True, "hidden", "The review stays hidden."),
    ],
)
def test_what_becomes_of_a_review_is_said_by_what_it_was(
    app: Flask, cast: Cast, mo: FlaskClient, hidden: bool, verdict: str, says: str
) -> None:
    item, review = reported_review(app, cast)
    with app.app_context():
        row = db.session.get_one(Review, review)
        row.flagged, row.approved = hidden, False
        db.session.commit()
    mo.post(at(item, "/decide"), data={"verdict": verdict})
    assert says in mo.get("/admin/moderation").text


@pytest.mark.parametrize(
    ("hidden", "verdict", "says"),
    [
        (False, "approved", "The reply stays visible."),
        (False, "hidden", "The reply is hidden."),
        (True, "approved", "The reply is visible again."),
        (True, "hidden", "The reply stays hidden."),
    ],
)
def test_what_becomes_of_a_reply_is_said_by_what_it_was(
    app: Flask, cast: Cast, mo: FlaskClient, hidden: bool, verdict: str, says: str
) -> None:
    _, review = reported_review(app, cast)
    with app.app_context():
        row = db.session.get_one(Review, review)
        row.reply, row.reply_hidden = "Not at all.", hidden
        moderation_queue.enqueue(ModerationKind.REPLY, review, "Reply", cast.ada.id)
        db.session.commit()
    mo.post(at(item_of(app, ModerationKind.REPLY), "/decide"), data={"verdict": verdict})
    assert says in mo.get("/admin/moderation").text


@pytest.mark.parametrize("verdict", ["dismissed", "hidden"])
def test_a_report_about_a_course_that_is_off_sale_says_so(
    app: Flask, cast: Cast, mo: FlaskClient, verdict: str
) -> None:
    with app.app_context():
        cy, course = db.session.get_one(User, cast.cy.id), db.session.get_one(Course, cast.flask_course.id)
        course_reports.report(cy, course, ReportReason.OTHER, "Copied from a book.")
        course.status = ProductStatus.ARCHIVED
        db.session.commit()
    item = item_of(app, ModerationKind.REPORT)
    mo.post(at(item, "/decide"), data={"verdict": verdict, "notes": "Copied."})
    assert "was off sale already and stays so." in mo.get("/admin/moderation").text


def test_the_next_comes_by_itself(app: Flask, cast: Cast, mo: FlaskClient) -> None:
    review, _ = reported_review(app, cast)
    course = submitted(app, cast)
    assert mo.post("/admin/moderation/next").location == at(review)
    answer = mo.post(at(review, "/decide"), data={"verdict": "approved"})
    assert answer.location == at(course)
    assert item_row(app, course).claimed_by == cast.mo.id
    narrowed = mo.post(at(course, "/skip?kind=course"))
    assert narrowed.location == "/admin/moderation?kind=course"
    assert item_row(app, course).claimed_by is None


def test_nobody_decides_under_somebody_elses_claim(
    app: Flask, cast: Cast, mo: FlaskClient, max_: FlaskClient
) -> None:
    item = submitted(app, cast)
    assert mo.post(at(item, "/claim")).status_code == 303
    assert "Mo is reviewing this" in max_.get(at(item)).text
    refused = max_.post(at(item, "/decide"), data={"verdict": "approved"})
    assert refused.status_code == 409
    assert "Mo is reviewing this" in refused.text
    assert max_.post("/admin/moderation/next").location == "/admin/moderation", (
        "what is claimed is passed over"
    )
    max_.post(at(item, "/claim"))
    assert item_row(app, item).claimed_by == cast.mo.id
    max_.post(at(item, "/claim"), data={"takeover": "yes"})
    assert item_row(app, item).claimed_by != cast.mo.id
    assert mo.post(at(item, "/decide"), data={"verdict": "approved"}).status_code == 409
    assert max_.post(at(item, "/decide"), data={"verdict": "approved"}).status_code == 303
    late = mo.post(at(item, "/decide"), data={"verdict": "approved"})
    assert (late.status_code, "already been decided" in late.text) == (422, True)


def test_notes_outlive_a_take_over_and_a_conflict(
    app: Flask, cast: Cast, mo: FlaskClient, max_: FlaskClient
) -> None:
    item = submitted(app, cast)
    mo.post(at(item, "/claim"))
    typed = {"verdict": "changes_requested", "notes": "A second lesson, please."}
    refused = max_.post(at(item, "/decide"), data=typed)
    assert (refused.status_code, "A second lesson, please.</textarea>" in refused.text) == (409, True)
    taken = max_.post(at(item, "/claim"), data={"takeover": "yes", "notes": typed["notes"]})
    assert item_row(app, item).claimed_by != cast.mo.id
    assert f'data-keep="moderation/{item}"' in taken.text
    assert "A second lesson, please.</textarea>" in taken.text
    late = mo.post(at(item, "/decide"), data=typed)
    assert (late.status_code, "A second lesson, please.</textarea>" in late.text) == (409, True)
    max_.post(at(item, "/decide"), data=typed)
    late = mo.post(at(item, "/decide"), data={**typed, "notes": "Too late."})
    assert (late.status_code, "Too late.</textarea>" in late.text) == (422, True)


def test_a_claim_runs_out(
    app: Flask, cast: Cast, mo: FlaskClient, max_: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = submitted(app, cast)
    mo.post(at(item, "/claim"))
    assert "Mo is reviewing" in max_.get(at(item)).text
    later = clock.now() + moderation_queue.CLAIM + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert "Mo is reviewing" not in max_.get(at(item)).text
    assert max_.post("/admin/moderation/next").location == at(item)


def race(app: Flask, cast: Cast, call: Callable[[User], Any]) -> list[Any]:
    """What `call` gives to two admins who make it at the same moment, each in a transaction of their own."""
    with app.app_context():
        other = db.session.scalars(select(User.id).where(User.name == "Max")).one()

    def act(user_id: uuid.UUID) -> Any:
        with app.app_context():
            answer = call(db.session.get_one(User, user_id))
            db.session.commit()
            return answer

    return at_once(partial(act, cast.mo.id), partial(act, other))


def test_two_who_ask_for_the_next_get_different_ones(app: Flask, cast: Cast, max_: FlaskClient) -> None:
    reported_review(app, cast)
    submitted(app, cast)
    found = race(app, cast, lambda admin: moderation_queue.claim_next(admin, None))
    assert None not in found
    assert len(set(found)) == 2


@pytest.fixture
def without_lock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No row lock on PostgreSQL; on SQLite no transaction, as its driver has it when left alone."""

    def look(item: ModerationItem, _admin: User, takeover: bool = False) -> None:
        if item.closed_at is not None:
            raise Refused("This has already been decided.")

    monkeypatch.setattr(moderation_queue, "lock_claimed", look)
    event.remove(Engine, "begin", base._begin_sqlite)
    yield
    event.listen(Engine, "begin", base._begin_sqlite)


def decided_at_once(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, patience: float
) -> tuple[list[str], list[str]]:
    """Two admins decide the same; who did, and what the others were told.

    Whoever has looked waits up to `patience` seconds for the other to have looked too.
    """
    item, _ = reported_review(app, cast)
    met, real = threading.Barrier(2), moderation_queue.close
    decided: list[str] = []

    def close(row: ModerationItem, admin: User, verdict: Verdict, reason: str = "", notes: str = "") -> None:
        with suppress(threading.BrokenBarrierError):
            met.wait(patience)
        decided.append(admin.name)
        real(row, admin, verdict, reason, notes)

    def settle(admin: User) -> None:
        row = db.session.get_one(ModerationItem, item)
        moderation_queue.lock_claimed(row, admin)
        moderation_queue.close(row, admin, Verdict.APPROVED)

    monkeypatch.setattr(moderation_queue, "close", close)
    found = race(app, cast, settle)
    return decided, [str(error) for error in found if error]


def test_of_two_who_decide_at_once_one_does(
    app: Flask, cast: Cast, max_: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided, told_instead = decided_at_once(app, cast, monkeypatch, patience=1)
    assert len(decided) == 1
    assert told_instead == ["This has already been decided."]


def test_without_the_lock_both_decide(
    app: Flask, cast: Cast, max_: FlaskClient, monkeypatch: pytest.MonkeyPatch, without_lock: None
) -> None:
    decided, told_instead = decided_at_once(app, cast, monkeypatch, patience=10)
    assert (len(decided), told_instead) == (2, [])


@pytest.mark.parametrize("what", ["course", "update", "review"])
def test_the_pages_ask_few_questions(app: Flask, cast: Cast, mo: FlaskClient, what: str) -> None:
    make = {"course": submitted, "update": updated, "review": lambda *rest: reported_review(*rest)[0]}[what]
    item = make(app, cast)
    for address in ("/admin/moderation", "/admin/moderation/history", at(item)):
        mo.get(address)
        asked: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            asked.append(statement)  # noqa: B023 - it is called before the next address

        event.listen(Engine, "before_cursor_execute", note)
        mo.get(address)
        event.remove(Engine, "before_cursor_execute", note)
        assert len(asked) <= 14, "\n".join(asked)


def test_vetting_and_featuring_on_the_spot(app: Flask, cast: Cast, mo: FlaskClient) -> None:
    item = submitted(app, cast)
    for _ in range(2):
        assert mo.post(at(item, "/vet"), data={"on": "yes"}).status_code == 303
        assert mo.post(at(item, "/feature"), data={"on": "yes"}).status_code == 303
    assert course_row(app, cast.draft_course).featured
    assert actions(app, cast.draft_course.id, cast.mo) == ["feature"]
    assert actions(app, cast.nia.id, cast.mo) == ["vet"]
    assert "Stop trusting this creator" in mo.get(at(item)).text
    assert "Stop featuring" in mo.get(at(item)).text


def test_a_course_that_is_gone_can_still_be_opened(app: Flask, cast: Cast, mo: FlaskClient) -> None:
    item = submitted(app, cast)
    with app.app_context():
        db.session.get_one(Course, cast.draft_course.id).deleted_at = clock.now()
        db.session.commit()
    assert "no longer exists" in mo.get(at(item)).text
    assert mo.post(at(item, "/decide"), data={"verdict": "approved"}).status_code == 422


@pytest.mark.parametrize("lesson", ["x", "01890000-0000-7000-8000-000000000000"])
def test_a_lesson_that_is_not_there(app: Flask, cast: Cast, mo: FlaskClient, lesson: str) -> None:
    item = submitted(app, cast)
    assert mo.get(at(item, f"?lesson={lesson}")).status_code == 404


def test_a_swap_gets_the_course_alone(app: Flask, cast: Cast, mo: FlaskClient) -> None:
    item = submitted(app, cast)
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    answer = mo.get(at(item, f"?lesson={cast.draft_lesson.id}"), headers=headers).text
    assert answer.lstrip().startswith('<section class="stack" id="course-file"')
    assert "Decide" not in answer
    review, _ = reported_review(app, cast)
    answer = mo.get(at(review), headers=headers).text
    assert "Decide" in answer, "only a course is opened lesson by lesson"
    assert answer.count('class="button is-good"') == 1


def test_a_copy_of_a_course_that_was_taken_down_waits_also_for_a_vetted_creator(
    app: Flask, cast: Cast, mo: FlaskClient
) -> None:
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        ada = db.session.get_one(User, course.creator_id)
        ada.vetted = True
        course_reports.report(db.session.get_one(User, cast.cy.id), course, ReportReason.OTHER, "Copied.")
        db.session.commit()
    item = item_of(app, ModerationKind.REPORT)
    sent = {"verdict": "hidden", "notes": "Copied."}
    assert mo.post(at(item, "/decide"), data=sent).status_code == 303
    with app.app_context():
        ada = db.session.get_one(User, cast.ada.id)
        copy = duplication.duplicate(db.session.get_one(Course, cast.flask_course.id), ada)
        db.session.commit()
        assert submission.needs_review(copy, ada)
        assert not submission.needs_review(copy, db.session.get_one(User, cast.mo.id))


def test_whoever_applies_again_is_seen_with_what_was_decided_before(
    app: Flask, cast: Cast, mo: FlaskClient
) -> None:
    with app.app_context():
        cy = db.session.get_one(User, cast.cy.id)
        wish = creator_applications.ApplicationInput("I teach", [], [], "Much.")
        first = creator_applications.apply(cy, wish)
        creator_applications.decline(first, db.session.get_one(User, cast.mo.id), "Not enough yet.")
        db.session.commit()
        creator_applications.apply(cy, creator_applications.ApplicationInput("I teach", [], [], "Much more."))
        db.session.commit()
        item = db.session.scalars(select(ModerationItem.id).where(ModerationItem.closed_at.is_(None))).one()
    assert "Not enough yet." in mo.get(at(item)).text


def test_a_course_that_is_begun_anew_is_seen_with_what_was_decided_before(
    app: Flask, cast: Cast, mo: FlaskClient
) -> None:
    with app.app_context():
        first = db.session.get_one(Course, cast.draft_course.id)
        item = moderation_queue.enqueue(ModerationKind.COURSE, first.id, first.title, first.creator_id)
        moderation_queue.close(
            item, db.session.get_one(User, cast.mo.id), Verdict.REJECTED, "rules", "A fraud."
        )
        anew = Course(
            title=first.title, slug="secret-draft-2", creator_id=first.creator_id, category_id=cast.data.id
        )
        other = Course(title=first.title, slug="by-ada", creator_id=cast.ada.id, category_id=cast.data.id)
        db.session.add_all([anew, other])
        db.session.flush()
        items = [
            moderation_queue.enqueue(ModerationKind.COURSE, course.id, course.title, course.creator_id).id
            for course in (anew, other)
        ]
        db.session.commit()
    assert ["A fraud." in mo.get(at(one)).text for one in items] == [True, False]
