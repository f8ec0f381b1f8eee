"""What else of a live course waits for approval: captions, chapters, titles of files, the preview film."""

import re
import uuid
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from werkzeug.test import TestResponse

import media
from domain import Refused
from domain.authoring import lesson_drafts, resources, submission
from domain.catalog import lifecycle
from domain.media import captions, recordings, transcoding
from domain.moderation import review_page
from models import (
    AuditEntry,
    Caption,
    Course,
    Lesson,
    MediaAsset,
    MediaStatus,
    ModerationItem,
    ProductStatus,
    ProposedCaption,
    Resource,
    ResourceKind,
    UpdateState,
    User,
    db,
)
from tests.cast import Cast
from tests.decisions import carried_out_at_once  # noqa: F401
from tests.pages import forms_of

pytestmark = pytest.mark.usefixtures("carried_out_at_once")

SignedIn = Callable[[User], FlaskClient]
LEARN = "/learn/flask-first-steps/forms-on-film"


def vtt(*said: str) -> str:
    return "WEBVTT\n" + "".join(
        f"\n00:00:0{n}.000 --> 00:00:0{n}.900\n{words}\n" for n, words in enumerate(said)
    )


OLD, NEW = vtt("Hello", "This is Flask", "Good bye"), vtt("Hello", "Buy cheap shoes", "Good bye")


@pytest.fixture
def film(app: Flask, cast: Cast) -> str:
    """The editor of a lesson with a film, captions, chapters and a link; changes of its creator wait."""
    with app.app_context():
        asset = MediaAsset(
            course_id=cast.flask_course.id, lesson_id=cast.video_lesson.id, storage_key="x", mp4="film.mp4",
            status=MediaStatus.READY, duration_seconds=120.0, filename="forms.mp4",
            chapters=[{"start": 0.0, "title": "Begin"}, {"start": 60.0, "title": "Fields"}],
        )  # fmt: skip
        link = Resource(
            lesson_id=cast.video_lesson.id, title="The docs", kind=ResourceKind.LINK,
            url="https://flask.palletsprojects.com/",
        )  # fmt: skip
        db.session.add_all([asset, link])
        db.session.flush()
        db.session.add(Caption(asset_id=asset.id, language="en", label="English", vtt=OLD))
        db.session.get_one(User, cast.ada.id).vetted = False
        db.session.commit()
    return f"/studio/courses/{cast.flask_course.id}/lessons/{cast.video_lesson.id}"


@pytest.fixture
def ada(cast: Cast, signed_in: SignedIn) -> FlaskClient:
    return signed_in(cast.ada)


@pytest.fixture
def mo(cast: Cast, signed_in: SignedIn) -> FlaskClient:
    return signed_in(cast.mo)


def discard(browser: FlaskClient, lesson: str) -> TestResponse:
    """Press *Discard changes* on the page that asks."""
    address = f"{lesson}/discard"
    asked = next(form for form in forms_of(browser.get(address).text) if form.action == address)
    return browser.post(address, data=asked.values)


def change_everything(app: Flask, ada: FlaskClient, film: str) -> None:
    assert ada.post(f"{film}/captions/en", data={"language": "en", "vtt": NEW}).status_code == 303
    added = {"language": "de", "label": "Deutsch!", "vtt": vtt("Kauft Schuhe")}
    assert ada.post(f"{film}/captions", data=added).status_code == 303
    typed = {"chapters": "0:00 Begin\n1:10 Cheap shoes"}
    assert ada.post(f"{film}/chapters", data=typed).status_code == 303
    with app.app_context():
        link = db.session.scalars(select(Resource.id)).one()
    assert ada.post(f"{film}/resources/{link}/title", data={"title": "Shoe shop"}).status_code == 303


def what_learners_have(app: Flask, client: FlaskClient) -> tuple[str, list[str], list[str]]:
    """The words of the lesson's page, of its captions and of its chapters, for whoever owns the course."""
    page = unescape(client.get(LEARN).text)
    tracks = sorted(set(re.findall(r"/media/[^\"' ]+?/captions/[^\"' ]+?\.vtt", page)))
    chapters = sorted(set(re.findall(r"/media/[^\"' ]+?/chapters\.vtt", page)))
    return page, [client.get(one).text for one in tracks], [client.get(one).text for one in chapters]


def course_of(app: Flask, cast: Cast) -> Course:
    with app.app_context():
        row = db.session.get_one(Course, cast.flask_course.id)
        db.session.expunge(row)
        return row


def put_forward(app: Flask, ada: FlaskClient, cast: Cast) -> str:
    """Submit the update; the address of its page in the queue."""
    assert ada.post(f"/studio/courses/{cast.flask_course.id}/publish").status_code == 303
    with app.app_context():
        item = db.session.scalars(select(ModerationItem.id).where(ModerationItem.closed_at.is_(None))).one()
    return f"/admin/moderation/{item}"


def test_learners_keep_what_was_approved_until_the_change_is(
    app: Flask, cast: Cast, ada: FlaskClient, mo: FlaskClient, film: str, signed_in: SignedIn
) -> None:
    bo, before = signed_in(cast.bo), course_of(app, cast)
    change_everything(app, ada, film)
    page, spoken, chapters = what_learners_have(app, bo)
    assert [one.strip() for one in spoken] == [OLD.strip()]
    assert "Fields" in chapters[0]
    assert "This is Flask" in page
    for words in ("shoes", "Shoe", "Schuhe", "Deutsch!", "/proposed/"):
        assert words not in page
    changed = course_of(app, cast)
    assert (changed.update_state, changed.expires_at) == (UpdateState.EDITING, before.expires_at)

    draft = unescape(ada.get(f"{LEARN}?draft=1").text)
    for words in ("Buy cheap shoes", "Cheap shoes", "Shoe shop", "Deutsch!"):
        assert words in draft
    waiting = sorted(set(re.findall(r"/media/[^\"' ]+?/proposed/[^\"' ]+?\.vtt", draft)))
    assert [("shoes" in ada.get(one).text) or ("Schuhe" in ada.get(one).text) for one in waiting] == [
        True
    ] * 3

    review = put_forward(app, ada, cast)
    shown = unescape(mo.get(review).text)
    for words in (
        "<del>00:00:01.000  This is Flask</del>", "<ins>00:00:01.000  Buy cheap shoes</ins>",
        "<p>00:00:00.000  Hello</p>", "<ins>00:00:00.000  Kauft Schuhe</ins>", "<ins>Deutsch!</ins>",
        "<del>1:00 Fields</del>", "<ins>1:10 Cheap shoes</ins>", "<del>The docs</del>",
        "<ins>Shoe shop</ins>",
    ):  # fmt: skip
        assert words in shown, words
    assert mo.post(f"{review}/decide", data={"verdict": "approved"}).status_code == 303
    page, spoken, chapters = what_learners_have(app, bo)
    assert [one.strip() for one in spoken] == [vtt("Kauft Schuhe").strip(), NEW.strip()]
    assert "Cheap shoes" in chapters[0]
    assert "Shoe shop" in page
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        assert (course.update_state, lifecycle.has_pending_changes(course)) == (UpdateState.NONE, False)
        assert db.session.scalar(select(func.count(ProposedCaption.id))) == 0


def test_the_editor_says_what_waits(app: Flask, cast: Cast, ada: FlaskClient, film: str) -> None:
    assert "once the update is approved. Deletions" in ada.get(film).text
    change_everything(app, ada, film)
    page = unescape(ada.get(film).text)
    assert (
        "Waiting for approval: captions in Deutsch!, captions in English, chapters, "
        "the title of “The docs”." in page
    )
    assert "1:10 Cheap shoes" in page
    assert 'value="Shoe shop"' in page
    assert "Buy cheap shoes" in ada.get(f"{film}/captions/en").text
    assert "Changes not approved" in ada.get(f"/studio/courses/{cast.flask_course.id}/curriculum").text
    assert "1 lesson changed" in ada.get(f"/studio/courses/{cast.flask_course.id}/publish").text
    said = ada.post(f"{film}/chapters", data={"chapters": "0:00 Other"}, follow_redirects=True).text
    assert "Learners see them once the update is approved." in said


@pytest.mark.parametrize("why", ["vetted", "never published"])
def test_where_nothing_waits_it_shows_at_once(
    app: Flask, cast: Cast, ada: FlaskClient, film: str, why: str
) -> None:
    with app.app_context():
        if why == "vetted":
            db.session.get_one(User, cast.ada.id).vetted = True
        else:
            course = db.session.get_one(Course, cast.flask_course.id)
            course.status, course.published_at = ProductStatus.DRAFT, None
        db.session.commit()
    change_everything(app, ada, film)
    with app.app_context():
        rows = db.session.execute(select(Caption.language, Caption.label).order_by(Caption.language)).all()
        assert rows == [("de", "Deutsch!"), ("en", "English")]
        asset = db.session.scalars(select(MediaAsset)).one()
        assert [chapter["title"] for chapter in asset.chapters] == ["Begin", "Cheap shoes"]
        assert db.session.scalars(select(Resource.title)).one() == "Shoe shop"
        assert not lifecycle.has_pending_changes(db.session.get_one(Course, cast.flask_course.id))


def test_what_an_admin_writes_replaces_what_waited(
    app: Flask, cast: Cast, ada: FlaskClient, mo: FlaskClient, film: str
) -> None:
    change_everything(app, ada, film)
    better = vtt("Hello", "This is Flask 3", "Good bye")
    assert mo.post(f"{film}/captions/en", data={"language": "en", "vtt": better}).status_code == 303
    assert mo.post(f"{film}/chapters", data={"chapters": "0:00 All"}).status_code == 303
    with app.app_context():
        assert "Flask 3" in db.session.scalars(select(Caption.vtt)).one()
        assert db.session.scalars(select(ProposedCaption.language)).all() == ["de"]
        asset = db.session.scalars(select(MediaAsset)).one()
        assert (asset.chapters, asset.proposed_chapters) == ([{"start": 0.0, "title": "All"}], None)


def test_what_is_changed_back_or_taken_away_waits_no_longer(
    app: Flask, cast: Cast, ada: FlaskClient, film: str
) -> None:
    change_everything(app, ada, film)
    ada.post(f"{film}/captions/en", data={"language": "en", "label": "English", "vtt": OLD})
    ada.post(f"{film}/chapters", data={"chapters": "0:00 Begin\n1:00 Fields"})
    assert "Kauft Schuhe" in ada.get(f"{film}/captions/de").text
    ada.post(f"{film}/captions/de/delete")
    with app.app_context():
        link = db.session.scalars(select(Resource.id)).one()
    ada.post(f"{film}/resources/{link}/title", data={"title": "The docs"})
    assert course_of(app, cast).update_state == UpdateState.NONE
    ada.post(f"{film}/captions/en", data={"language": "en", "vtt": NEW})
    said = ada.post(f"{film}/captions/en/delete", follow_redirects=True).text
    assert "The captions waiting for approval are deleted. Learners keep the current ones." in said
    with app.app_context():
        assert db.session.scalars(select(Caption.vtt)).one().strip() == OLD.strip()
    ada.post(f"{film}/captions/en/delete")
    with app.app_context():
        assert db.session.scalar(select(func.count(Caption.id))) == 0
    assert course_of(app, cast).update_state == UpdateState.NONE


def test_the_tokens_of_learners_open_nothing_that_waits(
    app: Flask, cast: Cast, ada: FlaskClient, film: str, signed_in: SignedIn
) -> None:
    change_everything(app, ada, film)
    page = unescape(signed_in(cast.bo).get(LEARN).text)
    held = re.findall(r"(/media/[^\"' ]+?)/captions/en\.vtt", page)[0]
    bo = app.test_client()
    assert bo.get(f"{held}/captions/en.vtt").status_code == 200
    assert bo.get(f"{held}/captions/de.vtt").status_code == 404
    for path in ("captions/en.vtt", "captions/de.vtt", "chapters.vtt"):
        assert bo.get(f"{held}/proposed/{path}").status_code == 403


def test_a_long_file_of_captions_is_shown_as_far_as_a_page_can(
    app: Flask, cast: Cast, ada: FlaskClient, mo: FlaskClient, film: str
) -> None:
    def long(word: str) -> str:
        cues = (
            f"\n{n // 60:02}:{n % 60:02}.000 --> {n // 60:02}:{n % 60:02}.900\n{word} {n}\n"
            for n in range(3000)
        )
        return "WEBVTT\n" + "".join(cues)

    ada.post(f"{film}/captions", data={"language": "fr", "vtt": long("Bonjour")})
    shown = unescape(mo.get(put_forward(app, ada, cast)).text)
    assert shown.count("Bonjour") == review_page.MOST_SAID
    whole = shown.split("Show the full new text")[0].rsplit('href="', 1)[1].split('"')[0]
    assert mo.get(whole).text.count("Bonjour") == 3000


def test_one_changed_line_of_a_long_text_is_found() -> None:
    old = [f"{n}" for n in range(5000)]
    new = [*old[:2500], "spam", *old[2501:]]
    lines = review_page.compare("\n".join(old), "\n".join(new))
    assert [(line.tone, line.text) for line in lines] == [
        ("same", "2498"), ("same", "2499"), ("removed", "2500"), ("added", "spam"), ("same", "2501"),
        ("same", "2502"),
    ]  # fmt: skip
    assert review_page.compare("a\nb", "a\nb") == ()
    assert [line.tone for line in review_page.compare("a", "a\na")] == ["same", "added"]


def test_captions_of_a_recording_that_was_replaced_meanwhile_are_refused(
    app: Flask, cast: Cast, ada: FlaskClient, film: str
) -> None:
    with app.app_context():
        course, ada_row = (
            db.session.get_one(Course, cast.flask_course.id),
            db.session.get_one(User, cast.ada.id),
        )
        asset = db.session.scalars(select(MediaAsset)).one()
        # Somebody else's transaction: what the session has read of it is old now.
        db.session.execute(text("DELETE FROM media_assets"))
        with pytest.raises(Refused, match="replaced or removed"):
            captions.write(course, asset, ada_row, "en", "", NEW)


# The preview film


def adopt_film(app: Flask, cast: Cast, name: str, lesson: Lesson | None = None) -> uuid.UUID:
    """What an upload of ada ends with, processed."""
    with app.app_context():
        course, ada = db.session.get_one(Course, cast.flask_course.id), db.session.get_one(User, cast.ada.id)
        asset = recordings.adopt(course, lesson, ada, uuid.uuid4(), f"media/{name}/original", 1, name)
        asset.status, asset.mp4, asset.duration_seconds = MediaStatus.READY, name, 30.0
        db.session.commit()
        return asset.id


def test_another_preview_film_waits_and_is_played_beside_the_old_one(
    app: Flask, cast: Cast, ada: FlaskClient, mo: FlaskClient, client: FlaskClient
) -> None:
    adopt_film(app, cast, "old.mp4")
    with app.app_context():
        db.session.get_one(User, cast.ada.id).vetted = False
        db.session.commit()
    before = course_of(app, cast)
    adopt_film(app, cast, "first-try.mp4")
    adopt_film(app, cast, "new.mp4")
    page = client.get("/courses/flask-first-steps").text
    assert ("old.mp4" in page, "new.mp4" in page) == (True, False)
    changed = course_of(app, cast)
    assert (changed.update_state, changed.expires_at) == (UpdateState.EDITING, before.expires_at)
    assert "Waiting for approval" in ada.get(f"/studio/courses/{cast.flask_course.id}/media").text
    assert "a preview video" in ada.get(f"/studio/courses/{cast.flask_course.id}/publish").text
    with app.app_context():
        db.session.get_one(Lesson, cast.video_lesson.id).external_video_url = "https://vimeo.com/76979871"
        db.session.commit()
    shown = mo.get(review := put_forward(app, ada, cast)).text
    assert "Changed preview video" in shown
    assert ("old.mp4" in shown, "new.mp4" in shown, "first-try" in shown) == (True, True, False)
    assert mo.post(f"{review}/decide", data={"verdict": "approved"}).status_code == 303
    page = client.get("/courses/flask-first-steps").text
    assert ("old.mp4" in page, "new.mp4" in page) == (False, True)
    with app.app_context():
        assert db.session.scalars(select(MediaAsset.proposed_film)).all() == [False]


def test_taking_a_film_away_leaves_no_empty_update(
    app: Flask, cast: Cast, ada: FlaskClient, film: str, client: FlaskClient
) -> None:
    with app.app_context():
        db.session.get_one(User, cast.ada.id).vetted = True
        db.session.commit()
    adopt_film(app, cast, "old.mp4")
    with app.app_context():
        db.session.get_one(User, cast.ada.id).vetted = False
        db.session.commit()
    adopt_film(app, cast, "new.mp4")
    home = f"/studio/courses/{cast.flask_course.id}"
    assert ada.post(f"{home}/film/remove").status_code == 303, "the one that waits"
    assert course_of(app, cast).update_state == UpdateState.NONE
    assert "old.mp4" in client.get("/courses/flask-first-steps").text
    assert ada.post(f"{home}/film/remove").status_code == 303
    assert "old.mp4" not in client.get("/courses/flask-first-steps").text
    assert ada.post(f"{film}/recording/remove").status_code == 303
    assert course_of(app, cast).update_state == UpdateState.NONE
    assert "There are no new changes" in ada.post(f"{home}/publish").text


# Another recording


def test_another_recording_begins_with_the_captions_and_chapters_of_the_old_one(
    app: Flask, cast: Cast, ada: FlaskClient, mo: FlaskClient, film: str
) -> None:
    assert "A new recording gets copies of these captions and chapters" in ada.get(film).text
    change_everything(app, ada, film)
    new = adopt_film(app, cast, "better.mp4", cast.video_lesson)
    with app.app_context():
        asset = db.session.get_one(MediaAsset, new)
        rows = db.session.scalars(select(Caption).where(Caption.asset_id == new).order_by(Caption.language))
        assert [(row.language, "hoes" in row.vtt or "huhe" in row.vtt) for row in rows] == [
            ("de", True), ("en", True),
        ]  # fmt: skip
        assert [chapter["title"] for chapter in asset.chapters] == ["Begin", "Cheap shoes"]
        transcoding.record(
            asset, media.Processed(kind="video", format="mp4", duration=61.0, mp4="better.mp4")
        )
        assert [chapter["title"] for chapter in asset.chapters] == ["Begin"]
        db.session.commit()
    shown = unescape(mo.get(put_forward(app, ada, cast)).text)
    for words in ("New recording", "better.mp4", "Current recording", "film.mp4"):
        assert words in shown
    assert "<del>1:00 Fields</del>" in shown
    assert "<ins>00:00:01.000  Buy cheap shoes</ins>" in shown


# Discarding


def test_the_changes_of_a_lesson_are_discarded(
    app: Flask, cast: Cast, ada: FlaskClient, film: str, signed_in: SignedIn
) -> None:
    change_everything(app, ada, film)
    adopt_film(app, cast, "better.mp4", cast.video_lesson)
    with app.app_context():
        course, ada_row = (
            db.session.get_one(Course, cast.flask_course.id),
            db.session.get_one(User, cast.ada.id),
        )
        lesson = db.session.get_one(Lesson, cast.video_lesson.id)
        other = db.session.get_one(Lesson, cast.text_lesson.id)
        lesson_drafts.save(course, lesson, ada_row, {"title": "Shoes on film"}, lesson.version)
        lesson_drafts.save(course, other, ada_row, {"title": "Ways in"}, other.version)
        resources.add_link(course, lesson, ada_row, "More shoes", "https://shoes.example/")
        lesson.typed = {"title": "typed", "tab": "one"}
        db.session.commit()
        version = lesson.version
    assert f'href="{film}/discard"' in ada.get(film).text
    page = unescape(ada.get(f"{film}/discard").text)
    for words in ("Title", "Recording", "“More shoes”", "The title of “The docs”"):
        assert f"<li>{words}</li>" in page
    with app.app_context():
        assert lifecycle.has_pending_changes(db.session.get_one(Course, cast.flask_course.id)), (
            "asking drops nothing"
        )
    changed = ada.post(f"{film}/discard", data={"draft": "of an earlier page"})
    assert (changed.status_code, "aren’t the ones you saw" in changed.text) == (409, True)
    assert "<li>“More shoes”</li>" in unescape(changed.text)
    done = discard(ada, film)
    assert (done.status_code, done.location) == (303, film)
    assert "Waiting for approval" not in ada.get(film).text
    with app.app_context():
        lesson = db.session.scalars(
            select(Lesson).where(Lesson.id == cast.video_lesson.id).options(db.undefer_group("drafts"))
        ).one()
        assert (lesson.draft, lesson.draft_saved_at, lesson.typed) == (None, None, None)
        assert lesson.version == version + 1, "whoever has it open is told"
        asset = db.session.scalars(select(MediaAsset)).one()
        assert (asset.lesson_id, asset.proposed_chapters) == (lesson.id, None)
        assert db.session.scalar(select(func.count(ProposedCaption.id))) == 0
        assert [(r.title, r.proposed_title) for r in db.session.scalars(select(Resource))] == [
            ("The docs", None)
        ]
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "discard_changes")).one()
        assert (entry.actor_id, entry.subject_id) == (cast.ada.id, str(lesson.id))
        course = db.session.get_one(Course, cast.flask_course.id)
        assert course.update_state == UpdateState.EDITING, "the other lesson still waits"
    other_page = film.replace(str(cast.video_lesson.id), str(cast.text_lesson.id))
    assert discard(ada, other_page).status_code == 303
    assert course_of(app, cast).update_state == UpdateState.NONE
    again = ada.post(f"{film}/discard")
    assert (again.status_code, "This lesson has no changes waiting any more." in again.text) == (409, True)
    page, spoken, _ = what_learners_have(app, signed_in(cast.bo))
    assert [one.strip() for one in spoken] == [OLD.strip()]


def test_an_admin_who_discards_makes_nothing_fresh(
    app: Flask, cast: Cast, ada: FlaskClient, mo: FlaskClient, film: str
) -> None:
    change_everything(app, ada, film)
    before = course_of(app, cast)
    assert discard(mo, film).status_code == 303
    after = course_of(app, cast)
    assert after.update_state == UpdateState.NONE
    assert (after.expires_at, after.content_updated_at) == (before.expires_at, before.content_updated_at)


def test_what_is_in_review_is_not_discarded(app: Flask, cast: Cast, ada: FlaskClient, film: str) -> None:
    change_everything(app, ada, film)
    put_forward(app, ada, cast)
    assert "These changes are in review." in ada.get(f"{film}/discard").text
    answer = ada.post(f"{film}/discard")
    assert answer.status_code == 409
    assert "Withdraw the update on the Publish page first." in answer.text
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        assert (lifecycle.has_pending_changes(course), course.update_state) == (True, UpdateState.PENDING)
        submission.withdraw(course, db.session.get_one(User, cast.ada.id))
        db.session.commit()
    assert discard(ada, film).status_code == 303


def test_a_forged_press_discards_nothing(app: Flask, cast: Cast, ada: FlaskClient, film: str) -> None:
    change_everything(app, ada, film)
    app.config["WTF_CSRF_ENABLED"] = True
    assert ada.post(f"{film}/discard").status_code in (400, 422)
    with app.app_context():
        assert lifecycle.has_pending_changes(db.session.get_one(Course, cast.flask_course.id))


def test_texts_too_long_to_compare_are_shown_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review_page, "MOST_LINES", 3)
    lines = review_page.compare("a\nb", "c\nd")
    assert [line.tone for line in lines] == ["gap", "added", "added"]
    assert [line.text for line in lines[1:]] == ["c", "d"]
