"""Days of products, coupons and the shop from view to sale.

Revision: 0052, after 0050
"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shop_days",
        sa.Column("date", sa.Date(), nullable=False),
        *_counts("views", "cart_adds", "checkouts", "paid", "codes_fitted", "codes_refused"),
        sa.PrimaryKeyConstraint("date", name=op.f("pk_shop_days")),
    )
    op.create_table(
        "product_days",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        *_counts("views", "cart_adds", "checkouts", "paid"),
        sa.Column("revenue_cents", sa.BigInteger(), nullable=False),
        _of("product_days", "product_id", "products"),
        sa.PrimaryKeyConstraint("product_id", "date", name=op.f("pk_product_days")),
    )
    op.create_index("ix_product_days_date", "product_days", ["date"])
    op.create_table(
        "product_periods",
        sa.Column("period", sa.String(length=3), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        *_counts("views", "cart_adds", "checkouts", "paid"),
        sa.Column("revenue_cents", sa.BigInteger(), nullable=False),
        sa.Column("views_per_sale", sa.Integer(), nullable=False),
        _of("product_periods", "product_id", "products"),
        sa.PrimaryKeyConstraint("period", "product_id", name=op.f("pk_product_periods")),
    )
    for name in ("revenue_cents", "views_per_sale"):
        op.create_index(f"ix_product_periods_{name}", "product_periods", ["period", name, "product_id"])
    op.create_table(
        "coupon_days",
        sa.Column("coupon_id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        *_counts("fitted", "taken", "paid"),
        sa.Column("discount_cents", sa.BigInteger(), nullable=False),
        sa.Column("revenue_cents", sa.BigInteger(), nullable=False),
        _of("coupon_days", "coupon_id", "coupons"),
        sa.PrimaryKeyConstraint("coupon_id", "date", name=op.f("pk_coupon_days")),
    )
    op.create_table(
        "coupon_refusal_days",
        sa.Column("coupon_id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        *_counts("times"),
        _of("coupon_refusal_days", "coupon_id", "coupons"),
        sa.PrimaryKeyConstraint("coupon_id", "date", "reason", name=op.f("pk_coupon_refusal_days")),
    )


def downgrade() -> None:
    for name in ("coupon_refusal_days", "coupon_days", "product_periods", "product_days", "shop_days"):
        op.drop_table(name)


def _counts(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _of(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{parent}"
    return sa.ForeignKeyConstraint([column], [f"{parent}.id"], name=op.f(name), ondelete="CASCADE")
