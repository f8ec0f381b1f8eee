"""Idempotency keys: the first response is stored and replayed for a day."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .errors import StripeError
from .settings import DAY
from .store import Body, Store

LONGEST = 255


class Keys:
    """Idempotency keys: those in use now, and the stored responses of finished ones."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._busy: set[str] = set()

    @contextmanager
    def held(self, key: str) -> Iterator[None]:
        """Hold a key. Raises 409 `idempotency_key_in_use` while another request does."""
        if len(key) > LONGEST:
            message = f"Idempotency key is too long: at most {LONGEST} characters."
            raise StripeError(message, type="idempotency_error", before_start=True)
        with self._lock:
            if key in self._busy:
                raise StripeError(
                    "There is currently another in-progress request using this Idempotent Key (that probably "
                    f"means you submitted twice, and the other request is still going through): {key}.",
                    status=409,
                    code="idempotency_key_in_use",
                    before_start=True,
                )
            self._busy.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(key)

    def recall(self, key: str, method: str, path: str, parameters: Body, now: int) -> tuple[int, Any] | None:
        """Return the stored status and body, or None. StripeError for other parameters under the same key."""
        self._store.run("DELETE FROM replies WHERE made <= ?", (now - DAY,))
        rows = self._store.run("SELECT * FROM replies WHERE key = ?", (key,))
        if not rows:
            return None
        kept = rows[0]
        if (kept["method"], kept["path"]) != (method, path):
            reason = f"for the same endpoint they were first used for ('{kept['path']}')"
        elif kept["parameters"] != canonical(parameters):
            reason = "with the same parameters they were first used with"
        else:
            return kept["status"], json.loads(kept["body"])
        raise StripeError(
            f"Keys for idempotent requests can only be used {reason}. Try using a key other than '{key}' if "
            "you meant to execute a different request.",
            type="idempotency_error",
            before_start=True,
        )

    def keep(
        self, key: str, method: str, path: str, parameters: Body, now: int, status: int, body: Any
    ) -> None:
        """Store a response; to be called in the transaction that did the work."""
        self._store.run(
            "INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?)",
            (key, method, path, canonical(parameters), status, json.dumps(body), now),
        )


def canonical(parameters: Body) -> str:
    """Serialise parameters independent of their order."""
    return json.dumps(parameters, sort_keys=True)
