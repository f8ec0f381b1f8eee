"""A recording steps in for another by itself once it can be played; originals get a folder of their own.

The worker moves those that lie beside what viewers get. Watching is bounded by the time that has passed.

Revision: 0013, after 0012
"""

import uuid

import sqlalchemy as sa
from alembic import op

import tables.base

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
ROWS = {"jobs": "+"}

MOVE = """INSERT INTO jobs (id, kind, payload, unique_key, state, attempts, run_after, created_at, updated_at)
    SELECT :id, 'move_originals', '{}', 'move_originals:0013', 'queued', 0, :moment, :moment, :moment
    WHERE EXISTS (SELECT 1 FROM media_assets WHERE storage_key LIKE 'media/%/original%')"""


def upgrade() -> None:
    op.add_column(
        "media_assets", sa.Column("steps_in", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    spent_until = sa.Column("spent_until", tables.base.UtcDateTime(timezone=True), nullable=True)
    op.add_column("lesson_progress", spent_until)
    moment = sa.bindparam("moment", tables.base.now(), tables.base.UtcDateTime(timezone=True))
    op.execute(sa.text(MOVE).bindparams(sa.bindparam("id", uuid.uuid4(), sa.Uuid()), moment))


def downgrade() -> None:
    op.drop_column("lesson_progress", "spent_until")
    op.drop_column("media_assets", "steps_in")
    op.execute("DELETE FROM jobs WHERE kind = 'move_originals'")
