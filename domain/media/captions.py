"""Captions and chapters of a recording, and their approval.

Where changes need approval (lifecycle.needs_approval), new captions of a published recording are proposed
beside the published ones; those of a recording that is itself proposed wait with it.
"""

import re
from typing import Any

from sqlalchemy import delete, select
from werkzeug.exceptions import NotFound

from domain import Refused
from domain.base import sql, webvtt
from domain.base.text import one_line
from domain.catalog import lifecycle
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import Caption, Course, MediaAsset, ProposedCaption, User, db

MAX_CHAPTERS, MAX_CHAPTER_TITLE, MAX_LABEL, MAX_LANGUAGES = 100, 120, 60, 30
_CHAPTER = re.compile(r"\[?(?:(\d{1,2}):)?(\d{1,3}):(\d{2})\]?[\s\-–—.:]*(.*)", re.ASCII)
NAMES = {
    "ar": "العربية", "cs": "Čeština", "da": "Dansk", "de": "Deutsch", "el": "Ελληνικά", "en": "English",
    "es": "Español", "fa": "فارسی", "fi": "Suomi", "fr": "Français", "he": "עברית", "hi": "हिन्दी",
    "hu": "Magyar", "id": "Bahasa Indonesia", "it": "Italiano", "ja": "日本語", "ko": "한국어",
    "nb": "Norsk", "nl": "Nederlands", "pl": "Polski", "pt": "Português", "ro": "Română", "ru": "Русский",
    "sv": "Svenska", "th": "ไทย", "tr": "Türkçe", "uk": "Українська", "vi": "Tiếng Việt", "zh": "中文",
}  # fmt: skip


_STANDING = ["proposed_for", "proposed_film", "steps_in", "duration_seconds", "chapters", "proposed_chapters"]
Spoken = Caption | ProposedCaption


def find(asset: MediaAsset, language: str) -> Spoken | None:
    """Find the creator's version of the captions in a language: proposed over published; None without any."""
    return _proposed(asset, language) or _live(asset, language)


def working_copies(asset: MediaAsset) -> list[Spoken]:
    """List the creator's version of all captions, proposed over published; both are loaded."""
    rows: list[Spoken] = [*asset.captions, *asset.proposed_captions]
    found = {row.language: row for row in rows}
    return [found[language] for language in sorted(found)]


def working_chapters(asset: MediaAsset) -> list[Any]:
    """Read the creator's version of the chapters: proposed over published."""
    return asset.chapters if asset.proposed_chapters is None else asset.proposed_chapters


def check_new(asset: MediaAsset, language: str) -> None:
    """Raise Refused where `asset` has captions in `language`, which would be overwritten unseen."""
    row = find(asset, webvtt.check_language(language))
    if row is not None:
        raise Refused(f"There are already captions in {row.label}. Replace them?", "replace")


def write(course: Course, asset: MediaAsset, actor: User, language: str, label: str, source: str) -> Spoken:
    """Save captions in `language` (a BCP 47 tag) from WebVTT or SubRip, replacing earlier ones.

    Proposed where changes need approval. Raises Refused with the line that is wrong.
    """
    tag = webvtt.check_language(language)
    try:
        vtt = webvtt.to_vtt(webvtt.parse(source))
    except Refused as refusal:
        raise Refused(refusal.sentence, "vtt") from refusal
    _lock(course, asset)
    said = (label or NAMES.get(tag.partition("-")[0], tag))[:MAX_LABEL]
    live, proposed = _live(asset, tag), _proposed(asset, tag)
    if live is None and proposed is None and len(_languages(asset)) >= MAX_LANGUAGES:
        raise Refused(f"A recording can have captions in at most {MAX_LANGUAGES} languages.")
    row: Spoken
    if _waits(course, asset, actor) and not (live and (live.label, live.vtt) == (said, vtt)):
        row = proposed or ProposedCaption(asset_id=asset.id, language=tag)
    else:
        row = live or Caption(asset_id=asset.id, language=tag)
        if proposed is not None:
            db.session.delete(proposed)
    row.label, row.vtt = said, vtt
    db.session.add(row)
    audit.record(actor, AuditAction.WRITE_CAPTIONS, asset, tag)
    _changed(course, asset, actor)
    return row


def remove(course: Course, asset: MediaAsset, actor: User, language: str) -> bool:
    """Delete the captions of a language, proposed ones first; tells if published ones remain.

    Does nothing where there are none.
    """
    _lock(course, asset)
    row = find(asset, language)
    if row is not None:
        db.session.delete(row)
        audit.record(actor, AuditAction.REMOVE_CAPTIONS, asset, language)
        _changed(course, asset, actor)
    return isinstance(row, ProposedCaption) and _live(asset, language) is not None


def as_text(chapters: list[Any]) -> str:
    """Format chapters as lines of time and title, as they are typed."""
    return "\n".join(f"{_stamp(float(chapter['start']))} {chapter['title']}" for chapter in chapters)


def set_chapters(course: Course, asset: MediaAsset, actor: User, text: str) -> None:
    """Set the chapters from `text`, one a line as "4:05 Routes"; an empty text removes them.

    Proposed where changes need approval. Raises Refused for a line that is malformed, out of order or after
    the end.
    """
    listed = [_chapter(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(listed) > MAX_CHAPTERS:
        raise Refused(f"Use at most {MAX_CHAPTERS} chapters.", "chapters")
    _lock(course, asset)
    length = asset.duration_seconds or (listed[-1][0] + 1 if listed else 0)
    try:
        if listed:
            webvtt.chapters_vtt(listed, length)
    except Refused as refusal:
        raise Refused(refusal.sentence, "chapters") from refusal
    typed = [{"start": start, "title": title} for start, title in listed]
    if _waits(course, asset, actor):
        asset.proposed_chapters = typed if typed != asset.chapters else None
    else:
        asset.chapters, asset.proposed_chapters = typed, None
    audit.record(actor, AuditAction.SET_CHAPTERS, asset, f"{len(typed)}")
    _changed(course, asset, actor)


def copy_to(old: MediaAsset, new: MediaAsset) -> None:
    """Copy captions (loaded) and chapters of the earlier recording to `new`."""
    new.chapters = working_chapters(old)
    for row in working_copies(old):
        db.session.add(Caption(asset_id=new.id, language=row.language, label=row.label, vtt=row.vtt))


def trim_chapters(asset: MediaAsset, length: float) -> None:
    """Drop chapters that begin after `length` seconds, once the duration is known."""
    asset.chapters = [chapter for chapter in asset.chapters if float(chapter["start"]) < length]
    if asset.proposed_chapters is not None:
        kept = [chapter for chapter in asset.proposed_chapters if float(chapter["start"]) < length]
        asset.proposed_chapters = kept if kept != asset.chapters else None


def accept_proposals(course: Course) -> None:
    """Publish the proposed captions and chapters of `course`."""
    theirs = select(MediaAsset.id).where(MediaAsset.course_id == course.id)
    for row in db.session.scalars(select(ProposedCaption).where(ProposedCaption.asset_id.in_(theirs))).all():
        db.session.execute(
            delete(Caption).where(Caption.asset_id == row.asset_id, Caption.language == row.language)
        )
        db.session.add(Caption(asset_id=row.asset_id, language=row.language, label=row.label, vtt=row.vtt))
        db.session.delete(row)
    waiting = theirs.with_only_columns(MediaAsset).where(MediaAsset.proposed_chapters.is_not(None))
    for asset in db.session.scalars(waiting).all():
        asset.chapters, asset.proposed_chapters = asset.proposed_chapters or [], None
    db.session.flush()


def drop_proposals(asset: MediaAsset) -> None:
    """Drop the proposed captions and chapters of `asset`."""
    db.session.execute(delete(ProposedCaption).where(ProposedCaption.asset_id == asset.id))
    asset.proposed_chapters = None


def _live(asset: MediaAsset, language: str) -> Caption | None:
    query = select(Caption).where(Caption.asset_id == asset.id, Caption.language == language)
    return db.session.scalar(query)


def _proposed(asset: MediaAsset, language: str) -> ProposedCaption | None:
    theirs = ProposedCaption.asset_id == asset.id, ProposedCaption.language == language
    return db.session.scalar(select(ProposedCaption).where(*theirs))


def _languages(asset: MediaAsset) -> set[str]:
    kinds = (select(table.language).where(table.asset_id == asset.id) for table in (Caption, ProposedCaption))
    return {language for kind in kinds for language in db.session.scalars(kind)}


def _lock(course: Course, asset: MediaAsset) -> None:
    """Lock the course and reload the recording; raises Refused for one that was replaced."""
    lifecycle.lock_course(course)
    try:
        sql.reload(asset, _STANDING)
    except NotFound:
        raise Refused("This recording was replaced or removed in the meantime.") from None


def _changed(course: Course, asset: MediaAsset, actor: User) -> None:
    """Record the change of content, unless the recording is still being processed and unseen."""
    if not asset.steps_in:
        lifecycle.content_changed(course, actor)


def _waits(course: Course, asset: MediaAsset, actor: User) -> bool:
    """Tell if changes by `actor` are proposed: not for a proposed recording, which waits as a whole."""
    return asset.proposed_for is None and not asset.proposed_film and lifecycle.needs_approval(course, actor)


def _chapter(number: int, line: str) -> tuple[float, str]:
    found = _CHAPTER.fullmatch(line.strip())
    title = one_line(found[4]) if found else ""
    if found is None or not title or int(found[3]) > 59:
        raise Refused(f"Line {number} isn’t a time and a title, such as 4:05 Routes.", "chapters")
    if len(title) > MAX_CHAPTER_TITLE:
        raise Refused(f"Line {number}: use at most {MAX_CHAPTER_TITLE} characters for a title.", "chapters")
    return float(int(found[1] or 0) * 3600 + int(found[2]) * 60 + int(found[3])), title


def _stamp(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
