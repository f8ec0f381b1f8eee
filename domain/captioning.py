"""Captions and chapters of a recording, as its creator adds and changes them: they show at once."""

import re

from sqlalchemy import select

from domain import Refused, audit, captions, drafts, publishing
from models import Caption, Course, MediaAsset, User, db

MAX_CHAPTERS, MAX_CHAPTER_TITLE, MAX_LABEL, MAX_LANGUAGES = 100, 120, 60, 30
_CHAPTER = re.compile(r"\[?(?:(\d{1,2}):)?(\d{1,3}):(\d{2})\]?[\s\-–—.:]*(.*)", re.ASCII)
NAMES = {
    "ar": "العربية", "cs": "Čeština", "da": "Dansk", "de": "Deutsch", "el": "Ελληνικά", "en": "English",
    "es": "Español", "fa": "فارسی", "fi": "Suomi", "fr": "Français", "he": "עברית", "hi": "हिन्दी",
    "hu": "Magyar", "id": "Bahasa Indonesia", "it": "Italiano", "ja": "日本語", "ko": "한국어",
    "nb": "Norsk", "nl": "Nederlands", "pl": "Polski", "pt": "Português", "ro": "Română", "ru": "Русский",
    "sv": "Svenska", "th": "ไทย", "tr": "Türkçe", "uk": "Українська", "vi": "Tiếng Việt", "zh": "中文",
}  # fmt: skip


def of(asset: MediaAsset, language: str) -> Caption | None:
    """The captions of `asset` in one language, if there are any."""
    return db.session.scalar(
        select(Caption).where(Caption.asset_id == asset.id, Caption.language == language)
    )


def decode(content: bytes) -> str:
    """The text of an uploaded caption file; raises Refused for one that isn't UTF-8 or far too large."""
    if len(content) > captions.MAX_CHARACTERS * 3:
        raise Refused("This caption file is larger than a film’s captions can be (1 MB).", "file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("This file isn’t text in UTF-8. Save it as UTF-8 and send it again.", "file") from None


def write(course: Course, asset: MediaAsset, actor: User, language: str, label: str, source: str) -> Caption:
    """Give `asset` captions in `language` (a BCP 47 tag) from WebVTT or SubRip, in place of any before.

    Raises Refused with the line that is wrong.
    """
    tag = captions.check_language(language)
    try:
        vtt = captions.to_vtt(captions.parse(source))
    except Refused as refusal:
        raise Refused(refusal.sentence, "vtt") from refusal
    publishing.hold(course)
    row = of(asset, tag)
    if row is None:
        if (
            len(db.session.scalars(select(Caption.id).where(Caption.asset_id == asset.id)).all())
            >= MAX_LANGUAGES
        ):
            raise Refused(f"A recording has captions in at most {MAX_LANGUAGES} languages.")
        row = Caption(asset_id=asset.id, language=tag)
        db.session.add(row)
    row.label = (label or NAMES.get(tag.partition("-")[0], tag))[:MAX_LABEL]
    row.vtt = vtt
    db.session.flush()
    audit.record(actor, "write_captions", asset, tag)
    drafts.note(course, actor)
    return row


def remove(course: Course, asset: MediaAsset, actor: User, language: str) -> None:
    """Take the captions of one language away; nothing happens where there are none."""
    publishing.hold(course)
    row = of(asset, language)
    if row is not None:
        db.session.delete(row)
        audit.record(actor, "remove_captions", asset, language)
        drafts.note(course, actor)


def chapters_as_text(asset: MediaAsset) -> str:
    """The chapters as lines of a time and a title, as they are typed."""
    return "\n".join(f"{_stamp(float(chapter['start']))} {chapter['title']}" for chapter in asset.chapters)


def set_chapters(course: Course, asset: MediaAsset, actor: User, text: str) -> None:
    """Give `asset` the chapters in `text`, one a line as "4:05 Routes"; no line takes them all away.

    Raises Refused for a line that can't be read, is out of order or after the end.
    """
    chapters = [_chapter(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(chapters) > MAX_CHAPTERS:
        raise Refused(f"Use at most {MAX_CHAPTERS} chapters.", "chapters")
    length = asset.duration_seconds or (chapters[-1][0] + 1 if chapters else 0)
    try:
        if chapters:
            captions.chapters_vtt(chapters, length)
    except Refused as refusal:
        raise Refused(refusal.sentence, "chapters") from refusal
    publishing.hold(course)
    asset.chapters = [{"start": start, "title": title} for start, title in chapters]
    audit.record(actor, "set_chapters", asset, f"{len(chapters)}")
    drafts.note(course, actor)


def _chapter(number: int, line: str) -> tuple[float, str]:
    found = _CHAPTER.fullmatch(line.strip())
    if found is None or not found[4].strip() or int(found[3]) > 59:
        raise Refused(f"Line {number} isn’t a time and a title, such as 4:05 Routes.", "chapters")
    title = found[4].strip()
    if len(title) > MAX_CHAPTER_TITLE:
        raise Refused(f"Line {number}: use at most {MAX_CHAPTER_TITLE} characters for a title.", "chapters")
    return float(int(found[1] or 0) * 3600 + int(found[2]) * 60 + int(found[3])), title


def _stamp(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
