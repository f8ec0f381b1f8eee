"""Generated covers as PNG with the course's title, for previews of shared links: those don't take SVG."""

import hashlib
import io
import textwrap
from functools import lru_cache
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageFont

from web import cover_art

WIDTH, HEIGHT = 1200, 630  # as previews show it, without cutting
_MARGIN, _TILE, _LINES = 80, 210, 4
_FONT = Path(__file__).resolve().parent.parent / "static/vendor/newsreader-5.3.0/newsreader-display.woff2"
_MISSING = "\uffff"


def version(title: str) -> str:
    """Build the part of the address that changes with the title."""
    return hashlib.sha256(title.encode()).hexdigest()[:12]


@lru_cache(maxsize=64)
def draw(seed: str, category: str, title: str) -> bytes:
    """Draw the cover of a course, in the colours of its SVG (`cover_art`): a PNG of some 20 kB."""
    inks = cover_art.inks(seed, category)
    image = Image.new("RGB", (WIDTH, HEIGHT), inks.ground)
    drawing, rng = ImageDraw.Draw(image), Random(seed)
    for row in range(HEIGHT // _TILE):
        for column in (0, 1):
            _quarter(drawing, rng, inks, WIDTH - (2 - column) * _TILE, row * _TILE)
    drawing.rectangle((_MARGIN, _MARGIN, _MARGIN + 96, _MARGIN + 12), fill=inks.spark)
    _write(drawing, title, _readable(inks))
    out = io.BytesIO()
    image.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def _quarter(drawing: ImageDraw.ImageDraw, rng: Random, inks: cover_art.Inks, x: int, y: int) -> None:
    """Draw a quarter disc in a tile, rotated at random."""
    ink = rng.choice((inks.first, inks.second, inks.third, inks.spark))
    left, top = x - rng.choice((0, _TILE)), y - rng.choice((0, _TILE))
    disc = Image.new("L", (2 * _TILE, 2 * _TILE))
    ImageDraw.Draw(disc).ellipse((0, 0, 2 * _TILE - 1, 2 * _TILE - 1), fill=255)
    shown = disc.crop((x - left, y - top, x - left + _TILE, y - top + _TILE))
    drawing.bitmap((x, y), shown, fill=ink)


def _write(drawing: ImageDraw.ImageDraw, title: str, ink: str) -> None:
    """Write the title as large as fits; not one that the font has no letters for."""
    for size in (92, 76, 64, 54):
        try:
            font = ImageFont.truetype(str(_FONT), size)
        except OSError:  # a FreeType that reads no WOFF2
            return
        if not _has_letters(font, title):
            return
        lines = textwrap.wrap(title, width=max(8, round((WIDTH - 2 * _TILE - 2 * _MARGIN) / (size * 0.45))))
        if len(lines) <= _LINES or size == 54:
            break
    shown = lines[:_LINES]
    if len(lines) > _LINES:
        shown[-1] += "…"
    drawing.multiline_text((_MARGIN, _MARGIN + 48), "\n".join(shown), font=font, fill=ink, spacing=size // 6)


def _has_letters(font: ImageFont.FreeTypeFont, text: str) -> bool:
    missing = bytes(font.getmask(_MISSING))
    return all(one.isspace() or bytes(font.getmask(one)) != missing for one in set(text))


def _readable(inks: cover_art.Inks) -> str:
    """Choose the ink with the most contrast to the ground."""

    def light(ink: str) -> int:
        red, green, blue = (int(ink[at : at + 2], 16) for at in (1, 3, 5))
        return 299 * red + 587 * green + 114 * blue

    ground = light(inks.ground)
    return max((inks.first, inks.second, inks.third), key=lambda ink: abs(light(ink) - ground))
