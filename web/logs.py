"""The request log: one line per request, with its id, duration and number of queries."""

import json
import logging
import sys
import time
from typing import Any

from flask import Flask, Response, has_request_context, request

from domain.base import request_trace
from domain.base.log import log


class JsonLines(logging.Formatter):
    """A formatter that writes each record as a JSON object: time, level, message and `extra["data"]`."""

    def format(self, record: logging.LogRecord) -> str:
        """Format `record`; a traceback becomes a field, so that each record is one line."""
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
    """Log every request of `app` in `log_format` ("text" or "json")."""
    _set_up_logging(log_format)
    app.before_request(request_trace.begin)
    app.after_request(_finish)
    app.teardown_request(request_trace.end)


def request_id() -> str:
    """Return the id of this request in the log; "" outside of requests."""
    return request_trace.current().id if has_request_context() else ""


def _set_up_logging(log_format: str) -> None:
    if log.handlers:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log_format == "json" else logging.Formatter("%(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False


def _finish(response: Response) -> Response:
    trace = request_trace.current()
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
    # Built directly: log.info() would walk the stack to find its caller, which is always this line.
    record = logging.LogRecord(log.name, logging.INFO, __file__, 0, line, None, None)
    record.data = data
    log.handle(record)
    return response
