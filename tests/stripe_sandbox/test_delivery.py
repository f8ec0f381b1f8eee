"""Webhooks: signatures, attempts, faults on the way, verified with stripe-python itself."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from stripe_sandbox import UnsafeSettingsError
from stripe_sandbox.testing import SECRET, RunningSandbox

from .conftest import buy, checkout, client_of

COMPLETED = "checkout.session.completed"


class Shop:
    """A receiver that verifies as an app would and remembers; `answers` are given out in turn, then 200."""

    def __init__(self, *answers: int, secret: str = SECRET, pause: float = 0.0) -> None:
        self.answers = list(answers)
        self.secret = secret
        self.pause = pause
        self.seen: list[stripe.Event] = []
        self.headers: list[str] = []
        self.refused = 0
        self.together = self.most_together = 0
        self._lock = threading.Lock()

    def __call__(self, body: bytes, headers: dict[str, str]) -> int:
        with self._lock:
            self.together += 1
            self.most_together = max(self.most_together, self.together)
        time.sleep(self.pause)
        try:
            return self.receive(body, headers["Stripe-Signature"])
        finally:
            with self._lock:
                self.together -= 1

    def receive(self, body: bytes, header: str) -> int:
        """400 for what does not verify."""
        with self._lock:
            try:
                event = stripe.Webhook.construct_event(body, header, self.secret)  # type: ignore[no-untyped-call]
            except stripe.SignatureVerificationError:
                self.refused += 1
                return 400
            self.seen.append(event)
            self.headers.append(header)
            return self.answers.pop(0) if self.answers else 200

    def types(self) -> list[str]:
        """What arrived and verified, in order."""
        return [event.type for event in self.seen]


@contextmanager
def shop_open(shop: Shop, **settings: object) -> Iterator[tuple[RunningSandbox, StripeClient]]:
    """A sandbox that delivers to `shop` by itself, only completed sessions unless said."""
    chosen = {"enabled_events": (COMPLETED,), **settings}
    with RunningSandbox(receiver=shop, deliver=True, **chosen) as sandbox:
        yield sandbox, client_of(sandbox)


def eventually(true: Callable[[], bool], within: float = 60.0) -> bool:
    """Whether it comes true in time."""
    until = time.monotonic() + within
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def test_a_signed_event_verifies_and_its_bytes_never_change(
    sandbox: RunningSandbox, client: StripeClient
) -> None:
    buy(sandbox, client)
    id = sandbox.last_event(COMPLETED)["id"]
    body, headers = sandbox.signed(id)
    event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], SECRET)
    assert (event.id, event.type, event.api_version) == (id, COMPLETED, "2026-10-28.endive")
    assert event.data.object.payment_status == "paid"
    assert sandbox.signed(id, moment=int(time.time()) - 250)[0] == body


@pytest.mark.parametrize("tamper", ["tamper_body", "tamper_signature", "tamper_time", "wrong_secret"])
def test_a_spoilt_event_does_not_verify(sandbox: RunningSandbox, client: StripeClient, tamper: str) -> None:
    buy(sandbox, client)
    body, headers = sandbox.signed(sandbox.last_event(COMPLETED)["id"], tamper)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, headers["Stripe-Signature"], SECRET)


def test_an_event_of_the_tests_own_making_is_signed_as_it_is(sandbox: RunningSandbox) -> None:
    body, headers = sandbox.signed({"id": "evt_foreign", "object": "event", "type": "odd.thing"})
    assert stripe.Webhook.construct_event(body, headers["Stripe-Signature"], SECRET).type == "odd.thing"


def test_both_secrets_sign_while_they_are_rolled(sandbox: RunningSandbox, client: StripeClient) -> None:
    buy(sandbox, client)
    sandbox.secrets = ["whsec_new", SECRET]
    body, headers = sandbox.signed(sandbox.last_event(COMPLETED)["id"])
    header = headers["Stripe-Signature"]
    assert header.count("v1=") == 2
    for secret in sandbox.secrets:
        assert stripe.Webhook.construct_event(body, header, secret).type == COMPLETED
    sandbox.secrets = ["whsec_new"]
    body, headers = sandbox.signed(sandbox.last_event(COMPLETED)["id"])
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, headers["Stripe-Signature"], SECRET)


def test_an_event_shows_the_object_as_it_was_then(sandbox: RunningSandbox, client: StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Before"})
    client.v1.customers.update(customer.id, {"name": "After"})
    body, _ = sandbox.signed(sandbox.last_event("customer.created")["id"])
    assert json.loads(body)["data"]["object"]["name"] == "Before"


def test_events_go_out_by_themselves_and_are_logged() -> None:
    shop = Shop()
    with shop_open(shop, enabled_events=("*",)) as (sandbox, client):
        session = buy(sandbox, client)
        assert sandbox.drain()
        assert sorted(shop.types()) == sorted(event["type"] for event in sandbox.events())
        id = sandbox.last_event(COMPLETED)["id"]
        assert [(row["attempt"], row["state"], row["status"]) for row in sandbox.deliveries(id)] == [
            (1, "delivered", 200)
        ]
        assert client.v1.events.retrieve(id).pending_webhooks == 0
        assert session.payment_status == "paid"


@pytest.mark.parametrize("answer", [500, 404, 302, 199])
def test_anything_but_2xx_is_tried_again(answer: int) -> None:
    shop = Shop(answer, answer)
    with shop_open(shop, backoff=(0.02, 0.02)) as (sandbox, client):
        buy(sandbox, client)
        assert eventually(lambda: len(shop.seen) == 3)
        assert sandbox.drain()
        assert len({event.id for event in shop.seen}) == 1
        assert [row["state"] for row in sandbox.deliveries()] == ["failed", "failed", "delivered"]


def test_every_attempt_is_signed_with_its_own_time() -> None:
    shop = Shop(500)
    with shop_open(shop, backoff=(1.1,)) as (sandbox, client):
        buy(sandbox, client)
        assert eventually(lambda: len(shop.seen) == 2)
    assert shop.headers[0] != shop.headers[1]


def test_a_dead_endpoint_is_given_up_and_can_be_enabled_again() -> None:
    shop = Shop(500, 500, 500)
    with shop_open(shop, backoff=(0.02, 0.02)) as (sandbox, client):
        buy(sandbox, client)
        assert eventually(lambda: sandbox.endpoint_disabled)
        buy(sandbox, client)
        assert len(sandbox.deliveries()) == 3
        assert len(client.v1.events.list({"type": COMPLETED}).data) == 2
        sandbox.engine.webhooks.enable()
        buy(sandbox, client)
        assert eventually(lambda: len(shop.seen) == 4)


def test_several_are_under_way_at_once() -> None:
    shop = Shop(pause=0.15)
    with shop_open(shop) as (sandbox, client):
        for _ in range(4):
            buy(sandbox, client)
        assert eventually(lambda: len(shop.seen) == 4)
        assert shop.most_together > 1


def test_a_duplicate_is_the_same_event_twice() -> None:
    shop = Shop()
    with shop_open(shop) as (sandbox, client):
        sandbox.fault("duplicate", COMPLETED, copies=4)
        buy(sandbox, client)
        assert eventually(lambda: len(shop.seen) == 5)
        assert len({event.id for event in shop.seen}) == 1


def test_swapped_events_arrive_in_the_other_order() -> None:
    shop = Shop()
    with shop_open(shop, enabled_events=("customer.*",)) as (sandbox, client):
        sandbox.fault("swap", "customer.created")
        customer = client.v1.customers.create({"name": "A"})
        time.sleep(0.1)
        assert shop.types() == []
        client.v1.customers.update(customer.id, {"name": "B"})
        assert eventually(lambda: shop.types() == ["customer.updated", "customer.created"])


def test_dropped_delayed_and_slow_events() -> None:
    shop = Shop()
    with shop_open(shop, enabled_events=("customer.*",)) as (sandbox, client):
        sandbox.fault("drop", "customer.created")
        sandbox.fault("delay", "customer.updated", seconds=0.2)
        sandbox.fault("slow", "customer.deleted", seconds=0.3)
        customer = client.v1.customers.create({"name": "A"})
        client.v1.customers.update(customer.id, {"name": "B"})
        client.v1.customers.delete(customer.id)
        assert eventually(lambda: len(shop.seen) == 2)
        assert shop.types() == ["customer.updated", "customer.deleted"]
        assert [row["state"] for row in sandbox.deliveries()] == ["dropped", "delivered", "delivered"]


def test_an_event_can_come_again_a_day_later() -> None:
    shop = Shop()
    with shop_open(shop) as (sandbox, client):
        sandbox.fault("resend", COMPLETED)
        buy(sandbox, client)
        assert eventually(lambda: len(shop.seen) == 1)
        sandbox.clock.advance(days=1, seconds=1)
        assert eventually(lambda: len(shop.seen) == 2)
        assert shop.seen[0].id == shop.seen[1].id


@pytest.mark.parametrize("kind", ["tamper_body", "tamper_signature", "tamper_time", "wrong_secret"])
def test_a_spoilt_delivery_is_followed_by_a_good_one(kind: str) -> None:
    shop = Shop()
    with shop_open(shop) as (sandbox, client):
        sandbox.fault(kind, COMPLETED)
        buy(sandbox, client)
        assert eventually(lambda: len(shop.seen) == 1)
        assert shop.refused == 1


def test_delivery_by_hand_many_times_at_once() -> None:
    shop = Shop(pause=0.02)
    with RunningSandbox(receiver=shop) as sandbox:
        buy(sandbox, client_of(sandbox))
        assert shop.seen == []
        assert sandbox.deliver(sandbox.last_event(COMPLETED)["id"], times=5, parallel=True) == [200] * 5
        assert shop.most_together > 1
        assert sandbox.deliver(sandbox.last_event(COMPLETED)["id"], tamper="wrong_secret") == [400]
        assert sandbox.deliver_all(COMPLETED) == [200]


class Endpoint(BaseHTTPRequestHandler):
    """A real HTTP receiver, to see what is on the wire."""

    got: list[tuple[str, bytes, str]] = []

    def do_POST(self) -> None:  # noqa: N802 - the name http.server calls
        """Keep it and answer 200."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, body, self.headers["Stripe-Signature"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_over_http_the_signed_bytes_are_the_sent_bytes() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/stripe/webhook?x=1"
    with RunningSandbox(webhook_url=url, deliver=True, enabled_events=(COMPLETED,)) as sandbox:
        buy(sandbox, client_of(sandbox))
        assert eventually(lambda: len(Endpoint.got) == 1)
    server.shutdown()
    path, body, header = Endpoint.got[0]
    assert path == "/stripe/webhook?x=1"
    assert stripe.Webhook.construct_event(body, header, SECRET).type == COMPLETED


def test_nobody_listening_is_a_failed_attempt_not_a_crash() -> None:
    with RunningSandbox(webhook_url="http://127.0.0.1:9/", deliver=True, backoff=()) as sandbox:
        buy(sandbox, client_of(sandbox))
        assert eventually(lambda: sandbox.endpoint_disabled)
        assert eventually(lambda: "sending" not in {row["state"] for row in sandbox.deliveries()})
        row = next(row for row in sandbox.deliveries() if row["state"] == "failed")
        assert row["status"] is None
        assert "refused" in row["note"].lower()


def test_a_state_file_survives_a_restart_with_its_unsent_events(tmp_path: Path) -> None:
    state = str(tmp_path / "stripe.sqlite")
    only: dict[str, Any] = {"enabled_events": (COMPLETED,)}
    with RunningSandbox(state=state, receiver=Shop(500), deliver=True, backoff=(0.5,), **only) as sandbox:
        client = client_of(sandbox)
        paid = buy(sandbox, client)
        options: stripe.RequestOptions = {"idempotency_key": "k"}
        still_open = client.v1.checkout.sessions.create(checkout(), options)
        sandbox.clock.advance(hours=3)
        assert sandbox.drain()
    shop = Shop()
    with RunningSandbox(state=state, receiver=shop, deliver=True, **only) as sandbox:
        client = client_of(sandbox)
        assert client.v1.checkout.sessions.retrieve(paid.id).payment_status == "paid"
        assert client.v1.checkout.sessions.create(checkout(), options).id == still_open.id
        assert sandbox.clock.now() - time.time() > 3 * 3600 - 5
        assert eventually(lambda: COMPLETED in shop.types())
        sandbox.pay(still_open.id)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/x", "http://example.com/x", "http://10.0.0.1/x", "http://127.0.0.1.evil.test/"]
)
def test_webhooks_only_go_to_this_machine(url: str) -> None:
    with pytest.raises(UnsafeSettingsError):
        RunningSandbox(webhook_url=url).start()


def test_it_does_not_start_without_a_secret_or_beside_a_live_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnsafeSettingsError):
        RunningSandbox(webhook_url="http://127.0.0.1:9/", webhook_secrets=[]).start()
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_live_x")
    with pytest.raises(UnsafeSettingsError):
        RunningSandbox().start()


def test_a_bank_debit_settles_by_itself_while_nobody_asks() -> None:
    shop = Shop()
    kinds = ("checkout.session.async_payment_succeeded",)
    with shop_open(shop, enabled_events=kinds, settle_after=0) as (sandbox, client):
        session = client.v1.checkout.sessions.create(checkout())
        sandbox.pay(session.id, "later_succeeds")
        assert eventually(lambda: len(shop.seen) == 1)


def test_a_receiver_that_breaks_is_an_attempt_without_an_answer() -> None:
    calls: list[bytes] = []

    def broken(body: bytes, headers: dict[str, str]) -> int:
        calls.append(body)
        if len(calls) == 1:
            raise RuntimeError("crash in the handler")
        return 200

    kinds = (COMPLETED,)
    with RunningSandbox(receiver=broken, deliver=True, enabled_events=kinds, backoff=(0.02,)) as sandbox:
        buy(sandbox, client_of(sandbox))
        assert eventually(lambda: len(calls) == 2)
        assert sandbox.drain()
        assert [row["status"] for row in sandbox.deliveries()] == [None, 200]


def test_a_reset_in_the_middle_of_deliveries_leaves_a_working_sandbox() -> None:
    shop = Shop(500, pause=0.1)
    with shop_open(shop) as (sandbox, client):
        buy(sandbox, client)
        time.sleep(0.05)
        sandbox.reset()
        assert sandbox.drain()
        buy(sandbox, client)
        assert eventually(lambda: len(shop.seen) == 2)
        assert len(sandbox.all("checkout.session")) == 1
