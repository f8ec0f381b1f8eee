"""Migrations that lose no row: what `env.py` runs them with, and the changes revisions make by name.

A revision imports the changes from here: `from migrations.support import add_check, widen_enum`.
docs/contributing.md says when to use which.
"""

from migrations.support.changes import (
    add_check,
    create_large_index,
    drop_check,
    drop_large_index,
    narrow_enum,
    widen_enum,
)

__all__ = [
    "add_check",
    "create_large_index",
    "drop_check",
    "drop_large_index",
    "narrow_enum",
    "widen_enum",
]
