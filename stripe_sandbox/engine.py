"""The engine of the sandbox, without HTTP: objects, clock, timers and events."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from fnmatch import fnmatchcase

from .clock import Clock
from .errors import missing_object
from .faults import Faults
from .ids import Ids
from .recorder import Recorder
from .settings import API_VERSION, Settings
from .store import Body, Store
from .webhook_delivery import Sender, WebhookDelivery, post

Timer = Callable[["Sandbox", str], None]
# Actions of timers, registered by the modules that define them.
TIMERS: dict[str, Timer] = {}


class Sandbox:
    """A Stripe account.

    `settings` are checked first (see `Settings.check`). `sender` replaces the HTTP POST of webhooks: it takes
    URL, body, headers and timeout and returns a status code.
    """

    def __init__(self, settings: Settings, sender: Sender = post) -> None:
        settings.check()
        self.settings = settings
        self.store = Store(settings.state)
        self.clock = Clock(float(self.store.meta("clock_offset", "0")))
        self.clock.on_move = self._moved
        self.faults = Faults()
        self.recorder = Recorder(on=settings.record)
        self.ids = Ids(self.store, self._seed())
        self.webhooks = WebhookDelivery(self.store, settings, self.faults, sender, self.now, self.sweep)

    def _seed(self) -> str:
        seed = self.settings.seed or self.store.meta("seed") or secrets.token_hex(16)
        self.store.remember("seed", seed)
        return seed

    def _moved(self) -> None:
        self.store.remember("clock_offset", str(self.clock.offset))
        self.sweep()

    def now(self) -> int:
        """Return the sandbox's time in Unix seconds."""
        return self.clock.now()

    def get(self, kind: str, id: str, param: str = "id") -> Body:
        """Return the object, or raise a 404 StripeError that names `param`."""
        body = self.store.find(kind, id)
        if body is None:
            raise missing_object(kind, id, param)
        return body

    def event(self, id: str) -> Body:
        """Return an event, snapshot or thin, or raise a 404 StripeError."""
        found = self.store.event(id)
        return found if found is not None else self.get("event", id)

    def emit(
        self,
        type: str,
        body: Body,
        previous: Body | None = None,
        request: Body | None = None,
        account: str | None = None,
    ) -> Body:
        """Emit an event about `body`, a snapshot of its present state, and enqueue its delivery.

        `request` is `{"id", "idempotency_key"}` of the API call that caused it, if one did; `account` the
        connected account that it happened to.
        """
        data: Body = {"object": shown(body)}
        if previous is not None:
            data["previous_attributes"] = previous
        event = {
            "id": self.ids.make("evt_"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": 1 if self.wanted(type) else 0,
            "request": request or {"id": None, "idempotency_key": None},
            "type": type,
        }
        if account is not None:
            event["account"] = account
        return self.send(event)

    def send(self, event: Body) -> Body:
        """Keep an event, snapshot or thin, and enqueue its delivery."""
        self.store.add(event)
        if self.settings.deliver and self.wanted(event["type"]) and not self.webhooks.disabled:
            self.webhooks.enqueue(str(event["id"]))
        return event

    def wanted(self, type: str) -> bool:
        """Tell if the endpoint is subscribed to this type of event."""
        if self.settings.webhook_url is None and self.settings.deliver:
            return False
        return any(fnmatchcase(type, pattern) for pattern in self.settings.enabled_events)

    def sweep(self) -> None:
        """Run the timers that are due: sessions expire, debits settle."""
        now = self.now()
        if not self.store.run("SELECT 1 FROM timers WHERE due <= ? LIMIT 1", (now,)):
            return
        with self.store.transaction():
            for timer in self.store.take_due_timers(now):
                TIMERS[timer["action"]](self, timer["object_id"])

    def reset(self) -> None:
        """Delete every object, fault and delivery, and reset the clock; seeded ids start over."""
        self.webhooks.forget()
        self.store.clear()
        self.faults.clear()
        self.recorder.clear()
        self.clock.reset()
        self._seed()

    def close(self) -> None:
        """Stop deliveries and close the store."""
        self.webhooks.stop()
        self.store.close()


def shown(body: Body) -> Body:
    """Copy an object without its private fields, whose names start with an underscore."""
    return {name: value for name, value in body.items() if not name.startswith("_")}


def change_metadata(kept: dict[str, str], sent: dict[str, str] | None) -> dict[str, str]:
    """Merge as Stripe does: None unsets all, an empty value unsets one key."""
    if sent is None:
        return {}
    return {key: value for key, value in {**kept, **sent}.items() if value != ""}
