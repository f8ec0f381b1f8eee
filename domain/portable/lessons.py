"""Reading of a lesson: its text, its front matter between lines of +++, and its entry in course.toml."""

import re
from pathlib import PurePosixPath
from typing import Any

from domain import Refused
from domain.authoring import lesson_content, resources
from domain.base import slugs
from domain.base.text import markdown_source, one_line, paragraphs
from domain.media import upload_rules, video_embeds
from domain.portable import InvalidCourse, broken
from domain.portable.fields import Fields, Location, parse
from domain.portable.model import NewLesson, NewRecording, NewResource
from domain.portable.recordings import is_sound, path_in, read_recording
from domain.portable.source import Source, text_of
from models import LessonKind, LessonVisibility, ResourceKind, UploadPurpose

FENCE = "+++"
_HEADING = re.compile(r"\s*#[ \t]+(?P<title>[^ \t\n][^\n]*)(?:\n+|\Z)")


def front_matter(source: Source, file: str) -> tuple[str, Location | None]:
    """Split a lesson's file into its text and its TOML front matter, if any. Raises InvalidCourse."""
    text = text_of(source, file)
    first, _, rest = text.partition("\n")
    if first.strip() == "---" and re.match(r"[\w-]+:(\s|$)", rest) and "\n---\n" in rest:
        raise broken("The values above a text are TOML between two lines of +++, not YAML.", file, 1)
    if first.strip() != FENCE:
        return text, None
    lines = rest.split("\n")
    end = next((number for number, line in enumerate(lines) if line.strip() == FENCE), None)
    if end is None:
        raise broken("A second line of +++ is missing below the values.", file, 1)
    return "\n".join(lines[end + 1 :]), Location(file, "\n".join(lines[:end]), above=1)


def without_title(text: str) -> tuple[str, str, int]:
    """Split off the heading that `text` begins with.

    Returns the heading ("" without one), the rest, and the number of lines removed.
    """
    found = _HEADING.match(text)
    if not found:
        return "", text, 0
    return (
        one_line(_without_hashes(found["title"].rstrip()))[: lesson_content.MAX_TITLE],
        text[found.end() :],
        text[: found.end()].count("\n"),
    )


def _without_hashes(heading: str) -> str:
    """Strip the closing hashes of a heading."""
    words = heading.rstrip("#")
    return words if words != heading and words[-1:] in (" ", "\t") else heading


def read_lesson(
    source: Source, file: str, text: str, front: Location | None, entry: Fields
) -> NewLesson | None:
    """Build a lesson from its text and values; `entry` takes precedence over the front matter."""
    problems = entry.problems
    try:
        above: dict[str, Any] = parse(front) if front else {}
    except InvalidCourse as trouble:
        problems.extend(trouble.problems)
        return None
    places = {key: front for key in above if front and key not in entry.values}
    values = Fields({**above, **entry.values}, entry.place, problems, places, {"file"})
    first_line = (front.above + front.text.count("\n") + 3) if front else 1
    if front and text.startswith("\n"):
        text, first_line = text[1:], first_line + 1
    body = markdown_source(text.removesuffix("\n"))
    title = values.line("title", lesson_content.MAX_TITLE)
    if not title and file:
        title, body, taken = without_title(body)
        title, first_line = title or _title_of(file), first_line + taken
    recording = read_recording(source, values, "recording")
    video = _video(values)
    duration = values.seconds("duration", lesson_content.LONGEST)
    lesson = NewLesson(
        file=file,
        first_line=first_line,
        title=title,
        slug=values.line("slug", slugs.LENGTH),
        description=paragraphs(values.text("description", lesson_content.MAX_DESCRIPTION)),
        kind=values.choice("kind", LessonKind) or _kind_of(recording, video),
        visibility=_visibility(values),
        published=values.flag("published", True),
        body=body,
        external_video_url=video,
        duration_seconds=None if duration is None else round(duration),
        recording=recording,
        resources=[r for table in values.tables("resources") if (r := _resource(source, table))],
    )
    if duration is not None and lesson.kind == LessonKind.TEXT:
        values.wrong("duration", "The length of a text is its reading time. Leave `duration` out.")
    if not title:
        values.wrong("title", "A lesson without a file needs a `title`.")
    values.finish()
    return lesson


def _visibility(values: Fields) -> LessonVisibility:
    chosen = values.choice("visibility", LessonVisibility) or LessonVisibility.MEMBERS
    return LessonVisibility.PREVIEW if values.flag("preview", False) else chosen


def _video(values: Fields) -> str | None:
    address = values.line("video", 255)
    if address and video_embeds.embed(address) is None:
        values.wrong("video", "That isn’t a YouTube or Vimeo link.", address)
    return address or None


def _kind_of(recording: NewRecording | None, video: str | None) -> LessonKind:
    if recording is None:
        return LessonKind.VIDEO if video else LessonKind.TEXT
    return LessonKind.AUDIO if is_sound(recording.file) else LessonKind.VIDEO


def _resource(source: Source, table: Fields) -> NewResource | None:
    file, url = path_in(source, table, "file"), table.line("url", resources.MAX_ADDRESS)
    title = table.line("title", resources.MAX_TITLE)
    kind = table.choice("kind", ResourceKind)
    table.finish()
    if ("file" in table.values) == ("url" in table.values):
        table.wrong("resources", "A resource has either a `file` or a `url`.", title)
    elif url and not url.startswith(("https://", "http://")):
        table.wrong("url", "The address of a resource begins with https:// or http://.", url)
    elif url:
        return NewResource(title or url[: resources.MAX_TITLE], kind or ResourceKind.LINK, url=url)
    elif file is not None:
        try:
            upload_rules.check_file(UploadPurpose.RESOURCE, file, source.names[file])
        except Refused as refusal:
            table.wrong("file", f"{file}: {refusal.sentence}", PurePosixPath(file).name)
        name = PurePosixPath(file).name[: resources.MAX_TITLE]
        return NewResource(title or name, kind or upload_rules.resource_kind(file), file=file)
    return None


def _title_of(file: str) -> str:
    words = re.sub(r"^[0-9]+[\s._-]*", "", PurePosixPath(file).stem)
    title = one_line(re.sub(r"[_-]+", " ", words))
    return (title[:1].upper() + title[1:])[: lesson_content.MAX_TITLE] or "Lesson"
