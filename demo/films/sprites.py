"""Still images of the things in a film, drawn once, anti-aliased, on a transparent background."""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from demo.films.palette import Tone, sans

SMOOTH = 3  # shapes are drawn this much larger and scaled down, because Pillow's own edges are jagged
Point = tuple[float, float]


def text(words: str, font: ImageFont.FreeTypeFont, color: str) -> Image.Image:
    """Draw one line of text as high as its font's line, so that lines align whatever their letters."""
    ascent, descent = font.getmetrics()
    sprite = Image.new("RGBA", (math.ceil(font.getlength(words)) + 4, ascent + descent), _clear(color))
    ImageDraw.Draw(sprite).text((2, 0), words, font=font, fill=color)
    return sprite


def fitted(words: str, size: int, width: float, color: str, strong: bool = True) -> Image.Image:
    """Draw a line of sans text, made smaller where it would be wider than `width`."""
    while size > 11 and sans(size, strong).getlength(words) > width:
        size -= 1
    return text(words, sans(size, strong), color)


def box(width: int, height: int, tone: Tone, radius: int = 14, border: float = 2) -> Image.Image:
    """Draw a rounded rectangle with a border."""
    large, draw = _canvas(width, height, tone.edge)
    draw.rounded_rectangle(
        (0, 0, width * SMOOTH - 1, height * SMOOTH - 1),
        radius * SMOOTH,
        fill=tone.fill,
        outline=tone.edge,
        width=round(border * SMOOTH),
    )
    return large.reduce(SMOOTH)


def labelled(width: int, height: int, tone: Tone, label: str, size: int = 24) -> Image.Image:
    """Draw a box with its name in the middle."""
    sprite = box(width, height, tone)
    if label:
        words = fitted(label, size, width - 20, tone.text)
        sprite.alpha_composite(words, ((width - words.width) // 2, (height - words.height) // 2))
    return sprite


def dot(radius: int, color: str, ring: str | None = None) -> Image.Image:
    """Draw a disc, optionally with a ring of another colour."""
    side = radius * 2
    large, draw = _canvas(side, side, ring or color)
    last = side * SMOOTH - 1
    if ring:
        draw.ellipse((0, 0, last, last), fill=ring)
        inner = max(2, radius // 3) * SMOOTH
        draw.ellipse((inner, inner, last - inner, last - inner), fill=color)
    else:
        draw.ellipse((0, 0, last, last), fill=color)
    return large.reduce(SMOOTH)


def stroke(
    points: Sequence[Point], color: str, width: float, arrow: bool = False
) -> tuple[Image.Image, int, int]:
    """Draw a line through `points` (pixels of the film), optionally with an arrow head; sprite and corner."""
    pad = 16
    left, top = (math.floor(min(p[axis] for p in points)) - pad for axis in (0, 1))
    right, bottom = (math.ceil(max(p[axis] for p in points)) + pad for axis in (0, 1))
    large, draw = _canvas(right - left, bottom - top, color)
    moved = [((x - left) * SMOOTH, (y - top) * SMOOTH) for x, y in points]
    if arrow:
        head = _arrow_head(moved[-2], moved[-1], 13 * SMOOTH)
        moved[-1] = ((head[1][0] + head[2][0]) / 2, (head[1][1] + head[2][1]) / 2)
        draw.polygon(head, fill=color)
    draw.line(moved, fill=color, width=round(width * SMOOTH), joint="curve")
    if not arrow:
        radius = width * SMOOTH / 2
        for x, y in (moved[0], moved[-1]):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)
    return large.reduce(SMOOTH), left, top


def _arrow_head(before: Point, tip: Point, size: float) -> list[Point]:
    angle = math.atan2(tip[1] - before[1], tip[0] - before[0])
    wings = ((angle + math.pi + turn) for turn in (0.45, -0.45))
    return [tip, *((tip[0] + size * math.cos(wing), tip[1] + size * math.sin(wing)) for wing in wings)]


def _canvas(width: int, height: int, edge: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    large = Image.new("RGBA", (width * SMOOTH, height * SMOOTH), _clear(edge))
    return large, ImageDraw.Draw(large)


def _clear(color: str) -> tuple[int, int, int, int]:
    """Return a transparent shade of this colour, so that anti-aliased edges don't turn grey."""
    return (int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16), 0)
