"""What a creator uploaded reaches nobody who watches: neither the file nor what it says about its maker."""

import io
import uuid
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

import jobs
import storage
from domain.media import originals, recordings, served_files
from models import Job, Lesson, LessonVisibility, MediaAsset, MediaStatus, db
from tests.cast import Cast, recording_of

TOLD = {
    "comment": "SECRET comment", "artist": "SECRET owner", "title": "SECRET title", "lyrics": "SECRET words",
    "location": "+48.1374+011.5755/", "com.apple.quicktime.location.ISO6709": "+48.1374+011.5755/",
    "creation_time": "2021-03-04T05:06:07Z",
}  # fmt: skip
SECRETS = (b"SECRET", b"+48.13", b"2021-03-04", b"GA94", b"Exif", b"tmcd")


@pytest.fixture
def in_app(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        yield app


def beside_the_picture() -> bytes:
    """Two units of H.264 that hold user data: a text with a place, and captions with their own."""
    units = b""
    text = bytes.fromhex("086f3693b7b34f2c965321492feee5b8") + b"SECRET place +48.1374"
    for kind, data in ((5, text), (4, b"\xb5\x00\x31GA94\x03\x42\xff\xfcSE\xfcCR\xff")):
        unit = bytes([6, kind, len(data)]) + data + b"\x80"
        units += len(unit).to_bytes(4, "big") + unit
    return units


def film(path: Path, pix_fmt: str) -> bytes:
    """A film of two seconds that tells in every place there is who made it, when and where."""
    plain = path.with_name("plain.mov")
    with av.open(str(plain), "w", format="mov") as container:
        video = container.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 320, 180, pix_fmt
        for _ in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((180, 320, 3), 90, dtype=np.uint8), format="rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    options = {"movflags": "use_metadata_tags"}
    with av.open(str(plain)) as source, av.open(str(path), "w", format="mov", options=options) as container:
        container.metadata.update(TOLD)
        container.set_chapters(
            [
                {
                    "id": 1,
                    "start": 0,
                    "end": 2,
                    "time_base": Fraction(1),
                    "metadata": {"title": "SECRET chapter"},
                }
            ]
        )
        video = container.add_stream_from_template(source.streams.video[0])
        video.metadata.update(
            handler_name="SECRET camera", creation_time=TOLD["creation_time"], timecode="01:02:03:04"
        )
        for packet in source.demux(video=0):
            if packet.dts is not None:
                marked = av.Packet(beside_the_picture() + bytes(packet))
                marked.pts, marked.dts, marked.time_base = packet.pts, packet.dts, packet.time_base
                marked.is_keyframe, marked.stream = packet.is_keyframe, video
                container.mux(marked)
    return path.read_bytes()


def picture_with_place() -> bytes:
    """A JPEG whose camera wrote down where it was."""
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x010E] = "SECRET place"
    Image.new("RGB", (80, 80), "teal").save(out, "JPEG", exif=exif, comment=b"SECRET comment")
    return out.getvalue()


def song(path: Path) -> bytes:
    """Two seconds of sound with tags and a cover: AAC, which is copied, or MP3, which is encoded anew."""
    with av.open(str(path), "w", format="mp4" if path.suffix == ".m4a" else "mp3") as container:
        container.metadata.update(TOLD)
        audio = container.add_stream("aac" if path.suffix == ".m4a" else "libmp3lame", rate=48_000)
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 80, 80, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        container.start_encoding()
        packet = av.Packet(picture_with_place())
        packet.stream, packet.pts, packet.dts, packet.is_keyframe = cover, 0, 0, True
        container.mux(packet)
        for start in range(0, 96_000, 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), dtype=np.float32), "fltp", "stereo")
            frame.sample_rate, frame.pts = 48_000, start
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    return path.read_bytes()


def publish(cast: Cast, content: bytes, name: str) -> MediaAsset:
    """Make an upload the recording of a preview lesson."""
    lesson = db.session.get_one(Lesson, cast.video_lesson.id)
    lesson.visibility = LessonVisibility.PREVIEW
    asset_id = recordings.add(lesson, io.BytesIO(content), name).id
    db.session.commit()
    jobs.run_all()
    db.session.rollback()
    asset = db.session.get_one(MediaAsset, asset_id)
    assert asset.status == MediaStatus.READY, asset.error
    return asset


def served(client: FlaskClient, asset: MediaAsset) -> dict[str, bytes]:
    """Every file that was made of a recording, as somebody who watches gets it."""
    folder = served_files.folder(asset.id)
    token = recordings.playback(recording_of(asset.lesson_id)).sources[0].url.split("/")[2]
    names = [file.key.removeprefix(folder) for file in storage.current().files(folder)]
    answers = {name: client.get(f"/media/{token}/{asset.id}/{name}") for name in names}
    assert {answer.status_code for answer in answers.values()} == {200}
    return {name: answer.data for name, answer in answers.items()}


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv444p"])  # copied, and encoded anew
def test_a_stranger_at_a_preview_lesson_gets_no_original_and_nothing_that_it_tells(
    in_app: Flask, client: FlaskClient, cast: Cast, tmp_path: Path, pix_fmt: str
) -> None:
    content = film(tmp_path / "film.mov", pix_fmt)
    assert [secret for secret in SECRETS if secret not in content] == [b"Exif"]
    assert content.count(b"SECRET place") == 20
    asset = publish(cast, content, "film.mov")
    assert asset.storage_key == f"originals/{asset.id}/original.mov"
    files = served(client, asset)
    expected = {"video.mp4", "poster.jpg", "master.m3u8", "180p.m3u8", "180p-init.mp4", "180p-0000.m4s"}
    assert expected <= set(files)
    for name, data in files.items():
        assert [secret for secret in SECRETS if secret in data] == [], name
    assert (b"x264 - core" in files["video.mp4"]) is (pix_fmt == "yuv444p")  # our own encoder's, not theirs
    with av.open(io.BytesIO(files["video.mp4"])) as container:
        known = {"major_brand", "minor_version", "compatible_brands", "encoder"}
        assert set(container.metadata) <= known
        assert not container.chapters()
        assert len(container.streams) == 1
        assert sum(1 for _ in container.decode(video=0)) == 20
    poster = Image.open(io.BytesIO(files["poster.jpg"]))
    assert not poster.getexif()
    assert "comment" not in poster.info
    token = recordings.playback(asset).sources[0].url.split("/")[2]
    for name in ("original.mov", f"../../{asset.storage_key}", f"..%2f..%2f{asset.storage_key}"):
        assert client.get(f"/media/{token}/{asset.id}/{name}").status_code == 404, name


@pytest.mark.parametrize("name", ["song.m4a", "song.mp3"])
def test_a_recording_of_sound_tells_nothing_of_its_tags_and_cover(
    in_app: Flask, client: FlaskClient, cast: Cast, tmp_path: Path, name: str
) -> None:
    content = song(tmp_path / name)
    assert all(secret in content for secret in (b"SECRET owner", b"SECRET place", b"Exif"))
    files = served(client, publish(cast, content, name))
    assert list(files) == ["audio.m4a"]
    assert [secret for secret in SECRETS if secret in files["audio.m4a"]] == []
    with av.open(io.BytesIO(files["audio.m4a"])) as container:
        assert [stream.type for stream in container.streams] == ["audio"]


@pytest.mark.parametrize(
    "name",
    ["original.mp4", "original", "notes.txt", "x.jpg", "video.mp4.part", "proposed/video.mp4", "VIDEO.MP4"],
)
def test_only_names_of_what_was_made_are_served_whatever_lies_in_the_folder(
    in_app: Flask, client: FlaskClient, cast: Cast, name: str
) -> None:
    asset_id = uuid.uuid4()
    storage.current().put(f"{served_files.folder(asset_id)}{name}", b"untouched", "video/mp4")
    token = recordings._opening(served_files.folder(asset_id))
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
    for folder in (originals.folder(asset_id), served_files.folder(asset_id)):
        storage.current().put(f"{folder}original.mov", b"x", "video/mp4")
    jobs.enqueue("discard_media", asset_id=str(asset_id))
    db.session.commit()
    jobs.run_all()
    assert not [file for file in storage.current().files() if str(asset_id) in file.key]
