"""Percentages to be shown and stored; shares of an amount of money are `money.percentage`.

The rule: whole percents are rounded down, so that 100 % says that nothing is missing and a discount is never
said to be larger than it is. Rates, which promise nothing, are rounded to one decimal.
"""

from typing import Any

from sqlalchemy import case


def whole(part: int, total: int) -> int:
    """Compute what `part` is of `total` in whole percents, rounded down; 0 of nothing.

    >>> whole(2, 3), whole(199, 200), whole(0, 0)
    (66, 99, 0)
    """
    return part * 100 // total if total > 0 else 0


def whole_sql(part: Any, total: Any) -> Any:
    """Build `whole` as SQL, of two expressions that are whole numbers and not negative."""
    return case((total > 0, part * 100 // total), else_=0)


def rate(part: int, total: int) -> str:
    """Format what `part` is of `total` with one decimal; a dash of nothing.

    >>> rate(1, 8), rate(0, 0)
    ('12.5%', '–')
    """
    return f"{100 * part / total:.1f}%" if total else "–"
