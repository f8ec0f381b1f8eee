"""The use of what was bought, from our own records: sign-ins, lessons, and the mails that were sent."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from domain.people import devices, sessions
from domain.platform.event_registry import EventName
from models import (
    Course,
    EmailMessage,
    EmailStatus,
    Enrollment,
    Event,
    Lesson,
    LessonProgress,
    Order,
    PurchaseShare,
    UserSession,
    db,
)

MOST_SIGN_INS = 200
MOST_LESSONS = 500
MOST_MAILS = 40
# Mails about a purchase: what they say is the buyer's own order and nothing else.
ABOUT_ORDERS = ("receipt", "payment_pending", "welcome_to_course", "gift_claimed", "access_given")
Entry = tuple[datetime, str]


def stamp(moment: datetime) -> str:
    """Write a time so that a bank anywhere reads it alike: 2026-11-30 14:05 UTC."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def log_of(order: Order) -> list[str]:
    """List what the buyer and the owners of `order` did, oldest first, one line each."""
    entries = [*_ordered(order), *_sign_ins(order), *_lessons(order)]
    return [f"{stamp(at)}  {said}" for at, said in sorted(entries)]


def mails_of(order: Order) -> list[str]:
    """List the mails that the buyer was sent about orders since this one, oldest first."""
    query = (
        select(EmailMessage.sent_at, EmailMessage.subject, EmailMessage.recipient)
        .where(
            EmailMessage.user_id == order.user_id,
            EmailMessage.template.in_(ABOUT_ORDERS),
            EmailMessage.created_at >= order.created_at,
            EmailMessage.status == EmailStatus.SENT,
        )
        .order_by(EmailMessage.created_at)
    )
    rows = db.session.execute(query.limit(MOST_MAILS))
    return [f"{stamp(at)}  “{subject}” to {to}" for at, subject, to in rows if at is not None]


def purchase_ip(order: Order) -> str:
    """Find the IP address of the device that was signed in when the order was placed; "" if unknown."""
    query = (
        select(UserSession.ip)
        .where(
            UserSession.user_id == order.user_id,
            UserSession.created_at <= order.created_at,
            UserSession.last_seen_at >= order.created_at - sessions.SEEN_EVERY,
            UserSession.ip != "",
        )
        .order_by(UserSession.last_seen_at)
        .limit(1)
    )
    return db.session.scalar(query) or ""


def _ordered(order: Order) -> Iterable[Entry]:
    yield order.created_at, f"Placed order {order.number}"
    if order.completed_at is not None:
        yield order.completed_at, "Paid; access was given at once"


def _sign_ins(order: Order) -> Iterable[Entry]:
    query = select(UserSession).where(UserSession.user_id == order.user_id)
    for device in db.session.scalars(query.order_by(UserSession.created_at.desc()).limit(MOST_SIGN_INS)):
        where = f"{devices.describe(device.user_agent)}, IP address {device.ip or 'unknown'}"
        yield device.created_at, f"Signed in: {where}"
        if device.last_seen_at > device.created_at:
            yield device.last_seen_at, f"Last page opened on this device: {where}"


def _lessons(order: Order) -> Iterable[Entry]:
    """Yield when owners of lines enrolled, opened lessons and completed them."""
    lines = {line.id: line.owner_id for line in order.purchases if line.owner_id is not None}
    shares = select(PurchaseShare.purchase_id, PurchaseShare.course_id).where(
        PurchaseShare.purchase_id.in_(lines)
    )
    for purchase_id, course_id in sorted(map(tuple, db.session.execute(shares))):
        yield from _in_course(lines[purchase_id], course_id)


def _in_course(owner_id: object, course_id: object) -> Iterable[Entry]:
    enrolled = (
        select(Enrollment.enrolled_at, Course.title)
        .join(Course, Course.id == Enrollment.course_id)
        .where(Enrollment.user_id == owner_id, Enrollment.course_id == course_id)
    )
    title = ""
    for at, title in db.session.execute(enrolled):
        yield at, f"Enrolled in “{title}”"
    for at, lesson in db.session.execute(_views(owner_id, course_id)):
        yield at, f"Opened lesson “{lesson}” of “{title}”"
    opened = (
        select(
            Lesson.title, LessonProgress.started_at, LessonProgress.completed_at,
            LessonProgress.watched_seconds,
        )
        .join(Lesson, Lesson.id == LessonProgress.lesson_id)
        .where(LessonProgress.user_id == owner_id, Lesson.course_id == course_id)
        .order_by(LessonProgress.started_at)
    )  # fmt: skip
    for lesson, started_at, completed_at, seconds in db.session.execute(opened.limit(MOST_LESSONS)):
        watched = f", watched for {seconds // 60} min {seconds % 60} s so far" if seconds else ""
        yield started_at, f"Began lesson “{lesson}” of “{title}”{watched}"
        if completed_at is not None:
            yield completed_at, f"Completed lesson “{lesson}” of “{title}”"


def _views(owner_id: object, course_id: object) -> Select[*tuple[Any, ...]]:
    """Build the query of the lessons that somebody has opened; nothing of those who want no tracking."""
    query = select(Event.created_at, Lesson.title).join(Lesson, Lesson.id == Event.lesson_id)
    viewed = (Event.user_id == owner_id, Event.name == EventName.CONTENT_VIEW.value)
    newest = query.where(*viewed, Event.course_id == course_id).order_by(Event.created_at.desc())
    return newest.limit(MOST_LESSONS)
