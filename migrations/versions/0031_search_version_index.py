"""The oldest and newest version of the search documents are found in an index.

Revision: 0031, after 0030
"""

from migrations.support import create_large_index, drop_large_index

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_large_index("ix_search_documents_version", "search_documents", ["version"])


def downgrade() -> None:
    drop_large_index("ix_search_documents_version", "search_documents")
