"""Pictures of a few bytes of pixels and a million of something else: refused, or decoded without it."""

import io
import struct
import time
import zlib

import pytest
from PIL import Image

from domain import Refused
from domain.platform import image_parts, images
from domain.platform.image_parts import NotAPictureError, held_in, pixels_of


def made(suffix: str, **more: object) -> bytes:
    image = Image.new("RGB", (640, 360), "teal")
    image.paste("red", (0, 0, 320, 180))
    out = io.BytesIO()
    image.save(out, suffix, **more)
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def notes(entries: int, size: int) -> bytes:
    """Exif in which every entry names the same `size` bytes."""
    listed = b"".join(struct.pack("<HHII", 1 + n, 7, size, 8) for n in range(entries))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", entries) + listed + bytes(max(4, size - 12 * entries))


JPEG, GIF, PNG = made("JPEG", progressive=True), made("GIF"), made("PNG")
GIF_HEAD = 13 + (3 << (GIF[10] & 7) + 1)
PASS = JPEG[JPEG.rfind(b"\xff\xc4", 0, JPEG.rfind(b"\xff\xda")) : -2]


def in_jpeg(part: bytes) -> bytes:
    return JPEG[:2] + part + JPEG[2:]


def in_gif(part: bytes) -> bytes:
    return GIF[:GIF_HEAD] + part + GIF[GIF_HEAD:]


def in_png(part: bytes) -> bytes:
    return PNG[:33] + part + PNG[33:]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(JPEG[:-2] + PASS * 2_000 + b"\xff\xd9", id="passes"),
        pytest.param(in_jpeg(b"\xff\xe5\0\2" * 1_000_000), id="segments"),
        pytest.param(in_gif(b"\x21\xfe\1a\0" * 1_000_000), id="remarks"),
        pytest.param(in_gif(b"\x21\xfe" + (b"\xff" + b"a" * 255) * 20_000 + b"\0"), id="one long remark"),
        pytest.param(in_gif(b"\x21\xfe\0" * 1_000_000), id="empty remarks"),
        pytest.param(in_png(chunk(b"teSt", b"") * 500_000), id="chunks"),
        pytest.param(JPEG[:20], id="cut jpeg"),
        pytest.param(GIF[:20], id="cut gif"),
    ],
)
def test_more_parts_than_a_picture_has_are_refused_at_once(content: bytes) -> None:
    started = time.process_time()
    with pytest.raises(NotAPictureError):
        pixels_of(content)
    with pytest.raises(Refused, match="image can’t be used"):
        images.draw(io.BytesIO(content))
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(in_jpeg(b"\xff\xe1\xea\x68Exif\0\0" + notes(3_000, 60_000)[:60_000]), id="jpeg"),
        pytest.param(in_png(chunk(b"eXIf", notes(60_000, 5_000_000))), id="png"),
        pytest.param(in_jpeg(b"\xff" * 1_000_000), id="filling"),
        pytest.param(JPEG + b"\xff\xda" * 1_000_000, id="something behind it"),
    ],
)  # fmt: skip
def test_what_stands_beside_the_pixels_is_not_looked_at(content: bytes) -> None:
    started = time.process_time()
    drawn = images.draw(io.BytesIO(content))
    assert (drawn.width, drawn.height) == (640, 360)
    assert time.process_time() - started < 5


@pytest.mark.parametrize("held", range(1, 9))
@pytest.mark.parametrize("suffix", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_turned_as_its_camera_was_held(suffix: str, held: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = held
    image = Image.open(io.BytesIO(images.draw(io.BytesIO(made(suffix, exif=exif))).content)).convert("RGB")
    assert image.size == ((640, 360) if held < 5 else (360, 640))
    corners = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}
    across, down = corners[held]
    red = image.getpixel((10 + across * (image.width - 20), 10 + down * (image.height - 20)))
    assert red[0] > 200 > red[2]


def test_odd_notes_say_nothing() -> None:
    assert held_in(b"") == held_in(b"II*\0") == held_in(b"MM\0*\xff\xff\xff\xff") == image_parts.UPRIGHT
    assert held_in(b"Exif\0\0II*\0\x08\0\0\0\xff\xff") == image_parts.UPRIGHT


def test_see_through_pictures_stay_so() -> None:
    image = Image.new("P", (640, 360), 0)
    image.putpalette([200, 0, 0, 0, 0, 200])
    image.paste(1, (0, 0, 320, 360))
    for suffix in ("GIF", "PNG"):
        out = io.BytesIO()
        image.save(out, suffix, transparency=1)
        content = images.draw(io.BytesIO(out.getvalue())).content
        drawn = Image.open(io.BytesIO(content)).convert("RGBA")
        assert (drawn.getpixel((10, 10))[3], drawn.getpixel((600, 10))[3]) == (0, 255)
