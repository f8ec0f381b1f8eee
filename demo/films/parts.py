"""The moving parts of a scene: each moves from `begin` to `end` (seconds of the scene), then stays."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import hypot

from PIL import Image, ImageChops

Box = tuple[int, int, int, int]
Point = tuple[float, float]


def eased(share: float) -> float:
    """Ease out (cubic)."""
    return 1 - (1 - share) ** 3


def smooth(share: float) -> float:
    """Ease in and out."""
    return share * share * (3 - 2 * share)


class Part:
    """Something that moves. `lasting` parts stay in the picture after their end."""

    lasting = True

    def __init__(self, begin: float, length: float) -> None:
        self.begin = begin
        self.end = begin + length

    def paint(self, picture: Image.Image, share: float) -> Box:
        """Draw the part as it is after `share` (0–1) of its time; returns the area that was touched."""
        raise NotImplementedError


class Appear(Part):
    """A sprite that fades in, rising a little."""

    def __init__(
        self, sprite: Image.Image, x: float, y: float, begin: float, length: float = 0.5, rise: int = 14
    ) -> None:
        super().__init__(begin, length)
        self._sprite, self._x, self._y, self._rise = sprite, round(x), round(y), rise

    def paint(self, picture: Image.Image, share: float) -> Box:
        """Draw with part of the opacity, part of the way up."""
        amount = eased(share)
        top = self._y + round(self._rise * (1 - amount))
        mask = self._sprite.getchannel("A")
        if share < 1:
            mask = mask.point(lambda alpha: round(alpha * amount))
        picture.paste(self._sprite, (self._x, top), mask)
        return (self._x, top, self._x + self._sprite.width, top + self._sprite.height)


class Wipe(Part):
    """A sprite that is uncovered from one side: `right`, `left`, `down` or `up` is the way the edge moves."""

    def __init__(
        self,
        sprite: Image.Image,
        x: float,
        y: float,
        begin: float,
        length: float,
        way: str = "right",
        pace: Callable[[float], float] = smooth,
    ) -> None:
        super().__init__(begin, length)
        self._sprite, self._x, self._y, self._way, self._pace = sprite, round(x), round(y), way, pace

    def paint(self, picture: Image.Image, share: float) -> Box:
        """Draw the uncovered strip."""
        width, height = self._sprite.size
        amount = self._pace(share)
        across, down = round(width * amount), round(height * amount)
        area = {
            "right": (0, 0, across, height),
            "left": (width - across, 0, width, height),
            "down": (0, 0, width, down),
            "up": (0, height - down, width, height),
        }[self._way]
        piece = self._sprite.crop(area)
        corner = (self._x + area[0], self._y + area[1])
        picture.paste(piece, corner, piece)
        return (*corner, corner[0] + piece.width, corner[1] + piece.height)


class Travel(Part):
    """A sprite that moves along a line and disappears at its end."""

    lasting = False

    def __init__(
        self,
        sprite: Image.Image,
        points: Sequence[Point],
        begin: float,
        length: float,
        pace: Callable[[float], float] = smooth,
    ) -> None:
        super().__init__(begin, length)
        self._sprite, self._points, self._pace = sprite, points, pace
        self._reached = [0.0]
        for (x0, y0), (x1, y1) in pairwise(points):
            self._reached.append(self._reached[-1] + hypot(x1 - x0, y1 - y0))

    def _place(self, share: float) -> Point:
        wanted = self._reached[-1] * share
        leg = min(bisect_right(self._reached, wanted), len(self._points) - 1)
        span = self._reached[leg] - self._reached[leg - 1] or 1.0
        part = (wanted - self._reached[leg - 1]) / span
        (x0, y0), (x1, y1) = self._points[leg - 1], self._points[leg]
        return x0 + (x1 - x0) * part, y0 + (y1 - y0) * part

    def paint(self, picture: Image.Image, share: float) -> Box:
        """Draw the sprite, centred on its present position."""
        x, y = self._place(self._pace(share))
        left, top = round(x - self._sprite.width / 2), round(y - self._sprite.height / 2)
        picture.paste(self._sprite, (left, top), self._sprite)
        return (left, top, left + self._sprite.width, top + self._sprite.height)


class Typed(Part):
    """A line of code that is typed letter by letter behind a caret."""

    def __init__(self, sprite: Image.Image, caret: Image.Image, x: int, y: int, advance: float, letters: int,
                 begin: float, length: float) -> None:  # fmt: skip
        super().__init__(begin, length)
        self._sprite, self._caret, self._x, self._y = sprite, caret, x, y
        self._advance, self._letters = advance, letters

    def paint(self, picture: Image.Image, share: float) -> Box:
        """Draw the letters typed so far."""
        shown = round(self._letters * share)
        width = self._sprite.width if share >= 1 else round(shown * self._advance) + 2
        piece = self._sprite.crop((0, 0, width, self._sprite.height))
        picture.paste(piece, (self._x, self._y), piece)
        right = self._x + width
        if share < 1:
            picture.paste(self._caret, (right, self._y + 4), self._caret)
            right += self._caret.width
        return (self._x, self._y, right, self._y + self._sprite.height)


class Counted(Part):
    """A bar that grows to the right while the number at its end counts up."""

    def __init__(self, bar: Image.Image, x: int, y: int, number: Callable[[float], Image.Image],
                 begin: float, length: float) -> None:  # fmt: skip
        super().__init__(begin, length)
        self._bar, self._x, self._y, self._number = bar, x, y, number
        self._cap = min(bar.width // 2, bar.height // 2)

    def paint(self, picture: Image.Image, share: float) -> Box:
        """Draw the bar at its present length, its right end rounded, and the number."""
        amount = eased(share)
        width = max(self._cap * 2, round(self._bar.width * amount))
        piece = self._bar.crop((0, 0, width, self._bar.height))
        end = self._bar.crop((self._bar.width - self._cap, 0, *self._bar.size))
        piece.paste(end, (width - self._cap, 0))
        picture.paste(piece, (self._x, self._y), piece)
        words = self._number(amount)
        left, top = self._x + width + 14, self._y + (self._bar.height - words.height) // 2
        picture.paste(words, (left, top), words)
        return (
            self._x,
            min(self._y, top),
            left + words.width,
            max(self._y + self._bar.height, top + words.height),
        )


class Pulse(Part):
    """A glow in the shape of a sprite that fades in and out."""

    lasting = False

    def __init__(self, sprite: Image.Image, x: float, y: float, begin: float, length: float = 0.7) -> None:
        super().__init__(begin, length)
        self._sprite, self._x, self._y = sprite, round(x), round(y)

    def paint(self, picture: Image.Image, share: float) -> Box:
        """Draw the glow, strongest a third of the way."""
        amount = share * 3 if share < 1 / 3 else (1 - share) * 1.5
        mask = ImageChops.multiply(
            self._sprite.getchannel("A"), Image.new("L", self._sprite.size, round(255 * amount))
        )
        picture.paste(self._sprite, (self._x, self._y), mask)
        return (self._x, self._y, self._x + self._sprite.width, self._y + self._sprite.height)
