"""Links are looked at without asking anything of this machine or its network."""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from flask import Flask

import jobs
from domain.authoring import submission
from domain.moderation import link_check
from models import Course, Lesson, ModerationItem, Resource, ResourceKind, User, db
from tests.cast import Cast


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1", "localhost", "",
    ],
)  # fmt: skip
def test_nothing_of_ours_is_asked(address: str) -> None:
    assert not link_check.is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_the_open_internet_is(address: str) -> None:
    assert link_check.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://2130706433/", "http://0x7f.1/",
        "https://example.com:22/", "http://example.com:8080/", "ftp://example.com/", "file:///etc/passwd",
        "http://", "http:///x", "http://exa mple.com/\r\nX: y", "gopher://example.com/",
    ],
)  # fmt: skip
def test_strange_addresses_are_left_alone(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    def never(*_: object, **__: object) -> socket.socket:
        raise AssertionError("it was asked")

    monkeypatch.setattr(socket, "create_connection", never)
    link_check.problem(url)


class Site(BaseHTTPRequestHandler):
    """A site that answers as its path says; `asked` is what it was asked."""

    asked: list[tuple[str, str]] = []

    def answer(self) -> None:
        """Send the status that the path names, or lead to where it says."""
        self.asked.append((self.command, self.path))
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
        elif self.path == "/only-get":
            self.send_response(405 if self.command == "HEAD" else 200)
        else:
            self.send_response(int(self.path.strip("/") or 200))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = answer  # noqa: N815 - the names that http.server calls

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Site]]:
    """Every public name leads to a site on this machine; names that begin with "private" are private."""
    server = HTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def resolve(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        if host.startswith("unknown"):
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        address = "10.0.0.1" if host.startswith("private") else "93.184.216.34"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        assert address == ("93.184.216.34", 80), "only the address that was looked at"
        connection = socket.socket()
        connection.settimeout(timeout)
        connection.connect(("127.0.0.1", server.server_port))
        return connection

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    Site.asked = []
    yield Site
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://a.example/200", None),
        ("http://a.example/404", "Page not found."),
        ("http://a.example/410", "Page not found."),
        ("http://a.example/403", None),
        ("http://a.example/429", None),
        ("http://a.example/500", "Responds with an error (500)."),
        ("http://a.example/only-get", None),
        ("http://a.example/to//404", "Page not found."),
        ("http://a.example/to/http://private.example/200", None),
        ("http://unknown.example/", "Site not found."),
        ("http://private.example/404", None),
    ],
)
def test_what_is_said_about_a_link(site: type[Site], url: str, said: str | None) -> None:
    assert link_check.problem(url) == said


def test_redirects_into_the_network_and_in_circles_end(site: type[Site]) -> None:
    link_check.problem("http://a.example/to/http://private.example/secret")
    assert all("secret" not in path or path.startswith("/to/") for _, path in site.asked)
    site.asked.clear()
    circle = "http://a.example/to/" * 9 + "http://a.example/200"
    link_check.problem(circle)
    assert len(site.asked) <= link_check.MOST_REDIRECTS + 1


def test_a_site_that_dribbles_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = socket.socketpair()
    over = threading.Event()

    def dribble() -> None:
        there.recv(1000)
        while not over.wait(0.02):
            try:
                there.sendall(b"H")
            except OSError:
                return

    threading.Thread(target=dribble, daemon=True).start()
    monkeypatch.setattr(link_check, "SECONDS", 0.2)
    monkeypatch.setattr(link_check, "_connect", lambda *_: here)
    began = time.monotonic()
    assert link_check.problem("http://a.example/") == "No response."
    assert time.monotonic() - began < 30  # it would dribble for ever
    over.set()
    there.close()


def test_the_worker_looks_and_the_reviewer_reads(
    app: Flask, cast: Cast, signed_in: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def ask(url: str) -> tuple[int, None]:
        seen.append(url)
        return (404 if "dead" in url else 200), None

    monkeypatch.setattr(link_check, "_ask", ask)
    with app.app_context():
        lesson = db.session.get_one(Lesson, cast.draft_lesson.id)
        lesson.body_html = '<p><a href="https://a.example/dead?x=1&amp;y=2">A</a> <a href="/here">B</a></p>'
        lesson.draft = {"body": "[C](https://b.example/fine)"}
        link = Resource(lesson_id=lesson.id, title="D", kind=ResourceKind.LINK, url="https://c.example/dead")
        db.session.add(link)
        course = db.session.get_one(Course, cast.draft_course.id)
        course.description_html = '<a href="https://a.example/dead?x=1&amp;y=2">again</a>'
        submission.submit(course, db.session.get_one(User, cast.nia.id))
        item = db.session.scalars(db.select(ModerationItem.id)).one()
        db.session.commit()
    mo = signed_in(cast.mo)
    assert "haven’t been checked yet" in mo.get(f"/admin/moderation/{item}").text
    with app.app_context():
        jobs.run_all()
    assert seen == ["https://a.example/dead?x=1&y=2", "https://b.example/fine", "https://c.example/dead"]
    page = mo.get(f"/admin/moderation/{item}").text
    assert "Page not found. https://c.example/dead" in page
    assert "b.example" not in page.split("Worth checking")[1].split("</ul>")[0]


def test_answers_that_are_no_http_are_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_url: str) -> tuple[int, None]:
        raise http.client.BadStatusLine("x")

    monkeypatch.setattr(link_check, "_ask", broken)
    assert link_check.problem("http://a.example/") == "No response."
