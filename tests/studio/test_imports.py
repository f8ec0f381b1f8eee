"""Courses in and out through the studio: sent as a zip, read by the worker, packed and fetched."""

import io
import random
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, event, select

import jobs
import storage
from domain.base import clock
from domain.portable import course_transfers
from models import (
    Course,
    CourseTransfer,
    Lesson,
    ProductStatus,
    Resource,
    ResourceKind,
    TransferState,
    User,
    db,
)
from tests import course_folders
from tests.cast import Cast

SignedIn = Callable[[User], FlaskClient]
PAGE = "/studio/courses/import"
SMALL = {"course.toml": b'title = "Small"\ncategory = "web"\n', "01-one.md": b"# One\n\nText.\n"}


def send(browser: FlaskClient, content: bytes, name: str = "course.zip") -> int:
    """Send a zip with the plain form and let the worker read it; the form's status."""
    file = (io.BytesIO(content), name)
    answer = browser.post(
        "/studio/uploads", data={"purpose": "course_import", "file": file}, content_type="multipart/form-data"
    )
    jobs.run_all()
    return answer.status_code


def small(app: Flask) -> Course | None:
    return db.session.scalar(select(Course).where(Course.title == "Small"))


def stored(folder: str) -> list[Path]:
    store = storage.current()
    assert isinstance(store, storage.LocalStorage)
    return [path for path in (store.root / folder).rglob("*") if path.is_file()]


def test_a_zip_becomes_a_draft(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    browser = signed_in(cast.nia)
    with app.app_context():
        before = stored("imports")
        assert send(browser, course_folders.archive(SMALL)) == 303
        course = small(app)
        assert course is not None
        assert (course.creator_id, course.status) == (cast.nia.id, ProductStatus.DRAFT)
        assert stored("imports") == before
        page = browser.get(PAGE).text
        assert f'<a href="/studio/courses/{course.id}">Small</a> is now a draft.' in page


def test_the_state_is_shown_and_follows(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    browser = signed_in(cast.nia)
    file = (io.BytesIO(course_folders.archive(SMALL)), "mine.zip")
    answer = browser.post(
        "/studio/uploads", data={"purpose": "course_import", "file": file}, content_type="multipart/form-data"
    )
    assert answer.location == PAGE
    page = browser.get(PAGE).text
    assert "mine.zip" in page
    assert "Importing" in page
    assert 'hx-trigger="every 2s"' in page
    with app.app_context():
        jobs.run_all()
    fragment = browser.get(PAGE, headers={"HX-Request": "true", "HX-Request-Type": "partial"}).text
    assert "Imported" in fragment
    assert "every 2s" not in fragment
    assert "<html" not in fragment


def test_a_zip_that_waits_takes_room(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], upload_quota_mb=1)
    browser = signed_in(cast.nia)
    packed = course_folders.archive({**SMALL, "noise.bin": random.Random(1).randbytes(700 * 1024)})

    def bring() -> int:
        file = (io.BytesIO(packed), "course.zip")
        form = {"purpose": "course_import", "file": file}
        return browser.post("/studio/uploads", data=form, content_type="multipart/form-data").status_code

    assert bring() == 303
    assert bring() == 422, "the first is still to be read"
    with app.app_context():
        jobs.run_all()
        db.session.execute(delete(Resource))
        db.session.commit()
    assert bring() == 303


def test_what_is_wrong_is_listed_as_text(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    browser = signed_in(cast.nia)
    files = {**SMALL, "02-<b>two.md": b"[gone](a\\<img.md)\n\n[away](<../../etc/passwd>)\n"}
    with app.app_context():
        send(browser, course_folders.archive(files), "<script>.zip")
        assert small(app) is not None
    page = browser.get(PAGE).text
    assert "Imported: 2 lessons, 1 module." in page
    assert "You may want to check:" in page
    assert "02-&lt;b&gt;two.md, line 1: There is no file a&lt;img.md." in page
    assert "../../etc/passwd points outside the folder." in page
    assert "&lt;script&gt;.zip" in page
    assert "a<img" not in page


def test_only_the_sender_sees_it(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    with app.app_context():
        send(signed_in(cast.nia), course_folders.archive(SMALL), "mine.zip")
    assert "mine.zip" not in signed_in(cast.ada).get(PAGE).text


def test_the_page_asks_little(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    browser = signed_in(cast.nia)
    with app.app_context():
        for _ in range(12):
            course_transfers.start_import(
                db.session.get_one(User, cast.nia.id), "imports/none.zip", "a.zip", 1
            )
        db.session.commit()
        asked: list[str] = []
        event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
        assert browser.get(PAGE).text.count("a.zip</b>") == course_transfers.SHOWN
    assert len([one for one in asked if one.lstrip().startswith("SELECT")]) <= 6


def test_nobody_who_left_imports(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    with app.app_context():
        nia = db.session.get_one(User, cast.nia.id)
        course_transfers.start_import(nia, "imports/none.zip", "a.zip", 1)
        nia.suspended_at = clock.now()
        db.session.commit()
        jobs.run_all()
        row = db.session.scalars(select(CourseTransfer)).one()
        assert (row.state, row.problems) == (TransferState.FAILED, [course_transfers.OVER])


def test_a_fault_of_ours_is_tried_again_and_leaves_nothing(
    app: Flask, cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {**SMALL, "01-one.md": b"# One\n\n![a](a.png)\n", "a.png": course_folders.picture()}
    with app.app_context():
        before = stored("pictures")
        with monkeypatch.context() as patched:
            patched.setattr(
                "domain.portable.course_writer.progress_recount.recount_course", lambda _course: 1 // 0
            )
            send(signed_in(cast.nia), course_folders.archive(files))
        row = db.session.scalars(select(CourseTransfer)).one()
        assert (row.state, row.problems) == (TransferState.WAITING, [course_transfers.TRIED_AGAIN])
        assert small(app) is None
        assert stored("pictures") == before
        jobs.hasten(f"import:{row.id}")
        db.session.commit()
        jobs.run_all()
        db.session.expire_all()
        assert (row.state, row.problems) == (TransferState.DONE, ["Imported: 1 lesson, 1 module, 1 picture."])
        assert len(stored("pictures")) == len(before) + 1


def test_a_small_course_is_sent_at_once(cast: Cast, signed_in: SignedIn) -> None:
    browser = signed_in(cast.ada)
    base = f"/studio/courses/{cast.flask_course.id}/export"
    assert f'href="{base}.zip"' in browser.get(base).text
    answer = browser.get(f"{base}.zip")
    assert answer.content_type == "application/zip"
    assert answer.headers["Content-Disposition"] == "attachment; filename=flask-first-steps.zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert packed.testzip() is None
        names = packed.namelist()
    assert names[0] == "flask-first-steps/course.toml"
    assert "flask-first-steps/02-go-on/02-going-live.md" in names


def test_a_large_course_is_packed_by_the_worker(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    browser = signed_in(cast.ada)
    base = f"/studio/courses/{cast.flask_course.id}/export"
    with app.app_context():
        storage.current().put("resources/large.pdf", b"%PDF" * 1000, "application/pdf")
        large = Resource(
            lesson_id=cast.text_lesson.id, title="Large", kind=ResourceKind.PDF,
            storage_key="resources/large.pdf", size=course_transfers.AT_ONCE + 1,
        )  # fmt: skip
        db.session.add(large)
        db.session.commit()
    assert browser.get(f"{base}.zip").location == base
    assert "Create ZIP" in browser.get(base).text
    assert browser.post(base).status_code == 303
    assert browser.post(base).status_code == 303
    assert "Preparing" in browser.get(base).text
    with app.app_context():
        address = f"{base}s/{db.session.scalars(select(CourseTransfer.id)).one()}.zip"
        jobs.run_all()
    assert address in browser.get(base).text
    answer = browser.get(address)
    assert "flask-first-steps.zip" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert packed.read("flask-first-steps/files/routes/large.pdf") == b"%PDF" * 1000
    for other in (cast.nia, cast.mo):
        assert signed_in(other).get(address).status_code == 404


def test_a_packed_course_is_gone_after_a_day(
    app: Flask, cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        ada, course = db.session.get_one(User, cast.ada.id), db.session.get_one(Course, cast.flask_course.id)
        row = course_transfers.start_export(ada, course)
        address = f"/studio/courses/{course.id}/exports/{row.id}.zip"
        db.session.commit()
        jobs.run_all()
        browser = signed_in(cast.ada)
        assert browser.get(address).status_code == 200
        monkeypatch.setattr(course_transfers, "KEPT_FOR", timedelta(0))
        assert browser.get(address).status_code == 404


def test_drafts_that_wait_are_in_the_export(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    with app.app_context():
        lesson = db.session.get_one(Lesson, cast.text_lesson.id)
        lesson.draft = {"title": "Routes, anew"}
        db.session.commit()
    answer = signed_in(cast.ada).get(f"/studio/courses/{cast.flask_course.id}/export.zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        text = packed.read("flask-first-steps/01-begin/02-routes.md").decode()
    assert 'title = "Routes, anew"' in text


def test_another_creators_course_does_not_exist(cast: Cast, signed_in: SignedIn) -> None:
    base = f"/studio/courses/{cast.flask_course.id}/export"
    browser = signed_in(cast.nia)
    assert [browser.get(base).status_code, browser.get(f"{base}.zip").status_code] == [404, 404]
    assert browser.post(base).status_code == 404
