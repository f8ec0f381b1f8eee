"""The shop that is recorded: always the same at the start, asked through its front doors only."""

import io
import json
import os
import shutil
import smtplib
import sqlite3
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from unittest import mock

from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from models import db
from stripe_sandbox.testing import RunningSandbox
from tests import cast as cast_module
from tests.fixtures import Databases, application
from tests.house.forms import Page
from tests.house.frozen import MOMENT, clock, entropy
from tests.house.stage import PEOPLE, fill
from tests.house.writing import letter, said, typed

SWAP = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Current-URL": "http://localhost/"}
AGENT = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0"}
Rows = dict[str, Counter[str]]


class MailServer:
    """Takes what is sent instead of a mail server."""

    letters: list[EmailMessage] = []  # noqa: RUF012 - one for the process, as the real one is

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __enter__(self) -> "MailServer":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def send_message(self, message: EmailMessage) -> None:
        """Keep a letter."""
        self.letters.append(message)


class Shop:
    """The application, the cast's browsers, and everything it leaves behind."""

    def __init__(self, folder: Path) -> None:
        mock.patch.object(smtplib, "SMTP", MailServer).start()
        self.folder, self.store = folder, folder / "storage"
        self.databases = Databases(folder)
        more = {"SMTP_HOST": "mail.example", "SMTP_SECURITY": "none"}
        self.app = application(self.databases, **more)
        self.app.config["WTF_CSRF_ENABLED"] = True
        self.stripe = self._stripe()
        entropy.begin("the cast")
        clock.back()
        clock.pass_by(-3600)
        self.databases.make_template(self.app, cast_module.build)
        self.databases.copy(self.app)
        with self.app.app_context():
            self.cast = cast_module.load()
        self.words = fill(self.app, self.cast)
        clock.back()
        self.cookies: dict[str, dict[str, str]] = {person: {} for person in PEOPLE}
        self.tokens: dict[str, str] = {}
        for person in PEOPLE:
            self._sign_in(person)
        self._keep()

    def _sign_in(self, person: str) -> None:
        """Sign in as people do, and keep the token that the forms of this browser carry."""
        entropy.begin(f"sign in {person}")
        token = Page("/login", self.ask(person, "/login").text).token
        if person != "out":
            form = {"email": f"{person}@example.com", "password": cast_module.PASSWORD, "csrf_token": token}
            answer = self.ask(person, "/login", form)
            assert answer.status_code == 303, answer.text
        self.tokens[person] = Page("/", self.ask(person, "/about").text).token or token

    def _keep(self) -> None:
        """Make what stands now the state that `restore` comes back to."""
        self.command("worker", "--once")  # what the schedule has due at MOMENT is no part of any answer
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()
        with closing(sqlite3.connect(self.folder / "test.db")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(self.folder / "test.db", self.folder / "template.db")
        for path in self.store.rglob("*"):
            os.utime(path, (MOMENT.timestamp(),) * 2)
        shutil.copytree(self.store, self.folder / "template")
        self.before, self.files_before = self.rows(), self.files()
        self.restore()

    def restore(self) -> None:
        """Put back rows and files, and forget what the process remembers."""
        self.databases.copy(self.app)
        if self.files() != self.files_before:
            shutil.rmtree(self.store)
            shutil.copytree(self.folder / "template", self.store)
        for key in [key for key in self.app.extensions if key.startswith("lectern_cache")]:
            del self.app.extensions[key]
        if self.stripe.requests():
            self.stripe.stop()
            self.stripe = self._stripe()
        MailServer.letters.clear()
        clock.back()

    def _stripe(self) -> RunningSandbox:
        def receiver(body: bytes, headers: dict[str, str]) -> int:
            return self.app.test_client().post("/stripe/webhook", data=body, headers=headers).status_code

        stripe = RunningSandbox(receiver=receiver, webhook_secrets=["whsec_tests"]).start()
        settings = self.app.config["SETTINGS"]
        self.app.config["SETTINGS"] = replace(settings, stripe_api_base=stripe.url)
        return stripe

    def ask(self, person: str, address: str, form: Any = None, swap: bool = False) -> TestResponse:
        """Ask as a person; with a `form` (possibly empty) by POST. Their cookies are kept up to _keep()."""
        client = self.app.test_client()
        for name, value in self.cookies[person].items():
            client.set_cookie(name, value)
        more: dict[str, Any] = {"headers": AGENT | (SWAP if swap else {})}
        if form is not None:
            more |= {"method": "POST", "data": form}
        answer: TestResponse = client.open(address, **more)
        if person not in self.tokens:
            for cookie in answer.headers.getlist("Set-Cookie"):
                name, _, value = cookie.partition(";")[0].partition("=")
                self.cookies[person][name] = value
        return answer

    def post(self, person: str, address: str, form: Any, swap: bool = False) -> Iterator[str]:
        """Post, and tell the answer, the rows and files it leaves, and the same of the jobs it asks for."""
        name = typed(form)
        clock.back()
        clock.pass_by(60)  # who posts has looked at the page for a while
        entropy.begin(f"POST {address} {person} {name}")
        body = form
        if not isinstance(form, bytes):
            pairs = [
                (key, value if isinstance(value, str) else (io.BytesIO(value[0]), value[1]))
                for key, value in form.items(multi=True)
            ]
            body = MultiDict([*pairs, ("csrf_token", self.tokens[person])])
        answer = self.ask(person, address, body, swap)
        yield f"=== POST {address}{' swapped' if swap else ''} {name}"
        yield from self.clean(said(answer))
        left = yield from self.traces("leaves", self.before)
        if left["jobs"] != self.before["jobs"]:
            yield f"--- the worker: {self.work()}"
            left = yield from self.traces("the worker leaves", left)
        if left != self.before or self.files() != self.files_before or self.stripe.requests():
            self.restore()

    def work(self) -> str:
        """Let the worker do what is due, and what is due a minute later."""
        first = self.command("worker", "--once")
        clock.pass_by(60)
        return first + " / " + self.command("worker", "--once")

    def command(self, *words: str) -> str:
        """Run a command of `flask` and answer what it says."""
        entropy.begin(" ".join(self.clean(words)))
        result = self.app.test_cli_runner().invoke(args=list(words))
        trouble = result.exception if not isinstance(result.exception, SystemExit) else None
        end = f" (exit {result.exit_code} {trouble or ''})" if result.exit_code else ""
        return "\n".join(self.clean([result.output.strip() + end]))

    def traces(self, title: str, before: Rows) -> Generator[str, None, Rows]:
        """Tell which rows differ from `before`, which files, and the letters; answer the rows."""
        if (buffer := self.app.extensions.get("lectern_cache_events")) is not None:
            buffer.flush()
        after = self.rows()
        for table in sorted(after):
            for sign, gone in (("-", before[table] - after[table]), ("+", after[table] - before[table])):
                for row in sorted(gone.elements()):
                    yield from self.clean([f"--- {title}: {sign} {table} {row}"])
        files = self.files()
        for name in sorted(files.keys() ^ self.files_before.keys()):
            yield f"--- {title}: {'+' if name in files else '-'} file {name} {files.get(name, '')}"
        for message in MailServer.letters:
            yield "--- sends"
            yield from self.clean(letter(message))
        MailServer.letters.clear()
        return after

    def rows(self) -> Rows:
        """Every row of every table, as JSON."""
        found: Rows = {}
        connection = sqlite3.connect(self.folder / "test.db")
        connection.row_factory = sqlite3.Row
        for table in sorted(db.metadata.tables):
            rows = connection.execute(f'SELECT * FROM "{table}"')
            found[table] = Counter(json.dumps(dict(row), sort_keys=True, default=repr) for row in rows)
        connection.close()
        return found

    def files(self) -> dict[str, int]:
        """Every stored file with its size."""
        found = (path for path in self.store.rglob("*") if path.is_file())
        return {str(path.relative_to(self.store)): path.stat().st_size for path in found}

    def clean(self, lines: Any) -> Iterator[str]:
        """Name the places that differ by run: the folder and the port of Stripe."""
        for line in lines:
            yield line.replace(str(self.folder), "{folder}").replace(self.stripe.url, "{stripe}")
