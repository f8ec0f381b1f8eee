"""What an operator sees: one log line per request, request ids, and the count of queries."""

import json
import logging
import sys
import time
from contextvars import ContextVar
from secrets import token_hex
from typing import Any

from flask import Flask, Response, has_request_context, request
from sqlalchemy import event
from sqlalchemy.engine import Engine

log = logging.getLogger("lectern")


class JsonLines(logging.Formatter):
    """Each record as one JSON object: time, level, message and what was given as `extra["data"]`."""

    def format(self, record: logging.LogRecord) -> str:
        """Render `record`; a traceback becomes a field, so that a line stays a line."""
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "data", {}),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def init_app(app: Flask, log_format: str) -> None:
    """Log every request of `app` in `log_format` ("text" or "json") with its route, time and queries."""
    _set_up_logging(log_format)
    app.before_request(_begin)
    app.after_request(_finish)
    app.teardown_request(_end)


class Trace:
    """A request under way: its id in the log, when it came, how many statements it has sent."""

    __slots__ = ("id", "queries", "started")

    def __init__(self) -> None:
        self.id = token_hex(8)
        self.started = time.perf_counter()
        self.queries = 0


# Asked for by every statement, which would find it in `g` only after looking for the request.
_under_way: ContextVar[Trace | None] = ContextVar("trace", default=None)


def request_id() -> str:
    """The id under which this request is found in the log; "" outside of requests."""
    return _trace().id if has_request_context() else ""


def query_count() -> int:
    """How many statements this request has sent to the database so far."""
    trace = _under_way.get()
    return trace.queries if trace else 0


def count_query() -> None:
    """Add a statement to the count; those that go through SQLAlchemy are counted without being asked."""
    trace = _under_way.get()
    if trace is not None:
        trace.queries += 1


def _set_up_logging(log_format: str) -> None:
    if log.handlers:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log_format == "json" else logging.Formatter("%(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False


def _begin() -> None:
    _under_way.set(Trace())


def _trace() -> Trace:
    """The request's trace; an address that can't be read is refused before it has one."""
    trace = _under_way.get()
    if trace is None:
        trace = Trace()
        _under_way.set(trace)
    return trace


def _end(_error: BaseException | None) -> None:
    _under_way.set(None)


def _finish(response: Response) -> Response:
    trace = _trace()
    response.headers["X-Request-Id"] = trace.id
    if not log.isEnabledFor(logging.INFO):
        return response
    asked = request._get_current_object()  # type: ignore[attr-defined]
    data = {
        "id": trace.id,
        "method": asked.method,
        "route": asked.url_rule.rule if asked.url_rule else "-",
        "status": response.status_code,
        "ms": round((time.perf_counter() - trace.started) * 1000, 1),
        "queries": trace.queries,
    }
    line = "{method} {route} {status} {ms} ms {queries} queries {id}".format_map(data)
    # Made by hand: log.info() would look through the stack for the line of code that every request shares.
    record = logging.LogRecord(log.name, logging.INFO, __file__, 0, line, None, None)
    record.data = data
    log.handle(record)
    return response


@event.listens_for(Engine, "before_cursor_execute")
def _count(*_: object) -> None:
    count_query()
