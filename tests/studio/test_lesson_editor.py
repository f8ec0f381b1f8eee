"""The lesson editor: saved by hand, kept while somebody types, never written over unseen."""

import io
import re
import uuid
from collections.abc import Callable
from html import unescape
from itertools import cycle
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from domain.catalog.index import search
from models import (
    Caption,
    Course,
    Lesson,
    LessonKind,
    LessonVisibility,
    MediaAsset,
    MediaStatus,
    Resource,
    ResourceKind,
    SearchDocument,
    UpdateState,
    User,
    db,
)
from tests.adversary.hostile import BREAKOUT, HUGE, LONG, SCRIPT, TEXTS, trouble
from tests.cast import Cast
from tests.pages import forms_of

VTT = "WEBVTT\n\n00:00.000 --> 00:02.000\nHello <b>there</b>\n"
SRT = "1\n00:00:00,000 --> 00:00:02,000\nHallo\n"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def ada(cast: Cast, signed_in: Callable[[User], FlaskClient]) -> FlaskClient:
    """The browser of the creator of the Flask course."""
    return signed_in(cast.ada)


@pytest.fixture
def here(cast: Cast) -> str:
    """The address of a text lesson's editor."""
    return f"/studio/courses/{cast.flask_course.id}/lessons/{cast.text_lesson.id}"


@pytest.fixture
def film(app: Flask, cast: Cast) -> str:
    """The address of the editor of a lesson with a recording of two minutes."""
    with app.app_context():
        asset = MediaAsset(
            course_id=cast.flask_course.id, lesson_id=cast.video_lesson.id, storage_key="x", mp4="film.mp4",
            status=MediaStatus.READY, duration_seconds=120.0,
        )  # fmt: skip
        db.session.add(asset)
        db.session.commit()
    return f"/studio/courses/{cast.flask_course.id}/lessons/{cast.video_lesson.id}"


def distrust(app: Flask, user: User) -> None:
    with app.app_context():
        db.session.get_one(User, user.id).vetted = False
        db.session.commit()


def filled(**more: Any) -> dict[str, Any]:
    """The form of the text lesson as its page has it, with `more`."""
    form = {
        "title": "Routes", "slug": "routes", "description": "", "kind": "text", "visibility": "members",
        "body": "Some *text*.", "external_video_url": "", "length": "", "published": "y", "version": "1",
        "tab": "one", "seen": "",
    }  # fmt: skip
    return form | more


def form_of(page: str) -> dict[str, Any]:
    """What the editor's form on `page` sends."""
    return next(form.values for form in forms_of(page) if form.is_autosaved)


def mark(page: str) -> str:
    """The mark of the autosaved text that a page was rendered with."""
    return page.split('name="seen" multiple hidden><option selected value="')[1].split('"')[0]


def row(app: Flask, cast: Cast) -> Lesson:
    with app.app_context():
        found = db.session.scalars(
            select(Lesson).where(Lesson.id == cast.text_lesson.id).options(db.undefer_group("drafts"))
        ).one()
        db.session.expunge(found)
        return found


def test_a_lesson_is_saved(app: Flask, cast: Cast, ada: FlaskClient, here: str) -> None:
    page = ada.get(here).text
    assert "Some *text*." in page
    for name, value in (("published", "y"), ("kind", "text"), ("visibility", "members")):
        assert re.search(rf'<input[^>]* checked[^>]*name="{name}"[^>]*value="{value}"', page)
    body = "## Ways in\n\nOne two  \nthree\n\n    code\n"
    answer = ada.post(here, data=filled(title="Ways in", body=body, visibility="preview"))
    assert (answer.status_code, answer.location) == (303, here)
    found = row(app, cast)
    assert (found.title, found.slug, found.version) == ("Ways in", "routes", 2)
    assert found.body == body.rstrip() or found.body == body
    assert "<br" in found.body_html
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        assert course.duration_seconds == 300 + found.duration_seconds + 120 + 900


def test_the_page_asks_few_questions(app: Flask, ada: FlaskClient, here: str, film: str) -> None:
    with app.app_context():
        statements: list[str] = []
        event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    for address in (here, film):
        statements.clear()
        assert ada.get(address).status_code == 200
        assert len(statements) <= 10


def test_an_address_is_changed_by_hand(app: Flask, cast: Cast, ada: FlaskClient, here: str) -> None:
    assert "Another lesson" in ada.post(here, data=filled(slug="hello-flask")).text
    assert ada.post(here, data=filled(slug="Not Good")).status_code == 422
    assert ada.post(here, data=filled(slug="ways-in")).status_code == 303
    assert row(app, cast).slug == "ways-in"


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": LONG},
        {"kind": "quiz"},
        {"visibility": "everyone"},
        {"external_video_url": "https://evil.example/watch?v=abcdefghijk"},
        {"external_video_url": "javascript:alert(1)"},
        {"length": "soon"},
        {"body": "x" * 250_000},
        {"description": LONG},
    ],
)
def test_what_is_wrong_comes_back_with_everything_typed(
    app: Flask, cast: Cast, ada: FlaskClient, here: str, wrong: dict[str, str]
) -> None:
    answer = ada.post(here, data=filled(**({"body": "Typed by hand."} | wrong)))
    assert answer.status_code == 422
    assert wrong.get("body") or "Typed by hand." in answer.text
    assert row(app, cast).version == 1


def test_a_film_elsewhere_has_its_length(app: Flask, cast: Cast, ada: FlaskClient, here: str) -> None:
    form = filled(kind="video", external_video_url="https://youtu.be/abcdefghijk", length="12:30")
    assert ada.post(here, data=form).status_code == 303
    assert (row(app, cast).duration_seconds, row(app, cast).kind) == (750, LessonKind.VIDEO)
    assert "12:30" in ada.get(here).text


def test_two_tabs_save_the_same_lesson(app: Flask, cast: Cast, ada: FlaskClient, here: str) -> None:
    ada.post(here, data=filled(body="From the first tab."))
    answer = ada.post(here, data=filled(body="From the second tab.", tab="two"))
    assert answer.status_code == 409
    assert "From the first tab." in answer.text
    assert "From the second tab." in answer.text
    assert row(app, cast).body == "From the first tab."
    assert ada.post(here, data=filled(body="From the second tab.", tab="two", version="2")).status_code == 303
    assert row(app, cast).body == "From the second tab."


def test_what_is_typed_is_kept_and_offered(app: Flask, cast: Cast, ada: FlaskClient, here: str) -> None:
    answer = ada.post(f"{here}/typed", data=filled(title="", body="Half a sen"))
    assert (answer.status_code, list(answer.json or {})) == (200, ["at"])
    assert row(app, cast).body == "Some *text*."
    page = ada.get(here).text
    assert "Unsaved changes from" in page
    assert "Half a sen" in page
    newer = ada.post(f"{here}/typed", data=filled(title="", body="Half a sentence"))
    throw_away = f"{here}/typed/throw-away"
    assert form_of(page)["body"] == "Half a sen"
    refused = ada.post(throw_away, data=form_of(page))
    assert refused.status_code == 409
    assert "Something newer was typed elsewhere, so nothing was discarded." in refused.text
    assert "Half a sentence" in refused.text
    assert form_of(refused.text)["body"] == "Half a sen"
    assert mark(refused.text) == (newer.json or {})["at"]
    assert ada.post(throw_away, data=form_of(refused.text)).status_code == 303
    assert "Half a sen" not in ada.get(here).text


def test_typing_in_two_tabs_loses_nothing(app: Flask, cast: Cast, ada: FlaskClient, here: str) -> None:
    ada.post(f"{here}/typed", data=filled(body="First tab"))
    assert ada.post(f"{here}/typed", data=filled(body="Second tab", tab="two")).status_code == 409
    answer = ada.post(here, data=filled(body="Second tab", tab="two"))
    assert answer.status_code == 409
    assert "First tab" in answer.text
    assert "Second tab" in answer.text
    ada.post(f"{here}/typed", data=filled(body="First tab, and more"))
    again = ada.post(here, data=filled(body="Second tab", tab="two", seen=mark(answer.text)))
    assert (again.status_code, "First tab, and more" in again.text) == (409, True)
    assert ada.post(here, data=filled(body="Second tab", tab="two", seen=mark(again.text))).status_code == 303
    found = row(app, cast)
    assert (found.body, found.typed) == ("Second tab", None)
    assert ada.post(f"{here}/typed", data=filled(body="Late")).status_code == 409


def test_a_lesson_deleted_meanwhile_gives_back_what_was_typed(
    cast: Cast, ada: FlaskClient, here: str
) -> None:
    ada.post(f"/studio/courses/{cast.flask_course.id}/curriculum/lessons/{cast.text_lesson.id}/delete")
    answer = ada.post(here, data=filled(body="An hour of work"))
    assert answer.status_code == 404
    assert "An hour of work" in answer.text
    assert ada.post(f"{here}/typed", data=filled()).status_code == 404
    assert ada.get(here).status_code == 404


def test_changes_that_wait_are_seen_by_those_who_work_on_them(
    app: Flask, cast: Cast, ada: FlaskClient, here: str, signed_in: Callable[[User], FlaskClient]
) -> None:
    distrust(app, cast.ada)
    ada.post(here, data=filled(title="Ways in", body="**Better** text", slug="ways-in"))
    with app.app_context():
        db.session.add(
            Resource(
                lesson_id=cast.text_lesson.id, title="Pending link", kind=ResourceKind.LINK,
                url="https://example.com/", pending=True,
            )
        )  # fmt: skip
        db.session.commit()
        assert db.session.get_one(Course, cast.flask_course.id).update_state == UpdateState.EDITING
    learn = "/learn/flask-first-steps/routes"
    for person, sees in ((cast.ada, True), (cast.mo, True), (cast.bo, False)):
        page = signed_in(person).get(f"{learn}?draft=1").text
        assert ("Better" in page, "Pending link" in page, "learners can’t see yet" in page) == (sees,) * 3
    for person in (cast.ada, cast.mo, cast.bo):
        page = signed_in(person).get(learn).text
        assert "Better" not in page
        assert "Pending link" not in page
    assert "Ways in" in ada.get(here).text


def test_what_learners_must_not_see_is_nowhere(
    app: Flask, cast: Cast, ada: FlaskClient, client: FlaskClient, signed_in: Callable[[User], FlaskClient]
) -> None:
    with app.app_context():
        db.session.get_one(Lesson, cast.text_lesson.id).title = "Zebra private"
        db.session.get_one(Lesson, cast.text_lesson.id).visibility = LessonVisibility.PRIVATE
        lesson = db.session.get_one(Lesson, cast.last_lesson.id)
        lesson.title, lesson.published = "Zebra hidden", False
        course = db.session.get_one(Course, cast.flask_course.id)
        search.index(course)
        db.session.commit()
    ada.post(f"/studio/courses/{cast.flask_course.id}/curriculum", data={"title": "Zebra empty"})
    assert "Zebra" not in client.get("/courses/flask-first-steps").text
    assert "Zebra" not in signed_in(cast.bo).get("/learn/flask-first-steps/hello-flask").text
    with app.app_context():
        words = db.session.scalars(
            select(SearchDocument.body).where(SearchDocument.product_id == cast.flask_course.id)
        ).one()
    assert "zebra" not in words
    assert "begin" in words


def test_captions_come_as_file_or_text(app: Flask, ada: FlaskClient, film: str) -> None:
    for form in (
        {"code": "EN", "file": (io.BytesIO(VTT.encode()), "film.vtt")},
        {"language": "de", "vtt": SRT, "label": ""},
        {"language": "fr", "code": "pt-br", "vtt": VTT, "label": "Brasil"},
    ):
        answer = ada.post(f"{film}/captions", data=form, content_type="multipart/form-data")
        assert answer.status_code == 303
    with app.app_context():
        rows = db.session.scalars(select(Caption).order_by(Caption.language)).all()
        assert [(r.language, r.label) for r in rows] == [
            ("de", "Deutsch"),
            ("en", "English"),
            ("pt-BR", "Brasil"),
        ]
        assert rows[0].vtt.startswith("WEBVTT")
        assert "<b>" not in rows[1].vtt
    page = ada.get(f"{film}/captions/de").text
    assert "Hallo" in page
    assert ada.post(f"{film}/captions/de", data={"language": "de", "vtt": "nonsense"}).status_code == 422
    assert ada.post(f"{film}/captions/de", data={"language": "de", "vtt": VTT}).status_code == 303
    assert ada.post(f"{film}/captions/de/delete").status_code == 303
    assert ada.get(f"{film}/captions/de").status_code == 404
    for wrong in (
        {"code": "klingon!", "vtt": VTT},
        {"language": "klingon!", "vtt": VTT},
        {"vtt": VTT},
        {"language": "en"},
        {"language": "en", "file": (io.BytesIO(b"\xff\xfe\x00PNG"), "film.vtt")},
    ):
        answer = ada.post(f"{film}/captions", data=wrong, content_type="multipart/form-data")
        assert answer.status_code == 422
        assert trouble(answer) is None


def test_a_caption_file_is_read_as_far_as_it_can_be(app: Flask, ada: FlaskClient, film: str) -> None:
    bad = "".join(f"\n\n{n}\n00:01:{n},000 --> 00:01:{n},000\nx" for n in range(10, 17))
    good = "".join(f"\n\n{n}\n00:02:{n},000 --> 00:02:{n},500\nGrüße" for n in range(10, 18))
    sent = {"language": "de", "file": (io.BytesIO((bad + good).encode("cp1252")), "film.srt")}
    answer = ada.post(
        f"{film}/captions", data=sent, content_type="multipart/form-data", follow_redirects=True
    )
    assert "The file was read as Windows-1252. Line 4: the caption ends before it starts." in answer.text
    assert "And 3 more." in answer.text
    with app.app_context():
        assert db.session.scalars(select(Caption.vtt)).one().count("Grüße") == 8
    typed = {"language": "fr", "vtt": bad + good}
    answer = ada.post(f"{film}/captions", data=typed)
    assert answer.status_code == 422
    assert "Line 4: the caption ends before it starts." in answer.text
    assert answer.text.count("Grüße") == 8
    again = {"language": "de", "file": (io.BytesIO((bad + good).encode("cp1252")), "film.srt")}
    answer = ada.post(f"{film}/captions", data=again, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "There are already captions in Deutsch. Replace them?" in answer.text
    assert "Replace the captions in Deutsch" in answer.text
    assert "The file was read as Windows-1252. Line 4: the caption ends before it starts." in answer.text
    sent = {"language": "de", "vtt": VTT, "replace": "de"}
    assert ada.post(f"{film}/captions", data=sent).status_code == 303
    with app.app_context():
        assert "Grüße" not in db.session.scalars(select(Caption.vtt)).one()


def test_captions_in_a_language_that_is_not_listed_can_be_changed(
    app: Flask, ada: FlaskClient, film: str
) -> None:
    assert ada.post(f"{film}/captions", data={"code": "pt-BR", "vtt": VTT}).status_code == 303
    answer = ada.post(f"{film}/captions/pt-BR", data={"vtt": VTT, "label": "Brasil"})
    assert answer.status_code == 303
    with app.app_context():
        assert db.session.scalars(select(Caption.label)).one() == "Brasil"


def test_only_the_captions_asked_about_are_replaced(app: Flask, ada: FlaskClient, film: str) -> None:
    for language in ("de", "fr"):
        assert ada.post(f"{film}/captions", data={"language": language, "vtt": SRT}).status_code == 303
    asked = ada.post(f"{film}/captions", data={"code": "DE", "vtt": VTT})
    assert 'name="replace" type="checkbox" value="de"' in asked.text
    for sent in ({"language": "fr"}, {}, {"language": "de", "code": "fr"}):
        other = ada.post(f"{film}/captions", data={**sent, "vtt": VTT, "replace": "de"})
        assert other.status_code == 422
        assert "checked" not in other.text.partition('name="replace"')[0].rpartition("<input")[2]
    with app.app_context():
        assert len(set(db.session.scalars(select(Caption.vtt)))) == 1
    assert ada.post(f"{film}/captions", data={"code": "DE", "vtt": VTT, "replace": "de"}).status_code == 303


def test_a_file_in_no_language_asks_for_one(ada: FlaskClient, film: str) -> None:
    sent = {"file": (io.BytesIO(SRT.replace("Hallo", "Grüße").encode("cp1252")), "film.srt")}
    answer = ada.post(f"{film}/captions", data=sent, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "Choose a language." in answer.text
    assert "This file isn’t UTF-8 text." in answer.text


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_chapters_are_lines_of_text(app: Flask, ada: FlaskClient, film: str, headers: dict[str, str]) -> None:
    text = "0:00 Beginning\n\n1:30 - The <i>end</i>\n"
    answer = ada.post(f"{film}/chapters", data={"chapters": text}, headers=headers)
    assert answer.status_code == (200 if headers else 303)
    with app.app_context():
        asset = db.session.scalars(select(MediaAsset)).one()
        assert asset.chapters == [
            {"start": 0.0, "title": "Beginning"},
            {"start": 90.0, "title": "The <i>end</i>"},
        ]
    assert "1:30 The &lt;i&gt;end" in ada.get(film).text
    for wrong in ("Beginning", "0:00 A\n0:00 B", "2:01 Too late", "0:99 No", "0:00", LONG):
        answer = ada.post(f"{film}/chapters", data={"chapters": wrong}, headers=headers)
        assert answer.status_code == 422
        assert wrong[:50] in unescape(answer.text)


def test_links_are_added_ordered_renamed_and_deleted(
    app: Flask, cast: Cast, ada: FlaskClient, here: str
) -> None:
    for title in ("One", "Two", "Three"):
        form = {"title": title, "url": f"https://example.com/{title}"}
        assert ada.post(f"{here}/resources", data=form).status_code == 303
    for url in ("javascript:alert(1)", "example", "https://a b.com", "//evil.example", "https://" + LONG):
        assert ada.post(f"{here}/resources", data={"title": "x", "url": url}).status_code == 422

    def ids() -> list[uuid.UUID]:
        with app.app_context():
            query = (
                select(Resource).where(Resource.lesson_id == cast.text_lesson.id).order_by(Resource.position)
            )
            return [r.id for r in db.session.scalars(query)]

    one, two, three = ids()
    ada.post(f"{here}/resources/{three}/move", data={"to": "first"})
    assert ids() == [three, one, two]
    ada.post(f"{here}/resources/{three}/move", data={"to": f"after:{one}"})
    assert ids() == [one, three, two]
    assert ada.post(f"{here}/resources/{one}/title", data={"title": "Uno"}).status_code == 303
    assert "Uno" in ada.get(here).text
    answer = ada.post(f"{here}/resources/{one}/delete", headers=HTMX)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert ids() == [three, two]
    for path in (f"{one}/delete", f"{one}/title", f"{one}/move"):
        answer = ada.post(f"{here}/resources/{path}", data={"title": "x", "to": "first"})
        assert answer.status_code == 404
        assert "part of this lesson any more" in answer.text


def test_nobody_edits_the_lessons_of_others(
    cast: Cast, here: str, film: str, signed_in: Callable[[User], FlaskClient]
) -> None:
    nia = signed_in(cast.nia)
    wrong = f"/studio/courses/{cast.draft_course.id}/lessons/{cast.text_lesson.id}"
    for place in (here, film, wrong):
        assert nia.get(place).status_code == 404
        for path in ("", "/typed", "/typed/throw-away", "/captions", "/captions/en/delete", "/chapters",
                     "/resources", f"/resources/{uuid.uuid4()}/delete"):  # fmt: skip
            assert nia.post(place + path, data=filled()).status_code == 404, (place, path)


@pytest.mark.slow
def test_whatever_is_typed_breaks_nothing(ada: FlaskClient, here: str, film: str) -> None:
    addresses = cycle((here, f"{here}/typed"))
    for field in filled():
        for typed in (*TEXTS[:: 3 if field in ("title", "slug", "version") else 9], SCRIPT + BREAKOUT):
            assert trouble(ada.post(next(addresses), data=filled(**{field: typed}))) is None, (field, typed)
    assert ada.post(here, data={"body": HUGE}).status_code == 413
    for typed in TEXTS[::5]:
        for address, field in ((f"{film}/chapters", "chapters"), (f"{film}/captions", "vtt"),
                               (f"{here}/resources", "url")):  # fmt: skip
            form = {"title": "x", "language": "en", field: typed}
            assert trouble(ada.post(address, data=form)) is None, (address, typed)
    assert trouble(ada.get(here)) is None
