"""Creators are asked for their courses, and bundles grow for those who bought them before.

Revision: 0048, after 0047
"""

import sqlalchemy as sa
from alembic import op

from migrations.support import narrow_enum, widen_enum

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

KINDS = [
    "review_received", "review_reply", "course_approved", "course_rejected", "course_expiring", "wished_sale",
    "refund", "application_decided", "report_decided", "course_opened",
]  # fmt: skip
NEW = ["bundle_asked", "bundle_grew"]
ROWS = {"notifications": "+", "mail_preferences": "+"}  # on the way down those of the new kinds go


def upgrade() -> None:
    for table in ("notifications", "mail_preferences"):
        widen_enum(table, "kind", "notification_kind", [*KINDS, *NEW])
    op.add_column(
        "bundle_courses", sa.Column("for_buyers", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def downgrade() -> None:
    with op.batch_alter_table("bundle_courses") as batch:
        batch.drop_column("for_buyers")
    for table in ("notifications", "mail_preferences"):
        op.execute(f"DELETE FROM {table} WHERE kind IN ('bundle_asked', 'bundle_grew')")  # noqa: S608
        narrow_enum(table, "kind", "notification_kind", KINDS)
