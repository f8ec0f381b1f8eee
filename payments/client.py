"""Stripe's client, and the mapping of its library's errors to ours."""

from collections.abc import Callable
from typing import Any

import stripe
from flask import current_app

from config import Settings
from domain.base.log import log

TIMEOUT_SECONDS = (3.05, 10.0)
RETRIES = 2

stripe.enable_telemetry = False


class PaymentUnavailable(Exception):  # noqa: N818 - a state of the world, not a fault of the caller
    """Stripe can't be reached or doesn't answer: a later attempt may succeed."""


class KeyInUse(PaymentUnavailable):
    """Another request with this idempotency key is still under way: its answer is soon known."""


class PaymentRefused(Exception):  # noqa: N818
    """Stripe rejected the request; `code` is Stripe's own, such as "amount_too_small", `param` its place."""

    def __init__(self, message: str, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.code, self.param = code, param


class AccountGone(PaymentRefused):
    """The connected account took our access away, or doesn't exist."""


class KeySpent(Exception):  # noqa: N818
    """The idempotency key is used up: Stripe has stored another request, or an error, under it."""


def is_configured() -> bool:
    """Tell whether a Stripe key is set."""
    return bool(current_settings().stripe_secret_key)


def is_live() -> bool:
    """Tell whether the key is in live mode, moving real money."""
    return current_settings().stripe_secret_key.startswith(("sk_live_", "rk_live_"))


def ask(call: Callable[[], Any]) -> Any:
    """Make one call and translate the library's errors into ours."""
    try:
        return call()
    except stripe.IdempotencyError as error:
        log.error("an idempotency key was used twice with different parameters: %s", error)
        raise KeySpent(str(error)) from error
    except (stripe.InvalidRequestError, stripe.CardError) as error:
        raise PaymentRefused(error.user_message or str(error), error.code, error.param) from error
    except stripe.PermissionError as error:
        if error.error is not None and error.error.code == "account_invalid":
            raise AccountGone(str(error), "account_invalid") from error
        log.error("Stripe does not allow this to our key: %s", error)
        raise PaymentUnavailable(str(error)) from error
    except stripe.AuthenticationError as error:
        log.error("Stripe does not accept our key: %s", error)
        raise PaymentUnavailable(str(error)) from error
    except stripe.StripeError as error:
        if (error.headers or {}).get("Idempotent-Replayed") == "true":
            raise KeySpent(str(error)) from error
        if error.error is not None and error.error.code == "idempotency_key_in_use":
            raise KeyInUse(str(error)) from error
        raise PaymentUnavailable(str(error)) from error


def listed(call: Callable[[], Any]) -> list[Any]:
    """Read a whole list; empty when its subject doesn't exist (resource_missing)."""
    try:
        return list(ask(call))
    except PaymentRefused as refusal:
        if refusal.code == "resource_missing":
            return []
        raise PaymentUnavailable(str(refusal)) from refusal


def current_settings() -> Settings:
    """Return the settings of the running application."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def client() -> stripe.StripeClient:
    """Return the client of this process; it keeps one connection per thread."""
    settings = current_settings()
    if not settings.stripe_secret_key:
        raise PaymentUnavailable("No Stripe key is set.")
    place = (settings.stripe_secret_key, settings.stripe_api_base)
    known = current_app.extensions.get("lectern_cache_stripe")
    if known is None or known[0] != place:
        client = stripe.StripeClient(
            settings.stripe_secret_key,
            base_addresses={"api": settings.stripe_api_base},
            max_network_retries=RETRIES,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        )
        known = current_app.extensions["lectern_cache_stripe"] = (place, client)
    found: stripe.StripeClient = known[1]
    return found
