"""Rates of exchange by quarter, for returns that are made in euros.

Revision: 0049, after 0048
"""

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "euro_rates",
        sa.Column("quarter", sa.String(length=7), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("millionths", sa.BigInteger(), nullable=False),
        sa.Column("created_at", tables.base.UtcDateTime(), nullable=False),
        sa.Column("updated_at", tables.base.UtcDateTime(), nullable=False),
        sa.CheckConstraint("millionths > 0", name=op.f("ck_euro_rates_rate_positive")),
        sa.PrimaryKeyConstraint("quarter", "currency", name=op.f("pk_euro_rates")),
    )


def downgrade() -> None:
    op.drop_table("euro_rates")
