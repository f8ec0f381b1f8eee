"""The admin area: moderation queue, alerts, orders, users, jobs, mail, backups, audit log and settings."""

import uuid

from flask import Blueprint

from web import guards
from web.query_args import cursor_arg

bp = guards.admins(Blueprint("admin", __name__, url_prefix="/admin"))


def after() -> uuid.UUID | None:
    """Read the cursor of the requested page of a list: the id of its predecessor; None for the first page."""
    return cursor_arg("after")


from blueprints.admin import (  # noqa: E402
    alerts,  # noqa: F401
    analytics,  # noqa: F401
    audit,  # noqa: F401
    backups,  # noqa: F401
    books,  # noqa: F401
    categories,  # noqa: F401
    coupons,  # noqa: F401
    decisions,  # noqa: F401
    disputes,  # noqa: F401
    documents,  # noqa: F401
    emails,  # noqa: F401
    expiring_courses,  # noqa: F401
    jobs,  # noqa: F401
    moderation,  # noqa: F401
    orders,  # noqa: F401
    overview,  # noqa: F401
    payout_settings,  # noqa: F401
    payouts,  # noqa: F401
    refund_settings,  # noqa: F401
    refunds,  # noqa: F401
    settings,  # noqa: F401
    tax_reports,  # noqa: F401
    tax_settings,  # noqa: F401
    user,  # noqa: F401
    users,  # noqa: F401
    webhooks,  # noqa: F401
    withdrawals,  # noqa: F401
)
