"""`python -m stripe_sandbox`: run the sandbox beside an app in development."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from typing import Any

from .app import create_sandbox
from .engine import Sandbox
from .serving import loopback_server
from .settings import KEY_PREFIX, UnsafeSettingsError


def arguments() -> argparse.ArgumentParser:
    """Build the command line parser; each option has an environment variable as its default."""
    parser = argparse.ArgumentParser(
        "python -m stripe_sandbox", description="A Stripe without real money, on loopback."
    )
    env = os.environ.get
    parser.add_argument("--host", default="127.0.0.1", help="loopback only")
    parser.add_argument(
        "--port", type=int, default=int(env("STRIPE_SANDBOX_PORT", "12111")), help="STRIPE_SANDBOX_PORT"
    )
    parser.add_argument(
        "--state", default=env("STRIPE_SANDBOX_STATE"), help="SQLite file; memory if left out"
    )
    parser.add_argument(
        "--webhook-url", default=env("STRIPE_SANDBOX_WEBHOOK_URL"), help="http, on this machine"
    )
    parser.add_argument(
        "--webhook-secret",
        action="append",
        default=[],
        help="whsec_…; twice during a roll (STRIPE_SANDBOX_WEBHOOK_SECRET, comma between)",
    )
    parser.add_argument(
        "--business", default=env("STRIPE_SANDBOX_BUSINESS", "Sandbox shop"), help="name on the page"
    )
    parser.add_argument("--public-url", default=None, help="how browsers reach it, if not by host and port")
    parser.add_argument("--settle-after", type=int, default=120, help="seconds a bank debit takes")
    parser.add_argument(
        "--backoff", default="5,30,120,600,3600,14400", help="seconds between delivery attempts"
    )
    parser.add_argument(
        "--redirect-wait", type=float, default=10.0, help="seconds to wait for the shop's webhook"
    )
    parser.add_argument("--seed", default=None, help="makes ids repeatable")
    parser.add_argument("--verbose", action="store_true", help="a line per request")
    return parser


def settings_of(options: argparse.Namespace) -> dict[str, Any]:
    """Build the keyword arguments for `create_sandbox`."""
    listed = os.environ.get("STRIPE_SANDBOX_WEBHOOK_SECRET", "")
    secrets = options.webhook_secret or [secret for secret in listed.split(",") if secret]
    return {
        "state": options.state,
        "webhook_url": options.webhook_url,
        "webhook_secrets": secrets,
        "business": options.business,
        "public_url": options.public_url,
        "settle_after": options.settle_after,
        "backoff": tuple(float(part) for part in options.backoff.split(",") if part),
        "redirect_wait": options.redirect_wait,
        "seed": options.seed,
    }


def main() -> int:
    """Run until Ctrl-C or SIGTERM. Exit code 2 when the settings are unsafe or the port is taken."""
    options = arguments().parse_args()
    logging.basicConfig(
        format="stripe sandbox: %(message)s", level=logging.INFO if options.verbose else logging.WARNING
    )
    try:
        app = create_sandbox(start=False, **settings_of(options))
        server = loopback_server(app, options.port, options.host, quiet=not options.verbose)
    except UnsafeSettingsError as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 2
    except OSError:
        sys.stderr.write(f"Port {options.port} on {options.host} is taken or not allowed; choose another.\n")
        return 2
    engine: Sandbox = app.extensions["stripe_sandbox"]
    engine.webhooks.start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    host = f"http://{options.host}:{server.port}"
    sys.stdout.write(f"Stripe sandbox on {host} (keys {KEY_PREFIX}…), control page {host}/_sandbox/\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
        engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
