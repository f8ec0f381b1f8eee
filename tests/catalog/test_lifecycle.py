"""The one state machine of a course: every way that there is, and every way that there isn't."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from domain import Refused
from domain.base import clock
from domain.catalog import freshness, lifecycle
from domain.platform import moderation_queue
from models import (
    AuditEntry,
    Course,
    ModerationKind,
    ProductStatus,
    SearchDocument,
    UpdateState,
    User,
    db,
)
from tests.cast import Cast

WAYS = [(here, there) for here, theres in lifecycle.TRANSITIONS.items() for there in theres]
NO_WAYS = [pair for pair in itertools.product(ProductStatus, repeat=2) if pair not in WAYS]


@pytest.fixture(autouse=True)
def _context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def course_at(cast: Cast, status: ProductStatus) -> Course:
    course = db.session.get_one(Course, cast.flask_course.id)
    course.status = status
    db.session.flush()
    return course


def person(user: User) -> User:
    return db.session.get_one(User, user.id)


def entries(course: Course) -> list[tuple[str, str]]:
    query = select(AuditEntry).where(AuditEntry.subject_id == str(course.id)).order_by(AuditEntry.id)
    return [(entry.action, entry.note) for entry in db.session.scalars(query)]


def dates(course: Course) -> list[datetime | None]:
    return [course.published_at, course.content_updated_at, course.expires_at]


@pytest.mark.parametrize(("here", "there"), WAYS)
def test_every_way_is_taken_and_written_down(cast: Cast, here: ProductStatus, there: ProductStatus) -> None:
    course = course_at(cast, here)
    lifecycle.change_status(course, there, person(cast.mo), "why")
    assert course.status == there
    assert [note for _, note in entries(course)] == ["why"]
    indexed = db.session.scalar(select(SearchDocument.id).where(SearchDocument.product_id == course.id))
    assert (indexed is not None) == (there == ProductStatus.PUBLISHED)


@pytest.mark.parametrize(("here", "there"), NO_WAYS)
def test_every_other_way_is_refused(cast: Cast, here: ProductStatus, there: ProductStatus) -> None:
    course = course_at(cast, here)
    with pytest.raises(Refused, match="can’t become"):
        lifecycle.change_status(course, there, person(cast.mo))
    assert course.status == here
    assert entries(course) == []


@pytest.mark.parametrize("to", [ProductStatus.PUBLISHED, ProductStatus.REJECTED])
def test_nobody_decides_about_their_own_course_unless_trusted(cast: Cast, to: ProductStatus) -> None:
    course = course_at(cast, ProductStatus.PENDING_REVIEW)
    with pytest.raises(Refused, match="admin"):
        lifecycle.change_status(course, to, person(cast.nia))
    assert course.status == ProductStatus.PENDING_REVIEW


def test_the_first_publication_is_remembered_and_the_course_fresh_again(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = db.session.get_one(Course, cast.draft_course.id)
    first = datetime(2031, 8, 31, 12, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: first)
    lifecycle.change_status(course, ProductStatus.PENDING_REVIEW, person(cast.nia))
    assert course.published_at is None, "submitting alone puts nothing on sale"
    before = course.updated_at
    lifecycle.change_status(course, ProductStatus.PUBLISHED, person(cast.mo))
    assert dates(course) == [first, first, datetime(2032, 2, 29, 12, tzinfo=UTC)]
    assert course.updated_at > before, "the catalogue watches this stamp"
    later = first + timedelta(days=200)
    monkeypatch.setattr(clock, "now", lambda: later)
    for status in (ProductStatus.EXPIRED, ProductStatus.PENDING_REVIEW, ProductStatus.PUBLISHED):
        lifecycle.change_status(course, status, person(cast.mo))
    assert dates(course) == [first, later, freshness.fresh_until(later)]


def test_what_changed_meanwhile_is_seen(cast: Cast) -> None:
    course = course_at(cast, ProductStatus.PUBLISHED)
    elsewhere = text("UPDATE products SET status = 'archived' WHERE slug = :slug")
    db.session.execute(elsewhere, {"slug": course.slug})
    with pytest.raises(Refused, match="archived"):
        lifecycle.change_status(course, ProductStatus.EXPIRED, None)


def test_an_archived_course_lets_its_update_wait_no_longer(cast: Cast) -> None:
    course = course_at(cast, ProductStatus.PUBLISHED)
    course.update_state = UpdateState.PENDING
    moderation_queue.enqueue(ModerationKind.UPDATE, course.id, course.title, course.creator_id)
    lifecycle.change_status(course, ProductStatus.ARCHIVED, person(cast.ada))
    assert course.update_state == UpdateState.EDITING
    assert moderation_queue.waiting(ModerationKind.UPDATE, course.id) is None


def test_a_course_in_review_goes_back_to_what_it_was() -> None:
    now, day = clock.now(), timedelta(days=1)
    back = [
        lifecycle.status_before_review(Course(status=ProductStatus.PENDING_REVIEW, **columns))
        for columns in (
            {},
            {"published_at": now - day},
            {"published_at": now - day, "expires_at": now + day},
            {"published_at": now - 2 * day, "expires_at": now - day},
        )
    ]
    assert back == [
        ProductStatus.DRAFT,
        ProductStatus.ARCHIVED,
        ProductStatus.ARCHIVED,
        ProductStatus.EXPIRED,
    ]
