"""The desk's pages: each is whole, answers in few queries, and is nobody else's."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import User
from tests.admin.query_counts import Counter, queries  # noqa: F401
from tests.cast import Cast

PAGES = (
    "/admin",
    "/admin/users",
    "/admin/orders",
    "/admin/orders/LN-TEST-0001",
    "/admin/emails",
    "/admin/jobs",
    "/admin/media",
    "/admin/alerts",
    "/admin/webhooks",
    "/admin/backups",
    "/admin/audit",
    "/admin/categories",
    "/admin/settings",
    "/admin/settings/look",
    "/admin/settings/rules",
    "/admin/settings/refunds",
    "/admin/withdrawals",
    "/admin/settings/featured",
)
SignIn = Callable[[User], FlaskClient]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_whole_and_asks_little(
    app: Flask, cast: Cast, signed_in: SignIn, queries: Counter, page: str  # noqa: F811
) -> None:  # fmt: skip
    mo = signed_in(cast.mo)
    mo.get("/admin/users")
    queries.clear()
    answer = mo.get(page)
    assert answer.status_code == 200
    assert len(queries) <= 10, [statement for statement, _ in queries.seen]
    assert signed_in(cast.ada).get(page).status_code == 404
    assert app.test_client().get(page).status_code == 303
