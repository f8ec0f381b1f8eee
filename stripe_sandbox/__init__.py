"""An embedded Stripe for development and tests: API, payment page and signed webhooks, without real money.

`create_sandbox(...)` gives the WSGI app, `python -m stripe_sandbox` runs it, `stripe_sandbox.testing` drives
it from tests. It implements the calls in `resources/` as Stripe does, and nothing more.
"""

from .app import create_sandbox
from .settings import API_VERSION, KEY_PREFIX, Settings, UnsafeSettingsError

__all__ = ["API_VERSION", "KEY_PREFIX", "UnsafeSettingsError", "Settings", "create_sandbox"]
