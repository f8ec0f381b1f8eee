"""Marketing email: only with consent, which is kept; one click ends it, and looking at the link does not."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

import jobs
import mail
from domain import Refused
from domain.base import clock, signing
from domain.people import accounts, mail_tokens, password_reset, registration
from domain.platform import consents, mail_preferences, outbox
from mail import registry
from models import (
    ConsentEnd,
    ConsentSource,
    Course,
    EmailMessage,
    EmailStatus,
    MailPurpose,
    MarketingConsent,
    NotificationKind,
    User,
    db,
)
from tests.cast import Cast

Browser = Callable[[User], FlaskClient]


@pytest.fixture(autouse=True)
def unconditional(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sale is always on: this is about consent."""
    monkeypatch.setattr("domain.cart.wishlist.objection", lambda user, **about: None)


def agree(app: Flask, user: User) -> None:
    with app.app_context():
        consents.give(db.session.get_one(User, user.id), ConsentSource.ACCOUNT)
        db.session.commit()


def write(cast: Cast, user: User) -> EmailMessage:
    person, course = db.session.get_one(User, user.id), db.session.get_one(Course, cast.flask_course.id)
    message = mail.wished_sale(
        person, course, "/courses/flask-first-steps", clock.now() + timedelta(days=3), "50% off"
    )
    db.session.commit()
    return message


def rows(app: Flask) -> list[MarketingConsent]:
    with app.app_context():
        return list(db.session.scalars(select(MarketingConsent).order_by(MarketingConsent.given_at)))


def unsubscribe_path(app: Flask, cast: Cast) -> str:
    with app.app_context():
        url: str = write(cast, cast.cy).data["unsubscribe_url"]
        return url.removeprefix("http://localhost")


def test_without_consent_nothing_is_written(app: Flask, cast: Cast) -> None:
    with app.app_context():
        with pytest.raises(Refused, match="no consent"):
            write(cast, cast.cy)
        una = db.session.get_one(User, cast.una.id)
        consents.give(una, ConsentSource.ACCOUNT)
        with pytest.raises(Refused, match="isn’t confirmed"):
            write(cast, una)
        assert db.session.scalars(select(EmailMessage)).all() == []


def test_consent_is_asked_again_when_it_is_sent(app: Flask, cast: Cast) -> None:
    agree(app, cast.cy)
    with app.app_context():
        write(cast, cast.cy)
        consents.withdraw(db.session.get_one(User, cast.cy.id), ConsentEnd.ACCOUNT)
        db.session.commit()
        jobs.run_all()
        message = db.session.scalars(select(EmailMessage)).one()
        assert message.status == EmailStatus.SKIPPED
        assert message.error == "There’s no consent to marketing email."


def test_what_counts_as_marketing_since_it_was_written_needs_consent(app: Flask, cast: Cast) -> None:
    agree(app, cast.cy)
    with app.app_context():
        message = write(cast, cast.cy)
        message.purpose = MailPurpose.TRANSACTIONAL  # as an older release wrote it
        consents.withdraw(db.session.get_one(User, cast.cy.id), ConsentEnd.ACCOUNT)
        db.session.commit()
        jobs.run_all()
        db.session.refresh(message)
        assert (message.status, message.error) == (
            EmailStatus.SKIPPED, "There’s no consent to marketing email.",
        )  # fmt: skip


def test_marketing_carries_one_click_unsubscribing(app: Flask, cast: Cast) -> None:
    agree(app, cast.cy)
    with app.app_context():
        message = write(cast, cast.cy)
        assert message.purpose == MailPurpose.MARKETING
        letter = outbox.begin_sending(str(message.id))
        assert letter is not None
        address = message.data["unsubscribe_url"]
        assert letter.mime["List-Unsubscribe"] == f"<{address}>"
        assert letter.mime["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        sent = letter.mime.as_bytes().decode().splitlines()
        assert f"List-Unsubscribe: <{address}>" in sent  # in one line, which is longer than others may be
        for part in letter.mime.iter_parts():  # type: ignore[attr-defined]
            assert address in part.get_content()


def test_one_click_withdraws_consent_once_or_often(app: Flask, cast: Cast, client: FlaskClient) -> None:
    agree(app, cast.cy)
    path = unsubscribe_path(app, cast)
    app.config["WTF_CSRF_ENABLED"] = True
    for _ in range(2):  # what link scanners do
        page = client.get(path)
        assert page.status_code == 200
        assert "news and offers" in page.text
        assert client.head(path).status_code == 200
    assert rows(app)[0].withdrawn_at is None
    for _ in range(3):
        answer = client.post(path, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert "We won’t email you about news and offers any more" in answer.text
    (row,) = rows(app)
    assert row.withdrawn_by == ConsentEnd.UNSUBSCRIBE_LINK
    first = row.withdrawn_at
    client.post(path)
    assert rows(app)[0].withdrawn_at == first


def test_links_of_sale_notices_mailed_before_end_marketing(
    app: Flask, cast: Cast, client: FlaskClient
) -> None:
    agree(app, cast.cy)
    with app.app_context():
        key = [cast.cy.id.hex, NotificationKind.WISHED_SALE.value]
        old = signing.undated_serializer("lectern.unsubscribe").dumps(key)
        assert old == mail_preferences.token(cast.cy.id, NotificationKind.WISHED_SALE)
    assert client.post(f"/unsubscribe/{old}").status_code == 200
    assert rows(app)[0].withdrawn_by == ConsentEnd.UNSUBSCRIBE_LINK


def test_a_link_about_what_this_release_does_not_know_says_so(
    app: Flask, cast: Cast, client: FlaskClient
) -> None:
    with app.app_context():
        link = mail_preferences.token(cast.cy.id, MailPurpose.DIGEST)
    for answer in (client.get(f"/unsubscribe/{link}"), client.post(f"/unsubscribe/{link}")):
        assert answer.status_code == 410
        assert "This link no longer works." in answer.text


def test_looking_at_the_link_does_not_say_that_it_is_done(
    app: Flask, cast: Cast, client: FlaskClient
) -> None:
    agree(app, cast.cy)
    assert "If you unsubscribe, we won’t email you" in client.get(unsubscribe_path(app, cast)).text


def test_the_switch_is_off_until_somebody_turns_it_on(app: Flask, cast: Cast, signed_in: Browser) -> None:
    cy = signed_in(cast.cy)
    page = cy.get("/account/notifications").text
    assert consents.WORDING in page
    assert 'name="marketing" type="checkbox" value="y"' in page
    kinds = {"kinds": ["refund", "review_reply", "report_decided"]}
    cy.post("/account/notifications", data=kinds)
    assert rows(app) == []
    before = clock.now()
    for _ in range(2):
        assert cy.post("/account/notifications", data={**kinds, "marketing": "y"}).status_code == 303
    (row,) = rows(app)
    assert (row.user_id, row.wording, row.given_by) == (cast.cy.id, consents.WORDING, ConsentSource.ACCOUNT)
    assert row.given_at >= before
    assert 'checked id="marketing"' in cy.get("/account/notifications").text
    cy.post("/account/notifications", data=kinds)
    cy.post("/account/notifications", data={**kinds, "marketing": "y"})
    ended, standing = rows(app)
    assert ended.withdrawn_by == ConsentEnd.ACCOUNT
    assert standing.withdrawn_at is None


def test_an_admin_sees_what_was_agreed_to(app: Flask, cast: Cast, signed_in: Browser) -> None:
    mo, page = signed_in(cast.mo), f"/admin/users/{cast.cy.id}"
    assert "Not agreed" in mo.get(page).text
    agree(app, cast.cy)
    assert consents.WORDING in mo.get(page).text
    with app.app_context():
        consents.withdraw(db.session.get_one(User, cast.cy.id), ConsentEnd.UNSUBSCRIBE_LINK)
        db.session.commit()
    shown = mo.get(page).text
    assert "by the link in an email" in shown
    assert consents.WORDING in shown


def test_consent_does_not_pass_to_another_person(app: Flask, cast: Cast) -> None:
    agree(app, cast.una)
    with app.test_request_context(method="POST"):
        registration.hand_over(db.session.get_one(User, cast.una.id), "Una", None)
        db.session.commit()
        assert consents.objection(db.session.get_one(User, cast.una.id)) is not None
    assert rows(app)[0].withdrawn_by == ConsentEnd.HANDOVER


@pytest.mark.parametrize("way", ["a new password", "create-admin"])
def test_consent_of_before_the_address_was_confirmed_ends(app: Flask, cast: Cast, way: str) -> None:
    agree(app, cast.una)
    with app.test_request_context(method="POST"):
        una = db.session.get_one(User, cast.una.id)
        if way == "create-admin":
            accounts.make_admin(una.email, "Una", "a wholly new password")
        else:
            token = mail_tokens.make(mail_tokens.Purpose.RESET, una)
            password_reset.reset(token, accounts.hash_password("a wholly new password"))
        db.session.commit()
        assert una.is_verified
        assert consents.objection(una) == "There’s no consent to marketing email."
    assert rows(app)[0].withdrawn_by == ConsentEnd.HANDOVER


def test_a_new_password_leaves_consent_to_a_confirmed_address(app: Flask, cast: Cast) -> None:
    agree(app, cast.cy)
    with app.test_request_context(method="POST"):
        token = mail_tokens.make(mail_tokens.Purpose.RESET, db.session.get_one(User, cast.cy.id))
        password_reset.reset(token, accounts.hash_password("a wholly new password"))
        db.session.commit()
    assert rows(app)[0].withdrawn_at is None


def test_it_was_not_me_ends_consent(app: Flask, cast: Cast) -> None:
    agree(app, cast.cy)
    with app.test_request_context(method="POST"):
        token = mail_tokens.make(mail_tokens.Purpose.NOT_ME, db.session.get_one(User, cast.cy.id))
        password_reset.shut_account(token)
        db.session.commit()
    assert rows(app)[0].withdrawn_by == ConsentEnd.HANDOVER


def test_a_page_of_before_does_not_agree_again(app: Flask, cast: Cast, signed_in: Browser) -> None:
    agree(app, cast.cy)
    cy = signed_in(cast.cy)
    page = cy.get("/account/notifications").text
    was = re.findall(r'<option selected value="(\w+)">', page)
    cy.post(unsubscribe_path(app, cast))
    form = {"was": ["", *was], "kinds": ["refund"], "marketing": "y"}
    assert cy.post("/account/notifications", data=form).status_code == 303
    (row,) = rows(app)
    assert row.withdrawn_by == ConsentEnd.UNSUBSCRIBE_LINK


def test_marketing_without_an_account_is_refused(app: Flask, cast: Cast) -> None:
    assert registry.PURPOSES["wished_sale"] == MailPurpose.MARKETING
    with app.app_context(), pytest.raises(Refused, match="accounts only"):
        mail.compose("wished_sale", "somebody@example.com")
