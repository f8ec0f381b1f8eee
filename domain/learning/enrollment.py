"""Enrolment: the row that keeps a learner's progress in a course, and enrolment in free courses."""

import uuid

from sqlalchemy import select

import mail
from domain import Refused
from domain.base import clock
from domain.catalog import availability
from domain.catalog.availability import Offer
from domain.learning import access, pausing, prerequisites, progress
from domain.platform import events
from domain.platform.event_registry import EventName
from models import (
    Course,
    Enrollment,
    GrantSource,
    Purchase,
    User,
    db,
    upsert,
)


def enroll(user_id: uuid.UUID, course_id: uuid.UUID, welcome: bool = True) -> Enrollment:
    """Get, create or reactivate the learner's enrolment in the course.

    Idempotent and safe against races: only the request that inserts the row sends the welcome mail, unless
    another mail says so already (`welcome`).
    """
    progress.lock(user_id)
    now = clock.now()
    made = db.session.scalar(
        upsert(Enrollment)
        .values(user_id=user_id, course_id=course_id, enrolled_at=now, last_accessed_at=now)
        .on_conflict_do_nothing(index_elements=["user_id", "course_id"])
        .returning(Enrollment.id)
    )
    if made is None:
        pausing.take_up_again(user_id, course_id)
    progress.recount(user_id, course_id)
    if made is not None:
        events.write(EventName.ENROLLED, user_id, course_id)
        if welcome:
            user, course = db.session.get_one(User, user_id), db.session.get_one(Course, course_id)
            lock = prerequisites.lock_on(prerequisites.locking(user, course))
            mail.welcome_to_course(user, course, lock)
    query = select(Enrollment).where(Enrollment.user_id == user_id, Enrollment.course_id == course_id)
    return db.session.scalars(query, execution_options={"populate_existing": True}).one()


def open_bought(line: Purchase, course_id: uuid.UUID, welcome: bool = True) -> None:
    """Grant a course to the owner of a bought line, with the line as its reason, and enroll them. Idempotent.

    `welcome`: by a mail of its own. A gift that nobody has claimed has no owner: it opens nothing yet.
    """
    if line.owner_id is None:
        return
    source = GrantSource.GIFT if line.is_gift else GrantSource.PURCHASE
    access.grant(line.owner_id, course_id, source, line.id)
    enroll(line.owner_id, course_id, welcome)


def enroll_free(user: User, course: Course) -> Enrollment:
    """Enroll in a free course, whose grant has the course itself for a reason; who has one goes on.

    Refused, in the sentence of its page, when `user` can't have the course for free.
    """
    progress.lock(user.id)  # people are locked before products, as when an order is fulfilled
    now = clock.now()
    offer = access.offer_to(user, course, now)
    if offer == Offer.CONTINUE:
        return enroll(user.id, course.id)
    if sentence := availability.refusal(offer, course, now):
        raise Refused(sentence)
    if offer == Offer.BUY:
        raise Refused("This course isn’t free. You can buy it on its page.")
    access.grant(user.id, course.id, GrantSource.FREE, course.id)
    return enroll(user.id, course.id)
