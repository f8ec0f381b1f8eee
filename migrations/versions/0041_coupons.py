"""Coupons, and what each order makes of one.

Revision: 0041, after 0040
"""

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

AUTOMATIC = sa.text("automatic AND active")
RESERVED = sa.text("state = 'reserved'")
CHECKS = {
    "code_unless_automatic": "automatic = (code IS NULL)",
    "code_in_upper_case": "code = upper(code) AND code <> ''",
    "value_range": "value > 0 AND (kind <> 'percentage' OR value <= 100)",
    "product_named": "(scope = 'product') = (product_id IS NOT NULL)",
    "creator_named": "(scope = 'creator') = (creator_id IS NOT NULL)",
    "category_named": "scope = 'category' OR category_id IS NULL",
    "borne_by_its_owner": "owner_id IS NULL AND borne_by <> 'creator'"
    " OR owner_id IS NOT NULL AND borne_by = 'creator' AND scope IN ('product', 'creator')"
    " AND (creator_id IS NULL OR creator_id = owner_id)",
    "limits_positive": "min_order_cents >= 0 AND max_uses > 0 AND per_user_limit > 0",
    "begins_before_it_ends": "valid_from < valid_until",
}


def upgrade() -> None:
    _create_coupons()
    _create_redemptions()


def _create_coupons() -> None:
    op.create_table(
        "coupons",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        _enum("kind", "coupon_kind", "percentage", "fixed_amount"),
        sa.Column("value", sa.Integer(), nullable=False),
        _enum("scope", "coupon_scope", "product", "category", "creator", "all"),
        *(sa.Column(name, sa.Uuid(), nullable=True) for name in ("product_id", "category_id", "creator_id")),
        _enum("borne_by", "borne_by", "creator", "platform", "both"),
        sa.Column("min_order_cents", sa.Integer(), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("per_user_limit", sa.Integer(), nullable=True),
        sa.Column("first_purchase_only", sa.Boolean(), nullable=False),
        *(
            sa.Column(name, tables.base.UtcDateTime(timezone=True), nullable=True)
            for name in ("valid_from", "valid_until")
        ),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        *_stamps(),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_coupons_{name}")) for name, rule in CHECKS.items()),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_coupons_{column}_{table}"), ondelete=when
            )
            for column, table, when in (
                ("owner_id", "users", "RESTRICT"),
                ("product_id", "products", "CASCADE"),
                ("category_id", "categories", "SET NULL"),
                ("creator_id", "users", "RESTRICT"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupons")),
        sa.UniqueConstraint("code", name=op.f("uq_coupons_code")),
    )
    for column in ("product_id", "category_id", "creator_id", "batch_id"):
        op.create_index(f"ix_coupons_{column}", "coupons", [column])
    op.create_index("ix_coupons_owner_id_created_at", "coupons", ["owner_id", "created_at"])
    op.create_index(
        "ix_coupons_automatic", "coupons", ["scope"], sqlite_where=AUTOMATIC, postgresql_where=AUTOMATIC
    )


def _create_redemptions() -> None:
    op.create_table(
        "coupon_redemptions",
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in ("id", "coupon_id", "order_id")),
        _enum("state", "redemption_state", "reserved", "consumed", "released"),
        sa.Column("discount_cents", sa.Integer(), nullable=False),
        sa.Column("expires_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        *_stamps(),
        sa.CheckConstraint(
            "discount_cents >= 0", name=op.f("ck_coupon_redemptions_discount_not_negative")
        ),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.id"],
                name=op.f(f"fk_coupon_redemptions_{column}_{table}"),
                ondelete="RESTRICT",
            )
            for column, table in (("coupon_id", "coupons"), ("order_id", "orders"))
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_redemptions")),
        sa.UniqueConstraint("order_id", name=op.f("uq_coupon_redemptions_order_id")),
    )
    op.create_index(
        "ix_coupon_redemptions_coupon_id_state", "coupon_redemptions", ["coupon_id", "state", "created_at"]
    )
    op.create_index(
        "ix_coupon_redemptions_reserved",
        "coupon_redemptions",
        ["expires_at"],
        sqlite_where=RESERVED,
        postgresql_where=RESERVED,
    )


def _enum(column: str, name: str, *values: str) -> sa.Column:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)
    return sa.Column(column, kind, nullable=False)


def _stamps() -> list[sa.Column]:
    return [
        sa.Column(name, tables.base.UtcDateTime(timezone=True), nullable=False)
        for name in ("created_at", "updated_at")
    ]


def downgrade() -> None:
    op.drop_table("coupon_redemptions")
    op.drop_table("coupons")
