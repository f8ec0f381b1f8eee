"""Uploaded pictures: covers, portraits, the shop's logo, and pictures in texts.

Everything is decoded and re-encoded, so that no byte of the upload is ever served: no metadata, no polyglot
files, no animation. A stored public picture is immutable; another one has another token.
"""

import io
import re
import secrets
import struct
import threading
import uuid
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, BinaryIO

from PIL import Image
from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased
from uuid_utils.compat import uuid7

import jobs
import storage
from domain import Refused
from domain.base import clock
from domain.base.addresses import pattern_of
from domain.platform import image_colors, image_parts, image_signatures
from models import Course, CreatorProfile, Lesson, Picture, PlatformSettings, Product, User, db

MAX_BYTES = 12 * 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_SIDE = 16_000
TEXT_WIDTH = 1600
MAX_LOSSLESS = 600_000  # bytes; a picture that takes more without loss is probably a photograph
PHOTOGRAPHIC = 8_000  # colours among 65,536 pixels; drawings and screens have hundreds
KEEP_REPLACED = timedelta(days=2)  # cached pages and mails still link to it
READABLE = ("PNG", "JPEG", "WEBP", "GIF")
TYPES = {"webp": "image/webp", "jpg": "image/jpeg", "png": "image/png"}
NO_PICTURE = "This image can’t be used. Upload a PNG, JPEG, WebP or GIF."
TOO_LARGE = f"This image has too many pixels. Use at most {MAX_PIXELS // 1_000_000} million."
_TOKEN = re.compile(r"[0-9a-f]{24}")
# The transposition that undoes each Exif orientation
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
# A large picture takes some 160 MB while it is decoded: one at a time in each process.
_decoding = threading.Lock()


class ImageUse(StrEnum):
    """The use of a public picture, which decides its shape and its sizes."""

    THUMBNAIL = "thumbnail"
    AVATAR = "avatar"
    LOGO = "logo"


@dataclass(frozen=True)
class Shape:
    """The shape of a use: `ratio` of width to height (None: any), `sizes` as file suffix by width in pixels.

    Mail programs and link previews want JPEG or PNG; pages get WebP.
    """

    ratio: float | None
    sizes: dict[int, str]
    smallest: int


SHAPES = {
    ImageUse.THUMBNAIL: Shape(16 / 9, {320: "webp", 640: "webp", 1200: "jpg"}, smallest=480),
    ImageUse.AVATAR: Shape(1.0, {64: "webp", 128: "webp", 256: "jpg"}, smallest=64),
    ImageUse.LOGO: Shape(None, {128: "png", 512: "png"}, smallest=32),
}


@dataclass(frozen=True)
class Crop:
    """A crop: the largest frame of the shape, made `zoom` (1 to 4) times smaller.

    `x` and `y` place it: 0 is the left or upper edge, 1 the right or lower one.
    """

    x: float = 0.5
    y: float = 0.5
    zoom: float = 1.0

    def box(self, width: int, height: int, ratio: float) -> tuple[int, int, int, int]:
        """Compute the frame in a picture of `width` by `height` pixels: left, top, right, bottom."""
        zoom = min(max(self.zoom, 1.0), 4.0)
        across = max(1, round(min(width, height * ratio) / zoom))
        down = max(1, round(min(height, width / ratio) / zoom))
        left = round((width - across) * min(max(self.x, 0.0), 1.0))
        top = round((height - down) * min(max(self.y, 0.0), 1.0))
        return left, top, left + across, top + down


@dataclass(frozen=True)
class StoredImage:
    """An encoded picture for a text: WebP, with its size in pixels."""

    content: bytes
    width: int
    height: int


def keep(use: ImageUse, file: BinaryIO, crop: Crop | None = None, seal: str = "") -> str:
    """Store a picture in all sizes of a use and answer its token. Raises Refused for an unusable file.

    One with our signature `seal` (domain/platform/image_signatures.py) is kept as the largest size unchanged.
    """
    shape, token = SHAPES[use], secrets.token_hex(12)
    with _decoding:
        own, file = image_signatures.verify(file, "jpg", seal, MAX_BYTES)
        image = _decode(file, max(shape.sizes) * 2)
        if shape.ratio is not None:
            image = image.crop((crop or Crop()).box(image.width, image.height, shape.ratio))
        if image.width < shape.smallest:
            raise Refused(
                f"This image is too small. Use one at least {shape.smallest} pixels wide.", "picture"
            )
        made = {name: _encode(_shrink(image, width), name[-4:].strip("."))
                for width, name in ((w, f"{w}.{suffix}") for w, suffix in shape.sizes.items())}  # fmt: skip
        if own:
            made[largest(use)] = own
    for name, content in made.items():
        storage.current().put(f"{_folder(use, token)}{name}", content, content_type(name))
    return token


def address(use: str, token: str, width: int) -> str:
    """Build the path of a stored picture, at least `width` pixels wide if there is such a size."""
    sizes = SHAPES[ImageUse(use)].sizes
    fitting = min((size for size in sizes if size >= width), default=max(sizes))
    return pattern_of("media.image").format(shelf=use, token=token, name=f"{fitting}.{sizes[fitting]}")


def key_of(use: str, token: str, name: str) -> str | None:
    """Map a path of `address` to its storage key; None for an impossible one."""
    known = use in set(ImageUse) and _TOKEN.fullmatch(token)
    if not known or name not in {
        f"{width}.{suffix}" for width, suffix in SHAPES[ImageUse(use)].sizes.items()
    }:
        return None
    return f"{_folder(use, token)}{name}"


def largest(use: ImageUse) -> str:
    """Name the largest file of a use."""
    width, suffix = max(SHAPES[use].sizes.items())
    return f"{width}.{suffix}"


def content_type(name: str) -> str:
    """Look up the MIME type by file suffix."""
    return TYPES[name.rpartition(".")[2]]


def remove_later(use: ImageUse, token: str | None) -> None:
    """Enqueue the deletion of a replaced picture, after KEEP_REPLACED."""
    if token:
        jobs.enqueue("discard_picture", run_after=clock.now() + KEEP_REPLACED, shelf=use.value, token=token)


def discard(shelf: str, token: str) -> None:
    """Delete a picture's files unless a row refers to it again. Run by the worker; idempotent."""
    users: dict[ImageUse, Any] = {
        ImageUse.THUMBNAIL: Product.thumbnail,
        ImageUse.AVATAR: User.avatar,
        ImageUse.LOGO: PlatformSettings.logo,
    }
    column = users[ImageUse(shelf)]
    shown = select(column).where(column == token)
    proposed = (
        select(Course.id).where(Course.draft["thumbnail"].as_string() == token),
        select(CreatorProfile.user_id).where(CreatorProfile.draft["avatar"].as_string() == token),
    )
    wanted = or_(shown.exists(), *(query.exists() for query in proposed))
    if _TOKEN.fullmatch(token) and not db.session.scalar(select(wanted)):
        remove(ImageUse(shelf), token)


def remove(use: ImageUse, token: str) -> None:
    """Delete the files of a picture that no row refers to."""
    storage.current().delete_prefix(_folder(use, token))


def draw(file: BinaryIO, seal: str = "") -> StoredImage:
    """Encode a picture for a text; one with our signature `seal` stays as it is. Raises Refused."""
    with _decoding:
        own, file = image_signatures.verify(file, "webp", seal, MAX_BYTES)
        image = _shrink(_decode(file, TEXT_WIDTH * 2), TEXT_WIDTH)
        content = own or _encode(image, "webp", lossless=image.info.get("drawn", False))
    return StoredImage(content, image.width, image.height)


def add(course: Course, lesson: Lesson | None, file: BinaryIO) -> Picture:
    """Store a picture for the text of `lesson`, or for the description of `course`. Raises Refused."""
    drawn = draw(file)
    row = Picture(
        id=uuid7(), course_id=course.id, lesson_id=lesson.id if lesson else None,
        content_type="image/webp", width=drawn.width, height=drawn.height, size=len(drawn.content),
    )  # fmt: skip
    row.storage_key = f"pictures/{course.id}/{row.id}.webp"
    storage.current().put(row.storage_key, drawn.content, row.content_type)
    db.session.add(row)
    db.session.flush()
    return row


def find(picture_id: uuid.UUID) -> tuple[Picture, Course, Lesson | None, bool] | None:
    """Find a picture with the course and lesson that decide about access, in one query.

    The last item tells if a published text contains it: its lesson's, another lesson's, or the description.
    """
    name, other = str(picture_id), aliased(Lesson)
    elsewhere = select(other.id).where(other.course_id == Picture.course_id, other.body.contains(name))
    shown = or_(Lesson.body.contains(name), Course.description.contains(name), elsewhere.exists())
    query = (
        select(Picture, Course, Lesson, func.coalesce(shown, False))
        .join(Course, Course.id == Picture.course_id)
        .outerjoin(Lesson, Lesson.id == Picture.lesson_id)
        .where(Picture.id == picture_id)
    )
    row = db.session.execute(query).first()
    return None if row is None else (row[0], row[1], row[2], bool(row[3]))


def _folder(use: str, token: str) -> str:
    return f"pictures/{ImageUse(use).value}/{token}/"


def _decode(file: BinaryIO, needed: int) -> Image.Image:
    """Decode the first picture in `file`, upright, without metadata, as RGB or RGBA.

    `needed` is the width in pixels that suffices: a JPEG is then decoded at a fraction of its size, which
    costs less.
    """
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise Refused(f"This image is too large. Use at most {MAX_BYTES // 1024**2} MB.", "picture")
    if not content:
        raise Refused("Choose an image.", "picture")
    if content.lstrip()[:5].lower() in (b"<svg ", b"<?xml", b"<!doc"):
        raise Refused("SVG images aren’t supported. Upload a PNG, JPEG, WebP or GIF.", "picture")
    if kind := image_parts.other_kind(content):
        raise Refused(f"{kind} images aren’t supported. Upload a PNG, JPEG, WebP or GIF.", "picture")
    _check_size(*_canvas_of_webp(content))
    try:
        pixels, held = image_parts.pixels_of(content)
        with Image.open(io.BytesIO(pixels), formats=READABLE) as image:
            _check_size(*image.size)
            drawn = image.format in ("PNG", "GIF")
            if image.format == "JPEG":
                image.draft("CMYK" if image.mode == "CMYK" else "RGB", (needed, needed))
            image.load()
            if image.format == "WEBP":
                held = image_parts.held_in(image.info.get("exif", b""))
            upright = image.transpose(_TURNS[held]) if held in _TURNS else image.copy()
        plain = image_colors.to_srgb(upright)
    except Refused:
        raise
    except Image.DecompressionBombError as error:
        raise Refused(TOO_LARGE, "picture") from error
    except Exception as error:  # a decoder may fail in any way on a malicious file
        raise Refused(NO_PICTURE, "picture") from error
    plain.info = {"drawn": drawn}
    return plain


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise Refused(TOO_LARGE, "picture")


def _canvas_of_webp(content: bytes) -> tuple[int, int]:
    """Read the size in a WebP header, (0, 0) for other files: its decoder allocates it on opening."""
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP" or len(content) < 30:
        return 0, 0
    kind = content[12:16]
    if kind == b"VP8X":
        return int.from_bytes(content[24:27], "little") + 1, int.from_bytes(content[27:30], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", content[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _shrink(image: Image.Image, width: int) -> Image.Image:
    """Scale to at most `width` pixels wide and four times as high; never up."""
    small = image.copy()
    small.thumbnail((width, width * 4), Image.Resampling.LANCZOS)
    small.info = dict(image.info)
    return small


def _encode(image: Image.Image, suffix: str, lossless: bool = False) -> bytes:
    drawn, out = image.copy(), io.BytesIO()
    drawn.info = {}
    if suffix == "png":
        drawn.save(out, "PNG", optimize=True)
    elif suffix == "jpg":
        _on_paper(drawn).save(out, "JPEG", quality=84, optimize=True, progressive=True)
    else:
        lossless = lossless and not _is_photograph(drawn)
        drawn.save(out, "WEBP", quality=82, method=4, lossless=lossless)
        if lossless and out.tell() > MAX_LOSSLESS:
            return _encode(image, suffix)
    return out.getvalue()


def _is_photograph(image: Image.Image) -> bool:
    """Tell a photograph from a drawing by its colours, as encoding it without loss takes ten times as long.

    Small pictures are never photographs: without loss they aren't large either.
    """
    if image.width * image.height < MAX_LOSSLESS:
        return False
    sample = image.resize((256, 256), Image.Resampling.NEAREST)
    return sample.getcolors(PHOTOGRAPHIC) is None


def _on_paper(image: Image.Image) -> Image.Image:
    """Flatten transparency onto white: JPEG has none."""
    if image.mode != "RGBA":
        return image
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper
