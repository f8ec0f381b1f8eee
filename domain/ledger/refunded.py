"""What a refund takes back of the parts of a purchase."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, func

from models import Purchase

_purchase = Purchase.__table__.c


def part(amount: Any) -> ColumnElement[int]:
    """Build what was refunded of `amount`, a part of a purchase without tax, in minor units.

    A refund takes back tax and shares in proportion, each rounded down.
    """
    paid = func.nullif(_purchase.amount_cents + _purchase.tax_cents, 0, type_=BigInteger)
    return func.coalesce(cast(amount, BigInteger) * _purchase.refunded_cents // paid, 0)
