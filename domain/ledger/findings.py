"""Findings of the consistency checks: a sentence for each row that disagrees."""

from typing import Any

from sqlalchemy import ColumnElement, String, cast, func

from models import db


def listed(query: Any, sentence: str) -> list[str]:
    """Say `sentence` of each row of `query`, with its columns in the places {}."""
    return [sentence.format(*row) for row in db.session.execute(query)]


def hex_of(column: Any) -> ColumnElement[str]:
    """Build the 32 hex digits of an id, as keys of the ledger have them; "" for null."""
    return func.coalesce(func.replace(cast(column, String), "-", ""), "")
