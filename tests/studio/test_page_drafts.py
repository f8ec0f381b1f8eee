"""What an unvetted creator changes on the page of a course on sale is seen once it is approved."""

import io
import re
import uuid
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from domain.authoring import (
    approved_settings,
    course_content,
    course_details,
    curriculum,
    page_drafts,
    submission,
)
from domain.catalog import lifecycle
from domain.moderation import decisions, verdicts
from domain.platform import images, moderation_queue, settings
from models import (
    Category,
    Course,
    Job,
    Lesson,
    LessonKind,
    ModerationItem,
    Module,
    Product,
    ProductVisibility,
    SearchDocument,
    UpdateState,
    User,
    Verdict,
    db,
)
from tests.cast import Cast
from tests.pages import forms_of

SignedIn = Callable[[User], FlaskClient]
PAGE = "/courses/flask-first-steps"
BAIT = "Free Bitcoin"


@pytest.fixture
def ada(app: Flask, cast: Cast, signed_in: SignedIn) -> FlaskClient:
    """The browser of the creator of the Flask course, who isn't trusted here."""
    with app.app_context():
        db.session.get_one(User, cast.ada.id).vetted = False
        db.session.get_one(Lesson, cast.video_lesson.id).kind = LessonKind.TEXT
        db.session.commit()
    return signed_in(cast.ada)


@pytest.fixture
def mo(cast: Cast, signed_in: SignedIn) -> FlaskClient:
    return signed_in(cast.mo)


def button(page: str, action: str) -> dict[str, Any]:
    """What the form of `page` that goes to `action` sends."""
    return next(form.values for form in forms_of(page) if form.action == action)


def at(cast: Cast, more: str = "") -> str:
    return f"/studio/courses/{cast.flask_course.id}{more}"


def details(client: FlaskClient, cast: Cast, **changed: str) -> dict[str, str]:
    """The form of the details as its page shows it, with something typed into it."""
    shown = {
        "title": "Flask, first steps", "slug": "flask-first-steps",
        "summary": "Flask, first steps, in short.",
        "description": "**Long** description.", "category": str(cast.flask_category.id), "level": "beginner",
        "technology": "Flask", "language": "en", "tags": "Python", "objectives": "Route requests\nStore data",
        "prerequisites": "Some Python",
    }  # fmt: skip
    return {**shown, **changed}


PHISHING = {
    "title": BAIT, "slug": "free-bitcoin", "summary": f"{BAIT}, now.", "description": f"{BAIT} [here](https://x.example/).",
    "level": "advanced", "technology": BAIT, "language": "de", "tags": "Bitcoin",
    "objectives": BAIT, "prerequisites": BAIT,
}  # fmt: skip


def everywhere(client: FlaskClient) -> str:
    """Everything a stranger gets that speaks of courses."""
    places = (
        PAGE, "/", "/courses", "/courses?q=flask", "/feed.xml", "/sitemap.xml", "/categories/flask",
        "/creators/ada",
    )  # fmt: skip
    return unescape("\n".join(client.get(place).text for place in places))


def png() -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (900, 506), "red").save(out, "PNG")
    out.seek(0)
    return out


def row(app: Flask, cast: Cast) -> Course:
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        _ = course.draft, course.approved
        db.session.expunge(course)
        return course


def change_everything(app: Flask, ada: FlaskClient, cast: Cast) -> None:
    other = str(cast.data.id)
    assert ada.post(at(cast), data=details(ada, cast, **PHISHING, category=other)).status_code == 303
    sent = {"meta_title": BAIT, "meta_description": f"{BAIT}!"}
    assert ada.post(at(cast, "/sharing"), data=sent).status_code == 303
    sent_picture = {"picture": (png(), "cover.png"), "x": "50", "y": "50", "zoom": "100"}
    assert ada.post(at(cast, "/media"), data=sent_picture).status_code == 303
    with app.app_context():
        module = db.session.scalars(
            select(Module).filter_by(course_id=cast.flask_course.id).order_by(Module.position)
        ).first()
        assert module is not None
        key = module.id
    words = {"title": BAIT, "description": BAIT, "unlock_after_days": "0", "published": "y"}
    assert ada.post(at(cast, f"/curriculum/modules/{key}/edit"), data=words).status_code in (200, 303)
    assert ada.post(at(cast, "/curriculum"), data={"title": f"{BAIT} module"}).status_code in (200, 303)


def put_forward(app: Flask, ada: FlaskClient, cast: Cast) -> str:
    assert ada.post(at(cast, "/publish")).status_code == 303
    with app.app_context():
        item = db.session.scalars(select(ModerationItem.id).where(ModerationItem.closed_at.is_(None))).one()
    return f"/admin/moderation/{item}"


def approve(app: Flask, item: str, mo_id: uuid.UUID) -> None:
    with app.app_context():
        row = moderation_queue.find(uuid.UUID(item.rpartition("/")[2]))
        decisions.decide(row, db.session.get_one(User, mo_id), verdicts.ModerationDecision(Verdict.APPROVED))
        db.session.commit()


def test_nothing_of_it_is_seen_before_it_is_approved(
    app: Flask, cast: Cast, client: FlaskClient, ada: FlaskClient, signed_in: SignedIn
) -> None:
    before = row(app, cast)
    change_everything(app, ada, cast)
    assert "bitcoin" not in everywhere(client).lower()
    assert "bitcoin" not in everywhere(signed_in(cast.bo)).lower()
    assert client.get("/courses/free-bitcoin").status_code == 404
    now = row(app, cast)
    for name in page_drafts.LABELS:
        if name != "tags":
            assert getattr(now, name) == getattr(before, name), name
    assert now.update_state == UpdateState.EDITING
    with app.app_context():
        document = db.session.scalars(
            select(SearchDocument).where(SearchDocument.product_id == cast.flask_course.id)
        ).one()
        assert "bitcoin" not in f"{document.title}{document.keywords}{document.body}".lower()


def test_its_creator_goes_on_with_what_they_wrote_and_sees_it_in_the_preview(
    app: Flask, cast: Cast, ada: FlaskClient
) -> None:
    change_everything(app, ada, cast)
    form = unescape(ada.get(at(cast)).text)
    assert f'value="{BAIT}"' in form
    assert "Not published yet" in form
    assert f'value="{BAIT}"' in unescape(ada.get(at(cast, "/sharing")).text)
    assert "Waiting for approval" in ada.get(at(cast, "/media")).text
    plan = unescape(ada.get(at(cast, "/curriculum")).text)
    assert f"{BAIT} module" in plan
    preview = unescape(ada.get(f"{PAGE}?preview=1").text)
    for words in (f"{BAIT}, now.", "x.example", "Bitcoin"):
        assert words in preview
    assert BAIT not in unescape(ada.get(PAGE).text)
    publish = unescape(ada.get(at(cast, "/publish")).text)
    assert "title, address, summary" in publish


def test_the_reviewer_sees_each_before_and_after(
    app: Flask, cast: Cast, ada: FlaskClient, mo: FlaskClient
) -> None:
    change_everything(app, ada, cast)
    shown = unescape(mo.get(put_forward(app, ada, cast)).text)
    assert "Now “Flask, first steps”, to be" in shown
    for before, after in (
        ("Flask, first steps", BAIT), ("flask-first-steps", "free-bitcoin"), ("Flask", BAIT),
        ("en", "de"), ("beginner", "advanced"), ("Nothing", BAIT), ("Begin", BAIT),
        ("Web / Flask", "Data"),
    ):  # fmt: skip
        assert f"<del>{before}</del><ins>{after}</ins>" in shown, (before, after)
    for line in ("<del>Python</del>", "<ins>Bitcoin</ins>", "<del>Route requests</del>", f"<ins>{BAIT}</ins>",
                 "<del>Some Python</del>", "<del>**Long** description.</del>", f"{BAIT} module"):  # fmt: skip
        assert line in shown, line
    assert "New image" in shown
    token = row(app, cast).draft["thumbnail"]  # type: ignore[index]
    assert token in shown
    assert mo.get(images.address("thumbnail", token, 640)).status_code == 200


def test_approved_all_of_it_is_seen_and_the_old_address_leads_there(
    app: Flask, cast: Cast, client: FlaskClient, ada: FlaskClient
) -> None:
    change_everything(app, ada, cast)
    waiting = row(app, cast).draft
    assert waiting is not None
    item = put_forward(app, ada, cast)
    approve(app, item, cast.mo.id)
    now = row(app, cast)
    assert now.draft is None
    assert (now.title, now.slug, now.category_id) == (BAIT, "free-bitcoin", cast.data.id)
    assert (now.thumbnail, now.meta_title) == (waiting["thumbnail"], BAIT)
    assert "x.example" in now.description_html
    assert now.update_state == UpdateState.NONE
    assert client.get(PAGE).status_code in (301, 308)
    seen = unescape(client.get("/courses/free-bitcoin").text)
    for words in (BAIT, "Bitcoin", f"{BAIT}, now."):
        assert words in seen
    with app.app_context():
        module = db.session.scalars(
            select(Module).filter_by(course_id=cast.flask_course.id).order_by(Module.position)
        ).first()
        assert module is not None
        assert (module.title, module.draft) == (BAIT, None)
        new = db.session.scalars(select(Module).where(Module.title == f"{BAIT} module")).one()
        assert new.published


def test_sent_back_it_stays_at_its_creators_desk(
    app: Flask, cast: Cast, client: FlaskClient, ada: FlaskClient
) -> None:
    change_everything(app, ada, cast)
    item = put_forward(app, ada, cast)
    with app.app_context():
        found = moderation_queue.find(uuid.UUID(item.rpartition("/")[2]))
        mo = db.session.get_one(User, cast.mo.id)
        decisions.decide(found, mo, verdicts.ModerationDecision(Verdict.REJECTED, "rules", "No."))
        db.session.commit()
    assert "bitcoin" not in everywhere(client).lower()
    assert row(app, cast).update_state == UpdateState.RETURNED
    assert BAIT in ada.get(at(cast)).text


def test_a_change_while_somebody_reviews_is_not_approved_unseen(
    app: Flask, cast: Cast, ada: FlaskClient, mo: FlaskClient
) -> None:
    assert ada.post(at(cast), data=details(ada, cast, title="Flask, next steps")).status_code == 303
    item = put_forward(app, ada, cast)
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', mo.get(item).text)
    assert seen is not None
    for changed in ({"title": BAIT}, {"tags": "Bitcoin"}, {"language": "de"}):
        typed = details(ada, cast, title="Flask, next steps")
        assert ada.post(at(cast), data={**typed, **changed}).status_code == 303
        answer = mo.post(f"{item}/decide", data={"verdict": "approved", "seen": seen[1]})
        assert answer.status_code == 422
        assert "changed something since" in answer.text


def test_changing_it_back_leaves_nothing_that_waits(app: Flask, cast: Cast, ada: FlaskClient) -> None:
    assert ada.post(at(cast), data=details(ada, cast, title=BAIT)).status_code == 303
    assert row(app, cast).update_state == UpdateState.EDITING
    assert ada.post(at(cast), data=details(ada, cast)).status_code == 303
    now = row(app, cast)
    assert (now.update_state, now.draft) == (UpdateState.NONE, None)


def test_discarding_takes_the_page_back_to_what_everybody_sees(
    app: Flask, cast: Cast, ada: FlaskClient
) -> None:
    change_everything(app, ada, cast)
    waiting = row(app, cast).draft or {}
    old = button(ada.get(at(cast)).text, at(cast, "/discard"))
    assert ada.post(at(cast), data=details(ada, cast, title="Another title")).status_code == 303
    refused = ada.post(at(cast, "/discard"), data=old, follow_redirects=True).text
    assert "These changes aren’t the ones you saw, so nothing was discarded." in refused
    assert 'value="Another title"' in refused
    assert ada.post(at(cast, "/discard"), data=button(refused, at(cast, "/discard"))).status_code == 303
    assert f'value="{BAIT}"' not in ada.get(at(cast)).text
    assert row(app, cast).draft is None
    with app.app_context():
        tokens = [
            job.payload["token"] for job in db.session.scalars(select(Job).filter_by(kind="discard_picture"))
        ]
        assert tokens == [waiting["thumbnail"]]
        assert (
            db.session.scalars(
                select(Module.title).filter_by(course_id=cast.flask_course.id).order_by(Module.position)
            ).first()
            == "Begin"
        )
    again = ada.post(at(cast, "/discard"), follow_redirects=True)
    assert "This page has no changes waiting" in again.text


def test_a_waiting_picture_is_kept_until_nobody_wants_it(app: Flask, cast: Cast, ada: FlaskClient) -> None:
    with app.app_context():
        course, ada_ = db.session.get_one(Course, cast.flask_course.id), db.session.get_one(User, cast.ada.id)
        page_drafts.set_picture(course, ada_, png(), None)
        first = (course.draft or {})["thumbnail"]
        images.discard("thumbnail", first)
        assert images.storage.current().exists(f"pictures/thumbnail/{first}/320.webp")
        page_drafts.set_picture(course, ada_, png(), None)
        db.session.commit()
        images.discard("thumbnail", first)
        assert not images.storage.current().exists(f"pictures/thumbnail/{first}/320.webp")


@pytest.mark.parametrize("who", ["vetted", "admin", "no reviews"])
def test_whoever_needs_no_approval_changes_it_at_once(
    app: Flask, cast: Cast, client: FlaskClient, signed_in: SignedIn, who: str
) -> None:
    with app.app_context():
        db.session.get_one(User, cast.ada.id).vetted = who == "vetted"
        if who == "no reviews":
            settings.change(db.session.get_one(User, cast.mo.id), require_review=False)
        db.session.commit()
        settings.forget()
    browser = signed_in(cast.mo if who == "admin" else cast.ada)
    assert browser.post(at(cast), data=details(browser, cast, title="Flask, next steps")).status_code == 303
    assert "Flask, next steps" in client.get(PAGE).text
    assert row(app, cast).draft is None


def test_a_draft_that_was_never_published_changes_at_once(app: Flask, cast: Cast) -> None:
    with app.app_context():
        course = db.session.get_one(Course, cast.draft_course.id)
        nia = db.session.get_one(User, cast.nia.id)
        course_details.set_sharing(course, nia, course_details.SharingTexts("Elsewhere", ""))
        assert (course.meta_title, course.draft) == ("Elsewhere", None)


def test_a_new_module_opens_to_learners_with_the_update(app: Flask, cast: Cast, ada: FlaskClient) -> None:
    with app.app_context():
        course, ada_ = db.session.get_one(Course, cast.flask_course.id), db.session.get_one(User, cast.ada.id)
        module = curriculum.add_module(course, ada_, BAIT)
        curriculum.move_lesson(course, cast.text_lesson.id, ada_, curriculum.Position(last=True), module.id)
        assert not module.published
        curriculum.publish_module(course, module.id, ada_, True)
        assert not module.published, "showing waits"
        assert lifecycle.has_pending_changes(course)
        assert [s.lesson.id for s in course_content.load(course).shown if s.module.id == module.id] == [
            cast.text_lesson.id
        ]
        db.session.commit()
        submission.submit_update(course, ada_)
        submission.publish_update(course, db.session.get_one(User, cast.mo.id))
        assert module.published
        curriculum.publish_module(course, module.id, ada_, False)
        assert not module.published, "hiding doesn’t"


def test_a_category_that_is_gone_and_an_address_that_was_taken_meanwhile(app: Flask, cast: Cast) -> None:
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        spare = Category(name="Spare", slug="spare")
        db.session.add(spare)
        db.session.flush()
        course.draft = {"category_id": str(spare.id), "slug": "free-bitcoin"}
        db.session.delete(spare)
        db.session.get_one(Product, cast.free_course.id).slug = "free-bitcoin"
        db.session.flush()
        page_drafts.apply(course)
        assert (course.category_id, course.slug) == (cast.flask_category.id, "free-bitcoin-2")


def test_settings_approved_before_their_labels_were_reworded_have_not_changed(app: Flask, cast: Cast) -> None:
    with app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        course.sequential, course.visibility = True, ProductVisibility.UNLISTED
        approved_settings.save_snapshot(course)
        approved = course.approved or {}
        course.approved = {
            "Seen by" if label == "Visible to" else label: value for label, value in approved.items()
        } | {"Seen by": "Holders of the link", "Lessons": "One after the other"}
        assert approved_settings.last_approved(course) == approved
