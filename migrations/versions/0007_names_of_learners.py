"""An enrolment knows its learner's name, so that a creator's learners are found by name within one index.

Triggers keep it: names change in one place and enrolments are made in several. A migration that copies
`users` or `enrollments`, as SQLite does for some changes, has to make them anew.

Revision: 0007, after 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INDEX = "ix_enrollments_course_id_enrolled_at"
NAMES = """UPDATE enrollments SET learner =
    (SELECT lower(name) FROM users WHERE id = enrollments.user_id AND deleted_at IS NULL)"""

SQLITE = [
    f"""CREATE TRIGGER enrollments_learner_added AFTER INSERT ON enrollments BEGIN
        {NAMES} WHERE id = new.id;
    END""",
    f"""CREATE TRIGGER users_learner_changed AFTER UPDATE OF name, deleted_at ON users
        WHEN old.name <> new.name OR (old.deleted_at IS NULL) <> (new.deleted_at IS NULL) BEGIN
        {NAMES} WHERE user_id = new.id;
    END""",
]

POSTGRESQL = [
    """CREATE FUNCTION enrollments_learner_added() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        new.learner := (SELECT lower(name) FROM users WHERE id = new.user_id AND deleted_at IS NULL);
        RETURN new;
    END $$""",
    """CREATE TRIGGER enrollments_learner_added BEFORE INSERT ON enrollments
        FOR EACH ROW EXECUTE FUNCTION enrollments_learner_added()""",
    f"""CREATE FUNCTION users_learner_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {NAMES} WHERE user_id = new.id;
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER users_learner_changed AFTER UPDATE OF name, deleted_at ON users FOR EACH ROW
        WHEN (old.name <> new.name OR (old.deleted_at IS NULL) <> (new.deleted_at IS NULL))
        EXECUTE FUNCTION users_learner_changed()""",
]


def upgrade() -> None:
    op.add_column("enrollments", sa.Column("learner", sa.String(length=100), nullable=True))
    op.execute(NAMES)
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
    op.drop_index(INDEX, "enrollments")
    op.create_index(INDEX, "enrollments", ["course_id", "enrolled_at", "id", "learner"])


def downgrade() -> None:
    for trigger, table in (("enrollments_learner_added", "enrollments"), ("users_learner_changed", "users")):
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER {trigger}")
        else:
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
            op.execute(f"DROP FUNCTION {trigger}")
    op.drop_index(INDEX, "enrollments")
    op.create_index(INDEX, "enrollments", ["course_id", "enrolled_at", "id"])
    op.drop_column("enrollments", "learner")
