"""Stripe's webhook signature: `t=<seconds>,v1=<hmac-sha256 of "t.body">`, one `v1` per valid secret."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

from .store import Body

TAMPERS = ("tamper_body", "tamper_signature", "tamper_time", "wrong_secret")


def bytes_of(event: Body) -> bytes:
    """Serialise an event. Deterministic: the same event gives the same bytes."""
    return json.dumps(event, indent=2).encode()


def signature(body: bytes, secrets: list[str], moment: int) -> str:
    """Build the `Stripe-Signature` header for `body` at `moment` (Unix seconds)."""
    signed = f"{moment}.".encode() + body
    parts = [f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}" for secret in secrets]
    return ",".join([f"t={moment}", *parts])


def sign(
    body: bytes, secrets: list[str], tamper: str | None = None, moment: int | None = None
) -> tuple[bytes, str]:
    """Return the body to send and its header.

    The time is the machine's, not the sandbox's clock: receivers compare it with theirs. `tamper` is one of
    `TAMPERS` and spoils the result in that way; anything else raises ValueError.
    """
    if tamper is not None and tamper not in TAMPERS:
        raise ValueError(f"No way to tamper called {tamper!r}; there is: {', '.join(TAMPERS)}.")
    moment = int(time.time()) if moment is None else moment
    if tamper == "tamper_time":
        moment -= 600
    if tamper == "wrong_secret":
        secrets = ["whsec_nobody_knows_this_one"]
    header = signature(body, secrets, moment)
    if tamper == "tamper_signature":
        header = header[:-1] + ("0" if header[-1] != "0" else "1")
    if tamper == "tamper_body":
        body = body.replace(b'"livemode": false', b'"livemode": true ', 1)
    return body, header
