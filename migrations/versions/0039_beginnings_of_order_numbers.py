"""Orders are found by the beginning of their number, in an index that compares bytewise.

Revision: 0039, after 0038
"""

import sqlalchemy as sa
from alembic import op

from migrations.support import create_large_index, drop_large_index

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

NAME = "ix_orders_number_beginning"


def upgrade() -> None:
    bytewise = op.get_bind().dialect.name != "postgresql"
    create_large_index(NAME, "orders", ["number" if bytewise else sa.text("number varchar_pattern_ops")])


def downgrade() -> None:
    drop_large_index(NAME, "orders")
