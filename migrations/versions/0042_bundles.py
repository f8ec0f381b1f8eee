"""Bundles: products that sell several courses together.

Revision: 0042, after 0041
"""

import sqlalchemy as sa
from alembic import op

import tables.base
from migrations.support import narrow_enum, widen_enum

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

MOMENT = tables.base.UtcDateTime(timezone=True)
TAKEN_WITH = "source = 'free' AND source_id <> course_id"
STATES = ("none", "editing", "pending", "returned")


def upgrade() -> None:
    widen_enum("products", "kind", "product_kind", ["course", "bundle"])
    op.create_table(
        "bundles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "update_state",
            sa.Enum(*STATES, name="update_state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("off_with_creator", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("draft", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["id"], ["products.id"], name=op.f("fk_bundles_id_products"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bundles")),
    )
    op.create_table(
        "bundle_courses",
        sa.Column("bundle_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("agreed_at", MOMENT, nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("position >= 1", name=op.f("ck_bundle_courses_position_positive")),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["users.id"], name=op.f("fk_bundle_courses_asked_by_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["bundle_id"], ["bundles.id"], name=op.f("fk_bundle_courses_bundle_id_bundles"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_bundle_courses_course_id_courses"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("bundle_id", "course_id", name=op.f("pk_bundle_courses")),
    )
    op.create_index("ix_bundle_courses_course_id", "bundle_courses", ["course_id"])
    op.create_index(
        "ix_access_grants_taken_with", "access_grants", ["source_id"],
        sqlite_where=sa.text(TAKEN_WITH), postgresql_where=sa.text(TAKEN_WITH),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_access_grants_taken_with", "access_grants")
    op.drop_table("bundle_courses")
    op.drop_table("bundles")
    narrow_enum("products", "kind", "product_kind", ["course"])
