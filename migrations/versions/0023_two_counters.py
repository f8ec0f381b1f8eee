"""Sales and holders of a product are two counts: what is free or given has holders, but was never sold.

Revision: 0023, after 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("products", sa.Column("purchase_count", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE products SET purchase_count = (SELECT count(*) FROM purchases"
        " WHERE purchases.product_id = products.id AND purchases.status = 'completed')"
    )
    with op.batch_alter_table("products") as batch:
        batch.alter_column("purchase_count", existing_type=sa.Integer(), nullable=False)


def downgrade() -> None:
    op.drop_column("products", "purchase_count")
