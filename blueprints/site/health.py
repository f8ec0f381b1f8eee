"""Health checks: liveness and readiness."""

import logging

from flask import Response, current_app, jsonify
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

    What is wrong with which part goes into the log, when it changes; of visitors only admins read it.
    """
    checks = health.checks()
    state = health.summary(checks)
    _log_changes(state, checks)
    is_told = checks["migrations"] == "ok" and current_user.is_authenticated and current_user.is_admin
    return jsonify(status=state, **(checks if is_told else {})), 503 if state == "unready" else 200


def _log_changes(state: str, checks: dict[str, str]) -> None:
    """Log what is wrong, unless this process has said the same last: probes ask every few seconds."""
    wrong = [f"{part}: {said.removeprefix(health.WARNING)}" for part, said in checks.items() if said != "ok"]
    line = f"{state}: {'; '.join(wrong)}" if wrong else state
    before = current_app.extensions.get("readiness", "ok")
    current_app.extensions["readiness"] = line
    if line != before:
        log.log(logging.WARNING if wrong else logging.INFO, "%s", line)
