"""What waits, what failed, what happened, what sold."""

from datetime import timedelta

from werkzeug.wrappers import Response

from blueprints.admin import admin
from domain.backup import records
from domain.base import clock
from domain.catalog import freshness
from domain.pages import overview
from domain.platform import audit
from web import hypermedia

SILENCE = timedelta(minutes=2)


@admin.get("")
def index() -> Response:
    """The desk's first page; every number leads to its list."""
    failures = overview.failures()
    seen = failures.worker_seen_at
    return hypermedia.render(
        "admin/overview.html",
        waiting=overview.waiting(),
        failures=failures,
        counted=overview.COUNTED,
        silent=seen is None or clock.now() - seen > SILENCE,
        backup_warnings=records.warnings(),
        expiring=freshness.expiring(size=5),
        sales=overview.sales(),
        history=audit.latest(10),
    )
