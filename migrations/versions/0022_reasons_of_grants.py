"""A grant has its reason, one row each: the purchase, the free course itself, or what an admin gave.

Free courses and those that admins gave were one source so far: what the audit log says was given stays
complimentary and names its entry, and so does whatever has an end. Nobody gave the others: they are free.

Revision: 0022, after 0021
"""

import uuid
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

import tables.base
from migrations.support import narrow_enum, widen_enum

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

ROWS = {"access_grants": "+"}  # on the way down one row of each source stays

SAME_ACT = timedelta(seconds=10)
NAMED = "(source = 'purchase') = (purchase_id IS NOT NULL)"

grants = sa.table(
    "access_grants",
    *(sa.column(name, sa.Uuid()) for name in ("id", "user_id", "course_id", "source_id")),
    sa.column("source", sa.String()),
    sa.column("granted_at", tables.base.UtcDateTime()),
    sa.column("expires_at", tables.base.UtcDateTime()),
)
entries = sa.table(
    "audit_entries",
    sa.column("id", sa.Uuid()),
    sa.column("at", tables.base.UtcDateTime()),
    *(sa.column(name, sa.String()) for name in ("action", "subject_id", "note")),
)
products = sa.table("products", sa.column("id", sa.Uuid()), sa.column("title", sa.String()))


def upgrade() -> None:
    widen_enum("access_grants", "source", "grant_source", ["purchase", "free", "complimentary"])
    op.add_column("access_grants", sa.Column("source_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE access_grants SET purchase_id = NULL WHERE source <> 'purchase'")
    op.execute(
        "UPDATE access_grants SET purchase_id = (SELECT purchases.id FROM purchases"
        " WHERE purchases.owner_id = access_grants.user_id AND purchases.product_id = access_grants.course_id"
        " AND purchases.status = 'completed') WHERE source = 'purchase' AND purchase_id IS NULL"
    )
    # What says it was bought, but by no purchase, is no longer said to be.
    op.execute(
        "UPDATE access_grants SET source = 'complimentary', source_id = id"
        " WHERE source = 'purchase' AND purchase_id IS NULL"
    )
    op.execute("UPDATE access_grants SET source_id = purchase_id WHERE source = 'purchase'")
    for grant, entry in _given().items():
        op.get_bind().execute(sa.update(grants).where(grants.c.id == grant).values(source_id=entry))
    op.execute(
        "UPDATE access_grants SET source_id = id"
        " WHERE source = 'complimentary' AND source_id IS NULL AND expires_at IS NOT NULL"
    )
    op.execute("UPDATE access_grants SET source = 'free', source_id = course_id WHERE source_id IS NULL")
    op.drop_index("ix_access_grants_course_id", "access_grants")
    with op.batch_alter_table("access_grants") as batch:
        batch.alter_column("source_id", existing_type=sa.Uuid(), nullable=False)
        batch.drop_constraint(op.f("uq_access_grants_user_id_course_id_source"), type_="unique")
        batch.create_unique_constraint(
            op.f("uq_access_grants_user_id_course_id_source_source_id"),
            ["user_id", "course_id", "source", "source_id"],
        )
        batch.create_check_constraint(
            op.f("ck_access_grants_purchase_named"), sa.text(NAMED), postgresql_not_valid=True
        )
    op.create_index(
        "ix_access_grants_course_id_revoked_at_user_id", "access_grants", ["course_id", "revoked_at", "user_id"]
    )


def _given() -> dict[uuid.UUID, uuid.UUID]:
    """Find the entry of the audit log behind each grant that an admin gave, by title or by time."""
    connection = op.get_bind()
    said: dict[str, list[Any]] = {}
    acts = sa.select(entries).where(entries.c.action == "give_course").order_by(entries.c.at)
    for entry in connection.execute(acts):
        said.setdefault(entry.subject_id, []).append(entry)
    found = {}
    query = (
        sa.select(grants, products.c.title)
        .join(products, products.c.id == grants.c.course_id)
        .where(grants.c.source == "complimentary", grants.c.source_id.is_(None))
    )
    for grant in connection.execute(query) if said else ():
        for entry in said.get(str(grant.user_id), ()):
            names_it = entry.note == grant.title or entry.note.startswith(f"{grant.title} until ")
            if names_it or abs(entry.at - grant.granted_at) < SAME_ACT:
                found[grant.id] = entry.id
    return found


def downgrade() -> None:
    rank = (
        "(CASE WHEN {0}.revoked_at IS NULL THEN '1' ELSE '0' END"
        " || CASE WHEN {0}.expires_at IS NULL THEN '1' ELSE '0' END || CAST({0}.id AS VARCHAR(36)))"
    )
    op.execute(
        "DELETE FROM access_grants WHERE EXISTS (SELECT 1 FROM access_grants AS other"
        " WHERE other.user_id = access_grants.user_id AND other.course_id = access_grants.course_id"
        " AND (other.source = 'purchase') = (access_grants.source = 'purchase')"
        f" AND {rank.format('other')} > {rank.format('access_grants')})"
    )
    op.execute("UPDATE access_grants SET source = 'complimentary' WHERE source = 'free'")
    op.drop_index("ix_access_grants_course_id_revoked_at_user_id", "access_grants")
    with op.batch_alter_table("access_grants") as batch:
        batch.drop_constraint(op.f("ck_access_grants_purchase_named"), type_="check")
        batch.drop_constraint(op.f("uq_access_grants_user_id_course_id_source_source_id"), type_="unique")
        batch.create_unique_constraint(
            op.f("uq_access_grants_user_id_course_id_source"), ["user_id", "course_id", "source"]
        )
        batch.drop_column("source_id")
    op.create_index("ix_access_grants_course_id", "access_grants", ["course_id"])
    narrow_enum("access_grants", "source", "grant_source", ["purchase", "complimentary"])
