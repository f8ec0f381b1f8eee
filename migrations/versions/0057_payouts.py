"""Creators are paid: payouts with their lines, holds, runs, particulars and documents.

Documents are about an order or a payout.

Revision: 0057, after 0055
"""

import sqlalchemy as sa
from alembic import op

import tables.base
from migrations.support import add_check, drop_check, narrow_enum, widen_enum

revision = "0057"
down_revision = "0055"
branch_labels = None
depends_on = None

KINDS = [
    "review_received", "review_reply", "course_approved", "course_rejected", "course_expiring", "wished_sale",
    "refund", "application_decided", "report_decided", "course_opened", "bundle_asked", "bundle_grew",
]  # fmt: skip
DOCUMENTS = ["invoice", "credit_note"]
OF_PAYOUTS = ["self_billing", "settlement"]
ROWS = {"notifications": "+", "mail_preferences": "+"}  # on the way down those of the new kind go

MOMENT = tables.base.UtcDateTime(timezone=True)
FIXED = (
    "id", "kind", "series", "year", "place", "number", "order_id", "revision", "counters_id", "refund_id",
    "issued_on", "language", "currency", "net_cents", "tax_cents", "total_cents", "snapshot", "created_at",
)  # fmt: skip
OWED, UNPAID = "status IN ('pending', 'failed')", "(payout_id IS NULL) = (status = 'pending')"
SETTINGS = {
    "payout_day_range": "payout_day BETWEEN 1 AND 28",
    "payout_minimum_positive": "payout_minimum_cents > 0",
    "payout_vat_range": "payout_vat_bp BETWEEN 0 AND 9999",
}


def upgrade() -> None:
    _create_tables()
    _pay_earnings()
    _document_payouts()
    for table in ("notifications", "mail_preferences"):
        widen_enum(table, "kind", "notification_kind", [*KINDS, "payout"])
    op.add_column(
        "platform_settings", sa.Column("payout_day", sa.Integer(), nullable=False, server_default="1")
    )
    op.add_column(
        "platform_settings",
        sa.Column("payout_minimum_cents", sa.Integer(), nullable=False, server_default="1000"),
    )
    op.add_column("platform_settings", sa.Column("payout_vat_bp", sa.Integer(), nullable=True))
    for name, condition in SETTINGS.items():
        add_check("platform_settings", name, condition)


def downgrade() -> None:
    for name in SETTINGS:
        drop_check("platform_settings", name)
    for name in ("payout_vat_bp", "payout_minimum_cents", "payout_day"):
        op.drop_column("platform_settings", name)
    for table in ("notifications", "mail_preferences"):
        op.execute(f"DELETE FROM {table} WHERE kind = 'payout'")  # noqa: S608
        narrow_enum(table, "kind", "notification_kind", KINDS)
    _forget_documents()
    _forget_payments()
    for table in ("payout_holds", "payouts", "payout_runs", "payout_particulars"):
        op.drop_table(table)


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _id(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _cents(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _moments(*names: str, nullable: bool = False) -> list[sa.Column]:
    return [sa.Column(name, MOMENT, nullable=nullable) for name in names]


def _to(table: str, column: str, other: str, ondelete: str = "RESTRICT") -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)


def _checks(table: str, **conditions: str) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(text, name=op.f(f"ck_{table}_{name}")) for name, text in conditions.items()]


def _create_tables() -> None:
    op.create_table(
        "payout_particulars",
        _id("creator_id"),
        sa.Column("vat_status", _enum("vat_status", "none", "registered"), nullable=False),
        sa.Column("agreement", sa.String(500), nullable=False),
        *_moments("agreed_at", "created_at", "updated_at"),
        _to("payout_particulars", "creator_id", "users"),
        sa.PrimaryKeyConstraint("creator_id", name=op.f("pk_payout_particulars")),
    )
    op.create_table(
        "payout_runs",
        _id("id"),
        sa.Column("month", sa.String(7), nullable=True),
        _id("actor_id", nullable=True),
        *_moments("created_at"),
        _to("payout_runs", "actor_id", "users", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_runs")),
        sa.UniqueConstraint("month", name=op.f("uq_payout_runs_month")),
    )
    op.create_index("ix_payout_runs_created_at", "payout_runs", ["created_at"])
    _create_payouts()
    _create_holds()


def _create_payouts() -> None:
    op.create_table(
        "payouts",
        *(_id(name) for name in ("id", "creator_id", "run_id")),
        *_cents("amount_cents"),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("status", _enum("payout_status", "pending", "paid", "failed", "released"), nullable=False),
        *_cents("attempt"),
        sa.Column("idempotency_key", sa.String(80), nullable=False),
        sa.Column("destination", sa.String(255), nullable=False),
        sa.Column("stripe_transfer_id", sa.String(255), nullable=True),
        *_moments("period_start", "period_end"),
        *_cents("opening_cents", "closing_cents"),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("billing", "sums")),
        *_cents("vat_rate_bp"),
        *_moments("paid_at", nullable=True),
        sa.Column("failure", sa.String(500), nullable=True),
        *_cents("reversal_cents", "reversed_cents"),
        *_moments("created_at", "updated_at"),
        *_checks(
            "payouts",
            amount_positive="amount_cents > 0",
            paid_is_dated="(status = 'paid') = (paid_at IS NOT NULL)",
            paid_by_transfer="status <> 'paid' OR stripe_transfer_id IS NOT NULL",
            reversed_within_amount=(
                "reversed_cents BETWEEN 0 AND amount_cents AND reversal_cents BETWEEN 0 AND amount_cents"
            ),
        ),
        _to("payouts", "creator_id", "users"),
        _to("payouts", "run_id", "payout_runs"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payouts")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_payouts_idempotency_key")),
        sa.UniqueConstraint("stripe_transfer_id", name=op.f("uq_payouts_stripe_transfer_id")),
    )
    _index("uq_payouts_under_way", "payouts", ["creator_id", "currency"], "status = 'pending'", unique=True)
    op.create_index("ix_payouts_creator_id_created_at", "payouts", ["creator_id", "created_at", "id"])
    op.create_index("ix_payouts_status_created_at", "payouts", ["status", "created_at", "id"])
    op.create_index("ix_payouts_created_at_id", "payouts", ["created_at", "id"])
    op.create_index("ix_payouts_run_id_status", "payouts", ["run_id", "status", "currency", "amount_cents"])


def _create_holds() -> None:
    op.create_table(
        "payout_holds",
        *(_id(name) for name in ("id", "creator_id")),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column(
            "code",
            _enum(
                "hold_code", "negative", "minimum", "particulars", "vat_id", "vat_rate", "account",
                "suspended", "drift", "balance", "refused",
            ),
            nullable=False,
        ),
        _id("payout_id", nullable=True),
        sa.Column("detail", sa.String(500), nullable=False),
        *_moments("since"),
        *_moments("until", nullable=True),
        sa.Column("resolution", sa.String(200), nullable=True),
        *_checks("payout_holds", resolution_ends="(until IS NULL) = (resolution IS NULL)"),
        _to("payout_holds", "creator_id", "users"),
        _to("payout_holds", "payout_id", "payouts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_holds")),
    )  # fmt: skip
    _index(
        "uq_payout_holds_open", "payout_holds", ["creator_id", "currency", "code"], "until IS NULL",
        unique=True,
    )  # fmt: skip
    _index("ix_payout_holds_waiting", "payout_holds", ["since", "id"], "until IS NULL")
    op.create_index("ix_payout_holds_creator_id_since", "payout_holds", ["creator_id", "since"])


def _index(name: str, table: str, columns: list[str], where: str, unique: bool = False) -> None:
    some = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=some, postgresql_where=some)


def _pay_earnings() -> None:
    with op.batch_alter_table("earnings") as batch:
        batch.create_foreign_key(
            op.f("fk_earnings_payout_id_payouts"), "payouts", ["payout_id"], ["id"], ondelete="RESTRICT"
        )
    add_check("earnings", "unpaid_is_pending", UNPAID)
    op.create_index("ix_earnings_payout_id", "earnings", ["payout_id", "created_at", "id"])
    columns = ["creator_id", "currency", "available_at", "amount_cents", "status", "share_id"]
    _index("ix_earnings_owed", "earnings", columns, OWED)
    _index("ix_earnings_owed_newest", "earnings", ["creator_id", "created_at", "id"], OWED)
    _index("ix_purchases_disputed", "purchases", ["id"], "disputed_cents > 0")


def _forget_payments() -> None:
    op.drop_index("ix_purchases_disputed", "purchases")
    op.drop_index("ix_earnings_owed_newest", "earnings")
    op.drop_index("ix_earnings_owed", "earnings")
    op.drop_index("ix_earnings_payout_id", "earnings")
    drop_check("earnings", "unpaid_is_pending")
    op.execute("UPDATE earnings SET payout_id = NULL, status = 'pending'")
    with op.batch_alter_table("earnings") as batch:
        batch.drop_constraint(op.f("fk_earnings_payout_id_payouts"), type_="foreignkey")


def _document_payouts() -> None:
    with op.batch_alter_table("documents") as batch:
        batch.alter_column("order_id", existing_type=sa.Uuid(), nullable=True)
        batch.add_column(_id("payout_id", nullable=True))
        batch.create_foreign_key(
            op.f("fk_documents_payout_id_payouts"), "payouts", ["payout_id"], ["id"], ondelete="RESTRICT"
        )
        batch.create_unique_constraint(op.f("uq_documents_payout_id"), ["payout_id"])
    widen_enum("documents", "kind", "document_kind", [*DOCUMENTS, *OF_PAYOUTS])
    add_check("documents", "of_order_or_payout", "(order_id IS NULL) = (payout_id IS NOT NULL)")
    add_check(
        "documents", "payout_documented",
        "(payout_id IS NOT NULL) = (kind IN ('self_billing', 'settlement'))",
    )  # fmt: skip
    _guard((*FIXED, "payout_id"))


def _forget_documents() -> None:
    """Documents of payouts are never deleted: with any, this is refused."""
    _guard(FIXED)
    drop_check("documents", "payout_documented")
    drop_check("documents", "of_order_or_payout")
    narrow_enum("documents", "kind", "document_kind", DOCUMENTS)
    with op.batch_alter_table("documents") as batch:
        batch.drop_constraint(op.f("uq_documents_payout_id"), type_="unique")
        batch.drop_constraint(op.f("fk_documents_payout_id_payouts"), type_="foreignkey")
        batch.drop_column("payout_id")
        batch.alter_column("order_id", existing_type=sa.Uuid(), nullable=False)


def _guard(columns: tuple[str, ...]) -> None:
    """Make the trigger anew that refuses to change `columns` of a document."""
    names = ", ".join(columns)
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER documents_unchanged")
        op.execute(
            f"CREATE TRIGGER documents_unchanged BEFORE UPDATE OF {names} ON documents BEGIN"
            " SELECT RAISE(ABORT, 'documents are never changed'); END"
        )
    else:
        op.execute("DROP TRIGGER documents_kept ON documents")
        op.execute(
            f"CREATE TRIGGER documents_kept BEFORE DELETE OR UPDATE OF {names} ON documents"
            " FOR EACH ROW EXECUTE FUNCTION documents_kept()"
        )
