"""A gift knows the line of the cart that it was bought from, so that it is bought once.

Orders kept the ids of those lines beside Stripe's facts. Where two orders delivered the gift of one line, the
first keeps it: that it happened isn't undone. Of customers at Stripe it is kept what they were last told, so
that each checkout needn't tell it again.

Revision: 0050, after 0049
"""

import uuid
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

KEY = "gift_items"
ONCE = sa.text("status = 'completed' AND cart_item_id IS NOT NULL")
orders = sa.table(
    "orders", sa.column("id", sa.Uuid), sa.column("metadata", sa.JSON(none_as_null=True)),
    sa.column("completed_at"), sa.column("created_at"),
)  # fmt: skip
purchases = sa.table(
    "purchases", sa.column("id", sa.Uuid), sa.column("order_id", sa.Uuid), sa.column("product_id", sa.Uuid),
    sa.column("is_gift", sa.Boolean), sa.column("status", sa.String), sa.column("cart_item_id", sa.Uuid),
)  # fmt: skip
cart_items = sa.table("cart_items", sa.column("id", sa.Uuid), sa.column("product_id", sa.Uuid))


def upgrade() -> None:
    op.add_column("users", sa.Column("stripe_customer_told", sa.String(64)))
    op.add_column("purchases", sa.Column("cart_item_id", sa.Uuid()))
    delivered: set[uuid.UUID] = set()
    for order_id, details in _orders_with_items():
        items = [uuid.UUID(item_id) for item_id in details.pop(KEY)]
        for line, item_id in _matched(order_id, items):
            if line.status == "completed":
                if item_id in delivered:
                    continue
                delivered.add(item_id)
            _update(purchases, line.id, cart_item_id=item_id)
        _update(orders, order_id, metadata=details or None)
    op.create_index(
        "uq_purchases_cart_item_once",
        "purchases",
        ["cart_item_id"],
        unique=True,
        sqlite_where=ONCE,
        postgresql_where=ONCE,
    )


def _orders_with_items() -> Iterator[tuple[uuid.UUID, dict[str, Any]]]:
    """Load the orders that keep such ids, those first that were completed first."""
    kept = sa.cast(orders.c.metadata, sa.Text).like(f'%"{KEY}"%')
    first = (orders.c.completed_at.is_(None), orders.c.completed_at, orders.c.created_at, orders.c.id)
    rows = op.get_bind().execute(sa.select(orders.c.id, orders.c.metadata).where(kept).order_by(*first))
    return ((row.id, dict(row.metadata)) for row in rows.all())


def _matched(order_id: uuid.UUID, items: list[uuid.UUID]) -> Iterator[tuple[Any, uuid.UUID]]:
    """Pair an order's gifts with its ids: by the product where the line of the cart is left, else in order."""
    if not items:
        return
    gifts = sa.select(purchases).where(purchases.c.order_id == order_id, purchases.c.is_gift)
    lines = list(op.get_bind().execute(gifts.order_by(purchases.c.id)))
    known = sa.select(cart_items).where(cart_items.c.id.in_(items))
    product_of = {row.id: row.product_id for row in op.get_bind().execute(known)}
    for item_id in sorted(items, key=lambda item_id: item_id not in product_of):
        wanted = product_of.get(item_id)
        line = next((line for line in lines if wanted in (None, line.product_id)), None)
        if line is not None:
            lines.remove(line)
            yield line, item_id


def downgrade() -> None:
    op.drop_index("uq_purchases_cart_item_once", "purchases")
    query = (
        sa.select(purchases.c.order_id, purchases.c.cart_item_id, orders.c.metadata)
        .join_from(purchases, orders, orders.c.id == purchases.c.order_id)
        .where(purchases.c.cart_item_id.is_not(None))
        .order_by(purchases.c.order_id, purchases.c.id)
    )
    for order_id, lines in groupby(op.get_bind().execute(query).all(), lambda row: row.order_id):
        found = list(lines)
        items = [line.cart_item_id.hex for line in found]
        _update(orders, order_id, metadata={**(found[0].metadata or {}), KEY: items})
    with op.batch_alter_table("purchases") as batch:
        batch.drop_column("cart_item_id")
    with op.batch_alter_table("users") as batch:
        batch.drop_column("stripe_customer_told")


def _update(table: Any, row_id: uuid.UUID, **values: Any) -> None:
    op.get_bind().execute(sa.update(table).where(table.c.id == row_id).values(values))
