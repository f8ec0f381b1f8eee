"""The same storage in a bucket, against moto's S3 over HTTP."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest
import requests
from flask import Flask, Response
from moto.server import ThreadedMotoServer

import storage

SECRET = "nothing-real"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key=SECRET,
    )
    client.create_bucket(Bucket="courses")
    yield address
    server.stop()


@pytest.fixture
def app(endpoint: str) -> Flask:
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY="a secret of this test", STORAGE="s3", S3_BUCKET="courses", S3_ENDPOINT_URL=endpoint,
        S3_ACCESS_KEY_ID="key", S3_SECRET_ACCESS_KEY=SECRET,
    )  # fmt: skip
    storage.init_app(app)

    @app.get("/file/<path:key>")
    def file(key: str) -> Response:
        kind = "application/vnd.apple.mpegurl" if key.endswith(".m3u8") else "video/mp4"
        return storage.send(key, kind, expires_at=datetime.now(UTC) + timedelta(hours=1))

    return app


@pytest.fixture
def store(app: Flask) -> Iterator[storage.Storage]:
    with app.app_context():
        yield storage.current()


def test_what_is_put_comes_back_and_can_be_removed(store: storage.Storage) -> None:
    content = bytes(range(256)) * 40_000  # more than one part
    assert store.put("a/b.bin", io.BytesIO(content), "video/mp4") == len(content)
    assert store.exists("a/b.bin")
    assert store.size("a/b.bin") == len(content)
    with store.open("a/b.bin") as body:
        assert body.read(10) == content[:10]
    with store.local_copy("a/b.bin") as path:
        assert path.read_bytes() == content
    assert not path.exists()
    store.delete("a/b.bin")
    assert not store.exists("a/b.bin")


def test_a_missing_file_says_so_and_an_unsafe_key_is_refused(store: storage.Storage) -> None:
    with pytest.raises(FileNotFoundError):
        store.open("nothing")
    with pytest.raises(FileNotFoundError):
        store.size("nothing")
    with pytest.raises(storage.UnsafeKeyError):
        store.put("../x", b"x", "video/mp4")


def test_a_folder_is_removed_with_all_in_it_and_nothing_beside_it(store: storage.Storage) -> None:
    for key in ("media/1/a", "media/1/b/c", "media/10/a"):
        store.put(key, b"x", "video/mp4")
    store.delete_prefix("media/1/")
    assert [store.exists(key) for key in ("media/1/a", "media/1/b/c", "media/10/a")] == [False, False, True]


def test_bytes_are_fetched_from_the_bucket_by_a_presigned_address(app: Flask, store: storage.Storage) -> None:
    store.put("media/1/film.mp4", b"0123456789", "application/octet-stream")
    answer = app.test_client().get("/file/media/1/film.mp4")
    assert answer.status_code == 302
    assert answer.headers["Cache-Control"].startswith("private, max-age=")
    assert answer.headers["Location"].startswith(storage.origin() or "none")
    part = requests.get(answer.headers["Location"], headers={"Range": "bytes=2-4"}, timeout=10)
    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["Content-Type"] == "video/mp4"
    assert part.headers["Content-Disposition"] == "inline; filename=film.mp4"
    assert part.headers["Cache-Control"] == answer.headers["Cache-Control"]
    again = requests.get(
        answer.headers["Location"], headers={"If-None-Match": part.headers["ETag"]}, timeout=10
    )
    assert again.status_code == 304


def test_a_playlist_comes_from_us_so_that_its_relative_names_stay_signed(
    app: Flask, store: storage.Storage
) -> None:
    store.put("media/1/master.m3u8", b"#EXTM3U\n720p.m3u8\n", "application/vnd.apple.mpegurl")
    answer = app.test_client().get("/file/media/1/master.m3u8")
    assert (answer.status_code, answer.data) == (200, b"#EXTM3U\n720p.m3u8\n")
    known = {"If-None-Match": answer.headers["ETag"]}
    assert app.test_client().get("/file/media/1/master.m3u8", headers=known).status_code == 304
    assert app.test_client().get("/file/media/1/none.m3u8").status_code == 404


def test_parts_go_straight_to_the_bucket_and_become_one_file(store: storage.Storage) -> None:
    size = 6 * 1024 * 1024 + 2 * 1024 * 1024 + 7
    content = bytes(range(256)) * (size // 256) + b"the end"
    coming = storage.PartialUpload("upload", "media/1/original.mp4", len(content))
    coming = replace(coming, remote_id=store.begin(coming.key))
    assert store.received(coming) == 0
    assert coming.parts == 2
    first = requests.put(store.part_url(coming, 1, 600) or "", data=content[: coming.part_size], timeout=20)
    assert first.status_code == 200
    assert store.received(coming) == coming.part_size  # where a dropped connection goes on
    with pytest.raises(storage.WrongOffsetError):
        store.complete(coming)
    second = store.part_url(coming, 2, 600) or ""
    assert requests.put(second, data=content[coming.part_size :], timeout=20).status_code == 200
    store.complete(coming)
    store.complete(coming)
    with store.open(coming.key) as body:
        assert body.read() == content
    assert store.received(coming) == len(content)


def test_an_upload_in_parts_can_be_given_up(store: storage.Storage) -> None:
    coming = storage.PartialUpload("upload", "media/2/original.mp4", 5)
    coming = replace(coming, remote_id=store.begin(coming.key))
    requests.put(store.part_url(coming, 1, 600) or "", data=b"12345", timeout=20)
    store.abandon(coming)
    store.abandon(coming)
    assert store.received(coming) == 0
    assert not store.exists(coming.key)


def test_very_large_files_have_larger_parts() -> None:
    huge = storage.PartialUpload("upload", "media/3/original.mp4", 5 * 1024**4)
    assert huge.parts < 10_000
    assert huge.part_size * huge.parts >= huge.size


def test_public_files_come_from_us_so_that_their_address_lasts(app: Flask, store: storage.Storage) -> None:
    store.put("pictures/avatar/a/64.webp", b"RIFF", "image/webp")
    with app.test_request_context():
        answer = storage.publish("pictures/avatar/a/64.webp", "image/webp")
    assert answer.data == b"RIFF"
    assert "immutable" in answer.headers["Cache-Control"]


def test_the_bucket_copies(store: storage.Storage) -> None:
    store.put("media/1/film.mp4", b"film", "video/mp4")
    store.copy("media/1/film.mp4", "originals/1/film.mp4")
    store.delete("media/1/film.mp4")
    assert store.open("originals/1/film.mp4").read() == b"film"
    with pytest.raises(FileNotFoundError):
        store.copy("media/1/film.mp4", "originals/1/film.mp4")
