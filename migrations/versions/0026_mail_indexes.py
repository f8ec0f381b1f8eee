"""A key is used for one message; messages are listed by purpose.

Revision: 0026, after 0025
"""

from migrations.support import create_large_index, drop_large_index

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_large_index("uq_email_messages_key", "email_messages", ["key"], unique=True)
    create_large_index("ix_email_messages_purpose_created_at", "email_messages", ["purpose", "created_at"])


def downgrade() -> None:
    drop_large_index("ix_email_messages_purpose_created_at", "email_messages")
    drop_large_index("uq_email_messages_key", "email_messages")
