"""Counts with their noun."""


def plural(count: int, one: str, many: str | None = None) -> str:
    """Format `count` with its noun: 1 lesson, 2 lessons, 1,204 lessons. `many` defaults to `one` + s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
