"""Reading of files named in TOML: any file, and recordings with captions and chapters."""

import posixpath
from pathlib import PurePosixPath
from typing import Any

from domain import Refused
from domain.authoring import lesson_content
from domain.base import webvtt
from domain.base.text import composed
from domain.catalog.index import facets
from domain.media import caption_files, captions, upload_rules
from domain.portable import InvalidCourse
from domain.portable.fields import Fields
from domain.portable.model import NewCaption, NewRecording
from domain.portable.source import Source, content_of
from models import UploadPurpose

SOUNDS = {".mp3", ".m4a", ".ogg", ".oga", ".opus", ".wav", ".flac", ".aac"}


def is_sound(file: str) -> bool:
    """Tell by its extension whether a recording is audio."""
    return PurePosixPath(file).suffix.lower() in SOUNDS


def resolve(source: Source, file: str, path: str) -> str | None:
    """Resolve `path` relative to `file`; None if it leaves the folder (path traversal)."""
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(file), composed(path)))
    return None if joined.startswith(("../", "/")) or joined in ("..", ".") else joined


def missing(source: Source, name: str) -> str:
    """Describe a missing file, with a suggestion for one that differs in case."""
    other = next((known for known in source.names if known.lower() == name.lower()), None)
    hint = f" There is {other}: capital letters count." if other else ""
    return f"There is no file {name}.{hint}"


def path_in(source: Source, values: Fields, key: str) -> str | None:
    """Resolve the file that the value of `key` names, relative to the file in which it is written."""
    path = values.raw(key, str)
    if path is None:
        return None
    name = resolve(source, values.where(key).file, path)
    if name is None:
        values.wrong(key, f"{path[:100]} points outside the folder.", path)
    elif name not in source.names:
        values.wrong(key, missing(source, name), path)
        name = None
    return name


def read_recording(source: Source, values: Fields, key: str) -> NewRecording | None:
    """Read the recording that `key` names, with its captions and chapters; None without one."""
    file = path_in(source, values, key)
    found, chapters = _captions(source, values), _chapters(values)
    if key not in values.values and (found or chapters):
        values.wrong("captions" if found else "chapters", "Captions and chapters need a recording.")
    if file is not None:
        try:
            upload_rules.check_file(UploadPurpose.LESSON_MEDIA, file, source.names[file])
        except Refused as refusal:
            values.wrong(key, f"{file}: {refusal.sentence}", PurePosixPath(file).name)
    if key == "file":
        values.finish()
    return NewRecording(file, found, chapters) if file is not None else None


def _captions(source: Source, values: Fields) -> list[NewCaption]:
    found: dict[str, NewCaption] = {}
    for tag, value in (values.raw("captions", dict) or {}).items():
        named: Any = value if isinstance(value, dict) else {"file": value}
        table = Fields(named, values.where("captions"), values.problems, notes=values.notes)
        file, label = path_in(source, table, "file"), table.line("label", captions.MAX_LABEL)
        table.finish()
        try:
            language = webvtt.check_language(tag)
        except Refused as refusal:
            values.wrong("captions", refusal.sentence, tag)
            continue
        if file is None:
            continue
        if language in found:
            values.wrong("captions", f"There are captions in {language} twice.", tag)
        found[language] = NewCaption(
            language, label or facets.language_name(language), _vtt(source, values, file, language)
        )
    if len(found) > captions.MAX_LANGUAGES:
        values.wrong(
            "captions", f"A recording can have captions in at most {captions.MAX_LANGUAGES} languages."
        )
    return [found[language] for language in sorted(found)]


def _vtt(source: Source, values: Fields, file: str, language: str) -> str:
    try:
        text, _ = caption_files.decode(content_of(source, file), language)
        return webvtt.to_vtt(webvtt.parse(text))
    except InvalidCourse as trouble:
        values.problems.extend(trouble.problems)
    except Refused as refusal:
        values.wrong("captions", f"{file}: {refusal.sentence}", file)
    return ""


def _chapters(values: Fields) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    last = -1.0
    for table in values.tables("chapters"):
        start = table.seconds("start", lesson_content.LONGEST)
        title = table.line("title", captions.MAX_CHAPTER_TITLE, needed=True)
        table.finish()
        if start is None:
            table.wrong("start", "A chapter needs its `start`.", title)
        elif start <= last:
            table.wrong("chapters", f"The chapter “{title}” doesn’t begin after the one before it.", title)
        else:
            last = float(start)
            found.append({"start": start, "title": title})
    if len(found) > captions.MAX_CHAPTERS:
        values.wrong("chapters", f"A recording can have at most {captions.MAX_CHAPTERS} chapters.")
    return found
