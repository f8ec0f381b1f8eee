"""From an upload to something that plays, done by the worker; a bad file costs a sentence."""

import ast
import io
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

import jobs
import storage
from domain.media import recordings
from models import Job, JobState, Lesson, MediaAsset, MediaStatus, db, now
from tests.cast import Cast, recording_of
from tests.journeys import films

pytestmark = pytest.mark.slow

SECONDS = 8  # two segments


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A real film."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    films.shoot(path, SECONDS)
    return path.read_bytes()


@pytest.fixture
def in_app(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        yield app


def upload(cast: Cast, content: bytes, name: str = "film.mp4") -> uuid.UUID:
    lesson = db.session.get_one(Lesson, cast.video_lesson.id)
    asset = recordings.add(lesson, io.BytesIO(content), name)
    db.session.commit()
    return asset.id


def outcome(asset_id: uuid.UUID) -> MediaAsset:
    db.session.rollback()
    return db.session.get_one(MediaAsset, asset_id)


def test_an_upload_becomes_a_film_with_poster_and_renditions(
    in_app: Flask, client: FlaskClient, cast: Cast, film: bytes
) -> None:
    asset_id = upload(cast, film)
    assert outcome(asset_id).status == MediaStatus.PROCESSING
    jobs.run_all()
    asset = outcome(asset_id)
    assert asset.status == MediaStatus.READY
    assert asset.duration_seconds == pytest.approx(SECONDS, abs=0.5)
    assert db.session.get_one(Lesson, cast.video_lesson.id).duration_seconds == SECONDS
    assert asset.renditions
    with_captions = recording_of(cast.video_lesson.id)
    assert with_captions is not None
    play = recordings.playback(with_captions)
    assert [urlsplit(source.url).path.rsplit(".", 1)[1] for source in play.sources] == ["m3u8", "mp4"]
    assert client.get(play.sources[0].url).text.startswith("#EXTM3U")
    assert client.get(str(play.poster_url)).content_type == "image/jpeg"
    assert client.get(play.sources[1].url, headers={"Range": "bytes=0-99"}).status_code == 206


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "empty.mp4"),
        (b"\x89PNG\r\n\x1a\n" + bytes(400), "picture.mp4"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "list.mp4"),
        (b"<svg onload='alert(1)'/>" * 50, "drawing.mp4"),
    ],
)
def test_a_file_that_is_no_film_says_so_and_the_worker_goes_on(
    in_app: Flask, cast: Cast, content: bytes, name: str
) -> None:
    asset_id = upload(cast, content, name)
    jobs.run_all()
    asset = outcome(asset_id)
    assert asset.status == MediaStatus.ERROR
    assert asset.error is not None
    assert asset.error.endswith(".")
    assert "Traceback" not in asset.error
    assert db.session.scalars(select(Job.state).where(Job.kind == "process_media")).all() == [JobState.DONE]
    shown = recording_of(cast.video_lesson.id)
    assert shown is not None
    assert recordings.playback(shown).sources == []


def test_a_truncated_film_says_so(in_app: Flask, cast: Cast, film: bytes) -> None:
    asset_id = upload(cast, film[:400])
    jobs.run_all()
    assert outcome(asset_id).status == MediaStatus.ERROR


def test_a_replaced_recording_is_removed_once_its_addresses_have_run_out(
    in_app: Flask, cast: Cast, film: bytes
) -> None:
    first = upload(cast, film)
    jobs.run_all()
    key = outcome(first).storage_key
    upload(cast, film)
    jobs.run_all()
    assert storage.current().exists(key)
    waiting = db.session.scalars(select(Job).where(Job.kind == "discard_media")).one()
    assert waiting.run_after > now()
    waiting.run_after = now()
    db.session.commit()
    jobs.run_all()
    assert not storage.current().exists(key)


def test_the_name_of_an_upload_chooses_nothing_but_a_suffix(in_app: Flask, cast: Cast, film: bytes) -> None:
    asset_id = upload(cast, film, "../../../etc/passwd.mp4/../../x.%2e%2e")
    assert outcome(asset_id).storage_key in (
        f"originals/{asset_id}/original",
        f"originals/{asset_id}/original.%2e%2e",
    )


def test_a_film_in_a_bucket_is_handed_out_by_the_bucket(
    app: Flask, client: FlaskClient, cast: Cast, film: bytes, bucket: storage.S3Storage
) -> None:
    app.extensions["storage"] = bucket
    with app.app_context():
        asset_id = upload(cast, film)
        jobs.run_all()
        assert outcome(asset_id).status == MediaStatus.READY
        shown = recording_of(cast.video_lesson.id)
        assert shown is not None
        play = recordings.playback(shown)
    playlist = client.get(play.sources[0].url)
    assert playlist.status_code == 200
    redirected = client.get(play.sources[1].url)
    assert redirected.status_code == 302
    assert "Signature=" in redirected.headers["Location"]
    page = client.get("/login")
    assert urlsplit(redirected.headers["Location"]).netloc in page.headers["Content-Security-Policy"]


@pytest.fixture
def bucket(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[storage.S3Storage]:
    """A bucket on a server of this machine that behaves like S3."""
    import boto3
    from moto.server import ThreadedMotoServer

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tests")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tests")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket="films")
    before, settings = app.extensions["storage"], app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(settings, storage="s3", s3_bucket="films")
    yield storage.S3Storage("films", endpoint, "us-east-1", "tests", "tests")
    app.extensions["storage"] = before
    server.stop()


def test_nothing_decodes_in_the_web_process() -> None:
    """Only the worker's module reaches for the decoder, and only the job list names it."""
    root = Path(__file__).resolve().parents[2]
    users = {p.name for p in (root / "domain").rglob("*.py") if "media" in roots(imported(p.read_text()))}
    assert users == {"transcoding.py", "embedded_captions.py"}
    assert "domain.media.transcoding" in imported(
        "from domain.media import (\n    captions,\n    transcoding,\n)"
    )
    for page in (root / "blueprints").rglob("*.py"):
        names = imported(page.read_text())
        assert "media" not in roots(names), page
        assert not any("transcoding" in name.split(".") for name in names), page


def imported(source: str) -> set[str]:
    """The full names of what a module imports, wherever in it, and over how many lines."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def roots(names: set[str]) -> set[str]:
    """The packages they stand in."""
    return {name.partition(".")[0] for name in names}
