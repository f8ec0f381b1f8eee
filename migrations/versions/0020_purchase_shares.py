"""Shares say what each line of an order pays to whom; its owner stands beside who paid.

A share belongs to the creator who earned from the purchase, whoever the product belongs to today. So far
each purchase has one, which takes its id.

Revision: 0020, after 0019
"""

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

ROWS = {"purchase_shares": "+"}

COMPLETED = sa.text("status = 'completed'")
NOT_NEGATIVE = "list_cents >= 0 AND amount_cents >= 0 AND platform_fee_cents >= 0 AND creator_amount_cents >= 0"


def upgrade() -> None:
    # First, because it keeps others from writing purchases, none of which may stay without shares.
    op.add_column("purchases", sa.Column("owner_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE purchases SET owner_id = user_id")
    _create_shares()
    op.execute(
        "INSERT INTO purchase_shares (id, purchase_id, creator_id, course_id, list_cents, amount_cents,"
        " platform_fee_cents, creator_amount_cents, created_at, updated_at)"
        " SELECT purchases.id, purchases.id, coalesce((SELECT earnings.creator_id FROM earnings"
        " WHERE earnings.purchase_id = purchases.id ORDER BY earnings.amount_cents DESC, earnings.id LIMIT 1),"
        " products.creator_id), purchases.product_id, purchases.price_cents, purchases.amount_cents,"
        " purchases.platform_fee_cents, purchases.creator_amount_cents, purchases.created_at,"
        " purchases.updated_at"
        " FROM purchases JOIN products ON products.id = purchases.product_id"
    )
    op.drop_index("uq_purchases_owned_once", "purchases")
    with op.batch_alter_table("purchases") as batch:
        batch.alter_column("owner_id", existing_type=sa.Uuid(), nullable=False)
        batch.create_foreign_key(
            op.f("fk_purchases_owner_id_users"), "users", ["owner_id"], ["id"], ondelete="RESTRICT"
        )
        batch.drop_constraint(op.f("ck_purchases_split_adds_up"), type_="check")
        batch.drop_constraint(op.f("ck_purchases_amounts_not_negative"), type_="check")
        batch.create_check_constraint(op.f("ck_purchases_amounts_not_negative"), "amount_cents >= 0")
        batch.drop_column("platform_fee_cents")
        batch.drop_column("creator_amount_cents")
    _own_once(["product_id", "owner_id"])


def _create_shares() -> None:
    op.create_table(
        "purchase_shares",
        *(
            sa.Column(name, sa.Uuid(), nullable=False)
            for name in ("id", "purchase_id", "creator_id", "course_id")
        ),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("list_cents", "amount_cents", "platform_fee_cents", "creator_amount_cents")
        ),
        *(
            sa.Column(name, tables.base.UtcDateTime(timezone=True), nullable=False)
            for name in ("created_at", "updated_at")
        ),
        sa.CheckConstraint(
            "platform_fee_cents + creator_amount_cents = amount_cents",
            name=op.f("ck_purchase_shares_split_adds_up"),
        ),
        sa.CheckConstraint(NOT_NEGATIVE, name=op.f("ck_purchase_shares_amounts_not_negative")),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.id"],
                name=op.f(f"fk_purchase_shares_{column}_{table}"),
                ondelete="RESTRICT",
            )
            for column, table in (
                ("purchase_id", "purchases"),
                ("creator_id", "users"),
                ("course_id", "courses"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase_shares")),
        sa.UniqueConstraint("purchase_id", "course_id", name=op.f("uq_purchase_shares_purchase_id_course_id")),
    )
    op.create_index("ix_purchase_shares_course_id", "purchase_shares", ["course_id"])


def _own_once(columns: list[str]) -> None:
    op.create_index(
        "uq_purchases_owned_once",
        "purchases",
        columns,
        unique=True,
        sqlite_where=COMPLETED,
        postgresql_where=COMPLETED,
    )


def downgrade() -> None:
    op.drop_index("uq_purchases_owned_once", "purchases")
    for column in ("platform_fee_cents", "creator_amount_cents"):
        op.add_column("purchases", sa.Column(column, sa.Integer(), nullable=True))
        op.execute(
            f"UPDATE purchases SET {column} = (SELECT sum({column}) FROM purchase_shares"
            " WHERE purchase_shares.purchase_id = purchases.id)"
        )
    with op.batch_alter_table("purchases") as batch:
        batch.drop_constraint(op.f("fk_purchases_owner_id_users"), type_="foreignkey")
        batch.drop_column("owner_id")
        batch.drop_constraint(op.f("ck_purchases_amounts_not_negative"), type_="check")
        for column in ("platform_fee_cents", "creator_amount_cents"):
            batch.alter_column(column, existing_type=sa.Integer(), nullable=False)
        batch.create_check_constraint(
            op.f("ck_purchases_split_adds_up"), "platform_fee_cents + creator_amount_cents = amount_cents"
        )
        batch.create_check_constraint(
            op.f("ck_purchases_amounts_not_negative"), "amount_cents >= 0 AND platform_fee_cents >= 0"
        )
    _own_once(["user_id", "product_id"])
    op.drop_table("purchase_shares")
