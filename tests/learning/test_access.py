"""Who may learn what: every reason, in the order of the rule, with few queries."""

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask_login import AnonymousUserMixin
from sqlalchemy import event, func, select, update
from werkzeug.exceptions import NotFound

import mail
from domain import Refused
from domain.base import clock
from domain.learning import access, access_facts, enrollment, prerequisites
from domain.learning.access import DenialReason
from models import (
    AccessGrant,
    Course,
    EmailMessage,
    Enrollment,
    EnrollmentStatus,
    GrantSource,
    Lesson,
    LessonProgress,
    LessonVisibility,
    Module,
    Product,
    ProductStatus,
    ProductVisibility,
    Purchase,
    SlugRedirect,
    User,
    course_prerequisites,
    db,
)
from tests.cast import START, Cast

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def context(app: Flask):  # noqa: ANN201
    """A database session for calling the rules directly."""
    with app.app_context():
        yield


def decide(user: User | None, course: Course, lesson: Lesson | None = None) -> access.AccessDecision:
    """Decide on fresh rows."""
    fresh = db.session.get_one(User, user.id) if user else None
    return access.decide(
        fresh,
        db.session.get_one(Course, course.id, populate_existing=True),
        db.session.get_one(Lesson, lesson.id, populate_existing=True) if lesson else None,
    )


def change(table: type, row_id: object, **values: object) -> None:
    """Change a row behind the rules' back."""
    db.session.execute(update(table).where(table.id == row_id).values(**values))


def change_course(course: Course, **values: object) -> None:
    """Change a course's columns, wherever they are stored."""
    own = {k: v for k, v in values.items() if k in Course.__table__.c}
    if own:
        db.session.execute(update(Course.__table__).where(Course.__table__.c.id == course.id).values(**own))
    rest = {k: v for k, v in values.items() if k not in own}
    if rest:
        table = Product.__table__
        db.session.execute(update(table).where(table.c.id == course.id).values(**rest))


def complete(user: User, *lessons: Lesson) -> None:
    """Record the lessons as completed."""
    now = clock.now()
    for lesson in lessons:
        db.session.add(LessonProgress(user_id=user.id, lesson_id=lesson.id, started_at=now, completed_at=now))
    db.session.flush()


def test_who_may_open_a_lesson_of_a_published_course(cast: Cast) -> None:
    lesson = cast.text_lesson
    assert decide(cast.mo, cast.flask_course, lesson).allowed
    assert decide(cast.ada, cast.flask_course, lesson).allowed
    assert decide(cast.bo, cast.flask_course, lesson).allowed
    assert decide(None, cast.flask_course, lesson) == access.AccessDecision(False, DenialReason.LOGIN)
    assert decide(cast.cy, cast.flask_course, lesson) == access.AccessDecision(False, DenialReason.BUY)
    assert decide(cast.nia, cast.flask_course, lesson).reason == DenialReason.BUY
    assert decide(cast.cy, cast.free_course, cast.free_lesson).reason == DenialReason.ENROLL


def test_an_anonymous_visitor_is_a_stranger(cast: Cast) -> None:
    course = db.session.get_one(Course, cast.flask_course.id)
    assert access.decide(AnonymousUserMixin(), course).reason == DenialReason.LOGIN
    assert not access.owns(AnonymousUserMixin(), course)


def test_free_access_to_everything_passes_every_gate(cast: Cast) -> None:
    change(User, cast.cy.id, access_override=True)
    change_course(cast.flask_course, sequential=True)
    assert decide(cast.cy, cast.flask_course, cast.last_lesson).allowed
    assert not access.owns(db.session.get_one(User, cast.cy.id), cast.flask_course)


def test_a_preview_is_open_to_everyone_while_its_course_is_published(cast: Cast) -> None:
    for user in (None, cast.cy, cast.bo):
        assert decide(user, cast.flask_course, cast.preview_lesson).allowed
    assert decide(None, cast.draft_course, cast.draft_lesson).reason == DenialReason.DRAFT
    change_course(cast.flask_course, status=ProductStatus.ARCHIVED)
    assert decide(None, cast.flask_course, cast.preview_lesson).reason == DenialReason.LOGIN
    assert decide(cast.cy, cast.flask_course, cast.preview_lesson).reason == DenialReason.UNAVAILABLE


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (Lesson, {"published": False}),
        (Module, {"published": False}),
        (Lesson, {"visibility": LessonVisibility.PRIVATE}),
    ],
)
def test_what_is_withheld_is_no_preview_and_not_for_owners(cast: Cast, table: type, values: dict) -> None:
    lesson = cast.preview_lesson
    change(table, lesson.id if table is Lesson else lesson.module_id, **values)
    assert decide(None, cast.flask_course, lesson).reason == DenialReason.LOGIN
    assert decide(cast.bo, cast.flask_course, lesson).reason == DenialReason.DRAFT
    assert decide(cast.ada, cast.flask_course, lesson).allowed


def test_a_foreign_draft_is_nobodys_business(cast: Cast) -> None:
    for user in (None, cast.bo, cast.ada):
        assert decide(user, cast.draft_course, cast.draft_lesson).reason == DenialReason.DRAFT
    for user in (cast.nia, cast.mo):
        assert decide(user, cast.draft_course, cast.draft_lesson).allowed


def test_owners_keep_what_is_no_longer_sold(cast: Cast) -> None:
    for status in (ProductStatus.EXPIRED, ProductStatus.ARCHIVED, ProductStatus.PENDING_REVIEW):
        change_course(cast.flask_course, status=status)
        assert decide(cast.bo, cast.flask_course, cast.text_lesson).allowed
    change_course(cast.flask_course, status=ProductStatus.EXPIRED)
    assert decide(cast.cy, cast.flask_course).reason == DenialReason.EXPIRED
    yesterday = clock.now() - timedelta(days=1)
    change_course(cast.flask_course, status=ProductStatus.ARCHIVED, expires_at=yesterday)
    assert decide(cast.cy, cast.flask_course).reason == DenialReason.UNAVAILABLE
    change_course(cast.flask_course, expires_at=None)
    change_course(
        cast.flask_course, status=ProductStatus.PUBLISHED, visibility=ProductVisibility.MEMBERS_ONLY
    )
    assert decide(cast.cy, cast.flask_course).reason == DenialReason.UNAVAILABLE
    change_course(cast.flask_course, deleted_at=clock.now())
    assert decide(cast.bo, cast.flask_course, cast.text_lesson).allowed
    for user in (None, cast.cy, cast.ada, cast.mo):
        assert decide(user, cast.flask_course).reason == DenialReason.DRAFT


def test_a_grant_that_ran_out_says_since_when(cast: Cast) -> None:
    yesterday = clock.now() - timedelta(days=1)
    db.session.execute(update(AccessGrant).values(expires_at=yesterday))
    assert decide(cast.bo, cast.flask_course) == access.AccessDecision(
        False, DenialReason.EXPIRED, until=yesterday
    )
    assert not access.owns(cast.bo, cast.flask_course)
    db.session.execute(update(AccessGrant).values(expires_at=clock.now() + timedelta(days=1)))
    assert decide(cast.bo, cast.flask_course).allowed
    assert access.owns(cast.bo, cast.flask_course)


def test_a_drip_is_counted_from_the_enrolment(cast: Cast) -> None:
    enrolled = db.session.scalar(select(Enrollment.enrolled_at))
    days = (clock.now() - enrolled).days
    change(Module, cast.video_lesson.module_id, unlock_after_days=days)
    assert decide(cast.bo, cast.flask_course, cast.video_lesson).allowed
    change(Module, cast.video_lesson.module_id, unlock_after_days=days + 1)
    decision = decide(cast.bo, cast.flask_course, cast.video_lesson)
    assert decision.reason == DenialReason.LOCKED_UNTIL
    assert decision.until == enrolled + timedelta(days=days + 1)
    assert decide(cast.bo, cast.flask_course, cast.text_lesson).allowed


def test_a_sequential_course_names_the_first_unfinished_lesson(cast: Cast) -> None:
    change_course(cast.flask_course, sequential=True)
    decision = decide(cast.bo, cast.flask_course, cast.last_lesson)
    assert (decision.reason, decision.needed.id) == (DenialReason.FINISH_PREVIOUS, cast.preview_lesson.id)
    assert decide(cast.bo, cast.flask_course, cast.preview_lesson).allowed
    complete(cast.bo, cast.preview_lesson, cast.text_lesson)
    assert decide(cast.bo, cast.flask_course, cast.video_lesson).allowed
    assert decide(cast.bo, cast.flask_course, cast.last_lesson).needed.id == cast.video_lesson.id


def test_a_sequential_course_skips_what_is_withheld_and_keeps_open_what_was_completed(cast: Cast) -> None:
    change_course(cast.flask_course, sequential=True)
    complete(cast.bo, cast.text_lesson, cast.last_lesson)
    assert decide(cast.bo, cast.flask_course, cast.last_lesson).allowed
    change(Lesson, cast.preview_lesson.id, published=False)
    assert decide(cast.bo, cast.flask_course, cast.video_lesson).allowed


LONG_AGO = START - timedelta(days=1)


def lock_flask_course(cast: Cast, since: datetime | None = LONG_AGO) -> None:
    """Make the free course a prerequisite of Bo's: a lock since then, or advice."""
    link = {"course_id": cast.flask_course.id, "prerequisite_id": cast.free_course.id, "locks_since": since}
    db.session.execute(course_prerequisites.insert().values(link))


def test_a_lock_is_opened_by_a_completed_course(cast: Cast) -> None:
    lock_flask_course(cast)
    decision = decide(cast.bo, cast.flask_course, cast.text_lesson)
    assert (decision.reason, decision.needed.id) == (DenialReason.PREREQUISITE, cast.free_course.id)
    assert decide(cast.bo, cast.flask_course).reason == DenialReason.PREREQUISITE
    assert decide(cast.bo, cast.flask_course, cast.preview_lesson).allowed
    enrollment.enroll(cast.bo.id, cast.free_course.id)
    assert decide(cast.bo, cast.flask_course).reason == DenialReason.PREREQUISITE
    db.session.execute(update(Enrollment).values(completed_at=clock.now()))
    assert decide(cast.bo, cast.flask_course, cast.text_lesson).allowed


@pytest.mark.parametrize(
    "away",
    [
        {"status": ProductStatus.ARCHIVED},
        {"deleted_at": START},
        {"visibility": ProductVisibility.MEMBERS_ONLY},
        {"visibility": ProductVisibility.PRIVATE},
        {"lesson_count": 0},
        {"creator_id": "bo"},
    ],
)
def test_a_lock_that_could_not_be_opened_is_none(cast: Cast, away: dict[str, Any]) -> None:
    lock_flask_course(cast)
    if "creator_id" in away:
        away = {"creator_id": cast.bo.id}
    change_course(cast.free_course, **away)
    assert decide(cast.bo, cast.flask_course, cast.text_lesson).allowed
    assert prerequisites.locking(cast.bo, cast.flask_course) == []


@pytest.mark.parametrize(
    ("since", "ordered", "is_open"),
    [
        (None, START, True),  # advice
        (START + timedelta(hours=1), START, True),  # ordered before the lock, paid whenever
        (START - timedelta(hours=1), START, False),
    ],
)
def test_a_lock_concerns_those_who_order_from_then_on(
    cast: Cast, since: datetime | None, ordered: datetime, is_open: bool
) -> None:
    lock_flask_course(cast, since)
    change(Purchase, cast.purchase.id, created_at=ordered)
    db.session.execute(update(AccessGrant).values(granted_at=START + timedelta(days=3)))
    assert decide(cast.bo, cast.flask_course, cast.text_lesson).allowed is is_open
    names = [course.title for course in prerequisites.locking(cast.bo, cast.flask_course)]
    assert names == ([] if is_open else ["Reading code"])


@pytest.mark.parametrize(
    ("begun", "goes_on"), [("text_lesson", True), ("preview_lesson", False), ("free_lesson", False)]
)
def test_a_lock_shuts_out_nobody_halfway(cast: Cast, begun: str, goes_on: bool) -> None:
    complete(cast.bo, getattr(cast, begun))
    complete(cast.cy, cast.text_lesson)
    lock_flask_course(cast)
    for lesson in (None, cast.text_lesson, cast.last_lesson):
        assert decide(cast.bo, cast.flask_course, lesson).allowed is goes_on


def test_deciding_takes_at_most_three_queries(cast: Cast) -> None:
    change_course(cast.flask_course, sequential=True)
    user = db.session.get_one(User, cast.bo.id)
    course = db.session.get_one(Course, cast.flask_course.id, populate_existing=True)
    lesson = db.session.get_one(Lesson, cast.last_lesson.id)
    sent: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *a: sent.append(a[2]))
    assert access.decide(user, course, lesson).reason == DenialReason.FINISH_PREVIOUS
    assert len(sent) <= 3


def test_loaders_hide_what_is_unknown_or_foreign(cast: Cast) -> None:
    assert access.course_for_learner(cast.bo, "flask-first-steps")[1].allowed
    for user, slug in ((cast.bo, "nowhere"), (cast.bo, "secret-draft"), (None, "secret-draft")):
        with pytest.raises(NotFound):
            access.course_for_learner(user, slug)
    assert access.lesson_for(None, "flask-first-steps", "hello-flask")[2].allowed
    assert access.lesson_for(cast.cy, "flask-first-steps", "routes")[2].reason == DenialReason.BUY
    for course, lesson in (("flask-first-steps", "why-read"), ("secret-draft", "not-yet"), ("no", "no")):
        with pytest.raises(NotFound):
            access.lesson_for(cast.cy, course, lesson)


def test_a_withheld_lesson_is_not_found_for_everyone_but_its_makers(cast: Cast) -> None:
    change(Lesson, cast.text_lesson.id, published=False)
    for user in (None, cast.cy, cast.bo):
        with pytest.raises(NotFound):
            access.lesson_for(user, "flask-first-steps", "routes")
    assert access.lesson_for(cast.ada, "flask-first-steps", "routes")[2].allowed


def test_a_renamed_course_is_found_by_its_old_slug(cast: Cast) -> None:
    db.session.add(SlugRedirect(slug="flask-old", product_id=cast.flask_course.id))
    db.session.flush()
    assert access.course_for_learner(cast.bo, "flask-old")[0].slug == "flask-first-steps"


def test_granting_twice_is_one_grant_and_revives_a_revoked_one(cast: Cast) -> None:
    first = access.grant(cast.cy.id, cast.flask_course.id, GrantSource.FREE, cast.flask_course.id)
    again = access.grant(cast.cy.id, cast.flask_course.id, GrantSource.FREE, cast.flask_course.id)
    assert first.id == again.id
    assert access.owns(cast.cy, cast.flask_course)
    access.revoke(cast.purchase.id)
    assert not access.owns(cast.bo, cast.flask_course)
    given = access.grant(cast.bo.id, cast.flask_course.id, GrantSource.PURCHASE, cast.purchase.id)
    assert given.revoked_at is None
    assert access.owns(cast.bo, cast.flask_course)


def test_revoking_cancels_the_enrolment_unless_something_else_holds(cast: Cast) -> None:
    access.grant(cast.bo.id, cast.flask_course.id, GrantSource.FREE, cast.flask_course.id)
    access.revoke(cast.purchase.id)
    assert db.session.scalar(select(Enrollment.status)) == EnrollmentStatus.ACTIVE
    assert access.owns(cast.bo, cast.flask_course)
    db.session.execute(update(AccessGrant).values(revoked_at=None))
    db.session.execute(
        update(AccessGrant).where(AccessGrant.purchase_id.is_(None)).values(revoked_at=clock.now())
    )
    access.revoke(cast.purchase.id)
    assert db.session.scalar(select(Enrollment.status)) == EnrollmentStatus.CANCELLED
    access.grant(cast.bo.id, cast.flask_course.id, GrantSource.PURCHASE, cast.purchase.id)
    assert enrollment.enroll(cast.bo.id, cast.flask_course.id).status == EnrollmentStatus.ACTIVE


def test_enrolling_welcomes_once(cast: Cast) -> None:
    made = enrollment.enroll(cast.cy.id, cast.free_course.id)
    assert enrollment.enroll(cast.cy.id, cast.free_course.id).id == made.id
    messages = db.session.scalars(select(EmailMessage)).all()
    assert [(m.template, m.recipient) for m in messages] == [("welcome_to_course", "cy@example.com")]
    assert "Reading code" in messages[0].subject
    for body in mail.render_bodies(messages[0]):
        assert "http://localhost/learn/reading-code" in body
        assert "Hi Cy" in body


def test_a_free_course_is_taken_in_one_step(cast: Cast) -> None:
    cy = db.session.get_one(User, cast.cy.id)
    course = db.session.get_one(Course, cast.free_course.id)
    made = enrollment.enroll_free(cy, course)
    assert enrollment.enroll_free(cy, course).id == made.id
    assert access.owns(cy, course)
    assert db.session.scalar(select(func.count(AccessGrant.id)).where(AccessGrant.user_id == cy.id)) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"price_cents": 500},
        {"status": ProductStatus.ARCHIVED},
        {"visibility": ProductVisibility.MEMBERS_ONLY},
        {"visibility": ProductVisibility.PRIVATE},
        {"deleted_at": clock.now()},
    ],
)
def test_what_is_not_free_for_the_taking_is_refused(cast: Cast, values: dict) -> None:
    change_course(cast.free_course, **values)
    course = db.session.get_one(Course, cast.free_course.id, populate_existing=True)
    with pytest.raises(Refused):
        enrollment.enroll_free(db.session.get_one(User, cast.cy.id), course)
    assert not access.owns(cast.cy, course)


def test_a_grant_that_holds_is_the_same_in_python_and_in_sql(app: Flask, cast: Cast) -> None:
    now = clock.now()
    times = (None, now - timedelta(seconds=1), now, now + timedelta(seconds=1))
    with app.app_context():
        for number, (revoked_at, expires_at) in enumerate(itertools.product(times, times)):
            someone = User(email=f"g{number}@example.com", name="G")
            db.session.add(someone)
            db.session.flush()
            db.session.add(
                AccessGrant(
                    user_id=someone.id, course_id=cast.free_course.id, source=GrantSource.FREE,
                    source_id=cast.free_course.id, granted_at=now, revoked_at=revoked_at,
                    expires_at=expires_at,
                )
            )  # fmt: skip
        db.session.flush()
        rows = list(db.session.scalars(select(AccessGrant)))
        columns = AccessGrant.__table__.alias().c
        found = set(db.session.scalars(select(AccessGrant.id).where(access_facts.valid(now))))
        assert found == set(db.session.scalars(select(columns.id).where(access_facts.valid(now, columns))))
        assert found == {row.id for row in rows if access_facts.is_valid(row, now)}
        for row in rows:
            held = select(AccessGrant.id).where(*access_facts.holding(row.user_id, row.course_id, now))
            assert db.session.scalars(held).all() == ([row.id] if row.id in found else [])
