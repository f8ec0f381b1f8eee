"""Health checks: liveness and readiness."""

from flask import Response, jsonify
from flask_login import current_user

from blueprints.site import bp
from domain.base.log import log
from domain.platform import health


@bp.get("/healthz")
def healthz() -> Response:
    """Answer the liveness probe; no dependency is checked."""
    return jsonify(status="ok")


@bp.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Answer the readiness probe in one word: "ok", "warning" (it serves) or "unready" (503).

    What is wrong with which part goes into the log; of visitors only admins read it.
    """
    checks = health.checks()
    state = health.summary(checks)
    if state != "ok":
        wrong = (f"{part}: {said}" for part, said in checks.items() if said != "ok")
        log.warning("%s: %s", state, "; ".join(wrong))
    is_told = checks["migrations"] == "ok" and current_user.is_authenticated and current_user.is_admin
    return jsonify(status=state, **(checks if is_told else {})), 503 if state == "unready" else 200
