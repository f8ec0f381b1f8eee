"""Backups in a bucket, and of a shop whose files are in one, against moto's S3 over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

import storage
from domain import backup
from domain.backup import BackupError, BackupKind
from domain.backup.contents import encryption
from domain.base import clock
from storage import S3Storage
from tests.backup.conftest import FILES, Shop

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str, shop: Shop) -> Any:
    """An empty bucket, which is the target below the prefix `shop`."""
    given = {"region_name": "us-east-1", "aws_access_key_id": "key", "aws_secret_access_key": "none"}
    resource = boto3.resource("s3", endpoint_url=endpoint, **given)
    bucket = resource.Bucket("away")
    bucket.create()
    bucket.objects.all().delete()
    shop.configure(
        s3_endpoint_url=endpoint,
        s3_access_key_id="key",
        s3_secret_access_key="none",
        backup_target="s3://away/shop",
    )
    return bucket


def keys(s3: Any) -> list[str]:
    return [entry.key for entry in s3.objects.all()]


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
def test_a_backup_goes_into_a_bucket_and_comes_back(
    shop: Shop, s3: Any, no_books: None, tmp_path: Path, encrypted: bool
) -> None:
    if encrypted:
        encryption.new_key(tmp_path / "key")
        shop.configure(backup_key_file=tmp_path / "key")
    tags = shop.tags()
    made = backup.create(BackupKind.MANUAL)
    assert all(key.startswith(("shop/files/", f"shop/{made.name}/")) for key in keys(s3))
    assert len(keys(s3)) == 3 + len(FILES)
    proof = backup.verify(made.name)
    assert proof.problems == ()
    assert backup.listing()[0].proof == proof
    storage.current().delete("media/1/film.mp4")
    shop.add_tag("later")
    backup.restore(made.name, force=True)
    assert (shop.tags(), shop.files()) == (tags, FILES)
    assert sorted(path.name for path in (tmp_path / "shop").iterdir() if "before" not in path.name) == [
        "backup.lock", "storage",
    ]  # fmt: skip


def test_contents_are_uploaded_once(shop: Shop, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    backup.create(BackupKind.MANUAL)
    put: list[str] = []
    putting = S3Storage.put
    monkeypatch.setattr(
        S3Storage, "put", lambda self, key, *rest: put.append(key) or putting(self, key, *rest)
    )
    second = backup.create(BackupKind.MANUAL)
    assert put == [f"shop/{second.name}/{name}" for name in put_names(put)]
    assert put[-1].endswith("/manifest.json")


def put_names(put: list[str]) -> list[str]:
    return [key.rpartition("/")[2] for key in put]


def test_one_without_its_manifest_is_incomplete_and_cleaned_up(shop: Shop, s3: Any) -> None:
    s3.put_object(Key="shop/20250101T020000Z-daily/database.gz", Body=b"half")
    s3.put_object(Key="shop/other/database.gz", Body=b"somebody else's")
    assert [(one.name, one.complete) for one in backup.listing()] == [("20250101T020000Z-daily", False)]
    assert backup.prune(clock.now()) == ["20250101T020000Z-daily"]
    assert keys(s3) == ["shop/other/database.gz"]


def test_old_ones_and_their_contents_are_removed(shop: Shop, s3: Any) -> None:
    shop.configure(backup_keep_daily=1, backup_keep_monthly=0)
    first = backup.create(BackupKind.DAILY)
    storage.current().delete("media/1/film.mp4")
    backup.create(BackupKind.DAILY)
    assert backup.prune(clock.now()) == [first.name]
    assert len(keys(s3)) == 3 + 2


def test_a_changed_or_lost_object_is_a_problem(shop: Shop, s3: Any, no_books: None) -> None:
    made = backup.create(BackupKind.MANUAL)
    contents = [key for key in keys(s3) if key.startswith("shop/files/")]
    s3.put_object(Key=contents[0], Body=b"x")
    s3.Object(contents[1]).delete()
    assert len(backup.verify(made.name).problems) == 2
    s3.put_object(Key=f"shop/{made.name}/manifest.json", Body=b"{}")
    assert "isn’t a backup of Lectern" in backup.verify(made.name).problems[0]


def test_a_bucket_that_is_not_there_is_a_sentence(shop: Shop, s3: Any) -> None:
    shop.configure(backup_target="s3://nowhere/shop")
    with pytest.raises(BackupError, match="The backup failed: .*NoSuchBucket"):
        backup.create(BackupKind.MANUAL)
    shop.configure(backup_target="ftp://nowhere")
    with pytest.raises(BackupError, match="must be a folder or s3://bucket/prefix, not “ftp://nowhere”"):
        backup.create(BackupKind.MANUAL)


def test_files_in_a_bucket_stay_there_and_are_named(
    shop: Shop, s3: Any, endpoint: str, no_books: None
) -> None:
    """Even with backups in the same bucket, which are no files of the shop's."""
    shop.app.extensions["storage"] = store = S3Storage("away", endpoint, "us-east-1", "key", "none")
    for number in range(12):
        store.put(f"media/{number}.mp4", b"a film" + bytes([number]), "video/mp4")
    made = backup.create(BackupKind.MANUAL)
    assert backup.create(BackupKind.MANUAL).files == made.files == 12
    assert not any(key.startswith("shop/files/") for key in keys(s3))
    store.delete("media/0.mp4")
    assert backup.verify(made.name).ok  # a shop removes a file now and then
    done = backup.restore(made.name, force=True)
    assert done.notes == ("1 of 12 files are no longer in the bucket as they were.",)
    store.put("media/1.mp4", b"changed", "video/mp4")
    said = "2 of 12 files are no longer in the shop’s bucket as they were."
    assert backup.verify(made.name).problems == (said,)


def test_files_of_a_bucket_are_not_brought_onto_a_disk(shop: Shop, s3: Any, endpoint: str) -> None:
    local = shop.app.extensions["storage"]
    shop.app.extensions["storage"] = S3Storage("away", endpoint, "us-east-1", "key", "none")
    made = backup.create(BackupKind.MANUAL)
    shop.app.extensions["storage"] = local
    assert "in a bucket" in backup.restore(made.name, force=True).notes[0]
    assert shop.files() == FILES
