"""Health checks: liveness and readiness."""

from flask import Response, jsonify

from blueprints.site import bp
from domain.platform import health


@bp.get("/healthz")
def healthz() -> Response:
    """Answer the liveness probe; no dependency is checked."""
    return jsonify(status="ok")


@bp.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Answer the readiness probe: 503 unless database, migrations and worker are well.

    A late backup only warns.
    """
    checks = health.checks()
    well = all(health.is_well(state) for state in checks.values())
    return jsonify(status="ok" if well else "unready", **checks), 200 if well else 503
