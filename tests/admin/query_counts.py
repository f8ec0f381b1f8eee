"""Counting what is asked of the database."""

from collections.abc import Iterator

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine


class Counter:
    """The statements sent since the last `clear`, with their parameters."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, object]] = []

    def clear(self) -> None:
        """Begin anew."""
        self.seen.clear()

    def __len__(self) -> int:
        return len(self.seen)

    def note(
        self, _connection: object, _cursor: object, statement: str, parameters: object, *_: object
    ) -> None:
        """Keep a statement."""
        self.seen.append((statement, parameters))


@pytest.fixture
def queries() -> Iterator[Counter]:
    """What is asked of the database, as it is asked."""
    counter = Counter()
    event.listen(Engine, "before_cursor_execute", counter.note)
    yield counter
    event.remove(Engine, "before_cursor_execute", counter.note)
