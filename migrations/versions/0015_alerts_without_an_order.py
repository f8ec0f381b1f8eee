"""What Stripe told of money that no order here has waits until somebody has looked at it.

What was told of in the audit log before is one of these: it waits as well.

Revision: 0015, after 0014
"""

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TOLD = sa.text("told IS NOT NULL")
UNSOLVED = sa.text("problem IS NOT NULL AND looked_at IS NULL")


def upgrade() -> None:
    op.add_column("stripe_events", sa.Column("told", sa.String(length=300), nullable=True))
    op.add_column("stripe_events", sa.Column("problem", sa.Text(), nullable=True))
    op.add_column(
        "stripe_events", sa.Column("looked_at", tables.base.UtcDateTime(timezone=True), nullable=True)
    )
    op.execute(
        "UPDATE stripe_events SET problem = (SELECT min(note) FROM audit_entries WHERE action = 'stripe_notice'"
        " AND subject_type = 'stripeevent' AND subject_id = stripe_events.id)"
        " WHERE id IN (SELECT subject_id FROM audit_entries WHERE action = 'stripe_notice'"
        " AND subject_type = 'stripeevent')"
    )
    op.create_index(
        "uq_stripe_events_told",
        "stripe_events",
        ["told"],
        unique=True,
        sqlite_where=TOLD,
        postgresql_where=TOLD,
    )
    op.create_index(
        "ix_stripe_events_unsolved",
        "stripe_events",
        ["received_at", "id"],
        sqlite_where=UNSOLVED,
        postgresql_where=UNSOLVED,
    )


def downgrade() -> None:
    op.drop_index("ix_stripe_events_unsolved", "stripe_events")
    op.drop_index("uq_stripe_events_told", "stripe_events")
    op.drop_column("stripe_events", "looked_at")
    op.drop_column("stripe_events", "problem")
    op.drop_column("stripe_events", "told")
