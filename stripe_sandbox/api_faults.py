"""Injected API faults: before the work, instead of it, or after it."""

from __future__ import annotations

import socket
import time

from flask import g, request

from .errors import StripeError
from .faults import Fault

MADE_UP: dict[str, tuple[int, str, str | None, str]] = {
    "429": (429, "invalid_request_error", "rate_limit", "Too many requests hit the API too quickly."),
    "409": (
        409,
        "invalid_request_error",
        "lock_timeout",
        "This object cannot be accessed right now; try again.",
    ),
    "500": (500, "api_error", None, "An unknown error occurred."),
    "503": (503, "api_error", None, "Stripe is temporarily unavailable."),
}


def made_up(kind: str) -> StripeError:
    """Build the error of a fault."""
    status, type, code, message = MADE_UP[kind]
    return StripeError(message, status=status, type=type, code=code, before_start=True)


def stop_before(faults: list[Fault]) -> None:
    """Apply the faults that prevent execution."""
    for fault in faults:
        g.should_retry = fault.should_retry
        if fault.kind in MADE_UP:
            raise made_up(fault.kind)
        if fault.kind == "drop_before":
            drop()


def dawdle(faults: list[Fault]) -> None:
    """Apply the `slow` faults, outside the store's lock: only this call waits."""
    time.sleep(sum(fault.seconds for fault in faults if fault.kind == "slow"))


def stop_after(faults: list[Fault]) -> None:
    """Apply the faults that hide the response of executed work."""
    for fault in faults:
        if fault.kind == "execute_then_500":
            raise made_up("500")
        if fault.kind == "execute_then_drop":
            drop()


def drop() -> None:
    """Close the connection without a response."""
    g.dropped = True
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("dropped on request")
