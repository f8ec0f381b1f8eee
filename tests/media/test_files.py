"""Recordings are served to holders of a fresh signed address, and to nobody else."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

import storage
from domain.media import recordings, served_files
from models import Caption, MediaAsset, MediaStatus, User, db, now
from tests.cast import Cast, recording_of

VTT = "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nHello there\n"


@pytest.fixture
def asset_id(app: Flask, cast: Cast) -> uuid.UUID:
    """A recording of the cast's video lesson, with a film of 1,000 bytes and English captions."""
    with app.app_context():
        asset = MediaAsset(
            course_id=cast.flask_course.id, lesson_id=cast.video_lesson.id, storage_key="", mp4="film.mp4",
            status=MediaStatus.READY, duration_seconds=120.0, chapters=[{"start": 0, "title": "Begin"}],
        )  # fmt: skip
        db.session.add(asset)
        db.session.flush()
        asset.storage_key = f"media/{asset.id}/film.mp4"
        db.session.add(Caption(asset_id=asset.id, language="en", label="English", vtt=VTT))
        storage.current().put(asset.storage_key, bytes(range(250)) * 4, "video/mp4")
        db.session.commit()
        return asset.id


def addresses(app: Flask, lesson_id: uuid.UUID) -> recordings.Playback:
    with app.app_context():
        asset = recording_of(lesson_id)
        return recordings.playback(asset)


def test_a_film_plays_with_ranges(app: Flask, client: FlaskClient, cast: Cast, asset_id: uuid.UUID) -> None:
    source = addresses(app, cast.video_lesson.id).sources[0]
    whole = client.get(source.url)
    assert whole.status_code == 200
    assert whole.content_type == "video/mp4"
    assert len(whole.data) == 1000
    assert "private, max-age=" in whole.headers["Cache-Control"]
    part = client.get(source.url, headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.headers["Content-Range"] == "bytes 100-199/1000"
    beyond = client.get(source.url, headers={"Range": "bytes=5000-"})
    assert beyond.status_code == 416
    assert beyond.headers["Content-Range"] == "bytes */1000"


def test_captions_and_chapters_are_webvtt(
    app: Flask, client: FlaskClient, cast: Cast, asset_id: uuid.UUID
) -> None:
    play = addresses(app, cast.video_lesson.id)
    answer = client.get(play.tracks[0].url)
    assert answer.text == VTT
    assert answer.content_type.startswith("text/vtt")
    assert play.chapters_url is not None
    assert "Begin" in client.get(play.chapters_url).text
    assert [cue.text for cue in play.transcripts["en"]] == ["Hello there"]


def test_a_token_opens_one_recording_only(
    app: Flask, client: FlaskClient, cast: Cast, asset_id: uuid.UUID
) -> None:
    url = addresses(app, cast.video_lesson.id).sources[0].url
    assert client.get(url.replace(str(asset_id), str(uuid.uuid4()))).status_code == 403
    token = url.split("/")[2]
    assert client.get(url.replace(token, token[:-1] + ("0" if token[-1] != "0" else "1"))).status_code == 403
    assert client.get(f"/media/nonsense/{asset_id}/film.mp4").status_code == 403
    assert client.get(f"/media/{token}/{asset_id}/../../secret").status_code in (403, 404)
    assert client.get(f"/media/{token}/{asset_id}/missing.mp4").status_code == 404


def test_an_address_runs_out(app: Flask, client: FlaskClient, cast: Cast, asset_id: uuid.UUID) -> None:
    with app.app_context():
        token = storage.sign(served_files.folder(asset_id), now() - timedelta(hours=1))
    assert client.get(f"/media/{token}/{asset_id}/film.mp4").status_code == 403


def test_nothing_is_offered_before_it_is_ready(app: Flask, cast: Cast, asset_id: uuid.UUID) -> None:
    with app.app_context():
        db.session.get_one(MediaAsset, asset_id).status = MediaStatus.PROCESSING
        db.session.commit()
    play = addresses(app, cast.video_lesson.id)
    assert play.state == "processing"
    assert play.sources == []


def test_what_is_kept_is_kept_as_long_as_its_address(
    app: Flask, client: FlaskClient, cast: Cast, asset_id: uuid.UUID
) -> None:
    """Moving to another place of a film that is still the same fetches nothing anew."""
    play = addresses(app, cast.video_lesson.id)
    chapters = play.chapters_url or ""
    for address in (play.sources[0].url, play.tracks[0].url, chapters):
        first = client.get(address)
        kept = re.fullmatch(r"private, max-age=(\d+)", first.headers["Cache-Control"])
        rest = int(address.split("/")[2].partition(".")[0], 16) - now().timestamp()
        assert kept is not None, address
        assert abs(int(kept[1]) - rest) < 5
        assert "Cookie" not in first.headers.get("Vary", "")
        etag = first.headers["ETag"]
        again = client.get(address, headers={"If-None-Match": etag})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
        assert again.headers["Cache-Control"].startswith("private, max-age=")
    film = play.sources[0].url
    first = client.get(film)
    part = {"Range": "bytes=0-9"}
    for name in ("ETag", "Last-Modified"):
        assert client.get(film, headers=part | {"If-Range": first.headers[name]}).status_code == 206
    assert client.get(film, headers=part | {"If-Range": '"another"'}).status_code == 200
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert client.get(film, headers=since).status_code == 304


def test_the_poster_of_a_film_is_fetched_first(
    app: Flask, cast: Cast, asset_id: uuid.UUID, signed_in: Callable[[User], FlaskClient]
) -> None:
    with app.app_context():
        db.session.get_one(MediaAsset, asset_id).poster = "poster.jpg"
        db.session.commit()
    page = signed_in(cast.bo).get("/learn/flask-first-steps/forms-on-film").text
    poster = page.split(' poster="')[1].split('"')[0]
    assert f'<link rel="preload" as="image" href="{poster}" fetchpriority="high">' in page


def test_other_captions_have_another_address(
    app: Flask, client: FlaskClient, cast: Cast, asset_id: uuid.UUID
) -> None:
    before = addresses(app, cast.video_lesson.id).tracks[0].url
    with app.app_context():
        db.session.scalars(db.select(Caption)).one().vtt = VTT.replace("Hello", "Bye")
        db.session.commit()
    after = addresses(app, cast.video_lesson.id).tracks[0].url
    assert before != after
    assert "Bye" in client.get(after).text
    unnamed = client.get(after.partition("?")[0])
    assert unnamed.headers["Cache-Control"] == "private, no-cache"
