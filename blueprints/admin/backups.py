"""Routes of the backups: list them, make one, prove one by restoring it."""

import uuid
from urllib.parse import urlsplit

from flask import abort, current_app, url_for
from werkzeug.wrappers import Response

from blueprints.admin import after, bp
from domain.backup import records
from domain.pages import background_work
from domain.pages.background_work import BackupState
from domain.platform import backup_jobs
from models import BackupRecord, db
from web import hypermedia
from web.actions import Attempt
from web.query_args import choice_arg
from web.signed_in import me

STATES = {BackupState.KEPT: "Kept", BackupState.FAILED: "Failed", BackupState.GONE: "Removed"}
SOON = "The worker will start shortly."


@bp.get("/backups")
def backups() -> Response:
    """List the backups of one state, newest first."""
    state = choice_arg("state", BackupState, BackupState.KEPT)
    page = background_work.backups(state, after())
    settings = current_app.config["SETTINGS"]
    return hypermedia.render(
        "admin/backups.html",
        listing=page,
        state=state.value,
        tabs=[
            (name, url_for("admin.backups", state=one.value), one == state) for one, name in STATES.items()
        ],
        more=url_for("admin.backups", state=state.value, after=page.after) if page.after else None,
        first=url_for("admin.backups", state=state.value) if after() else None,
        warnings=records.warnings(),
        busy=backup_jobs.under_way(),
        settings=settings,
        place=_place(settings.backup_target),
    )


@bp.post("/backups")
def make_backup() -> Response:
    """Queue a backup."""
    with Attempt() as attempt:
        backup_jobs.request_backup(me())
        attempt.say(SOON)
    return hypermedia.see_other(url_for("admin.backups"))


@bp.post("/backups/<uuid:backup_id>/prove")
def prove_backup(backup_id: uuid.UUID) -> Response:
    """Queue the proof of a backup."""
    record = db.session.get(BackupRecord, backup_id) or abort(404)
    with Attempt() as attempt:
        backup_jobs.request_proof(record, me())
        attempt.say(SOON)
    return hypermedia.see_other(url_for("admin.backups"))


def _place(target: str) -> str:
    """Strip credentials and query from the backup target: an S3 address may carry a key and its secret."""
    parts = urlsplit(target)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
