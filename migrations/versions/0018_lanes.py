"""Jobs have a lane; those that are waiting get the one of their kind.

Revision: 0018, after 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

LANE = sa.Enum("quick", "slow", name="lane", native_enum=False, create_constraint=True, length=32)
SLOW = (
    "process_media", "discard_media", "move_originals", "import_course", "export_course", "count_events",
    "check_links", "make_backup", "prove_backup", "snapshot_database", "list_backups",
)  # fmt: skip


def upgrade() -> None:
    with op.batch_alter_table("jobs") as batch:
        batch.add_column(sa.Column("lane", LANE, server_default="quick", nullable=False))
        batch.drop_index("ix_jobs_state_run_after")
    kinds = sa.bindparam("kinds", SLOW, expanding=True)
    op.execute(sa.text("UPDATE jobs SET lane = 'slow' WHERE kind IN :kinds").bindparams(kinds))
    op.create_index("ix_jobs_lane_state_run_after", "jobs", ["lane", "state", "run_after"])


def downgrade() -> None:
    op.drop_index("ix_jobs_lane_state_run_after", "jobs")
    with op.batch_alter_table("jobs") as batch:
        batch.drop_constraint(op.f("ck_jobs_lane"), type_="check")
        batch.drop_column("lane")
    op.create_index("ix_jobs_state_run_after", "jobs", ["state", "run_after"])
