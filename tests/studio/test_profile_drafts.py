"""What an unvetted creator with a course on sale changes on their own page waits for an admin."""

import io
import re
import threading
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from domain.people import creator_page_drafts
from domain.platform import images
from models import CreatorProfile, ModerationItem, User, db
from tests.cast import Cast
from tests.decisions import carried_out_at_once

SignedIn = Callable[[User], FlaskClient]
__all__ = ["carried_out_at_once"]
pytestmark = pytest.mark.usefixtures("carried_out_at_once")
BAIT = "Free Bitcoin"
PAGE = {
    "headline": BAIT, "bio": f"{BAIT}.\nNow.", "expertise": BAIT, "years_experience": "9",
    "certifications": BAIT,
    "links": "https://x.example/",
}  # fmt: skip
ACCOUNT = {"name": BAIT, "bio": f"{BAIT}.\nNow.", "website": "https://x.example/", "github": "bitcoin",
           "linkedin": "bitcoin", "timezone": "UTC"}  # fmt: skip


@pytest.fixture
def ada(app: Flask, cast: Cast, signed_in: SignedIn) -> FlaskClient:
    with app.app_context():
        db.session.get_one(User, cast.ada.id).vetted = False
        db.session.commit()
    return signed_in(cast.ada)


def portrait() -> dict[str, object]:
    out = io.BytesIO()
    Image.new("RGB", (300, 300), "red").save(out, "PNG")
    out.seek(0)
    return {"picture": (out, "me.png")}


def change_everything(ada: FlaskClient) -> None:
    assert ada.post("/studio/profile", data=PAGE).status_code == 303
    assert ada.post("/account", data=ACCOUNT).status_code == 303
    assert ada.post("/account/picture", data=portrait()).status_code == 303


def item(app: Flask) -> str:
    with app.app_context():
        found = db.session.scalars(select(ModerationItem.id).where(ModerationItem.closed_at.is_(None))).one()
    return f"/admin/moderation/{found}"


def avatar(app: Flask, cast: Cast) -> str | None:
    with app.app_context():
        return db.session.get_one(User, cast.ada.id).avatar


def test_nothing_of_it_is_seen_before_it_is_approved(
    app: Flask, cast: Cast, client: FlaskClient, ada: FlaskClient
) -> None:
    change_everything(ada)
    for place in ("/creators/ada", "/courses/flask-first-steps", "/courses", "/feed.xml"):
        page = client.get(place).text
        assert "itcoin" not in page, place
        assert "x.example" not in page, place
    assert avatar(app, cast) is None
    for place in ("/studio/profile", "/account"):
        mine = unescape(ada.get(place).text)
        assert "Waiting for an admin’s approval: name, about, website" in mine
        assert BAIT in mine


def test_the_reviewer_sees_it_and_lets_it_be_seen(
    app: Flask, cast: Cast, client: FlaskClient, ada: FlaskClient, signed_in: SignedIn
) -> None:
    change_everything(ada)
    mo, address = signed_in(cast.mo), item(app)
    assert "Ada" in mo.get("/admin/moderation").text
    shown = unescape(mo.get(address).text)
    for before, after in (("Ada", BAIT), ("Teaches the web", BAIT), ("Nothing", "https://x.example/")):
        assert f"<del>{before}</del><ins>{after}</ins>" in shown
    assert "<del>Flask</del>" in shown
    with app.app_context():
        token = creator_page_drafts.working(db.session.get_one(User, cast.ada.id))["avatar"]
        images.discard("avatar", token)
    assert token in shown
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', shown)
    assert seen is not None
    assert mo.post(f"{address}/decide", data={"verdict": "approved", "seen": seen[1]}).status_code == 303
    page = unescape(client.get("/creators/ada").text)
    assert BAIT in page
    assert "x.example" in page
    assert avatar(app, cast) == token
    assert client.get(images.address("avatar", token, 128)).status_code == 200
    assert "Your page changes are live" in ada.get("/notifications").text


def test_sent_back_it_stays_with_its_creator_and_waits_again_once_changed(
    app: Flask, cast: Cast, client: FlaskClient, ada: FlaskClient, signed_in: SignedIn
) -> None:
    ada.post("/studio/profile", data=PAGE)
    mo, address = signed_in(cast.mo), item(app)
    sent = {"verdict": "changes_requested", "notes": "No advertising."}
    assert mo.post(f"{address}/decide", data=sent).status_code == 303
    assert BAIT not in client.get("/creators/ada").text
    assert BAIT in ada.get("/studio/profile").text
    assert "No advertising." in ada.get("/notifications").text
    assert ada.post("/studio/profile", data={**PAGE, "headline": "Maps"}).status_code == 303
    assert item(app) != address


def test_what_changed_since_is_not_approved_unseen(
    app: Flask, cast: Cast, ada: FlaskClient, signed_in: SignedIn
) -> None:
    ada.post("/studio/profile", data={**PAGE, "headline": "Maps"})
    mo, address = signed_in(cast.mo), item(app)
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', mo.get(address).text)
    assert seen is not None
    ada.post("/studio/profile", data=PAGE)
    answer = mo.post(f"{address}/decide", data={"verdict": "approved", "seen": seen[1]})
    assert answer.status_code == 422
    assert "changed something since" in answer.text


def test_changed_back_nothing_waits(app: Flask, cast: Cast, ada: FlaskClient) -> None:
    before = {
        "headline": "Teaches the web", "bio": "Ada teaches the web.", "expertise": "Flask",
        "years_experience": "", "certifications": "", "links": "",
    }  # fmt: skip
    ada.post("/studio/profile", data=PAGE)
    ada.post("/studio/profile", data=before)
    with app.app_context():
        assert db.session.get_one(CreatorProfile, cast.ada.id).draft is None
        waits = select(ModerationItem.id).where(ModerationItem.closed_at.is_(None))
        assert db.session.scalars(waits).all() == []


@pytest.mark.parametrize("who", ["ada", "nia", "bo"])
def test_others_change_it_at_once(app: Flask, cast: Cast, signed_in: SignedIn, who: str) -> None:
    """Ada is vetted here, Nia has no course on sale, Bo doesn't teach."""
    person = getattr(cast, who)
    browser = signed_in(person)
    assert browser.post("/account", data=ACCOUNT).status_code == 303
    assert browser.post("/account/picture", data=portrait()).status_code == 303
    with app.app_context():
        row = db.session.get_one(User, person.id)
        assert (row.name, row.website) == (BAIT, "https://x.example/")
        assert row.avatar is not None
        assert creator_page_drafts.waiting(row) == []
    assert browser.post("/account/picture/remove").status_code == 303
    with app.app_context():
        assert db.session.get_one(User, person.id).avatar is None


@pytest.mark.parametrize("picture", ["/account/picture", "/account/picture/remove"])
def test_a_picture_and_words_sent_at_once_are_both_kept(
    app: Flask, cast: Cast, ada: FlaskClient, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch,
    picture: str,
) -> None:  # fmt: skip
    before, words = portrait(), signed_in(cast.ada)
    ada.post("/account/picture", data=portrait())
    real, began = creator_page_drafts._save_draft, threading.Event()

    def meet(user: User, draft: dict[str, object]) -> None:
        began.set()
        if threading.current_thread() is not writing:
            writing.join(0.7)  # the draft was read: who holds no lock is overtaken here
        real(user, draft)

    def write() -> None:
        began.wait(10)
        assert words.post("/account", data=ACCOUNT).status_code == 303

    writing = threading.Thread(target=write)
    monkeypatch.setattr(creator_page_drafts, "_save_draft", meet)
    writing.start()
    sent = before if picture.endswith("picture") else {}
    assert ada.post(picture, data=sent).status_code == 303
    writing.join(10)
    with app.app_context():
        waiting = creator_page_drafts.waiting(db.session.get_one(User, cast.ada.id))
        assert {"name", "about", "website"} <= set(waiting)
        assert ("picture" in waiting) == bool(sent)


def test_taking_the_portrait_away_waits_for_nobody(app: Flask, cast: Cast, ada: FlaskClient) -> None:
    ada.post("/account/picture", data=portrait())
    assert ada.post("/account/picture/remove").status_code == 303
    with app.app_context():
        assert creator_page_drafts.waiting(db.session.get_one(User, cast.ada.id)) == []


def test_what_is_not_written_yet_survives_the_lock(app: Flask, cast: Cast) -> None:
    with app.app_context():
        ada = db.session.get_one(User, cast.ada.id)
        ada.password_hash = "not written yet"
        creator_page_drafts.remove_avatar(ada)
        assert ada.password_hash == "not written yet"
