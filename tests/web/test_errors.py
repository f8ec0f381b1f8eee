"""Errors: in the site's clothes, with a request id, and nothing of the inside."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from app import trusted_hosts
from domain.base.log import log
from models import User
from tests.cast import Cast
from web import logs


@pytest.fixture
def faults(app: Flask, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A client of an application whose health page fails in the ways asked for by `?how=`."""

    def fail(how: str) -> None:
        if how == "database":
            raise OperationalError("SELECT 1", {}, Exception("database is locked"))
        raise RuntimeError("the inside of the house")

    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.config["TESTING"] = False
    monkeypatch.setitem(app.view_functions, "site.healthz", lambda: fail("bug"))
    monkeypatch.setitem(app.view_functions, "site.readyz", lambda: fail("database"))
    return app.test_client()


def test_a_fault_of_ours_shows_a_request_id_and_no_trace(
    faults: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    log.addHandler(caplog.handler)
    answer = faults.get("/healthz")
    log.removeHandler(caplog.handler)
    assert answer.status_code == 500
    assert "the inside of the house" not in answer.text
    assert "Traceback" not in answer.text
    request_id = answer.headers["X-Request-Id"]
    assert request_id in answer.text
    assert any(getattr(r, "data", {}).get("id") == request_id and r.exc_info for r in caplog.records)


def test_a_busy_database_is_a_503_with_a_way_on(faults: FlaskClient) -> None:
    answer = faults.get("/readyz")
    assert answer.status_code == 503
    assert "locked" not in answer.text


@pytest.mark.parametrize(("how", "status"), [("bug", 500), ("database", 503)])
def test_what_was_typed_may_have_been_saved_when_it_fails_afterwards(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient], monkeypatch: pytest.MonkeyPatch,
    how: str, status: int,
) -> None:  # fmt: skip
    save = app.view_functions["account.profile"]

    def save_and_fail() -> None:
        save()
        raise RuntimeError if how == "bug" else OperationalError("SELECT 1", {}, Exception("is locked"))

    bo = signed_in(cast.bo)
    app.config["PROPAGATE_EXCEPTIONS"] = app.config["TESTING"] = False
    monkeypatch.setitem(app.view_functions, "account.profile", save_and_fail)
    words = {"name": "Bo", "bio": "I garden.", "timezone": "UTC"}
    answer = bo.post("/account", data=words, headers={"Origin": "http://localhost"})
    assert answer.status_code == status
    assert "It may not have been saved." in answer.text
    assert "I garden.</textarea>" in answer.text
    assert "It was not saved." not in answer.text


def test_unknown_addresses_get_the_sites_404(client: FlaskClient) -> None:
    answer = client.get("/no/such/page")
    assert answer.status_code == 404
    assert "<header" in answer.text


def test_every_page_carries_the_security_headers(client: FlaskClient) -> None:
    headers = client.get("/no/such/page").headers
    assert "'unsafe" not in headers["Content-Security-Policy"]
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"


def test_what_one_person_sees_is_stored_nowhere(
    client: FlaskClient, cast: Cast, signed_in: Callable[[User], FlaskClient]
) -> None:
    """Or the Back button would show it to whoever sits there next."""
    assert client.get("/").headers["Cache-Control"] == "private, no-cache"
    assert signed_in(cast.bo).get("/").headers["Cache-Control"] == "private, no-store"


def test_a_json_log_line_has_what_an_operator_looks_for(client: FlaskClient) -> None:
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(logs.JsonLines().format(record))  # type: ignore[method-assign]
    log.addHandler(handler)
    client.get("/healthz")
    log.removeHandler(handler)
    line = json.loads(lines[-1])
    assert line["route"] == "/healthz"
    assert line["status"] == 200
    assert line["queries"] == 0
    assert {"time", "level", "message", "id", "ms", "method"} <= set(line)


def test_production_answers_to_its_own_name_only(app: Flask) -> None:
    settings = replace(app.config["SETTINGS"], env="production", base_url="https://courses.example.com")
    app.config["TRUSTED_HOSTS"] = trusted_hosts(settings)
    visitor = app.test_client()
    assert visitor.get("/healthz", headers={"Host": "courses.example.com"}).status_code == 200
    assert visitor.get("/healthz", headers={"Host": "127.0.0.1:8000"}).status_code == 200
    assert visitor.get("/healthz", headers={"Host": "evil.example"}).status_code == 400
