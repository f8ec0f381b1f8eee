"""Mail: written with its cause, sent once by the worker, retried when the server is away."""

import smtplib
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_string, policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

import jobs
import mail
from models import EmailMessage, EmailStatus, Job, JobState, User, db, now
from tests.cast import Cast


class Server:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.letters: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Accept a letter."""
        self.letters.append(envelope)
        return "250 OK"


@pytest.fixture
def server(app: Flask) -> Iterator[Server]:
    """The application sends to a real SMTP server on this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = Server()
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(before, smtp_host="127.0.0.1", smtp_port=port, smtp_security="none")
    yield kept
    app.config["SETTINGS"] = before
    controller.stop()


def write(user: User) -> None:
    mail.confirm_new_email(db.session.get_one(User, user.id), user.email, "some-token")
    db.session.commit()


def only_message() -> EmailMessage:
    return db.session.scalars(select(EmailMessage)).one()


def test_a_message_has_text_and_html_and_is_sent_once(app: Flask, cast: Cast, server: Server) -> None:
    with app.test_request_context(method="POST"):
        write(cast.una)
        assert jobs.run_all() == 1
        assert only_message().status == EmailStatus.SENT
        jobs.run_all()
    assert len(server.letters) == 1
    letter = server.letters[0]
    assert letter.rcpt_tos == ["una@example.com"]
    text = letter.content.decode()
    assert "multipart/alternative" in text
    assert "Auto-Submitted: auto-generated" in text


@pytest.mark.parametrize(
    ("address", "envelope"),
    [
        ("una@example.com", "una@example.com"),
        ("una@straße.example", "una@xn--strae-oqa.example"),
        ("jörg@müller.example", "jörg@xn--mller-kva.example"),
    ],
)
def test_a_domain_is_written_in_ascii(
    app: Flask, cast: Cast, server: Server, address: str, envelope: str
) -> None:
    sender = "Schüler, Akademie <shop@müller.example>"
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], mail_from=sender)
    with app.test_request_context(method="POST"):
        db.session.get_one(User, cast.una.id).email = address
        mail.confirm_new_email(db.session.get_one(User, cast.una.id), address, "some-token")
        db.session.commit()
        jobs.run_all()
        assert only_message().status == EmailStatus.SENT, only_message().error
    letter = server.letters[0]
    assert (letter.mail_from, letter.rcpt_tos) == ("shop@xn--mller-kva.example", [envelope])
    read = message_from_string(letter.content.decode(), policy=policy.SMTPUTF8)
    assert [one.addr_spec for one in read["To"].addresses] == [envelope]
    assert [(one.display_name, one.domain) for one in read["From"].addresses] == [
        ("Schüler, Akademie", "xn--mller-kva.example")
    ]
    for name in ("Date", "From", "To", "Subject", "Message-ID", "MIME-Version"):
        assert len(read.get_all(name)) == 1, name
    assert abs(read["Date"].datetime - now()) < timedelta(minutes=1)


def test_a_server_that_takes_only_ascii_is_named_as_the_reason(
    app: Flask, cast: Cast, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtplib.SMTP, "has_extn", lambda self, name: name != "smtputf8")
    with app.test_request_context(method="POST"):
        user = db.session.get_one(User, cast.una.id)
        mail.confirm_new_email(user, "jörg@example.com", "some-token")
        db.session.commit()
        jobs.run_all()
        assert "SMTPUTF8" in (only_message().error or "")
    assert server.letters == []


def test_a_dead_mail_server_is_retried_and_loses_nothing(app: Flask, cast: Cast, server: Server) -> None:
    with app.test_request_context(method="POST"):
        working = app.config["SETTINGS"]
        app.config["SETTINGS"] = replace(working, smtp_port=9)
        write(cast.una)
        jobs.run_all()
        assert only_message().status == EmailStatus.FAILED
        assert "refused" in (only_message().error or "")
        job = db.session.scalars(select(Job).where(Job.kind == "send_email")).one()
        assert job.state == JobState.QUEUED
        assert "refused" in (job.last_error or "")
        app.config["SETTINGS"] = working
        job.run_after = now()
        db.session.commit()
        jobs.run_all()
        assert only_message().status == EmailStatus.SENT
    assert len(server.letters) == 1


def test_a_message_older_than_a_week_is_skipped(app: Flask, cast: Cast, server: Server) -> None:
    with app.test_request_context(method="POST"):
        write(cast.una)
        only_message().scheduled_for = now() - timedelta(days=8)
        db.session.commit()
        jobs.run_all()
        assert only_message().status == EmailStatus.SKIPPED
    assert server.letters == []


def test_nobody_who_has_left_is_written_to(app: Flask, cast: Cast, server: Server) -> None:
    with app.test_request_context(method="POST"):
        write(cast.una)
        db.session.get_one(User, cast.una.id).deleted_at = now()
        db.session.commit()
        jobs.run_all()
        assert only_message().status == EmailStatus.SKIPPED
    assert server.letters == []


def test_the_development_mailbox_shows_messages(app: Flask, client: FlaskClient, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        write(cast.una)
        message_id = only_message().id
    listed = client.get("/dev/mail")
    assert "una@example.com" in listed.text
    assert client.get(f"/dev/mail/{message_id}").status_code == 200
    body = client.get(f"/dev/mail/{message_id}/body.html")
    assert "some-token" in body.text
    assert "sandbox" in body.headers["Content-Security-Policy"]


def test_production_has_no_mailbox(app: Flask, client: FlaskClient) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], env="production")
    assert client.get("/dev/mail").status_code == 404
