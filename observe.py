"""What an operator sees: one log line per request, request ids, and the count of queries."""

import json
import logging
import sys
import time
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

from flask import Flask, Response, g, has_request_context, request
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


@dataclass
class Trace:
    """A request under way: its id in the log, when it came, how many statements it has sent."""

    id: str = field(default_factory=lambda: token_hex(8))
    started: float = field(default_factory=time.perf_counter)
    queries: int = 0


def request_id() -> str:
    """The id under which this request is found in the log."""
    return _trace().id if has_request_context() else ""


def query_count() -> int:
    """How many statements this request has sent to the database so far."""
    return _trace().queries


def _set_up_logging(log_format: str) -> None:
    if log.handlers:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log_format == "json" else logging.Formatter("%(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False


def _trace() -> Trace:
    trace: Trace = g.setdefault("trace", Trace())
    return trace


def _begin() -> None:
    g.trace = Trace()


def _finish(response: Response) -> Response:
    trace = _trace()
    response.headers["X-Request-Id"] = trace.id
    if not log.isEnabledFor(logging.INFO):
        return response
    rule = request.url_rule
    data = {
        "id": trace.id,
        "method": request.method,
        "route": rule.rule if rule else "-",
        "status": response.status_code,
        "ms": round((time.perf_counter() - trace.started) * 1000, 1),
        "queries": trace.queries,
    }
    line = "{method} {route} {status} {ms} ms {queries} queries {id}".format(**data)
    # Made by hand: log.info() would look through the stack for the line of code that every request shares.
    record = logging.LogRecord(log.name, logging.INFO, __file__, 0, line, None, None)
    record.data = data
    log.handle(record)
    return response


@event.listens_for(Engine, "before_cursor_execute")
def _count(*_: object) -> None:
    if has_request_context():
        _trace().queries += 1
