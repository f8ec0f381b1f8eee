"""Automatic hints for reviewers of a course: what deserves a second look, never a verdict."""

from dataclasses import dataclass

from sqlalchemy import select

from domain.authoring import course_price, page_drafts
from domain.authoring.course_content import CourseContent
from domain.base import money, slugs
from domain.base.addresses import path_to
from models import Course, MediaStatus, ModerationItem, ModerationKind, Product, User, db

VERY_SHORT = 15 * 60  # seconds
NUMBERED = 6  # slugs of the same title that are compared


@dataclass(frozen=True)
class Hint:
    """A hint: `text` is a sentence, `path` the page it is about, if any."""

    text: str
    path: str = ""


def hints_for(contents: CourseContent, item: ModerationItem) -> list[Hint]:
    """Collect all hints, in one query."""
    return [
        *_same_title(contents.course),
        *_media(contents),
        *_captions(contents),
        *_price(contents),
        *_shape(contents),
        *links(item),
    ]


def _same_title(course: Course) -> list[Hint]:
    """Find courses with the same title, by the slugs that such a title gets."""
    called = page_drafts.working(course)["title"]
    bases = {slugs.slugify(called, "course", language) for language in ("", course.language)}
    addresses = [slug for base in bases for slug in (base, *(f"{base}-{n}" for n in range(2, NUMBERED + 1)))]
    query = (
        select(Product.title, Product.slug, User.name)
        .join(User, User.id == Product.creator_id)
        .where(Product.slug.in_(addresses), Product.id != course.id, Product.deleted_at.is_(None))
    )
    return [
        Hint(f"Another course has this title, by {name}.", path_to("catalog.course", slug=slug))
        for title, slug, name in db.session.execute(query)
        if title.casefold() == called.casefold()
    ]


def _media(contents: CourseContent) -> list[Hint]:
    found = []
    for recording, content in contents.recordings:
        named = f"of “{content.title}”" if content else "that introduces the course"
        if recording.asset.status == MediaStatus.ERROR:
            found.append(Hint(f"The recording {named} could not be processed."))
        elif not recording.is_ready:
            found.append(Hint(f"The recording {named} is still being processed."))
    return found


def _captions(contents: CourseContent) -> list[Hint]:
    silent = [s for r, s in contents.recordings if r.is_ready and not r.captions and s is not None]
    if not silent:
        return []
    more = f" and {len(silent) - 1} more" if len(silent) > 1 else ""
    return [Hint(f"No captions: “{silent[0].title}”{more}.")]


def _price(contents: CourseContent) -> list[Hint]:
    course, hours = contents.course, contents.seconds / 3600
    tiers = course_price.tiers(course.currency)
    if course.tier is not None:
        bounds = tiers[course.tier]
        least, most = bounds.hours
        if not bounds.holds(course.price_cents):
            return [Hint("The price is outside its size.")]
        if not least <= hours <= most:
            return [Hint(f"It takes {contents.length}; its size is for {least} to {most} hours.")]
        return []
    if contents.seconds == 0:  # nothing to compare with; `_shape` says that it is short
        return []
    sizes = tiers.values()
    most = max(
        (bounds.highest for bounds in sizes if hours >= bounds.hours[0]),
        default=min(bounds.highest for bounds in sizes),
    )
    if course.price_cents <= most:
        return []
    costs, usual = (money.short(cents, course.currency) for cents in (course.price_cents, most))
    return [Hint(f"It costs {costs} without a size. A size for {contents.length} costs up to {usual}.")]


def _shape(contents: CourseContent) -> list[Hint]:
    found = []
    if contents.seconds < VERY_SHORT:
        found.append(Hint(f"Very short: {contents.length} in all."))
    if not any(content.is_preview for content in contents.shown):
        found.append(Hint("There’s no free preview lesson."))
    empty = [content for content in contents.shown if content.is_empty]
    if empty:
        found.append(Hint(f"“{empty[0].title}” is empty."))
    return found


def links(item: ModerationItem) -> list[Hint]:
    """List what the check of the links has found."""
    if item.links_checked_at is None:
        waits = item.closed_at is None and item.kind != ModerationKind.REPORT
        return [Hint("Links haven’t been checked yet.")] if waits else []
    return [Hint(f"{link['problem']} {link['url']}") for link in item.links]
