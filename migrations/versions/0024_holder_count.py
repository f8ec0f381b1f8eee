"""The count of a product's holders is called what it is.

Revision: 0024, after 0023
"""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE products RENAME COLUMN sales_count TO holder_count")


def downgrade() -> None:
    op.execute("ALTER TABLE products RENAME COLUMN holder_count TO sales_count")
