"""Generated cover art: an SVG derived from the course's slug, in the palette of its category.

A cover is an SVG of about a kilobyte: plain shapes with presentation attributes, so that it needs no inline
styles (Content-Security-Policy), and is the same for the same course on every machine.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

WIDTH, HEIGHT = 640, 360


class Palette(NamedTuple):
    """Four tones of a category from dark to light, and an accent (`spark`) that contrasts with each."""

    dark: str
    mid: str
    light: str
    paper: str
    spark: str


PALETTES = (
    Palette("#0f4a48", "#217a73", "#93c8ba", "#f3ead7", "#e8a13a"),
    Palette("#1d3557", "#41659a", "#a9c2da", "#f4ecdc", "#e07a4b"),
    Palette("#5a1f29", "#983f45", "#dfaaa0", "#f6eadb", "#e2b04a"),
    Palette("#3d4726", "#73803f", "#c2c792", "#f5eeda", "#d9694a"),
    Palette("#6e4510", "#c48829", "#ecc987", "#fbf3e0", "#2f6a6e"),
    Palette("#43254d", "#7b4d8a", "#c8a9d0", "#f5ebe4", "#e6a34c"),
    Palette("#1c3f30", "#3e7757", "#a6caac", "#f3eedc", "#e2825a"),
    Palette("#2a323e", "#596779", "#b7c1cc", "#f1ece2", "#d96a4f"),
    Palette("#743120", "#c06240", "#ebb597", "#faeee0", "#2d6a6a"),
    Palette("#2a2959", "#5b58a8", "#b6b4df", "#f2ece4", "#edb347"),
    Palette("#6c2c49", "#b35d80", "#e5b6c7", "#faeee8", "#3c7a73"),
    Palette("#13475a", "#31849d", "#a0cdd8", "#f3eee0", "#f0a04b"),
)


class Inks(NamedTuple):
    """The palette as used in one cover: a background and three inks that contrast with it."""

    ground: str
    first: str
    second: str
    third: str
    spark: str


def draw(seed: str, category: str) -> str:
    """Draw the cover for a course's slug (`seed`) and its category's slug: an SVG of at most 2.5 kB."""
    rng = Random(_number(seed))
    pattern = PATTERNS[_number(f"pattern {seed}") % len(PATTERNS)]
    drawn_in = _lay_out(PALETTES[_number(category) % len(PALETTES)], rng.randrange(4))
    shapes = "".join(pattern(rng, drawn_in))
    size = f'width="{WIDTH}" height="{HEIGHT}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {size}>'
        f'<rect {size} fill="{drawn_in.ground}"/>{shapes}</svg>'
    )


# Where the pictures of a cover that several share lie, by their number: x, y, width, height.
_TILES = {
    1: ((0, 0, WIDTH, HEIGHT),),
    2: ((0, 0, 320, HEIGHT), (320, 0, 320, HEIGHT)),
    3: ((0, 0, 320, HEIGHT), (320, 0, 320, 180), (320, 180, 320, 180)),
    4: ((0, 0, 320, 180), (320, 0, 320, 180), (0, 180, 320, 180), (320, 180, 320, 180)),
}


def draw_together(seeds: Sequence[tuple[str, str]]) -> str:
    """Draw one cover from those of one to four courses, each a slug and its category's: at most 10 kB."""
    size = f'width="{WIDTH}" height="{HEIGHT}"'
    parts = []
    for (seed, category), (x, y, width, height) in zip(seeds, _TILES[len(seeds)], strict=True):
        place = f'x="{x}" y="{y}" width="{width}" height="{height}" preserveAspectRatio="xMidYMid slice"'
        parts.append(draw(seed, category).replace(size, place, 1))
    joined = "".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {size}>{joined}</svg>'


def inks(seed: str, category: str) -> Inks:
    """Choose the colours of a cover."""
    return _lay_out(PALETTES[_number(category) % len(PALETTES)], Random(_number(seed)).randrange(4))


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _lay_out(p: Palette, mood: int) -> Inks:
    return (
        Inks(p.dark, p.mid, p.light, p.paper, p.spark),
        Inks(p.paper, p.dark, p.mid, p.light, p.spark),
        Inks(p.mid, p.dark, p.light, p.paper, p.spark),
        Inks(p.light, p.dark, p.mid, p.paper, p.spark),
    )[mood]


def _path(d: str, ink: str) -> str:
    return f'<path fill="{ink}" d="{d}"/>'


def _circle(x: float, y: float, r: float, ink: str) -> str:
    return f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{r:.0f}" fill="{ink}"/>'


def _rect(x: float, y: float, w: float, h: float, ink: str) -> str:
    return f'<rect x="{x:.0f}" y="{y:.0f}" width="{w:.0f}" height="{h:.0f}" fill="{ink}"/>'


def _ring(x: float, y: float, r: float, ink: str, width: int) -> str:
    return (
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{r:.0f}" fill="none" stroke="{ink}" stroke-width="{width}"/>'
    )


def _quarters(rng: Random, inks: Inks) -> list[str]:
    """Draw quarter discs in a grid, each rotated at random (Truchet tiles)."""
    size = 120 if rng.random() < 0.6 else 90
    runs: dict[str, list[str]] = {}
    for y in range(0, HEIGHT, size):
        for x in range(0, WIDTH, size):
            ink = rng.choices((inks.first, inks.second, inks.third, inks.spark), (5, 4, 3, 1))[0]
            cx, cy = rng.randrange(2), rng.randrange(2)
            dx, dy = (size, -size)[cx], (size, -size)[cy]
            sweep = 1 if cx == cy else 0
            runs.setdefault(ink, []).append(
                f"M{x + cx * size} {y + cy * size}h{dx}a{size} {size} 0 0 {sweep} {-dx} {dy}z"
            )
    return [_path("".join(parts), ink) for ink, parts in runs.items()]


def _sunrise(rng: Random, inks: Inks) -> list[str]:
    """Draw a low sun over bands that widen downwards."""
    x, y, r = rng.choice((200, 320, 440)), rng.randrange(150, 200), rng.randrange(90, 125)
    bands: list[str] = []
    top, height = y + rng.randrange(0, 30), 10
    cycle = (inks.first, inks.second, inks.third, inks.second)
    while top < HEIGHT:
        bands.append(_rect(0, top, WIDTH, height, cycle[len(bands) % 4]))
        top, height = top + height, round(height * 1.45)
    return [_circle(x, y, r, inks.spark), *bands]


def _waves(rng: Random, inks: Inks) -> list[str]:
    """Draw long waves, one behind the other."""
    parts = [_circle(rng.randrange(90, 550), rng.randrange(60, 120), rng.randrange(34, 56), inks.spark)]
    length = rng.choice((160, 213, 320))
    for row, ink in enumerate((inks.third, inks.second, inks.first, inks.second, inks.third)):
        y, rise = 120 + row * 52, rng.randrange(20, 44)
        start = -rng.randrange(0, length)
        d = f"M{start} {y}q{length // 4} {-rise} {length // 2} 0"
        d += f"t{length // 2} 0" * (2 * (WIDTH + length) // length)
        parts.append(_path(f"{d}V360H{start}z", ink))
    return parts


def _shelf(rng: Random, inks: Inks) -> list[str]:
    """Draw book spines on two shelves."""
    runs: dict[str, str] = {inks.first: "M0 172h640v8H0zM0 352h640v8H0z"}
    for foot in (172, 352):
        x = 12
        while x < WIDTH - 50:
            width, height = rng.choice((18, 24, 30, 38, 46)), rng.randrange(90, 150)
            ink = rng.choices((inks.first, inks.second, inks.third, inks.spark), (4, 4, 3, 1))[0]
            runs[ink] = runs.get(ink, "") + f"M{x} {foot}v-{height}h{width}v{height}z"
            x += width + (4 if rng.random() < 0.85 else 34)
    return [_path(d, ink) for ink, d in runs.items()]


def _scales(rng: Random, inks: Inks) -> list[str]:
    """Draw rows of overlapping fans."""
    r, fans = rng.choice((64, 80, 106)), []
    for row in (1, 2, 3, 4):
        y, tip = row * r // 2, inks.spark if row % 2 else inks.third
        for size, ink in ((r, inks.first), (r * 2 // 3, inks.second), (r // 3, tip)):
            d = "".join(
                f"M{x - size} {y}a{size} {size} 0 0 1 {2 * size} 0z"
                for x in ((r,) if row % 2 else (0, 2 * r))
            )
            fans.append(_path(d, ink))
    box = f'width="{2 * r}" height="{r}" patternUnits="userSpaceOnUse"'
    tile = f'<pattern id="f" {box}>{"".join(fans)}</pattern>'
    return [tile, _rect(0, 0, WIDTH, HEIGHT, "url(#f)")]


def _orbits(rng: Random, inks: Inks) -> list[str]:
    """Draw rings around a point, with a few discs on them."""
    x, y = rng.choice((150, 320, 500)), rng.choice((90, 180, 300))
    gap = rng.choice((44, 54))
    parts = [_circle(x, y, gap * 7, inks.first)] if rng.random() < 0.5 else []
    line = inks.third if parts else inks.second
    for step in range(1, 9):
        parts.append(_ring(x, y, gap * step, line, 3))
    for step in (2, 3, 5, 6):
        angle = rng.random() * math.tau
        body, far = (inks.spark, inks.second, inks.third)[step % 3], gap * step
        parts.append(_circle(x + far * math.cos(angle), y + far * math.sin(angle), 9 + 3 * step, body))
    return [*parts, _circle(x, y, gap * 0.6, inks.spark)]


def _bands(rng: Random, inks: Inks) -> list[str]:
    """Draw slanted bands of varying width."""
    lean, x = rng.choice((-200, -120, 120, 200)), -220
    parts: list[str] = []
    cycle = [inks.first, inks.second, inks.third, inks.ground]
    rng.shuffle(cycle)
    sparked = rng.randrange(3, 7)
    while x < WIDTH + 220:
        width = rng.choice((18, 34, 52, 80))
        ink = inks.spark if len(parts) == sparked else cycle[len(parts) % 4]
        parts.append(_path(f"M{x} 0h{width}l{lean} 360h{-width}z", ink))
        x += width
    return parts


def _halftone(rng: Random, inks: Inks) -> list[str]:
    """Draw dots that grow towards one corner, and two larger ones."""
    fx, fy = rng.choice((0, WIDTH)), rng.choice((0, HEIGHT))
    sizes: dict[int, str] = {}
    step = 64
    for y in range(20, HEIGHT, step):
        for x in range(32, WIDTH, step):
            r = 4 * round(14 * max(0.12, 1 - math.hypot(x - fx, y - fy) / 760))
            sizes[r] = sizes.get(r, "") + f"M{x} {y}h0"
    dots = "".join(f'<path d="{d}" stroke-width="{r}"/>' for r, d in sizes.items())
    dots = f'<g stroke="{inks.first}" stroke-linecap="round">{dots}</g>'
    big = _circle(WIDTH - fx + (130 if fx else -130), HEIGHT - fy + (110 if fy else -110), 88, inks.second)
    spark = _circle(32 + step * rng.randrange(3, 8), 20 + step * rng.randrange(1, 5), 26, inks.spark)
    return [big, dots, spark]


def _rays(rng: Random, inks: Inks) -> list[str]:
    """Draw rays from a point on the edge."""
    x, y, count = rng.choice(((0, 360, 48), (640, 360, 48), (320, 360, 32), (0, 0, 48), (640, 0, 48)))
    runs: dict[str, str] = {inks.first: "", inks.second: "", inks.third: ""}
    for i in range(0, count, 2):
        a, b = math.tau * (i - 0.5) / count, math.tau * (i + 0.5) / count
        ends = [(x + 800 * math.cos(t), y + 800 * math.sin(t)) for t in (a, b)]
        if any(-200 < ex < WIDTH + 200 and -600 < ey < HEIGHT + 600 for ex, ey in ends):
            ink = (inks.first, inks.second, inks.third)[(i // 2) % 3]
            runs[ink] += f"M{x} {y}" + "".join(f"L{ex:.0f} {ey:.0f}" for ex, ey in ends) + "z"
    r = rng.randrange(80, 130)
    rays = [_path(d, ink) for ink, d in runs.items() if d]
    return [*rays, _circle(x, y, r + 26, inks.ground), _circle(x, y, r, inks.spark)]


def _blocks(rng: Random, inks: Inks) -> list[str]:
    """Draw a grid of squares, half discs and triangles."""
    runs: dict[str, str] = {}
    s = 120
    for y in range(0, HEIGHT, s):
        for x in range(-40, WIDTH, s):
            back, front = rng.sample((inks.first, inks.second, inks.third, inks.ground), 2)
            if rng.random() < 0.12:
                front = inks.spark
            shape = rng.choice(
                (
                    f"M{x} {y + s}a60 60 0 0 1 {s} 0z",
                    f"M{x} {y}a60 60 0 0 0 {s} 0z",
                    f"M{x} {y}h{s}L{x} {y + s}z",
                    f"M{x} {y + 60}a60 60 0 1 0 {s} 0a60 60 0 1 0 -{s} 0",
                    f"M{x} {y + s}h{s}v-{s}z",
                    f"M{x + 30} {y + 30}h60v60h-60z",
                )
            )
            runs[f"0{back}"] = runs.get(f"0{back}", "") + f"M{x} {y}h{s}v{s}h-{s}z"
            runs[f"1{front}"] = runs.get(f"1{front}", "") + shape
    backs = "".join(_path(runs[key], key[1:]) for key in sorted(runs) if key[0] == "0")
    fronts = [_path(runs[key], key[1:]) for key in sorted(runs) if key[0] == "1"]
    return [f'<g shape-rendering="crispEdges">{backs}</g>', *fronts]


def _peaks(rng: Random, inks: Inks) -> list[str]:
    """Draw mountain ranges with a sun behind them."""
    parts = [_circle(rng.randrange(120, 520), rng.randrange(80, 130), rng.randrange(44, 66), inks.spark)]
    for row, ink in enumerate((inks.third, inks.second, inks.first)):
        x, base, d = -60, 150 + row * 62, f"M-60 {HEIGHT}"
        while x < WIDTH + 60:
            step = rng.randrange(60, 110)
            d += f"L{x} {base + rng.randrange(20, 66)}L{x + step} {base - rng.randrange(10, 60)}"
            x += 2 * step
        parts.append(_path(f"{d}L{x} {HEIGHT}z", ink))
    return parts


def _steps(rng: Random, inks: Inks) -> list[str]:
    """Draw nested squares, shifted towards a corner."""
    parts, cycle = [], (inks.first, inks.second, inks.third, inks.ground)
    sx, sy = rng.choice((-1, 1)), rng.choice((-1, 1))
    for i, size in enumerate(range(432, 40, -60)):
        slip = i * 18
        ink = inks.spark if size < 120 else cycle[i % 4]
        x, y = 320 + sx * slip - size * 0.8, 180 + sy * slip * 0.7 - size / 2
        parts.append(_rect(x, y, size * 1.6, size, ink))
    return parts


PATTERNS: tuple[Callable[[Random, Inks], list[str]], ...] = (
    _quarters,
    _sunrise,
    _waves,
    _shelf,
    _scales,
    _orbits,
    _bands,
    _halftone,
    _rays,
    _blocks,
    _peaks,
    _steps,
)
