"""Is the process alive, and is it ready to serve?"""

from flask import Response, jsonify

from blueprints.site import site
from domain.platform import health


@site.get("/healthz")
def healthz() -> Response:
    """The process lives; nothing else is asked."""
    return jsonify(status="ok")


@site.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Whether database, migrations and worker are well, and which is not; a late backup only warns."""
    checks = health.checks()
    well = all(health.is_well(state) for state in checks.values())
    return jsonify(status="ok" if well else "unready", **checks), 200 if well else 503
