"""Notes of moderators who went on without deciding are kept with the item.

Revision: 0016, after 0015
"""

import sqlalchemy as sa
from alembic import op


revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("moderation_items", sa.Column("jotted", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("moderation_items", "jotted")
