"""What was typed by somebody who is signed out is kept for a day.

Revision: 0009, after 0008
"""

import sqlalchemy as sa
from alembic import op

import tables.base


revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "held_posts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("browser", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=24), nullable=False),
        sa.Column("path", sa.String(length=2000), nullable=False),
        sa.Column("page", sa.String(length=2000), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("has_files", sa.Boolean(), nullable=False),
        sa.Column("at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("offered_at", tables.base.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_posts")),
    )
    op.create_index("ix_held_posts_browser_at", "held_posts", ["browser", "at"])
    op.create_index(op.f("ix_held_posts_at"), "held_posts", ["at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_held_posts_at"), "held_posts")
    op.drop_index("ix_held_posts_browser_at", "held_posts")
    op.drop_table("held_posts")
