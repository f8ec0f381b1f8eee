"""What a backup holds, and that the shop goes on meanwhile."""

import gzip
import json
import os
import sqlite3
import stat
from pathlib import Path

import psycopg
import pyrage
import pytest

import storage
from domain import backup
from domain.backup import BackupError, BackupKind, creating
from domain.backup.contents import encryption
from domain.backup.databases import snapshots, sqlite
from models import User, db
from tests.backup.conftest import FILES, Shop
from tests.conftest import ON_POSTGRESQL


def test_a_backup_holds_the_database_the_files_and_a_manifest(shop: Shop) -> None:
    made = backup.create(BackupKind.DAILY)
    assert made.name == f"{made.made_at:%Y%m%dT%H%M%SZ}-daily"
    assert (made.kind, made.files, made.file_bytes) == (BackupKind.DAILY, 3, sum(map(len, FILES.values())))
    assert made.database == ("postgresql" if ON_POSTGRESQL else "sqlite")
    assert made.database_bytes == shop.part(made, "database").stat().st_size
    assert backup.listing() == [made]
    manifest = json.loads(shop.part(made, "manifest").read_text())
    rows = {table.removeprefix("public."): count for table, count in manifest["rows"].items()}
    assert rows["users"] == shop.people()
    assert manifest["revision"] == made.revision
    kept = {path.read_bytes() for path in (shop.folder / "files").rglob("*") if path.is_file()}
    assert kept == set(FILES.values())


def test_a_second_backup_shares_the_files_and_reads_only_what_changed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup.create(BackupKind.MANUAL)
    storage.current().put("media/1/film.vtt", b"WEBVTT, corrected", "text/vtt")
    read: list[str] = []
    opening = storage.LocalStorage.open
    monkeypatch.setattr(
        storage.LocalStorage, "open", lambda self, key: read.append(key) or opening(self, key)
    )
    second = backup.create(BackupKind.MANUAL)
    assert read == ["media/1/film.vtt"]
    assert second.files == 3
    assert len([path for path in (shop.folder / "files").rglob("*") if path.is_file()]) == 4


def test_local_files_are_linked_and_outlive_their_removal_and_replacement(shop: Shop) -> None:
    store = storage.current()
    assert isinstance(store, storage.LocalStorage)
    backup.create(BackupKind.MANUAL)
    assert store.path("media/1/film.mp4").stat().st_nlink == 2
    store.put("media/1/film.mp4", b"another film", "video/mp4")
    store.delete("media/1/film.vtt")
    kept = {path.read_bytes() for path in (shop.folder / "files").rglob("*") if path.is_file()}
    assert kept == set(FILES.values())


def test_files_are_copied_where_they_cannot_be_linked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    backup.create(BackupKind.MANUAL)
    kept = [path for path in (shop.folder / "files").rglob("*") if path.is_file()]
    assert {path.read_bytes() for path in kept} == set(FILES.values())
    assert {path.stat().st_nlink for path in kept} == {1}


def test_what_is_uploaded_and_removed_meanwhile_is_there(shop: Shop) -> None:
    """The database named the one at the moment of its dump, and a moment later the other."""

    def meddle(step: str, _done: int, _total: int) -> None:
        if step == "Database":
            storage.current().put("media/2/new.mp4", b"new", "video/mp4")
            storage.current().delete("media/1/film.vtt")

    made = backup.create(BackupKind.MANUAL, meddle)
    with gzip.open(shop.part(made, "files")) as lines:
        keys = [json.loads(line)[0] for line in lines]
    assert keys == sorted([*FILES, "media/2/new.mp4"])


def test_nobody_else_can_read_a_backup(shop: Shop) -> None:
    made = backup.create(BackupKind.MANUAL)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (shop.folder / made.name).iterdir()}
    assert set(modes.values()) == {0o600}
    folders = [shop.folder, *(path for path in shop.folder.rglob("*") if path.is_dir())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}


def test_a_backup_is_seen_only_when_it_is_complete(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[backup.Backup] = []
    made = backup.create(BackupKind.MANUAL, lambda *_: seen.extend(b for b in backup.listing() if b.complete))
    assert seen == []
    assert [path.name for path in shop.folder.iterdir() if path.name != "files"] == [made.name]


def test_one_that_fails_leaves_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(creating.manifest, "write", full)
    with pytest.raises(BackupError) as refused:
        backup.create(BackupKind.MANUAL)
    assert refused.value.sentence == "The backup failed: there is no room left on the disk."
    assert [path.name for path in shop.folder.iterdir()] == ["files"]


def test_two_of_the_same_second_have_their_own_names(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    first = backup.create(BackupKind.MANUAL)
    monkeypatch.setattr(creating.clock, "now", lambda: first.made_at)
    assert backup.create(BackupKind.MANUAL).name == f"{first.name}-2"


def test_a_snapshot_holds_the_database_alone_and_is_for_sqlite(shop: Shop) -> None:
    if ON_POSTGRESQL:
        with pytest.raises(BackupError, match="Snapshots are for SQLite"):
            backup.create(BackupKind.SNAPSHOT)
        return
    made = backup.create(BackupKind.SNAPSHOT)
    assert (made.files, made.file_bytes) == (0, 0)
    assert sorted(path.name for path in (shop.folder / made.name).iterdir()) == [
        "database.gz",
        "manifest.json",
    ]


def test_a_copy_of_sqlite_is_of_one_moment_and_ends_while_others_write(tmp_path: Path) -> None:
    path, target = tmp_path / "live.db", tmp_path / "copy.db"
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("CREATE TABLE big (text)")
    writer.execute("BEGIN")
    writer.executemany("INSERT INTO big VALUES (?)", [("x" * 4000,)] * 8000)
    writer.execute("COMMIT")
    steps: list[int] = []

    def write(_step: str, done: int, _total: int) -> None:
        steps.append(done)
        writer.execute("INSERT INTO big VALUES ('meanwhile')")

    sqlite.copy(path, target, write)
    assert steps == sorted(steps)
    assert len(steps) > 5
    copied = sqlite.SqliteDatabase(target)
    assert copied.rows() == {"big": 8000}
    assert copied.problems() == []
    assert sqlite.SqliteDatabase(path).rows() == {"big": 8000 + len(steps)}
    assert sorted(tmp_path.glob("copy.db*")) == [target]


def test_after_a_copy_the_log_is_moved_into_the_database(tmp_path: Path) -> None:
    """Otherwise whoever writes next would have to move all of it, and wait for the disk."""
    path = tmp_path / "live.db"
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("CREATE TABLE big (text)")
    writer.execute("INSERT INTO big VALUES ('first')")
    writer.execute("PRAGMA wal_autocheckpoint=0")
    sqlite.copy(
        path, tmp_path / "copy.db", lambda *_: writer.execute("INSERT INTO big VALUES (?)", ("x" * 9000,))
    )
    _busy, frames, moved = writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    assert frames == moved
    alone = sqlite3.connect(f"file:{path}?immutable=1", uri=True)  # reads the database without its log
    assert alone.execute("SELECT count(*) FROM big").fetchone() == (2,)


def test_a_copy_ends_while_somebody_writes_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "PATIENCE_MILLISECONDS", 0)
    writer = sqlite3.connect(tmp_path / "live.db", isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("CREATE TABLE big (text)")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO big VALUES ('not yet committed')")
    sqlite.copy(tmp_path / "live.db", tmp_path / "copy.db")
    assert sqlite.SqliteDatabase(tmp_path / "copy.db").rows() == {"big": 0}


def test_what_the_shop_never_named_is_left_out_and_linked_folders_are_followed(
    shop: Shop, no_books: None, tmp_path: Path
) -> None:
    store = storage.current()
    assert isinstance(store, storage.LocalStorage)
    for strange in (".DS_Store", "media/a\nb", "media/back\\slash"):
        (store.root / strange).write_bytes(b"strange")
    (tmp_path / "other disk").mkdir()
    (tmp_path / "other disk" / "large.mp4").write_bytes(b"large")
    (store.root / "media" / "2").symlink_to(tmp_path / "other disk")
    made = backup.create(BackupKind.MANUAL)
    assert made.files == len(FILES) + 1
    assert backup.verify(made.name).problems == ()


def test_rows_are_counted_in_the_moment_of_the_dump(shop: Shop, no_books: None) -> None:
    def write(step: str, done: int, _total: int) -> None:
        if step == "Database" and not done and ON_POSTGRESQL:
            with psycopg.connect(
                db.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
            ) as other:
                other.execute("DELETE FROM slug_redirects; DELETE FROM search_documents")

    made = backup.create(BackupKind.MANUAL, write)
    assert backup.verify(made.name).problems == ()


def test_an_encrypted_backup_shows_nothing_and_is_opened_by_age(shop: Shop, tmp_path: Path) -> None:
    key = tmp_path / "key"
    encryption.new_key(key)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    shop.configure(backup_key_file=key)
    made = backup.create(BackupKind.MANUAL)
    assert made.encrypted
    stored = [path for path in shop.folder.rglob("*") if path.is_file()]
    plain = [path.name for path in stored if path.suffix != ".age"]
    assert plain == ["manifest.json"]
    address = db.session.query(User).first().email
    assert not any(address.encode() in path.read_bytes() for path in stored)
    assert not any(b"film" in path.read_bytes() for path in stored)
    identity = pyrage.x25519.Identity.from_str(key.read_text().split()[-1])
    listed = gzip.decompress(pyrage.decrypt(shop.part(made, "files").read_bytes(), [identity]))
    assert [json.loads(line)[0] for line in listed.splitlines()] == sorted(FILES)
    assert sorted(path.name for path in (tmp_path / "shop").iterdir()) == ["backup.lock", "storage"]


def test_the_manifest_names_no_person(shop: Shop) -> None:
    text = shop.part(backup.create(BackupKind.MANUAL), "manifest").read_text()
    for user in db.session.query(User):
        assert user.email not in text
        assert user.name not in text


@pytest.mark.parametrize(
    ("content", "said"), [(None, "can’t be read: no such file"), ("no key", "holds no key")]
)
def test_a_missing_or_wrong_key_file_is_a_sentence(
    shop: Shop, tmp_path: Path, content: str | None, said: str
) -> None:
    key = tmp_path / "key"
    if content:
        key.write_text(content)
    shop.configure(backup_key_file=key)
    with pytest.raises(BackupError, match=said):
        backup.create(BackupKind.MANUAL)
    with pytest.raises(BackupError, match="file exists"):
        encryption.new_key(shop.folder.parent)
