"""What was decided about a review outlives it; the pages of courses wait for approval; decisions can be undone.

A review that is hidden at this moment stays hidden, also when nobody has decided about it yet, and now binds its
author: nothing that an admin hasn't seen comes back by itself.

Revision: 0012, after 0011
"""

from hashlib import sha256

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ROWS = {"review_standings": "+"}

STANDING = sa.Enum("reported", "hidden", "approved", name="standing", native_enum=False, length=32)


def upgrade() -> None:
    standings = op.create_table(
        "review_standings",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("standing", STANDING, nullable=False),
        sa.Column("words", sa.String(length=64), nullable=False),
        sa.Column("dismissed", sa.JSON(), nullable=False),
        sa.Column("created_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "standing IN ('reported', 'hidden', 'approved')", name=op.f("ck_review_standings_standing")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_review_standings_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["products.id"],
            name=op.f("fk_review_standings_product_id_products"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "product_id", name=op.f("pk_review_standings")),
    )
    op.create_index("ix_review_standings_product_id", "review_standings", ["product_id"])
    op.add_column("courses", sa.Column("draft", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("courses", sa.Column("approved", sa.JSON(none_as_null=True), nullable=True))
    op.add_column(
        "courses", sa.Column("off_with_creator", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("creator_profiles", sa.Column("draft", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("modules", sa.Column("draft", sa.JSON(none_as_null=True), nullable=True))
    op.add_column(
        "platform_settings",
        sa.Column("held_words", sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
    )
    op.add_column("moderation_items", sa.Column("decision", sa.JSON(none_as_null=True), nullable=True))
    op.add_column(
        "moderation_items",
        sa.Column("effective_at", tables.base.UtcDateTime(timezone=True), nullable=True),
    )
    _carry_over(standings)


def _carry_over(standings: sa.Table) -> None:
    """Bind the authors of what is hidden and of what was approved."""
    reviews = sa.table(
        "reviews",
        sa.column("user_id", sa.Uuid()),
        sa.column("product_id", sa.Uuid()),
        sa.column("comment", sa.Text()),
        sa.column("flagged", sa.Boolean()),
        sa.column("approved", sa.Boolean()),
        sa.column("updated_at", tables.base.UtcDateTime(timezone=True)),
    )
    connection = op.get_bind()
    decided = sa.or_(reviews.c.flagged.is_(True), reviews.c.approved.is_(True))
    for row in connection.execute(sa.select(reviews).where(decided)).all():
        words = sha256(row.comment.encode()).hexdigest() if row.approved else ""
        connection.execute(
            standings.insert().values(
                user_id=row.user_id,
                product_id=row.product_id,
                standing="approved" if row.approved else "hidden",
                words=words,
                dismissed=[],
                created_at=row.updated_at,
                updated_at=row.updated_at,
            )
        )


def downgrade() -> None:
    op.drop_column("moderation_items", "effective_at")
    op.drop_column("moderation_items", "decision")
    op.drop_column("platform_settings", "held_words")
    op.drop_column("modules", "draft")
    op.drop_column("creator_profiles", "draft")
    op.drop_column("courses", "off_with_creator")
    op.drop_column("courses", "approved")
    op.drop_column("courses", "draft")
    op.drop_index("ix_review_standings_product_id", "review_standings")
    op.drop_table("review_standings")
