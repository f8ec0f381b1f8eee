"""A Stripe that lives in the machine: API, payment page and signed webhooks, without real money.

`create_sandbox(...)` gives the WSGI app, `python -m stripe_sandbox` runs it, `stripe_sandbox.testing`
drives it from tests. It does what Stripe would for the calls in `resources/`, and nothing more.
"""

from .app import create_sandbox
from .settings import API_VERSION, KEY_PREFIX, Settings, UnsafeSettingsError

__all__ = ["API_VERSION", "KEY_PREFIX", "UnsafeSettingsError", "Settings", "create_sandbox"]
