"""Upload rules: allowed file types and sizes by the settings, and the quota of creators."""

import uuid
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import ColumnElement, func, select

from domain import Refused
from domain.base import sql
from domain.base.text import one_line
from domain.media import code_archives
from models import (
    CodeArchive,
    Course,
    CourseTransfer,
    Lesson,
    MediaAsset,
    Picture,
    Product,
    Resource,
    ResourceKind,
    TransferKind,
    TransferState,
    Upload,
    UploadPurpose,
    UploadState,
    User,
    db,
)

MIB = 1024 * 1024
MOST_OPEN = 30
MOST_CHUNK = 64 * MIB
KINDS = {
    "pdf": ResourceKind.PDF,
    **dict.fromkeys(("xls", "xlsx", "ods", "csv", "tsv", "parquet"), ResourceKind.SPREADSHEET),
    **dict.fromkeys(("ppt", "pptx", "odp", "key"), ResourceKind.PRESENTATION),
    **dict.fromkeys(
        (
            *(
                "zip",
                "tar.gz",
                "json",
                "ipynb",
                "yaml",
                "yml",
                "toml",
                "xml",
                "ini",
                "diff",
                "patch",
                "proto",
            ),
            *("html", "css", "scss", "js", "mjs", "jsx", "ts", "tsx", "vue", "svelte", "php", "erb", "sql"),
            *("py", "rb", "rs", "go", "java", "kt", "scala", "swift", "dart", "lua", "pl", "r", "jl", "ex"),
            *("c", "h", "cpp", "hpp", "cc", "cs", "fs", "hs", "sh", "ps1", "tf", "graphql"),
        ),
        ResourceKind.CODE,
    ),
}
NO_ENDING = "none"  # stands among the allowed endings for files such as Makefile
FOR_LESSONS = (UploadPurpose.LESSON_MEDIA, UploadPurpose.RESOURCE)


@dataclass(frozen=True)
class UploadRules:
    """The rules of a purpose: allowed file endings, and the largest size in bytes.

    `most_at_once` is the largest that a plain form can send.
    """

    endings: tuple[str, ...]
    most: int
    most_at_once: int

    @property
    def accept(self) -> str:
        """Build the `accept` attribute of a file field."""
        return ",".join(f".{ending}" for ending in self.endings if ending != NO_ENDING)


def rules(purpose: str) -> UploadRules:
    """Look up the rules of a purpose."""
    settings = current_app.config["SETTINGS"]
    whole: int = settings.upload_max_mb * MIB
    endings, most = {
        UploadPurpose.LESSON_MEDIA: (settings.upload_media_types, whole),
        UploadPurpose.PREVIEW_FILM: (settings.upload_media_types, whole),
        UploadPurpose.RESOURCE: (settings.upload_file_types, whole),
        UploadPurpose.CODE_ARCHIVE: (code_archives.ENDINGS, min(whole, code_archives.MOST_BYTES)),
        UploadPurpose.COURSE_IMPORT: (("zip",), whole),
    }[UploadPurpose(purpose)]
    return UploadRules(endings, most, min(most, settings.max_request_bytes - MIB // 16))


def used(creator_id: uuid.UUID) -> int:
    """Sum up the bytes of a creator's files, open uploads, and imports still to be read."""
    theirs = select(Product.id).where(Product.creator_id == creator_id)
    lessons = select(Lesson.id).where(Lesson.course_id.in_(theirs))
    unread = (
        CourseTransfer.user_id == creator_id,
        CourseTransfer.kind == TransferKind.IN,
        CourseTransfer.state == TransferState.WAITING,
    )
    sums = [
        select(func.sum(MediaAsset.size)).where(MediaAsset.course_id.in_(theirs)),
        select(func.sum(Resource.size)).where(Resource.lesson_id.in_(lessons)),
        select(func.sum(CodeArchive.size)).where(CodeArchive.course_id.in_(theirs)),
        select(func.sum(Picture.size)).where(Picture.course_id.in_(theirs)),
        select(func.sum(Upload.size)).where(under_way(creator_id)),
        select(func.sum(CourseTransfer.size)).where(*unread),
    ]
    row = db.session.execute(select(*(total.scalar_subquery() for total in sums))).one()
    return sum(int(total or 0) for total in row)


def under_way(user_id: uuid.UUID) -> ColumnElement[bool]:
    """Build the condition for a person's open uploads."""
    return (Upload.user_id == user_id) & (Upload.state == UploadState.OPEN)


def check_place(purpose: UploadPurpose, course: Course | None, lesson: Lesson | None) -> None:
    """Raise Refused unless `purpose` has the course or lesson it needs, and no other."""
    needs_lesson, needs_course = purpose in FOR_LESSONS, purpose != UploadPurpose.COURSE_IMPORT
    if (lesson is not None) != needs_lesson or (course is not None) != needs_course:
        raise Refused("Say what the file is for.", "purpose")


def check_file(purpose: UploadPurpose, name: str, size: int) -> None:
    """Raise Refused for a file type or size that isn't allowed."""
    allowed = rules(purpose)
    if (ending_of(name) or NO_ENDING) not in allowed.endings:
        raise Refused(f"This type of file isn’t supported here. Use {listed(allowed.endings)}.", "file")
    if size <= 0:
        raise Refused("This file is empty.", "file")
    if size > allowed.most:
        raise Refused(f"This file is too large. Use at most {in_words(allowed.most)}.", "file")


def resource_kind(name: str) -> ResourceKind:
    """Look up the kind of a resource by its file ending."""
    return KINDS.get(ending_of(name), ResourceKind.DOCUMENT)


def check_room(owner_id: uuid.UUID, user_id: uuid.UUID, size: int) -> None:
    """Raise Refused when `size` bytes exceed the quota of `owner_id`, or `user_id` has too many uploads.

    Locks the owner's row, so that two uploads begun at once can't both take the last of the quota.
    """
    sql.lock_key(User, owner_id)
    if (db.session.scalar(select(func.count(Upload.id)).where(under_way(user_id))) or 0) >= MOST_OPEN:
        raise Refused("Too many uploads are in progress. Finish or cancel some first.")
    room = current_app.config["SETTINGS"].upload_quota_mb * MIB
    if room and (left := room - used(owner_id)) < size:
        raise Refused(
            f"There isn’t enough space: {in_words(max(0, left))} of {in_words(room)} are left."
            " Remove what you no longer need.",
            "file",
        )


def plain_name(filename: str) -> str:
    """Reduce a file name to its last part, without control characters, and shorten it."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    name = one_line(name)
    if len(name) > 200:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[:180]}{dot}{ending[:10]}"
    return name


def ending_of(filename: str) -> str:
    """Extract the file ending in lower case; `tar.gz` is one ending."""
    lower = filename.lower()
    if lower.endswith((".tar.gz", ".tgz")):
        return "tar.gz"
    return lower.rpartition(".")[2] if "." in lower else ""


def title_of(filename: str) -> str:
    """Make a title of a file name: without its ending, which a download gets back."""
    name, ending = plain_name(filename), ending_of(filename)
    short = name.rpartition(".")[0] if ending else name
    return (short.removesuffix(".tar") if ending == "tar.gz" else short) or name


def download_name(title: str, key: str) -> str:
    """Name the download of the file stored at `key`: its title with the ending, once."""
    ending = ending_of(key.rpartition("/")[2])
    return title if not ending or ending_of(title) == ending else f"{title}.{ending}"


def in_words(size: int) -> str:
    """Format bytes for people: 20 GB, 1.5 MB."""
    for unit, name in ((1024**3, "GB"), (1024**2, "MB"), (1024, "KB")):
        if size >= unit:
            return f"{size / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{size} bytes"


def listed(endings: tuple[str, ...]) -> str:
    """List endings in a sentence: MP4, MOV or WEBM."""
    names = [ending.upper() for ending in endings if ending != NO_ENDING]
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
