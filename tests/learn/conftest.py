"""What the tests of learning share."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask, Response, request

from domain.base import request_trace


@pytest.fixture
def count_queries(app: Flask) -> Iterator[Callable[[], int]]:
    """A function that tells how many statements the last request sent."""
    counts: list[int] = []

    def note(response: Response) -> Response:
        if not request.path.startswith("/static/"):
            counts.append(request_trace.query_count())
        return response

    before = list(app.after_request_funcs.get(None, []))
    app.after_request_funcs.setdefault(None, []).append(note)
    yield lambda: counts[-1]
    app.after_request_funcs[None] = before
