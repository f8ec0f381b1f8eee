"""Colours and fonts of the films: the site's paper and ink, and one accent per film."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import ImageFont

FONTS = Path(__file__).resolve().parent.parent / "fonts"
WIDTH, HEIGHT = 1280, 720
PAPER, SURFACE, LINE = "#faf7f1", "#fffdf9", "#e3dbcd"
INK, SOFT = "#241f19", "#6d6457"
SLATE = "#1b2129"


@dataclass(frozen=True)
class Tone:
    """The colours of a shape: area, border, text, and a strong one for lines and dots."""

    fill: str
    edge: str
    text: str
    strong: str


@dataclass(frozen=True)
class Palette:
    """The colours of one film; `deep` and `ring` make the title card, `key` is the root note in hertz."""

    accent: Tone
    deep: str
    ring: str
    light: str
    key: float

    def tone(self, name: str | None) -> Tone:
        """Return the tone that a script calls `plain`, `accent`, `good`, `bad` or `muted`."""
        return self.accent if name == "accent" else TONES[name or "plain"]


TONES = {
    "plain": Tone(SURFACE, "#cfc5b4", INK, "#7d7366"),
    "good": Tone("#e3f0e4", "#5c9a70", "#1d5731", "#2c7a47"),
    "bad": Tone("#fae7e2", "#cf7d72", "#8f271e", "#b23a2e"),
    "muted": Tone("#f0eae0", "#d9cfbf", "#6d6457", "#9a9082"),
}
PALETTES = {
    "teal": Palette(
        Tone("#dcefec", "#3f948c", "#0a504a", "#0f766e"), "#0c4a46", "#125c57", "#bfe3dd", 261.63
    ),
    "indigo": Palette(
        Tone("#e5e7f7", "#6f78c9", "#2b3387", "#3f4bb8"), "#262d6e", "#313a86", "#cfd3f5", 220.00
    ),
    "amber": Palette(
        Tone("#f8ead2", "#cc9243", "#7a4306", "#b0640c"), "#683a08", "#7c4810", "#f6dcb4", 174.61
    ),
    "rose": Palette(
        Tone("#f9e3ea", "#cd6f90", "#86203f", "#b53461"), "#6b1a36", "#812444", "#f7cddb", 196.00
    ),
}


@cache
def serif(size: int) -> ImageFont.FreeTypeFont:
    """Load the font of headings."""
    font = ImageFont.truetype(FONTS / "newsreader.woff2", size)
    font.set_variation_by_axes([560])
    return font


@cache
def sans(size: int, strong: bool = False) -> ImageFont.FreeTypeFont:
    """Load the font of labels."""
    return ImageFont.truetype(FONTS / ("inter-600.woff2" if strong else "inter-400.woff2"), size)


@cache
def mono(size: int) -> ImageFont.FreeTypeFont:
    """Load the font of code."""
    return ImageFont.truetype(FONTS / "jetbrains-mono-400.woff2", size)
