"""Prices have a history, and a sale is compared with the lowest price of the 30 days before it.

Today's prices are carried over as if they had applied since publication. When a running sale began isn't
known: it begins now, so that it stays compared with the list price. One that is over isn't carried over.

Revision: 0037, after 0036
"""

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

ROWS = {"price_changes": "+"}

MOMENT = tables.base.UtcDateTime(timezone=True)
changes = sa.table(
    "price_changes",
    sa.column("product_id", sa.Uuid()),
    sa.column("applies_from", MOMENT),
    sa.column("price_cents", sa.Integer()),
    sa.column("currency", sa.String(3)),
)
products = sa.table(
    "products",
    sa.column("id", sa.Uuid()),
    sa.column("price_cents", sa.Integer()),
    sa.column("sale_price_cents", sa.Integer()),
    sa.column("reference_price_cents", sa.Integer()),
    sa.column("currency", sa.String(3)),
    *(sa.column(name, MOMENT) for name in ("sale_ends_at", "published_at", "created_at")),
)


def upgrade() -> None:
    op.create_table(
        "price_changes",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("applies_from", MOMENT, nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.CheckConstraint("price_cents >= 0", name=op.f("ck_price_changes_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_price_changes_product_id_products"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("product_id", "applies_from", name=op.f("pk_price_changes")),
    )
    op.add_column("products", sa.Column("reference_price_cents", sa.Integer(), nullable=True))
    p, now = products.c, sa.literal(tables.base.now(), MOMENT)
    on_sale = sa.and_(p.sale_ends_at > now, p.published_at < now)
    _carry_over(sa.func.coalesce(p.published_at, p.created_at), p.price_cents, p.created_at.is_not(None))
    _carry_over(now, p.sale_price_cents, on_sale)
    _carry_over(p.sale_ends_at, p.price_cents, on_sale)
    op.get_bind().execute(sa.update(products).where(on_sale).values(reference_price_cents=p.price_cents))


def _carry_over(since: sa.ColumnElement, cents: sa.ColumnElement, which: sa.ColumnElement) -> None:
    values = sa.select(products.c.id, since, cents, products.c.currency).where(which)
    columns = ["product_id", "applies_from", "price_cents", "currency"]
    op.get_bind().execute(sa.insert(changes).from_select(columns, values))


def downgrade() -> None:
    with op.batch_alter_table("products") as batch:
        batch.drop_column("reference_price_cents")
    op.drop_table("price_changes")
