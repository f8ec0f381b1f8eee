"""Entries of the audit log are only ever added; deleting an account may take its name off them.

Revision: 0003, after 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SQLITE = [
    """CREATE TRIGGER audit_entries_kept BEFORE DELETE ON audit_entries BEGIN
        SELECT RAISE(ABORT, 'audit entries are never deleted');
    END""",
    """CREATE TRIGGER audit_entries_unchanged
        BEFORE UPDATE OF id, at, action, subject_type, subject_id, note ON audit_entries BEGIN
        SELECT RAISE(ABORT, 'audit entries are never changed');
    END""",
    """CREATE TRIGGER audit_entries_actor_unchanged
        BEFORE UPDATE OF actor_id ON audit_entries WHEN new.actor_id IS NOT NULL BEGIN
        SELECT RAISE(ABORT, 'audit entries are never changed');
    END""",
]

POSTGRESQL = [
    """CREATE FUNCTION audit_entries_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND new.actor_id IS NULL
            AND (new.id, new.at, new.action, new.subject_type, new.subject_id, new.note)
              = (old.id, old.at, old.action, old.subject_type, old.subject_id, old.note) THEN
            RETURN new;
        END IF;
        RAISE EXCEPTION 'audit entries are never changed or deleted';
    END $$""",
    """CREATE TRIGGER audit_entries_kept BEFORE UPDATE OR DELETE ON audit_entries
        FOR EACH ROW EXECUTE FUNCTION audit_entries_kept()""",
]


def upgrade() -> None:
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("kept", "unchanged", "actor_unchanged"):
            op.execute(f"DROP TRIGGER audit_entries_{name}")
    else:
        op.execute("DROP TRIGGER audit_entries_kept ON audit_entries")
        op.execute("DROP FUNCTION audit_entries_kept")
