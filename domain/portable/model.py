"""Data classes of a course that was read from a folder and validated, before any of it is a row.

Every `file` is a name of the source. Times are seconds, prices minor units.
"""

from dataclasses import dataclass, field
from datetime import datetime

from models import (
    LessonKind,
    LessonVisibility,
    Level,
    ProductVisibility,
    ResourceKind,
    Tier,
)


@dataclass(frozen=True)
class NewCaption:
    """Captions in one language, as WebVTT."""

    language: str
    label: str
    vtt: str


@dataclass(frozen=True)
class NewRecording:
    """A video or audio file with its captions; `chapters` as in MediaAsset."""

    file: str
    captions: list[NewCaption]
    chapters: list[dict[str, object]]


@dataclass(frozen=True)
class NewResource:
    """A resource: a file or a URL."""

    title: str
    kind: ResourceKind
    file: str | None = None
    url: str | None = None


@dataclass
class NewLesson:
    """A lesson. `file` is empty for one without a text; `first_line` is where its text begins there.

    `duration_seconds` is None where it isn't given. A `slug` that isn't firm comes from another program and
    may be changed. `addresses` are others under which links may name the lesson.
    """

    file: str
    first_line: int
    title: str
    slug: str
    description: str
    kind: LessonKind
    visibility: LessonVisibility
    published: bool
    body: str
    external_video_url: str | None
    duration_seconds: int | None
    recording: NewRecording | None
    resources: list[NewResource]
    is_slug_firm: bool = True
    addresses: list[str] = field(default_factory=list)


@dataclass
class NewModule:
    """A module."""

    title: str
    description: str
    published: bool
    unlock_after_days: int
    lessons: list[NewLesson] = field(default_factory=list)


@dataclass
class NewCourse:
    """A course. `category` and `prerequisite_courses` are slugs that haven't been looked up yet.

    `locked_until_finished` are those prerequisite courses that are locks. `readme` is the file that the
    description comes from, "" for course.toml, and `readme_line` where it begins there. `introductions` maps
    files that are no lessons to the lessons that links to them mean. `used` are the files that were read.
    """

    title: str
    slug: str
    summary: str
    description: str
    readme: str
    readme_line: int
    category: str
    tags: list[str]
    level: Level
    technology: str
    language: str
    tier: Tier | None
    price_cents: int
    sale_price_cents: int | None
    sale_ends_at: datetime | None
    visibility: ProductVisibility
    objectives: list[str]
    prerequisites: list[str]
    prerequisite_courses: list[str]
    locked_until_finished: list[str]
    sequential: bool
    meta_title: str | None
    meta_description: str | None
    cover: str | None
    code: str | None
    preview_film: NewRecording | None
    modules: list[NewModule] = field(default_factory=list)
    introductions: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    is_language_guessed: bool = False

    def lessons(self) -> list[NewLesson]:
        """List every lesson in order, over all modules."""
        return [lesson for module in self.modules for lesson in module.lessons]
