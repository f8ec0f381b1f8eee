"""Pages of lists, newest first: every row is on exactly one page, also of rows of the same moment."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from domain.base import clock, pagination
from models import Notification, NotificationKind, db
from tests.cast import Cast


@pytest.mark.parametrize("size", [1, 2, 3, 7, 20])
def test_every_row_is_on_one_page(app: Flask, cast: Cast, size: int) -> None:
    with app.app_context():
        now = clock.now()
        for number in range(7):
            db.session.add(
                Notification(
                    user_id=cast.bo.id, kind=NotificationKind.REFUND, title=str(number),
                    message="", created_at=now - timedelta(seconds=number // 3),
                )
            )  # fmt: skip
        db.session.flush()
        seen, last, pages = [], None, 0
        while True:
            query = pagination.newest_first(
                select(Notification).where(Notification.user_id == cast.bo.id),
                Notification.created_at, Notification.id, last,
            )  # fmt: skip
            page = pagination.cut(db.session.scalars(query.limit(size + 1)), size, lambda row: row.id)
            seen += page.rows
            pages += 1
            if page.after is None:
                break
            assert page.after == page.rows[-1].id
            assert len(page.rows) == size
            last = (page.rows[-1].created_at, page.rows[-1].id)
        assert len(seen) == len({row.id for row in seen}) == 7
        assert seen == sorted(seen, key=lambda row: (row.created_at, row.id), reverse=True)
        assert pages == -(-7 // size)


def test_a_page_that_is_just_full_is_the_last() -> None:
    assert pagination.cut([1, 2], 2, int) == pagination.Page([1, 2], None)
    assert pagination.cut([1, 2, 3], 2, int) == pagination.Page([1, 2], 2)
    assert pagination.cut([], 2, int) == pagination.Page([], None)
