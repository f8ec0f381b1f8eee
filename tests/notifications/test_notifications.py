"""Notifications: told once, by mail to those who want it, read on a page and counted in the header."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

import jobs
from domain.base import clock
from domain.platform import mail_preferences, notifications, outbox
from models import EmailMessage, EmailStatus, MailPreference, Notification, NotificationKind, User, db
from tests.cast import Cast

Browser = Callable[[User], FlaskClient]
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
KIND = NotificationKind.REPORT_DECIDED


def tell(app: Flask, user: User, number: int = 0, **more: Any) -> uuid.UUID:
    values = {"kind": KIND, "title": f"Word {number}", "url": "/courses/flask-first-steps", **more}
    with app.app_context():
        notifications.tell(user.id, **values)
        db.session.commit()
        newest = select(Notification.id).order_by(Notification.created_at.desc(), Notification.id.desc())
        found: uuid.UUID = db.session.scalars(newest.limit(1)).one()
        return found


def mails(app: Flask) -> list[EmailMessage]:
    with app.app_context():
        return list(db.session.scalars(select(EmailMessage).order_by(EmailMessage.created_at)))


def read_at(app: Flask, id_: uuid.UUID) -> object:
    with app.app_context():
        return db.session.get_one(Notification, id_).read_at


def test_with_a_key_it_is_told_and_mailed_once(app: Flask, cast: Cast) -> None:
    with app.app_context():
        assert notifications.tell(cast.cy.id, KIND, "Now", key="k")
        assert not notifications.tell(cast.cy.id, KIND, "Now again", key="k")
        assert notifications.tell(cast.bo.id, KIND, "Now", key="k")
        db.session.commit()
        assert db.session.scalars(select(Notification.title)).all() == ["Now", "Now"]
    assert [m.recipient for m in mails(app)] == ["cy@example.com", "bo@example.com"]


def test_what_is_too_long_is_cut_on_the_site_and_whole_by_mail(app: Flask, cast: Cast) -> None:
    id_ = tell(app, cast.cy, message="a" * 900, title="b" * 300)
    with app.app_context():
        row = db.session.get_one(Notification, id_)
        assert (len(row.title), len(row.message), row.message[-1]) == (200, 500, "…")
    assert mails(app)[0].data["message"] == "a" * 900
    assert len(mails(app)[0].subject) == 255


@pytest.mark.parametrize("kind", list(NotificationKind))
def test_every_kind_has_its_mail(app: Flask, cast: Cast, kind: NotificationKind) -> None:
    tell(app, cast.cy, kind=kind, title="“X” <b>", message="One.\nTwo <i>.", label="Look", key="k")
    if kind in mail_preferences.OTHERWISE_MAILED:
        assert mails(app) == []
        return
    message = mails(app)[0]
    assert message.subject == "“X” <b>"
    with app.app_context():
        letter = outbox.begin_sending(str(message.id))
    assert letter is not None
    address = message.data["unsubscribe_url"]
    assert letter.mime["List-Unsubscribe"] == f"<{address}>"
    assert letter.mime["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, html = (part.get_content() for part in letter.mime.iter_parts())  # type: ignore[attr-defined]
    assert "Look: http://localhost/courses/flask-first-steps\n" in text
    assert f"Unsubscribe from {mail_preferences.TOPICS[kind]}: {address}" in text
    assert "Two &lt;i&gt;." in html
    assert address in html


def test_who_is_suspended_or_gone_gets_no_mail(app: Flask, cast: Cast) -> None:
    for column in ("suspended_at", "deleted_at"):
        tell(app, cast.cy)
        with app.app_context():
            cy = db.session.get_one(User, cast.cy.id)
            setattr(cy, column, clock.now())
            db.session.commit()
            jobs.run_all()
            setattr(db.session.get_one(User, cast.cy.id), column, None)
            db.session.commit()
    assert [m.status for m in mails(app)] == [EmailStatus.SKIPPED] * 2


def test_what_is_ended_before_it_is_sent_is_not_sent(app: Flask, cast: Cast) -> None:
    tell(app, cast.cy)
    with app.app_context():
        mail_preferences.choose(db.session.get_one(User, cast.cy.id), KIND, by_mail=False)
        db.session.commit()
        jobs.run_all()
    assert mails(app)[0].status == EmailStatus.SKIPPED


def test_the_link_in_a_message_ends_its_kind(app: Flask, cast: Cast, client: FlaskClient) -> None:
    tell(app, cast.cy)
    path = mails(app)[0].data["unsubscribe_url"].removeprefix("http://localhost")
    app.config["WTF_CSRF_ENABLED"] = True
    page = client.get(path)
    assert "the outcome of your reports" in page.text
    with app.app_context():
        assert db.session.scalars(select(MailPreference)).all() == []
    for _ in range(2):
        answer = client.post(path, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert "We won’t email you" in answer.text
    with app.app_context():
        row = db.session.scalars(select(MailPreference)).one()
        assert (row.user_id, row.kind, row.by_mail) == (cast.cy.id, KIND, False)
    tell(app, cast.cy, 2)
    tell(app, cast.cy, 3, kind=NotificationKind.REFUND)
    assert [m.subject for m in mails(app)] == ["Word 0", "Word 3"]


def test_a_forged_link_ends_nothing(app: Flask, cast: Cast, client: FlaskClient) -> None:
    with app.app_context():
        good = mail_preferences.token(cast.cy.id, KIND)
    for path in ("/unsubscribe/x", f"/unsubscribe/{good[:-2]}", f"/unsubscribe/{good}%00"):
        assert client.get(path).status_code in (404, 410)
        assert client.post(path).status_code in (404, 410)
    with app.app_context():
        assert db.session.scalars(select(MailPreference)).all() == []


def test_preferences_by_kind(app: Flask, cast: Cast, signed_in: Browser) -> None:
    cy, ada = signed_in(cast.cy), signed_in(cast.ada)
    page = cy.get("/account/notifications").text
    assert page.count('type="checkbox"') == 6
    assert page.count(" checked") == 5  # all but consent to marketing
    assert "New reviews of your courses" not in page
    assert "New reviews of your courses" in ada.get("/account/notifications").text
    saved = cy.post("/account/notifications", data={"kinds": ["refund"]})
    assert saved.status_code == 303
    with app.app_context():
        cy_row = db.session.get_one(User, cast.cy.id)
        assert mail_preferences.wants(cast.cy.id, NotificationKind.REFUND)
        assert KIND in mail_preferences.refused_by(cy_row)
    assert cy.get("/account/notifications").text.count(" checked") == 1
    cy.post("/account/notifications", data={"kinds": ["refund", "report_decided"]})
    with app.app_context():
        assert mail_preferences.wants(cast.cy.id, KIND)
    assert cy.post("/account/notifications", data={"kinds": ["course_approved"]}).status_code == 422


def test_the_bell_counts_up_to_nine(app: Flask, cast: Cast, signed_in: Browser) -> None:
    cy, bo = signed_in(cast.cy), signed_in(cast.bo)
    assert 'aria-label="Notifications"' in cy.get("/courses").text
    tell(app, cast.cy)
    assert 'aria-label="Notifications, 1 unread"' in cy.get("/courses").text
    for number in range(11):
        tell(app, cast.cy, number)
    page = cy.get("/courses").text
    assert 'aria-label="Notifications, 9 or more unread"' in page
    assert ">9+</span>" in page
    assert 'aria-label="Notifications"' in bo.get("/courses").text


def test_the_count_takes_no_query_of_its_own(app: Flask, cast: Cast, signed_in: Browser) -> None:
    tell(app, cast.cy)
    cy, sent = signed_in(cast.cy), []
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
    assert "1 unread" in cy.get("/orders").text
    assert len([one for one in sent if "notifications" in one]) == 1
    assert "user_sessions" in next(one for one in sent if "notifications" in one)


def test_the_list_is_read_row_by_row_or_at_once(app: Flask, cast: Cast, signed_in: Browser) -> None:
    cy = signed_in(cast.cy)
    assert "No notifications yet" in cy.get("/notifications").text
    first, second, third = (tell(app, cast.cy, number, label="See the course") for number in range(3))
    page = cy.get("/notifications").text
    assert page.index("Word 2") < page.index("Word 1") < page.index("Word 0")
    assert page.count("(unread)") == 3
    assert read_at(app, first) is None
    opened = cy.post(f"/notifications/{first}/open")
    assert (opened.status_code, opened.location) == (303, "/courses/flask-first-steps")
    assert read_at(app, first) is not None
    assert cy.post(f"/notifications/{second}/read").location == "/notifications"
    in_place = cy.post(f"/notifications/{second}/read", headers=HTMX)
    assert in_place.text.lstrip().startswith("<li")
    assert "(unread)" not in in_place.text
    assert cy.post("/notifications/read-all").location == "/notifications"
    assert read_at(app, third) is not None
    assert "Mark all as read" not in cy.get("/notifications").text


def test_what_others_were_told_is_out_of_reach(app: Flask, cast: Cast, signed_in: Browser) -> None:
    id_ = tell(app, cast.cy)
    bo = signed_in(cast.bo)
    assert "Word 0" not in bo.get("/notifications").text
    for address in (f"/notifications/{id_}/open", f"/notifications/{id_}/read"):
        assert bo.post(address).status_code == 404
    assert bo.get(f"/notifications?before={id_}").status_code == 404
    bo.post("/notifications/read-all")
    assert read_at(app, id_) is None


def test_long_lists_come_in_pages_with_few_queries(
    app: Flask, cast: Cast, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "PER_PAGE", 2)
    ids = [tell(app, cast.cy, number) for number in range(5)]
    cy, seen, address = signed_in(cast.cy), [], "/notifications"
    with app.app_context():
        engine = db.engine
    sent: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
    for last in (ids[3], ids[1], None):
        sent.clear()
        page = cy.get(address).text
        assert len([one for one in sent if not one.startswith("BEGIN")]) <= 4
        seen += [number for number in range(5) if f"Word {number}" in page]
        address = f"/notifications?before={last}"
        assert (address in page) == (last is not None)
    assert sorted(seen) == [0, 1, 2, 3, 4]
