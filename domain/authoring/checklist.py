"""The checklist before submission: requirements of a course, and recommendations that don't block it."""

from dataclasses import dataclass

from domain.authoring import course_price
from domain.authoring.course_content import CourseContent, LessonContent
from domain.base.addresses import path_to
from domain.learning import prerequisites
from models import Course, LessonKind, MediaStatus

LEAST_DESCRIPTION = 20  # characters
CURRICULUM, PRICING, MEDIA = "studio.curriculum_of", "studio.pricing", "studio.course_media"


@dataclass(frozen=True)
class ChecklistItem:
    """An item of the checklist: a requirement, whether it is met, and the page where it can be fixed.

    `path` leads to that page.
    `needed`: the course can't be submitted without it. `says` explains what is missing, or what there is.
    """

    text: str
    done: bool
    path: str
    needed: bool = True
    says: str = ""


def items(contents: CourseContent) -> list[ChecklistItem]:
    """Build the whole checklist of a course: requirements first, then recommendations.

    What a course doesn't have, such as recordings, has no item: nothing is ticked that isn't there.
    """
    return [*_needed(contents), *_wished(contents)]


def missing(contents: CourseContent) -> list[ChecklistItem]:
    """List the requirements that still block the submission."""
    return [point for point in _needed(contents) if not point.done]


def _needed(contents: CourseContent) -> list[ChecklistItem]:
    course = contents.course
    described = len(course.description.strip())
    return [
        ChecklistItem("A title", bool(course.title.strip()), _to(course), says=course.title),
        ChecklistItem(
            "A description", described >= LEAST_DESCRIPTION, _to(course),
            says="" if described else "Say what learners will be able to do.",
        ),
        _price(contents),
        ChecklistItem(
            "A published lesson", bool(contents.shown), _to(course, CURRICULUM),
            says=f"{len(contents.shown)} of {len(contents.lessons)} are published."
            if contents.lessons
            else "There are no lessons yet.",
        ),
        *_media(contents),
    ]  # fmt: skip


def _price(contents: CourseContent) -> ChecklistItem:
    course = contents.course
    for cents in course_price.amounts_of(course):
        if sentence := course_price.too_small(cents, course.currency):
            return ChecklistItem("A price that can be paid", False, _to(course, PRICING), says=sentence)
    if course.tier is None:
        return ChecklistItem("A price", True, _to(course, PRICING))
    fits = course_price.tiers(course.currency)[course.tier].holds(course.price_cents)
    return ChecklistItem("A price that fits its size", fits, _to(course, PRICING))


def _media(contents: CourseContent) -> list[ChecklistItem]:
    """Require finished recordings; empty for a course without any and without a lesson that needs one."""
    failed = [s for r, s in contents.recordings if r.asset.status == MediaStatus.ERROR]
    busy = [s for r, s in contents.recordings if not r.is_ready and r.asset.status != MediaStatus.ERROR]
    lacking = [
        content
        for content in contents.shown
        if content.kind != LessonKind.TEXT
        and content.recording is None
        and not content.values["external_video_url"]
    ]
    for lessons, problem in (
        (failed, "could not be processed"),
        (busy, "is still being processed"),
        (lacking, "has no recording yet"),
    ):
        if lessons:
            first = lessons[0]
            named = f"“{first.title}”" if first else "The preview video"
            page = _lesson(first) if first else _to(contents.course, MEDIA)
            more = f", and {len(lessons) - 1} more" if len(lessons) > 1 else ""
            return [ChecklistItem("Recordings ready", False, page, says=f"{named} {problem}{more}.")]
    there = bool(contents.recordings)
    return [ChecklistItem("Recordings ready", True, _to(contents.course, CURRICULUM))] if there else []


def _wished(contents: CourseContent) -> list[ChecklistItem]:
    course = contents.course
    texts = [content for content in contents.shown if content.kind == LessonKind.TEXT]
    recorded = [content for content in contents.shown if content.recording and content.recording.is_ready]
    empty = [content for content in texts if content.is_empty]
    silent = [s for s in recorded if s.recording and not s.recording.captions]
    points = [
        ChecklistItem("A summary for the catalogue", bool(course.summary.strip()), _to(course), needed=False),
        ChecklistItem(
            "Content in every lesson", not empty, _lesson(empty[0]) if empty else _to(course, CURRICULUM),
            needed=False, says=f"“{empty[0].title}” is empty." if empty else "",
        ) if texts else None,
        ChecklistItem(
            "A free preview lesson", any(s.is_preview for s in contents.shown), _to(course, CURRICULUM),
            needed=False, says="Learners decide sooner when they can try one.",
        ),
        ChecklistItem("A course image", course.thumbnail is not None, _to(course, MEDIA), needed=False),
        ChecklistItem(
            "Captions", not silent, _lesson(silent[0]) if silent else _to(course, CURRICULUM), needed=False,
            says=f"“{silent[0].title}” has none." if silent else "",
        ) if recorded else None,
    ]  # fmt: skip
    return [*_length(contents), *(point for point in points if point is not None), *_locks(course)]


def _locks(course: Course) -> list[ChecklistItem]:
    """Warn of prerequisites that can't lock the course, because nobody could open the lock."""
    return [
        ChecklistItem(
            "Locks that can be opened", False, _to(course) + "#required", needed=False,
            says=f"“{first.title}” can’t be bought or has no lessons, so it’s only advice for now.",
        )
        for first in prerequisites.required_courses(course)
        if first.is_lock and not first.holds
    ]  # fmt: skip


def _length(contents: CourseContent) -> list[ChecklistItem]:
    """Recommend a total length within the hours of the course's tier; empty for courses without a tier."""
    if contents.course.tier is None:
        return []
    least, most = course_price.tiers(contents.course.currency)[contents.course.tier].hours
    hours = contents.seconds / 3600
    says = f"Its lessons take {contents.length}; this size is for {least} to {most} hours."
    return [
        ChecklistItem(
            "A length that fits its size",
            least <= hours <= most,
            _to(contents.course, PRICING),
            needed=False,
            says=says,
        )
    ]


def _to(course: Course, page: str = "studio.details") -> str:
    return path_to(page, course_id=course.id)


def _lesson(content: LessonContent) -> str:
    lesson = content.lesson
    return path_to("studio.lesson", course_id=lesson.course_id, lesson_id=lesson.id)
