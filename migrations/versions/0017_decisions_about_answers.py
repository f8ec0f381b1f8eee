"""A creator's answer can be reported and hidden; marks of addresses; when recovery codes were drawn.

What was reported so far is about reviews and courses themselves.

Revision: 0017, after 0016
"""

import sqlalchemy as sa
from alembic import op

import tables.base
from migrations.support import narrow_enum, widen_enum

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

ROWS = {"reply_standings": "+", "address_marks": "+"}

KINDS = ["course", "update", "review", "report", "application"]


def upgrade() -> None:
    op.add_column(
        "second_factors", sa.Column("codes_at", tables.base.UtcDateTime(timezone=True), nullable=True)
    )
    op.create_table(
        "address_marks",
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_address_marks_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mark", "user_id", name=op.f("pk_address_marks")),
    )
    op.create_index("ix_address_marks_user_id", "address_marks", ["user_id"])
    op.create_index("ix_address_marks_created_at", "address_marks", ["created_at"])
    _reply_standings()
    op.add_column(
        "reviews", sa.Column("reply_hidden", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    with op.batch_alter_table("reports") as batch:
        batch.add_column(sa.Column("about_reply", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch.drop_constraint(op.f("uq_reports_review_id_user_id"), type_="unique")
        batch.create_unique_constraint(
            op.f("uq_reports_review_id_user_id_about_reply"), ["review_id", "user_id", "about_reply"]
        )
    widen_enum(
        "moderation_items",
        "kind",
        "moderation_kind",
        ["course", "update", "review", "reply", "report", "application"],
    )


def _reply_standings() -> None:
    op.create_table(
        "reply_standings",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("reviewer_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column(
            "standing",
            sa.Enum("reported", "hidden", "approved", name="standing", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("words", sa.String(length=64), nullable=False),
        sa.Column("dismissed", sa.JSON(), nullable=False),
        sa.Column("created_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", tables.base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "standing IN ('reported', 'hidden', 'approved')", name=op.f("ck_reply_standings_standing")
        ),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.id"],
                name=op.f(f"fk_reply_standings_{column}_{table}"),
                ondelete="CASCADE",
            )
            for column, table in (("user_id", "users"), ("reviewer_id", "users"), ("product_id", "products"))
        ),
        sa.PrimaryKeyConstraint("user_id", "reviewer_id", "product_id", name=op.f("pk_reply_standings")),
    )
    op.create_index("ix_reply_standings_reviewer_id", "reply_standings", ["reviewer_id"])
    op.create_index("ix_reply_standings_product_id", "reply_standings", ["product_id"])


def downgrade() -> None:
    narrow_enum("moderation_items", "kind", "moderation_kind", KINDS)
    with op.batch_alter_table("reports") as batch:
        batch.drop_constraint(op.f("uq_reports_review_id_user_id_about_reply"), type_="unique")
        batch.create_unique_constraint(op.f("uq_reports_review_id_user_id"), ["review_id", "user_id"])
        batch.drop_column("about_reply")
    op.drop_column("reviews", "reply_hidden")
    op.drop_table("reply_standings")
    op.drop_table("address_marks")
    op.drop_column("second_factors", "codes_at")
