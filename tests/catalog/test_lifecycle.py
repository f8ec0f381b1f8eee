"""The states of a course: where one in review goes back to when it is withdrawn."""

from datetime import timedelta

from domain.base import clock
from domain.catalog import lifecycle
from models import Course, ProductStatus


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
