"""Views of courses and of lessons are one event, content_view, whose property says which.

Revision: 0019, after 0018
"""

from alembic import op


revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

WAS = {"course_viewed": "course", "lesson_opened": "lesson"}


def upgrade() -> None:
    for name, kind in WAS.items():
        op.execute(
            f"""UPDATE events SET name = 'content_view', properties = '{{"kind": "{kind}"}}' WHERE name = '{name}'"""
        )


def downgrade() -> None:
    # What this revision's code alone writes goes under names that the one before never reads.
    for name, kind in WAS.items():
        lesson = "IS NULL" if kind == "course" else "IS NOT NULL"
        op.execute(
            f"UPDATE events SET name = '{name}', properties = '{{}}' WHERE name = 'content_view' AND lesson_id {lesson}"
        )
