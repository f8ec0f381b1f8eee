"""Invoices and credit notes are numbered without gaps, and never changed or deleted.

Orders that were paid before get their invoices from the worker, in the order in which they were completed.

Revision: 0044, after 0043
"""

import uuid

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

ROWS = {"jobs": "+"}

FIXED = (
    "id", "kind", "series", "year", "place", "number", "order_id", "revision", "counters_id", "refund_id",
    "issued_on", "language", "currency", "net_cents", "tax_cents", "total_cents", "snapshot", "created_at",
)  # fmt: skip

MOMENT = tables.base.UtcDateTime(timezone=True)
jobs = sa.table(
    "jobs",
    sa.column("id", sa.Uuid()),
    sa.column("payload", sa.JSON()),
    sa.column("attempts", sa.Integer()),
    *(sa.column(name, sa.String()) for name in ("kind", "lane", "unique_key", "state")),
    *(sa.column(name, MOMENT) for name in ("run_after", "created_at", "updated_at")),
)

SQLITE = [
    """CREATE TRIGGER documents_kept BEFORE DELETE ON documents BEGIN
        SELECT RAISE(ABORT, 'documents are never deleted');
    END""",
    f"""CREATE TRIGGER documents_unchanged BEFORE UPDATE OF {", ".join(FIXED)} ON documents BEGIN
        SELECT RAISE(ABORT, 'documents are never changed');
    END""",
    """CREATE TRIGGER number_series_kept BEFORE DELETE ON number_series BEGIN
        SELECT RAISE(ABORT, 'number series are never deleted');
    END""",
    """CREATE TRIGGER number_series_counted BEFORE UPDATE ON number_series
        WHEN (new.series, new.year, new.last) <> (old.series, old.year, old.last + 1) BEGIN
        SELECT RAISE(ABORT, 'number series only count on');
    END""",
]

POSTGRESQL = [
    """CREATE FUNCTION documents_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'documents are never changed or deleted';
    END $$""",
    f"""CREATE TRIGGER documents_kept BEFORE DELETE OR UPDATE OF {", ".join(FIXED)} ON documents
        FOR EACH ROW EXECUTE FUNCTION documents_kept()""",
    """CREATE FUNCTION number_series_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND (new.series, new.year, new.last) = (old.series, old.year, old.last + 1) THEN
            RETURN new;
        END IF;
        RAISE EXCEPTION 'number series only count on';
    END $$""",
    """CREATE TRIGGER number_series_kept BEFORE UPDATE OR DELETE ON number_series
        FOR EACH ROW EXECUTE FUNCTION number_series_kept()""",
]


def upgrade() -> None:
    op.create_table(
        "number_series",
        sa.Column("series", sa.String(16), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.CheckConstraint("last > 0", name=op.f("ck_number_series_last_positive")),
        sa.PrimaryKeyConstraint("series", "year", name=op.f("pk_number_series")),
    )
    _create_documents()
    invoices, corrections = (
        sa.text("kind = 'invoice'"),
        sa.text("counters_id IS NOT NULL AND refund_id IS NULL"),
    )
    op.create_index(
        "uq_documents_order_id_revision", "documents", ["order_id", "revision"], unique=True,
        sqlite_where=invoices, postgresql_where=invoices,
    )  # fmt: skip
    op.create_index(
        "uq_documents_corrected_once", "documents", ["counters_id"], unique=True,
        sqlite_where=corrections, postgresql_where=corrections,
    )  # fmt: skip
    op.create_index("ix_documents_order_id", "documents", ["order_id"])
    op.create_index("ix_documents_counters_id", "documents", ["counters_id"])
    op.create_index("ix_documents_issued_on_id", "documents", ["issued_on", "id"])
    _issue_earlier()
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def _issue_earlier() -> None:
    """Enqueue the job that invoices the orders of before, where there are any."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM orders WHERE completed_at IS NOT NULL")):
        now = tables.base.now()
        op.bulk_insert(
            jobs,
            [
                {
                    "id": uuid.uuid4(), "kind": "issue_earlier_invoices", "lane": "quick", "payload": {},
                    "unique_key": "earlier_invoices", "state": "queued", "attempts": 0,
                    "run_after": now, "created_at": now, "updated_at": now,
                }
            ],
        )  # fmt: skip


def _create_documents() -> None:
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "invoice", "credit_note", name="document_kind", native_enum=False, create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("series", sa.String(16), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("counters_id", sa.Uuid(), nullable=True),
        sa.Column("refund_id", sa.Uuid(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("language", sa.String(16), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("net_cents", sa.Integer(), nullable=False),
        sa.Column("tax_cents", sa.Integer(), nullable=False),
        sa.Column("total_cents", sa.Integer(), nullable=False),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.Column("pdf_key", sa.String(255), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        *(
            sa.CheckConstraint(condition, name=op.f(f"ck_documents_{name}"))
            for name, condition in (
                ("counted_from_one", "place > 0 AND revision > 0"),
                ("amounts_not_negative", "net_cents >= 0 AND tax_cents >= 0"),
                ("total_adds_up", "total_cents = net_cents + tax_cents"),
                ("counters_something", "(kind = 'credit_note') = (counters_id IS NOT NULL)"),
                ("refund_credited", "refund_id IS NULL OR kind = 'credit_note'"),
            )
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_documents_{column}_{table}"), ondelete="RESTRICT"
            )
            for column, table in (("order_id", "orders"), ("counters_id", "documents"), ("refund_id", "refunds"))
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("number", name=op.f("uq_documents_number")),
        sa.UniqueConstraint("refund_id", name=op.f("uq_documents_refund_id")),
        sa.UniqueConstraint("series", "year", "place", name=op.f("uq_documents_series_year_place")),
    )


def downgrade() -> None:
    op.drop_table("documents")
    op.drop_table("number_series")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION documents_kept")
        op.execute("DROP FUNCTION number_series_kept")
