"""Retention: deletes old jobs, processed events, sign-in attempts, expired registrations and sessions."""

from datetime import timedelta

from sqlalchemy import delete

from domain.base import clock
from domain.platform import held_posts
from models import Job, JobState, LoginAttempt, Registration, StripeEvent, UserSession, WorkerBeat, db

KEEP_JOBS = timedelta(days=7)
KEEP_ATTEMPTS = timedelta(days=2)
KEEP_DEVICES = timedelta(days=30)
# Stripe lists and resends events for 30 days; the row of one is what makes processing it idempotent.
KEEP_EVENTS = timedelta(days=60)


def clean_up() -> None:
    """Delete expired rows. Dead jobs and open alerts stay: they wait for a person."""
    now = clock.now()
    db.session.execute(delete(Job).where(Job.state == JobState.DONE, Job.finished_at < now - KEEP_JOBS))
    seen = StripeEvent.problem.is_(None) | StripeEvent.looked_at.is_not(None)
    db.session.execute(delete(StripeEvent).where(StripeEvent.processed_at < now - KEEP_EVENTS, seen))
    db.session.execute(delete(LoginAttempt).where(LoginAttempt.at < now - KEEP_ATTEMPTS))
    db.session.execute(delete(Registration).where(Registration.expires_at < now))
    db.session.execute(delete(UserSession).where(UserSession.expires_at < now - KEEP_DEVICES))
    db.session.execute(delete(UserSession).where(UserSession.revoked_at < now - KEEP_DEVICES))
    held_posts.clean_up()
    db.session.execute(delete(WorkerBeat).where(WorkerBeat.at < now - KEEP_ATTEMPTS))
