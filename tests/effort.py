"""How much is tried: enough for every change in ordinary runs, far more with TEST_LONG (bin/check --long)."""

import os
from collections.abc import Container, Iterable
from typing import Any

LONG = os.environ.get("TEST_LONG", "") == "1"


def times(usual: int, in_long: int) -> int:
    """Answer how often something is tried at random: `usual` times, or `in_long` times when there is time."""
    return in_long if LONG else usual


def cases(every: Iterable[Any], usual: Container[Any]) -> list[Any]:
    """Answer which cases are tried: of `every` those in `usual`, or all when there is time."""
    return [case for case in every if LONG or case in usual]
