"""Orders of many lines: discount and tax stand beside what is paid, and a gift waits for its owner.

What a line costs becomes what is shared, net of discount and tax; so far there was neither. An order that a
bank is paying no longer keeps its buyer from another checkout of the same cart.

Revision: 0040, after 0039
"""

import sqlalchemy as sa
from alembic import op

from migrations.support import add_check, drop_check, narrow_enum, widen_enum

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

OPEN = "status = 'pending' AND confirming_since IS NULL AND problem IS NULL"
TOTAL = (
    "total_cents = subtotal_cents - discount_cents + CASE WHEN prices_include_tax THEN 0 ELSE tax_cents END"
)
ORDER_AMOUNTS = "subtotal_cents >= 0 AND discount_cents >= 0 AND tax_cents >= 0 AND total_cents >= 0"
LINE_AMOUNTS = "amount_cents >= 0 AND discount_cents >= 0 AND tax_cents >= 0 AND tax_rate_bp >= 0"


def upgrade() -> None:
    _add("orders", "discount_cents", "tax_cents")
    op.add_column(
        "orders", sa.Column("prices_include_tax", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    for name in ("billing", "metadata"):
        op.add_column("orders", sa.Column(name, sa.JSON(none_as_null=True)))
    op.add_column("orders", sa.Column("payment_method", sa.String(40)))
    op.add_column("orders", sa.Column("payment_last4", sa.String(4)))
    op.add_column("orders", sa.Column("coupon_code", sa.String(64)))
    # What an order adds up to was its lines' sum, whatever else stood beside it.
    op.execute("UPDATE orders SET subtotal_cents = total_cents WHERE subtotal_cents <> total_cents")
    _replace_check("orders", "amounts_not_negative", ORDER_AMOUNTS)
    add_check("orders", "total_adds_up", TOTAL)
    _open_once(OPEN)
    _add("purchases", "discount_cents", "tax_cents", "tax_rate_bp")
    op.add_column("purchases", sa.Column("is_gift", sa.Boolean(), nullable=False, server_default=sa.false()))
    _replace_check("purchases", "amounts_not_negative", LINE_AMOUNTS)
    _replace_check("purchases", "refund_within_amount", "refunded_cents BETWEEN 0 AND amount_cents + tax_cents")
    with op.batch_alter_table("purchases") as batch:
        batch.alter_column("owner_id", existing_type=sa.Uuid(), nullable=True)
    add_check("purchases", "owned_or_given", "owner_id IS NOT NULL OR is_gift")
    widen_enum("access_grants", "source", "grant_source", ["purchase", "gift", "free", "complimentary"])
    _replace_check(
        "access_grants", "purchase_named", "(source IN ('purchase', 'gift')) = (purchase_id IS NOT NULL)"
    )


def _add(table: str, *columns: str) -> None:
    for column in columns:
        op.add_column(table, sa.Column(column, sa.Integer(), nullable=False, server_default=sa.text("0")))


def _replace_check(table: str, name: str, condition: str) -> None:
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
        batch.create_check_constraint(
            op.f(f"ck_{table}_{name}"), sa.text(condition), postgresql_not_valid=True
        )


def _open_once(condition: str) -> None:
    op.drop_index("uq_orders_open_checkout", "orders")
    op.create_index(
        "uq_orders_open_checkout", "orders", ["user_id", "cart_key"], unique=True,
        sqlite_where=sa.text(condition), postgresql_where=sa.text(condition),
    )  # fmt: skip


def downgrade() -> None:
    _replace_check("access_grants", "purchase_named", "(source = 'purchase') = (purchase_id IS NOT NULL)")
    narrow_enum("access_grants", "source", "grant_source", ["purchase", "free", "complimentary"])
    drop_check("purchases", "owned_or_given")
    with op.batch_alter_table("purchases") as batch:
        batch.alter_column("owner_id", existing_type=sa.Uuid(), nullable=False)
    _replace_check("purchases", "refund_within_amount", "refunded_cents BETWEEN 0 AND amount_cents")
    _replace_check("purchases", "amounts_not_negative", "amount_cents >= 0")
    with op.batch_alter_table("purchases") as batch:
        for column in ("discount_cents", "tax_cents", "tax_rate_bp", "is_gift"):
            batch.drop_column(column)
    _open_once("status = 'pending'")
    with op.batch_alter_table("orders") as batch:
        batch.drop_constraint(op.f("ck_orders_total_adds_up"), type_="check")
    _replace_check("orders", "amounts_not_negative", "subtotal_cents >= 0 AND total_cents >= 0")
    with op.batch_alter_table("orders") as batch:
        for column in (
            "discount_cents", "tax_cents", "prices_include_tax", "billing", "metadata", "payment_method",
            "payment_last4", "coupon_code",
        ):  # fmt: skip
            batch.drop_column(column)
