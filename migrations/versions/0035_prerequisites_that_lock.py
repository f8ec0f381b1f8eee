"""A prerequisite is advice, or a lock since some moment; those that exist become advice.

Whoever paid for a course was never told that it would be locked (docs/decisions/0034).

Revision: 0035, after 0034
"""

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "course_prerequisites", sa.Column("locks_since", tables.base.UtcDateTime(timezone=True), nullable=True)
    )


def downgrade() -> None:
    with op.batch_alter_table("course_prerequisites") as batch:
        batch.drop_column("locks_since")
