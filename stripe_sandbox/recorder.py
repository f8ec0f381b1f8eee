"""A recording of requests and responses, which tests validate against Stripe's schemas."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Exchange:
    """A call to /v1: request as sent, response decoded."""

    method: str
    path: str
    query: str
    body: str
    status: int
    answer: Any
    headers: dict[str, str]


class Recorder:
    """A list of exchanges, recorded only while `on`."""

    def __init__(self, on: bool) -> None:
        self.on = on
        self._lock = threading.Lock()
        self._kept: list[Exchange] = []

    def keep(self, exchange: Exchange) -> None:
        """Record an exchange."""
        if self.on:
            with self._lock:
                self._kept.append(exchange)

    def kept(self) -> list[Exchange]:
        """Return a copy of the recording, oldest first."""
        with self._lock:
            return list(self._kept)

    def clear(self) -> None:
        """Delete the recording."""
        with self._lock:
            self._kept.clear()
