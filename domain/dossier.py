"""Everything a reviewer needs about one thing that waits, on one page and in few queries."""

import difflib
import uuid
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import aliased, joinedload

from domain import contents as content
from domain import drafts, embeds, hints, moderation, prose, recordings, reviewing
from domain.contents import Contents, Sitting
from domain.hints import Hint
from models import (
    Course,
    CreatorApplication,
    LessonKind,
    LessonVisibility,
    ModerationItem,
    Product,
    ProductStatus,
    Report,
    Review,
    User,
    Verdict,
    db,
)

MOST_LINES = 4_000_000  # of one text times those of the other: what comparing may cost
AROUND = 2  # lines shown before and after a change
SHOWN_REPORTS = 20


class Line(NamedTuple):
    """A line of a compared text: `tone` is added, removed, same or gap."""

    tone: str
    text: str


class Difference(NamedTuple):
    """A column before and after, or the lines of a text."""

    label: str
    before: str
    after: str
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Creator:
    """Whose it is, with what they have done here before: counts of their courses and of verdicts."""

    user: User
    published: int
    courses: int
    sent_back: int


@dataclass(frozen=True)
class Frame:
    """An item with whose it is, who has claimed it (None: nobody, or the claim ran out), who decided it."""

    item: ModerationItem
    creator: Creator | None
    claimer: str | None
    decider: str | None


@dataclass(frozen=True)
class Shown:
    """One lesson opened in place, as its creator has it."""

    sitting: Sitting
    html: str
    description: str
    playback: recordings.Playback | None
    embed: embeds.Embed | None
    differences: list[Difference]


@dataclass(frozen=True)
class CourseFile:
    """A course or update under review."""

    course: Course
    contents: Contents
    hints: list[Hint]
    shown: Shown | None
    intro: recordings.Playback | None


class Reported(NamedTuple):
    """A report with who sent it."""

    report: Report
    by: str


def frame(item_id: uuid.UUID) -> Frame | None:
    """The item and its people, in one query; None for an unknown id."""
    creator, claimer, decider = aliased(User), aliased(User), aliased(User)
    theirs = Product.creator_id == ModerationItem.creator_id
    made = select(func.count(Product.id)).where(theirs, Product.deleted_at.is_(None))
    other = aliased(ModerationItem)
    sent_back = select(func.count(other.id)).where(
        other.creator_id == ModerationItem.creator_id,
        other.verdict.in_((Verdict.REJECTED, Verdict.CHANGES_REQUESTED)),
    )
    row = db.session.execute(
        select(
            ModerationItem,
            creator,
            claimer.name.label("claimer"),
            decider.name.label("decider"),
            made.where(Product.status == ProductStatus.PUBLISHED).scalar_subquery().label("published"),
            made.scalar_subquery().label("courses"),
            sent_back.scalar_subquery().label("sent_back"),
        )
        .outerjoin(creator, creator.id == ModerationItem.creator_id)
        .outerjoin(claimer, claimer.id == ModerationItem.claimed_by)
        .outerjoin(decider, decider.id == ModerationItem.closed_by)
        .where(ModerationItem.id == item_id)
    ).first()
    if row is None:
        return None
    item, user, claimer_name, decider_name, published, courses, back = row
    held = moderation.is_claimed(item)
    known = Creator(user, published, courses, back) if user is not None else None
    return Frame(item, known, claimer_name if held else None, decider_name)


def course_file(item: ModerationItem, lesson_id: uuid.UUID | None) -> CourseFile | None:
    """The course of `item`, with one lesson opened: the one asked for, or the first that waits.

    None when the course is gone, or has no such lesson.
    """
    course = reviewing.course_of(item)
    if course is None:
        return None
    there = content.load(course, lesson_id)
    sitting = there.sitting(lesson_id)
    if lesson_id is not None and sitting is None:
        return None
    return CourseFile(
        course,
        there,
        hints.of(there, item),
        _open(sitting) if sitting else None,
        recordings.playback(there.intro.asset) if there.intro else None,
    )


def review_file(item: ModerationItem) -> tuple[Review, Course, list[Reported]] | None:
    """The review of `item` with its course, its author and its reports; None when it is gone."""
    row = db.session.execute(
        select(Review, Course)
        .join(Course, Course.id == Review.product_id)
        .where(Review.id == item.subject_id)
        .options(joinedload(Review.user))
    ).first()
    return None if row is None else (*row, reports(Report.review_id == item.subject_id))


def reports(which: Any) -> list[Reported]:
    """Who reported it and why, latest first."""
    query = select(Report, User.name).join(User, User.id == Report.user_id).where(which)
    rows = db.session.execute(query.order_by(Report.updated_at.desc()).limit(SHOWN_REPORTS))
    return [Reported(report, name) for report, name in rows]


def application_file(item: ModerationItem) -> CreatorApplication | None:
    """The application of `item` with its applicant; None when it is gone."""
    query = select(CreatorApplication).where(CreatorApplication.id == item.subject_id)
    return db.session.scalar(query.options(joinedload(CreatorApplication.user)))


def compare(before: str, after: str) -> tuple[Line, ...]:
    """Two texts line by line, what is the same left out but for AROUND lines beside a change."""
    old, new = before.splitlines(), after.splitlines()
    if len(old) * len(new) > MOST_LINES:
        return (Line("gap", "Too long to compare: the whole text is new."), *(Line("added", x) for x in new))
    lines: list[Line] = []
    for line in list(difflib.unified_diff(old, new, n=AROUND, lineterm=""))[2:]:
        if line.startswith("@@"):
            lines += [Line("gap", "")] if lines else []
        else:
            lines.append(Line({"+": "added", "-": "removed"}.get(line[0], "same"), line[1:]))
    return tuple(lines)


def _open(sitting: Sitting) -> Shown:
    draft = sitting.lesson.draft or {}
    body = draft.get("body", sitting.body) or ""
    return Shown(
        sitting,
        prose.render(body).html if body else "",
        sitting.values["description"],
        recordings.playback(sitting.recording.asset) if sitting.recording else None,
        embeds.embed(sitting.values["external_video_url"]) if sitting.recording is None else None,
        [] if sitting.is_new else list(_differences(sitting)),
    )


def _differences(sitting: Sitting) -> Any:
    draft = sitting.lesson.draft or {}
    for name, label in drafts.LABELS.items():
        before = sitting.body or "" if name == "body" else getattr(sitting.lesson, name)
        if name not in draft or draft[name] == before:
            continue
        if name in ("body", "description"):
            yield Difference(label, "", "", compare(before, draft[name] or ""))
        else:
            yield Difference(label, _said(before), _said(draft[name]))


def _said(value: object) -> str:
    if isinstance(value, LessonKind | LessonVisibility):
        value = value.value
    return {True: "Yes", False: "No", None: "Nothing", "": "Nothing"}.get(value, str(value))  # type: ignore[call-overload]
