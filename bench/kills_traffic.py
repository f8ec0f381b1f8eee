"""The learners of bench.kills, who remember what they were told, and the mailbox that gets their mails."""

import json
import random
import re
import socketserver
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import urllib3

ROOT = Path(__file__).resolve().parent.parent
PAGES = (
    "/",
    "/courses",
    "/courses?level=beginner",
    "/courses?q=python",
    "/learn",
    "/notifications",
    "/orders",
)
HOST = "courses.example.com"
PAUSE = 0.1  # seconds between two requests of a learner
FINE = {200, 204, 303}
TOKEN = re.compile(r'"X-CSRFToken": "([^"]+)"')
urllib3.disable_warnings()


@dataclass
class Learner:
    """A learner with a session. `started`, `wished`, `done`: as last answered; None when that isn't known."""

    id: str
    email: str
    cookie: str
    base: str
    course: str
    lesson: str
    wishes: str
    began: bool = False
    started: bool | None = False
    wished: bool | None = False
    done: bool | None = False
    token: str = ""
    browser: requests.Session = field(default_factory=requests.Session)

    def live(self, record: Any, until: float) -> None:
        """Read, start the course, watch, complete and wish; ends when `until` is over."""
        self.began = True
        name, _, value = self.cookie.partition("=")
        self.browser.cookies.set(name, value, domain=HOST, path="/")
        dice = random.Random(self.email)
        self._read(record, f"/courses/{self.course}")
        self.started = self._told(self._send(record, f"/learn/{self.course}/enroll", {}), True)
        lesson = f"/learn/{self.course}/{self.lesson}"
        for lap in range(6):
            if time.monotonic() > until:
                return
            self._read(record, dice.choice(PAGES))
            self._read(record, lesson if self.started else f"/courses/{self.course}")
            wish = lap % 2 == 0
            sent = {"wished": "yes" if wish else "no"}
            self.wished = self._told(self._send(record, f"/courses/{self.wishes}/wish", sent), wish)
            if self.started:
                done = lap % 3 != 1
                path = f"{lesson}/{'complete' if done else 'reopen'}"
                self.done = self._told(self._send(record, path, {}), done)

    @staticmethod
    def _told(answered: bool, state: bool) -> bool | None:
        return state if answered else None

    def _read(self, record: Any, path: str) -> None:
        answer = self._ask(record, "GET", path)
        if answer is not None and (found := TOKEN.search(answer.text)):
            self.token = found[1]

    def _send(self, record: Any, path: str, form: dict[str, str]) -> bool:
        if not self.token:
            self._read(record, "/learn")
        return self._ask(record, "POST", path, form | {"csrf_token": self.token}) is not None

    def _ask(
        self, record: Any, method: str, path: str, form: dict[str, str] | None = None
    ) -> requests.Response | None:
        headers = {"Host": HOST, "Referer": f"https://{HOST}/"}
        time.sleep(PAUSE)
        began = time.monotonic()
        try:
            answer = self.browser.request(
                method, self.base + path, data=form, headers=headers, allow_redirects=False, timeout=60,
                verify=False,  # noqa: S501 - our own certificate, on this machine
            )  # fmt: skip
            status = str(answer.status_code)
        except requests.RequestException as error:
            answer, status = None, type(error).__name__
        record.answers[f"{method} {status}"] += 1
        if answer is not None and answer.status_code in FINE:
            return answer
        record.failed.append((began, time.monotonic(), f"{method} {path}: {status}"))
        return None


class Mailbox:
    """An SMTP server that counts the mails of each recipient."""

    def __init__(self, host: str) -> None:
        self.arrived: Counter[str] = Counter()
        box = self

        class Session(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"220 ready\r\n")
                to: list[str] = []
                while line := self.rfile.readline():
                    word = line[:4].upper()
                    if word == b"RCPT":
                        to.append(line.split(b"<")[1].split(b">")[0].decode())
                    if word == b"DATA":
                        self.wfile.write(b"354 go on\r\n")
                        while self.rfile.readline() not in (b".\r\n", b""):
                            pass
                        box.arrived.update(to)
                        to = []
                    self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")
                    if word == b"QUIT":
                        return

        self.server = socketserver.ThreadingTCPServer((host, 0), Session)
        self.server.daemon_threads = True
        self.port: int = self.server.server_address[1]

    def __enter__(self) -> "Mailbox":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def learners(environ: dict[str, str], base: str, count: int) -> list[Learner]:
    """Make `count` signed-in learners in the shop of `environ`, in a process of its own."""
    script = [sys.executable, "-m", "bench.kills_traffic", str(count)]
    out = subprocess.run(script, env=environ, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [Learner(base=base, **row) for row in json.loads(out.splitlines()[-1])]


def main() -> None:
    """Print new learners of the environment's shop as JSON."""
    from sqlalchemy import select

    from app import create_app
    from domain.base import clock
    from domain.people import sessions
    from models import Course, Lesson, LessonKind, ProductStatus, ProductVisibility, User, db

    app = create_app()
    rows = []
    with app.app_context():
        offered = select(Course.slug).where(
            Course.status == ProductStatus.PUBLISHED, Course.visibility == ProductVisibility.PUBLIC
        )
        free = db.session.scalars(offered.where(Course.price_cents == 0).order_by(Course.slug)).first()
        paid = db.session.scalars(offered.where(Course.price_cents > 0).order_by(Course.slug)).first()
        lesson = db.session.scalars(
            select(Lesson.slug)
            .join(Course, Course.id == Lesson.course_id)
            .where(Course.slug == free, Lesson.published, Lesson.kind == LessonKind.TEXT)
            .order_by(Lesson.position)
        ).first()
        people = [
            User(email=f"bench{n}@example.com", name=f"Bench {n}", email_verified_at=clock.now())
            for n in range(int(sys.argv[1]))
        ]
        db.session.add_all(people)
        db.session.flush()
        for person in people:
            sessions.start(person, "bench", "127.0.0.1")
            client = app.test_client()
            with client.session_transaction(base_url=f"https://{HOST}") as session:
                session["_user_id"], session["_fresh"] = person.session_token, True
            kept = client.get_cookie(app.config["SESSION_COOKIE_NAME"], domain=HOST)
            rows.append({
                "id": str(person.id), "email": person.email, "course": free, "lesson": lesson,
                "wishes": paid, "cookie": f"{kept.key}={kept.value}" if kept else "",
            })  # fmt: skip
        db.session.commit()
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
