"""Lines of orders are given away: to whom, when, and what has become of it.

Revision: 0045, after 0044
"""

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

ROWS = {"gifts": "+"}

MOMENT = tables.base.UtcDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "gifts",
        sa.Column("purchase_id", sa.Uuid(), nullable=False),
        sa.Column("sender_id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.Column("deliver_on", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("mailed_at", MOMENT, nullable=True),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("next_mail_at", MOMENT, nullable=True),
        sa.Column("claimed_by_id", sa.Uuid(), nullable=True),
        sa.Column("claimed_at", MOMENT, nullable=True),
        sa.Column("exchanged_from_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "(claimed_by_id IS NULL) = (claimed_at IS NULL)", name=op.f("ck_gifts_claim_whole")
        ),
        sa.CheckConstraint("reminders BETWEEN 0 AND 3", name=op.f("ck_gifts_reminders_counted")),
        sa.CheckConstraint(
            "next_mail_at IS NULL OR (claimed_at IS NULL AND ended_at IS NULL)", name=op.f("ck_gifts_mail_waits")
        ),
        sa.ForeignKeyConstraint(
            ["purchase_id"], ["purchases.id"], name=op.f("fk_gifts_purchase_id_purchases"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["sender_id"], ["users.id"], name=op.f("fk_gifts_sender_id_users"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["claimed_by_id"], ["users.id"], name=op.f("fk_gifts_claimed_by_id_users"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["exchanged_from_id"], ["products.id"], name=op.f("fk_gifts_exchanged_from_id_products"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("purchase_id", name=op.f("pk_gifts")),
    )  # fmt: skip
    op.create_index("ix_gifts_sender_id_created_at", "gifts", ["sender_id", "created_at"])
    op.create_index("ix_gifts_claimed_by_id_claimed_at", "gifts", ["claimed_by_id", "claimed_at"])
    op.create_index(op.f("ix_gifts_exchanged_from_id"), "gifts", ["exchanged_from_id"])
    waits = sa.text("next_mail_at IS NOT NULL")
    op.create_index(
        "ix_gifts_next_mail_at", "gifts", ["next_mail_at"], sqlite_where=waits, postgresql_where=waits
    )


def downgrade() -> None:
    op.drop_table("gifts")
