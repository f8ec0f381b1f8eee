"""`flask jobs`: list jobs by state, and retry dead ones."""

import uuid

import click
from flask.cli import AppGroup
from sqlalchemy import func, select

import jobs
from models import Job, JobState, db

jobs_group = AppGroup("jobs", help="See and retry the worker's jobs.")


@jobs_group.command("list")
@click.option("--state", type=click.Choice([s.value for s in JobState]), help="Only jobs with this status.")
@click.option("--limit", default=50, show_default=True, help="Maximum number of rows.")
def list_jobs(state: str | None, limit: int) -> None:
    """Count the jobs by state and list the newest; dead ones say why."""
    for name, count in db.session.execute(select(Job.state, func.count()).group_by(Job.state)):
        click.echo(f"{name.value:8} {count}")
    query = select(Job).order_by(Job.created_at.desc()).limit(limit)
    for job in db.session.scalars(query.where(Job.state == state) if state else query):
        why = f"  {job.last_error}" if job.last_error else ""
        click.echo(
            f"{job.id}  {job.state.value:8} {job.kind:20} {job.lane.value:5} {job.attempts} tries{why}"
        )


@jobs_group.command("retry")
@click.argument("job_id", required=False, type=click.UUID)
@click.option("--all-dead", is_flag=True, help="Retry every dead job.")
def retry_jobs(job_id: uuid.UUID | None, all_dead: bool) -> None:
    """Retry a dead job, or all of them, with all its attempts."""
    if not job_id and not all_dead:
        raise click.UsageError("Name a job, or use --all-dead.")
    chosen = Job.id == job_id if job_id else Job.state == JobState.DEAD
    rows = list(db.session.scalars(select(Job).where(chosen)))
    if not rows:
        raise click.ClickException("Job not found." if job_id else "No jobs are dead.")
    for job in rows:
        jobs.retry(job)
    db.session.commit()
    click.echo(f"{len(rows)} queued again")
