"""People have one customer at Stripe, orders keep what their buyers agreed to, refunds name their line.

Revision: 0047, after 0046
"""

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("stripe_customer_id", sa.String(255)))
    op.create_index("uq_users_stripe_customer_id", "users", ["stripe_customer_id"], unique=True)
    with op.batch_alter_table("refunds") as batch:
        batch.add_column(sa.Column("purchase_id", sa.Uuid()))
        batch.create_foreign_key(
            op.f("fk_refunds_purchase_id_purchases"), "purchases", ["purchase_id"], ["id"], ondelete="RESTRICT"
        )
    op.create_index("ix_refunds_purchase_id", "refunds", ["purchase_id"])
    op.create_table(
        "order_consents",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("given_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('terms', 'delivery')", name=op.f("ck_order_consents_order_consent_kind")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_consents_order_id_orders"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("order_id", "kind", name=op.f("pk_order_consents")),
    )


def downgrade() -> None:
    op.drop_table("order_consents")
    op.drop_index("ix_refunds_purchase_id", "refunds")
    with op.batch_alter_table("refunds") as batch:
        batch.drop_constraint(op.f("fk_refunds_purchase_id_purchases"), type_="foreignkey")
        batch.drop_column("purchase_id")
    op.drop_index("uq_users_stripe_customer_id", "users")
    with op.batch_alter_table("users") as batch:
        batch.drop_column("stripe_customer_id")
