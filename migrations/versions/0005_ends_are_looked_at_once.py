"""A course that has come to its end is looked at once, and found by an index of those that are left.

Revision: 0005, after 0004
"""

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STILL_TO_END = sa.text("ended_at IS NULL OR ended_at <> expires_at")


def upgrade() -> None:
    op.add_column("courses", sa.Column("ended_at", tables.base.UtcDateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE courses SET ended_at = expires_at WHERE id IN"
        " (SELECT id FROM products WHERE status <> 'published' OR deleted_at IS NOT NULL)"
    )
    op.create_index(
        "ix_courses_still_to_end",
        "courses",
        ["expires_at"],
        sqlite_where=STILL_TO_END,
        postgresql_where=STILL_TO_END,
    )


def downgrade() -> None:
    op.drop_index("ix_courses_still_to_end", "courses")
    op.drop_column("courses", "ended_at")
