"""Decisions that are carried out at once, for tests of what follows from them."""

from collections.abc import Callable

import pytest

from domain.moderation import decisions, undoable_decisions


@pytest.fixture
def carried_out_at_once(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Leave out the seconds in which an admin can take a decision back."""
    monkeypatch.setattr(undoable_decisions, "schedule", decisions.decide)
    return decisions.decide
