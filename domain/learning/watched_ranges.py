"""Stretches of a recording: what a beat says was played, whether that can be, and what it adds up to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FASTEST = 3
LONGEST_SILENCE = timedelta(seconds=120)
MOST_RANGES = 200
SAME_PLACE = 0.5

Ranges = list[list[float]]


@dataclass(frozen=True)
class Beat:
    """What the player reports, in seconds: where it is, what it played since the last report.

    `opened` proves when the page of its player was opened (see watching.opened).
    `flowing` is true while it goes on playing, and false when it paused, jumped, ended or was left.
    """

    position: float
    start: float | None = None
    end: float | None = None
    flowing: bool = True
    ended: bool = False
    opened: str = ""


def since(
    opened: datetime | None, spent: datetime | None, last_beat: datetime | None, now: datetime
) -> datetime:
    """From when on a beat's range may have been played: since its player was `opened`.

    Without a proof of that, since what the beats before used up; a long silence before is no licence.
    """
    return opened or max(spent or last_beat or now, now - LONGEST_SILENCE)


def spend(
    watched: Sequence[Sequence[float]],
    spent: datetime | None,
    beat: Beat,
    duration: float,
    begun: datetime,
    now: datetime,
) -> tuple[Ranges, datetime] | None:
    """`watched` with the beat's range, and until when time is then used up; None when that can't be by `now`.

    Nothing plays faster than FASTEST, so a range takes a third of its length in time, and of what it adds
    where it closes a gap. That is taken from what has passed since it can have `begun` and isn't `spent` yet:
    however many beats come at once, from however many tabs, they share it, and what was kept through a long
    time without a connection has it. Beats come late but never early, and both moments are of the server's
    clock, so there is nothing to forgive.
    """
    if beat.start is None or beat.end is None or not 0 <= beat.start < beat.end <= duration + SAME_PLACE:
        return None
    merged = merge(watched, beat, duration)
    seconds = max(beat.end - beat.start, total(merged) - total(watched))
    until = max(begun, spent or begun) + timedelta(seconds=seconds / FASTEST)
    return (merged, until) if until <= now else None


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
