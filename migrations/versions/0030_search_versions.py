"""A search document tells by which rules its texts were cut into words.

Revision: 0030, after 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "search_documents", sa.Column("version", sa.String(length=40), server_default="none", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("search_documents", "version")
