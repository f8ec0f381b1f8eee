"""Colours of uploaded pictures, made what every screen shows: sRGB with 8 bits."""

import io

from PIL import Image, ImageCms

SCREEN = ImageCms.createProfile("sRGB")
# What a profile may describe, by the mode of the picture it comes with
_SPACES = {"RGB": "RGB ", "RGBA": "RGB ", "CMYK": "CMYK", "L": "GRAY"}


def to_srgb(image: Image.Image) -> Image.Image:
    """Convert a decoded picture to RGB or RGBA in sRGB, by its ICC profile if it has one that fits.

    Greys of 16 bits are scaled; Pillow would cut them off at 255.
    """
    if image.mode.startswith("I;16"):
        return image.convert("I").point(lambda value: value * (1 / 257), "L").convert("RGB")
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    profile = image.info.get("icc_profile")
    if image.mode in ("P", "PA", "LA", "La") or (has_alpha and image.mode != "RGBA"):
        image = image.convert("RGBA" if has_alpha else "RGB")
    if profile:
        image = _by_profile(image, profile)
    return image.convert("RGBA" if has_alpha else "RGB")


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert colours by an ICC profile; one that is damaged, or of another colour space, is ignored."""
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if given.profile.xcolor_space != _SPACES.get(image.mode):
            return image
        target = "RGBA" if image.mode == "RGBA" else "RGB"
        made = ImageCms.profileToProfile(image, given, SCREEN, outputMode=target)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return made or image
