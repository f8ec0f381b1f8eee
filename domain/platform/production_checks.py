"""Checks of the settings that production refuses to start with: unsafe, weak, or meant for development."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain.base.log import log

if TYPE_CHECKING:
    from config import Settings

# Parts of secrets copied from a manual or typed by hand.
PLACEHOLDERS = ("changeme", "change-me", "change_me", "change me", "example", "placeholder", "for tests only")
# Rows of keyboards, both ways.
KEYS = "qwertyuiop asdfghjkl zxcvbnm qwertzuiop yxcvbnm azertyuiop poiuytrewq lkjhgfdsa mnbvcxz"
MAKE_ONE = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"


def refusal(settings: Settings) -> str | None:
    """Explain the first setting that has to change before production may start; None when all is well."""
    refusals = (
        (
            is_weak(settings.secret_key, 32),
            f"LECTERN_SECRET_KEY must be set to at least 32 random characters; {MAKE_ONE}",
        ),
        (
            any(is_weak(secret, 32) for secret in settings.secret_key_fallbacks),
            "LECTERN_SECRET_KEY_FALLBACKS must hold secrets of before,"
            " each of at least 32 random characters.",
        ),
        (
            _is_used_twice(settings),
            f"LECTERN_SECRET_KEY must not be used for anything else; {MAKE_ONE}",
        ),
        (settings.debug, "LECTERN_DEBUG must be off in production. Unset it."),
        (
            not settings.base_url.startswith("https://"),
            "LECTERN_BASE_URL must be the https address that people use, such as https://courses.example.com.",
        ),
        (
            settings.trusted_proxies is None,
            "LECTERN_TRUSTED_PROXIES must say how many proxies stand in front and name the visitor:"
            " 1 behind nginx or Caddy, 0 when visitors connect directly.",
        ),
        (
            not settings.smtp_host,
            "SMTP_HOST must name the mail server that sends receipts and sign-in links.",
        ),
    )
    return next((sentence for refused, sentence in refusals if refused), None) or _payment_refusal(settings)


def warn(settings: Settings) -> None:
    """Log at start about settings that production may have but seldom should."""
    if settings.is_production and not settings.trusted_proxies:
        log.warning(
            "LECTERN_TRUSTED_PROXIES is 0: visitors are taken to connect directly. Without a proxy that"
            " buffers requests a few slow connections keep everybody out; see docs/operating.md,"
            " “The web server in front”."
        )


def _payment_refusal(settings: Settings) -> str | None:
    key, trial = settings.stripe_secret_key, settings.test_payments
    refusals = (
        (
            not key,
            "STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET must be set: production takes real payments.",
        ),
        (
            settings.uses_sandbox or settings.stripe_api_base != "https://api.stripe.com",
            "The payment sandbox can't be used in production: set STRIPE_SECRET_KEY to your own key"
            " and unset STRIPE_API_BASE.",
        ),
        (
            not trial and key.startswith(("sk_test_", "rk_test_")),
            "STRIPE_SECRET_KEY is a test key, so nobody really pays: set a live key (sk_live_…, rk_live_…)"
            ", or LECTERN_TEST_PAYMENTS=true for a trial shop.",
        ),
        (
            trial and key.startswith(("sk_live_", "rk_live_")),
            "LECTERN_TEST_PAYMENTS is for a test key, and STRIPE_SECRET_KEY is a live one: unset it.",
        ),
        (
            not re.fullmatch(r"[sr]k_(live|test)_\w{16,}", key, re.ASCII),
            "STRIPE_SECRET_KEY must be the whole key from Stripe's dashboard, such as sk_live_…",
        ),
        (
            any(not _is_webhook_secret(secret) for secret in settings.stripe_webhook_secrets),
            "STRIPE_WEBHOOK_SECRET must be the whole signing secret of your webhook endpoint, which begins"
            " with whsec_; see the endpoint in Stripe's dashboard.",
        ),
    )
    return next((sentence for refused, sentence in refusals if refused), None)


def is_weak(secret: str, shortest: int) -> bool:
    """Tell if `secret` is shorter than `shortest` characters or could be guessed.

    A random secret uses many characters, repeats almost none of its runs of three, and seldom has neighbours
    of the alphabet or of the keyboard beside each other, in hexadecimal as in base64.
    """
    if len(secret) < shortest or len(set(secret)) < 10:
        return True
    runs = [secret[place : place + 3] for place in range(len(secret) - 2)]
    pairs = zip(secret, secret[1:], strict=False)
    steps = sum(abs(ord(one) - ord(two)) <= 1 or (one + two).lower() in KEYS for one, two in pairs)
    return (
        len(set(runs)) < 0.75 * len(runs)
        or steps > len(secret) / 2
        or any(word in secret.lower() for word in PLACEHOLDERS)
    )


def _is_used_twice(settings: Settings) -> bool:
    others = (
        settings.database_url, settings.database_direct_url, settings.stripe_secret_key,
        settings.s3_secret_access_key, settings.smtp_password, settings.github_client_secret,
        settings.google_client_secret, *settings.stripe_webhook_secrets,
    )  # fmt: skip
    return any(settings.secret_key in other for other in others)


def _is_webhook_secret(secret: str) -> bool:
    found = re.fullmatch(r"whsec_([A-Za-z0-9+/=_-]+)", secret)
    return found is not None and not is_weak(found[1], 24)
