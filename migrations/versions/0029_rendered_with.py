"""The shop notes with which version of the renderer the HTML of its texts was made.

Revision: 0029, after 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "platform_settings", sa.Column("rendered_with", sa.Integer(), server_default="0", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("platform_settings", "rendered_with")
