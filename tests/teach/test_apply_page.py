"""The page on which people apply, and the page they get."""

from flask import Flask
from flask.testing import FlaskClient

from domain.people import creator_applications
from models import CreatorApplication, User, db
from tests.auth.mails import SignIn
from tests.cast import Cast

WORDS = {
    "headline": "Ten years of maps",
    "expertise": "Maps\r\n\r\nGIS\r\nMaps",
    "links": "example.com/maps\nhttps://example.org",
    "sample": "I would begin with a paper map and a pencil, then ask where north is.",
    "terms": "y",
}


def count(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(db.select(db.func.count(CreatorApplication.id))) or 0


def test_anyone_reads_what_it_means(client: FlaskClient, cast: Cast) -> None:
    page = client.get("/teach").text
    assert "70%" in page
    assert "/register?next=/teach" in page
    assert "$14.00" in page


def test_a_learner_applies_once(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    cy = signed_in(cast.cy)
    assert 'name="headline"' in cy.get("/teach").text
    for _ in range(2):
        assert cy.post("/teach", data=WORDS).location == "/teach"
    assert count(app) == 1
    with app.app_context():
        row = db.session.scalars(db.select(CreatorApplication)).one()
        assert row.expertise == ["Maps", "GIS"]
        assert row.links == ["https://example.com/maps", "https://example.org"]
    page = cy.get("/teach").text
    assert "We’ve received your application" in page
    assert 'name="headline"' not in page


def test_mistakes_stand_beside_their_fields(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    cy = signed_in(cast.cy)
    wrong = {**WORDS, "links": "javascript:alert(1)\nhttps://example.com", "sample": "short", "terms": ""}
    answer = cy.post("/teach", data=wrong)
    assert answer.status_code == 422
    assert "isn’t a web address" in answer.text
    assert "at least 40 characters" in answer.text
    assert "Agree to the terms" in answer.text
    assert "Ten years of maps" in answer.text
    assert count(app) == 0


def test_an_unproved_address_is_told(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    answer = signed_in(cast.una).post("/teach", data=WORDS)
    assert answer.status_code == 422
    assert "Confirm your email address first" in answer.text


def test_a_declined_application_is_shown_with_its_reason(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    cy = signed_in(cast.cy)
    cy.post("/teach", data=WORDS)
    with app.app_context():
        application = db.session.scalars(db.select(CreatorApplication)).one()
        creator_applications.decline(
            application, db.session.get_one(User, cast.mo.id), "Show <b>a lesson</b>."
        )
        db.session.commit()
    page = cy.get("/teach").text
    assert "Show &lt;b&gt;a lesson&lt;/b&gt;." in page
    assert "Ten years of maps" in page
    same = cy.post("/teach", data=WORDS)
    assert (same.status_code, "the same application as before" in same.text) == (422, True)
    assert "Ten years of maps" in same.text
    assert cy.post("/teach", data={**WORDS, "sample": WORDS["sample"] + " Then a lesson."}).status_code == 303
    assert count(app) == 2


def test_creators_are_led_to_the_studio(cast: Cast, signed_in: SignIn) -> None:
    ada = signed_in(cast.ada)
    assert ada.get("/teach").location == "/studio"
    assert ada.post("/teach", data=WORDS).location == "/studio"


def test_a_creator_changes_their_page(app: Flask, cast: Cast, signed_in: SignIn, client: FlaskClient) -> None:
    words = {
        "headline": "Teaches the web",
        "bio": "I like <b>small</b> servers.",
        "expertise": "Flask\nSQL",
        "years_experience": "12",
        "certifications": "MSc, Vienna",
        "links": "https://www.example.com/ada/",
    }
    ada = signed_in(cast.ada)
    assert ada.post("/studio/profile", data=words).status_code == 303
    page = client.get("/creators/ada").text
    for shown in ("small&lt;/b&gt; servers", "SQL", "12 years", "MSc, Vienna", ">example.com/ada<"):
        assert shown in page
    assert ada.post("/studio/profile", data={**words, "years_experience": "-1"}).status_code == 422
    assert ada.post("/studio/profile", data={**words, "links": "ftp://example.com"}).status_code == 422


def test_an_admin_without_a_page_gets_one(cast: Cast, signed_in: SignIn, client: FlaskClient) -> None:
    mo = signed_in(cast.mo)
    assert mo.post("/studio/profile", data={"headline": "Runs the shop"}).status_code == 303
    assert "Runs the shop" in client.get("/creators/mo").text
