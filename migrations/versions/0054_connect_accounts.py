"""Creators have an account at Stripe that they are paid to.

Revision: 0054, after 0053
"""

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

API = "api IN ('v1', 'v2')"
STATE = "state IN ('active', 'pending', 'restricted', 'unsupported')"
END = "ended IN ('disconnected', 'gone', 'replaced')"


def upgrade() -> None:
    op.create_table(
        "connect_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("creator_id", sa.Uuid(), nullable=False),
        sa.Column("stripe_account_id", sa.String(255), nullable=False),
        sa.Column("api", sa.String(32), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("requirements", sa.JSON(), nullable=False),
        sa.Column("may_sign_in", sa.Boolean(), nullable=False),
        sa.Column("synced_at", tables.base.UtcDateTime(timezone=True)),
        sa.Column("closed_at", tables.base.UtcDateTime(timezone=True)),
        sa.Column("ended", sa.String(32)),
        sa.Column("created_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(API, name=op.f("ck_connect_accounts_connect_api")),
        sa.CheckConstraint(STATE, name=op.f("ck_connect_accounts_connect_state")),
        sa.CheckConstraint(END, name=op.f("ck_connect_accounts_connect_end")),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (ended IS NULL)", name=op.f("ck_connect_accounts_end_whole")
        ),
        sa.ForeignKeyConstraint(
            ["creator_id"],
            ["users.id"],
            name=op.f("fk_connect_accounts_creator_id_users"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connect_accounts")),
        sa.UniqueConstraint("stripe_account_id", name=op.f("uq_connect_accounts_stripe_account_id")),
    )
    op.create_index(
        "uq_connect_accounts_open",
        "connect_accounts",
        ["creator_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_connect_accounts_creator_id_created_at", "connect_accounts", ["creator_id", "created_at"]
    )


def downgrade() -> None:
    op.drop_table("connect_accounts")
