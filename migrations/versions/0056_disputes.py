"""Disputes, what Stripe moved for them, and warnings of fraud; documents that a dispute causes; paused access.

Revision: 0056, after 0057
"""

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0056"
down_revision = "0057"
branch_labels = None
depends_on = None

MOMENT = tables.base.UtcDateTime(timezone=True)
FIXED = (
    "id", "kind", "series", "year", "place", "number", "order_id", "revision", "counters_id", "refund_id",
    "issued_on", "language", "currency", "net_cents", "tax_cents", "total_cents", "snapshot", "created_at",
    "payout_id",
)  # fmt: skip
TO_ANSWER = "status IN ('needs_response', 'warning_needs_response', 'appeal_needs_response')"
CORRECTIONS = "counters_id IS NOT NULL AND refund_id IS NULL"


def upgrade() -> None:
    _create_disputes()
    _create_movements()
    op.add_column("access_grants", sa.Column("paused_at", MOMENT))
    op.add_column(
        "platform_settings",
        sa.Column("pause_disputed", sa.Boolean(), server_default=sa.true(), nullable=False),
    )
    with op.batch_alter_table("documents") as batch:
        batch.add_column(sa.Column("dispute_id", sa.Uuid()))
        batch.create_foreign_key(
            op.f("fk_documents_dispute_id_disputes"), "disputes", ["dispute_id"], ["id"], ondelete="RESTRICT"
        )
        batch.create_check_constraint(
            op.f("ck_documents_one_cause"), sa.text("dispute_id IS NULL OR refund_id IS NULL")
        )
    op.create_index("ix_documents_dispute_id", "documents", ["dispute_id"])
    _index_corrections(f"{CORRECTIONS} AND dispute_id IS NULL")
    _guard_documents((*FIXED, "dispute_id"))


def _create_disputes() -> None:
    op.create_table(
        "disputes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("stripe_dispute_id", sa.String(255), nullable=False),
        sa.Column("payment_intent_id", sa.String(255), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("reason", sa.String(60), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("is_inquiry", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_lost", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("disputed_at", MOMENT, nullable=False),
        sa.Column("due_by", MOMENT),
        sa.Column("synced_at", MOMENT, nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("collected_at", MOMENT),
        sa.Column("evidence_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("saved_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("submit_at", MOMENT),
        sa.Column("submitted_at", MOMENT),
        sa.Column("refusal", sa.String(500), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint("amount_cents >= 0", name=op.f("ck_disputes_amount_not_negative")),
        sa.CheckConstraint("evidence_version >= saved_version", name=op.f("ck_disputes_saved_after_writing")),
        _to("disputes", "order_id", "orders"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sa.UniqueConstraint("stripe_dispute_id", name=op.f("uq_disputes_stripe_dispute_id")),
    )
    op.create_index("ix_disputes_order_id", "disputes", ["order_id"])
    op.create_index("ix_disputes_disputed_at_id", "disputes", ["disputed_at", "id"])
    op.create_index("ix_disputes_status_disputed_at_id", "disputes", ["status", "disputed_at", "id"])
    op.create_index(
        "ix_disputes_to_answer", "disputes", ["due_by", "id"],
        sqlite_where=sa.text(TO_ANSWER), postgresql_where=sa.text(TO_ANSWER),
    )  # fmt: skip
    op.create_table(
        "fraud_warnings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("stripe_warning_id", sa.String(255), nullable=False),
        sa.Column("fraud_type", sa.String(60), nullable=False),
        sa.Column("is_actionable", sa.Boolean(), nullable=False),
        sa.Column("warned_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        _to("fraud_warnings", "order_id", "orders"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fraud_warnings")),
        sa.UniqueConstraint("stripe_warning_id", name=op.f("uq_fraud_warnings_stripe_warning_id")),
    )
    op.create_index("ix_fraud_warnings_order_id", "fraud_warnings", ["order_id"])


def _create_movements() -> None:
    op.create_table(
        "dispute_movements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dispute_id", sa.Uuid(), nullable=False),
        sa.Column("balance_transaction_id", sa.String(255), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("fee_cents", sa.Integer(), nullable=False),
        sa.Column("fee_currency", sa.String(3), nullable=False),
        sa.Column("moved_at", MOMENT, nullable=False),
        _to("dispute_movements", "dispute_id", "disputes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute_movements")),
        sa.UniqueConstraint(
            "balance_transaction_id", name=op.f("uq_dispute_movements_balance_transaction_id")
        ),
    )
    op.create_index("ix_dispute_movements_dispute_id", "dispute_movements", ["dispute_id"])
    op.create_table(
        "dispute_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("movement_id", sa.Uuid(), nullable=False),
        sa.Column("purchase_id", sa.Uuid(), nullable=False),
        sa.Column("net_cents", sa.Integer(), nullable=False),
        sa.Column("tax_cents", sa.Integer(), nullable=False),
        sa.Column("gross_cents", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "net_cents + tax_cents = gross_cents", name=op.f("ck_dispute_lines_gross_adds_up")
        ),
        _to("dispute_lines", "movement_id", "dispute_movements"),
        _to("dispute_lines", "purchase_id", "purchases"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute_lines")),
        sa.UniqueConstraint(
            "movement_id", "purchase_id", name=op.f("uq_dispute_lines_movement_id_purchase_id")
        ),
    )
    op.create_index("ix_dispute_lines_purchase_id", "dispute_lines", ["purchase_id"])


def _to(table: str, column: str, referred: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{referred}")
    return sa.ForeignKeyConstraint([column], [f"{referred}.id"], name=name, ondelete="RESTRICT")


def _index_corrections(condition: str) -> None:
    op.drop_index("uq_documents_corrected_once", "documents")
    op.create_index(
        "uq_documents_corrected_once", "documents", ["counters_id"], unique=True,
        sqlite_where=sa.text(condition), postgresql_where=sa.text(condition),
    )  # fmt: skip


def _guard_documents(columns: tuple[str, ...]) -> None:
    """Have the trigger that keeps documents as they are watch these columns."""
    fixed = ", ".join(columns)
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER documents_unchanged")
        op.execute(
            f"""CREATE TRIGGER documents_unchanged BEFORE UPDATE OF {fixed} ON documents BEGIN
        SELECT RAISE(ABORT, 'documents are never changed');
    END"""
        )
        return
    op.execute("DROP TRIGGER documents_kept ON documents")
    op.execute(
        f"""CREATE TRIGGER documents_kept BEFORE DELETE OR UPDATE OF {fixed} ON documents
        FOR EACH ROW EXECUTE FUNCTION documents_kept()"""
    )


def downgrade() -> None:
    _guard_documents(FIXED)
    _index_corrections(CORRECTIONS)
    op.drop_index("ix_documents_dispute_id", "documents")
    with op.batch_alter_table("documents") as batch:
        batch.drop_constraint(op.f("ck_documents_one_cause"), type_="check")
        batch.drop_constraint(op.f("fk_documents_dispute_id_disputes"), type_="foreignkey")
        batch.drop_column("dispute_id")
    with op.batch_alter_table("platform_settings") as batch:
        batch.drop_column("pause_disputed")
    with op.batch_alter_table("access_grants") as batch:
        batch.drop_column("paused_at")
    for table in ("dispute_lines", "dispute_movements", "fraud_warnings", "disputes"):
        op.drop_table(table)
