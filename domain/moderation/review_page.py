"""The review page: everything about an item of the moderation queue, in few queries."""

import difflib
import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, Uuid, bindparam, func, select
from sqlalchemy.orm import aliased, joinedload

from domain.authoring import course_content, lesson_drafts
from domain.authoring.course_content import CourseContent, LessonContent
from domain.base import markdown, webvtt
from domain.media import captions, recordings, video_embeds
from domain.moderation import decisions, review_hints
from domain.moderation.review_hints import Hint
from domain.platform import moderation_queue
from models import (
    Caption,
    Course,
    CreatorApplication,
    LessonKind,
    LessonVisibility,
    MediaAsset,
    ModerationItem,
    ModerationKind,
    Product,
    ProductStatus,
    ProposedCaption,
    Report,
    Review,
    User,
    Verdict,
    db,
)

MOST_LINES = 4_000_000  # lines of one text times lines of the other: bounds the cost of a comparison
AROUND = 2  # lines shown before and after a change
MOST_SAID = 1000  # lines of captions that are shown as changed
SHOWN_REPORTS = 20


class DiffLine(NamedTuple):
    """A line of a diff: `tone` is added, removed, same or gap."""

    tone: str
    text: str


class Difference(NamedTuple):
    """A value before and after, or the diff of a text; `whole` is the address of one too long to show."""

    label: str
    before: str
    after: str
    lines: tuple[DiffLine, ...] = ()
    whole: str = ""


@dataclass(frozen=True)
class CreatorRecord:
    """The creator of the subject, with the number of their courses and of earlier rejections."""

    user: User
    published: int
    courses: int
    sent_back: int


@dataclass(frozen=True)
class ItemHeader:
    """An item with its creator, the admin who has claimed it (None if nobody has), and who decided it."""

    item: ModerationItem
    creator: CreatorRecord | None
    claimer: str | None
    decider: str | None


@dataclass(frozen=True)
class OpenedLesson:
    """An opened lesson with its pending changes; `before`: the recording that would be replaced."""

    content: LessonContent
    html: str
    description: str
    playback: recordings.Playback | None
    before: recordings.Playback | None
    embed: video_embeds.Embed | None
    differences: list[Difference]


@dataclass(frozen=True)
class CourseReview:
    """A course or update under review; `intro_before` is the preview film that would be replaced."""

    course: Course
    contents: CourseContent
    hints: list[Hint]
    shown: OpenedLesson | None
    intro: recordings.Playback | None
    intro_before: recordings.Playback | None


class ReportRow(NamedTuple):
    """A report with the name of its sender."""

    report: Report
    by: str


@cache
def _frame_query() -> Select[Any]:
    """Build the query of an item with its people and counts, cached."""
    creator, claimer, decider = aliased(User), aliased(User), aliased(User)
    theirs = Product.creator_id == ModerationItem.creator_id
    made = select(func.count(Product.id)).where(theirs, Product.deleted_at.is_(None))
    other = aliased(ModerationItem)
    sent_back = select(func.count(other.id)).where(
        other.creator_id == ModerationItem.creator_id,
        other.verdict.in_((Verdict.REJECTED, Verdict.CHANGES_REQUESTED)),
    )
    return (
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
        .where(ModerationItem.id == bindparam("item", type_=Uuid()))
    )


def load_header(item_id: uuid.UUID) -> ItemHeader | None:
    """Load an item and its people, in one query; None for an unknown id."""
    row = db.session.execute(_frame_query(), {"item": item_id}).first()
    if row is None:
        return None
    item, user, claimer_name, decider_name, published, courses, back = row
    held = moderation_queue.is_claimed(item)
    known = CreatorRecord(user, published, courses, back) if user is not None else None
    return ItemHeader(item, known, claimer_name if held else None, decider_name)


def load_course(item: ModerationItem, lesson_id: uuid.UUID | None) -> CourseReview | None:
    """Load the item's course with one opened lesson: the requested one, or the first with pending changes.

    None when the course is deleted, or has no such lesson.
    """
    course = decisions.course_of(item)
    if course is None:
        return None
    there = course_content.load(course, lesson_id)
    content = there.lesson(lesson_id)
    if lesson_id is not None and content is None:
        return None
    return CourseReview(
        course,
        there,
        review_hints.hints_for(there, item),
        _open(content) if content else None,
        recordings.playback(there.intro.asset, working=True) if there.intro else None,
        _replaced(there.intro),
    )


def load_review(item: ModerationItem) -> tuple[Review, Product, list[ReportRow]] | None:
    """Load the item's review with its product, author and reports.

    None when it, or the reply that the item is about, is deleted.
    """
    row = db.session.execute(
        select(Review, Product)
        .join(Product, Product.id == Review.product_id)
        .where(Review.id == item.subject_id)
        .options(joinedload(Review.user))
    ).first()
    of_reply = item.kind == ModerationKind.REPLY
    if row is None or (of_reply and not row[0].reply):
        return None
    about = (Report.review_id == item.subject_id) & (Report.about_reply == of_reply)
    return (*row, reports(about))


def reports(which: Any) -> list[ReportRow]:
    """List reports with their senders, latest first."""
    query = select(Report, User.name).join(User, User.id == Report.user_id).where(which)
    rows = db.session.execute(query.order_by(Report.updated_at.desc()).limit(SHOWN_REPORTS))
    return [ReportRow(report, name) for report, name in rows]


def load_application(item: ModerationItem) -> CreatorApplication | None:
    """Load the item's creator application with its applicant; None when it is deleted."""
    query = select(CreatorApplication).where(CreatorApplication.id == item.subject_id)
    return db.session.scalar(query.options(joinedload(CreatorApplication.user)))


def compare(before: str, after: str) -> tuple[DiffLine, ...]:
    """Diff two texts by line, with AROUND unchanged lines of context."""
    old, new = _trimmed(before.splitlines(), after.splitlines())
    if len(old) * len(new) > MOST_LINES:
        return (
            DiffLine("gap", "Too long to compare: the whole text is new."),
            *(DiffLine("added", x) for x in new),
        )
    lines: list[DiffLine] = []
    for line in list(difflib.unified_diff(old, new, n=AROUND, lineterm=""))[2:]:
        if line.startswith("@@"):
            lines += [DiffLine("gap", "")] if lines else []
        else:
            lines.append(DiffLine({"+": "added", "-": "removed"}.get(line[0], "same"), line[1:]))
    return tuple(lines)


def _trimmed(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """Strip the common beginning and end of two texts, but for AROUND lines of context."""
    alike = [a == b for a, b in zip(old, new, strict=False)]
    head = alike.index(False) if False in alike else len(alike)
    ends = zip(reversed(old[head:]), reversed(new[head:]), strict=False)
    tail = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], ends))
    first, last = max(head - AROUND, 0), max(tail - AROUND, 0)
    return old[first : len(old) - last], new[first : len(new) - last]


def _open(content: LessonContent) -> OpenedLesson:
    draft = content.lesson.draft or {}
    body = draft.get("body", content.body) or ""
    playback = recordings.playback(content.recording.asset, working=True) if content.recording else None
    return OpenedLesson(
        content,
        markdown.render(body).html if body else "",
        content.values["description"],
        playback,
        _replaced(content.recording),
        video_embeds.embed(content.values["external_video_url"]) if content.recording is None else None,
        [*_differences(content), *_spoken(content.recording, playback)],
    )


def _replaced(recording: course_content.Recording | None) -> recordings.Playback | None:
    """Load the playback of the recording that a pending one would replace."""
    if recording is None or not recording.proposed or recording.before is None:
        return None
    return recordings.playback(recording.before)


def _spoken(
    recording: course_content.Recording | None, playback: recordings.Playback | None
) -> Iterator[Difference]:
    """Yield the differences between pending and published captions and chapters."""
    if recording is None or playback is None or not recording.is_changed:
        return
    asset, before = recording.asset, recording.before
    old = captions.as_text(before.chapters) if before else ""
    new = captions.as_text(captions.working_chapters(asset))
    if old != new:
        yield Difference("Chapters", "", "", compare(old, new))
    addresses = {track.language: track.url for track in playback.tracks}
    theirs = _captions(Caption, before) if before else {}
    ours = _captions(Caption, asset) | _captions(ProposedCaption, asset)
    for language in sorted(theirs | ours):
        label, vtt = theirs.get(language, ("", ""))
        new_label, new_vtt = ours.get(language, ("", ""))
        if label != new_label:
            yield Difference(f"Name of the captions, {language}", as_text(label), as_text(new_label))
        if vtt != new_vtt:
            lines = compare(_said_when(vtt), _said_when(new_vtt))
            whole = addresses.get(language, "") if len(lines) > MOST_SAID else ""
            yield Difference(f"Captions, {language}", "", "", lines[:MOST_SAID], whole)


def _captions(table: type[Caption] | type[ProposedCaption], asset: MediaAsset) -> dict[str, tuple[str, str]]:
    """Load label and text of the captions of `asset` by language."""
    query = select(table.language, table.label, table.vtt).where(table.asset_id == asset.id)
    return {language: (label, vtt) for language, label, vtt in db.session.execute(query)}


def _said_when(vtt: str) -> str:
    """Format captions as lines of time and text."""
    cues = webvtt.parse(vtt) if vtt else []
    return "\n".join(f"{webvtt.stamp(cue.start)}  {' '.join(cue.text.split())}" for cue in cues)


def _differences(content: LessonContent) -> Iterator[Difference]:
    """Yield the differences between pending and published columns, and titles of resources."""
    for resource in content.resources:
        if resource.proposed_title is not None:
            yield Difference("Title of a file or link", resource.title, resource.proposed_title)
    if content.is_new:
        return
    draft = content.lesson.draft or {}
    for name, label in lesson_drafts.labels(content.lesson).items():
        before = content.body or "" if name == "body" else getattr(content.lesson, name)
        if name not in draft or draft[name] == before:
            continue
        if name in ("body", "description"):
            yield Difference(label, "", "", compare(before, draft[name] or ""))
        else:
            yield Difference(label, as_text(before), as_text(draft[name]))


def as_text(value: object) -> str:
    """Format a value for the reviewer."""
    if isinstance(value, LessonKind | LessonVisibility):
        value = value.value
    return {True: "Yes", False: "No", None: "Nothing", "": "Nothing"}.get(value, str(value))  # type: ignore[call-overload]
