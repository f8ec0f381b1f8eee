"""What the tests of reviews share: people who own a course, and reviews that stand already."""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, Response, request_finished
from sqlalchemy import func, select

from domain.base import clock, request_trace
from domain.community import reviews
from domain.learning import access
from domain.moderation import decisions, verdicts
from domain.platform import moderation_queue
from models import (
    Course,
    Enrollment,
    GrantSource,
    ModerationKind,
    Product,
    ReportReason,
    Review,
    User,
    Verdict,
    db,
)
from tests.cast import Cast


class ReviewedCourse:
    """The reviews of the cast's paid course, as the database has them."""

    def __init__(self, app: Flask, course: Course) -> None:
        self.app, self.course, self.page = app, course, f"/courses/{course.slug}"

    def owner(self, name: str = "", **more: Any) -> User:
        """Somebody new who has the course."""
        with self.app.app_context():
            name = name or f"Reader {uuid.uuid4().hex[:6]}"
            user = User(email=f"{uuid.uuid4().hex}@example.com", name=name, **more)
            db.session.add(user)
            db.session.flush()
            access.grant(user.id, self.course.id, GrantSource.FREE, self.course.id)
            db.session.commit()
            db.session.refresh(user)
            db.session.expunge(user)
            return user

    def review(self, user: User, rating: int = 4, comment: str = "Good.", **more: Any) -> uuid.UUID:
        """A review that `user` wrote at some time; the product's rating is right afterwards."""
        with self.app.app_context():
            row = Review(user_id=user.id, product_id=self.course.id, rating=rating, comment=comment, **more)
            db.session.add(row)
            db.session.flush()
            reviews.recount(self.course.id)
            db.session.commit()
            return row.id

    def many(self, count: int, **more: Any) -> list[uuid.UUID]:
        """`count` reviews of `count` people, an hour apart, the oldest first."""
        first = clock.now() - timedelta(hours=count)
        return [
            self.review(
                self.owner(f"Reader {n}"),
                comment=f"Words {n}.",
                created_at=first + timedelta(hours=n),
                **more,
            )
            for n in range(count)
        ]

    def report(self, review_id: uuid.UUID, *people: User) -> None:
        """Reports of the review by these people."""
        with self.app.app_context():
            for person in people:
                review = db.session.get_one(Review, review_id)
                reviews.report(db.session.get_one(User, person.id), review, ReportReason.SPAM)
            db.session.commit()

    def proved(self, days: int = 30, percent: int = 50) -> User:
        """Somebody whose address is proved, here for `days`, who is `percent` into the course."""
        since = clock.now() - timedelta(days=days)
        user = self.owner(email_verified_at=clock.now(), created_at=since)
        with self.app.app_context():
            db.session.add(
                Enrollment(
                    user_id=user.id, course_id=self.course.id, enrolled_at=since, last_accessed_at=since,
                    progress_percent=percent,
                )
            )  # fmt: skip
            db.session.commit()
        return user

    def decide(self, review_id: uuid.UUID, admin: User, verdict: Verdict) -> None:
        """What an admin decides about the review that waits."""
        with self.app.app_context():
            item = moderation_queue.waiting(ModerationKind.REVIEW, review_id)
            assert item is not None
            decisions.decide(item, db.session.get_one(User, admin.id), verdicts.ModerationDecision(verdict))
            db.session.commit()

    def get(self, review_id: uuid.UUID) -> Review | None:
        """The row as it is now."""
        with self.app.app_context():
            row = db.session.get(Review, review_id)
            if row is not None:
                db.session.expunge(row)
            return row

    def by(self, user: User) -> list[Review]:
        """What `user` has written."""
        with self.app.app_context():
            rows = list(db.session.scalars(select(Review).where(Review.user_id == user.id)))
            for row in rows:
                db.session.expunge(row)
            return rows

    def rating(self) -> tuple[int, float]:
        """What the product says: how many reviews, and their average."""
        with self.app.app_context():
            query = select(Product.rating_count, Product.rating_avg).where(Product.id == self.course.id)
            count, average = db.session.execute(query).one()
            return count, average

    def count(self, table: Any) -> int:
        """How many rows `table` has."""
        with self.app.app_context():
            return db.session.scalar(select(func.count()).select_from(table)) or 0

    def change(self, row: type[Any], id_: uuid.UUID, **values: Any) -> None:
        """Write into a row what nobody can by a form."""
        with self.app.app_context():
            found = db.session.get_one(row, id_)
            for name, value in values.items():
                setattr(found, name, value)
            db.session.flush()
            reviews.recount(self.course.id)
            db.session.commit()


@pytest.fixture
def reviewed(app: Flask, cast: Cast) -> ReviewedCourse:
    """The course that bo has, without a review yet."""
    return ReviewedCourse(app, cast.flask_course)


@pytest.fixture
def count_queries(app: Flask) -> Iterator[Callable[[], int]]:
    """A function that tells how many statements the last request sent."""
    counts: list[int] = []

    def note(_app: Flask, response: Response) -> None:
        counts.append(request_trace.query_count())

    with request_finished.connected_to(note, app):
        yield lambda: counts[-1]


HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
