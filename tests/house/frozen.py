"""A world in which two runs are alike: one moment, the same "random" bytes, no network but this machine.

Must be entered before anything of the product is imported: modules keep what they import by name.
"""

import hashlib
import os
import random
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import time_machine

# A minute past the slots of the schedule, so that a few minutes can pass without a new one.
MOMENT = datetime(2026, 11, 29, 12, 1, tzinfo=UTC)
HERE = ("127.0.0.1", "localhost", "::1", None)


class Entropy:
    """Bytes that depend on the name of the present step and on how many were taken since, on nothing else."""

    step, taken = b"start", 0

    def begin(self, step: str) -> None:
        """Start anew for a step at this moment, so that what one takes is not felt by the next."""
        self.step, self.taken = f"{step} {time.time_ns()}".encode(), 0
        random.seed(self.step)

    def take(self, size: int) -> bytes:
        """Answer for `os.urandom`."""
        self.taken += 1
        return hashlib.shake_256(self.step + self.taken.to_bytes(8)).digest(size)

    def uuid7(self, timestamp: int | None = None, nanos: int | None = None) -> uuid.UUID:
        """Answer for `uuid_utils.compat.uuid7`: in the order in which they are made, like those."""
        milliseconds = time.time_ns() // 10**6
        if timestamp is not None:
            milliseconds = timestamp * 1000 + (nanos or 0) // 10**6
        tail = int.from_bytes(self.take(6))
        return uuid.UUID(
            int=milliseconds << 80 | 7 << 76 | (self.taken >> 12 & 0xFFF) << 64 | 2 << 62
            | (self.taken & 0xFFF) << 48 | tail
        )  # fmt: skip


entropy = Entropy()


class Clock:
    """Moves the one moment; `traveller` is there while the world is."""

    traveller: Any = None

    def back(self) -> None:
        """Go to MOMENT."""
        self.traveller.move_to(MOMENT)

    def pass_by(self, seconds: int) -> None:
        """Let time go by at once."""
        self.traveller.shift(seconds)


clock = Clock()


@contextmanager
def world() -> Iterator[None]:
    """Freeze clock, entropy, network and the machine's zone for the time of the block."""
    ask = socket.getaddrinfo

    def nearby(host: Any, *args: Any, **more: Any) -> Any:
        if host not in HERE:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ask(host, *args, **more)

    os.environ["TZ"] = "UTC"
    time.tzset()
    with (
        time_machine.travel(MOMENT, tick=False) as clock.traveller,
        mock.patch("os.urandom", entropy.take),
        mock.patch("random._urandom", entropy.take),
        mock.patch("uuid_utils.compat.uuid7", entropy.uuid7),
        mock.patch("socket.getaddrinfo", nearby),
    ):
        yield
