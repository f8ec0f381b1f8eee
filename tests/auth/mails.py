"""What was mailed, as the tests read it."""

import re
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

import jobs
from models import EmailMessage, User, db

SignIn = Callable[[User], FlaskClient]


def sent(app: Flask, template: str | None = None, to: str | None = None) -> list[EmailMessage]:
    """The messages written so far, oldest first, after every job that waits was done."""
    with app.app_context():
        jobs.run_all()
        query = db.select(EmailMessage).order_by(EmailMessage.created_at, EmailMessage.id)
        found = [m for m in db.session.scalars(query) if template in (None, m.template)]
        db.session.expunge_all()
    return [m for m in found if to in (None, m.recipient)]


def link(app: Flask, template: str, to: str | None = None) -> str:
    """The path of the link in the latest message of this kind."""
    return re.sub(r"^https?://[^/]+", "", sent(app, template, to)[-1].data["url"])
