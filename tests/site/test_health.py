"""Liveness and readiness."""

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.base.log import log
from domain.platform import health
from models import User, WorkerBeat, db, now
from tests.cast import Cast


@pytest.fixture(autouse=True)
def nothing_said(app: Flask) -> None:
    """The application serves other tests as well: it forgets what it has logged last."""
    app.extensions.pop("readiness", None)


def test_healthz_asks_nobody(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}


def test_readyz_tells_visitors_no_more_than_a_word(
    cast: Cast,
    client: FlaskClient,
    signed_in: Callable[[User], FlaskClient],
    caplog: pytest.LogCaptureFixture,
) -> None:
    log.addHandler(caplog.handler)
    answers = [visitor.get("/readyz") for visitor in (client, signed_in(cast.bo), signed_in(cast.ada))]
    log.removeHandler(caplog.handler)
    assert {(answer.status_code, answer.text.strip()) for answer in answers} == {
        (503, '{"status":"unready"}')
    }
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == ["unready: worker: never seen: start it with flask worker"]


def test_the_log_says_what_is_wrong_when_it_changes_and_that_it_is_over(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    well = {"database": "ok", "migrations": "ok", "worker": "ok", "backup": "ok"}
    backup, worker = {"backup": "warning: There is no backup."}, {"worker": "silent"}
    log.addHandler(caplog.handler)
    for wrong in ({}, backup, backup, backup | worker, backup, {}, {}, backup):
        monkeypatch.setattr(health, "checks", lambda wrong=wrong: well | wrong)
        client.get("/readyz")
    log.removeHandler(caplog.handler)
    said = [record.getMessage() for record in caplog.records if record.name == "lectern"]
    assert [line for line in said if "GET /readyz" not in line] == [
        "warning: backup: There is no backup.",
        "unready: worker: silent; backup: There is no backup.",
        "warning: backup: There is no backup.",
        "ok",
        "warning: backup: There is no backup.",
    ]


def test_readyz_tells_admins_which_part_is_not_well(
    cast: Cast, signed_in: Callable[[User], FlaskClient]
) -> None:
    answer = signed_in(cast.mo).get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert (answer.json["database"], answer.json["migrations"]) == ("ok", "ok")
    assert answer.json["worker"].startswith("never seen")


def test_readyz_is_ok_while_the_worker_beats(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        health.heartbeat("tests")
        db.session.commit()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    with app.app_context():
        db.session.get_one(WorkerBeat, "tests").at = now() - timedelta(minutes=5)
        db.session.commit()
    assert client.get("/readyz").status_code == 503
    with app.app_context():
        assert health.checks()["worker"].startswith("silent since")
