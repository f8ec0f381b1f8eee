"""A second factor with its recovery codes, and when a device last proved who uses it.

Columns are only added: copying a table, as SQLite does for other changes, would take what refers to it along.

Revision: 0011, after 0010
"""

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "user_sessions", sa.Column("proved_at", tables.base.UtcDateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "platform_settings",
        sa.Column("admin_second_factor", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column(
        "platform_settings", sa.Column("admin_idle_minutes", sa.Integer(), server_default="60", nullable=False)
    )
    op.create_table(
        "second_factors",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("confirmed_at", tables.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_second_factors_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factors")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", tables.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
        sa.UniqueConstraint("user_id", "code_hash", name=op.f("uq_recovery_codes_user_id_code_hash")),
    )


def downgrade() -> None:
    op.drop_table("recovery_codes")
    op.drop_table("second_factors")
    op.drop_column("platform_settings", "admin_idle_minutes")
    op.drop_column("platform_settings", "admin_second_factor")
    op.drop_column("user_sessions", "proved_at")
