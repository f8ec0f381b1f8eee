"""Uploaded pictures keep their greys and colours, and what isn't taken is named."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from domain import Refused
from domain.platform import images

RED = (200, 30, 30)


def made(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def drawn(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(images.draw(io.BytesIO(content)).content)).convert("RGBA")


def swapped_profile() -> bytes:
    """A profile of a screen whose red and green are swapped."""
    content = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return content.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")


def test_greys_of_sixteen_bits_stay_apart() -> None:
    greys = np.linspace(0, 65535, 256).astype(np.uint16)[None, :].repeat(4, 0)
    shown = np.array(drawn(made(Image.fromarray(greys), "PNG")))[1, :, 0].astype(int)
    assert np.abs(shown - np.arange(256)).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_colours_are_those_of_the_profile(kind: str) -> None:
    red = Image.new("RGB", (32, 32), RED)
    plain, by_profile = (
        drawn(made(red, kind, quality=95, **more)).getpixel((9, 9))
        for more in ({}, {"icc_profile": swapped_profile()})
    )
    assert plain == pytest.approx((*RED, 255), abs=6)
    assert by_profile == pytest.approx((30, 200, 30, 255), abs=8)


@pytest.mark.parametrize(
    ("mode", "color", "shown"),
    [
        ("CMYK", (0, 255, 255, 0), (254, 0, 0, 255)),
        ("LA", (120, 90), (120, 120, 120, 90)),
        ("L", 77, (77, 77, 77, 255)),
        ("1", 1, (255, 255, 255, 255)),
        ("P", 0, (0, 0, 0, 0)),
    ],
)
@pytest.mark.parametrize("profile", [b"", b"not a profile" * 40, swapped_profile()], ids=["", "bad", "rgb"])
def test_other_modes_keep_their_colours_whatever_profile_comes_along(
    mode: str, color: object, shown: tuple[int, ...], profile: bytes
) -> None:
    image = Image.new(mode, (32, 32), color)  # type: ignore[arg-type]
    more: dict[str, object] = {"icc_profile": profile} if profile else {}
    if mode == "P":
        more["transparency"] = 0
    kind = "JPEG" if mode == "CMYK" else "PNG"
    pixel = drawn(made(image, kind, **more)).getpixel((9, 9))
    assert isinstance(pixel, tuple)
    assert pixel[3] == shown[3]
    if shown[3]:
        assert pixel == pytest.approx(shown, abs=6)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (made(Image.new("RGB", (16, 16)), "AVIF"), "AVIF"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "HEIC"),
        (made(Image.new("I;16", (16, 16)), "TIFF"), "TIFF"),
        (made(Image.new("RGB", (16, 16)), "BMP"), "BMP"),
    ],
    ids=["avif", "heic", "tiff", "bmp"],
)
def test_a_refusal_names_the_kind_and_what_is_taken(content: bytes, name: str) -> None:
    with pytest.raises(Refused) as refusal:
        images.draw(io.BytesIO(content))
    assert refusal.value.sentence == f"{name} images aren’t supported. Upload a PNG, JPEG, WebP or GIF."
