"""Files in chunks: begun, continued, finished once, given up; what becomes of them; and who may send them."""

import base64
import hashlib
import io
import threading
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

import config
import jobs
import storage
from blueprints.studio import uploads
from domain.media import code_archives, recordings, transcoding, upload_sessions
from jobs import runner
from models import (
    Course,
    CourseTransfer,
    Job,
    JobState,
    Lesson,
    MediaAsset,
    MediaStatus,
    Picture,
    Resource,
    Upload,
    UploadState,
    User,
    db,
    now,
)
from tests.adversary.hostile import Deal
from tests.cast import Cast
from tests.studio.test_code_archives import zipped

SignedIn = Callable[[User], FlaskClient]
JSON = {"Accept": "application/json"}
FILM = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 40


@pytest.fixture
def ada(signed_in: SignedIn, cast: Cast) -> FlaskClient:
    return signed_in(cast.ada)


def announce(client: FlaskClient, cast: Cast, content: bytes = FILM, **more: Any) -> Any:
    fields = {
        "purpose": "lesson_media", "course": str(cast.flask_course.id), "lesson": str(cast.video_lesson.id),
        "filename": "film.mp4", "size": len(content), **more,
    }  # fmt: skip
    return client.post(
        "/studio/uploads", data={k: v for k, v in fields.items() if v is not None}, headers=JSON
    )


def put(client: FlaskClient, address: str, offset: int, content: bytes, digest: bytes | None = None) -> Any:
    headers = {"Content-Type": "application/octet-stream"}
    if digest is not None:
        headers["Content-Digest"] = f"sha-256=:{base64.b64encode(digest).decode()}:"
    return client.put(f"{address}?offset={offset}", data=content, headers=headers)


def send(client: FlaskClient, cast: Cast, content: bytes = FILM, **more: Any) -> Any:
    upload = announce(client, cast, content, **more).json
    put(client, upload["address"], 0, content)
    return client.post(f"{upload['address']}/finish", headers=JSON)


def setting(app: Flask, **values: Any) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], **values)


def test_a_file_comes_in_pieces_and_goes_on_where_it_stopped(
    app: Flask, cast: Cast, ada: FlaskClient
) -> None:
    answer = announce(ada, cast)
    assert answer.status_code == 201
    upload = answer.json
    assert (upload["received"], upload["size"], upload["direct"]) == (0, len(FILM), False)
    address = upload["address"]
    assert put(ada, address, 0, FILM[:5000], hashlib.sha256(FILM[:5000]).digest()).json == {"received": 5000}
    assert put(ada, address, 0, FILM[:5000]).json == {"received": 5000}
    wrong = put(ada, address, 6000, FILM[6000:])
    assert (wrong.status_code, wrong.json) == (409, {"received": 5000})
    assert ada.get(address).json["received"] == 5000
    assert ada.head(address).headers["Upload-Offset"] == "5000"
    early = ada.post(f"{address}/finish", headers=JSON)
    assert (early.status_code, early.json) == (409, {"received": 5000})
    damaged = put(ada, address, 5000, FILM[5000:], hashlib.sha256(b"else").digest())
    assert damaged.status_code == 422
    again = ada.get(
        f"/studio/uploads?purpose=lesson_media&course={cast.flask_course.id}&lesson={cast.video_lesson.id}"
    ).json
    assert [(u["id"], u["received"], u["filename"]) for u in again] == [(upload["id"], 5000, "film.mp4")]
    assert put(ada, address, 5000, FILM[5000:]).json == {"received": len(FILM)}
    for _ in range(2):
        done = ada.post(f"{address}/finish", headers=JSON)
        assert done.json["state"] == "done"
        assert done.json["page"] == f"/studio/courses/{cast.flask_course.id}/lessons/{cast.video_lesson.id}"
    assert put(ada, address, 0, FILM).status_code == 410
    with app.app_context():
        asset = db.session.scalars(db.select(MediaAsset)).one()
        assert asset.lesson_id == cast.video_lesson.id
        assert (asset.status, asset.size, asset.filename) == (MediaStatus.PROCESSING, len(FILM), "film.mp4")
        with storage.current().open(asset.storage_key) as file:
            assert file.read() == FILM


def test_the_checksum_of_the_whole_is_proved_at_the_end(app: Flask, cast: Cast, ada: FlaskClient) -> None:
    assert send(ada, cast, sha256=hashlib.sha256(FILM).hexdigest()).status_code == 200
    refused = send(ada, cast, sha256=hashlib.sha256(b"else").hexdigest())
    assert refused.status_code == 422
    assert "damaged" in refused.json["error"]
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count(MediaAsset.id))) == 1
        states = {u.state for u in db.session.scalars(db.select(Upload))}
        assert states == {UploadState.DONE, UploadState.CANCELLED}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"filename": "film.exe"}, "type of file"),
        ({"filename": "film"}, "type of file"),
        ({"filename": "a.svg"}, "type of file"),
        ({"size": 0}, "empty"),
        ({"size": -5}, "empty"),
        ({"size": "9" * 30}, "empty"),
        ({"size": 3 * 1024 * 1024}, "too large"),
        ({"lesson": None}, "what the file is for"),
        ({"purpose": "preview_film"}, "what the file is for"),
        ({"purpose": "course_import", "filename": "a.zip"}, "what the file is for"),
        ({"purpose": "anything"}, "what the file is for"),
        ({"filename": ""}, "Choose a file"),
        ({"course": "x"}, "Course not found"),
        ({"sha256": "x"}, "isn’t a SHA-256"),
    ],
)
def test_what_is_not_taken_is_refused_before_it_is_sent(
    app: Flask, cast: Cast, ada: FlaskClient, change: dict[str, Any], sentence: str
) -> None:
    setting(app, upload_max_mb=2)
    answer = announce(ada, cast, **change)
    assert answer.status_code == 422
    assert sentence in answer.json["error"]


def test_a_creator_has_so_much_room_and_not_more(app: Flask, cast: Cast, ada: FlaskClient) -> None:
    setting(app, upload_quota_mb=1)
    first = announce(ada, cast, size=700 * 1024)
    assert first.status_code == 201
    refused = announce(ada, cast, size=700 * 1024)
    assert "isn’t enough space: 324 KB of 1 MB are left" in refused.json["error"]
    ada.post(f"{first.json['address']}/cancel", headers=JSON)
    assert announce(ada, cast, size=700 * 1024).status_code == 201


def test_hostile_words_end_in_a_sentence(cast: Cast, ada: FlaskClient) -> None:
    deal = Deal(10)
    for field in ("purpose", "course", "lesson", "filename", "size", "sha256"):
        for text in deal.texts():
            answer = announce(ada, cast, **{field: text})
            assert answer.status_code in (201, 404, 422), (field, text)
            assert answer.status_code != 201 or field in ("filename", "size", "sha256"), (field, text)
            if answer.status_code == 201:
                ada.post(f"{answer.json['address']}/cancel", headers=JSON)


def test_too_many_at_once_are_refused(
    app: Flask, cast: Cast, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.media.upload_rules.MOST_OPEN", 2)
    codes = [announce(ada, cast).status_code for _ in range(3)]
    assert codes == [201, 201, 422]


def test_others_know_nothing_of_an_upload(cast: Cast, ada: FlaskClient, signed_in: SignedIn) -> None:
    address = announce(ada, cast).json["address"]
    nia = signed_in(cast.nia)
    assert announce(nia, cast).status_code == 404
    assert nia.get(address).status_code == 404
    assert put(nia, address, 0, FILM).status_code == 404
    for verb in ("finish", "cancel", "parts/1"):
        assert nia.post(f"{address}/{verb}", headers=JSON).status_code == 404
    there = f"?purpose=lesson_media&course={cast.flask_course.id}&lesson={cast.video_lesson.id}"
    assert nia.get(f"/studio/uploads{there}").status_code == 404
    foreign_lesson = announce(nia, cast, course=str(cast.draft_course.id))
    assert foreign_lesson.status_code == 404


def test_a_chunk_has_bounds(cast: Cast, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    address = announce(ada, cast).json["address"]
    assert put(ada, address, 0, b"").status_code == 400
    assert put(ada, f"{address}?offset=-1&x", 0, FILM).status_code == 400
    assert put(ada, address, 0, FILM + b"more").status_code == 409
    monkeypatch.setattr("domain.media.upload_rules.MOST_CHUNK", 10)
    assert put(ada, address, 0, FILM).status_code == 413


def test_a_plain_form_uploads_a_small_file(app: Flask, cast: Cast, ada: FlaskClient) -> None:
    fields = {"purpose": "resource", "course": str(cast.flask_course.id), "lesson": str(cast.text_lesson.id)}
    answer = ada.post(
        "/studio/uploads", data={**fields, "file": (io.BytesIO(b"%PDF-1.4 notes"), "../My notes.pdf")}
    )
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith(f"/lessons/{cast.text_lesson.id}")
    with app.app_context():
        row = db.session.scalars(db.select(Resource)).one()
        assert (row.title, row.kind.value, row.size, row.pending) == ("My notes", "pdf", 14, False)
        with storage.current().open(row.storage_key or "") as file:
            assert file.read() == b"%PDF-1.4 notes"
    refused = ada.post("/studio/uploads", data={**fields, "file": (io.BytesIO(b"MZ"), "tool.exe")})
    assert refused.status_code == 422
    assert "type of file" in refused.text
    nothing = ada.post("/studio/uploads", data=fields)
    assert nothing.status_code == 422


def test_an_archive_is_looked_through_before_it_is_kept(app: Flask, cast: Cast, ada: FlaskClient) -> None:
    place = {"purpose": "code_archive", "lesson": None, "filename": "code.zip"}
    bad = send(ada, cast, zipped({"../../evil.py": b"1"}), **place)
    assert bad.status_code == 422
    assert "points outside" in bad.json["error"]
    good = send(ada, cast, zipped({"app.py": b"1"}), **place)
    assert good.status_code == 200
    page = ada.get(f"/studio/courses/{cast.flask_course.id}/media").text
    assert hashlib.sha256(zipped({"app.py": b"1"})).hexdigest() in page
    with app.app_context():
        jobs.run_all()
        left = db.session.scalars(db.select(Upload).where(Upload.state == UploadState.CANCELLED)).one()
        assert not storage.current().exists(f"archives/{left.id}.zip")


def test_one_archive_is_looked_through_at_a_time(
    cast: Cast, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = {"purpose": "code_archive", "lesson": None, "filename": "code.zip"}
    content, real = zipped({"app.py": b"1"}), code_archives.inspect
    others = [announce(ada, cast, content, **place).json for _ in range(2)]
    for upload in others:
        put(ada, upload["address"], 0, content)
    told: list[Any] = []

    def look(path: Path) -> code_archives.ArchiveContents:
        if not told:
            told.append(ada.post(f"{others[1]['address']}/finish", headers=JSON))
            fields = {"purpose": "code_archive", "course": str(cast.flask_course.id)}
            file = (io.BytesIO(content), "code.zip")
            told.append(ada.post("/studio/uploads", data={**fields, "file": file}))
        return real(path)

    monkeypatch.setattr(code_archives, "inspect", look)
    monkeypatch.setattr(uploads, "PATIENCE", timedelta(seconds=0.1))
    assert ada.post(f"{others[0]['address']}/finish", headers=JSON).status_code == 200
    assert [answer.status_code for answer in told] == [503, 422]
    assert "Another archive is being checked." in told[0].json["error"]
    assert "Send yours again in a moment." in told[1].text
    assert ada.post(f"{others[1]['address']}/finish", headers=JSON).status_code == 200


def test_a_plain_form_waits_for_another_archive_and_nobody_for_a_download(
    cast: Cast, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, began = storage.LocalStorage.local_copy, threading.Event()

    def local_copy(store: storage.LocalStorage, key: str) -> AbstractContextManager[Path]:
        began.set()
        return real(store, key)

    monkeypatch.setattr(storage.LocalStorage, "local_copy", local_copy)
    fields = {"purpose": "code_archive", "course": str(cast.flask_course.id)}
    file, answers = (io.BytesIO(zipped({"app.py": b"1"})), "code.zip"), []
    sending = threading.Thread(
        target=lambda: answers.append(ada.post("/studio/uploads", data={**fields, "file": file}))
    )
    with upload_sessions._LOOKING:
        sending.start()
        assert began.wait(10), "the file is fetched while another is checked"
        sending.join(0.3)
        assert sending.is_alive()
    sending.join(10)
    assert [answer.status_code for answer in answers] == [303]


def test_a_recording_of_a_live_course_is_proposed_where_updates_wait(
    app: Flask, cast: Cast, ada: FlaskClient
) -> None:
    send(ada, cast)
    with app.app_context():
        live = db.session.scalars(db.select(MediaAsset.id)).one()
        db.session.get_one(User, cast.ada.id).vetted = False
        db.session.commit()
    send(ada, cast)
    send(ada, cast)
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        rows = db.session.scalars(db.select(MediaAsset)).all()
        assert len(rows) == 2
        proposed = next(row for row in rows if row.proposed_for == cast.video_lesson.id)
        assert proposed.lesson_id is None
        assert [line.waits for line in recordings.unready(course.id)].count(True) == 1
        proposed.status, proposed.duration_seconds = MediaStatus.READY, 61.2
        recordings.accept_proposals(course)
        db.session.commit()
        assert db.session.get(MediaAsset, live) is None
        assert db.session.get_one(MediaAsset, proposed.id).lesson_id == cast.video_lesson.id
        assert db.session.get_one(Lesson, cast.video_lesson.id).duration_seconds == 61
        gone = db.session.scalars(db.select(Job).where(Job.kind == "discard_media")).all()
        assert all(job.run_after > now() + timedelta(hours=5) for job in gone)  # somebody may be watching
    send(ada, cast)
    with app.app_context():
        recordings.drop_proposals(db.session.get_one(Lesson, cast.video_lesson.id))
        db.session.commit()
        assert db.session.scalar(db.select(db.func.count(MediaAsset.id))) == 1


def test_a_preview_film_is_watched_by_everybody_who_sees_the_course(
    app: Flask, cast: Cast, ada: FlaskClient, client: FlaskClient
) -> None:
    done = send(ada, cast, purpose="preview_film", lesson=None)
    assert done.json["page"].endswith("/media")
    assert "Preview video" not in client.get("/courses/flask-first-steps").text
    with app.app_context():
        film = db.session.scalars(db.select(MediaAsset)).one()
        film.status, film.mp4 = MediaStatus.READY, "film.mp4"
        storage.current().put(f"media/{film.id}/film.mp4", FILM, "video/mp4")
        db.session.commit()
    page = client.get("/courses/flask-first-steps").text
    address = page.split('<source src="')[1].split('"')[0]
    assert client.get(address).data == FILM


def test_a_recording_that_failed_says_why_and_is_tried_again(
    app: Flask, cast: Cast, ada: FlaskClient
) -> None:
    send(ada, cast, b"\x89PNG\r\n\x1a\n" + bytes(500))  # a PNG named .mp4
    here = f"/studio/courses/{cast.flask_course.id}/lessons/{cast.video_lesson.id}/recording"
    swap = {"HX-Request": "true"}
    waiting = ada.get(here, headers=swap)
    assert 'hx-trigger="every 3s"' in waiting.text
    assert ada.get(here).status_code == 303
    with app.app_context():
        jobs.run_all()
    failed = ada.get(here, headers=swap).text
    assert "PNG image" in failed
    assert "hx-trigger" not in failed
    assert "Processing" in ada.post(f"{here}/retry", headers=swap).text
    with app.app_context():
        jobs.run_all()
    assert "PNG image" in ada.get(here, headers=swap).text
    assert "No recording yet" in ada.post(f"{here}/remove", headers=swap).text
    assert ada.post(f"{here}/remove", headers=swap).status_code == 404


def test_a_job_that_dies_leaves_a_sentence(
    app: Flask, cast: Cast, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(ada, cast)

    def break_down(_plan: object) -> None:
        raise OSError("disk on fire")

    monkeypatch.setattr(transcoding, "process", break_down)
    monkeypatch.setattr(runner, "MAX_ATTEMPTS", 2)
    with app.app_context():
        job = db.session.scalars(db.select(Job).where(Job.kind == "process_media")).one()
        for expected in (MediaStatus.PROCESSING, MediaStatus.ERROR):
            db.session.get_one(Job, job.id).run_after = now()
            db.session.commit()
            jobs.run(job.id)
            asset = db.session.scalars(db.select(MediaAsset)).one()
            assert asset.status == expected
        assert "on our side" in (asset.error or "")
        assert db.session.get_one(Job, job.id).state == JobState.DEAD


def test_abandoned_uploads_are_given_up_and_removed(app: Flask, cast: Cast, ada: FlaskClient) -> None:
    old, fresh = (announce(ada, cast).json for _ in range(2))
    put(ada, old["address"], 0, FILM[:100])
    with app.app_context():
        row = db.session.get_one(Upload, uuid.UUID(old["id"]))
        row.updated_at = now() - timedelta(days=4)
        db.session.commit()
        upload_sessions.sweep()
        db.session.commit()
        jobs.run_all()
        states = {str(u.id): u.state for u in db.session.scalars(db.select(Upload))}
        assert states == {old["id"]: UploadState.CANCELLED, fresh["id"]: UploadState.OPEN}
        root = app.config["STORAGE_ROOT"]
        assert not (root / ".incoming" / "uploads" / uuid.UUID(old["id"]).hex).exists()


def test_an_upload_that_goes_on_is_noted_now_and_then(app: Flask, cast: Cast, ada: FlaskClient) -> None:
    upload = announce(ada, cast).json
    with app.app_context():
        row = db.session.get_one(Upload, uuid.UUID(upload["id"]))
        row.updated_at = now() - timedelta(days=2)
        db.session.commit()
    put(ada, upload["address"], 0, FILM[:100])
    with app.app_context():
        row = db.session.get_one(Upload, uuid.UUID(upload["id"]))
        assert row.received == 100
        assert row.updated_at > now() - timedelta(minutes=1)


def drawing(width: int = 900, height: int = 900) -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "PNG")
    out.seek(0)
    return out


def test_the_picture_of_a_course_shows_everywhere(
    app: Flask, cast: Cast, ada: FlaskClient, client: FlaskClient
) -> None:
    media = f"/studio/courses/{cast.flask_course.id}/media"
    assert ada.post(media, data={"picture": (drawing(100, 100), "a.png")}).status_code == 422
    assert ada.post(media, data={"picture": (drawing(), "a.png"), "x": "abc"}).status_code == 422
    sent = ada.post(media, data={"picture": (drawing(), "a.png"), "x": 50, "y": 0, "zoom": 100})
    assert sent.status_code == 303
    with app.app_context():
        token = db.session.get_one(Course, cast.flask_course.id).thumbnail
    assert f"/images/thumbnail/{token}/640.webp" in client.get("/courses").text
    page = client.get("/courses/flask-first-steps").text
    assert f'property="og:image" content="http://localhost/images/thumbnail/{token}/1200.jpg"' in page
    assert ada.post(f"/studio/courses/{cast.flask_course.id}/picture/remove").status_code == 303
    assert "/covers/flask/flask-first-steps.svg" in client.get("/courses/flask-first-steps").text


def test_a_portrait_shows_in_the_header_and_on_the_creators_page(
    cast: Cast, ada: FlaskClient, client: FlaskClient
) -> None:
    assert ada.post("/account/picture", data={"picture": (drawing(), "me.png")}).status_code == 303
    assert "/images/avatar/" in ada.get("/account").text
    assert "/images/avatar/" in client.get("/creators/ada").text
    assert "/images/avatar/" in client.get("/courses/flask-first-steps").text
    ada.post("/account/picture/remove")
    assert "/images/avatar/" not in client.get("/creators/ada").text
    ada.post("/account/picture", data={"picture": (io.BytesIO(b"<svg/>"), "me.svg")})
    assert "image can’t be used" in ada.get("/account").text


def test_a_picture_for_a_text_answers_its_address(
    app: Flask, cast: Cast, ada: FlaskClient, signed_in: SignedIn
) -> None:
    there = f"/studio/courses/{cast.flask_course.id}/pictures"
    fields = {"lesson": str(cast.text_lesson.id), "picture": (drawing(3000, 1000), "a.png")}
    answer = ada.post(there, data=fields, headers=JSON)
    assert answer.status_code == 201
    assert (answer.json["width"], answer.json["height"]) == (1600, 533)
    assert answer.json["markdown"] == f"![]({answer.json['url']})"
    assert ada.get(answer.json["url"]).status_code == 200
    assert signed_in(cast.bo).get(answer.json["url"]).status_code == 404, "no text shows it yet"
    with app.app_context():
        db.session.get_one(Lesson, cast.text_lesson.id).body = answer.json["markdown"]
        db.session.commit()
    shown = signed_in(cast.bo).get(answer.json["url"])
    assert shown.mimetype == "image/webp"
    assert shown.headers["Cache-Control"].startswith("private, max-age=")
    assert app.test_client().get(answer.json["url"]).status_code == 403
    assert ada.post(there, data={"picture": (io.BytesIO(b"x"), "a.png")}, headers=JSON).status_code == 422
    plain = ada.post(there, data={"picture": (drawing(), "a.png")})
    assert plain.headers["Location"].endswith(f"/studio/courses/{cast.flask_course.id}")
    assert signed_in(cast.nia).post(there, data={"picture": (drawing(), "a.png")}).status_code == 404
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count(Picture.id))) == 2


def test_settings_have_defaults_that_hold_a_shop() -> None:
    settings = config.load({"LECTERN_UPLOAD_MEDIA_TYPES": "mp4, webm"})
    assert settings.upload_media_types == ("mp4", "webm")
    assert settings.upload_max_mb * 1024 > 10_000


def test_a_course_that_is_brought_in_is_handed_on(app: Flask, cast: Cast, ada: FlaskClient) -> None:
    done = send(
        ada,
        cast,
        zipped({"a.md": b"# A"}),
        purpose="course_import",
        course=None,
        lesson=None,
        filename="a.zip",
    )
    assert done.json["page"] == "/studio/courses/import"
    with app.app_context():
        row = db.session.scalars(db.select(CourseTransfer)).one()
        assert (row.user_id, row.filename) == (cast.ada.id, "a.zip")
        assert storage.current().exists(row.storage_key)


def test_the_media_page_asks_little(
    app: Flask, cast: Cast, ada: FlaskClient, count_queries: Callable[[], int]
) -> None:
    send(ada, cast)
    assert ada.get(f"/studio/courses/{cast.flask_course.id}/media").status_code == 200
    assert count_queries() <= 8


def test_an_upload_to_a_bucket_is_noted_with_its_parts(
    app: Flask, cast: Cast, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_sessions, "part_address", lambda plan, part: "https://bucket.example/part")
    upload = announce(ada, cast).json
    for ago, noted in ((timedelta(0), False), (timedelta(days=2), True)):
        before = now() - ago
        with app.app_context():
            db.session.get_one(Upload, uuid.UUID(upload["id"])).updated_at = before
            db.session.commit()
        assert ada.post(f"/studio/uploads/{upload['id']}/parts/1").status_code == 200
        with app.app_context():
            assert (db.session.get_one(Upload, uuid.UUID(upload["id"])).updated_at > before) is noted
