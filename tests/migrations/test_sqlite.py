"""What only SQLite needs: copies of tables that keep what reflection misses, and references looked after."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import pytest

from migrations.support import sqlite
from models import db
from tests.migrations.stage import SQLitePlace, head

SETTINGS = ("foreign_keys", "legacy_alter_table", "busy_timeout", "secure_delete")


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SQLitePlace]:
    """An empty database at the newest revision; tests take copies of it."""
    made = SQLitePlace(tmp_path_factory.mktemp("migrated"))
    made.upgrade()
    yield made
    made.drop()


@pytest.fixture
def place(migrated: SQLitePlace, tmp_path: Path) -> Iterator[SQLitePlace]:
    """A database of the test's own."""
    made = migrated.copy(tmp_path / "place")
    yield made
    made.drop()


def failing(place: Any, caplog: pytest.LogCaptureFixture) -> str:
    """Upgrade, expect it to fail with the schema as it was, and answer the sentence."""
    shape = place.shape()
    with pytest.raises(SystemExit):
        place.upgrade()
    assert (place.revision, place.shape()) == (head(), shape)
    return caplog.messages[-1]


def settings(place: SQLitePlace) -> dict[str, int]:
    """The settings of the connection the application uses next."""
    with place.app.app_context(), db.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        return {name: driver.execute(f"PRAGMA {name}").fetchone()[0] for name in SETTINGS}


@pytest.mark.parametrize("ends", ["well", "badly"])
def test_the_settings_of_the_connection_are_restored(place: SQLitePlace, ends: str) -> None:
    place.revise("any", "pass" if ends == "well" else "raise RuntimeError('no')")
    before = settings(place)
    assert (before["foreign_keys"], before["legacy_alter_table"]) == (1, 0)
    if ends == "well":
        place.upgrade()
    else:
        with pytest.raises(SystemExit):
            place.upgrade()
    assert settings(place) == before


def test_rows_that_refer_to_nothing_are_named(place: SQLitePlace, caplog: pytest.LogCaptureFixture) -> None:
    columns = [row[1] for row in place.ask("PRAGMA table_info(notifications)") if row[3]]
    values = {"user_id": "nobody", "kind": "review_received"}
    marks = ", ".join(repr(values.get(name, "a")) for name in columns)
    insert = f"INSERT INTO notifications ({', '.join(columns)}) VALUES ({marks})"
    place.revise("orphan", f"op.execute({insert!r})", top="ROWS = {'notifications': '+'}")
    said = failing(place, caplog)
    assert "1 rows of notifications refer to missing users" in said


def test_a_table_that_others_refer_to_is_not_dropped(
    place: SQLitePlace, caplog: pytest.LogCaptureFixture
) -> None:
    place.revise("gone", "op.execute('DROP TABLE lessons')", top="ROWS = {'lessons': '-'}")
    assert "would refer to lessons, which would not be there" in failing(place, caplog)


def test_a_trigger_that_names_a_dropped_column_is_found(
    place: SQLitePlace, caplog: pytest.LogCaptureFixture
) -> None:
    place.revise(
        "blind",
        """op.drop_index("ix_enrollments_course_id_enrolled_at", "enrollments")
with op.batch_alter_table("enrollments", recreate="always") as batch:
    batch.drop_column("learner")""",
    )
    assert "learner" in failing(place, caplog)


def test_what_is_dropped_by_name_stays_away(place: SQLitePlace) -> None:
    place.revise(
        "without",
        """op.execute("DROP TRIGGER IF EXISTS users_learner_changed")
op.drop_index("ix_users_role_id", "users")
with op.batch_alter_table("users", recreate="always") as batch:
    batch.drop_index("ix_users_vetted_id")
with op.batch_alter_table("users", recreate="always") as batch:
    batch.drop_index("ix_users_suspended")
    batch.create_index("ix_users_suspended", ["suspended_at"])""",
    )
    before = place.shape()
    place.upgrade()
    lost, new = before - place.shape(), place.shape() - before
    assert sorted(line.split()[2] for line in lost) == [
        "ix_users_role_id", "ix_users_suspended", "ix_users_vetted_id", "users_learner_changed",
    ]  # fmt: skip
    assert new == {"CREATE INDEX ix_users_suspended ON users (suspended_at)"}


INDEXES = [
    "CREATE INDEX zz_down ON zz (a DESC, b)",
    "CREATE INDEX zz_expression ON zz (lower(a), abs(b)) WHERE b > 2",
    "CREATE UNIQUE INDEX zz_collated ON zz (a COLLATE NOCASE)",
]


def test_indexes_that_reflection_misses_are_kept(place: SQLitePlace) -> None:
    made = ["CREATE TABLE zz (\n\ta TEXT, \n\tb INTEGER\n)", *INDEXES]
    place.revise("zz", "\n".join(f"op.execute({statement!r})" for statement in made))
    place.revise("copy", "with op.batch_alter_table('zz', recreate='always'): pass", after="zz")
    place.upgrade()
    assert place.shape() >= set(INDEXES)


@pytest.mark.parametrize(
    ("part", "ending"),
    [
        ("a TEXT COLLATE NOCASE", ""),
        ("a INTEGER PRIMARY KEY AUTOINCREMENT", ""),
        ("a INTEGER CHECK (a > 0)", ""),
        ("a INTEGER, CHECK (a > 0)", ""),
        ("a INTEGER, b INTEGER GENERATED ALWAYS AS (a * 2) STORED, c INTEGER DEFAULT (1 + 1)", ""),
        ("a TEXT, CONSTRAINT uq_zz UNIQUE (a) ON CONFLICT IGNORE", ""),
        ("a TEXT PRIMARY KEY", " WITHOUT ROWID"),
    ],
)
@pytest.mark.filterwarnings("ignore:Unnamed CHECK")
def test_a_copy_that_would_lose_a_part_of_the_table_is_refused(
    place: SQLitePlace, caplog: pytest.LogCaptureFixture, part: str, ending: str
) -> None:
    with place.engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE zz ({part}){ending}")
    place.revise("copy", "with op.batch_alter_table('zz', recreate='always'): pass")
    assert "Copying zz would lose “" in failing(place, caplog)


def test_a_table_described_in_full_may_be_copied(place: SQLitePlace) -> None:
    with place.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE zz (a TEXT COLLATE NOCASE)")
        connection.exec_driver_sql("CREATE INDEX zz_down ON zz (a DESC)")
    place.revise(
        "copy",
        """whole = sa.Table("zz", sa.MetaData(), sa.Column("a", sa.Text(collation="NOCASE")))
with op.batch_alter_table("zz", recreate="always", copy_from=whole) as batch:
    batch.alter_column("a", nullable=False)""",
    )
    place.upgrade()
    assert place.shape() >= {'zz: a TEXT COLLATE "NOCASE" NOT NULL', "CREATE INDEX zz_down ON zz (a DESC)"}


def test_a_database_that_stays_locked_is_a_sentence(
    place: SQLitePlace, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PATIENCE_SECONDS", 0.05)
    place.revise("any", "pass")
    writer = sqlite3.connect(place.path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(SystemExit):
        place.upgrade()
    writer.close()
    assert "another process kept the database locked" in caplog.messages[-1]
    place.upgrade()
    assert place.revision == "any"


def test_a_database_is_stamped(place: SQLitePlace) -> None:
    shape = place.shape()
    with place.app.app_context():
        flask_migrate.stamp(revision="0005")
    assert place.revision == "0005"
    assert place.shape() == shape


def test_an_upgrade_that_is_overtaken_goes_on_from_there(place: SQLitePlace) -> None:
    """Between two revisions of ours another process applies the second one."""
    place.revise("first", "overtake()", top=OVERTAKE.format(path=str(place.path)))
    place.revise("second", "op.execute('CREATE TABLE second (a INTEGER)')", after="first")
    place.revise("third", "op.execute('CREATE TABLE third (a INTEGER)')", after="second")
    place.upgrade()
    assert place.revision == "third"
    assert {"second: a INTEGER", "third: a INTEGER"} <= place.shape()


OVERTAKE = """
import sqlite3
def overtake():
    waiting = [op.get_bind()]
    def once_committed(connection):
        if waiting:
            waiting.pop().connection.driver_connection.commit()
            with sqlite3.connect({path!r}) as other:
                other.execute("CREATE TABLE second (a INTEGER)")
                other.execute("UPDATE alembic_version SET version_num = 'second'")
    sa.event.listen(op.get_bind(), "commit", once_committed)
"""
