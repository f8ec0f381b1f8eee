"""Which backups stay, and what is removed with the others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import storage
from domain import backup
from domain.backup import Backup, BackupKind, Proof, creating, pruning
from domain.backup.contents import encryption
from models import db
from tests.backup.conftest import Shop

pytestmark = pytest.mark.once
NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def made(days: float, kind: BackupKind = BackupKind.DAILY, **facts: object) -> Backup:
    """A backup that is so many days old."""
    at = NOW - timedelta(days=days)
    return replace(Backup(f"{at:%Y%m%dT%H%M%SZ}-{kind}", kind, at), **facts)


def ages(every: list[Backup], days: int = 30, months: int = 12) -> list[float]:
    """How old those are, in days, that stay."""
    newest_first = sorted(every, key=lambda one: one.made_at, reverse=True)
    kept = pruning.keepers(newest_first, NOW, days, months)
    return [(NOW - one.made_at) / timedelta(days=1) for one in newest_first if one.name in kept]


def test_the_newest_of_each_of_thirty_days_and_twelve_months_stay() -> None:
    every = [made(day + part) for day in range(500) for part in (0.2, 0.4)]
    kept = ages(every)
    assert kept[:30] == pytest.approx([day + 0.2 for day in range(30)])
    months = sorted({f"{NOW - timedelta(days=age):%Y-%m}" for age in kept})
    assert len(months) == 12
    assert len(kept) == 30 + 12 - 2  # two of the months are among the days


def test_how_many_stay_is_a_setting() -> None:
    assert ages([made(day) for day in range(100)], days=3, months=0) == [0, 1, 2]


def test_days_without_a_backup_do_not_count() -> None:
    assert ages([made(day) for day in (100, 101, 102, 103)], days=3, months=0) == [100, 101, 102]


def test_manual_ones_and_those_before_upgrades_stay_thirty_days() -> None:
    for kind in (BackupKind.MANUAL, BackupKind.UPGRADE):
        every = [made(day + hour / 24, kind) for day in (29, 31) for hour in (1, 2)]
        assert ages([made(0), *every], days=1, months=0) == pytest.approx([0, 29 + 1 / 24, 29 + 2 / 24])


def test_snapshots_stay_for_a_day() -> None:
    every = [made(minutes / 96, BackupKind.SNAPSHOT) for minutes in range(200)]
    assert len(ages([made(0.3), *every])) == 97


def test_the_newest_of_all_the_newest_full_and_the_newest_proved_always_stay() -> None:
    good, bad = Proof(NOW, ok=True, problems=(), seconds=1), Proof(NOW, ok=False, problems=("x",), seconds=1)
    every = [
        made(40, BackupKind.SNAPSHOT),
        made(50, proof=bad),
        made(60),
        made(70, proof=good),
        made(80, proof=good),
    ]
    assert ages(every, days=0, months=0) == [40, 50, 70]


def test_what_cannot_be_read_goes_after_thirty_days_and_what_was_begun_after_one() -> None:
    broken = [made(day, problem="It is broken.") for day in (1, 29, 31)]
    begun = [made(day, problem="It was begun.", complete=False) for day in (0.9, 1.1)]
    assert ages([*broken, *begun], days=0, months=0) == [0.9, 1, 29]


def make(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, days: float, kind: BackupKind = BackupKind.DAILY
) -> Backup:
    monkeypatch.setattr(creating.clock, "now", lambda: NOW - timedelta(days=days))
    return backup.create(kind)


def contents(shop: Shop) -> int:
    return len([path for path in (shop.folder / "files").rglob("*") if path.is_file()])


def test_contents_that_no_backup_names_are_removed_with_the_last_that_did(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.configure(backup_keep_daily=2, backup_keep_monthly=0)
    old = make(shop, monkeypatch, 3)
    storage.current().put("media/1/film.mp4", b"another", "video/mp4")
    make(shop, monkeypatch, 2)
    make(shop, monkeypatch, 1)
    assert contents(shop) == 4
    assert backup.prune(NOW, dry_run=True) == [old.name]
    assert (contents(shop), len(backup.listing())) == (4, 3)
    assert backup.prune(NOW) == [old.name]
    assert (contents(shop), len(backup.listing())) == (3, 2)
    assert b"another" in {path.read_bytes() for path in (shop.folder / "files").rglob("*") if path.is_file()}
    assert backup.prune(NOW) == []


def test_while_one_cannot_be_read_no_content_is_removed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.configure(backup_keep_daily=1, backup_keep_monthly=0)
    make(shop, monkeypatch, 3)
    storage.current().delete("media/1/film.mp4")
    broken = make(shop, monkeypatch, 2)
    make(shop, monkeypatch, 1)
    shop.part(broken, "manifest").write_bytes(b"{")
    backup.prune(NOW)
    assert contents(shop) == 3
    shop.part(broken, "manifest").unlink()
    backup.prune(NOW + timedelta(days=40))
    assert contents(shop) == 2


def test_what_was_begun_is_cleaned_up(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = make(shop, monkeypatch, 0)
    begun = shop.folder / ".partial-20261128T110000Z-daily"
    begun.mkdir()
    (begun / "copy.db").write_bytes(b"half")
    assert backup.prune(NOW) == ["20261128T110000Z-daily"]
    assert [one.name for one in backup.listing()] == [kept.name]
    assert not begun.exists()


def test_what_was_left_by_the_killed_is_cleaned_up(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    make(shop, monkeypatch, 0)
    store, data = storage.current(), shop.app.config["SETTINGS"].data_dir
    assert isinstance(store, storage.LocalStorage)
    database = Path(db.engine.url.database or "")
    half = [
        data / ".backup-half",
        store.root.with_name("storage.restoring-20261129T020000Z"),
        database.with_name(f"{database.name}.restoring-20261129T020000Z"),
    ]
    for folder in half[:2]:
        folder.mkdir()
        (folder / "half").write_bytes(b"half")
    half[2].write_bytes(b"half")
    assert backup.prune(NOW) == []
    assert [path for path in half if path.exists()] == []
    assert len(shop.files()) == 3


def test_contents_of_another_key_stay_as_long_as_a_backup_of_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shop.configure(backup_keep_daily=2, backup_keep_monthly=0)
    keys = tmp_path_factory.mktemp("keys")
    for days, name in ((3, "first"), (2, "second")):
        encryption.new_key(keys / name)
        shop.configure(backup_key_file=keys / name)
        make(shop, monkeypatch, days)
    assert (backup.prune(NOW), contents(shop)) == ([], 6)
    make(shop, monkeypatch, 1)
    assert len(backup.prune(NOW)) == 1
    assert contents(shop) == 3


def test_snapshots_are_removed_too(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    old = [make(shop, monkeypatch, 60, kind) for kind in (BackupKind.MANUAL, BackupKind.SNAPSHOT)]
    make(shop, monkeypatch, 0)
    shop.configure(backup_keep_daily=1, backup_keep_monthly=1)
    assert sorted(backup.prune(NOW)) == sorted(one.name for one in old)
