"""The trace of the current request: its id, start, and number of SQL statements."""

import time
from contextvars import ContextVar
from secrets import token_hex

from sqlalchemy import event
from sqlalchemy.engine import Engine


class RequestTrace:
    """A request's id for the log, its start, and the number of SQL statements it has sent."""

    __slots__ = ("id", "queries", "started")

    def __init__(self) -> None:
        self.id = token_hex(8)
        self.started = time.perf_counter()
        self.queries = 0


# A context variable, because every statement reads it and `g` would look up the request first.
_under_way: ContextVar[RequestTrace | None] = ContextVar("trace", default=None)


def query_count() -> int:
    """Count the statements that this request has sent so far."""
    trace = _under_way.get()
    return trace.queries if trace else 0


def begin() -> None:
    """Start the trace of a request."""
    _under_way.set(RequestTrace())


def current() -> RequestTrace:
    """Find the request's trace; makes one for a request refused before it began (a malformed URL)."""
    trace = _under_way.get()
    if trace is None:
        trace = RequestTrace()
        _under_way.set(trace)
    return trace


def end(_error: BaseException | None = None) -> None:
    """Clear the trace at the end of the request."""
    _under_way.set(None)


@event.listens_for(Engine, "before_cursor_execute")
def _count(*_: object) -> None:
    trace = _under_way.get()
    if trace is not None:
        trace.queries += 1
