"""Courses know over which lessons their learners' progress was last counted.

Revision: 0014, after 0013
"""

import sqlalchemy as sa
from alembic import op


revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("courses", sa.Column("lessons_counted", sa.String(length=32), nullable=True))


def downgrade() -> None:
    op.drop_column("courses", "lessons_counted")
