"""What a creator uploaded reaches nobody who watches: neither the file nor what it says about its maker."""

import io
import uuid
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

import jobs
import storage
from domain import originals, recordings
from models import Job, Lesson, LessonVisibility, MediaAsset, MediaStatus, db
from tests.cast import Cast

TOLD = {
    "comment": "SECRET comment", "artist": "SECRET owner", "location": "+48.1374+011.5755/",
    "com.apple.quicktime.location.ISO6709": "+48.1374+011.5755/", "creation_time": "2021-03-04T05:06:07Z",
}  # fmt: skip
SECRETS = (b"SECRET", b"+48.13", b"2021-03-04")


@pytest.fixture
def in_app(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        yield app


def film(path: Path, pix_fmt: str) -> bytes:
    """A film of two seconds that tells who made it, when and where."""
    with av.open(str(path), "w", format="mov", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata.update(TOLD)
        video = container.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 320, 180, pix_fmt
        video.metadata.update(handler_name="SECRET camera", creation_time=TOLD["creation_time"])
        for _ in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((180, 320, 3), 90, dtype=np.uint8), format="rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return path.read_bytes()


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p"])  # copied, and encoded anew
def test_a_stranger_at_a_preview_lesson_gets_no_original_and_nothing_that_it_tells(
    in_app: Flask, client: FlaskClient, cast: Cast, tmp_path: Path, pix_fmt: str
) -> None:
    content = film(tmp_path / "film.mov", pix_fmt)
    assert all(secret in content for secret in SECRETS[:2])
    lesson = db.session.get_one(Lesson, cast.video_lesson.id)
    lesson.visibility = LessonVisibility.PREVIEW
    asset = recordings.add(lesson, io.BytesIO(content), "film.mov")
    db.session.commit()
    jobs.run_all()
    db.session.rollback()
    asset = db.session.get_one(MediaAsset, asset.id)
    assert asset.status == MediaStatus.READY
    assert asset.storage_key == f"originals/{asset.id}/original.mov"
    folder = recordings.folder(asset.id)
    token = recordings.playback(recordings.of_lesson(lesson.id) or asset).sources[0].url.split("/")[2]
    stored = [file.key.removeprefix(folder) for file in storage.current().files(folder)]
    assert {"video.mp4", "poster.jpg", "master.m3u8", "180p.m3u8", "180p-init.mp4", "180p-0000.m4s"} <= {
        *stored
    }
    for name in stored:
        answer = client.get(f"/media/{token}/{asset.id}/{name}")
        assert answer.status_code == 200, name
        assert not any(secret in answer.data for secret in SECRETS), name
    with av.open(io.BytesIO(client.get(f"/media/{token}/{asset.id}/video.mp4").data)) as container:
        known = {"major_brand", "minor_version", "compatible_brands", "encoder"}
        assert set(container.metadata) <= known
    poster = Image.open(io.BytesIO(client.get(f"/media/{token}/{asset.id}/poster.jpg").data))
    assert not poster.getexif()
    assert "comment" not in poster.info
    for name in ("original.mov", f"../../{asset.storage_key}", f"..%2f..%2f{asset.storage_key}"):
        assert client.get(f"/media/{token}/{asset.id}/{name}").status_code == 404, name


@pytest.mark.parametrize(
    "name",
    ["original.mp4", "original", "notes.txt", "x.jpg", "video.mp4.part", "proposed/video.mp4", "VIDEO.MP4"],
)
def test_only_names_of_what_was_made_are_served_whatever_lies_in_the_folder(
    in_app: Flask, client: FlaskClient, cast: Cast, name: str
) -> None:
    asset_id = uuid.uuid4()
    storage.current().put(f"{recordings.folder(asset_id)}{name}", b"untouched", "video/mp4")
    token = recordings._address(asset_id, recordings.folder(asset_id)).split("/")[2]
    assert client.get(f"/media/{token}/{asset_id}/{name}").status_code == 404


def test_old_originals_are_moved_away_once_nothing_works_on_them(in_app: Flask, cast: Cast) -> None:
    store, ids = storage.current(), []
    for status in (MediaStatus.READY, MediaStatus.PROCESSING):
        asset = MediaAsset(course_id=cast.flask_course.id, storage_key="", mp4="video.mp4", status=status)
        db.session.add(asset)
        db.session.flush()
        asset.storage_key = f"media/{asset.id}/original.mov"
        store.put(asset.storage_key, b"untouched", "video/quicktime")
        store.put(f"media/{asset.id}/video.mp4", b"made", "video/mp4")
        ids.append(asset.id)
    jobs.enqueue("move_originals")
    db.session.commit()
    jobs.run_all()
    ready, busy = (db.session.get_one(MediaAsset, id_) for id_ in ids)
    assert ready.storage_key == f"{originals.folder(ready.id)}original.mov"
    assert store.open(ready.storage_key).read() == b"untouched"
    assert [file.key for file in store.files(f"media/{ready.id}/")] == [f"media/{ready.id}/video.mp4"]
    assert busy.storage_key == f"media/{busy.id}/original.mov"
    busy.status = MediaStatus.READY
    later = db.session.scalars(select(Job).where(Job.kind == "move_originals", Job.state == "queued")).one()
    later.run_after = later.created_at
    db.session.commit()
    jobs.run_all()
    db.session.rollback()
    busy = db.session.get_one(MediaAsset, ids[1])
    assert store.open(busy.storage_key).read() == b"untouched"
    assert not store.exists(f"media/{busy.id}/original.mov")
    assert (
        db.session.scalar(select(Job.id).where(Job.kind == "move_originals", Job.state == "queued")) is None
    )


def test_a_discarded_recording_takes_its_original_along(in_app: Flask, cast: Cast) -> None:
    asset_id = uuid.uuid4()
    for folder in (originals.folder(asset_id), recordings.folder(asset_id)):
        storage.current().put(f"{folder}original.mov", b"x", "video/mp4")
    jobs.enqueue("discard_media", asset_id=str(asset_id))
    db.session.commit()
    jobs.run_all()
    assert not [file for file in storage.current().files() if str(asset_id) in file.key]
