"""Tax, the seller's particulars and consents are settings, and people have billing details.

Revision: 0043, after 0042
"""

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

MODES = "tax_mode IN ('none', 'own', 'stripe')"
COUNTRY = "tax_mode = 'none' OR seller_country <> ''"
STATES = sa.Enum(
    "none", "pending", "confirmed", "unconfirmed", "unavailable",
    name="vat_state", native_enum=False, create_constraint=True, length=32,
)  # fmt: skip
TERMS = "I agree to the terms of sale."
DELIVERY = "I want to start right away. I know that I lose my right of withdrawal once I open the first lesson."


# Empty at first. They have no default of the database: '' isn't copied as it is on SQLite.
EMPTY = {
    "tax_sentence": 500, "seller_name": 120, "seller_address": 500, "seller_country": 2, "seller_vat_id": 20,
    "statement_descriptor": 22,
}  # fmt: skip


def settings() -> list[sa.Column]:
    def words(name: str, length: int, default: str) -> sa.Column:
        return sa.Column(name, sa.String(length), server_default=default, nullable=False)

    def switch(name: str, default: sa.ColumnElement) -> sa.Column:
        return sa.Column(name, sa.Boolean(), server_default=default, nullable=False)

    def count(name: str) -> sa.Column:
        return sa.Column(name, sa.Integer(), server_default="1", nullable=False)

    return [
        words("tax_mode", 32, "none"),
        sa.Column("tax_rates", sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        switch("prices_include_tax", sa.true()),
        switch("tax_seller_rate", sa.false()),
        switch("ask_terms", sa.false()),
        words("terms_text", 500, TERMS),
        count("terms_version"),
        switch("ask_delivery", sa.false()),
        words("delivery_text", 500, DELIVERY),
        count("delivery_version"),
    ]


def upgrade() -> None:
    for column in settings():
        op.add_column("platform_settings", column)
    for name, length in EMPTY.items():
        op.add_column("platform_settings", sa.Column(name, sa.String(length), nullable=True))
    op.execute("UPDATE platform_settings SET " + ", ".join(f"{name} = ''" for name in EMPTY))
    with op.batch_alter_table("platform_settings") as batch:
        for name in EMPTY:
            batch.alter_column(name, nullable=False)
        batch.create_check_constraint(op.f("ck_platform_settings_tax_mode"), sa.text(MODES))
        batch.create_check_constraint(op.f("ck_platform_settings_tax_needs_a_country"), sa.text(COUNTRY))
    op.create_table(
        "billing_details",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("company", sa.String(length=120), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("postal_code", sa.String(length=20), nullable=False),
        sa.Column("city", sa.String(length=100), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("vat_id", sa.String(length=20), nullable=False),
        sa.Column("vat_state", STATES, nullable=False),
        sa.Column("vat_consultation", sa.String(length=40), nullable=False),
        sa.Column("vat_checked_at", tables.base.UtcDateTime(), nullable=True),
        sa.Column("created_at", tables.base.UtcDateTime(), nullable=False),
        sa.Column("updated_at", tables.base.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(vat_id = '') = (vat_state = 'none')", name=op.f("ck_billing_details_state_of_an_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_billing_details_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_billing_details")),
    )
    waiting = sa.text("vat_state = 'pending'")
    op.create_index(
        "ix_billing_details_waiting", "billing_details", ["user_id"],
        sqlite_where=waiting, postgresql_where=waiting,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("billing_details")
    with op.batch_alter_table("platform_settings") as batch:
        for name in ("tax_mode", "tax_needs_a_country"):
            batch.drop_constraint(op.f(f"ck_platform_settings_{name}"), type_="check")
        for name in [*(column.name for column in settings()), *EMPTY]:
            batch.drop_column(name)
