"""The trace of the request under way: its id, when it came, and how many statements it has sent."""

import time
from contextvars import ContextVar
from secrets import token_hex

from sqlalchemy import event
from sqlalchemy.engine import Engine


class Trace:
    """A request under way: its id in the log, when it came, how many statements it has sent."""

    __slots__ = ("id", "queries", "started")

    def __init__(self) -> None:
        self.id = token_hex(8)
        self.started = time.perf_counter()
        self.queries = 0


# Asked for by every statement, which would find it in `g` only after looking for the request.
_under_way: ContextVar[Trace | None] = ContextVar("trace", default=None)


def query_count() -> int:
    """Count the statements that this request has sent to the database so far."""
    trace = _under_way.get()
    return trace.queries if trace else 0


def count_query() -> None:
    """Add a statement to the count; those that go through SQLAlchemy are counted without being asked."""
    trace = _under_way.get()
    if trace is not None:
        trace.queries += 1


def begin() -> None:
    """Start the trace of a request."""
    _under_way.set(Trace())


def current() -> Trace:
    """Answer the request's trace; an address that can't be read is refused before it has one."""
    trace = _under_way.get()
    if trace is None:
        trace = Trace()
        _under_way.set(trace)
    return trace


def end(_error: BaseException | None = None) -> None:
    """Forget the trace of a request that is over."""
    _under_way.set(None)


@event.listens_for(Engine, "before_cursor_execute")
def _count(*_: object) -> None:
    count_query()
