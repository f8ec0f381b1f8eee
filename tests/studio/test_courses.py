"""The list of courses, and what is done to a whole one: begun, copied, archived, deleted, previewed."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, Response, request_finished
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, update

import jobs
import storage
from domain.authoring import deletion
from domain.base import clock, request_trace
from domain.platform import events, moderation_queue
from domain.platform.event_registry import EventName
from models import (
    AuditEntry,
    Course,
    Event,
    Job,
    Lesson,
    MediaAsset,
    ModerationItem,
    ModerationKind,
    Module,
    Order,
    OrderStatus,
    Picture,
    Product,
    ProductStatus,
    ProductVisibility,
    Resource,
    ResourceKind,
    SearchDocument,
    UpdateState,
    User,
    db,
)
from tests.cast import Cast

Browser = Callable[[User], FlaskClient]
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def ada(app: Flask, cast: Cast, signed_in: Browser) -> FlaskClient:
    return signed_in(cast.ada)


@pytest.fixture
def nia(app: Flask, cast: Cast, signed_in: Browser) -> FlaskClient:
    return signed_in(cast.nia)


@pytest.fixture
def count_queries(app: Flask) -> Iterator[Callable[[], int]]:
    counts: list[int] = []

    def note(_app: Flask, response: Response) -> None:
        counts.append(request_trace.query_count())

    with request_finished.connected_to(note, app):
        yield lambda: counts[-1]


def set_(app: Flask, course: Course, **values: Any) -> None:
    with app.app_context():
        row = db.session.get_one(Course, course.id)
        for name, value in values.items():
            setattr(row, name, value)
        db.session.commit()


def many(app: Flask, creator: User, category: Any, count: int) -> None:
    with app.app_context():
        for number in range(count):
            title = f"Course {number:03}"
            row = Course(
                title=title, slug=f"course-{number}", creator_id=creator.id, category_id=category.id,
                status=ProductStatus.ARCHIVED if number % 2 else ProductStatus.DRAFT,
            )  # fmt: skip
            db.session.add(row)
        db.session.commit()


NEXT: list[tuple[dict[str, Any], str]] = [
    ({"status": ProductStatus.DRAFT, "published_at": None}, "Publish course"),
    ({"status": ProductStatus.PENDING_REVIEW}, "In review since"),
    ({"status": ProductStatus.REJECTED}, "Read the reviewer"),
    ({"status": ProductStatus.ARCHIVED}, "Bring it back"),
    ({"status": ProductStatus.EXPIRED}, "publish it again"),
    ({"expires_at": clock.now() - timedelta(days=1)}, "publish it again"),
    ({"expires_at": clock.now() + timedelta(days=20)}, "update it"),
    ({"expires_at": clock.now() + timedelta(days=90)}, "On sale until"),
    ({"update_state": UpdateState.EDITING}, "Publish changes"),
    ({"update_state": UpdateState.PENDING}, "Update in review"),
    ({"update_state": UpdateState.RETURNED}, "Read the reviewer"),
]


@pytest.mark.parametrize(("values", "said"), NEXT)
def test_the_list_says_what_to_do_next(
    app: Flask, cast: Cast, ada: FlaskClient, values: dict[str, Any], said: str
) -> None:
    set_(app, cast.free_course, deleted_at=clock.now())
    set_(app, cast.flask_course, **values)
    with app.app_context():
        moderation_queue.enqueue(ModerationKind.COURSE, cast.flask_course.id, "x", cast.ada.id)
        db.session.commit()
    page = ada.get("/studio/courses").text
    row = page.split("<tbody>")[1].split("</tbody>")[0]
    assert row.count("<tr>") == 1
    assert said in row


def test_a_course_without_lessons_asks_for_the_first(app: Flask, cast: Cast, nia: FlaskClient) -> None:
    assert "Submit for review" in nia.get("/studio/courses").text
    with app.app_context():
        db.session.execute(delete(Module).where(Module.course_id == cast.draft_course.id))
        db.session.commit()
    assert "Write the first lesson" in nia.get("/studio/courses").text


def test_only_ones_own_courses_are_listed(cast: Cast, ada: FlaskClient, nia: FlaskClient) -> None:
    assert "Secret draft" in nia.get("/studio/courses").text
    assert "Flask, first steps" not in nia.get("/studio/courses").text
    assert "Secret draft" not in ada.get("/studio/courses").text


def test_the_list_is_narrowed_and_turned(app: Flask, cast: Cast, ada: FlaskClient) -> None:
    many(app, cast.ada, cast.web, 60)
    first = ada.get("/studio/courses").text
    assert "All 62" in first
    assert "Draft 30" in first
    seen: list[str] = []
    address, pages = "/studio/courses?status=draft", 0
    while address:
        text = ada.get(address).text
        seen += [part.split("<")[0] for part in text.split("<b>Course ")[1:]]
        pages += 1
        last = address
        address = (
            text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
            if 'rel="next"' in text
            else ""
        )
    assert pages == 2
    assert seen == [f"{number:03}" for number in range(58, -1, -2)]
    back = ada.get(last).text.split('rel="prev" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "Course 058" in ada.get(back).text
    found = ada.get("/studio/courses?q=rse+017").text
    assert found.count("<b>Course ") == 1
    assert "No courses found" in ada.get("/studio/courses?q=100%25").text
    fragment = ada.get("/studio/courses?q=course", headers=HTMX).text
    assert "<html" not in fragment
    assert 'id="courses"' in fragment


def test_the_list_takes_few_queries(
    app: Flask, cast: Cast, ada: FlaskClient, count_queries: Callable[[], int]
) -> None:
    many(app, cast.ada, cast.web, 30)
    ada.get("/studio/courses")
    for address in ("/studio/courses", f"/studio/courses/{cast.flask_course.id}",
                    *(f"/studio/courses/{cast.flask_course.id}/{page}"
                      for page in ("pricing", "access", "sharing", "delete", "duplicate"))):  # fmt: skip
        assert ada.get(address).status_code == 200
        assert count_queries() <= 10, address


def test_whoever_has_no_course_is_told_how_to_begin(app: Flask, cast: Cast, nia: FlaskClient) -> None:
    set_(app, cast.draft_course, deleted_at=clock.now())
    assert "Create a course" in nia.get("/studio/courses").text


def test_a_title_and_a_category_begin_a_course(app: Flask, cast: Cast, nia: FlaskClient) -> None:
    form = {"title": "Reading  code", "category": str(cast.flask_category.id)}
    answer = nia.post("/studio/courses/new", data=form)
    assert answer.status_code == 303
    with app.app_context():
        row = db.session.scalars(select(Course).where(Course.slug == "reading-code-2")).one()
        assert answer.location == f"/studio/courses/{row.id}"
        assert (row.title, row.status, row.creator_id) == ("Reading code", ProductStatus.DRAFT, cast.nia.id)
        assert db.session.scalars(select(AuditEntry).where(AuditEntry.action == "create")).one()
    assert nia.get(answer.location).status_code == 200


@pytest.mark.parametrize(
    "form",
    [
        {}, {"title": "", "category": "web"}, {"title": "a" * 10_000, "category": "web"},
        {"title": "A", "category": ""}, {"title": "A", "category": "x"},
        {"title": "\u200b", "category": "web"},
    ],
)  # fmt: skip
def test_a_wrong_beginning_is_refused(app: Flask, cast: Cast, nia: FlaskClient, form: dict[str, str]) -> None:
    ids = {"web": str(cast.web.id)}
    form = {**form, "category": ids.get(form.get("category", ""), form.get("category", ""))}
    answer = nia.post("/studio/courses/new", data=form)
    assert answer.status_code == 422
    assert 'class="field-error"' in answer.text
    with app.app_context():
        assert db.session.scalar(select(func.count(Course.id))) == 3


def test_a_copy_has_the_text_and_nothing_that_happened(app: Flask, cast: Cast, ada: FlaskClient) -> None:
    with app.app_context():
        lesson = db.session.get_one(Lesson, cast.text_lesson.id)
        key = f"pictures/{cast.flask_course.id}/one.webp"
        storage.current().put(key, b"drawn", "image/webp")
        picture = Picture(
            course_id=lesson.course_id, lesson_id=lesson.id, storage_key=key, content_type="image/webp",
            width=1, height=1, size=5,
        )  # fmt: skip
        db.session.add(picture)
        db.session.flush()
        lesson.body = f"![One](/pictures/{picture.id})"
        lesson.draft = {"title": "Routes, again"}
        db.session.add_all(
            [
                Resource(lesson_id=lesson.id, title="Docs", kind=ResourceKind.LINK, url="https://a.test"),
                Resource(lesson_id=lesson.id, title="File", kind=ResourceKind.PDF, storage_key="a.pdf"),
            ]
        )  # fmt: skip
        db.session.commit()
        first_picture = picture.id
    assert "Recordings, captions, files" in ada.get(f"/studio/courses/{cast.flask_course.id}/duplicate").text
    answer = ada.post(f"/studio/courses/{cast.flask_course.id}/duplicate")
    assert answer.status_code == 303
    with app.app_context():
        copy = db.session.scalars(select(Course).where(Course.title == "Flask, first steps (copy)")).one()
        assert answer.location == f"/studio/courses/{copy.id}"
        assert (copy.status, copy.published_at, copy.holder_count) == (ProductStatus.DRAFT, None, 0)
        assert (copy.price_cents, copy.objectives, copy.lesson_count) == (
            1900,
            ["Route requests", "Store data"],
            4,
        )
        assert db.session.scalar(select(SearchDocument).where(SearchDocument.product_id == copy.id)) is None
        lessons = db.session.scalars(select(Lesson).where(Lesson.course_id == copy.id)).all()
        assert {lesson.slug for lesson in lessons} == {"hello-flask", "routes", "forms-on-film", "going-live"}
        again = next(lesson for lesson in lessons if lesson.slug == "routes")
        assert again.title == "Routes, again"
        links = db.session.scalars(select(Resource).where(Resource.lesson_id == again.id)).all()
        assert [link.title for link in links] == ["Docs"]
        drawn = db.session.scalars(select(Picture).where(Picture.course_id == copy.id)).one()
        assert drawn.id != first_picture
        assert drawn.lesson_id == again.id
        assert f"/pictures/{drawn.id}" in again.body_html
        db.session.commit()
        jobs.run_all()
        assert storage.current().open(drawn.storage_key).read() == b"drawn"


def test_archiving_takes_a_course_off_sale(
    app: Flask, cast: Cast, ada: FlaskClient, client: FlaskClient
) -> None:
    page = f"/studio/courses/{cast.flask_course.id}"
    assert "Take this course off sale?" in ada.get(f"{page}/archive").text
    assert ada.post(f"{page}/archive").status_code == 303
    with app.app_context():
        assert db.session.get_one(Course, cast.flask_course.id).status == ProductStatus.ARCHIVED
    assert "isn’t for sale" in client.get("/courses/flask-first-steps").text
    assert "Bring it back" in ada.get(page).text
    assert ada.post(f"{page}/archive").status_code == 303, "twice is no fault"


def test_what_nobody_has_is_deleted_for_good(app: Flask, cast: Cast, ada: FlaskClient) -> None:
    with app.app_context():
        asset = MediaAsset(course_id=cast.free_course.id, storage_key="media/x/film.mp4")
        db.session.add(asset)
        db.session.flush()
        folder = f"media/{asset.id}/film.mp4"
        storage.current().put(folder, b"film", "video/mp4")
        key = "resources/notes.pdf"
        storage.current().put(key, b"notes", "application/pdf")
        lesson = db.session.scalars(select(Lesson).where(Lesson.course_id == cast.free_course.id)).one()
        db.session.add(Resource(lesson_id=lesson.id, title="Notes", kind=ResourceKind.PDF, storage_key=key))
        moderation_queue.enqueue(ModerationKind.UPDATE, cast.free_course.id, "x", cast.ada.id)
        db.session.commit()
    page = f"/studio/courses/{cast.free_course.id}"
    assert "permanently deletes" in ada.get(f"{page}/delete").text
    assert ada.post(f"{page}/delete").location == "/studio/courses"
    with app.app_context():
        for table in (Course, Product):
            assert db.session.get(table, cast.free_course.id) is None
        for column in (Module.course_id, Lesson.course_id, MediaAsset.course_id, SearchDocument.product_id):
            query = select(func.count()).where(column == cast.free_course.id)
            assert db.session.scalar(query) == 0, column
        item = db.session.scalars(select(ModerationItem)).one()
        assert item.closed_at is not None
        db.session.execute(update(Job).values(run_after=clock.now()))
        db.session.commit()
        jobs.run_all()
        assert not storage.current().exists(key)
        assert not storage.current().exists(folder)
    assert ada.get(page).status_code == 404
    assert ada.get("/courses?q=reading").status_code == 200


def test_what_was_bought_is_kept_by_its_owners(
    app: Flask, cast: Cast, ada: FlaskClient, client: FlaskClient, signed_in: Browser
) -> None:
    page = f"/studio/courses/{cast.flask_course.id}"
    assert "People who own it keep it" in ada.get(f"{page}/delete").text
    assert ada.post(f"{page}/delete").status_code == 303
    with app.app_context():
        row = db.session.get_one(Course, cast.flask_course.id)
        assert row.deleted_at is not None
        assert row.status == ProductStatus.ARCHIVED
    bo, mo = signed_in(cast.bo), signed_in(cast.mo)
    assert ada.get(page).status_code == 404
    assert mo.get(page).status_code == 404
    assert "Flask, first steps" not in ada.get("/studio/courses").text
    for address in ("/courses/flask-first-steps", "/learn/flask-first-steps/routes"):
        assert client.get(address).status_code == 404
        assert signed_in(cast.cy).get(address).status_code == 404
        assert bo.get(address).status_code == 200
    assert "Flask, first steps" in bo.get("/learn").text


def test_a_rule_that_forbids_says_why(
    app: Flask, cast: Cast, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        db.session.execute(update(Order).values(status=OrderStatus.PENDING, completed_at=None))
        db.session.commit()
    page = f"/studio/courses/{cast.flask_course.id}/delete"
    assert "buying this course" in ada.get(page).text
    answer = ada.post(page)
    assert (answer.status_code, "buying this course" in answer.text) == (422, True)
    monkeypatch.setattr(deletion, "RULES", (lambda _course: "It stands in the bundle “Web”.",))
    assert "stands in the bundle" in ada.post(f"/studio/courses/{cast.free_course.id}/delete").text
    with app.app_context():
        rows = db.session.scalars(select(Course).where(Course.creator_id == cast.ada.id)).all()
        assert [row.deleted_at for row in rows] == [None, None]


def test_a_preview_shows_what_learners_see(
    app: Flask, cast: Cast, nia: FlaskClient, ada: FlaskClient, signed_in: Browser
) -> None:
    moved = nia.get(f"/studio/courses/{cast.draft_course.id}/preview")
    assert moved.location == "/courses/secret-draft?preview=1"
    for browser in (nia, signed_in(cast.mo)):
        page = browser.get(moved.location).text
        assert "Preview." in page
        assert f'href="/studio/courses/{cast.draft_course.id}"' in page
        assert "Buy now" in page
        assert 'action="/checkout"' not in page
        lesson = browser.get("/learn/secret-draft/not-yet").text
        assert f'href="/studio/courses/{cast.draft_course.id}/lessons/{cast.draft_lesson.id}"' in lesson
    assert "Start for free" in ada.get("/courses/reading-code?preview=1").text
    set_(app, cast.draft_course, visibility=ProductVisibility.MEMBERS_ONLY)
    assert "available to members" in nia.get(moved.location).text


def test_others_get_no_preview(cast: Cast, ada: FlaskClient, signed_in: Browser, client: FlaskClient) -> None:
    assert ada.get("/courses/secret-draft?preview=1").status_code == 404
    for browser in (client, signed_in(cast.cy), signed_in(cast.bo), signed_in(cast.nia)):
        page = browser.get("/courses/flask-first-steps?preview=1")
        assert page.status_code == 200
        assert "preview-bar" not in page.text
    assert "preview-bar" not in signed_in(cast.bo).get("/learn/flask-first-steps/routes").text


def test_ones_own_looks_are_no_views(app: Flask, cast: Cast, ada: FlaskClient, signed_in: Browser) -> None:
    agent = {"User-Agent": "Mozilla/5.0 Firefox"}
    ada.get("/courses/flask-first-steps", headers=agent)
    ada.get("/courses/flask-first-steps?preview=1", headers=agent)
    signed_in(cast.mo).get("/courses/flask-first-steps?preview=1", headers=agent)
    with app.app_context():
        events.flush()
        names = db.session.scalars(select(Event.name).where(Event.user_id.in_([cast.ada.id, cast.mo.id])))
        assert set(names) == {EventName.PAGE_VIEW}


def test_the_course_page_leads_its_creator_to_the_studio(
    cast: Cast, ada: FlaskClient, signed_in: Browser
) -> None:
    link = f'href="/studio/courses/{cast.flask_course.id}"'
    assert link in ada.get("/courses/flask-first-steps").text
    assert link in signed_in(cast.mo).get("/courses/flask-first-steps").text
    assert link not in signed_in(cast.bo).get("/courses/flask-first-steps").text
