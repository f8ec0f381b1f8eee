"""The sums of products over the periods that reports offer: the best and worst are read by an index."""

from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    union_all,
)
from sqlalchemy.schema import CreateTable, DropTable

from domain.analytics.day_queries import staged
from domain.analytics.reporting_periods import Period
from models import Product, ProductDay, ProductPeriod, db

_NAMES = ("views", "cart_adds", "checkouts", "paid", "revenue_cents")
_columns = ProductPeriod.__table__.c
SUMS = staged(
    "summed_products", {"period": _columns.period.type, "product_id": _columns.product_id.type},
    *_NAMES, "views_per_sale",
)  # fmt: skip


def add_up() -> None:
    """Replace the sums of all periods by those of the daily totals, in transactions of its own.

    SQLite adds them up in a read transaction, so that others can write meanwhile (see daily_counts).
    """
    with db.engine.connect() as connection:
        apart = connection.dialect.name == "sqlite"
        connection.execution_options(reads_only=apart)
        with connection.begin():
            _stage(connection)
            if not apart:
                _write(connection)
        if apart:
            connection.execution_options(reads_only=False)
            with connection.begin():
                _write(connection)


def _stage(connection: Connection) -> None:
    connection.execute(DropTable(SUMS, if_exists=True))
    connection.execute(CreateTable(SUMS))
    query = union_all(*(_sums(period) for period in Period))
    connection.execute(insert(SUMS).from_select([column.name for column in SUMS.columns], query))


def _sums(period: Period) -> Select[Any]:
    day, product = ProductDay.__table__.c, Product.__table__.c
    sums = [func.sum(day[name]).label(name) for name in _NAMES]
    per_sale = func.sum(day.views) // (func.sum(day.paid) + 1)
    rank = case((func.max(product.price_cents) > 0, per_sale), else_=0)
    return (
        select(literal(period.value).label("period"), day.product_id, *sums, rank.label("views_per_sale"))
        .join_from(ProductDay.__table__, Product.__table__, product.id == day.product_id)
        .where(day.date >= period.first())
        .group_by(day.product_id)
    )


def _write(connection: Connection) -> None:
    """Write the sums of products that still exist."""
    parts = SUMS.c
    names = [column.name for column in SUMS.columns]
    found = SUMS.join(Product.__table__, Product.__table__.c.id == parts.product_id)
    connection.execute(delete(ProductPeriod))
    connection.execute(
        insert(ProductPeriod).from_select(
            names, select(*SUMS.columns).select_from(found), include_defaults=False
        )
    )
    connection.execute(DropTable(SUMS))
