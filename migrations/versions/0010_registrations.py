"""Registrations wait in a table of their own; linked identities know when they were used and removed.

Accounts whose address was never confirmed stay as they are: their owners can sign in, and whoever proves the
address, by registering or otherwise, takes the account over. Links that were mailed before open nothing.

Revision: 0010, after 0009
"""

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = tables.base.UtcDateTime(timezone=True)
NEW = ("last_used_at", "unlinked_at")
ROWS = {"oauth_accounts": "+"}  # on the way down: an identity that was removed must not open the account again


def upgrade() -> None:
    op.create_table(
        "registrations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", tables.base.bytewise(254), nullable=False),
        sa.Column("name", tables.base.bytewise(100), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("way_back", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_registrations_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registrations")),
    )
    for column in ("email", "expires_at", "user_id"):
        op.create_index(op.f(f"ix_registrations_{column}"), "registrations", [column])
    for column in NEW:
        op.add_column("oauth_accounts", sa.Column(column, MOMENT, nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM oauth_accounts WHERE unlinked_at IS NOT NULL")
    for column in NEW:
        op.drop_column("oauth_accounts", column)
    op.drop_table("registrations")
