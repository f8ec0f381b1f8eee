"""Email has a purpose, a key and a condition; consent to marketing is kept.

Sale notices were notifications so far: they become marketing. Other notifications that still wait get the
condition by which the code asked for the reader's preference.

Revision: 0025, after 0024
"""

import sqlalchemy as sa
from alembic import op

import tables.base
from migrations.support import add_check, drop_check

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

SOURCES = sa.Enum("account", name="consent_source", native_enum=False, create_constraint=True, length=32)
ENDS = sa.Enum(
    "account", "unsubscribe_link", "handover",
    name="consent_end", native_enum=False, create_constraint=True, length=32,
)  # fmt: skip
KIND = {"sqlite": "json_extract(data, '$.kind')", "postgresql": "data ->> 'kind'"}


def upgrade() -> None:
    op.add_column(
        "email_messages",
        sa.Column("purpose", sa.String(length=32), server_default="transactional", nullable=False),
    )
    op.add_column("email_messages", sa.Column("key", sa.String(length=200), nullable=True))
    op.add_column("email_messages", sa.Column("condition", sa.String(length=60), nullable=True))
    op.add_column("email_messages", sa.Column("condition_data", sa.JSON(), nullable=True))
    kind = KIND[op.get_bind().dialect.name]
    op.execute(
        "UPDATE email_messages SET purpose = 'marketing'"
        f" WHERE template = 'notification' AND {kind} = 'wished_sale'"
    )
    about = f"""'{{"kind": "' || ({kind}) || '"}}'"""
    if op.get_bind().dialect.name == "postgresql":
        about = f"CAST({about} AS json)"
    op.execute(
        f"UPDATE email_messages SET condition = 'notification_is_wanted', condition_data = {about}"
        " WHERE template = 'notification' AND status IN ('pending', 'failed')"
        f" AND purpose = 'transactional' AND {kind} IS NOT NULL"
    )
    add_check("email_messages", "mail_purpose", "purpose IN ('transactional', 'marketing', 'digest')")
    op.create_table(
        "marketing_consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("wording", sa.String(length=300), nullable=False),
        sa.Column("given_at", tables.base.UtcDateTime(), nullable=False),
        sa.Column("given_by", SOURCES, nullable=False),
        sa.Column("withdrawn_at", tables.base.UtcDateTime(), nullable=True),
        sa.Column("withdrawn_by", ENDS, nullable=True),
        sa.Column("created_at", tables.base.UtcDateTime(), nullable=False),
        sa.Column("updated_at", tables.base.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name=op.f("ck_marketing_consents_withdrawal_whole")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_marketing_consents_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marketing_consents")),
    )
    op.create_index("ix_marketing_consents_user_id_given_at", "marketing_consents", ["user_id", "given_at"])
    standing = sa.text("withdrawn_at IS NULL")
    op.create_index(
        "uq_marketing_consents_standing", "marketing_consents", ["user_id"], unique=True,
        sqlite_where=standing, postgresql_where=standing,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("marketing_consents")
    drop_check("email_messages", "mail_purpose")
    with op.batch_alter_table("email_messages") as batch:
        for column in ("condition_data", "condition", "key", "purpose"):
            batch.drop_column(column)
