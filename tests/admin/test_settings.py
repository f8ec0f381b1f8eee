"""Settings: effective at once, written down, and safe to look at."""

import io
import re
import time

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from domain.platform import color_contrast, settings
from domain.refunds import policy
from domain.refunds.policy import Outcome, Rule
from models import (
    REFUND_TERMS,
    WITHDRAWAL_ENDED,
    AuditEntry,
    Course,
    PlatformSettings,
    ProductVisibility,
    db,
)
from tests.auth.mails import SignIn
from tests.cast import Cast

WORDS = {
    "name": "Workshop",
    "hero_title": "Learn <i>here</i>",
    "hero_subtitle": "Short.",
    "about": "# Who we are\n\nWe **teach**. <script>alert(1)</script>",
    "contact_email": "Desk@Example.com",
    "social": "Our Mastodon https://example.com/@us\nBlog https://example.org",
    "timezone": "Europe/Vienna",
}


def notes(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(AuditEntry.note).order_by(AuditEntry.id)))


def test_words_show_at_once_and_are_written_down(
    app: Flask, cast: Cast, signed_in: SignIn, client: FlaskClient
) -> None:
    client.get("/")
    mo = signed_in(cast.mo)
    assert mo.post("/admin/settings", data=WORDS).status_code == 303
    home, about, contact = (client.get(page).text for page in ("/", "/about", "/contact"))
    assert "Workshop" in home
    assert "Learn &lt;i&gt;here&lt;/i&gt;" in home
    assert "<strong>teach</strong>" in about
    assert "<script>alert" not in about
    assert 'href="mailto:desk@example.com"' in contact
    assert 'href="https://example.com/@us"' in contact
    assert "Our Mastodon" in contact
    log = notes(app)
    assert "name: Lectern → Workshop" in log
    assert "timezone: UTC → Europe/Vienna" in log
    mo.post("/admin/settings", data=WORDS)
    assert notes(app) == log


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Enter a name for your site"),
        ("name", "\u200b", "Enter a name for your site"),
        ("name", "n" * 61, "at most 60"),
        ("contact_email", "nobody", "complete email address"),
        ("social", "Mastodon", "a name and an address"),
        ("social", "Mastodon javascript:alert(1)", "a name and an address"),
        ("timezone", "Mars/Olympus", "Choose one of these."),
        ("hero_subtitle", "s" * 301, "at most 300"),
        ("about", "a" * 20_001, "at most 20,000"),
    ],
)
def test_a_mistake_is_shown_and_changes_nothing(
    app: Flask, cast: Cast, signed_in: SignIn, field: str, value: str, sentence: str
) -> None:
    answer = signed_in(cast.mo).post("/admin/settings", data={**WORDS, field: value})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert notes(app) == []


def test_another_process_learns_it_within_a_second(app: Flask, cast: Cast, client: FlaskClient) -> None:
    """What another process commits is seen once what this one remembers is old; no page has to be told."""
    with app.app_context():
        assert settings.current().name == "Lectern"
        db.session.execute(db.update(PlatformSettings).values(name="Elsewhere"))
        db.session.commit()
        assert settings.REMEMBER_SECONDS <= 1
        cached = app.extensions["lectern_cache_site"]
        app.extensions["lectern_cache_site"] = (time.monotonic() - 0.001, cached[1])
        assert settings.current().name == "Elsewhere"


def test_the_colour_is_tried_out_before_it_is_used(
    cast: Cast, signed_in: SignIn, client: FlaskClient
) -> None:
    mo = signed_in(cast.mo)
    page = mo.get("/admin/settings/look?color=%237c3aed").text
    assert 'fill="#7c3aed"' in page
    assert mo.get("/admin/settings/look?color=red").status_code == 200
    assert mo.post("/admin/settings/look", data={"primary_color": "#7C3AED"}).status_code == 303
    assert "/theme.css?v=7c3aed" in client.get("/").text
    theme = client.get("/theme.css?v=7c3aed")
    assert theme.text == ":root{--brand:#7c3aed}\n"
    assert theme.cache_control.max_age
    assert client.get("/theme.css?v=0f766e").cache_control.no_cache
    picked = {"primary_color": "#7c3aed", "before": "#7c3aed", "picked": "#1d4ed8"}
    tried = mo.post("/admin/settings/look", data={**picked, "preview": "1"})
    assert tried.location == "/admin/settings/look?color=%231d4ed8"
    assert "/theme.css?v=7c3aed" in client.get("/").text
    assert mo.post("/admin/settings/look", data=picked).status_code == 303
    assert "/theme.css?v=1d4ed8" in client.get("/").text, "one press takes what was picked"
    typed = {"primary_color": "#7c3aed", "before": "#1d4ed8", "picked": "#1d4ed8"}
    assert mo.post("/admin/settings/look", data=typed).status_code == 303
    assert "/theme.css?v=7c3aed" in client.get("/").text, "what was typed counts"
    for wrong in ("red", "#12345", "#1234567", "#0f766e;}", ""):
        assert mo.post("/admin/settings/look", data={"primary_color": wrong}).status_code == 422


@pytest.mark.parametrize("colour", ["#0f766e", "#ffff00", "#000000", "#ffffff", "#ff0000", "#7c3aed"])
def test_text_in_any_colour_can_be_read(colour: str) -> None:
    for look in color_contrast.looks(colour):
        assert look.button_text >= color_contrast.TEXT, look
        assert look.link_text >= color_contrast.TEXT, look


def test_a_colour_on_which_nothing_can_be_read_is_refused(cast: Cast, signed_in: SignIn) -> None:
    answer = signed_in(cast.mo).post("/admin/settings/look", data={"primary_color": "#767676"})
    assert answer.status_code == 422
    assert "would be hard to read in light" in answer.text


def test_known_contrasts() -> None:
    assert color_contrast.ratio("#000000", "#ffffff") == pytest.approx(21)
    assert color_contrast.ratio("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_rules_are_in_force_at_once(app: Flask, cast: Cast, signed_in: SignIn, client: FlaskClient) -> None:
    mo = signed_in(cast.mo)
    words = {"platform_fee_percent": "20"}
    assert mo.post("/admin/settings/rules", data=words).status_code == 303
    assert "80%" in client.get("/teach").text
    with app.app_context():
        site = settings.current()
        assert (site.platform_fee_percent, site.require_review) == (20, False)
    assert "platform_fee_percent: 30 → 20" in notes(app)
    for wrong in ("-1", "101", "x", "9" * 30, ""):
        assert (
            mo.post("/admin/settings/rules", data={**words, "platform_fee_percent": wrong}).status_code == 422
        )


RULES = {
    "refund_window_days": "20", "refund_terms": "", "when_late": "person", "refund_used_percent": "50",
    "when_used": "refuse", "when_finished": "at_once", "refund_often": "2", "when_often": "person",
    "when_otherwise": "at_once", "withdrawal_text": "Our own words.", "withdrawal_ended_text": "",
}  # fmt: skip


def test_the_refund_policy_is_in_force_at_once_and_recorded(
    app: Flask, cast: Cast, signed_in: SignIn
) -> None:
    mo = signed_in(cast.mo)
    assert mo.post("/admin/settings/refunds", data={**RULES, "creators_refund": "y"}).status_code == 303
    with app.app_context():
        site = settings.current()
        rules = policy.of_shop(site)
    assert (site.refund_window_days, site.refund_terms, site.withdrawal_on) == (20, REFUND_TERMS, False)
    assert (site.creators_refund, site.refund_returns_coupon) == (True, False)
    assert (site.withdrawal_text, site.withdrawal_ended_text) == ("Our own words.", WITHDRAWAL_ENDED)
    assert (rules.used_percent, rules.often, rules.outcomes[Rule.USED]) == (50, 2, Outcome.REFUSE)
    assert rules.outcomes[Rule.FINISHED] == Outcome.AT_ONCE
    assert "refund_used_percent: 30 → 50" in notes(app)
    shown = mo.get("/admin/settings/refunds").text
    assert re.search(r'name="when_late".*?<option selected value="person"', shown, re.S)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"withdrawal_on": "y", "refund_window_days": "13"}, "use 14 days or more"),
        ({"refund_window_days": "366"}, "from 0 to 365"),
        ({"refund_used_percent": "101"}, "from 0 to 100"),
        ({"refund_often": "0"}, "from 1 to 100"),
        ({"when_late": "maybe"}, "Choose one of these"),
        ({"withdrawal_text": "x" * 4001}, "Use at most 4,000 characters."),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(
    app: Flask, cast: Cast, signed_in: SignIn, changed: dict[str, str], said: str
) -> None:
    answer = signed_in(cast.mo).post("/admin/settings/refunds", data={**RULES, **changed})
    assert answer.status_code == 422
    assert said in answer.text
    with app.app_context():
        assert settings.current().refund_window_days == 30


def test_a_logo_is_a_picture_or_drawn(app: Flask, cast: Cast, signed_in: SignIn, client: FlaskClient) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (300, 100), "teal").save(picture, "PNG")
    mo = signed_in(cast.mo)
    wrong = mo.post("/admin/settings/logo", data={"file": (io.BytesIO(b"<svg onload=x>"), "a.svg")})
    assert wrong.status_code == 422
    right = mo.post("/admin/settings/logo", data={"file": (io.BytesIO(picture.getvalue()), "a.png")})
    assert right.status_code == 303
    address = client.get("/").text.split('class="logo is-picture" src="')[1].split('"')[0]
    assert client.get(address).status_code == 200
    assert mo.post("/admin/settings/logo").status_code == 303
    assert "is-picture" not in client.get("/").text


def test_featured_courses_come_in_their_order(
    app: Flask, cast: Cast, signed_in: SignIn, client: FlaskClient
) -> None:
    mo, page = signed_in(cast.mo), "/admin/settings/featured"
    for slug in ("flask-first-steps", "reading-code", "reading-code"):
        assert mo.post(page, data={"course": slug}).status_code == 303

    def first() -> str:
        home = client.get("/").text.split("Featured courses")[1]
        return min(("flask-first-steps", "reading-code"), key=lambda slug: home.index(f"/courses/{slug}"))

    assert first() == "flask-first-steps"
    for _ in range(2):
        assert mo.post(f"{page}/{cast.free_course.id}/move", data={"to": "up"}).status_code == 303
    assert first() == "reading-code"
    for _ in range(2):
        assert mo.post(f"{page}/{cast.free_course.id}/drop").status_code == 303
    with app.app_context():
        assert not db.session.get_one(Course, cast.free_course.id).featured
    assert mo.post(page, data={"course": "secret-draft"}).status_code == 422
    assert mo.post(page, data={"course": "unknown"}).status_code == 422
    assert "not listed" not in mo.get(page).text
    with app.app_context():
        for course in (cast.flask_course, cast.free_course):
            db.session.get_one(Course, course.id).visibility = ProductVisibility.UNLISTED
        db.session.commit()
    assert "not listed" in mo.get(page).text
    refused = mo.post(page, data={"course": "reading-code"})
    assert refused.status_code == 422
    assert "Only courses that everyone can find in the catalogue can be featured." in refused.text
