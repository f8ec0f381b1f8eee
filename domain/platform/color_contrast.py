"""Colour contrast of the shop's brand colour, as static/css/tokens.css derives it, after WCAG 2.2.

4.5 between text and background, 3 between a control and the page.
"""

import math
from dataclasses import dataclass

PAPER, SLATE = "#faf7f1", "#171c23"
TEXT, CONTROL = 4.5, 3.0


@dataclass(frozen=True)
class ColorSample:
    """A colour scheme derived from the brand colour: page, a button with its text, a link."""

    name: str
    page: str
    button: str
    on_button: str
    link: str

    @property
    def button_text(self) -> float:
        """Compute the contrast of a button's text."""
        return ratio(self.on_button, self.button)

    @property
    def link_text(self) -> float:
        """Compute the contrast of a link."""
        return ratio(self.link, self.page)

    @property
    def button_edge(self) -> float:
        """Compute the contrast of a button with the page."""
        return ratio(self.button, self.page)


def looks(brand: str) -> tuple[ColorSample, ColorSample]:
    """Derive the light and the dark scheme of `brand` (#rrggbb)."""
    lightness, chroma, hue = _oklch(brand)
    lifted = _hex(max(lightness, 0.72), min(chroma, 0.13), hue)
    return (
        ColorSample("Light", PAPER, brand, _readable(brand), _hex(min(lightness, 0.46), chroma, hue)),
        ColorSample(
            "Dark", SLATE, lifted, _readable(lifted), _hex(max(lightness, 0.8), min(chroma, 0.11), hue)
        ),
    )


def ratio(one: str, other: str) -> float:
    """Compute the contrast ratio of two colours, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _readable(colour: str) -> str:
    return "#ffffff" if _luminance(colour) < 0.179 else "#111111"


def _luminance(colour: str) -> float:
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(colour: str) -> tuple[float, float, float]:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return red, green, blue


def _oklch(colour: str) -> tuple[float, float, float]:
    """Convert to OKLCH (Björn Ottosson's OKLab): lightness, chroma, and hue in radians."""
    r, g, b = _linear(colour)
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    medium = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b_ = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, math.hypot(a, b_), math.atan2(b_, a)


def _hex(lightness: float, chroma: float, hue: float) -> str:
    """Convert from OKLCH to the nearest sRGB colour, clipping channels as browsers do."""
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    shown = (min(1.0, max(0.0, c)) for c in linear)
    encoded = (12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055 for c in shown)
    return "#" + "".join(f"{round(c * 255):02x}" for c in encoded)
