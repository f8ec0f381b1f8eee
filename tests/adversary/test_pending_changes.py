"""What waits for approval, and what happens around it: nothing shows, nothing is lost, nothing slips by."""

import io
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select, text, update
from werkzeug.exceptions import NotFound

import jobs
import storage
from domain.authoring import (
    autosave,
    course_content,
    curriculum,
    deletion,
    lesson_drafts,
    resources,
    submission,
)
from domain.authoring.lesson_drafts import EditorTab
from domain.catalog import lifecycle
from domain.catalog.index import search
from domain.media import captions, code_archives, recordings, upload_sessions
from domain.platform import moderation_queue
from models import (
    ArchiveFormat,
    Caption,
    CodeArchive,
    Course,
    Job,
    Lesson,
    LessonKind,
    MediaAsset,
    MediaStatus,
    ModerationKind,
    Module,
    Picture,
    Product,
    ProductStatus,
    ProposedCaption,
    Resource,
    ResourceKind,
    SearchDocument,
    User,
    db,
    now,
)
from tests.adversary.hostile import filled, rules
from tests.cast import Cast

SignedIn = Callable[[User], FlaskClient]
SECRET = "zanzibar"
SPOKEN = f"1\n00:00:00,000 --> 00:00:01,000\n{SECRET}\n"
JSON = {"Accept": "application/json"}
Desk = tuple[Course, Lesson, User]


def mark_of(course: Course, lesson: Lesson) -> str:
    return lesson_drafts.mark(course, lesson, recordings.for_creator(course.id, lesson.id))


@pytest.fixture
def desk(app: Flask, cast: Cast) -> Iterator[Desk]:
    """A live course of a creator whose updates wait, one of its lessons, and the creator."""
    with app.app_context():
        ada = db.session.get_one(User, cast.ada.id)
        ada.vetted = False
        db.session.commit()
        yield (
            db.session.get_one(Course, cast.flask_course.id),
            db.session.get_one(Lesson, cast.text_lesson.id),
            ada,
        )


def archive(course: Course, actor: User) -> CodeArchive:
    id_ = uuid.uuid4()
    key = f"archives/{id_}.zip"
    storage.current().put(key, b"PK", "application/zip")
    return code_archives.adopt(
        course, actor, id_, key, "code.zip", code_archives.ArchiveContents(ArchiveFormat.ZIP, 1, 2, "0" * 64)
    )


def picture(client: FlaskClient, course: Course, lesson_id: uuid.UUID) -> str:
    drawn = io.BytesIO()
    Image.new("RGB", (20, 20), "#345").save(drawn, "PNG")
    drawn.seek(0)
    answer = client.post(
        f"/studio/courses/{course.id}/pictures",
        data={"lesson": str(lesson_id), "picture": (drawn, "a.png")},
        headers=JSON,
    )
    assert answer.status_code == 201
    return str(answer.get_json()["url"])


def do_jobs() -> None:
    db.session.execute(update(Job).values(run_after=now()))
    db.session.commit()
    for job_id in jobs.due():
        jobs.run(job_id)


def test_files_of_what_was_replaced_or_dropped_are_removed(desk: Desk) -> None:
    course, lesson, ada = desk
    first = archive(course, ada).storage_key
    second = archive(course, ada).storage_key
    storage.current().put("resources/notes.pdf", b"%PDF-", "application/pdf")
    db.session.add(
        Resource(
            lesson_id=lesson.id, title="Notes", kind=ResourceKind.PDF, storage_key="resources/notes.pdf",
            pending=True,
        )
    )  # fmt: skip
    db.session.flush()
    lesson_drafts.discard(course, lesson, ada, mark_of(course, lesson))
    code_archives.remove(course, ada, pending=True)
    db.session.commit()
    do_jobs()
    left = [key for key in (first, second, "resources/notes.pdf") if storage.current().exists(key)]
    assert left == []
    assert db.session.scalars(select(Job.last_error).where(Job.last_error.is_not(None))).all() == []


def test_a_picture_is_seen_when_a_text_that_learners_read_shows_it(
    app: Flask, cast: Cast, signed_in: SignedIn
) -> None:
    ada, bo, mo = signed_in(cast.ada), signed_in(cast.bo), signed_in(cast.mo)
    address = picture(ada, cast.flask_course, cast.text_lesson.id)
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        lesson = db.session.get_one(Lesson, cast.text_lesson.id)
        actor = db.session.get_one(User, cast.ada.id)
        actor.vetted = False
        lesson_drafts.save(course, lesson, actor, {"body": f"![]({address})"}, lesson.version)
        db.session.commit()
    assert [browser.get(address).status_code for browser in (ada, mo, bo)] == [200, 200, 404]
    with app.app_context():
        lesson_drafts.apply(db.session.get_one(Course, cast.flask_course.id))
        db.session.commit()
    assert bo.get(address).status_code == 200


def test_the_pictures_of_a_copied_lesson_are_its_own(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    ada = signed_in(cast.ada)
    address = picture(ada, cast.flask_course, cast.text_lesson.id)
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        actor = db.session.get_one(User, cast.ada.id)
        lesson = db.session.get_one(Lesson, cast.text_lesson.id)
        lesson_drafts.save(course, lesson, actor, {"body": f"![]({address})"}, lesson.version)
        copy = curriculum.duplicate_lesson(course, lesson.id, actor)
        copy_id = copy.id
        db.session.commit()
        do_jobs()
        curriculum.delete_lesson(course, cast.text_lesson.id, actor)
        db.session.commit()
        do_jobs()
        kept = db.session.scalars(select(Picture).where(Picture.lesson_id == copy_id)).one()
        assert f"/pictures/{kept.id}" in db.session.get_one(Lesson, copy_id).body
        assert storage.current().exists(kept.storage_key)
        shown = f"/pictures/{kept.id}"
    assert ada.get(shown).status_code == 200


@pytest.mark.parametrize(
    "what",
    [
        "caption", "chapters", "module", "resource", "objectives", "new caption", "new chapters", "new title",
        "new film",
    ],
)  # fmt: skip
def test_a_reviewer_is_told_of_everything_that_changed_since(desk: Desk, what: str) -> None:
    course, lesson, _ada = desk
    film = MediaAsset(course_id=course.id, lesson_id=lesson.id, storage_key="media/x/original")
    db.session.add(film)
    db.session.flush()
    spoken = Caption(asset_id=film.id, language="en", label="English", vtt="WEBVTT\n")
    link = Resource(lesson_id=lesson.id, title="Notes", kind=ResourceKind.LINK, url="https://example.com/")
    db.session.add_all([spoken, link])
    db.session.commit()
    before = course_content.load(course).mark
    assert course_content.load(course).mark == before
    if what == "caption":
        spoken.vtt = "WEBVTT\n\n00:00.000 --> 00:01.000\nOther words\n"
    elif what == "chapters":
        film.chapters = [{"start": 0.0, "title": "Buy elsewhere"}]
    elif what == "module":
        db.session.get_one(Module, lesson.module_id).title = "Another"
    elif what == "resource":
        link.title = "Another"
    elif what == "new caption":
        db.session.add(ProposedCaption(asset_id=film.id, language="en", label="English", vtt="WEBVTT\n"))
    elif what == "new chapters":
        film.proposed_chapters = []
    elif what == "new title":
        link.proposed_title = "Another"
    elif what == "new film":
        db.session.add(MediaAsset(course_id=course.id, proposed_film=True, storage_key="media/y/original"))
    else:
        course.objectives = ["Another"]
    db.session.commit()
    assert course_content.load(course).mark != before


@pytest.mark.parametrize("kind", ["recording", "archive", "resource"])
def test_a_file_that_arrives_after_the_approval_waits(app: Flask, cast: Cast, kind: str) -> None:
    with app.app_context():
        course = db.session.get_one(Course, cast.draft_course.id)
        lesson = db.session.get_one(Lesson, cast.draft_lesson.id)
        nia = db.session.get_one(User, cast.nia.id)
        assert not lifecycle.is_live(course)
        # Somebody else's transaction: what the session has read of it is old now.
        db.session.execute(text("UPDATE products SET published_at = created_at"))
        if kind == "recording":
            made = recordings.adopt(course, lesson, nia, uuid.uuid4(), "media/x/original", 1, "film.mp4")
            assert (made.lesson_id, made.proposed_for) == (None, lesson.id)
        elif kind == "archive":
            assert archive(course, nia).pending
        else:
            row = Resource(title="Notes", kind=ResourceKind.PDF, storage_key="resources/x.pdf", size=1)
            assert resources.add(course, lesson, nia, row).pending


def announced(client: FlaskClient, cast: Cast) -> str:
    fields = {
        "purpose": "resource", "course": str(cast.draft_course.id), "lesson": str(cast.draft_lesson.id),
        "filename": "notes.pdf", "size": 5,
    }  # fmt: skip
    address = str(client.post("/studio/uploads", data=fields, headers=JSON).get_json()["address"])
    assert client.put(f"{address}?offset=0", data=b"%PDF-").status_code == 200
    return address


def test_a_lesson_takes_so_many_files_and_not_more(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    nia = signed_in(cast.nia)
    address = announced(nia, cast)
    with app.app_context():
        db.session.add_all(
            Resource(
                lesson_id=cast.draft_lesson.id,
                title=f"{n}",
                kind=ResourceKind.LINK,
                url="https://example.com/",
            )
            for n in range(resources.MOST)
        )
        db.session.commit()
    answer = nia.post(f"{address}/finish", headers=JSON)
    assert (answer.status_code, "at most 40" in answer.get_json()["error"]) == (422, True)
    with app.app_context():
        assert db.session.scalar(select(func.count(Resource.id))) == resources.MOST


@pytest.mark.parametrize("gone", ["course", "lesson"])
def test_a_file_for_what_was_deleted_meanwhile_is_not_found(
    app: Flask, cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    nia, settle = signed_in(cast.nia), upload_sessions.assemble
    address = announced(nia, cast)

    def settle_and_lose(plan: upload_sessions.UploadPlan, patience: timedelta) -> object:
        made = settle(plan, patience)
        course, nia = db.session.get_one(Course, cast.draft_course.id), db.session.get_one(User, cast.nia.id)
        if gone == "course":
            deletion.delete_course(course, nia)
        else:
            curriculum.delete_lesson(course, cast.draft_lesson.id, nia)
        db.session.commit()
        return made

    monkeypatch.setattr(upload_sessions, "assemble", settle_and_lose)
    assert nia.post(f"{address}/finish", headers=JSON).status_code == 404


def test_nothing_is_done_to_a_course_that_was_deleted_meanwhile(desk: Desk) -> None:
    course, _lesson, ada = desk
    db.session.execute(update(Product).where(Product.id == course.id).values(deleted_at=now()))
    with pytest.raises(NotFound):
        curriculum.add_module(course, ada, "One more")


@pytest.mark.parametrize("how", ["remove", "replace"])
def test_a_recording_goes_with_its_captions_unless_another_takes_its_place(
    app: Flask, cast: Cast, words: dict[str, str], signed_in: SignedIn, how: str
) -> None:
    ada = signed_in(cast.ada)
    lesson = f"/studio/courses/{cast.flask_course.id}/lessons/{words['filmed_lesson']}"
    if how == "remove":
        assert ada.post(f"{lesson}/recording/remove").status_code == 303
    else:
        film = {
            "purpose": "lesson_media",
            "course": str(cast.flask_course.id),
            "lesson": words["filmed_lesson"],
        }
        answer = ada.post("/studio/uploads", data={**film, "file": (io.BytesIO(b"x" * 99), "film.mp4")})
        assert answer.status_code == 303
    with app.app_context():
        old = uuid.UUID(words["asset"])
        spoken = select(Caption.language, MediaAsset.chapters).join(MediaAsset).where(MediaAsset.id != old)
        kept = [("en", [{"start": 0, "title": "Start"}])]
        assert db.session.execute(spoken).all() == ([] if how == "remove" else kept)
        # One that is replaced stays until the other can be played.
        assert (db.session.get(MediaAsset, old) is None) is (how == "remove")


@pytest.mark.parametrize("name", ["out", "bo", "cy"])
def test_nothing_that_waits_shows_anywhere(
    app: Flask, cast: Cast, words: dict[str, str], signed_in: SignedIn, name: str
) -> None:
    with app.app_context():
        ada = db.session.get_one(User, cast.ada.id)
        ada.vetted = False
        course = db.session.get_one(Course, cast.flask_course.id)
        live = db.session.get_one(MediaAsset, uuid.UUID(words["asset"]))
        captions.write(course, live, ada, "en", SECRET, SPOKEN)
        captions.write(course, live, ada, "fr", SECRET, SPOKEN)
        captions.set_chapters(course, live, ada, f"0:00 {SECRET}")
        film = recordings.adopt(course, None, ada, uuid.uuid4(), "media/x/original", 1, f"{SECRET}.mp4")
        film.status, film.mp4 = MediaStatus.READY, f"{SECRET}.mp4"
        for file in db.session.scalars(select(Resource)).all():
            owner = db.session.get_one(Lesson, file.lesson_id)
            resources.rename(course, owner, ada, file.id, SECRET)
        for lesson in db.session.scalars(select(Lesson).where(Lesson.course_id == course.id)).all():
            secret = {
                "title": SECRET,
                "description": SECRET,
                "body": f"# {SECRET}",
                "duration_seconds": 86399,
            }
            lesson_drafts.save(course, lesson, ada, secret, lesson.version)
            autosave.keep(course, lesson, ada, {"title": SECRET}, lesson.version, EditorTab("one"))
            resources.add_link(course, lesson, ada, SECRET, f"https://{SECRET}.example/")
            recordings.adopt(course, lesson, ada, uuid.uuid4(), "media/x/original", 1, f"{SECRET}.mp4")
            asset = db.session.scalars(select(MediaAsset).where(MediaAsset.proposed_for == lesson.id)).one()
            captions.set_chapters(course, asset, ada, f"0:00 {SECRET}")
            captions.write(course, asset, ada, "de", SECRET, SPOKEN)
        new = curriculum.add_lesson(course, cast.text_lesson.module_id, ada, SECRET, LessonKind.TEXT)
        lesson_drafts.save(course, new, ada, {"body": SECRET}, new.version)
        curriculum.duplicate_lesson(course, cast.text_lesson.id, ada)
        search.index(course)
        counted = course.lesson_count, course.duration_seconds
        db.session.commit()
        assert counted == (cast.flask_course.lesson_count, cast.flask_course.duration_seconds)
        found = select(SearchDocument.id).where(
            (SearchDocument.title + SearchDocument.keywords + SearchDocument.body).contains(SECRET)
        )
        assert db.session.scalars(found).all() == []
    visitor = app.test_client() if name == "out" else signed_in(getattr(cast, name))
    asked = [address for rule in rules(app, "GET") for address in filled(rule, words)]
    asked = [address for address in asked if not address.startswith("/dev/")]
    asked += [
        "/courses/flask-first-steps?preview=1",
        f"/learn/flask-first-steps/{SECRET}",
    ]
    asked += [
        f"/learn/flask-first-steps/{slug}?draft=1" for slug in ("hello-flask", "routes", "forms-on-film")
    ]
    leaks = [a for a in asked if SECRET.encode() in visitor.get(a, follow_redirects=True).get_data()]
    assert leaks == []
    assert "0 courses" in visitor.get(f"/courses?q={SECRET}").text


def test_a_course_nobody_has_approved_is_not_archived_into_sight(
    app: Flask, cast: Cast, signed_in: SignedIn
) -> None:
    nia = signed_in(cast.nia)
    with app.app_context():
        course = db.session.get_one(Course, cast.draft_course.id)
        submission.submit(course, db.session.get_one(User, cast.nia.id))
        db.session.commit()
    assert nia.post(f"/studio/courses/{cast.draft_course.id}/archive").status_code == 303
    with app.app_context():
        assert db.session.get_one(Course, cast.draft_course.id).status == ProductStatus.PENDING_REVIEW
        assert moderation_queue.waiting(ModerationKind.COURSE, cast.draft_course.id) is not None
    assert app.test_client().get(f"/courses/{cast.draft_course.slug}").status_code == 404
