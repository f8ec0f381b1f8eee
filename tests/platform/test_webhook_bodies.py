"""A signed webhook of any shape is stored or refused; it is never our fault."""

import json
import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from models import StripeEvent, db
from stripe_sandbox.signing import signature

EVENT = {
    "id": "evt_1", "object": "event", "type": "charge.succeeded", "livemode": False,
    "data": {"object": {"id": "ch_1"}},
}  # fmt: skip


def nested(levels: int) -> Any:
    """Lists within lists."""
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def deliver(client: FlaskClient, body: bytes) -> int:
    """Post `body` with a signature that fits; the status."""
    header = signature(body, ["whsec_tests"], int(time.time()))
    return client.post("/stripe/webhook", data=body, headers={"Stripe-Signature": header}).status_code


def stored(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(StripeEvent)) or 0


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"object": None}},
        {"data": {"object": []}},
        {"data": {"object": "cs_1"}},
        {"data": {"object": 1}},
        {"data": {"object": {"id": None}}},
        {"data": {"object": {"id": {"id": "cs_1"}}}},
        {"data": {}},
        {"data": None},
        {"data": []},
        {"data": "object"},
        {"id": None},
        {"id": ""},
        {"id": 7},
        {"id": "evt_" + "x" * 300},
        {"id": "evt_\0"},
        {"id": "evt_\ud800"},
        {"type": None},
        {"type": ["refund.created"]},
        {"type": "x" * 101},
        {"livemode": "false"},
        {"livemode": None},
        {"object": None},
        {"object": {}},
        {"note": "a NUL \0 in the text"},
        {"note": "half a character \ud83d"},
        {"no\0te": 1},
        {"note": float("inf")},
        {"note": float("nan")},
        {"note": nested(70)},
    ],
    ids=lambda change: ascii(change)[:40],
)
def test_a_signed_body_that_is_no_event_is_refused(
    app: Flask, client: FlaskClient, change: dict[str, Any]
) -> None:
    assert deliver(client, json.dumps({**EVENT, **change}).encode()) == 400
    assert stored(app) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"7", b'"event"', b"{}", b"{", b"\xff\xfe", b"[" * 100_000,
        b'{"object": "event", "data": ' + b'{"object": ' * 50_000,
        b'{"id": ' + b"9" * 5_000 + b"}",
        b'{"id": 1e999}',
    ],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
def test_a_signed_body_that_is_no_json_object_is_refused(
    app: Flask, client: FlaskClient, body: bytes
) -> None:
    assert deliver(client, body) == 400
    assert stored(app) == 0


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"data": {"object": {}}},
        {"data": {"object": {"object": "balance"}}},
        {"type": "something.new"},
        {"note": nested(50)},
        {"note": 10**300},
        {"note": "x" * 1_000_000},
        {"type": "refund.created", "data": {"object": {}}},
        {"type": "checkout.session.completed", "data": {"object": {}}},
    ],
    ids=lambda change: ascii(change)[:40],
)
def test_a_signed_event_is_stored_whatever_it_is_about(
    app: Flask, client: FlaskClient, change: dict[str, Any]
) -> None:
    assert deliver(client, json.dumps({**EVENT, **change}).encode()) == 204
    assert stored(app) == 1


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(app: Flask, client: FlaskClient) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 1000
    assert deliver(client, json.dumps({**EVENT, "note": "x" * 2000}).encode()) == 413
    assert stored(app) == 0
