"""The sentence about changing one's mind is a setting.

Revision: 0038, after 0037
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

USUAL = "Changed your mind? Write to us within {days} of buying, and we’ll pay you back."


def upgrade() -> None:
    op.add_column(
        "platform_settings", sa.Column("refund_terms", sa.Text(), server_default=USUAL, nullable=False)
    )


def downgrade() -> None:
    with op.batch_alter_table("platform_settings") as batch:
        batch.drop_column("refund_terms")
