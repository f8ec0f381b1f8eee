"""Stripe's movements stand beside ours, with the checks that compare them and what they found.

Revision: 0058, after 0056
"""

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0058"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "books_checks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("since", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("until", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_read", sa.String(length=255), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("movements", sa.Integer(), nullable=False),
        sa.Column("started_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", tables.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("balances", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_books_checks")),
    )
    op.create_index("ix_books_checks_finished_at", "books_checks", ["finished_at"], unique=False)
    op.create_table(
        "stripe_movements",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=60), nullable=False),
        sa.Column("category", sa.String(length=60), nullable=False),
        sa.Column("source_id", sa.String(length=255), nullable=False),
        sa.Column("parent_id", sa.String(length=255), nullable=False),
        sa.Column("our_id", sa.String(length=255), nullable=False),
        sa.Column("gross_cents", sa.Integer(), nullable=False),
        sa.Column("fee_cents", sa.Integer(), nullable=False),
        sa.Column("net_cents", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("paid_cents", sa.Integer(), nullable=False),
        sa.Column("paid_currency", sa.String(length=3), nullable=False),
        sa.Column("moved_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("available_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "matched_kind",
            sa.Enum(
                "order",
                "refund",
                "dispute",
                "payout",
                name="matched_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("matched_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(matched_kind IS NULL) = (matched_id IS NULL)", name=op.f("ck_stripe_movements_match_whole")
        ),
        sa.CheckConstraint(
            "net_cents = gross_cents - fee_cents", name=op.f("ck_stripe_movements_net_adds_up")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_movements")),
    )
    op.create_index(
        "ix_stripe_movements_currency_net_cents", "stripe_movements", ["currency", "net_cents"], unique=False
    )
    op.create_index(
        "ix_stripe_movements_matched_id",
        "stripe_movements",
        ["matched_id", "matched_kind", "paid_cents", "paid_currency"],
        unique=False,
    )
    op.create_index(
        "ix_stripe_movements_moved_at",
        "stripe_movements",
        ["moved_at", "currency", "category", "gross_cents", "fee_cents"],
        unique=False,
    )
    op.create_index(op.f("ix_stripe_movements_source_id"), "stripe_movements", ["source_id"], unique=False)
    op.create_index(
        "ix_stripe_movements_unmatched",
        "stripe_movements",
        ["category", "moved_at"],
        unique=False,
        sqlite_where=sa.text("matched_id IS NULL"),
        postgresql_where=sa.text("matched_id IS NULL"),
    )
    op.create_index(
        "ix_stripe_movements_with_fee",
        "stripe_movements",
        ["moved_at", "id"],
        unique=False,
        sqlite_where=sa.text("fee_cents <> 0"),
        postgresql_where=sa.text("fee_cents <> 0"),
    )
    op.create_table(
        "books_findings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "payment_unknown",
                "payment_missing",
                "payment_differs",
                "refund_unknown",
                "refund_differs",
                "dispute_unknown",
                "dispute_differs",
                "transfer_unknown",
                "transfer_differs",
                "balance_differs",
                name="finding_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("creator_id", sa.Uuid(), nullable=True),
        sa.Column("found_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", tables.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("resolution", sa.String(length=1000), nullable=True),
        sa.Column("resolved_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(resolved_at IS NULL) = (resolution IS NULL)", name=op.f("ck_books_findings_resolution_ends")
        ),
        sa.ForeignKeyConstraint(
            ["creator_id"], ["users.id"], name=op.f("fk_books_findings_creator_id_users"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_books_findings_order_id_orders"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["resolved_by_id"],
            ["users.id"],
            name=op.f("fk_books_findings_resolved_by_id_users"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_books_findings")),
        sa.UniqueConstraint("key", name=op.f("uq_books_findings_key")),
    )
    op.create_index(op.f("ix_books_findings_creator_id"), "books_findings", ["creator_id"], unique=False)
    op.create_index(
        "ix_books_findings_open",
        "books_findings",
        ["found_at", "id"],
        unique=False,
        sqlite_where=sa.text("resolved_at IS NULL"),
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_index(op.f("ix_books_findings_order_id"), "books_findings", ["order_id"], unique=False)
    op.create_index("ix_books_findings_resolved_at_id", "books_findings", ["resolved_at", "id"], unique=False)
    op.create_index("ix_earnings_created_at_id", "earnings", ["created_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_earnings_created_at_id", "earnings")
    for name in ("books_findings", "stripe_movements", "books_checks"):
        op.drop_table(name)
