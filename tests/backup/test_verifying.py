"""A backup is good when it was restored: each kind of damage is named, and none is an exception."""

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import flask_migrate
import pytest
from flask import current_app

from domain import backup
from domain.backup import BackupError, BackupKind, restoring
from domain.backup.contents import encryption, file_check, manifest
from domain.base import clock
from models import Order, OrderStatus, db
from tests.backup.conftest import ON_POSTGRESQL, Shop, databases_like


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change a file that may be a hard link of the shop's own, which stays as it is."""
    content = change(path.read_bytes())
    path.unlink()
    path.write_bytes(content)


def flip(content: bytes) -> bytes:
    """Change one bit in the middle."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def test_a_good_one_is_proved_and_says_so_in_the_list(shop: Shop) -> None:
    made = backup.create(BackupKind.DAILY)
    proof = backup.verify(made.name)
    assert (proof.ok, proof.problems) == (True, ())
    assert backup.listing()[0].proof == proof
    assert sorted(path.name for path in (shop.app.config["SETTINGS"].data_dir).iterdir()) == [
        "backup.lock", "storage",
    ]  # fmt: skip
    if ON_POSTGRESQL:
        mine = f"lectern\\_verify\\_{db.engine.url.database[:30]}%"
        assert databases_like(mine) == []
        killed = restoring.shop.current().database
        killed.create(f"lectern_verify_{killed.name[:30]}_abc")
        assert len(databases_like(mine)) == 1
        backup.prune(clock.now())
        assert databases_like(mine) == []


def test_books_that_disagree_are_found_in_the_restored_database(shop: Shop) -> None:
    order = db.session.query(Order).filter_by(status=OrderStatus.COMPLETED).first()
    order.subtotal_cents, order.total_cents = order.subtotal_cents + 1, order.total_cents + 1
    db.session.commit()
    made = backup.create(BackupKind.MANUAL)
    proof = backup.verify(made.name)
    assert not proof.ok
    assert any("orders equal their purchases: order" in problem for problem in proof.problems)
    assert backup.listing()[0].proof == proof


def test_one_of_an_older_schema_is_upgraded_in_the_scratch_place(shop: Shop, no_books: None) -> None:
    folder = str(Path(current_app.root_path) / "migrations")
    db.session.remove()
    head = backup.create(BackupKind.MANUAL).revision
    flask_migrate.downgrade(directory=folder, revision="-1")
    made = backup.create(BackupKind.UPGRADE)
    assert made.revision != head
    assert backup.verify(made.name).problems == ()


@pytest.mark.once
@pytest.mark.parametrize("key", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize(
    ("part", "change", "said"),
    [
        ("database", lambda content: content[:-10], "bytes, not"),
        ("database", flip, "damaged or was changed"),
        ("files", flip, "damaged or was changed"),
        ("manifest", lambda content: content[:-10], "isn’t a backup of Lectern"),
        ("manifest", lambda _content: b'{"what": "somebody else\'s"}', "isn’t a backup of Lectern"),
        ("manifest", lambda content: content.replace(b'"seconds": ', b'"seconds": 1'), "changed"),
        ("content", flip, "damaged"),
        ("content", lambda content: content[:-1], "damaged|bytes in the backup"),
    ],
)
def test_damage_is_a_problem_of_the_proof(
    shop: Shop,
    no_books: None,
    tmp_path: Path,
    key: bool,
    part: str,
    change: Callable[[bytes], bytes],
    said: str,
) -> None:
    if key:
        encryption.new_key(tmp_path / "key")
        shop.configure(backup_key_file=tmp_path / "key")
    made = backup.create(BackupKind.MANUAL)
    rewrite(shop.content() if part == "content" else shop.part(made, part), change)
    proof = backup.verify(made.name)
    assert not proof.ok
    assert len(proof.problems) == 1
    assert any(word in proof.problems[0] for word in said.split("|"))


@pytest.mark.once
@pytest.mark.parametrize("part", ["database", "files"])
def test_a_missing_part_is_named(shop: Shop, no_books: None, part: str) -> None:
    made = backup.create(BackupKind.MANUAL)
    shop.part(made, part).unlink()
    assert "is missing" in backup.verify(made.name).problems[0]


@pytest.mark.once
def test_a_missing_file_is_named(shop: Shop, no_books: None) -> None:
    made = backup.create(BackupKind.MANUAL)
    shop.content().unlink()
    assert backup.verify(made.name).problems[0].endswith("is missing in the backup.")


def test_one_without_a_manifest_is_named_in_the_list_and_is_not_good(shop: Shop) -> None:
    made = backup.create(BackupKind.MANUAL)
    shop.part(made, "manifest").unlink()
    listed = backup.listing()[0]
    assert (listed.name, listed.problem) == (made.name, f"{made.name} is incomplete: it has no manifest.")
    assert backup.verify(made.name).problems == (listed.problem,)


def test_what_is_not_a_backup_is_not_listed(shop: Shop) -> None:
    for name in ("lost+found", "20261399T000000Z-daily", "20261129T020000Z-other"):
        (shop.folder / name).mkdir(parents=True)
    begun = shop.folder / ".partial-20261129T020000Z-daily"
    begun.mkdir()
    assert [(b.name, b.complete) for b in backup.listing()] == [("20261129T020000Z-daily", False)]
    with pytest.raises(BackupError, match="isn’t the name of a backup"):
        backup.verify("../../etc")
    with pytest.raises(BackupError, match="There is no backup 20251129T020000Z-daily"):
        backup.verify("20251129T020000Z-daily")


@pytest.mark.once
@pytest.mark.parametrize("key", ["../../outside", "/etc/passwd", "a/../../b", ".incoming/x"])
def test_a_list_that_leads_outside_is_damage(shop: Shop, no_books: None, key: str) -> None:
    """Somebody who can write into the target also writes the hashes anew."""
    made = backup.create(BackupKind.MANUAL)
    forge(shop, made, [[key, 5, "1", "0" * 64]])
    proof = backup.verify(made.name)
    assert "its list of files can’t be read" in proof.problems[0]


def forge(shop: Shop, made: backup.Backup, entries: list[list[object]]) -> None:
    """Write another list of files, with a manifest that fits it."""
    path = shop.part(made, "files")
    path.write_bytes(gzip.compress(b"".join(json.dumps(entry).encode() + b"\n" for entry in entries)))
    whole = manifest.read(shop.part(made, "manifest").read_bytes(), made.name, b"")
    digest = manifest.ManifestPart(path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    changed = manifest.Manifest(**{**vars(whole), "file_list": digest})
    shop.part(made, "manifest").write_bytes(manifest.write(changed, b""))


@pytest.mark.once
def test_an_encrypted_one_cannot_be_forged_without_the_key(
    shop: Shop, no_books: None, tmp_path: Path
) -> None:
    encryption.new_key(tmp_path / "key")
    shop.configure(backup_key_file=tmp_path / "key")
    made = backup.create(BackupKind.MANUAL)
    whole = manifest.read(shop.part(made, "manifest").read_bytes(), made.name, None)
    shop.part(made, "manifest").write_bytes(manifest.write(whole, b"guessed"))
    assert "written with another key file" in backup.verify(made.name).problems[0]


@pytest.mark.once
@pytest.mark.parametrize(("other", "said"), [(False, "is encrypted: set"), (True, "with another key file")])
def test_without_its_key_nothing_is_said_of_a_backup(
    shop: Shop, no_books: None, tmp_path: Path, other: bool, said: str
) -> None:
    for name in ("key", "other"):
        encryption.new_key(tmp_path / name)
    shop.configure(backup_key_file=tmp_path / "key")
    made = backup.create(BackupKind.MANUAL)
    shop.configure(backup_key_file=tmp_path / "other" if other else None)
    with pytest.raises(BackupError, match=said):
        backup.verify(made.name)
    assert backup.listing() == [made]


@pytest.mark.once
def test_after_a_change_of_keys_files_are_kept_under_the_new_one(
    shop: Shop, no_books: None, tmp_path: Path
) -> None:
    for name in ("key", "other"):
        encryption.new_key(tmp_path / name)
        shop.configure(backup_key_file=tmp_path / name)
        assert backup.verify(backup.create(BackupKind.MANUAL).name).ok


@pytest.mark.once
def test_of_many_files_a_sample_is_compared_and_the_rest_looked_for(
    shop: Shop, no_books: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_check, "SAMPLE", 2)
    made = backup.create(BackupKind.MANUAL)
    compared: list[int] = []
    backup.verify(made.name, lambda step, _done, total: compared.append(total) if step == "Files" else None)
    assert compared == [2, 2]


def test_rows_that_are_missing_are_counted(shop: Shop, no_books: None) -> None:
    made = backup.create(BackupKind.MANUAL)
    whole = manifest.read(shop.part(made, "manifest").read_bytes(), made.name, b"")
    table = next(name for name in whole.rows if name.endswith("users"))
    more = manifest.Manifest(**{**vars(whole), "rows": {**whole.rows, table: whole.rows[table] + 1}})
    shop.part(made, "manifest").write_bytes(manifest.write(more, b""))
    counted = whole.rows[table]
    said = f"{table} has {counted} rows, the backup was made with {counted + 1}."
    assert backup.verify(made.name).problems == (said,)


def test_a_newer_schema_or_format_is_a_sentence(shop: Shop, no_books: None) -> None:
    made = backup.create(BackupKind.MANUAL)
    path = shop.part(made, "manifest")
    whole = manifest.read(path.read_bytes(), made.name, b"")
    path.write_bytes(manifest.write(manifest.Manifest(**{**vars(whole), "revision": "9999"}), b""))
    with pytest.raises(BackupError, match="has the schema 9999, which is newer than this code knows"):
        backup.verify(made.name)
    path.write_bytes(json.dumps({"lectern_backup": 2, "checksum": ""}).encode())
    with pytest.raises(BackupError, match="made by a newer Lectern"):
        backup.verify(made.name)
