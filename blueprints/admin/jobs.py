"""Routes of the job queue: jobs by state, and recordings whose transcoding failed."""

import json
import uuid

from flask import abort, url_for
from werkzeug.wrappers import Response

from blueprints.admin import after, bp
from domain.base.redaction import masked
from domain.pages import background_work
from models import Job, JobState, db
from web import hypermedia
from web.actions import Attempt
from web.query_args import choice_arg
from web.signed_in import me

STATES = {
    JobState.DEAD: "Failed",
    JobState.QUEUED: "Waiting",
    JobState.RUNNING: "Running",
    JobState.DONE: "Done",
}


@bp.get("/jobs")
def jobs() -> Response:
    """List the jobs of one state, newest first; dead ones, which need a person, by default."""
    state = choice_arg("state", JobState, JobState.DEAD)
    page = background_work.jobs_in(state, after())
    return hypermedia.render(
        "admin/jobs.html",
        listing=page,
        state=state.value,
        tabs=_tabs(state),
        more=url_for("admin.jobs", state=state.value, after=page.after) if page.after else None,
        first=url_for("admin.jobs", state=state.value) if after() else None,
    )


@bp.get("/jobs/<uuid:job_id>")
def job(job_id: uuid.UUID) -> Response:
    """Show one job: its payload and its last error."""
    row = _job(job_id)
    return hypermedia.render("admin/job.html", job=row, payload=pretty(row.payload))


@bp.post("/jobs/<uuid:job_id>/retry")
def retry_job(job_id: uuid.UUID) -> Response:
    """Queue a dead job again."""
    row = _job(job_id)
    with Attempt() as attempt:
        background_work.retry_job(row, me())
        attempt.say("The worker will try again.")
    return hypermedia.see_other(url_for("admin.job", job_id=job_id))


@bp.post("/jobs/retry")
def retry_jobs() -> Response:
    """Queue every dead job again."""
    count = background_work.retry_jobs(me())
    db.session.commit()
    several = f"{count:,} {'job' if count == 1 else 'jobs'}"
    hypermedia.toast(f"The worker will try {several} again." if count else "No jobs have failed.", "info")
    return hypermedia.see_other(url_for("admin.jobs"))


@bp.get("/media")
def media() -> Response:
    """List the recordings whose transcoding failed, with the reason."""
    page = background_work.failed_recordings(after())
    return hypermedia.render(
        "admin/media.html",
        listing=page,
        tabs=_tabs(None),
        more=url_for("admin.media", after=page.after) if page.after else None,
        first=url_for("admin.media") if after() else None,
    )


@bp.post("/media/<uuid:asset_id>/retry")
def retry_recording(asset_id: uuid.UUID) -> Response:
    """Queue the transcoding of a recording again."""
    with Attempt() as attempt:
        background_work.retry_recording(asset_id, me())
        attempt.say("The worker will try again.")
    return hypermedia.see_other(url_for("admin.media"))


def pretty(payload: object) -> str:
    """Format a payload as indented JSON, with secrets redacted."""
    return json.dumps(masked(payload), indent=2, ensure_ascii=False, sort_keys=True)


def _tabs(state: JobState | None) -> list[tuple[str, str, bool]]:
    found = [(name, url_for("admin.jobs", state=one.value), one == state) for one, name in STATES.items()]
    return [*found, ("Failed recordings", url_for("admin.media"), state is None)]


def _job(job_id: uuid.UUID) -> Job:
    return db.session.get(Job, job_id) or abort(404)
