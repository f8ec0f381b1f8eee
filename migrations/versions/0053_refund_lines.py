"""Refunds say which lines they pay back, why and by whom; what banks hold stands beside what was refunded.

A refund of one line becomes a refund with one line; its tax is that part of the line's. What it paid back was
never delivered, so it wasn't counted with the line before. Entries of the ledger may belong to no sale.

Revision: 0053, after 0052
"""

import uuid

import sqlalchemy as sa
from alembic import op

import tables.base
from migrations.support import add_check, drop_check, narrow_enum, widen_enum

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

STATUSES = ["pending", "succeeded", "failed", "canceled"]
WAITING = "status IN ('pending', 'requires_action')"
BOOKED = "status NOT IN ('failed', 'canceled')"
WITHIN = (
    "refunded_cents >= 0 AND disputed_cents >= 0"
    " AND refunded_cents + disputed_cents <= amount_cents + tax_cents"
)
UNCHANGED = "id, key, creator_id, share_id, amount_cents, currency, created_at"
SQLITE = """CREATE TRIGGER earnings_unchanged BEFORE UPDATE OF {0} ON earnings BEGIN
    SELECT RAISE(ABORT, 'earnings are never changed');
END"""
POSTGRESQL = """CREATE OR REPLACE FUNCTION earnings_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND ({new}) IS NOT DISTINCT FROM ({old}) THEN
        RETURN new;
    END IF;
    RAISE EXCEPTION 'earnings are never changed or deleted';
END $$"""


def upgrade() -> None:
    for name in ("disputed_cents", "returned_tax_cents"):
        op.add_column("purchases", sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0")))
    drop_check("purchases", "refund_within_amount")
    add_check("purchases", "refund_within_amount", WITHIN)
    add_check("purchases", "returned_tax_within_tax", "returned_tax_cents BETWEEN 0 AND tax_cents")
    _add_lines()
    _say_causes()
    _free_earnings()
    for name in ("refund_returns_coupon", "creators_refund"):
        op.add_column(
            "platform_settings", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
        )


def downgrade() -> None:
    for name in ("refund_returns_coupon", "creators_refund"):
        op.drop_column("platform_settings", name)
    _bind_earnings()
    _forget_causes()
    _drop_lines()
    drop_check("purchases", "returned_tax_within_tax")
    drop_check("purchases", "refund_within_amount")
    add_check("purchases", "refund_within_amount", "refunded_cents BETWEEN 0 AND amount_cents + tax_cents")
    for name in ("returned_tax_cents", "disputed_cents"):
        op.drop_column("purchases", name)


def _add_lines() -> None:
    op.create_table(
        "refund_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("purchase_id", sa.Uuid(), nullable=False),
        sa.Column("net_cents", sa.Integer(), nullable=False),
        sa.Column("tax_cents", sa.Integer(), nullable=False),
        sa.Column("gross_cents", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "net_cents >= 0 AND tax_cents >= 0", name=op.f("ck_refund_lines_amounts_not_negative")
        ),
        sa.CheckConstraint("gross_cents = net_cents + tax_cents", name=op.f("ck_refund_lines_gross_adds_up")),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["refunds.id"], name=op.f("fk_refund_lines_refund_id_refunds"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["purchase_id"],
            ["purchases.id"],
            name=op.f("fk_refund_lines_purchase_id_purchases"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_lines")),
        sa.UniqueConstraint("refund_id", "purchase_id", name=op.f("uq_refund_lines_refund_id_purchase_id")),
    )
    op.create_index("ix_refund_lines_purchase_id", "refund_lines", ["purchase_id"])
    refunds, lines, purchases = _tables()
    found = (
        sa.select(
            refunds.c.id, refunds.c.amount_cents, refunds.c.status, purchases.c.id, purchases.c.amount_cents,
            purchases.c.tax_cents,
        )
        .join(purchases, purchases.c.id == refunds.c.purchase_id)
        .order_by(refunds.c.id)
    )  # fmt: skip
    bind = op.get_bind()
    for refund_id, gross, status, purchase_id, net_paid, tax_paid in bind.execute(found).all():
        tax = (2 * gross * tax_paid + net_paid + tax_paid) // (2 * max(1, net_paid + tax_paid))
        amounts = {"net_cents": gross - tax, "tax_cents": tax, "gross_cents": gross}
        bind.execute(
            lines.insert().values(id=uuid.uuid4(), refund_id=refund_id, purchase_id=purchase_id, **amounts)
        )
        if status not in ("failed", "canceled"):
            bind.execute(
                purchases.update()
                .where(purchases.c.id == purchase_id)
                .values(refunded_cents=gross, returned_tax_cents=tax)
            )


def _say_causes() -> None:
    """Set the causes, before what tells them goes."""
    causes = sa.Enum(
        "undeliverable", "double_payment", "policy", "withdrawal", "admin", "creator", "stripe",
        name="refund_cause", native_enum=False, create_constraint=False, length=32,
    )  # fmt: skip
    op.add_column("refunds", sa.Column("cause", causes, nullable=True))
    op.execute(
        "UPDATE refunds SET cause ="
        " CASE WHEN purchase_id IS NULL THEN 'double_payment' ELSE 'undeliverable' END"
    )
    op.drop_index("ix_refunds_purchase_id", "refunds")
    with op.batch_alter_table("refunds") as batch:
        batch.drop_constraint(op.f("fk_refunds_purchase_id_purchases"), type_="foreignkey")
        batch.drop_column("purchase_id")
        batch.alter_column("cause", existing_type=causes, nullable=False)
        batch.create_check_constraint(
            op.f("ck_refunds_refund_cause"), sa.text(f"cause IN ({_quoted(causes.enums)})")
        )
        batch.drop_constraint(op.f("ck_refunds_amount_positive"), type_="check")
        batch.create_check_constraint(op.f("ck_refunds_amount_not_negative"), sa.text("amount_cents >= 0"))
        batch.add_column(sa.Column("actor_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_refunds_actor_id_users"), "users", ["actor_id"], ["id"], ondelete="RESTRICT"
        )
        batch.add_column(sa.Column("decided_at", tables.base.UtcDateTime(timezone=True), nullable=True))
    op.execute("UPDATE refunds SET decided_at = updated_at WHERE status <> 'pending'")
    widen_enum("refunds", "status", "refund_status", ["pending", "requires_action", *STATUSES[1:]])
    where = {f"{name}_where": sa.text(WAITING) for name in ("sqlite", "postgresql")}
    op.create_index("ix_refunds_waiting", "refunds", ["updated_at"], **where)
    op.create_index("ix_refunds_created_at_id", "refunds", ["created_at", "id"])


def _free_earnings() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    with op.batch_alter_table("earnings") as batch:
        batch.alter_column("share_id", existing_type=sa.Uuid(), nullable=True)
        batch.add_column(sa.Column("payout_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("note", sa.String(500), nullable=False, server_default=""))
    with op.batch_alter_table("earnings") as batch:
        batch.alter_column("note", existing_type=sa.String(500), server_default=None)
    _guard(f"{UNCHANGED}, note", on_postgresql)


def _bind_earnings() -> None:
    """Entries without a share have no place in the former ledger: with any, this is refused."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    _guard(UNCHANGED, on_postgresql)
    with op.batch_alter_table("earnings") as batch:
        batch.drop_column("note")
        batch.drop_column("payout_id")
        batch.alter_column("share_id", existing_type=sa.Uuid(), nullable=False)


def _guard(columns: str, on_postgresql: bool) -> None:
    if on_postgresql:
        names = columns.split(", ")
        old, new = (", ".join(f"{row}.{name}" for name in names) for row in ("old", "new"))
        op.execute(POSTGRESQL.format(old=old, new=new))
    else:
        op.execute("DROP TRIGGER earnings_unchanged")
        op.execute(SQLITE.format(columns))


def _forget_causes() -> None:
    op.drop_index("ix_refunds_created_at_id", "refunds")
    op.drop_index("ix_refunds_waiting", "refunds")
    op.execute("UPDATE refunds SET status = 'pending' WHERE status = 'requires_action'")
    narrow_enum("refunds", "status", "refund_status", STATUSES)
    op.add_column("refunds", sa.Column("purchase_id", sa.Uuid(), nullable=True))
    op.execute(
        "UPDATE refunds SET purchase_id ="
        " (SELECT purchase_id FROM refund_lines WHERE refund_lines.refund_id = refunds.id"
        " ORDER BY refund_lines.id LIMIT 1)"
    )
    with op.batch_alter_table("refunds") as batch:
        batch.drop_column("decided_at")
        batch.drop_constraint(op.f("fk_refunds_actor_id_users"), type_="foreignkey")
        batch.drop_column("actor_id")
        batch.drop_constraint(op.f("ck_refunds_amount_not_negative"), type_="check")
        batch.create_check_constraint(op.f("ck_refunds_amount_positive"), sa.text("amount_cents > 0"))
        batch.drop_constraint(op.f("ck_refunds_refund_cause"), type_="check")
        batch.drop_column("cause")
        batch.create_foreign_key(
            op.f("fk_refunds_purchase_id_purchases"), "purchases", ["purchase_id"], ["id"], ondelete="RESTRICT"
        )
    op.create_index("ix_refunds_purchase_id", "refunds", ["purchase_id"])


def _drop_lines() -> None:
    op.drop_table("refund_lines")


def _tables() -> tuple[sa.TableClause, sa.TableClause, sa.TableClause]:
    def table(name: str, ids: str, numbers: str, *others: str) -> sa.TableClause:
        columns = [sa.column(one, sa.Uuid()) for one in ids.split()]
        columns += [sa.column(one, sa.Integer()) for one in numbers.split()]
        return sa.table(name, *columns, *(sa.column(one, sa.String()) for one in others))

    return (
        table("refunds", "id purchase_id", "amount_cents", "status"),
        table("refund_lines", "id refund_id purchase_id", "net_cents tax_cents gross_cents"),
        table("purchases", "id", "amount_cents tax_cents refunded_cents returned_tax_cents"),
    )


def _quoted(values: list[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)
