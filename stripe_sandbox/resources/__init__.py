"""The operations of the API, a module per resource."""

from __future__ import annotations

from ..endpoints import Endpoint
from . import (
    accounts_v1,
    accounts_v2,
    balance,
    checkout_sessions,
    customers,
    disputes,
    events,
    payments,
    refunds,
    transfers,
)

ENDPOINTS: tuple[Endpoint, ...] = (
    *checkout_sessions.ENDPOINTS,
    *customers.ENDPOINTS,
    *payments.ENDPOINTS,
    *refunds.ENDPOINTS,
    *events.ENDPOINTS,
    *balance.ENDPOINTS,
    *disputes.ENDPOINTS,
    *transfers.ENDPOINTS,
    *accounts_v1.ENDPOINTS,
    *accounts_v2.ENDPOINTS,
)
