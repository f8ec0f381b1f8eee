"""A list is filtered by what its address says, or there is no such list."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from models import User
from tests.cast import Cast

FILTERS = [
    ("mo", "/admin/webhooks?state="),
    ("mo", "/admin/jobs?state="),
    ("mo", "/admin/emails?state="),
    ("mo", "/admin/orders?state="),
    ("mo", "/admin/backups?state="),
    ("mo", "/admin/users?kind="),
    ("mo", "/admin/moderation?kind="),
    ("mo", "/admin/moderation/history?kind="),
    ("ada", "/studio/courses?status="),
    ("ada", "/studio/reviews?rating="),
    ("ada", "/studio/reviews?course="),
    ("ada", "/studio/students?course="),
    ("ada", "/studio/earnings?month="),
    ("ada", "/studio/courses/{course}/analytics?period="),
]


@pytest.mark.parametrize(("who", "address"), FILTERS)
def test_a_filter_that_names_nothing_is_no_page(
    cast: Cast, signed_in: Callable[[User], FlaskClient], who: str, address: str
) -> None:
    browser = signed_in(getattr(cast, who))
    address = address.format(course=cast.flask_course.id)
    assert browser.get(f"{address}nonsense").status_code == 404
    assert browser.get(address).status_code == 200
