"""The player of scenes: draws only what moves and yields only frames that differ."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo.films.palette import HEIGHT, WIDTH
from demo.films.parts import Box, Part, smooth

FPS = 16
FADE = 0.4  # seconds of the cross-fade between two scenes
Yuv = NDArray[np.uint8]
# ITU-R BT.709, studio range: what players assume for pictures of this height.
_TO_YUV = np.array(
    [[46.559, -25.664, 112.0], [156.629, -86.336, -101.730], [15.812, 112.0, -10.270]], dtype=np.float32
) / np.float32(255)
_OFFSET = np.array([16.5, 128.5, 128.5], dtype=np.float32)


@dataclass
class Scene:
    """A still background, the parts that move in front of it, and the times of its notes (seconds)."""

    background: Image.Image
    seconds: float
    parts: list[Part] = field(default_factory=list)
    notes: list[float] = field(default_factory=list)


class Stage:
    """The present picture, in RGB to draw on and in YUV 4:2:0 to be encoded."""

    def __init__(self) -> None:
        self.picture = Image.new("RGB", (WIDTH, HEIGHT))
        self.yuv: Yuv = np.empty((HEIGHT * 3 // 2, WIDTH), dtype=np.uint8)

    def show(self, boxes: Iterable[Box]) -> None:
        """Update the YUV picture where the RGB one was drawn on."""
        for box in boxes:
            left, top = max(0, box[0] & ~1), max(0, box[1] & ~1)
            right, bottom = min(WIDTH, (box[2] + 1) & ~1), min(HEIGHT, (box[3] + 1) & ~1)
            if right > left and bottom > top:
                self._convert(left, top, right, bottom)

    def _convert(self, left: int, top: int, right: int, bottom: int) -> None:
        rgb = np.asarray(self.picture.crop((left, top, right, bottom)), dtype=np.float32)
        self.yuv[top:bottom, left:right] = rgb @ _TO_YUV[:, 0] + _OFFSET[0]
        quarter = (rgb[::2, ::2] + rgb[1::2, ::2] + rgb[::2, 1::2] + rgb[1::2, 1::2]) * np.float32(0.25)
        chroma = quarter @ _TO_YUV[:, 1:] + _OFFSET[1:]
        for plane in (0, 1):
            area = self.yuv[HEIGHT + plane * HEIGHT // 4 : HEIGHT + (plane + 1) * HEIGHT // 4]
            area = area.reshape(HEIGHT // 2, WIDTH // 2)
            area[top // 2 : bottom // 2, left // 2 : right // 2] = chroma[:, :, plane]


EVERYTHING: Box = (0, 0, WIDTH, HEIGHT)


def play(scenes: Sequence[Scene]) -> Iterator[tuple[int, Yuv]]:
    """Yield the frames that differ from their predecessor: number at `FPS` from the beginning, and picture.

    The picture is the stage's own and changes with the next frame.
    """
    stage, first = Stage(), 0
    for scene in scenes:
        before = stage.yuv.copy()
        base = scene.background.copy()
        stage.picture.paste(base)
        stage.show([EVERYTHING])
        fade = round(FADE * FPS) if first else 0
        for number in range(fade):
            yield first + number, _blend(before, stage.yuv, smooth(number / fade))
        yield first + fade, stage.yuv
        for number, boxes in _frames(scene, stage, base, fade + 1):
            stage.show(boxes)
            yield first + number, stage.yuv
        first += round(scene.seconds * FPS)


def _blend(one: Yuv, other: Yuv, share: float) -> Yuv:
    """Blend two pictures. YUV is linear in RGB, so this equals blending in RGB."""
    weight = np.uint16(share * 256)
    return ((one * (256 - weight) + other * weight) >> 8).astype(np.uint8)


def _frames(scene: Scene, stage: Stage, base: Image.Image, first: int) -> Iterator[tuple[int, list[Box]]]:
    """Yield the numbers of the frames, from `first`, in which something changes, with the areas to update."""
    waiting = sorted(scene.parts, key=lambda part: part.begin)
    drawn: list[Box] = []
    for number in range(first, round(scene.seconds * FPS)):
        moment = number / FPS
        changed = [*drawn]
        for box in drawn:
            stage.picture.paste(base.crop(box), box[:2])
        drawn = []
        done = [part for part in waiting if part.end <= moment]
        waiting = [part for part in waiting if part.end > moment]
        for part in done:
            if part.lasting:
                part.paint(base, 1.0)
                changed.append(part.paint(stage.picture, 1.0))
        for part in waiting:
            if part.begin <= moment:
                drawn.append(part.paint(stage.picture, (moment - part.begin) / (part.end - part.begin)))
        if changed or drawn:
            yield number, _without_repeats(changed + drawn)


def _without_repeats(boxes: list[Box]) -> list[Box]:
    """Remove areas that lie inside others."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda one: (one[0] - one[2]) * (one[3] - one[1])):
        if not any(_inside(box, other) for other in kept):
            kept.append(box)
    return kept


def _inside(box: Box, other: Box) -> bool:
    return box[0] >= other[0] and box[1] >= other[1] and box[2] <= other[2] and box[3] <= other[3]


def last_picture(scene: Scene) -> Image.Image:
    """Draw the scene at its end."""
    picture = scene.background.copy()
    for part in sorted(scene.parts, key=lambda one: one.end):
        if part.lasting:
            part.paint(picture, 1.0)
    return picture
