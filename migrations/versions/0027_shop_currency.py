"""The shop has a currency: that of most of its products, or US dollars.

Revision: 0027, after 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "platform_settings", sa.Column("currency", sa.String(3), nullable=False, server_default="usd")
    )
    op.execute(
        "UPDATE platform_settings SET currency = coalesce((SELECT lower(currency) FROM products"
        " GROUP BY lower(currency) ORDER BY count(*) DESC, lower(currency) LIMIT 1), 'usd')"
    )


def downgrade() -> None:
    with op.batch_alter_table("platform_settings") as batch:
        batch.drop_column("currency")
