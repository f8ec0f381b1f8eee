"""Stretches of a recording: what a beat says was played, whether that can be, and what it adds up to."""

from collections.abc import Sequence
from dataclasses import dataclass

FASTEST = 3
SLACK_SECONDS = 30
LONGEST_SILENCE = 120
MOST_RANGES = 200
SAME_PLACE = 0.5

Ranges = list[list[float]]


@dataclass(frozen=True)
class Beat:
    """What the player reports, in seconds: where it is, what it played since the last report.

    `flowing` is true while it goes on playing, and false when it paused, jumped, ended or was left.
    """

    position: float
    start: float | None = None
    end: float | None = None
    flowing: bool = True
    ended: bool = False


def is_plausible(beat: Beat, duration: float, silence: float) -> bool:
    """Whether the range can have been played in the `silence` (seconds) since the beat before.

    Nothing plays faster than FASTEST; the slack covers a second tab or device between two beats.
    """
    if beat.start is None or beat.end is None or not 0 <= beat.start < beat.end <= duration + SAME_PLACE:
        return False
    return beat.end - beat.start <= FASTEST * min(max(silence, 0), LONGEST_SILENCE) + SLACK_SECONDS


def merge(watched: Sequence[Sequence[float]], beat: Beat, duration: float) -> Ranges:
    """`watched` with the beat's range in it: sorted, without overlaps, never less than before.

    >>> merge([[0, 10], [20, 30]], Beat(21, 9.5, 20.2), 60)
    [[0, 30]]
    """
    if beat.start is None or beat.end is None:
        return [list(pair) for pair in watched]
    new = [round(beat.start, 1), round(min(beat.end, duration), 1)]
    merged: Ranges = []
    for start, end in sorted([*(list(pair) for pair in watched), new]):
        if merged and start <= merged[-1][1] + SAME_PLACE:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return merged if len(merged) <= MOST_RANGES else [list(pair) for pair in watched]


def total(watched: Sequence[Sequence[float]]) -> float:
    """The seconds in merged ranges."""
    return sum(end - start for start, end in watched)
