"""List of courses that expire soon."""

from flask import url_for
from werkzeug.wrappers import Response

from blueprints.admin import after, bp
from domain.catalog import expiry
from web import hypermedia


@bp.get("/expiring")
def expiring() -> Response:
    """List the courses on sale that expire within 30 days, soonest first."""
    page = expiry.expiring(after())
    return hypermedia.render(
        "admin/expiring.html",
        listing=page,
        more=url_for("admin.expiring", after=page.after) if page.after else None,
        first=url_for("admin.expiring") if after() else None,
    )
