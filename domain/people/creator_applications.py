"""Creator applications: a learner applies to teach, an admin accepts or declines."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

import mail
from domain import Refused
from domain.base import clock, slugs, sql, text
from domain.base.addresses import path_to
from domain.platform import audit, moderation_queue, notifications, settings
from domain.platform.audit_actions import AuditAction
from models import (
    ApplicationStatus,
    CreatorApplication,
    CreatorProfile,
    ModerationItem,
    ModerationKind,
    NotificationKind,
    Role,
    User,
    Verdict,
    db,
    upsert,
)

MAX_SAMPLE = 5000
MAX_REASON = 2000
MOST_A_MONTH = 3
MONTH = timedelta(days=30)


@dataclass(frozen=True)
class ApplicationInput:
    """The fields of an application: `expertise` are a few words each, `links` absolute URLs."""

    headline: str
    expertise: list[str]
    links: list[str]
    sample: str


def latest(user: User) -> CreatorApplication | None:
    """Find the last application of `user`, whatever its status."""
    query = select(CreatorApplication).where(CreatorApplication.user_id == user.id)
    return db.session.scalar(query.order_by(CreatorApplication.created_at.desc()).limit(1))


def find(application_id: uuid.UUID) -> CreatorApplication | None:
    """Find an application; None if it doesn't exist."""
    return db.session.get(CreatorApplication, application_id)


def apply(user: User, values: ApplicationInput) -> CreatorApplication:
    """Apply to teach; idempotent while an application is pending, which stays as it is.

    Raises Refused for people who teach already, before the address is verified (the answer goes there), with
    the very words that were declined before, and beyond MOST_A_MONTH.
    """
    if user.role != Role.LEARNER:
        raise Refused("You can already teach here. Your courses are in the studio.")
    if not user.is_verified:
        raise Refused("Confirm your email address first. We’ll send our reply there.")
    _refuse_again(user, values)
    row = upsert(CreatorApplication).values(
        user_id=user.id, headline=values.headline, expertise=values.expertise, links=values.links,
        sample=values.sample, accepted_terms_at=clock.now(),
    )  # fmt: skip
    made = db.session.scalar(row.on_conflict_do_nothing().returning(CreatorApplication.id))
    pending = select(CreatorApplication).where(
        CreatorApplication.user_id == user.id, CreatorApplication.status == ApplicationStatus.PENDING
    )
    application = db.session.scalars(pending).one()
    if made is not None:
        moderation_queue.enqueue(ModerationKind.APPLICATION, application.id, user.name, user.id)
        audit.record(user, AuditAction.APPLY_TO_TEACH, application)
        mail.application_received(user)
        mail.application_waiting(settings.current().contact_email, user, values.headline)
    return application


def accept(application: CreatorApplication, admin: User) -> None:
    """Make the applicant a creator with a public page, and notify them. Idempotent.

    Raises Refused when it was declined before.
    """
    if not _decide(application, admin, ApplicationStatus.ACCEPTED, ""):
        return
    user = db.session.get_one(User, application.user_id)
    if user.role == Role.LEARNER:
        user.role = Role.CREATOR
        audit.record(admin, AuditAction.CHANGE_ROLE, user, "learner → creator")
    _introduce(user, application)
    audit.record(admin, AuditAction.ACCEPT_APPLICATION, application, user.name)
    mail.application_accepted(user)
    notifications.tell(
        user.id, NotificationKind.APPLICATION_DECIDED, "You can now teach here",
        "Your application was accepted. The studio is yours.", path_to("studio.overview"), "Open the studio",
        key=f"application:{application.id}",
    )  # fmt: skip


def decline(application: CreatorApplication, admin: User, reason: str) -> None:
    """Decline with a reason, and notify the applicant, who may apply again. Idempotent.

    Raises Refused without a reason, and when it was accepted before.
    """
    reason = text.paragraphs(reason)
    if not reason:
        raise Refused("Say why, so they know what to change.", "reason")
    if not _decide(application, admin, ApplicationStatus.DECLINED, reason[:MAX_REASON]):
        return
    user = db.session.get_one(User, application.user_id)
    audit.record(admin, AuditAction.DECLINE_APPLICATION, application, reason)
    mail.application_declined(user, application.reason)
    notifications.tell(
        user.id, NotificationKind.APPLICATION_DECIDED, "Your application was declined",
        application.reason[:500], path_to("teach.apply"), "See what to change",
        key=f"application:{application.id}",
    )  # fmt: skip


def _refuse_again(user: User, values: ApplicationInput) -> None:
    """Refuse an application repeating a declined one, and more than MOST_A_MONTH."""
    since = clock.now() - MONTH
    query = select(CreatorApplication).where(CreatorApplication.user_id == user.id)
    lately = db.session.scalars(query.where(CreatorApplication.created_at > since)).all()
    if any(application.status == ApplicationStatus.PENDING for application in lately):
        return
    before = latest(user)
    if (
        before is not None
        and before.status == ApplicationStatus.DECLINED
        and _words(before) == _words(values)
    ):
        raise Refused("This is the same application as before. Read our feedback and make changes first.")
    if len(lately) >= MOST_A_MONTH:
        raise Refused(f"You’ve applied {MOST_A_MONTH} times this month. Please wait a while.")


def _words(said: CreatorApplication | ApplicationInput) -> tuple[object, ...]:
    return said.headline, said.expertise, said.links, said.sample


def _decide(application: CreatorApplication, admin: User, status: ApplicationStatus, reason: str) -> bool:
    """Record the decision with a conditional UPDATE, so that of two admins one wins.

    False when the same was decided before; raises Refused when the opposite was.
    """
    now = clock.now()
    won = db.session.scalar(
        update(CreatorApplication)
        .where(
            CreatorApplication.id == application.id, CreatorApplication.status == ApplicationStatus.PENDING
        )
        .values(status=status, reason=reason, decided_at=now)
        .returning(CreatorApplication.id)
    )
    sql.reload(application)
    if won is None:
        if application.status != status:
            raise Refused(f"This application was {application.status} already.")
        return False
    db.session.execute(
        update(ModerationItem)
        .where(
            ModerationItem.kind == ModerationKind.APPLICATION,
            ModerationItem.subject_id == application.id,
            ModerationItem.closed_at.is_(None),
        )
        .values(
            verdict=Verdict.APPROVED if status == ApplicationStatus.ACCEPTED else Verdict.REJECTED,
            notes=reason, closed_by=admin.id, closed_at=now, claimed_by=None, claimed_until=None,
        )
    )  # fmt: skip
    return True


def _introduce(user: User, application: CreatorApplication) -> None:
    """Create the creator's public page from the application; an earlier page is kept."""
    if db.session.get(CreatorProfile, user.id) is None:
        db.session.add(
            CreatorProfile(
                user_id=user.id, slug=slugs.for_creator(user.name), headline=application.headline,
                expertise=application.expertise, links=application.links,
            )
        )  # fmt: skip
    db.session.flush()
