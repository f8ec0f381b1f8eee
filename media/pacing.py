"""Times of frames: when each is shown and for how long. Runs in the child process only."""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import av

CLOCK = Fraction(1, 90_000)
# Frames that follow each other faster than this are left out: of 120 a second, every other one is kept.
# Recorders that round times to thousandths put 16 between frames of 60 a second.
SHORTEST = round(Fraction(15, 1000) / CLOCK)
LONGEST = round(1 / CLOCK)  # a picture that stands longer is repeated, so that segments can be cut


class PacedFrame(NamedTuple):
    """A frame with the time it begins at and how long it is shown, both in ticks of CLOCK."""

    frame: av.VideoFrame
    at: int
    duration: int


class Pacer:
    """Gives decoded frames their times, from 0 where the recording begins, at most 66 a second.

    The first frame is shown from 0, also where the picture starts later than the sound: players of HLS ignore
    such a gap, and would show everything too early.
    """

    def __init__(self, began: Fraction) -> None:
        self._began = began
        self._held: av.VideoFrame | None = None
        self._at = 0
        self._usual = round(Fraction(1, 25) / CLOCK)

    def push(self, frame: av.VideoFrame) -> Iterator[PacedFrame]:
        """Take the next frame; yields those whose duration is now known."""
        if frame.pts is None or frame.time_base is None:
            return
        at = round((frame.pts * frame.time_base - self._began) / CLOCK)
        if self._held is None:
            self._held = frame
            if at > LONGEST:
                yield from self._shown_until(at)
                self._at = at
        elif at - self._at >= SHORTEST:
            self._usual = min(at - self._at, LONGEST)
            yield from self._shown_until(at)
            self._held, self._at = frame, at

    def end(self, seconds: float) -> Iterator[PacedFrame]:
        """Yield the last frame, shown until the recording ends after `seconds` (of its sound)."""
        yield from self._shown_until(max(self._at + self._usual, round(seconds / float(CLOCK))))

    def _shown_until(self, end: int) -> Iterator[PacedFrame]:
        if self._held is None:
            return
        while end - self._at > LONGEST * 5 // 4:
            whole_second = (self._at // LONGEST + 1) * LONGEST
            yield PacedFrame(self._held, self._at, whole_second - self._at)
            self._at = whole_second
        yield PacedFrame(self._held, self._at, end - self._at)
