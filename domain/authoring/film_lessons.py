"""Lessons for several recordings at once, one for each, in the order of their file names."""

import re
import uuid
from collections.abc import Sequence
from pathlib import PurePosixPath

from domain import Refused
from domain.authoring import curriculum, lesson_content
from domain.base.text import natural_order, one_line
from domain.media import upload_rules
from models import Course, Lesson, LessonKind, UploadPurpose, User

MOST_AT_ONCE = 100
AUDIO = {"mp3", "m4a", "wav", "ogg", "oga", "opus", "flac", "aac"}


def add(course: Course, module_id: uuid.UUID, actor: User, names: Sequence[str]) -> list[tuple[int, Lesson]]:
    """Add a lesson for each file at the end of a module; answers them in order, with its place in `names`.

    2 comes before 10. Raises Refused where one isn't a recording, or for too many.
    """
    if not names:
        raise Refused("Choose the videos.", "files")
    if len(names) > MOST_AT_ONCE:
        raise Refused(f"Choose at most {MOST_AT_ONCE} videos at a time.", "files")
    endings = upload_rules.rules(UploadPurpose.LESSON_MEDIA).endings
    plain = [upload_rules.plain_name(name) for name in names]
    ordered = sorted(enumerate(plain), key=lambda one: natural_order(one[1]))
    for _place, name in ordered:
        if upload_rules.ending_of(name) not in endings:
            raise Refused(f"“{name}” isn’t supported here. Use {upload_rules.listed(endings)}.", "files")
    return [
        (place, curriculum.add_lesson(course, module_id, actor, title_of(name), _kind(name)))
        for place, name in ordered
    ]


def title_of(name: str) -> str:
    """Build a title from a file name, without its number.

    >>> [title_of(name) for name in ("02 - Routes_and_views.mp4", "10.mp4", "2024 in review.mov")]
    ['Routes and views', '10', '2024 in review']
    """
    stem = PurePosixPath(name).stem
    unnumbered = re.sub(r"^\d{1,3}\s*(?:[-–_)]|\.(?!\d))+\s*|^0\d{1,2}\s+", "", stem)
    words, unnumbered = (one_line(text.replace("_", " ")) for text in (stem, unnumbered))
    return (unnumbered or words or "Video")[: lesson_content.MAX_TITLE]


def _kind(name: str) -> LessonKind:
    return LessonKind.AUDIO if upload_rules.ending_of(name) in AUDIO else LessonKind.VIDEO
