"""People are found by the beginning of a surname as well, without regard to case and accents.

"?" means not folded yet: the worker folds those names in batches (the job `fold_names`), so that nobody waits
for the upgrade, and those that the former version writes meanwhile are folded too.

Revision: 0032, after 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

TEXT = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")

def upgrade() -> None:
    op.add_column("users", sa.Column("name_folded", TEXT, nullable=False, server_default="?"))
    op.add_column("users", sa.Column("surname_folded", TEXT, nullable=False, server_default="?"))


def downgrade() -> None:
    with op.batch_alter_table("users") as batch:
        batch.drop_column("surname_folded")
        batch.drop_column("name_folded")
