"""The sandbox's clock, which tests can move."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta


class Clock:
    """Wall time plus an offset. Moving it runs the timers that become due, through `on_move`."""

    def __init__(self, offset: float = 0.0) -> None:
        self._lock = threading.Lock()
        self._frozen: float | None = None
        self.offset = offset
        self.on_move: Callable[[], None] = lambda: None

    def now(self) -> int:
        """Return Unix seconds, as every `created` of the API."""
        with self._lock:
            return int(self._exact())

    def _exact(self) -> float:
        return self._frozen if self._frozen is not None else time.time() + self.offset

    def advance(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0) -> int:
        """Move forward and return the new time. Raises ValueError for a negative step."""
        step = timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days).total_seconds()
        if step < 0:
            raise ValueError("The sandbox's clock only moves forward; use set() to go back.")
        return self.set(self._exact() + step)

    def set(self, moment: datetime | float) -> int:
        """Set the time to an aware datetime or Unix seconds. Raises ValueError for a naive datetime."""
        if isinstance(moment, datetime):
            if moment.tzinfo is None:
                raise ValueError("A datetime for the clock needs a time zone.")
            moment = moment.timestamp()
        with self._lock:
            if self._frozen is not None:
                self._frozen = float(moment)
            self.offset = float(moment) - time.time()
        self.on_move()
        return self.now()

    def freeze(self) -> int:
        """Stop; only `advance` and `set` move the clock from here."""
        with self._lock:
            self._frozen = self._exact()
        return self.now()

    def reset(self) -> None:
        """Return to running wall time."""
        with self._lock:
            self._frozen, self.offset = None, 0.0
