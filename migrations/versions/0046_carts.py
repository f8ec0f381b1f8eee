"""Carts of people and guests, and their lines.

Revision: 0046, after 0045
"""

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

MOMENT = tables.base.UtcDateTime(timezone=True)
ONCE = sa.text("recipient_email IS NULL AND removed_at IS NULL")
REMOVED = sa.text("removed_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "carts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("reminded_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_carts_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carts")),
        sa.UniqueConstraint("user_id", name=op.f("uq_carts_user_id")),
    )
    op.create_index("ix_carts_changed_at", "carts", ["changed_at"])
    op.create_table(
        "cart_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cart_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=False),
        sa.Column("recipient_email", sa.String(length=254), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("deliver_on", sa.Date(), nullable=True),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint("price_cents >= 0", name=op.f("ck_cart_items_price_not_negative")),
        sa.CheckConstraint(
            "recipient_email IS NOT NULL OR (message IS NULL AND deliver_on IS NULL)",
            name=op.f("ck_cart_items_gift_has_recipient"),
        ),
        sa.ForeignKeyConstraint(
            ["cart_id"], ["carts.id"], name=op.f("fk_cart_items_cart_id_carts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_cart_items_product_id_products"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cart_items")),
    )
    op.create_index(
        "uq_cart_items_once",
        "cart_items",
        ["cart_id", "product_id"],
        unique=True,
        sqlite_where=ONCE,
        postgresql_where=ONCE,
    )
    op.create_index("ix_cart_items_cart_id_created_at", "cart_items", ["cart_id", "created_at"])
    op.create_index("ix_cart_items_product_id", "cart_items", ["product_id"])
    op.create_index(
        "ix_cart_items_removed_at",
        "cart_items",
        ["removed_at"],
        sqlite_where=REMOVED,
        postgresql_where=REMOVED,
    )


def downgrade() -> None:
    op.drop_table("cart_items")
    op.drop_table("carts")
