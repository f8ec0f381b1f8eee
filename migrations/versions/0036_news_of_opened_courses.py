"""Learners are told of a course that opens for them.

Revision: 0036, after 0035
"""

from alembic import op

from migrations.support import narrow_enum, widen_enum

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

KINDS = [
    "review_received", "review_reply", "course_approved", "course_rejected", "course_expiring", "wished_sale",
    "refund", "application_decided", "report_decided",
]  # fmt: skip
ROWS = {"notifications": "+", "mail_preferences": "+"}  # on the way down those of the new kind go


def upgrade() -> None:
    for table in ("notifications", "mail_preferences"):
        widen_enum(table, "kind", "notification_kind", [*KINDS, "course_opened"])


def downgrade() -> None:
    for table in ("notifications", "mail_preferences"):
        op.execute(f"DELETE FROM {table} WHERE kind = 'course_opened'")  # noqa: S608 - our own names
        narrow_enum(table, "kind", "notification_kind", KINDS)
