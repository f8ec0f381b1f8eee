"""Indexes of folded names, and of orders by their totals.

Revision: 0033, after 0032
"""

import sqlalchemy as sa

from migrations.support import create_large_index, drop_large_index

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_users_name_folded_id", "users", ["name_folded", "id"]),
    ("ix_users_role_name_folded_id", "users", ["role", "name_folded", "id"]),
    ("ix_users_surname_folded", "users", ["surname_folded"]),
    ("ix_orders_total_cents_id", "orders", ["total_cents", "id"]),
    ("ix_orders_status_total_cents_id", "orders", ["status", "total_cents", "id"]),
)


def upgrade() -> None:
    for name, table, columns in INDEXES:
        create_large_index(name, table, columns)
    drop_large_index("ix_users_name_lower", "users")


def downgrade() -> None:
    create_large_index("ix_users_name_lower", "users", [sa.text("lower(name)")])
    for name, table, _columns in INDEXES:
        drop_large_index(name, table)
