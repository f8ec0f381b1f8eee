"""Captions, chapters, titles of files and the preview film wait for approval, too.

Columns are only added: copying a table, as SQLite does for other changes, would take what refers to it along.

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("resources", sa.Column("proposed_title", sa.String(length=200), nullable=True))
    op.add_column("media_assets", sa.Column("proposed_chapters", sa.JSON(none_as_null=True), nullable=True))
    op.add_column(
        "media_assets",
        sa.Column("proposed_film", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_table(
        "proposed_captions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("vtt", sa.Text(), nullable=False),
        sa.Column("created_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"],
            ["media_assets.id"],
            name=op.f("fk_proposed_captions_asset_id_media_assets"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposed_captions")),
        sa.UniqueConstraint("asset_id", "language", name=op.f("uq_proposed_captions_asset_id_language")),
    )


def downgrade() -> None:
    op.drop_table("proposed_captions")
    op.drop_column("media_assets", "proposed_film")
    op.drop_column("media_assets", "proposed_chapters")
    op.drop_column("resources", "proposed_title")
