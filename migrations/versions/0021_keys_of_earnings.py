"""Each line of the creators' ledger has a key and belongs to a share; triggers keep it as it was booked.

Positive lines were sales. Whatever lowered one before is kept under its own id.

Revision: 0021, after 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

SQLITE = [
    """CREATE TRIGGER earnings_kept BEFORE DELETE ON earnings BEGIN
        SELECT RAISE(ABORT, 'earnings are never deleted');
    END""",
    """CREATE TRIGGER earnings_unchanged
        BEFORE UPDATE OF id, key, creator_id, share_id, amount_cents, currency, created_at ON earnings BEGIN
        SELECT RAISE(ABORT, 'earnings are never changed');
    END""",
]

POSTGRESQL = [
    """CREATE FUNCTION earnings_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND (new.id, new.key, new.creator_id, new.share_id, new.amount_cents, new.currency,
            new.created_at) = (old.id, old.key, old.creator_id, old.share_id, old.amount_cents, old.currency,
            old.created_at) THEN
            RETURN new;
        END IF;
        RAISE EXCEPTION 'earnings are never changed or deleted';
    END $$""",
    """CREATE TRIGGER earnings_kept BEFORE UPDATE OR DELETE ON earnings
        FOR EACH ROW EXECUTE FUNCTION earnings_kept()""",
]

FIRST_SALE = (
    "SELECT min({first}) FROM earnings AS other WHERE other.purchase_id = earnings.purchase_id"
    " AND other.amount_cents > 0"
)


def upgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    digits = "replace(cast({} AS text), '-', '')" if on_postgresql else "{}"
    op.add_column("earnings", sa.Column("share_id", sa.Uuid(), nullable=True))
    op.add_column("earnings", sa.Column("key", sa.String(length=160), nullable=True))
    # A second credit for a purchase, which the ledger check reports, keeps a key of its own.
    is_sale = f"amount_cents > 0 AND {digits.format('id')} = ({FIRST_SALE.format(first=digits.format('other.id'))})"
    op.execute(
        "UPDATE earnings SET share_id = purchase_id,"
        f" key = CASE WHEN {is_sale} THEN 'sale:' || {digits.format('purchase_id')}"
        f" ELSE 'undo:' || {digits.format('id')} END"
    )
    for column in ("purchase_id", "product_id"):
        op.drop_index(f"ix_earnings_{column}", "earnings")
    with op.batch_alter_table("earnings") as batch:
        batch.alter_column("share_id", existing_type=sa.Uuid(), nullable=False)
        batch.alter_column("key", existing_type=sa.String(length=160), nullable=False)
        batch.create_foreign_key(
            op.f("fk_earnings_share_id_purchase_shares"),
            "purchase_shares",
            ["share_id"],
            ["id"],
            ondelete="RESTRICT",
        )
        batch.create_unique_constraint(op.f("uq_earnings_key"), ["key"])
        for column, table in (("purchase_id", "purchases"), ("product_id", "products")):
            batch.drop_constraint(op.f(f"fk_earnings_{column}_{table}"), type_="foreignkey")
            batch.drop_column(column)
    op.create_index("ix_earnings_share_id", "earnings", ["share_id"])
    for statement in POSTGRESQL if on_postgresql else SQLITE:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("kept", "unchanged"):
            op.execute(f"DROP TRIGGER earnings_{name}")
    else:
        op.execute("DROP TRIGGER earnings_kept ON earnings")
        op.execute("DROP FUNCTION earnings_kept")
    for column, source in (("purchase_id", "purchase_id"), ("product_id", "course_id")):
        op.add_column("earnings", sa.Column(column, sa.Uuid(), nullable=True))
        op.execute(
            f"UPDATE earnings SET {column} ="
            f" (SELECT {source} FROM purchase_shares WHERE purchase_shares.id = earnings.share_id)"
        )
    op.drop_index("ix_earnings_share_id", "earnings")
    with op.batch_alter_table("earnings") as batch:
        batch.drop_constraint(op.f("fk_earnings_share_id_purchase_shares"), type_="foreignkey")
        batch.drop_constraint(op.f("uq_earnings_key"), type_="unique")
        batch.drop_column("share_id")
        batch.drop_column("key")
        for column, table in (("purchase_id", "purchases"), ("product_id", "products")):
            batch.alter_column(column, existing_type=sa.Uuid(), nullable=False)
            batch.create_foreign_key(
                op.f(f"fk_earnings_{column}_{table}"), table, [column], ["id"], ondelete="RESTRICT"
            )
    for column in ("purchase_id", "product_id"):
        op.create_index(f"ix_earnings_{column}", "earnings", [column])
