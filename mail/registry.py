"""Registry of mail: the purpose of each message, and the conditions that are asked when it is sent."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from models import MailPurpose, User

# Transactional: what somebody did or bought, their account, or news about what is theirs. Marketing: whatever
# should sell something. Digest: a regular summary. docs/decisions/0028 says what follows from it.
PURPOSES: dict[str, MailPurpose] = {
    "access_given": MailPurpose.TRANSACTIONAL,
    "account_restored": MailPurpose.TRANSACTIONAL,
    "account_suspended": MailPurpose.TRANSACTIONAL,
    "already_registered": MailPurpose.TRANSACTIONAL,
    "application_accepted": MailPurpose.TRANSACTIONAL,
    "application_declined": MailPurpose.TRANSACTIONAL,
    "application_received": MailPurpose.TRANSACTIONAL,
    "application_waiting": MailPurpose.TRANSACTIONAL,
    "backup_problem": MailPurpose.TRANSACTIONAL,
    "cart_reminder": MailPurpose.MARKETING,
    "codes_tried": MailPurpose.TRANSACTIONAL,
    "confirm_new_email": MailPurpose.TRANSACTIONAL,
    "dispute": MailPurpose.TRANSACTIONAL,
    "email_changed_new": MailPurpose.TRANSACTIONAL,
    "email_changed_old": MailPurpose.TRANSACTIONAL,
    "gift_arrived": MailPurpose.TRANSACTIONAL,
    "gift_claimed": MailPurpose.TRANSACTIONAL,
    "gift_ended": MailPurpose.TRANSACTIONAL,
    "gift_reminder": MailPurpose.TRANSACTIONAL,
    "gift_unclaimed": MailPurpose.TRANSACTIONAL,
    "notification": MailPurpose.TRANSACTIONAL,
    "order_problem": MailPurpose.TRANSACTIONAL,
    "password_changed": MailPurpose.TRANSACTIONAL,
    "payment_failed": MailPurpose.TRANSACTIONAL,
    "payment_pending": MailPurpose.TRANSACTIONAL,
    "payment_problem": MailPurpose.TRANSACTIONAL,
    "provider_linked": MailPurpose.TRANSACTIONAL,
    "provider_unlinked": MailPurpose.TRANSACTIONAL,
    "receipt": MailPurpose.TRANSACTIONAL,
    "recovery_code_used": MailPurpose.TRANSACTIONAL,
    "recovery_codes_renewed": MailPurpose.TRANSACTIONAL,
    "refund_asked": MailPurpose.TRANSACTIONAL,
    "refund_decided": MailPurpose.TRANSACTIONAL,
    "reset_password": MailPurpose.TRANSACTIONAL,
    "role_changed": MailPurpose.TRANSACTIONAL,
    "second_factor_off": MailPurpose.TRANSACTIONAL,
    "second_factor_on": MailPurpose.TRANSACTIONAL,
    "still_suspended": MailPurpose.TRANSACTIONAL,
    "verify_email": MailPurpose.TRANSACTIONAL,
    "welcome_to_course": MailPurpose.TRANSACTIONAL,
    "wished_sale": MailPurpose.MARKETING,
    "withdrawal_planned": MailPurpose.TRANSACTIONAL,
    "withdrawal_received": MailPurpose.TRANSACTIONAL,
    "withdrawal_refused": MailPurpose.TRANSACTIONAL,
    "withdrawal_unclear": MailPurpose.TRANSACTIONAL,
}

# Each is a function below domain/, called as function(user, **about), which says in a sentence why the
# message must not be sent any more, or None. Messages that wait hold these names, so they never change.
CONDITIONS: dict[str, str] = {
    "cart_is_waiting": "cart.reminders.objection",
    "notification_is_wanted": "platform.mail_preferences.objection",
    "sale_is_on": "cart.wishlist.objection",
}


@dataclass(frozen=True)
class Condition:
    """A condition of CONDITIONS with its arguments `about` (JSON values)."""

    name: str
    about: dict[str, Any] = field(default_factory=dict)

    def objection(self, user: User) -> str | None:
        """Say why `user` must not be sent the message; None if they may. Raises KeyError if unknown."""
        module, name = CONDITIONS[self.name].rsplit(".", 1)
        ask: Callable[..., str | None] = getattr(importlib.import_module(f"domain.{module}"), name)
        return ask(user, **self.about)
