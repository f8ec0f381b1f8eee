"""Pictures: what is taken, what is kept of it, and who may see it."""

import io
import struct
import zlib

import pytest
from flask import Flask
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import storage
from domain import Refused
from domain.authoring import page_drafts
from domain.platform import images
from domain.platform.images import Crop, ImageUse
from models import Course, Job, User, db
from tests.cast import Cast


def png(width: int = 1280, height: int = 720, mode: str = "RGB", colour: object = "teal") -> bytes:
    """A picture of one colour."""
    return encoded(Image.new(mode, (width, height), colour), "PNG")


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def kept(token: str, name: str, use: str = "thumbnail") -> Image.Image:
    with storage.current().open(images.key_of(use, token, name) or "") as file:
        image = Image.open(io.BytesIO(file.read()))
    image.load()
    return image


def keep(content: bytes, use: ImageUse = ImageUse.THUMBNAIL, crop: Crop | None = None) -> str:
    return images.keep(use, io.BytesIO(content), crop)


def test_a_cover_is_kept_in_its_shape_and_sizes(app: Flask) -> None:
    with app.app_context():
        token = keep(png(2000, 2000))
        assert kept(token, "320.webp").size == (320, 180)
        assert kept(token, "640.webp").size == (640, 360)
        assert kept(token, "1200.jpg").size == (1200, 675)
        assert images.address("thumbnail", token, 400).endswith("/640.webp")
        assert images.address("thumbnail", token, 5000).endswith("/1200.jpg")


@pytest.mark.parametrize(
    ("crop", "box"),
    [
        (Crop(), (0, 219, 1000, 781)),
        (Crop(y=0), (0, 0, 1000, 562)),
        (Crop(y=1), (0, 438, 1000, 1000)),
        (Crop(x=1, y=1, zoom=2), (500, 719, 1000, 1000)),
        (Crop(x=-9, y=7, zoom=0), (0, 438, 1000, 1000)),
    ],
)
def test_the_frame_lies_where_it_was_put(crop: Crop, box: tuple[int, int, int, int]) -> None:
    assert crop.box(1000, 1000, 16 / 9) == box


def test_the_chosen_part_is_kept(app: Flask) -> None:
    two = Image.new("RGB", (1600, 1800), "red")
    two.paste("blue", (0, 900, 1600, 1800))
    with app.app_context():
        top = kept(keep(encoded(two, "PNG"), crop=Crop(y=0)), "320.webp").getpixel((10, 10))
        bottom = kept(keep(encoded(two, "PNG"), crop=Crop(y=1)), "320.webp").getpixel((10, 10))
    assert top[0] > 200 > bottom[0]
    assert bottom[2] > 200


def test_a_picture_is_turned_upright_and_keeps_no_metadata(app: Flask) -> None:
    tall = Image.new("RGB", (900, 1600), "red")
    exif = tall.getexif()
    exif[0x0112], exif[0x010E], exif[0x8825] = 6, "where I live", {1: "N", 2: (48.0, 8.0, 0.0)}
    content = encoded(tall, "JPEG", exif=exif)
    assert b"where I live" in content
    with app.app_context():
        token = keep(content)
        with storage.current().open(f"pictures/thumbnail/{token}/1200.jpg") as file:
            stored = file.read()
        assert b"where I live" not in stored
        assert b"Exif" not in stored
        assert not kept(token, "640.webp").getexif()
        assert kept(token, "1200.jpg").size == (1200, 675)  # 1600 wide once it is upright


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF"])
def test_nothing_that_a_file_says_beside_its_picture_is_served(app: Flask, file_format: str) -> None:
    picture, exif, words = Image.new("RGB", (900, 600), "red"), Image.Exif(), PngInfo()
    exif[0x010E] = "SECRET place"
    words.add_text("Comment", "SECRET comment")
    words.add_itxt("XML:com.adobe.xmp", "<x>SECRET packet</x>")
    more = {
        "JPEG": {"comment": b"SECRET comment", "xmp": b"SECRET packet"}, "WEBP": {"xmp": b"SECRET packet"},
        "PNG": {"pnginfo": words}, "GIF": {"comment": b"SECRET comment", "xmp": b"SECRET packet"},
    }[file_format]  # fmt: skip
    if file_format != "GIF":
        more |= {"exif": exif, "icc_profile": b"SECRET profile" * 20}
    content = encoded(picture, file_format, **more) + b"SECRET behind the end"
    assert content.count(b"SECRET") > 1
    with app.app_context():
        for use in ImageUse:
            token = keep(content, use)
            for name in (f"{width}.{suffix}" for width, suffix in images.SHAPES[use].sizes.items()):
                with storage.current().open(images.key_of(use, token, name) or "") as file:
                    assert b"SECRET" not in file.read(), (use, name)
        assert b"SECRET" not in images.draw(io.BytesIO(content)).content


def test_a_logo_keeps_what_shows_through_and_its_shape(app: Flask) -> None:
    with app.app_context():
        token = keep(png(600, 200, "RGBA", (200, 0, 0, 80)), ImageUse.LOGO)
        logo = kept(token, "512.png", "logo")
    assert logo.mode == "RGBA"
    assert logo.size == (512, 171)
    assert logo.getpixel((5, 5))[3] == 80


def test_a_moving_picture_is_kept_as_its_first_frame(app: Flask) -> None:
    frames = [Image.new("P", (640, 360), shade) for shade in (0, 1)]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    with app.app_context():
        assert getattr(kept(keep(content), "320.webp"), "n_frames", 1) == 1


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def bomb(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000)))


WEBP_BOMB = (
    b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + b"\0" * 4 + b"\xff\x3f\0" * 2
)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Choose an image."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "SVG"),
        (b"<?xml version='1.0'?><svg/>", "SVG"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(100), "image can’t be used"),
        (b"MZ" + bytes(500), "image can’t be used"),
        (png()[:200], "image can’t be used"),
        (bomb(60_000, 60_000), "too many pixels"),
        (bomb(2, 17_000), "too many pixels"),
        (bomb(8_000, 8_000), "too many pixels"),
        (bomb(900, 900), "image can’t be used"),
        (WEBP_BOMB + bytes(100), "too many pixels"),
        (encoded(Image.new("RGB", (900, 900)), "BMP"), "BMP images aren’t supported"),
        (encoded(Image.new("RGB", (900, 900)), "TIFF"), "TIFF images aren’t supported"),
        (png(200, 200), "too small"),
        (png() + bytes(images.MAX_BYTES), "too large"),
    ],
)
def test_what_is_no_picture_is_refused(app: Flask, content: bytes, sentence: str) -> None:
    with app.app_context(), pytest.raises(Refused, match=sentence) as refusal:
        keep(content)
    assert refusal.value.field == "picture"


def test_a_renamed_file_is_known_by_what_it_is(app: Flask) -> None:
    with app.app_context():  # there is no name here at all: a JPEG called .png is a JPEG
        assert kept(keep(encoded(Image.new("CMYK", (900, 900)), "JPEG")), "320.webp").mode == "RGB"


def test_a_replaced_picture_is_removed_later_and_only_when_nobody_shows_it(app: Flask, cast: Cast) -> None:
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        ada = db.session.get_one(User, cast.ada.id)
        page_drafts.set_picture(course, ada, io.BytesIO(png()), None)
        first = course.thumbnail
        page_drafts.set_picture(course, ada, io.BytesIO(png(colour="red")), None)
        db.session.commit()
        assert first is not None
        assert course.thumbnail not in (None, first)
        job = db.session.scalars(db.select(Job).where(Job.kind == "discard_picture")).one()
        assert job.payload == {"shelf": "thumbnail", "token": first}
        images.discard(**job.payload)
        images.discard("thumbnail", course.thumbnail or "")
        assert not storage.current().exists(f"pictures/thumbnail/{first}/320.webp")
        assert storage.current().exists(f"pictures/thumbnail/{course.thumbnail}/320.webp")


def test_public_pictures_are_kept_for_a_year(app: Flask) -> None:
    with app.app_context():
        token = keep(png(300, 300), ImageUse.AVATAR)
    client = app.test_client()
    answer = client.get(images.address("avatar", token, 64))
    assert answer.status_code == 200
    assert answer.mimetype == "image/webp"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for path in (
        f"avatar/{token}/65.webp",
        f"avatar/{'0' * 24}/64.webp",
        f"media/{token}/64.webp",
        "avatar/../x/64.webp",
    ):
        assert client.get(f"/images/{path}").status_code == 404


def test_a_photograph_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sent as PNG isn't tried without loss first, which takes ten times as long."""
    noise = [Image.effect_noise((1000, 700), 90) for _ in range(3)]
    ways: list[bool] = []
    save = Image.Image.save

    def watched(image: Image.Image, file: io.BytesIO, kind: str, **options: object) -> None:
        ways.append(bool(options.get("lossless")))
        save(image, file, kind, **options)

    sent = encoded(Image.merge("RGB", noise), "PNG"), png(1000, 700)
    monkeypatch.setattr(Image.Image, "save", watched)
    for content in sent:
        images.draw(io.BytesIO(content))
    assert ways == [False, True]
