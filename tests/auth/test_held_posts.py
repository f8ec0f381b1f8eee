"""What somebody posts while signed out, or from a page of another session: kept, shown again, then sent."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import TimeoutError
from werkzeug.test import TestResponse

from domain.base import clock
from domain.people import mail_tokens, sessions
from domain.platform import held_posts, mail_preferences, retention, settings
from models import HeldPost, NotificationKind, Review, Role, User, UserSession, db
from tests.cast import PASSWORD, Cast

HERE = {"Origin": "http://localhost", "Referer": "http://localhost/courses/flask-first-steps"}
SWAP = {**HERE, "HX-Request": "true", "HX-Request-Type": "partial"}
SCRIPT = {**HERE, "Accept": "application/json"}
REVIEW = "/courses/flask-first-steps/review"
WORDS = {"rating": "5", "comment": "Clear\r\nand kind “words”. <b>ж</b>"}

Browser = FlaskClient


@pytest.fixture(autouse=True)
def csrf_on(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = True


def token_at(browser: Browser, page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(page).text)
    assert found is not None, page
    return found[1]


def come_in(browser: Browser, email: str, page: str = "/login", **more: Any) -> TestResponse:
    fields = {"email": email, "password": PASSWORD, "csrf_token": token_at(browser, page)} | more
    return browser.post(page, data=fields)


def sign_out(browser: Browser) -> None:
    browser.post("/logout", data={"csrf_token": token_at(browser, "/account")})


def end_devices(app: Flask, user: User) -> None:
    """As signing out everywhere does from another device: the cookie of this browser stays."""
    with app.app_context():
        sessions.end_all(db.session.get_one(User, user.id))
        db.session.commit()


def fields_of(html: str) -> dict[str, str]:
    """The fields that a page would send to the review's address."""
    form = re.search(rf'<form[^>]*action="{REVIEW}".*?</form>', html, re.DOTALL)
    assert form is not None
    inputs = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0]))
    texts = dict(re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>\n(.*?)</textarea>', form[0], re.DOTALL))
    return {name: unescape(value) for name, value in (inputs | texts).items()}


def kept(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count(HeldPost.id))) or 0


def review_of(app: Flask, user: User) -> Review | None:
    with app.app_context():
        return db.session.scalars(select(Review).where(Review.user_id == user.id)).first()


@pytest.fixture
def bo(client: FlaskClient, cast: Cast) -> FlaskClient:
    come_in(client, "bo@example.com")
    return client


def post_signed_out(app: Flask, cast: Cast, bo: FlaskClient, **more: Any) -> TestResponse:
    """Write a review on a page whose session has ended."""
    token = token_at(bo, REVIEW)
    end_devices(app, cast.bo)
    return bo.post(REVIEW, data={**WORDS, "csrf_token": token, **more}, headers=HERE)


def test_what_was_typed_survives_signing_in(app: Flask, cast: Cast, bo: FlaskClient) -> None:
    answer = post_signed_out(app, cast, bo)
    assert answer.status_code == 303
    assert answer.location.startswith("/login?next=/held/")
    assert "What you typed is saved" in bo.get(answer.location).text
    back = come_in(bo, "bo@example.com", answer.location)
    page = bo.get(back.location)
    assert review_of(app, cast.bo) is None
    fields = fields_of(page.text)
    assert (fields["rating"], fields["comment"]) == (WORDS["rating"], WORDS["comment"])
    assert "signed in as Bo" in page.text
    sent = bo.post(REVIEW, data=fields, headers=HERE)
    assert sent.status_code == 303
    review = review_of(app, cast.bo)
    assert review is not None
    assert review.comment == "Clear\nand kind “words”. <b>ж</b>"
    assert kept(app) == 0
    assert bo.get(back.location).status_code == 410


@pytest.mark.parametrize(
    "press",
    [
        ("/admin/categories/{category}/move", {"to": "up"}),
        ("/admin/moderation/{category}/decide", {"verdict": "approve", "seen": "x", "opened": "1"}),
        ("/studio/courses/{course}/curriculum/lessons/{lesson}/move", {"to": "after:{lesson}"}),
    ],
)
def test_a_button_is_nothing_that_was_typed(
    cast: Cast, client: FlaskClient, app: Flask, press: tuple[str, dict[str, str]]
) -> None:
    """It isn't kept, nor shown to be copied: whoever has signed in is led back to its page."""
    page, course = "/admin/categories", str(cast.flask_course.id)
    come_in(client, "mo@example.com")
    words = {"category": str(cast.web.id), "course": course, "lesson": str(cast.text_lesson.id)}
    data = {name: value.format(**words) for name, value in press[1].items()}
    token = token_at(client, page)
    end_devices(app, cast.mo)
    answer = client.post(
        press[0].format(**words),
        data={**data, "csrf_token": token},
        headers={**HERE, "Referer": f"http://localhost{page}"},
    )
    assert (answer.status_code, kept(app)) == (303, 0)
    assert answer.location == "/login?next=/admin/categories"
    nowhere = client.post("/nowhere", data={**data, "csrf_token": token}, headers=HERE)
    assert "<h2>What you typed" not in nowhere.text


def test_what_is_not_taken_stays_kept(app: Flask, cast: Cast, bo: FlaskClient) -> None:
    answer = post_signed_out(app, cast, bo, rating="9")
    page = bo.get(come_in(bo, "bo@example.com", answer.location).location)
    assert bo.post(REVIEW, data=fields_of(page.text), headers=HERE).status_code == 422
    assert kept(app) == 1


def test_a_stale_form_is_shown_again_to_the_same_person_at_once(
    app: Flask, cast: Cast, bo: FlaskClient
) -> None:
    token = token_at(bo, REVIEW)
    sign_out(bo)
    come_in(bo, "bo@example.com")
    stale = bo.post(REVIEW, data={**WORDS, "csrf_token": token}, headers=HERE)
    assert stale.status_code == 400
    assert (review_of(app, cast.bo), kept(app)) == (None, 0)
    assert bo.post(REVIEW, data=fields_of(stale.text), headers=HERE).status_code == 303
    assert review_of(app, cast.bo) is not None


def test_a_stale_button_is_asked_for_again(cast: Cast, bo: FlaskClient) -> None:
    token = token_at(bo, "/courses/flask-first-steps")
    sign_out(bo)
    come_in(bo, "bo@example.com")
    stale = bo.post(
        "/courses/flask-first-steps/wish", data={"wished": "yes", "csrf_token": token}, headers=HERE
    )
    assert stale.status_code == 400
    assert "Send it now" in stale.text
    assert 'name="wished" value="yes"' in stale.text


def test_nobody_acts_as_another_person(app: Flask, cast: Cast, bo: FlaskClient) -> None:
    token = token_at(bo, REVIEW)
    sign_out(bo)
    come_in(bo, "cy@example.com")
    answer = bo.post(REVIEW, data={**WORDS, "csrf_token": token}, headers=HERE)
    page = bo.get(answer.location)
    assert page.status_code == 403
    assert "You’re now signed in as Cy" in page.text
    assert "kind" not in page.text
    assert (review_of(app, cast.cy), review_of(app, cast.bo)) == (None, None)
    key = re.search(r"/held/[0-9a-f-]+", answer.location)
    assert key is not None
    assert bo.post(f"{key[0]}/throw-away", data={"csrf_token": token_at(bo, "/account")}).status_code == 404
    out = bo.post(f"{key[0]}/sign-out", data={"csrf_token": token_at(bo, "/account")})
    again = come_in(bo, "bo@example.com", out.location)
    assert "kind" in bo.get(again.location).text


def test_a_button_of_another_person_does_nothing(app: Flask, cast: Cast, bo: FlaskClient) -> None:
    token = token_at(bo, "/courses/flask-first-steps")
    sign_out(bo)
    come_in(bo, "cy@example.com")
    answer = bo.post(
        "/courses/flask-first-steps/wish", data={"wished": "yes", "csrf_token": token}, headers=HERE
    )
    assert answer.status_code == 403
    assert "You’re now signed in as Cy" in answer.text
    assert kept(app) == 0


def test_after_signing_in_somewhere_else_one_is_led_to_it_once(
    app: Flask, cast: Cast, bo: FlaskClient
) -> None:
    post_signed_out(app, cast, bo)
    assert come_in(bo, "bo@example.com", "/login").location.startswith("/held/")
    sign_out(bo)
    assert come_in(bo, "bo@example.com", "/login").location == "/"
    sign_out(bo)
    assert come_in(bo, "cy@example.com", "/login").location == "/"


def test_a_new_password_leads_to_it_too(app: Flask, cast: Cast, bo: FlaskClient) -> None:
    post_signed_out(app, cast, bo)
    with app.app_context():
        bo_now = db.session.get_one(User, cast.bo.id)
        link = f"/reset-password/{mail_tokens.make(mail_tokens.Purpose.RESET, bo_now)}"
    fields = {"password": "an entirely new phrase", "csrf_token": token_at(bo, link)}
    assert bo.post(link, data=fields).location.startswith("/held/")


def test_another_browser_finds_nothing(
    app: Flask, cast: Cast, bo: FlaskClient, signed_in: Callable[[User], FlaskClient]
) -> None:
    answer = post_signed_out(app, cast, bo)
    address = answer.location.removeprefix("/login?next=")
    assert signed_in(cast.bo).get(address).status_code == 410


def test_it_is_kept_for_a_day(
    app: Flask, cast: Cast, bo: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = post_signed_out(app, cast, bo)
    back = come_in(bo, "bo@example.com", answer.location)
    later = clock.now() + timedelta(days=1, seconds=1)
    with app.app_context():
        retention.clean_up()
        db.session.commit()
        assert db.session.scalar(select(func.count(HeldPost.id))) == 1
        monkeypatch.setattr(clock, "now", lambda: later)
        assert held_posts.to_offer("any", "") is None
    assert bo.get(back.location).status_code == 410
    with app.app_context():
        retention.clean_up()
        db.session.commit()
    assert kept(app) == 0


def test_it_can_be_thrown_away(app: Flask, cast: Cast, bo: FlaskClient) -> None:
    answer = post_signed_out(app, cast, bo)
    address = come_in(bo, "bo@example.com", answer.location).location
    gone = bo.post(f"{address}/throw-away", data={"csrf_token": token_at(bo, address)})
    assert gone.location == "/courses/flask-first-steps"
    assert kept(app) == 0


def test_secrets_are_never_kept(app: Flask, cast: Cast, bo: FlaskClient) -> None:
    token = token_at(bo, "/account/security")
    end_devices(app, cast.bo)
    typed = {"current": "an old secret", "password": "a new secret", "otp": "123 456", "note": "some words"}
    bo.post("/account/security", data={**typed, "csrf_token": token}, headers=HERE)
    with app.app_context():
        row = db.session.scalars(select(HeldPost)).one()
    assert row.fields == [["note", "some words"]]


def test_files_are_not_kept_and_it_says_so(app: Flask, cast: Cast, client: FlaskClient) -> None:
    come_in(client, "ada@example.com")
    place = f"/studio/courses/{cast.flask_course.id}/media"
    token = token_at(client, place)
    end_devices(app, cast.ada)
    fields = {"csrf_token": token, "title": "My notes", "file": (BytesIO(b"%PDF-1.4"), "notes.pdf")}
    answer = client.post("/studio/uploads", data=fields, headers=HERE)
    page = client.get(come_in(client, "ada@example.com", answer.location).location)
    assert "We can’t keep files" in page.text
    assert "My notes" in page.text
    assert "Send it now" not in page.text


def test_a_button_alone_leads_back_to_its_page(app: Flask, cast: Cast, bo: FlaskClient) -> None:
    token = token_at(bo, "/courses/flask-first-steps")
    end_devices(app, cast.bo)
    answer = bo.post(
        "/courses/flask-first-steps/wish", data={"wished": "yes", "csrf_token": token}, headers=HERE
    )
    assert answer.location == "/login?next=/courses/flask-first-steps"
    assert kept(app) == 0


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
def test_a_form_of_another_site_is_not_kept(app: Flask, cast: Cast, bo: FlaskClient, origin: str) -> None:
    answer = bo.post(
        REVIEW, data={**WORDS, "csrf_token": token_at(bo, REVIEW)[:-4]}, headers={"Origin": origin}
    )
    assert answer.status_code == 400
    assert "kind" not in answer.text
    token = token_at(bo, REVIEW)
    end_devices(app, cast.bo)
    bo.post(REVIEW, data={**WORDS, "csrf_token": token}, headers={"Origin": origin})
    assert kept(app) == 0


def test_what_comes_with_a_token_of_nobody_knows_is_only_shown_to_be_copied(
    app: Flask, bo: FlaskClient
) -> None:
    answer = bo.post(REVIEW, data={**WORDS, "csrf_token": "forged"}, headers=HERE)
    assert answer.status_code == 400
    assert "kind “words”" in answer.text
    assert "Send it now" not in answer.text
    assert kept(app) == 0


def test_a_browser_keeps_five_and_an_address_is_limited(app: Flask, cast: Cast, bo: FlaskClient) -> None:
    token = token_at(bo, REVIEW)
    end_devices(app, cast.bo)
    answers = [
        bo.post(REVIEW, data={"comment": f"words {n}", "csrf_token": token}, headers=HERE) for n in range(61)
    ]
    assert kept(app) == 5
    assert [answer.status_code for answer in answers[:60]] == [303] * 60
    assert answers[60].status_code == 400
    assert "words 60" in answers[60].text


def test_what_is_too_large_to_keep_is_shown_to_be_copied(app: Flask, cast: Cast, bo: FlaskClient) -> None:
    answer = post_signed_out(app, cast, bo, comment="x" * (held_posts.MOST_BYTES + 1))
    assert answer.status_code == 400
    assert "x" * held_posts.MOST_BYTES in answer.text
    assert kept(app) == 0


@pytest.mark.parametrize("page", ["/login", "/register", "/forgot-password"])
def test_a_stale_form_of_signing_in_comes_back_as_typed(app: Flask, client: FlaskClient, page: str) -> None:
    client.get(page)
    fields = {"email": "bo@example.com", "name": "Bo Typed", "password": PASSWORD, "csrf_token": "stale"}
    answer = client.post(page, data=fields, headers=HERE)
    assert answer.status_code == 422
    assert 'value="bo@example.com"' in answer.text
    assert PASSWORD not in answer.text
    assert "Nothing you typed is lost" in answer.text
    assert kept(app) == 0
    with app.app_context():
        assert db.session.scalar(select(func.count(UserSession.id))) == 0


def test_a_stale_form_of_signing_in_from_another_site_is_refused(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    """Also with a good token: over HTTPS the page that it came from is checked."""
    fields = {"email": "bo@example.com", "password": PASSWORD, "csrf_token": token_at(client, "/login")}
    for headers in ({"Origin": "https://evil.example"}, {"Referer": "http://localhost/login"}, {}):
        answer = client.post("/login", data=fields, headers=headers, base_url="https://localhost")
        assert answer.status_code == 400
    same = {"Origin": "https://localhost"}  # a browser that hides where it comes from
    assert client.post("/login", data=fields, headers=same, base_url="https://localhost").status_code == 422
    with app.app_context():
        assert db.session.scalar(select(func.count(UserSession.id))) == 0


def test_an_open_address_still_answers_when_its_body_is_too_large(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    """Nobody has read the form of a route without a token when its answer is ready."""
    with app.app_context():
        token = mail_preferences.token(cast.bo.id, NotificationKind.REFUND)
    body = "x" * (app.config["MAX_FORM_MEMORY_SIZE"] + 1)
    assert client.post(f"/unsubscribe/{token}", data={"held_post": body}).status_code == 200


def test_a_swap_and_a_script_are_told_and_get_no_page(app: Flask, cast: Cast, bo: FlaskClient) -> None:
    wish = "/courses/flask-first-steps/wish"
    token = token_at(bo, "/courses/flask-first-steps")
    for headers in (SWAP, SCRIPT):
        stale = bo.post(wish, data={"wished": "yes", "csrf_token": "stale"}, headers=headers)
        assert (stale.status_code, stale.headers["X-Stale-Form"]) == (400, "1")
        assert "<" not in stale.text
    end_devices(app, cast.bo)
    for headers in (SWAP, SCRIPT):
        out = bo.post(wish, data={"wished": "yes", "csrf_token": token}, headers=headers)
        assert out.status_code == 401
        assert "<" not in out.text
    assert out.json == {"sentence": "You’re signed out. Sign in to continue.", "signed_out": True}
    assert kept(app) == 0


def test_a_page_before_with_two_slashes_leads_to_no_other_site(
    app: Flask, cast: Cast, bo: FlaskClient
) -> None:
    token = token_at(bo, REVIEW)
    end_devices(app, cast.bo)
    before = {"Origin": "http://localhost", "Referer": "http://localhost//evil.example/x"}
    bo.post(REVIEW, data={**WORDS, "csrf_token": token}, headers=before)
    page = bo.get(come_in(bo, "bo@example.com").location)
    assert "//evil.example" not in page.text
    drop = re.search(r'action="(/held/[^"]+/throw-away)"', page.text)
    assert drop is not None
    gone = bo.post(drop[1], data={"csrf_token": token_at(bo, "/account")}, headers=HERE)
    assert gone.location == "/evil.example/x"


def test_what_may_not_be_done_any_more_is_kept_too(app: Flask, cast: Cast, client: FlaskClient) -> None:
    """A second factor is asked for, or somebody teaches no longer, while they write."""
    for who, course, lesson, change in (
        ("mo", cast.flask_course, cast.text_lesson, lambda: settings.change(None, admin_second_factor=True)),
        ("nia", cast.draft_course, cast.draft_lesson, lambda: _learner(cast.nia)),
    ):
        browser = app.test_client()
        come_in(browser, f"{who}@example.com")
        address = f"/studio/courses/{course.id}/lessons/{lesson.id}"
        form = {"title": "Routes", "body": "Precious words.", "csrf_token": token_at(browser, address)}
        with app.app_context():
            change()
            db.session.commit()
            settings.forget()
        for headers in (SWAP, SCRIPT):
            told = browser.post(f"{address}/typed", data=form, headers=headers)
            assert (told.status_code, "HX-Redirect" in told.headers) == (403, False)
        answer = browser.post(address, data=form, headers=HERE)
        assert answer.location.startswith("/held/"), who
        assert "Precious words." in browser.get(answer.location).text
        kept_before = kept(app)
        again = browser.post(
            address, data={**form, "held_post": answer.location.rpartition("/")[2]}, headers=HERE
        )
        assert "Precious words." in browser.get(again.location).text
        assert kept(app) == kept_before, "one that is still not taken is not kept twice"


def test_words_for_a_page_that_is_gone_are_shown_again(app: Flask, cast: Cast, client: FlaskClient) -> None:
    """An admin who is none any more reads what they typed, and nothing else than at an address of nobody."""
    come_in(client, "mo@example.com")
    page = f"/admin/users/{cast.cy.id}"
    form = {"note": "Asked by\r\nmail “twice”. <b>", "csrf_token": token_at(client, page)}
    with app.app_context():
        _learner(cast.mo)
        db.session.commit()
    for headers in (SWAP, SCRIPT):
        told = client.post(f"{page}/suspend", data=form, headers=headers)
        assert (told.status_code, "<html" in told.text) == (404, False)
    answers = [
        client.post(address, data=form, headers=HERE)
        for address in (f"{page}/suspend", "/admin/nothing", "/nowhere", "/studio/nowhere")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert "Asked by\r\nmail “twice”. &lt;b&gt;</textarea>" in answers[0].text
    assert (
        form["csrf_token"] not in answers[0].text.partition("It was not saved.")[2].partition("</section>")[0]
    )
    assert len({re.sub(r'"(/[a-z0-9/-]*|[\w.-]{60,})"', "", answer.text) for answer in answers}) == 1
    assert "It was not saved." not in client.get(f"{page}/suspend", headers=HERE).text
    elsewhere = client.post("/nowhere", data=form, headers={"Origin": "https://evil.example"})
    assert "It was not saved." not in elsewhere.text


@pytest.mark.parametrize(("fault", "code"), [(RuntimeError("inside"), 500), (TimeoutError(), 503)])
def test_words_survive_a_fault_of_ours(
    app: Flask, cast: Cast, bo: FlaskClient, monkeypatch: pytest.MonkeyPatch, fault: Exception, code: int
) -> None:
    form = {**WORDS, "csrf_token": token_at(bo, REVIEW)}
    app.config.update(PROPAGATE_EXCEPTIONS=False, TESTING=False)

    def fail(**_: object) -> None:
        raise fault

    monkeypatch.setitem(app.view_functions, "reviews.write", fail)
    answer = bo.post(REVIEW, data=form, headers=HERE)
    assert answer.status_code == code
    assert "Clear\r\nand kind “words”. &lt;b&gt;ж&lt;/b&gt;" in answer.text


def _learner(user: User) -> None:
    db.session.get_one(User, user.id).role = Role.LEARNER


def test_nobody_else_makes_it_forgotten(app: Flask, cast: Cast, bo: FlaskClient) -> None:
    post_signed_out(app, cast, bo)
    with app.app_context():
        key = db.session.scalars(select(HeldPost.id)).one()
    come_in(bo, "cy@example.com")
    token = token_at(bo, "/account")
    bo.post("/account/notifications", data={"csrf_token": token, "held_post": str(key)}, headers=HERE)
    assert kept(app) == 1


def test_a_word_is_kept_whose_name_another_form_hides(app: Flask, cast: Cast, client: FlaskClient) -> None:
    """“course” is what an admin types to give a course away, and an id in the course editor."""
    come_in(client, "mo@example.com")
    page = f"/admin/users/{cast.cy.id}"
    token = token_at(client, page)
    end_devices(app, cast.mo)
    client.post(f"{page}/courses", data={"course": "flask-first-steps", "csrf_token": token}, headers=HERE)
    assert kept(app) == 1


def test_a_kept_form_has_the_labels_of_its_fields_and_no_choices(
    app: Flask, cast: Cast, signed_in: Any
) -> None:
    ada = signed_in(cast.ada)
    page = f"/studio/courses/{cast.flask_course.id}/lessons/{cast.text_lesson.id}"
    token = token_at(ada, page)
    end_devices(app, cast.ada)
    fields = {
        "title": "A title", "kind": "text", "visibility": "members", "slug": "a-title", "body": "Some words",
        "csrf_token": token,
    }  # fmt: skip
    sent = ada.post(page, data=fields, headers=HERE)
    assert sent.status_code == 303
    come_in(ada, cast.ada.email, sent.location)
    kept = ada.get(unescape(re.search(r"/held/[0-9a-f-]+", sent.location)[0]))  # type: ignore[index]
    labels = re.findall(r'field-label" for="held-[^"]+">([^<]+)<', kept.text)
    assert not {"Kind", "Visibility", "Slug"} & set(labels)
    assert "Title" in labels
    assert 'type="hidden" name="visibility" value="members"' in kept.text
