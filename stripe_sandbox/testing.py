"""A sandbox for tests: started on a free port in a moment, moved by Python calls.

with RunningSandbox() as stripe:
    ...                                    # the app makes a session through stripe.url
    stripe.pay(session_id)                 # as the buyer would on the page
    body, headers = stripe.signed(stripe.events("checkout.session.completed")[-1]["id"])
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from flask import Flask

from . import checkout, methods
from .app import create_sandbox
from .buyers import EXAMPLE, Buyer
from .clock import Clock
from .dashboard import Dashboard
from .engine import Sandbox, shown
from .expansion import present
from .faults import Fault
from .payment_page import method_named
from .recorder import Exchange
from .serving import Server, loopback_server
from .signing import bytes_of, sign
from .store import THIN, Body
from .webhook_delivery import post

SECRET = "whsec_sandbox_tests"
# What the schemas know; other objects of v2 are made up to be named by thin events.
CHECKED = ("/v1/", "/v2/core/")
Receiver = Callable[[bytes, dict[str, str]], int]


class Spec(Protocol):
    """A schema validator for `violations`: each method returns complaints, none when all is well."""

    def request(self, method: str, path: str, query: str = "", body: str = "") -> list[str]:
        """Check what was sent."""

    def response(self, method: str, path: str, status: int, answer: Any) -> list[str]:
        """Check what was answered."""

    def event(self, event: Any) -> list[str]:
        """Check an event."""


class RunningSandbox(Dashboard):
    """A context manager around one sandbox.

    `deliver=False` (the default) collects events for the test to deliver by hand; with `deliver=True` they go
    out by themselves. They go to `webhook_url`, or to `receiver(body, headers) -> status` (a test client).
    Further keyword arguments are the fields of `settings.Settings`. `api_key` is a key it takes.
    """

    api_key = "sk_test_sandbox_tests"

    def __init__(
        self,
        *,
        webhook_url: str | None = None,
        receiver: Receiver | None = None,
        deliver: bool = False,
        spec: Spec | None = None,
        **settings: Any,
    ) -> None:
        settings = {
            "seed": "tests",
            "record": True,
            "webhook_secrets": [SECRET],
            "backoff": (0.05, 0.1),
            **settings,
        }
        if receiver is not None:
            webhook_url = "http://127.0.0.1/receiver"
        self._receiver = receiver
        self._spec = spec
        self._settings = {**settings, "webhook_url": webhook_url, "deliver": deliver}
        self._server: Server
        self._thread: threading.Thread
        self.app: Flask
        self.engine: Sandbox
        self.url = ""

    def start(self) -> RunningSandbox:
        """Listen on a free loopback port; same as entering the `with` block."""
        self.app = create_sandbox(sender=self._send, **self._settings)
        self.engine = self.app.extensions["stripe_sandbox"]
        self._server = loopback_server(self.app, 0, quiet=True)
        self.url = f"http://127.0.0.1:{self._server.port}"
        run = lambda: self._server.serve_forever(poll_interval=0.01)  # noqa: E731
        self._thread = threading.Thread(target=run, name="stripe-sandbox", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop the server and discard the sandbox."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.engine.close()

    def __enter__(self) -> RunningSandbox:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _send(self, url: str, body: bytes, headers: dict[str, str], timeout: float) -> int:
        if self._receiver is None:
            return post(url, body, headers, timeout)
        try:
            return self._receiver(body, headers)
        except Exception as error:  # noqa: BLE001 - however the receiver fails, Stripe only sees no answer
            logging.getLogger("stripe_sandbox").exception("The receiver failed")
            raise ConnectionResetError(f"the receiver raised {error!r}") from error

    @property
    def clock(self) -> Clock:
        """Return the sandbox's clock: `advance(days=3)`, `set(datetime)`, `freeze()`."""
        return self.engine.clock

    @property
    def secrets(self) -> list[str]:
        """Return the webhook secrets that sign; replace the list to roll them."""
        return self.engine.settings.webhook_secrets

    @secrets.setter
    def secrets(self, secrets: list[str]) -> None:
        self.engine.settings.webhook_secrets = list(secrets)

    def pay(
        self, session_id: str, how: str = "card", *, authenticated: bool | None = True, **buyer: Any
    ) -> str | None:
        """Pay as a buyer does on the page; returns the URL they are sent to, or None when they stay.

        `how`: card, declined, 3ds, later_succeeds, later_fails, or a card number. For 3ds, `authenticated` is
        their answer to the bank: None leaves the bank's page open. `buyer` is what they type, the fields of
        `buyers.Buyer`, or `country` alone for an address. Raises `checkout.SessionClosedError` when it is too
        late.
        """
        if country := buyer.pop("country", ""):
            buyer["address"] = {**EXAMPLE, "country": country}
        session = checkout.pay(self.engine, session_id, method_named(how), Buyer(**buyer))
        waits = session["status"] == "open" and method_named(how).outcome == "challenge"
        if waits and authenticated is not None:
            session = checkout.authenticate(self.engine, session_id, authenticated)
        return checkout.return_address(session) if session["status"] == "complete" else None

    def lines(self, session_id: str) -> list[Body]:
        """List the items of a session, in order."""
        return [shown(item) for item in self.engine.get("checkout.session", session_id)["_line_items"]]

    def saved_cards(self, customer_id: str) -> list[Body]:
        """List the cards that a customer keeps."""
        return methods.kept_by(self.engine, customer_id)

    def settle(self, session_id: str, ok: bool = True) -> Body:
        """Settle a bank debit now."""
        return shown(checkout.settle(self.engine, session_id, ok))

    def thin_events(self) -> list[Body]:
        """List the thin events, oldest first; `events` lists the snapshots."""
        return self.engine.store.all(THIN)

    def expire(self, session_id: str) -> Body:
        """Expire an open session. Raises `checkout.SessionClosedError`."""
        with self.engine.store.transaction():
            return shown(checkout.expire(self.engine, checkout.open_session(self.engine, session_id)))

    def get(self, kind: str, id: str) -> Body:
        """Return an object by kind and id, such as `get("charge", "ch_…")`."""
        return present(self.engine, self.engine.get(kind, id))

    def all(self, kind: str) -> list[Body]:
        """List every object of a kind, oldest first."""
        return [present(self.engine, body) for body in self.engine.store.all(kind)]

    def events(self, type: str | None = None) -> list[Body]:
        """List the events, oldest first; of one type, if given."""
        return [event for event in self.engine.store.all("event") if type in (None, event["type"])]

    def last_event(self, type: str) -> Body:
        """Return the newest event of a type. Raises LookupError when there is none."""
        found = self.events(type)
        if not found:
            raise LookupError(f"No {type} yet; there is: {[event['type'] for event in self.events()]}")
        return found[-1]

    def signed(
        self, event: str | Body, tamper: str | None = None, moment: int | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """Build body and headers of a delivery, for a test to post itself.

        `event` is an id, or a dict of the test's own making, which is signed as it is. `tamper`: tamper_body,
        tamper_signature, tamper_time, wrong_secret. `moment` is the time signed with (Unix seconds).
        """
        body = self.engine.event(event) if isinstance(event, str) else event
        raw, header = sign(bytes_of(body), self.secrets, tamper, moment)
        return raw, {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": header}

    def deliver(
        self, event_id: str, times: int = 1, parallel: bool = False, tamper: str | None = None
    ) -> list[int | None]:
        """Send an event `times` times, in sequence or in parallel; returns the statuses (None: no answer)."""
        event = self.engine.event(event_id)
        with ThreadPoolExecutor(times if parallel else 1) as pool:
            sent = [pool.submit(self.engine.webhooks.send, event, tamper) for _ in range(times)]
            return [outcome.result()[0] for outcome in sent]

    def deliver_all(self, *types: str) -> list[int | None]:
        """Send every event once, in order; only of these types, if given."""
        chosen = [event for event in self.events() if not types or event["type"] in types]
        return [status for event in chosen for status in self.deliver(event["id"])]

    @property
    def endpoint_disabled(self) -> bool:
        """Tell if automatic delivery has disabled the endpoint."""
        return self.engine.webhooks.disabled

    def drain(self, timeout: float = 5.0) -> bool:
        """With `deliver=True`: wait until no delivery is pending. False on a timeout."""
        return self.engine.webhooks.quiet(timeout)

    def deliveries(self, event_id: str | None = None) -> list[Body]:
        """List the automatic deliveries: event_id, attempt, state, status, note, fault, sent_at, took."""
        rows = self.engine.store.run("SELECT * FROM deliveries ORDER BY id")
        return [dict(row) for row in rows if event_id in (None, row["event_id"])]

    def fault(self, kind: str, on: str, **options: Any) -> Fault:
        """Inject a fault: `fault("409", "POST /v1/refunds")`, `fault("drop", "charge.*", times=2)`."""
        return self.engine.faults.add(kind, on, **options)

    def requests(self, method: str | None = None, path: str | None = None) -> list[Exchange]:
        """List the calls to /v1; of one method and path, if given, which may be of /v2."""
        kept = [call for call in self.engine.recorder.kept() if path or call.path.startswith("/v1/")]
        return [call for call in kept if method in (None, call.method) and path in (None, call.path)]

    def violations(self, spec: Spec | None = None, *, sent: bool = True) -> list[str]:
        """List the violations of Stripe's schemas in calls (if `sent`), responses and events so far.

        `spec` may also be given to the constructor; ValueError without one.
        """
        spec = spec or self._spec
        if spec is None:
            raise ValueError("violations() needs a spec, here or in RunningSandbox(spec=…).")
        found = []
        for call in self.engine.recorder.kept():
            if not call.path.startswith(CHECKED):
                continue
            said = spec.request(call.method, call.path, call.query, call.body) if sent else []
            if call.status:
                said = [*said, *spec.response(call.method, call.path, call.status, call.answer)]
            found += [f"{call.method} {call.path} ({call.status}): {complaint}" for complaint in said]
        thin = [event for event in self.thin_events() if event["type"].startswith("v2.core.")]
        for event in [*self.events(), *thin]:
            found += [f"{event['type']} {event['id']}: {complaint}" for complaint in spec.event(event)]
        return found

    def state(self) -> dict[str, list[Body]]:
        """Return every object by kind, oldest first, with private fields."""
        return self.engine.store.dump()

    def reset(self) -> None:
        """Reset to an empty account; the same seed gives the same ids again."""
        self.engine.reset()
