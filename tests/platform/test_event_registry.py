"""Every event is registered, written somewhere, and refused in any other shape."""

import ast
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.base import clock
from domain.platform import events
from domain.platform.event_registry import REGISTRY, EventName, Writer
from models import Event, User, db
from tests.cast import Cast
from tests.platform.test_events import FIREFOX, PAGE, written

ROOT = Path(__file__).parents[2]
Browser = Callable[[User], FlaskClient]
COURSE = uuid.uuid4()
VERBS = {
    "events.record": Writer.VISIT, "events.write": Writer.SERVER, "visitor.record": Writer.VISIT,
    "visitor.record_cart": Writer.VISIT,
    "order_events.write": Writer.SERVER, "order_events.write_dispute": Writer.SERVER,
    "_write": Writer.SERVER, "_row": Writer.VISIT,
}  # fmt: skip
PASSED_ON = ("name", "connection")  # by the verbs themselves


def writes() -> list[tuple[str, str]]:
    """Every call of a verb that writes an event: the verb, and the name of the event it is given."""
    found = []
    for area in ("domain", "blueprints", "web", "jobs", "cli"):
        for path in (ROOT / area).rglob("*.py"):
            text = path.read_text()
            if "EventName" not in text:
                continue
            for call in ast.walk(ast.parse(text)):
                if isinstance(call, ast.Call) and call.args and ast.unparse(call.func) in VERBS:
                    found.append((ast.unparse(call.func), ast.unparse(call.args[0])))
    return found


def test_every_registered_name_is_written_and_every_write_names_one() -> None:
    named = {(verb, name) for verb, name in writes() if name not in PASSED_ON}
    assert {name for _, name in named} == {f"EventName.{name.name}" for name in REGISTRY}
    for verb, name in named:
        definition = REGISTRY[EventName[name.removeprefix("EventName.")]]
        assert definition.writer == VERBS[verb], (verb, name)


def test_nothing_else_writes_events() -> None:
    """Only the events module inserts them, so that none goes past the registry."""
    found = [
        path.relative_to(ROOT).as_posix()
        for area in ("domain", "blueprints", "web", "jobs", "cli")
        for path in (ROOT / area).rglob("*.py")
        if re.search(r"insert\(Event\)|upsert\(Event\)|[^.\w]Event\(\s*\w+=", path.read_text())
    ]
    assert found == ["domain/platform/events.py"]


def test_the_registry_is_what_operators_read() -> None:
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", (ROOT / "docs" / "events.md").read_text(), re.M)
    assert [name for name, _ in rows] == list(REGISTRY)
    for name, row in rows:
        definition = REGISTRY[EventName(name)]
        assert re.findall(r"`(\w+)`", row) == list(definition.properties), name
        assert f" {definition.writer} " in row, name
        assert tuple(re.findall(r"`(\w+)`\*", row)) == definition.personal, name


def test_names_are_words_that_fit_their_column() -> None:
    longest = db.metadata.tables["events"].c.name.type.length  # type: ignore[attr-defined]
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) and len(name) <= longest for name in REGISTRY)
    assert set(EventName) == set(REGISTRY)
    for definition in REGISTRY.values():
        assert set(definition.personal) <= set(definition.properties)


@pytest.mark.parametrize(
    ("name", "filled", "properties"),
    [
        ("course_watched", {}, {}),
        ("", {}, {}),
        (EventName.PAGE_VIEW, {}, {}),
        (EventName.PAGE_VIEW, {}, {"page": None}),
        (EventName.PAGE_VIEW, {}, {"page": "/", "more": 1}),
        (EventName.PAGE_VIEW, {"course_id": COURSE}, {"page": "/"}),
        (EventName.CONTENT_VIEW, {}, {"kind": "course"}),
        (EventName.CONTENT_VIEW, {"course_id": COURSE}, {}),
        (EventName.LESSON_WATCHED, {"course_id": COURSE}, {"seconds": 5}),
        (EventName.LESSON_WATCHED, {"course_id": COURSE, "lesson_id": COURSE}, {"seconds": "5"}),
        (EventName.LESSON_WATCHED, {"course_id": COURSE, "lesson_id": COURSE}, {"seconds": True}),
        (EventName.SEARCHED, {}, {"query": "flask"}),
        (EventName.SIGNED_UP, {}, {"via": "email"}),  # a server's
    ],
)
def test_what_is_not_registered_like_this_is_refused(
    app: Flask, name: Any, filled: dict[str, uuid.UUID], properties: dict[str, Any]
) -> None:
    with app.app_context():
        with pytest.raises(ValueError, match=r"event|require|written|about"):
            events.record(name, **filled, **properties)
        assert events.flush() == 0


def test_the_servers_verb_refuses_likewise(app: Flask, cast: Cast) -> None:
    with app.app_context():
        for name, properties in ((EventName.PAGE_VIEW, {"page": "/"}), (EventName.SIGNED_UP, {})):
            with pytest.raises(ValueError, match=str(name)):
                events.write(name, cast.bo.id, **properties)
        assert db.session.query(Event).count() == 0


def test_an_event_of_the_server_is_kept_exactly_with_what_it_tells(app: Flask, cast: Cast) -> None:
    with app.app_context():
        events.write(EventName.SIGNED_UP, cast.bo.id, via="email")
        db.session.rollback()
        assert db.session.query(Event).count() == 0
        events.write(EventName.SIGNED_UP, cast.bo.id, via="email")
        db.session.commit()
    [row] = written(app)
    assert (row.name, row.user_id, row.properties) == ("signed_up", cast.bo.id, {"via": "email"})
    assert (row.ip, row.visitor, row.user_agent) == ("", "", "")


def test_pages_are_recorded_by_their_route(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    for address in (f"{PAGE}?token=secret", "/courses", "/", "/nowhere", "/static/css/base.css", "/healthz"):
        browser.get(address, headers=FIREFOX)
    browser.get("/courses", headers=FIREFOX | {"HX-Request": "true"})
    browser.get("/", headers=FIREFOX | {"Sec-Purpose": "prefetch"})
    browser.get("/", headers={"User-Agent": "Googlebot/2.1"})
    pages = [row for row in written(app, pages=True) if row.name == "page_view"]
    assert [row.properties["page"] for row in pages] == ["/courses/<slug>", "/courses", "/"]
    assert {row.user_id for row in pages} == {cast.bo.id}
    assert all(row.visitor and row.course_id is None for row in pages)


def test_a_page_that_the_browser_still_has_was_opened_too(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    first = client.get(PAGE, headers=FIREFOX)
    again = client.get(PAGE, headers=FIREFOX | {"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    rows = written(app, pages=True)
    assert sorted(row.name for row in rows) == ["content_view"] * 2 + ["page_view"] * 2
    assert len({row.visitor for row in rows}) == 1


def test_work_is_no_visit(app: Flask, cast: Cast, signed_in: Browser) -> None:
    signed_in(cast.mo).get("/courses", headers=FIREFOX)
    signed_in(cast.mo).get("/admin", headers=FIREFOX)
    signed_in(cast.ada).get("/studio", headers=FIREFOX)
    assert written(app, pages=True) == []


@pytest.mark.parametrize("wish", [{"DNT": "1"}, {"Sec-GPC": "1"}])
def test_who_opts_out_is_counted_without_words(
    app: Flask, cast: Cast, signed_in: Browser, wish: dict[str, str]
) -> None:
    signed_in(cast.bo).get("/courses?q=flask", headers=FIREFOX | wish)
    rows = written(app, pages=True)
    assert {row.name: row.properties.get("query") for row in rows} == {"searched": "", "page_view": None}
    assert {(r.user_id, r.visitor, r.ip, r.user_agent, r.referrer) for r in rows} == {(None, "", "", "", "")}


def test_of_letters_typed_only_the_search_arrived_at_is_kept(
    app: Flask, client: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def search(words: str, **more: str) -> None:
        client.get("/courses", query_string={"q": words, **more}, headers=FIREFOX | {"HX-Request": "true"})

    for words in ("f", "fla", "Flask", "flas", "flask", "sql"):
        search(words)
    search("sql", page="2")
    with app.app_context():
        assert events.flush(everything=False) == 1, "the last one may still go on"
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(seconds=11))
    search("sqlite")
    kept = [row.properties for row in written(app)]
    assert [one["query"] for one in kept] == ["flask", "sql", "sqlite"]
    assert [type(one["found"]) for one in kept] == [int] * 3
    assert kept[0]["found"] > 0


def test_bots_and_admins_search_unseen(app: Flask, cast: Cast, signed_in: Browser) -> None:
    signed_in(cast.mo).get("/courses?q=flask", headers=FIREFOX)
    signed_in(cast.bo).get("/courses?q=flask", headers={"User-Agent": "curl/8"})
    assert written(app, pages=True) == []
