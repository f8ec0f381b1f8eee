"""What the tests of the studio share."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask, Response, request_finished

from domain.base import request_trace


@pytest.fixture
def count_queries(app: Flask) -> Iterator[Callable[[], int]]:
    """A function that tells how many statements the last request sent."""
    counts: list[int] = []

    def note(_app: Flask, response: Response) -> None:
        counts.append(request_trace.query_count())

    with request_finished.connected_to(note, app):
        yield lambda: counts[-1]
