"""Reading of a lesson: its text, the values above it, and its entry in course.toml."""

import re
from pathlib import PurePosixPath

from domain import Refused
from domain.authoring import lesson_content, resources
from domain.base import markdown, slugs
from domain.base.text import one_line, paragraphs
from domain.media import upload_rules, video_embeds
from domain.portable.fields import Fields
from domain.portable.lesson_files import LessonFile, is_index, readable_name
from domain.portable.model import NewLesson, NewRecording, NewResource
from domain.portable.recordings import is_sound, path_in, read_recording
from domain.portable.source import Source
from models import LessonKind, LessonVisibility, ResourceKind, UploadPurpose

_COMMENTS = re.compile(r"(?:\s*<!--.*?-->)*\s*", re.DOTALL)


def without_title(text: str) -> tuple[str, str, int]:
    """Split off the heading that is the title of `text`, as `markdown.split_title` does.

    Returns the heading ("" without one), the rest, and the number of lines removed.
    """
    heading, rest, taken = markdown.split_title(text)
    return heading[: lesson_content.MAX_TITLE], rest, taken


def title_of(file: LessonFile) -> str:
    """Find the title of a file: in its front matter, its first heading, or at last its name."""
    title = file.front.values.get("title")
    if isinstance(title, str) and one_line(title):
        return one_line(title)[: lesson_content.MAX_TITLE]
    heading, _rest, _taken = without_title(file.body[_comments(file.body) :])
    return heading or _found_title(file)


def _found_title(file: LessonFile) -> str:
    """Find a title for a file that doesn't begin with one."""
    named = file.front.label or _top_heading(file.body)
    if not named:
        path = PurePosixPath(file.file)
        of_folder = is_index(file.file) and len(path.parts) > 1
        named = readable_name(str(path.parent) if of_folder else file.file, "Lesson")
    return named[: lesson_content.MAX_TITLE]


def _top_heading(body: str) -> str:
    """Find the first heading of the first level, wherever it is; the text keeps it."""
    if not re.search(r"^(?:#[ \t]|=+[ \t]*$)|<h1", body, re.MULTILINE):
        return ""
    try:
        found = markdown.headings(body)
    except Refused:
        return ""
    highest = min((heading.level for heading in found), default=0)
    return one_line(next((heading.text for heading in found if heading.level == highest), ""))


def _comments(text: str) -> int:
    found = _COMMENTS.match(text)
    return found.end() if found else 0


def _text_of(file: LessonFile, title: str) -> tuple[str, str, int]:
    """Return the title, the text without it, and the lines removed.

    Generators show the title of the front matter above the text; a heading that repeats it goes.
    """
    comments = _comments(file.body)
    heading, rest, taken = without_title(file.body[comments:])
    repeats = heading == title and file.front.place is not None and file.front.place.lenient
    if not heading or title and not repeats:
        return title or _found_title(file), file.body, 0
    above = file.body[:comments].strip("\n")
    taken += file.body[:comments].count("\n")
    return heading, f"{above}\n\n{rest}" if above else rest, taken - above.count("\n") - 2 * bool(above)


def read_lesson(source: Source, file: LessonFile | None, entry: Fields) -> NewLesson:
    """Build a lesson from its file and values; `entry` takes precedence over the front matter."""
    front = file.front if file else None
    above = dict(front.values) if front else {}
    place = front.place if front else None
    places = {key: place for key in above if place and key not in entry.values}
    values = Fields({**above, **entry.values}, entry.place, entry.problems, places, entry.notes, {"file"})
    title = values.line("title", lesson_content.MAX_TITLE)
    body, taken = "", 0
    if file:
        title, body, taken = _text_of(file, title)
    recording = read_recording(source, values, "recording")
    video = _video(values)
    duration = values.seconds("duration", lesson_content.LONGEST)
    lesson = NewLesson(
        file=file.file if file else "",
        first_line=(file.first_line if file else 1) + taken,
        title=title,
        slug=values.line("slug", slugs.LONGEST),
        description=paragraphs(values.text("description", lesson_content.MAX_DESCRIPTION)),
        kind=values.choice("kind", LessonKind) or _kind_of(recording, video),
        visibility=_visibility(values),
        published=values.flag("published", True),
        body=body,
        external_video_url=video,
        duration_seconds=None if duration is None else round(duration),
        recording=recording,
        resources=[r for table in values.tables("resources") if (r := _resource(source, table))],
        is_slug_firm=not values.where("slug").lenient,
        addresses=list(front.addresses) if front else [],
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
        name = upload_rules.title_of(file)[: resources.MAX_TITLE]
        return NewResource(title or name, kind or upload_rules.resource_kind(file), file=file)
    return None
