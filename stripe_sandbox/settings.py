"""Settings of the sandbox, all with defaults."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

API_VERSION = "2026-10-28.endive"
KEY_PREFIX = "sk_test_sandbox_"
DAY = 24 * 60 * 60


class UnsafeSettingsError(ValueError):
    """Unsafe settings, with which the sandbox doesn't start; the message says why."""


def is_loopback(host: str | None) -> bool:
    """Tell if `host` (a name or an address) can only be reached from this machine."""
    if host is None:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass
class Settings:
    """The settings of one sandbox.

    `state` is a SQLite file, or None for memory. With `deliver` webhooks are sent automatically; without it,
    events are only collected. `backoff` holds the seconds between attempts at one event (Stripe's span three
    days; here short enough to watch). `redirect_wait` is how long, in seconds, the hosted page waits for the
    answer to `checkout.session.completed`. `settle_after` (seconds) is how long a bank debit takes,
    `available_after` (seconds) how long a payment stays pending in the balance. `overdraft` is the credit for
    refunds, in minor units: 0 makes refunds wait for the balance. `country` is the seller's, by which
    automatic tax is computed; `statement` is the account's prefix on bank statements.
    """

    state: str | None = None
    seed: str | None = None
    webhook_url: str | None = None
    webhook_secrets: list[str] = field(default_factory=list)
    enabled_events: tuple[str, ...] = ("*",)
    deliver: bool = True
    workers: int = 4
    backoff: tuple[float, ...] = (5, 30, 120, 600, 3600, 4 * 3600)
    delivery_timeout: float = 10.0
    redirect_wait: float = 10.0
    settle_after: int = 120
    available_after: int = 2 * DAY
    overdraft: int = 10**12
    business: str = "Sandbox shop"
    country: str = "DE"
    statement: str = "SANDBOX"
    public_url: str | None = None
    record: bool = False

    def check(self) -> None:
        """Raise `UnsafeSettingsError` for anything that could reach real money or another machine."""
        if os.environ.get("STRIPE_SECRET_KEY", "").startswith("sk_live_"):
            raise UnsafeSettingsError(
                "STRIPE_SECRET_KEY is a live key: the sandbox does not start beside real money."
            )
        if self.webhook_url is None:
            return
        parts = urlsplit(self.webhook_url)
        if parts.scheme != "http" or not is_loopback(parts.hostname):
            raise UnsafeSettingsError(
                "The webhook address must be http on this machine, such as http://127.0.0.1:8000/…"
            )
        if not self.webhook_secrets or not all(self.webhook_secrets):
            raise UnsafeSettingsError("A webhook address needs a webhook secret (whsec_…).")
