"""Liveness and readiness."""

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from domain.platform import health
from models import WorkerBeat, db, now


def test_healthz_asks_nobody(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}


def test_readyz_says_which_part_is_not_well(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["database"] == "ok"
    assert answer.json["migrations"] == "ok"
    assert answer.json["worker"].startswith("never seen")


def test_readyz_is_ok_while_the_worker_beats(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        health.heartbeat("tests")
        db.session.commit()
    assert client.get("/readyz").status_code == 200
    with app.app_context():
        db.session.get_one(WorkerBeat, "tests").at = now() - timedelta(minutes=5)
        db.session.commit()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["worker"].startswith("silent since")
