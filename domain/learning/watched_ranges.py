"""Watched ranges of a recording: merging what heartbeats report, and checking that it is plausible."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FASTEST = 3
LONGEST_SILENCE = timedelta(seconds=120)
MOST_RANGES = 200
SAME_PLACE = 0.5

Ranges = list[list[float]]


@dataclass(frozen=True)
class Heartbeat:
    """A heartbeat of the player, in seconds: its position, and the range played since the last one.

    `opened` proves when the page of its player was opened (see playback.sign_opening). `flowing` is true
    while it goes on playing, and false when it paused, jumped, ended or was left.
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
    """Compute the earliest time at which a heartbeat's range can have been played: since its player `opened`.

    Without a proof of that, since the time that earlier heartbeats have used up, at most LONGEST_SILENCE ago.
    """
    return opened or max(spent or last_beat or now, now - LONGEST_SILENCE)


def accept(
    watched: Sequence[Sequence[float]],
    spent: datetime | None,
    heartbeat: Heartbeat,
    duration: float,
    begun: datetime,
    now: datetime,
) -> tuple[Ranges, datetime] | None:
    """Merge the heartbeat's range into `watched` and account for its time; None if implausible by `now`.

    Returns the ranges, and the time until which watching is then accounted for. Nothing plays faster than
    FASTEST, so a range (or what it adds, where it closes a gap) takes at least a third of its length. That
    time must fit between `begun`, or `spent` if later, and `now`: heartbeats sent at once from several tabs
    share it, and those queued while offline still have it. Both times are of the server's clock and
    heartbeats arrive late, never early, so no tolerance is needed.
    """
    if (
        heartbeat.start is None
        or heartbeat.end is None
        or not 0 <= heartbeat.start < heartbeat.end <= duration + SAME_PLACE
    ):
        return None
    merged = merge(watched, heartbeat, duration)
    seconds = max(heartbeat.end - heartbeat.start, total(merged) - total(watched))
    until = max(begun, spent or begun) + timedelta(seconds=seconds / FASTEST)
    return (merged, until) if until <= now else None


def merge(watched: Sequence[Sequence[float]], heartbeat: Heartbeat, duration: float) -> Ranges:
    """Merge the heartbeat's range into `watched`: sorted, without overlaps, never less than before.

    >>> merge([[0, 10], [20, 30]], Heartbeat(21, 9.5, 20.2), 60)
    [[0, 30]]
    """
    if heartbeat.start is None or heartbeat.end is None:
        return [list(pair) for pair in watched]
    new = [round(heartbeat.start, 1), round(min(heartbeat.end, duration), 1)]
    merged: Ranges = []
    for start, end in sorted([*(list(pair) for pair in watched), new]):
        if merged and start <= merged[-1][1] + SAME_PLACE:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return merged if len(merged) <= MOST_RANGES else [list(pair) for pair in watched]


def total(watched: Sequence[Sequence[float]]) -> float:
    """Sum the seconds of merged ranges."""
    return sum(end - start for start, end in watched)
