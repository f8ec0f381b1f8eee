"""The page of a locked course or lesson: the reason, and what to do about it."""

from dataclasses import dataclass

from flask import request, url_for
from werkzeug.wrappers import Response

from domain.base import clock
from domain.catalog import availability
from domain.catalog.kinds import Lock
from domain.learning import prerequisites
from domain.learning.access import AccessDecision, DenialReason
from models import Course, Lesson
from web import guards, hypermedia
from web.signed_in import reader


@dataclass(frozen=True)
class NextStep:
    """A sentence with the reason, and a link to what can be done."""

    sentence: str
    action: str
    url: str


def deny(course: Course, lesson: Lesson | None, decision: AccessDecision) -> Response:
    """Render the page of a denied decision (403), or ask to sign in where that may grant access."""
    if decision.reason == DenialReason.LOGIN and (way_in := guards.ask_to_sign_in()) is not None:
        return way_in
    return hypermedia.render(
        "learn/locked.html", status=403, course=course, lesson=lesson, decision=decision,
        way=next_step(course, decision),
    )  # fmt: skip


def next_step(course: Course, decision: AccessDecision) -> NextStep:
    """Choose the sentence and link for `decision`; every reason has one."""
    product = url_for("catalog.course", slug=course.slug)
    match decision.reason:
        case DenialReason.LOGIN:
            return NextStep("Sign in to continue.", "Sign in", url_for("auth.login", next=request.path))
        case DenialReason.BUY:
            return NextStep(
                "You don’t own this course yet. Buy it once and it’s yours to keep.",
                "See the course", product,
            )  # fmt: skip
        case DenialReason.ENROLL:
            return NextStep("This course is free. Start it to open every lesson.", "See the course", product)
        case DenialReason.EXPIRED if decision.until is not None:
            return NextStep("Your access to this course has ended.", "See the course", product)
        case DenialReason.EXPIRED | DenialReason.UNAVAILABLE:
            return NextStep(_not_for_sale(course), "Browse other courses", url_for("catalog.courses"))
        case DenialReason.PAUSED:
            return NextStep(
                "The payment for this course is disputed, so it’s paused until the bank has decided."
                " Your place and your progress are kept.",
                "See your orders", url_for("orders.index"),
            )  # fmt: skip
        case DenialReason.LOCKED_UNTIL:
            return NextStep(
                "This part of the course opens later, to give you time for the earlier parts.",
                "Back to the course", url_for("learn.course", course_slug=course.slug),
            )  # fmt: skip
        case DenialReason.FINISH_PREVIOUS if isinstance(decision.needed, Lesson):
            return NextStep(
                f"The lessons in this course build on each other. Finish “{decision.needed.title}” first.",
                "Go to that lesson",
                url_for("learn.lesson", course_slug=course.slug, lesson_slug=decision.needed.slug),
            )
        case DenialReason.PREREQUISITE if lock := _lock_on(course):
            return NextStep(lock.sentence, lock.way.label, lock.way.path)
        case DenialReason.PREREQUISITE:
            way = url_for("learn.course", course_slug=course.slug)
            return NextStep("This course has just opened.", "Start learning", way)
        case _:
            return NextStep("This isn’t available right now.", "My learning", url_for("learn.my_learning"))


def _lock_on(course: Course) -> Lock | None:
    return prerequisites.lock_on(prerequisites.locking(reader(), course))


def _not_for_sale(course: Course) -> str:
    """Choose the sentence of the course's page."""
    now = clock.now()
    offer = availability.offer_to(None, course, owned=False, price_cents=course.price_at(now), moment=now)
    return availability.refusal(offer, course, now) or "This course isn’t for sale right now."
