"""Files on disk: what is stored comes back, nothing half-written is seen, ranges are answered by the book."""

import hashlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

import storage

CONTENT = bytes(range(256)) * 40
UNSAFE = [
    "", "/etc/passwd", "../secret", "a/../b", "a//b", "a/./b", "a/", ".incoming/x", "a\x00b", "a\nb",
    "a\\b", "x" * 256, "media/\u202egpj.exe",
]  # fmt: skip


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    app = Flask(__name__)
    app.config.update(SECRET_KEY="a secret of this test", STORAGE="local", STORAGE_ROOT=tmp_path / "files")
    storage.init_app(app)

    @app.get("/file/<path:key>")
    def file(key: str) -> Response:
        return storage.send(key, "video/mp4")

    @app.get("/unknown/<path:key>")
    def unknown(key: str) -> Response:
        return storage.send(key, "text/html")

    @app.get("/lesson/<token>/<path:key>")
    def lesson(token: str, key: str) -> Response:
        until = storage.verify(token, "media/1/")
        return (
            storage.send(f"media/1/{key}", "video/mp4", expires_at=until) if until else Response(status=403)
        )

    @app.get("/save/<path:key>")
    def save(key: str) -> Response:
        return storage.send(key, "application/zip", download_name='Código "1"/2.zip')

    return app


@pytest.fixture
def store(app: Flask) -> Iterator[storage.Storage]:
    with app.app_context():
        yield storage.current()


@pytest.fixture
def client(app: Flask, store: storage.Storage) -> FlaskClient:
    store.put("media/1/film.mp4", CONTENT, "video/mp4")
    return app.test_client()


def test_what_is_put_comes_back_and_can_be_removed(store: storage.Storage) -> None:
    assert store.put("a/b.bin", io.BytesIO(CONTENT), "application/octet-stream") == len(CONTENT)
    assert store.exists("a/b.bin")
    assert store.size("a/b.bin") == len(CONTENT)
    with store.open("a/b.bin") as file:
        assert file.read() == CONTENT
    with store.local_copy("a/b.bin") as path:
        assert path.read_bytes() == CONTENT
    store.put("a/b.bin", b"second", "application/octet-stream")
    assert store.size("a/b.bin") == 6
    store.delete("a/b.bin")
    store.delete("a/b.bin")
    assert not store.exists("a/b.bin")


def test_a_folder_is_removed_with_all_in_it_and_nothing_beside_it(store: storage.Storage) -> None:
    for key in ("media/1/a", "media/1/b/c", "media/10/a"):
        store.put(key, b"x", "video/mp4")
    store.delete_prefix("media/1/")
    store.delete_prefix("media/1/")
    assert [store.exists(key) for key in ("media/1/a", "media/1/b/c", "media/10/a")] == [False, False, True]


@pytest.mark.parametrize("key", UNSAFE)
def test_a_key_that_could_leave_its_place_is_refused(store: storage.Storage, key: str) -> None:
    with pytest.raises(storage.UnsafeKeyError):
        store.put(key, b"x", "text/plain")
    with pytest.raises(storage.UnsafeKeyError):
        store.open(key)


@pytest.mark.parametrize("prefix", ["", "/", "media", "../", "media/../"])
def test_a_prefix_that_is_no_folder_is_refused(store: storage.Storage, prefix: str) -> None:
    with pytest.raises(storage.UnsafeKeyError):
        store.delete_prefix(prefix)


def test_a_missing_file_says_so(store: storage.Storage) -> None:
    with pytest.raises(FileNotFoundError):
        store.size("nothing")
    with pytest.raises(FileNotFoundError), store.local_copy("nothing"):
        pass


class _Breaks(io.RawIOBase):
    """An upload whose connection drops after the first piece."""

    pieces = [b"first"]

    def read(self, amount: int = -1) -> bytes:
        if not self.pieces:
            raise ConnectionResetError
        return self.pieces.pop()


def test_an_upload_that_breaks_leaves_the_old_file_and_no_litter(store: storage.Storage) -> None:
    assert isinstance(store, storage.LocalStorage)
    store.put("a.bin", b"old", "video/mp4")
    with pytest.raises(ConnectionResetError):
        store.put("a.bin", cast(BinaryIO, _Breaks()), "video/mp4")
    assert store.path("a.bin").read_bytes() == b"old"
    assert [path.name for path in store.root.rglob("*") if path.is_file()] == ["a.bin"]


@pytest.mark.parametrize(
    ("wanted", "status", "first", "end"),
    [
        (None, 200, 0, len(CONTENT)),
        ("bytes=0-0", 206, 0, 1),
        ("bytes=100-199", 206, 100, 200),
        ("bytes=10000-", 206, 10000, len(CONTENT)),
        ("bytes=-10", 206, len(CONTENT) - 10, len(CONTENT)),
        ("bytes=-999999", 200, 0, len(CONTENT)),
        ("bytes=" + "9" * 5000 + "-", 200, 0, len(CONTENT)),
        ("bytes=10-999999", 206, 10, len(CONTENT)),
        ("bytes=0-1,5-6", 200, 0, len(CONTENT)),
        ("bytes=5-4", 200, 0, len(CONTENT)),
        ("bytes=x-y", 200, 0, len(CONTENT)),
        ("bytes=-", 200, 0, len(CONTENT)),
        ("rows=1-2", 200, 0, len(CONTENT)),
    ],
)
def test_a_range_is_answered(
    client: FlaskClient, wanted: str | None, status: int, first: int, end: int
) -> None:
    answer = client.get("/file/media/1/film.mp4", headers={"Range": wanted} if wanted else {})
    assert answer.status_code == status
    assert answer.data == CONTENT[first:end]
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Length"] == str(end - first)
    if status == 206:
        assert answer.headers["Content-Range"] == f"bytes {first}-{end - 1}/{len(CONTENT)}"


@pytest.mark.parametrize("wanted", ["bytes=20000-", "bytes=20000-20001", "bytes=-0"])
def test_a_range_beyond_the_file_is_416(client: FlaskClient, wanted: str) -> None:
    answer = client.get("/file/media/1/film.mp4", headers={"Range": wanted})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(CONTENT)}"


def test_a_head_request_gets_the_size_and_no_bytes(client: FlaskClient) -> None:
    answer = client.head("/file/media/1/film.mp4", headers={"Range": "bytes=0-9"})
    assert answer.status_code == 200
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert answer.data == b""


def test_if_range_gives_the_part_only_of_the_same_file(client: FlaskClient, store: storage.Storage) -> None:
    tag = client.get("/file/media/1/film.mp4").headers["ETag"]
    same = client.get("/file/media/1/film.mp4", headers={"Range": "bytes=0-9", "If-Range": tag})
    assert (same.status_code, same.data) == (206, CONTENT[:10])
    store.put("media/1/film.mp4", b"another film", "video/mp4")
    other = client.get("/file/media/1/film.mp4", headers={"Range": "bytes=0-9", "If-Range": tag})
    assert (other.status_code, other.data) == (200, b"another film")


def test_an_unchanged_file_is_not_sent_again(client: FlaskClient) -> None:
    first = client.get("/file/media/1/film.mp4")
    again = client.get("/file/media/1/film.mp4", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert first.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    "key", ["nothing.mp4", "media/1", "..%2f..%2fetc/passwd", "media/%00", "a/../film.mp4"]
)
def test_what_is_not_a_stored_file_is_404(client: FlaskClient, key: str) -> None:
    assert client.get(f"/file/{key}").status_code == 404


def test_a_type_that_could_run_as_a_page_is_only_saved(client: FlaskClient, store: storage.Storage) -> None:
    store.put("page.html", b"<script>", "text/html")
    answer = client.get("/unknown/page.html")
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment; filename=page.html"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_download_has_its_name(client: FlaskClient) -> None:
    said = client.get("/save/media/1/film.mp4").headers["Content-Disposition"]
    assert said.startswith("attachment; filename=")
    assert "filename*=UTF-8''C%C3%B3digo%2012.zip" in said


def test_a_front_server_sends_the_file_when_one_is_named(app: Flask, client: FlaskClient) -> None:
    app.config["X_ACCEL_PREFIX"] = "/protected/"
    answer = client.get("/file/media/1/film.mp4")
    assert answer.headers["X-Accel-Redirect"] == "/protected/media/1/film.mp4"
    assert answer.data == b""
    assert answer.content_type == "video/mp4"
    assert client.get("/file/media/1/none.mp4").status_code == 404


def test_a_token_opens_its_folder_and_no_other(app: Flask) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    with app.app_context():
        token = storage.sign("media/1/", soon)
        until = storage.verify(token, "media/1/")
        assert until is not None
        assert timedelta(0) <= until - soon <= timedelta(minutes=15)
        assert storage.verify(token, "media/2/") is None
        assert storage.verify(token, "media/1") is None
        assert storage.verify(token[:-1] + "é", "media/1/") is None
        later = f"{int(token.partition('.')[0], 16) + 900:x}.{token.partition('.')[2]}"
        assert storage.verify(later, "media/1/") is None
        for nonsense in ("", ".", "zz.zz", "-1.x", "f" * 400, "0x10.\x00"):
            assert storage.verify(nonsense, "media/1/") is None


def test_addresses_stay_the_same_within_a_quarter_of_an_hour(app: Flask) -> None:
    start = datetime(2030, 1, 1, 12, 0, 1, tzinfo=UTC)
    with app.app_context():
        tokens = {storage.sign("media/1/", start + timedelta(minutes=minutes)) for minutes in (0, 7, 14)}
        assert len(tokens) == 1
        assert storage.sign("media/1/", start + timedelta(minutes=15)) not in tokens


def test_an_expired_token_opens_nothing(app: Flask) -> None:
    with app.app_context():
        assert (
            storage.verify(storage.sign("media/1/", datetime.now(UTC) - timedelta(hours=1)), "media/1/")
            is None
        )


def test_a_changed_secret_honours_the_old_one_while_it_is_named(app: Flask) -> None:
    with app.app_context():
        token = storage.sign("media/1/", datetime.now(UTC) + timedelta(hours=1))
        old, app.config["SECRET_KEY"] = app.config["SECRET_KEY"], "a new secret"
        assert storage.verify(token, "media/1/") is None
        app.config["SECRET_KEY_FALLBACKS"] = [old]
        assert storage.verify(token, "media/1/") is not None


def test_a_signed_file_may_be_kept_until_its_address_expires(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        token = storage.sign("media/1/", datetime.now(UTC) + timedelta(hours=1))
    kept = client.get(f"/lesson/{token}/film.mp4").headers["Cache-Control"]
    assert kept.startswith("private, max-age=")
    assert 3590 <= int(kept.rpartition("=")[2]) <= 4500
    assert client.get(f"/lesson/{token}x/film.mp4").status_code == 403


def test_an_unknown_kind_of_storage_stops_the_start() -> None:
    app = Flask(__name__)
    app.config["STORAGE"] = "tape"
    with pytest.raises(ValueError, match="STORAGE must be local or s3"):
        storage.init_app(app)


@pytest.fixture
def disk(app: Flask) -> Iterator[storage.LocalStorage]:
    with app.app_context():
        yield cast(storage.LocalStorage, storage.current())


def incoming(size: int) -> storage.PartialUpload:
    return storage.PartialUpload("upload", "media/1/original.mp4", size)


def test_chunks_become_a_file_only_when_all_have_come(disk: storage.LocalStorage) -> None:
    coming = incoming(30)
    assert disk.begin(coming.key) is None
    assert disk.received(coming) == 0
    assert disk.append(coming, 0, io.BytesIO(b"a" * 10), 10) == 10
    assert disk.append(coming, 10, io.BytesIO(b"b" * 10), 10) == 20
    with pytest.raises(storage.WrongOffsetError) as missing:
        disk.complete(coming)
    assert missing.value.received == disk.received(coming) == 20
    assert not disk.exists(coming.key)
    disk.append(coming, 20, io.BytesIO(b"c" * 10), 10)
    disk.complete(coming)
    disk.complete(coming)  # whoever got no answer asks again
    assert disk.path(coming.key).read_bytes() == b"a" * 10 + b"b" * 10 + b"c" * 10
    assert disk.received(coming) == 30
    assert not list((disk.root / ".incoming").rglob("upload"))


def test_a_chunk_sent_again_changes_nothing_and_a_gap_is_refused(disk: storage.LocalStorage) -> None:
    coming = incoming(30)
    disk.append(coming, 0, io.BytesIO(b"a" * 10), 10)
    assert disk.append(coming, 0, io.BytesIO(b"x" * 10), 10) == 10
    for offset, length in ((11, 5), (5, 10), (20, 10), (10, 21)):
        with pytest.raises(storage.WrongOffsetError) as wrong:
            disk.append(coming, offset, io.BytesIO(b"y" * length), length)
        assert wrong.value.received == 10
    disk.append(coming, 10, io.BytesIO(b"b" * 20), 20)
    disk.complete(coming)
    assert disk.path(coming.key).read_bytes() == b"a" * 10 + b"b" * 20


def test_nothing_is_kept_of_a_chunk_that_is_cut_off_or_damaged(disk: storage.LocalStorage) -> None:
    coming = incoming(30)
    disk.append(coming, 0, io.BytesIO(b"a" * 10), 10)
    with pytest.raises(storage.ChecksumError):
        disk.append(coming, 10, io.BytesIO(b"b" * 4), 20)
    with pytest.raises(storage.ChecksumError):
        disk.append(coming, 10, io.BytesIO(b"b" * 20), 20, hashlib.sha256(b"c" * 20).hexdigest())
    assert disk.received(coming) == 10
    assert disk.append(coming, 10, io.BytesIO(b"b" * 20), 20, hashlib.sha256(b"b" * 20).hexdigest()) == 30


def test_two_at_once_don_t_mix_their_bytes(disk: storage.LocalStorage) -> None:
    coming, second = incoming(20), []

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            with pytest.raises(storage.BusyError):
                disk.append(coming, 0, io.BytesIO(b"b" * 20), 20)
            second.append("refused")
            return super().read(size)

    assert disk.append(coming, 0, Slow(b"a" * 20), 20) == 20
    assert second
    disk.complete(coming)
    assert disk.path(coming.key).read_bytes() == b"a" * 20


def test_what_is_given_up_is_removed_at_once_or_in_time(disk: storage.LocalStorage) -> None:
    coming = incoming(30)
    disk.append(coming, 0, io.BytesIO(b"a" * 10), 10)
    disk.sweep(60)
    assert disk.received(coming) == 10
    disk.abandon(coming)
    disk.abandon(coming)
    assert disk.received(coming) == 0
    disk.append(coming, 0, io.BytesIO(b"a" * 10), 10)
    disk.sweep(-60)
    assert disk.received(coming) == 0


def test_a_copy_stays_when_its_source_goes(store: storage.Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put("media/1/film.mp4", CONTENT, "video/mp4")
    store.copy("media/1/film.mp4", "originals/1/film.mp4")
    store.copy("media/1/film.mp4", "originals/1/film.mp4")

    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr("os.link", refuse)
    store.copy("media/1/film.mp4", "originals/2/film.mp4")
    store.delete("media/1/film.mp4")
    assert [store.open(f"originals/{n}/film.mp4").read() for n in (1, 2)] == [CONTENT, CONTENT]
    monkeypatch.undo()
    with pytest.raises(FileNotFoundError):
        store.copy("media/1/film.mp4", "originals/1/film.mp4")
