"""A shop is put back as it was; what stood there stays beside it; whatever goes wrong, nothing is lost."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

import storage
from domain import backup
from domain.backup import BackupError, BackupKind, creating, restoring
from domain.backup.contents import encryption, manifest
from domain.backup.databases import sqlite
from domain.base import clock
from domain.platform import health
from models import db
from storage import LocalStorage
from tests.backup.conftest import FILES, ON_POSTGRESQL, Shop, databases_like
from tests.backup.test_verifying import flip, forge, rewrite


def change_the_shop(shop: Shop) -> None:
    """Lose a file, gain a file, gain a row."""
    storage.current().delete("media/1/film.mp4")
    storage.current().put("media/9/later.mp4", b"later", "video/mp4")
    shop.add_tag("later")


def left(shop: Shop) -> list[str]:
    """What stands beside the shop's files."""
    store = storage.current()
    assert isinstance(store, LocalStorage)
    return sorted(path.name for path in store.root.parent.iterdir() if path.name != "backup.lock")


def refused(shop: Shop, **how: Any) -> str:
    """The sentence of a restore that must change nothing."""
    before = shop.tags(), shop.files(), left(shop)
    with pytest.raises(BackupError) as error:
        backup.restore(**how)
    assert (shop.tags(), shop.files(), left(shop)) == before
    if ON_POSTGRESQL:
        assert databases_like(f"{db.engine.url.database}\\_%ing\\_%") == []
    else:
        assert list(Path(db.engine.url.database or "").parent.glob("*.restoring-*")) == []
    return error.value.sentence


@pytest.mark.parametrize("key", [False, True], ids=["plain", "encrypted"])
def test_everything_is_as_it_was_and_the_old_state_stands_beside(
    shop: Shop, tmp_path: Path, key: bool
) -> None:
    if key:
        encryption.new_key(tmp_path / "key")
        shop.configure(backup_key_file=tmp_path / "key")
    made, tags, people = backup.create(BackupKind.MANUAL), shop.tags(), shop.people()
    change_the_shop(shop)
    done = backup.restore(made.name, force=True)
    assert (shop.tags(), shop.people()) == (tags, people)
    assert shop.files() == FILES
    assert (done.backup.name, done.notes) == (made.name, ())
    folder, database = done.left_beside
    assert (Path(folder) / "media/9/later.mp4").read_bytes() == b"later"
    assert "later" in tags_in(database)
    assert backup.create(BackupKind.MANUAL).files == 3


def tags_in(database: str) -> set[str]:
    """The tags of a database that was left beside."""
    url = f"sqlite:///{database}"
    if ON_POSTGRESQL:
        url = db.engine.url.set(database=database.removeprefix("the database "))
    engine = create_engine(url)
    with engine.connect() as connection:
        found = set(connection.scalars(text("SELECT slug FROM tags")))
    engine.dispose()
    return found


def test_nothing_is_replaced_unasked(shop: Shop) -> None:
    made = backup.create(BackupKind.MANUAL)
    change_the_shop(shop)
    assert refused(shop, name=made.name).startswith("The shop’s database isn’t empty. --force replaces it")


def test_an_empty_database_is_filled_unasked(shop: Shop) -> None:
    made, tags = backup.create(BackupKind.MANUAL), shop.tags()
    db.session.remove()
    if ON_POSTGRESQL:
        with db.engine.begin() as connection:
            connection.execute(
                text("DROP SCHEMA public CASCADE; DROP SCHEMA kept CASCADE; CREATE SCHEMA public")
            )
    else:
        db.engine.dispose()
        for path in Path(db.engine.url.database or "").parent.glob("test.db*"):
            path.unlink()
    done = backup.restore(made.name)
    assert shop.tags() == tags
    assert len(done.left_beside) == 1


@pytest.mark.parametrize(("minutes", "which"), [(0, "first"), (59, "first"), (60, "second"), (600, "second")])
def test_at_takes_the_last_one_before_a_time(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, minutes: int, which: str
) -> None:
    start = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)
    made = {}
    for name, moment in (("first", start), ("second", start + timedelta(hours=1))):
        monkeypatch.setattr(creating.clock, "now", lambda moment=moment: moment)
        made[name] = backup.create(BackupKind.DAILY)
        shop.add_tag(name)
    monkeypatch.undo()
    done = backup.restore(at=start + timedelta(minutes=minutes), force=True)
    assert done.backup.name == made[which].name
    assert ("first" in shop.tags()) == (which == "second")


def test_at_a_time_before_all_of_them_is_a_sentence(shop: Shop) -> None:
    backup.create(BackupKind.DAILY)
    said = refused(shop, at=datetime(2001, 1, 1, tzinfo=UTC), force=True)
    assert said == "There is no backup from before 2001-01-01 00:00:00 UTC."


def test_a_shop_whose_database_is_open_is_running(shop: Shop) -> None:
    made = backup.create(BackupKind.MANUAL)
    other = create_engine(db.engine.url)
    with other.connect() as connection:
        connection.execute(text("SELECT 1 FROM users LIMIT 1")).all()
        connection.rollback()
        assert "The shop is running" in refused(shop, name=made.name, force=True)
    other.dispose()
    assert backup.restore(made.name, force=True).backup.name == made.name


def test_a_shop_whose_worker_gave_a_sign_of_life_is_running(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = backup.create(BackupKind.MANUAL)
    health.heartbeat("worker")
    db.session.commit()
    assert "its worker was active" in refused(shop, name=made.name, force=True)
    later = clock.now() + timedelta(seconds=61)
    monkeypatch.setattr(restoring.clock, "now", lambda: later)
    assert backup.restore(made.name, force=True).backup.name == made.name


@pytest.mark.parametrize(
    ("part", "change"),
    [("database", lambda content: content[:-10]), ("database", flip), ("files", flip), ("manifest", flip)],
)
def test_a_damaged_backup_changes_nothing(shop: Shop, part: str, change: Callable[[bytes], bytes]) -> None:
    made = backup.create(BackupKind.MANUAL)
    change_the_shop(shop)
    rewrite(shop.part(made, part), change)
    assert made.name in refused(shop, name=made.name, force=True)


def test_a_damaged_file_is_refused_or_left_out_when_told(shop: Shop) -> None:
    made = backup.create(BackupKind.MANUAL)
    rewrite(shop.content(), flip)
    said = refused(shop, name=made.name, force=True)
    assert said.endswith("damaged or was changed in the backup: --skip-damaged restores everything else.")
    done = backup.restore(made.name, force=True, skip_damaged=True)
    assert len(done.notes) == 1
    assert len(shop.files()) == 2


def test_a_list_that_leads_outside_changes_nothing(shop: Shop) -> None:
    made = backup.create(BackupKind.MANUAL)
    forge(shop, made, [["../../outside", 5, "1", "0" * 64]])
    assert "its list of files can’t be read" in refused(shop, name=made.name, force=True)


def test_a_newer_schema_changes_nothing_and_an_older_one_is_said(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = backup.create(BackupKind.MANUAL)
    monkeypatch.setattr(restoring.schema, "_revisions", lambda _folder: ["0001"])
    assert "which is newer than this code knows (0001)" in refused(shop, name=made.name, force=True)
    monkeypatch.setattr(restoring.schema, "_revisions", lambda _folder: ["9999", made.revision])
    done = backup.restore(made.name, force=True)
    assert done.notes == (
        "Its schema is older than this code: run flask db upgrade before you start the shop.",
    )


def test_a_full_disk_half_way_changes_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    made = backup.create(BackupKind.MANUAL)
    change_the_shop(shop)

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(restoring, "swap_folder", full)
    assert (
        refused(shop, name=made.name, force=True) == "The restore failed: there is no room left on the disk."
    )


def test_a_swap_that_fails_half_way_is_undone(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files have changed places already when the database can't."""
    made = backup.create(BackupKind.MANUAL)
    change_the_shop(shop)
    kind = type(restoring.shop.current().database)

    def fail(*_: object) -> str:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(kind, "replace", fail)
    assert refused(shop, name=made.name, force=True) == "The restore failed: input/output error."


def test_a_snapshot_leaves_the_files_as_they_are(shop: Shop) -> None:
    if ON_POSTGRESQL:
        with pytest.raises(BackupError, match="Snapshots are for SQLite"):
            backup.create(BackupKind.SNAPSHOT)
        return
    made = backup.create(BackupKind.SNAPSHOT)
    change_the_shop(shop)
    done = backup.restore(made.name, force=True)
    assert "later" not in shop.tags()
    assert "media/9/later.mp4" in shop.files()
    assert done.notes == ("A snapshot holds the database alone: the files were left as they are.",)


def test_a_backup_of_the_other_database_is_refused(shop: Shop) -> None:
    made = backup.create(BackupKind.MANUAL)
    whole = manifest.read(shop.part(made, "manifest").read_bytes(), made.name, b"")
    other = "sqlite" if ON_POSTGRESQL else "postgresql"
    shop.part(made, "manifest").write_bytes(
        manifest.write(manifest.Manifest(**{**vars(whole), "database": other}), b"")
    )
    assert f"is of a {other} database" in refused(shop, name=made.name, force=True)


@pytest.mark.parametrize("wal", [b"", b"not a log"])
def test_a_ruined_sqlite_database_is_replaced_with_its_log(tmp_path: Path, wal: bytes) -> None:
    path, new = tmp_path / "lectern.db", tmp_path / "new.db"
    path.write_bytes(b"no database at all, however long it may be" * 100)
    (tmp_path / "lectern.db-wal").write_bytes(wal)
    sqlite3.connect(new).executescript("CREATE TABLE t (n); INSERT INTO t VALUES (1)")
    ruined = sqlite.SqliteDatabase(path)
    assert not ruined.is_empty()
    assert ruined.last_beat() is None
    with ruined.alone():
        assert ruined.replace(sqlite.SqliteDatabase(new), "now") == f"{path}.before-now"
    assert ruined.rows() == {"t": 1}
    assert (tmp_path / "lectern.db.before-now").read_bytes().startswith(b"no database")
    assert list(tmp_path.glob("lectern.db-*")) == []


def test_while_one_is_made_nothing_is_restored_or_removed(shop: Shop) -> None:
    first = backup.create(BackupKind.MANUAL)
    said: list[str] = []

    def meddle(step: str, done: int, _total: int) -> None:
        if step == "Files" and done == 1:
            for act in (lambda: backup.prune(clock.now()), lambda: backup.restore(first.name, force=True)):
                with pytest.raises(BackupError) as error:
                    act()
                said.append(error.value.sentence)

    backup.create(BackupKind.MANUAL, meddle)
    assert len(said) == 2
    assert set(said) == {"A backup is being made, verified or restored right now. Try again later."}
