"""Findings of the consistency checks: a sentence for each row that disagrees."""

from typing import Any

from models import db


def listed(query: Any, sentence: str) -> list[str]:
    """Say `sentence` of each row of `query`, with its columns in the places {}."""
    return [sentence.format(*row) for row in db.session.execute(query)]
