"""Fault injection: what should go wrong with the next matching API call or event."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

API_FAULTS = {
    "drop_before": "close the connection before doing anything",
    "execute_then_drop": "do it, then close the connection without an answer",
    "execute_then_500": "do it, then answer 500",
    "429": "answer 429 without doing it",
    "409": "answer 409 lock_timeout without doing it",
    "500": "answer 500 without doing it",
    "503": "answer 503 without doing it",
    "slow": "wait before doing it",
    "refund_pending": "leave the new refund pending, as if the balance were short",
    "refund_requires_action": "leave the new refund waiting for the buyer",
}
EVENT_FAULTS = {
    "duplicate": "deliver it again at the same time",
    "swap": "hold it back until another event has been delivered",
    "delay": "deliver it later",
    "drop": "never deliver it",
    "resend": "deliver it again later, by the sandbox's clock (a day, unless said)",
    "tamper_body": "change the body after signing",
    "tamper_signature": "damage the signature",
    "tamper_time": "sign with a time ten minutes old",
    "wrong_secret": "sign with a secret nobody has",
    "slow": "wait before sending, holding up nothing else",
}


@dataclass
class Fault:
    """An injected fault.

    `kind` is a key of `API_FAULTS` or `EVENT_FAULTS`. `on` is a pattern with `*` for an API call (`POST
    /v1/refunds`) or an event (its type or id). `times` is how often; `should_retry` adds the header
    `Stripe-Should-Retry` to a made-up error; `remember` is whether the 500 of `execute_then_500` is stored
    under the idempotency key (as when Stripe's own code fails) or the true answer (as when a gateway fails).
    """

    id: int
    kind: str
    on: str
    times: int = 1
    seconds: float = 0.0
    copies: int = 1
    should_retry: bool | None = None
    remember: bool = True

    @property
    def about(self) -> str:
        """Return `api` or `event`, by what it is set on."""
        return "api" if "/" in self.on or self.on.split(" ")[0] in ("GET", "POST", "DELETE") else "event"


class Faults:
    """The open faults, oldest first. Thread-safe: each of `times` is used once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[Fault] = []
        self._next = 1

    def add(self, kind: str, on: str, **options: Any) -> Fault:
        """Add a fault. Raises ValueError for a kind that doesn't fit its pattern."""
        with self._lock:
            fault = Fault(self._next, kind, on, **options)
            known = API_FAULTS if fault.about == "api" else EVENT_FAULTS
            if kind not in known:
                raise ValueError(f"No fault {kind!r} for {on!r}; there is: {', '.join(known)}.")
            self._next += 1
            self._open.append(fault)
            return fault

    def take(self, about: str, *names: str) -> list[Fault]:
        """Return the faults that match any of `names`, and use up one of their `times`."""
        with self._lock:
            hit = [
                fault
                for fault in self._open
                if fault.about == about and any(fnmatchcase(name, fault.on) for name in names)
            ]
            for fault in hit:
                fault.times -= 1
            self._open = [fault for fault in self._open if fault.times > 0]
            return hit

    def listed(self) -> list[dict[str, Any]]:
        """List the open faults as plain dicts."""
        with self._lock:
            return [asdict(fault) for fault in self._open]

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._open.clear()
