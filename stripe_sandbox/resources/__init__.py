"""The operations of the API, a module per resource."""

from __future__ import annotations

from ..endpoints import Endpoint
from . import balance, checkout_sessions, customers, events, payments, refunds

ENDPOINTS: tuple[Endpoint, ...] = (
    *checkout_sessions.ENDPOINTS,
    *customers.ENDPOINTS,
    *payments.ENDPOINTS,
    *refunds.ENDPOINTS,
    *events.ENDPOINTS,
    *balance.ENDPOINTS,
)
