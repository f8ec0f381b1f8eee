"""What the worker knows of backups: those there are, those there were, and the tries that made none.

Revision: 0008, after 0007
"""

import sqlalchemy as sa
from alembic import op

import tables.base


revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "backup_records",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("made_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("revision", sa.String(length=40), nullable=False),
        sa.Column("database_bytes", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("file_bytes", sa.BigInteger(), nullable=False),
        sa.Column("encrypted", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("gone_at", tables.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("proved_at", tables.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("proof_ok", sa.Boolean(), nullable=True),
        sa.Column("proof_problems", sa.JSON(), nullable=False),
        sa.Column("proof_seconds", sa.Double(), nullable=True),
        sa.Column("created_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "name IS NOT NULL OR problem IS NOT NULL", name=op.f("ck_backup_records_made_or_failed")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backup_records")),
        sa.UniqueConstraint("name", name=op.f("uq_backup_records_name")),
    )
    op.create_index("ix_backup_records_made_at", "backup_records", ["made_at"])


def downgrade() -> None:
    op.drop_index("ix_backup_records_made_at", "backup_records")
    op.drop_table("backup_records")
