"""Tables are copied on SQLite and rewritten on PostgreSQL: every row, index, trigger and constraint stays."""

from typing import Any

import pytest
from sqlalchemy import create_engine

from migrations.support.ddl import named
from migrations.support.sqlite import prepared
from models import db
from tests.conftest import ON_POSTGRESQL
from tests.migrations.stage import frozen, releases

COPY = """with op.batch_alter_table("{}", recreate="always"):
    pass"""
REWRITE = """op.execute('ALTER TABLE "{0}" ADD COLUMN zz double precision NOT NULL DEFAULT random()')
op.execute('ALTER TABLE "{0}" ADD CONSTRAINT zz CHECK (zz >= 0) NOT VALID')
op.execute('ALTER TABLE "{0}" DROP COLUMN zz')"""
BY_HAND = """sql = op.get_bind().exec_driver_sql(
    "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = '{0}'").scalar()
op.get_bind().exec_driver_sql("CREATE TABLE new_{0} " + sql[sql.index("("):])
op.execute("INSERT INTO new_{0} SELECT * FROM {0}")
op.execute("DROP TABLE {0}")
op.execute("ALTER TABLE new_{0} RENAME TO {0}")"""
AS_SEEN = """with op.batch_alter_table("lessons") as batch:
    batch.drop_constraint(op.f("ck_lessons_lesson_kind"), type_="check")
    batch.create_check_constraint(
        op.f("ck_lessons_lesson_kind"), sa.text("kind IN ('video', 'audio', 'text', 'quiz')"))"""
ENUMS = [
    (table.name, column.name, column.type.name, list(column.type.enums))
    for table in db.metadata.sorted_tables
    for column in table.columns
    if hasattr(column.type, "enums")
]


@pytest.fixture(scope="module")
def whole(filled: Any) -> tuple[Any, set[str]]:
    """The rows and the shape of the filled database."""
    return filled.rows(), filled.shape()


def test_a_rebuild_of_each_table_keeps_all(place: Any, whole: Any) -> None:
    """Each in a revision of its own, as only the end of one looks after references and triggers."""
    tables, before = sorted(db.metadata.tables), ""
    assert len(tables) > 50
    for table in tables:
        place.revise(f"of_{table}", (REWRITE if ON_POSTGRESQL else COPY).format(table), after=before)
        before = f"of_{table}"
    place.upgrade()
    assert place.revision == before
    rows, shape = whole
    kept = place.rows()
    assert [table for table in rows if kept[table] != rows[table]] == []
    assert place.shape() == shape


@pytest.mark.parametrize("table", ["users", "enrollments", "search_documents", "audit_entries", "products"])
def test_a_rebuild_by_hand_keeps_all(shared: Any, whole: Any, table: str) -> None:
    shared.revise("rebuild", (REWRITE if ON_POSTGRESQL else BY_HAND).format(table))
    shared.upgrade()
    assert (shared.rows(), shared.shape()) == whole
    shared.downgrade()


def test_the_ordinary_batch_that_emptied_three_tables_loses_nothing(place: Any, whole: Any) -> None:
    rows, shape = whole
    assert min(len(rows[name]) for name in ("media_assets", "captions", "lesson_progress")) >= 1
    place.revise("quiz", AS_SEEN)
    place.upgrade()
    assert place.rows() == rows
    changed = place.shape() ^ shape
    assert len(changed) == 2
    assert all("ck_lessons_lesson_kind" in line for line in changed)


@pytest.mark.once
def test_what_goes_with_its_parent_stays_when_the_parent_is_copied() -> None:
    with create_engine("sqlite://").connect() as connection:
        for statement in (
            "PRAGMA foreign_keys = 1",
            "CREATE TABLE parents (id INTEGER PRIMARY KEY)",
            "CREATE TABLE children (parent_id INTEGER REFERENCES parents ON DELETE CASCADE)",
            "INSERT INTO parents VALUES (1)",
            "INSERT INTO children VALUES (1)",
        ):
            connection.exec_driver_sql(statement)
        connection.commit()
        with prepared(connection):
            for statement in (
                "CREATE TABLE copy AS SELECT * FROM parents",
                "DROP TABLE parents",
                "ALTER TABLE copy RENAME TO parents",
            ):
                connection.exec_driver_sql(statement)
            connection.commit()
        assert connection.exec_driver_sql("SELECT count(*) FROM children").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_what_hangs_on_a_rebuilt_table_still_works(place: Any) -> None:
    change = REWRITE if ON_POSTGRESQL else COPY
    tables = ("users", "enrollments", "search_documents", "audit_entries")
    place.revise("rebuild", "\n".join(change.format(table) for table in tables))
    place.upgrade()
    with place.engine.begin() as connection:
        user = connection.exec_driver_sql("SELECT user_id FROM enrollments LIMIT 1").scalar_one()
        mark = "%s" if ON_POSTGRESQL else "?"
        connection.exec_driver_sql(f"UPDATE users SET name = 'Zed Zebra' WHERE id = {mark}", (user,))
        names = connection.exec_driver_sql(f"SELECT learner FROM enrollments WHERE user_id = {mark}", (user,))
        assert set(names.scalars()) == {"zed zebra"}
        connection.exec_driver_sql("UPDATE search_documents SET title = 'Xylophone' WHERE id = 1")
        found = (
            "words_fts @@ to_tsquery('simple', 'xylophone')"
            if ON_POSTGRESQL
            else "id IN (SELECT rowid FROM search_fts('xylophone'))"
        )
        assert connection.exec_driver_sql(
            f"SELECT id FROM search_documents WHERE {found}"
        ).scalars().all() == [1]
    with place.engine.connect() as connection, pytest.raises(Exception, match="never"):
        connection.exec_driver_sql("DELETE FROM audit_entries")


def test_each_enumeration_is_widened_and_narrowed_again(place: Any, whole: Any) -> None:
    place.revise(
        "wider",
        "\n".join(f"widen_enum({t!r}, {c!r}, {e!r}, {[*values, 'more']})" for t, c, e, values in ENUMS),
        down="\n".join(f"narrow_enum({t!r}, {c!r}, {e!r}, {values})" for t, c, e, values in ENUMS),
    )
    place.upgrade()
    rows, shape = whole
    wider = place.shape() - shape
    assert len(wider) == len(shape - place.shape()) == len(ENUMS) > 30
    for table, _column, enum, _values in ENUMS:
        (line,) = (line for line in wider if f"ck_{table}_{enum} " in line)
        assert "'more'" in line
        assert "NOT VALID" not in line
    assert place.rows() == rows
    place.downgrade()
    assert (place.rows(), place.shape()) == whole


def test_an_enumeration_takes_the_new_value_and_no_other(place: Any) -> None:
    place.revise("quiz", "widen_enum('lessons', 'kind', 'lesson_kind', ['video', 'audio', 'text', 'quiz'])")
    place.upgrade()
    with place.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE lessons SET kind = 'quiz'")
    with place.engine.begin() as connection, pytest.raises(Exception, match="ck_lessons_lesson_kind"):
        connection.exec_driver_sql("UPDATE lessons SET kind = 'opera'")


def test_a_check_is_added_and_dropped(place: Any, whole: Any) -> None:
    rows, shape = whole
    place.revise(
        "check", "add_check('orders', 'attempt_positive', 'attempt >= 0')",
        down="drop_check('orders', 'attempt_positive')",
    )  # fmt: skip
    place.upgrade()
    (added,) = place.shape() - shape
    assert "ck_orders_attempt_positive" in added
    assert "NOT VALID" not in added
    place.downgrade()
    assert place.shape() == shape
    assert place.rows() == rows


def test_a_large_index_is_made_and_dropped(place: Any, whole: Any) -> None:
    _, shape = whole
    place.revise(
        "index",
        "create_large_index('ix_zz', 'purchases', ['currency', 'id'], where=\"status = 'completed'\")",
        down="drop_large_index('ix_zz', 'purchases')",
    )  # fmt: skip
    place.upgrade()
    (added,) = place.shape() - shape
    assert "ix_zz" in added
    assert "WHERE" in added
    place.downgrade()
    assert place.shape() == shape


def test_a_new_column_with_an_enumeration_comes_with_its_check(place: Any, whole: Any) -> None:
    columns = place.columns()
    place.revise(
        "mood",
        'kind = sa.Enum("glad", "sad", name="mood", native_enum=False, create_constraint=True, length=32)\n'
        'with op.batch_alter_table("users") as batch:\n'
        '    batch.add_column(sa.Column("mood", kind, server_default="glad", nullable=False))',
    )
    place.upgrade()
    rows, shape = whole
    assert shape < place.shape()
    assert sorted("ck_users_mood" in line for line in place.shape() - shape) == [False, True]
    assert place.rows(columns) == rows


def test_names_of_constraints_are_found() -> None:
    sql = "CREATE TABLE t (a TEXT, CONSTRAINT ck_t_a CHECK (a IN ('x, y', '(')), CONSTRAINT pk_t UNIQUE (a))"
    assert named(sql, "ck_t_a") == "CONSTRAINT ck_t_a CHECK (a IN ('x, y', '('))"
    assert named(sql, "ck_t_b") is None


def test_no_table_of_the_demo_was_empty(whole: Any) -> None:
    rows, _ = whole
    assert [table for table in frozen(releases()[-1]) if table in rows and not rows[table]] == []
