"""The whole house for a real browser: web server, worker and payment sandbox, in threads of this process."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

import jobs
from jobs import runner
from models import EmailMessage, db
from stripe_sandbox.testing import SECRET, RunningSandbox
from tests.accessibility import DESK

expect.set_options(timeout=20_000)
logging.getLogger("werkzeug").setLevel(logging.WARNING)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here drives a browser."""
    for item in items:
        if "journeys" in item.path.parts:
            item.add_marker(pytest.mark.browser)


@dataclass
class House:
    """A running Lectern: its address, its application and its Stripe."""

    url: str
    app: Flask
    stripe: RunningSandbox

    def mail_to(self, address: str, template: str) -> EmailMessage:
        """The newest message of this kind to this address."""
        query = (
            select(EmailMessage)
            .where(EmailMessage.recipient == address, EmailMessage.template == template)
            .order_by(EmailMessage.created_at.desc())
        )
        with self.app.app_context():
            for _ in range(200):  # the worker writes some of them, in a moment
                message = db.session.scalars(query).first()
                if message is not None:
                    db.session.expunge(message)
                    return message
                db.session.rollback()
                time.sleep(0.05)
        raise AssertionError(f"no {template} mail to {address}")

    def link_in_mail(self, address: str, template: str) -> str:
        """The one address of ours that such a message asks to open."""
        message = self.mail_to(address, template)
        return next(str(v) for v in message.data.values() if str(v).startswith(self.url))


@pytest.fixture
def house(app: Flask) -> Iterator[House]:
    """Everything a browser needs, on free ports of this machine, with CSRF on."""
    # It takes a port at once: one that is only found free may be another process's a moment later.
    server = make_server("127.0.0.1", 0, app, threaded=True)
    server.daemon_threads = False  # so that closing waits for the requests in flight
    url = f"http://127.0.0.1:{server.port}"
    with RunningSandbox(webhook_url=f"{url}/stripe/webhook", deliver=True) as stripe:
        app.config["SETTINGS"] = replace(
            app.config["SETTINGS"],
            base_url=url,
            stripe_api_base=stripe.url,
            stripe_webhook_secrets=(SECRET,),
            stripe_secret_key=RunningSandbox.api_key,
        )
        app.config["WTF_CSRF_ENABLED"] = True
        over, written = threading.Event(), threading.Event()
        threads = [
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True),
            threading.Thread(target=_work, args=(app, over, written), daemon=True),
        ]

        def wake(_session: Session) -> None:
            written.set()

        event.listen(Session, "after_commit", wake)
        for thread in threads:
            thread.start()
        yield House(url, app, stripe)
        event.remove(Session, "after_commit", wake)
        over.set()
        written.set()
        server.shutdown()
        server.server_close()
        for thread in threads:
            thread.join()


def _work(app: Flask, over: threading.Event, written: threading.Event) -> None:
    """Do what is due as soon as it is written, and what was to wait a moment later."""
    while not over.is_set():
        written.wait(0.25)
        written.clear()
        with app.app_context():
            if runner.lanes_due():
                jobs.run_all()


@pytest.fixture
def visitor(chromium: Browser, house: House) -> Iterator[Callable[..., Page]]:
    """A function that gives a fresh browser window; a page fault or a CSP violation fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_window(javascript: bool = True, viewport: dict[str, int] = DESK, **more: Any) -> Page:
        context = chromium.new_context(
            java_script_enabled=javascript,
            viewport=viewport,  # type: ignore[arg-type]
            base_url=house.url,
            reduced_motion="reduce",
            **more,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: _note(message.text, complaints))
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert complaints == []


def _note(text: str, complaints: list[str]) -> None:
    if "Content Security Policy" in text or "Uncaught" in text:
        complaints.append(text)
