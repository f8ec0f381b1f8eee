"""Mail: one function per message, named like its folder under templates/mail/.

A function writes a row in the caller's transaction (outbox); the worker renders and sends it. `data` holds
plain JSON values only, so that a message reads the same whenever it is sent. The purpose of each stands in
mail/registry.py.
"""

from mail.accounts import (
    account_restored,
    account_suspended,
    already_registered,
    codes_tried,
    confirm_new_email,
    email_changed,
    password_changed,
    provider_linked,
    provider_unlinked,
    recovery_code_used,
    recovery_codes_renewed,
    reset_password,
    role_changed,
    second_factor_off,
    second_factor_on,
    still_suspended,
    verify_email,
)
from mail.backups import backup_problem
from mail.carts import cart_reminder
from mail.composing import (
    compose,
    greeting,
    not_me_url,
    render_bodies,
    render_subject,
    render_with,
    unsubscribe_url,
)
from mail.courses import access_given, welcome_to_course
from mail.creators import (
    application_accepted,
    application_declined,
    application_received,
    application_waiting,
)
from mail.disputes import dispute
from mail.gifts import gift_arrived, gift_claimed, gift_ended, gift_reminder, gift_unclaimed
from mail.notifications import notification, wished_sale
from mail.orders import order_problem, payment_failed, payment_pending, payment_problem, receipt
from mail.refunds import (
    refund_asked,
    refund_decided,
    withdrawal_planned,
    withdrawal_received,
    withdrawal_refused,
    withdrawal_unclear,
)
from mail.registry import CONDITIONS, PURPOSES, Condition

__all__ = [
    "CONDITIONS",
    "Condition",
    "PURPOSES",
    "access_given",
    "account_restored",
    "account_suspended",
    "already_registered",
    "application_accepted",
    "application_declined",
    "application_received",
    "application_waiting",
    "backup_problem",
    "cart_reminder",
    "codes_tried",
    "compose",
    "confirm_new_email",
    "dispute",
    "email_changed",
    "gift_arrived",
    "gift_claimed",
    "gift_ended",
    "gift_reminder",
    "gift_unclaimed",
    "greeting",
    "not_me_url",
    "notification",
    "order_problem",
    "password_changed",
    "payment_failed",
    "payment_pending",
    "payment_problem",
    "provider_linked",
    "provider_unlinked",
    "receipt",
    "recovery_code_used",
    "recovery_codes_renewed",
    "refund_asked",
    "refund_decided",
    "render_bodies",
    "render_subject",
    "render_with",
    "reset_password",
    "role_changed",
    "second_factor_off",
    "second_factor_on",
    "still_suspended",
    "unsubscribe_url",
    "verify_email",
    "welcome_to_course",
    "wished_sale",
    "withdrawal_planned",
    "withdrawal_received",
    "withdrawal_refused",
    "withdrawal_unclear",
]
