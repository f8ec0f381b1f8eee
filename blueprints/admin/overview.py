"""The dashboard of the admin area."""

from datetime import timedelta

from werkzeug.wrappers import Response

from blueprints.admin import bp
from domain.backup import records
from domain.base import clock
from domain.catalog import expiry
from domain.pages import admin_home
from domain.platform import audit
from web import hypermedia

SILENCE = timedelta(minutes=2)


@bp.get("")
def index() -> Response:
    """Show pending work, failures, sales and the latest audit entries; every number links to its list."""
    failures = admin_home.failures()
    seen = failures.worker_seen_at
    return hypermedia.render(
        "admin/overview.html",
        waiting=admin_home.waiting(),
        failures=failures,
        counted=admin_home.COUNTED,
        silent=seen is None or clock.now() - seen > SILENCE,
        backup_warnings=records.warnings(),
        expiring=expiry.expiring(size=5),
        sales=admin_home.sales(),
        history=audit.latest(10),
    )
